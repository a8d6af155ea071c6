use std::net::IpAddr;

use askama::Template;
use sekisho_audit::history::{HistoryEntry, Stamp as Mark};
use sekisho_mail::when;
use sekisho_model::{Locale, SessionId, Timestamp};
use sekisho_provider::endpoints::not_me::can_be_denied;

use super::history_filter::{FilterFault, Period, ResultFilter, ShownFilter};
use super::history_words::keys;
use super::{AccountFrame, Fault, Moment, Notice, Page, Stamp};
use crate::http::text::{Translator, clean_name};

/// `/account/history`: every attempt, failures included (ux 7.3; S11).
#[derive(Debug, Template)]
#[template(path = "history.html")]
pub struct HistoryPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Zone of all times here, in words.
    pub zone: String,
    /// What is shown.
    pub filter: ShownFilter,
    /// The apps to choose from: id and name.
    pub apps: Vec<(String, String)>,
    /// The rows, newest day first.
    pub days: Vec<Day>,
    /// Where older rows are: [`ShownFilter::older`].
    pub older: Option<String>,
}

/// The rows of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    words: String,
    today: bool,
    rows: Vec<HistoryRow>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    id: String,
    day: String,
    stamp: Stamp,
    what: String,
    how: String,
    at: Moment,
    ago: String,
    times: u32,
    device: String,
    app: Option<String>,
    ip: String,
    /// About where that is, if anybody knows.
    place: Option<String>,
    here: bool,
    /// It came through the line that the reader is on now.
    near: bool,
    hot: bool,
    /// That we stopped it, and that there is nothing to do.
    stopped: Option<String>,
    /// Where to say that this was somebody else, where there is something to stop.
    not_me: Option<String>,
}

/// Who reads, and when: for times in words.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// Their language.
    pub locale: Locale,
    /// Their zone (IANA name).
    pub zone: &'a str,
    /// The present moment.
    pub now: Timestamp,
    /// Their present session.
    pub session: Option<SessionId>,
    /// Their present address.
    pub ip: &'a str,
}

impl Reader<'_> {
    /// A row for `entry`, with the name of its app and about where it came from.
    pub fn row(
        &self,
        entry: &HistoryEntry,
        app: Option<&str>,
        place: Option<String>,
    ) -> HistoryRow {
        let words = Translator::new(self.locale);
        let (what, how) = keys(entry);
        HistoryRow {
            id: entry.id.to_string(),
            day: when::day(entry.at, self.zone, self.locale),
            stamp: stamp(entry.stamp),
            what: words.t(what),
            how: words.t(how),
            at: Moment::clock(entry.at, self.zone),
            ago: when::ago(entry.at, self.now, self.locale).unwrap_or_default(),
            times: entry.times,
            device: entry.device.words(self.locale),
            app: app.map(clean_name),
            ip: entry.ip.clone(),
            place,
            here: entry.session_id.is_some() && entry.session_id == self.session,
            near: is_same_line(&entry.ip, self.ip),
            hot: entry.password_known,
            stopped: (entry.stamp == Mark::Stopped && !entry.password_known)
                .then(|| words.t("history-stopped")),
            not_me: self.not_me(entry),
        }
    }

    fn not_me(&self, entry: &HistoryEntry) -> Option<String> {
        let here = entry.session_id.is_some() && entry.session_id == self.session;
        let may = !here && can_be_denied(entry.kind, entry.outcome);
        may.then(|| format!("/not-me?event={}_{}", entry.at.micros(), entry.id))
    }

    /// Rows under their days, in the order they come.
    pub fn days(&self, rows: Vec<HistoryRow>) -> Vec<Day> {
        let today = when::day(self.now, self.zone, self.locale);
        let mut days: Vec<Day> = Vec::new();
        for row in rows {
            match days.last_mut() {
                Some(day) if day.words == row.day => day.rows.push(row),
                _ => days.push(Day {
                    words: row.day.clone(),
                    today: row.day == today,
                    rows: vec![row],
                }),
            }
        }
        days
    }
}

const fn stamp(mark: Mark) -> Stamp {
    match mark {
        Mark::Passed => Stamp::Pass,
        Mark::Asked => Stamp::Ask,
        Mark::Stopped => Stamp::Stop,
        Mark::Changed => Stamp::Change,
    }
}

/// ux 5.3: the same address, or for IPv6 the same /64, which is what a line at home has.
fn is_same_line(one: &str, other: &str) -> bool {
    let read = |text: &str| text.parse::<IpAddr>().map(|ip| ip.to_canonical());
    match (read(one), read(other)) {
        (Ok(IpAddr::V4(one)), Ok(IpAddr::V4(other))) => one == other,
        (Ok(IpAddr::V6(one)), Ok(IpAddr::V6(other))) => {
            one.to_bits() >> 64 == other.to_bits() >> 64
        }
        _ => false,
    }
}

/// Somebody knew the password and gave no right code.
struct Warning<'a> {
    heading: String,
    row: &'a str,
    day: &'a str,
    time: &'a str,
}

impl HistoryRow {
    /// Not so what an operator did with the command line: there is no device to tell.
    const fn came_by_line(&self) -> bool {
        !self.ip.is_empty()
    }

    fn repeats(&self, page: &Page) -> String {
        page.count("times", u64::from(self.times))
    }

    const fn class(&self) -> &'static str {
        match (self.hot, self.here) {
            (true, _) => "hot",
            (false, true) => "here",
            (false, false) => "",
        }
    }
}

impl HistoryPage {
    const fn is_error(&self) -> bool {
        self.filter.fault.is_some()
    }

    fn fault(&self, field: &str) -> Option<Fault> {
        self.any_fault().filter(|fault| fault.field == field)
    }

    fn any_fault(&self) -> Option<Fault> {
        let (field, key) = match self.filter.fault? {
            FilterFault::From => ("from", "date-shape"),
            FilterFault::To => ("to", "date-shape"),
            FilterFault::Order => ("to", "range-order"),
            FilterFault::Ip => ("ip", "ip-shape"),
        };
        let text = self.page.t(key);
        Some(Fault { field, text })
    }

    fn notice(&self) -> Option<Notice> {
        let fault = self.any_fault()?;
        Some(Notice::new(Stamp::Stop, self.page.t("check-input")).about(fault))
    }

    /// Nothing was found, or not yet: a network is looked for among so many records at a time.
    fn empty(&self) -> String {
        let key = if self.older.is_some() {
            "history-empty-yet"
        } else {
            "history-empty"
        };
        self.page.t(key)
    }

    fn all_rows(&self) -> impl Iterator<Item = &HistoryRow> {
        self.days.iter().flat_map(|day| &day.rows)
    }

    fn rows(&self) -> u64 {
        u64::try_from(self.all_rows().count()).unwrap_or_default()
    }

    fn warning(&self) -> Option<Warning<'_>> {
        let newest = self.all_rows().find(|row| row.hot)?;
        let count = self.all_rows().filter(|row| row.hot).count();
        let count = u64::try_from(count).unwrap_or_default();
        Some(Warning {
            heading: self.page.count("history-warning", count),
            row: &newest.id,
            day: &newest.day,
            time: &newest.at.words,
        })
    }

    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn periods(&self) -> &'static [Period] {
        &Period::ALL
    }

    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn results(&self) -> &'static [ResultFilter] {
        &ResultFilter::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_address_or_the_first_half_of_one() {
        assert!(is_same_line("203.0.113.5", "203.0.113.5"));
        assert!(is_same_line("203.0.113.5", "::ffff:203.0.113.5"));
        assert!(!is_same_line("203.0.113.5", "203.0.113.6"));
        assert!(is_same_line("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!is_same_line("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!is_same_line("", ""));
    }
}
