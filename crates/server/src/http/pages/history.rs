use std::net::IpAddr;

use askama::Template;
use sekisho_audit::history::{HistoryEntry, Stamp as Mark};
use sekisho_mail::{Device, when};
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
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    /// Their language.
    pub locale: Locale,
    /// Their zone (IANA name).
    pub zone: &'a str,
    /// The present moment.
    pub now: Timestamp,
    /// Their present session.
    pub session: Option<SessionId>,
    /// What they read with.
    pub device: Device,
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
            here: self.is_here(entry),
            near: is_same_line(&entry.ip, self.ip),
            hot: entry.password_known,
            stopped: (entry.stamp == Mark::Stopped && !entry.password_known)
                .then(|| words.t("history-stopped")),
            not_me: self.not_me(entry),
        }
    }

    /// The present session alone does not tell: its cookie may have been copied to another device (TD-08).
    fn is_here(&self, entry: &HistoryEntry) -> bool {
        let same_session = entry.session_id.is_some() && entry.session_id == self.session;
        same_session && entry.device == self.device
    }

    fn not_me(&self, entry: &HistoryEntry) -> Option<String> {
        let may = can_be_denied(entry.kind, entry.outcome, &entry.detail);
        let may = may && !self.is_here(entry);
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
    use sekisho_audit::NewEvent;
    use sekisho_audit::history::entries;
    use sekisho_model::{Event, EventKind, Origin, Outcome, SeededEntropy};

    use super::*;

    /// TD-08: a copied cookie is the same session on another device.
    #[test]
    fn td_08_only_the_browser_at_hand_is_this_device() {
        let (at, entropy) = (Timestamp::from_seconds(0), SeededEntropy::new(1));
        let session = SessionId::new(at, &entropy);
        let agents = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
        ];
        let row = |agent: &str, made_in: SessionId| {
            let origin = Origin {
                user_agent: agent.to_owned(),
                ..Origin::default()
            };
            let event = NewEvent::new(EventKind::RecoveryCodes, Outcome::Passed);
            let event = event.happened(at, &origin, &entropy);
            let event = Event {
                session_id: Some(made_in),
                ..event
            };
            let reader = Reader {
                locale: Locale::En,
                zone: "Asia/Tokyo",
                now: at,
                session: Some(session),
                device: Device::of(agents[0]),
                ip: "",
            };
            let row = reader.row(&entries(&[event])[0], None, None);
            (row.here, row.not_me.is_some())
        };
        assert_eq!(row(agents[0], session), (true, false));
        assert_eq!(row(agents[1], session), (false, true));
        let other = SessionId::new(at, &entropy);
        assert_eq!(row(agents[0], other), (false, true));
    }

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
