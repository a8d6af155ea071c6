//! `sekisho events`: the record of what happened, for people and for a SIEM.

mod lines;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};
use sekisho_model::{Event, EventId, EventKind, Timestamp};
use sekisho_provider::detection::{Reading, ReadingWay};
use sekisho_provider::{Failure, Provider};
use sekisho_store::{Store, Tx};

use super::cohort::moment;
use super::levels::Reader as Who;
use super::tree::Where;
use super::{CliError, event, services_at};

/// Events read at once.
const PAGE: u32 = 1_000;
/// How often `--follow` looks for more.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What is shown if nothing is said.
const DAY: Duration = Duration::from_hours(24);
/// How late an event may be stored after its moment and still be seen by `--follow`.
const LATE: Duration = Duration::from_secs(30);

/// Which events, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct Events {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    by: Who,
    /// From when on: a date, or a moment as in 2026-11-24T09:00:00+09:00. Otherwise the last day.
    #[arg(long, value_parser = moment)]
    from: Option<Timestamp>,
    /// Until when. Otherwise now.
    #[arg(long, value_parser = moment, conflicts_with = "follow")]
    until: Option<Timestamp>,
    /// Only of this kind, as in the reference of events; repeatable.
    #[arg(long, value_parser = kind)]
    kind: Vec<EventKind>,
    /// Only what happened in the request with this reference (SK-XXXX-XXXX), as it stands on pages, in the answer's
    /// X-Request-Id and in the log; however long ago.
    #[arg(long, value_parser = reference, conflicts_with_all = ["from", "until", "kind", "follow"])]
    reference: Option<String>,
    /// How each line is written.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Goes on with what happens from now on, until it is ended.
    #[arg(long)]
    follow: bool,
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A JSON object a line.
    Json,
    /// Common Event Format, version 0.
    Cef,
    /// The same as an RFC 5424 syslog message.
    Syslog,
}

fn kind(name: &str) -> Result<EventKind, String> {
    EventKind::from_name(name).ok_or_else(|| "see the reference of events".to_owned())
}

/// A reference as people read it out: lower case, without hyphens, with letters that look like digits.
fn reference(typed: &str) -> Result<String, String> {
    let plain: String = typed
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let marks: String = plain
        .strip_prefix("SK")
        .unwrap_or_default()
        .chars()
        .map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect();
    match (marks.get(..4), marks.get(4..)) {
        (Some(first), Some(second)) if second.len() == 4 && marks.is_ascii() => {
            Ok(format!("SK-{first}-{second}"))
        }
        _ => Err("a reference looks like SK-XXXX-XXXX".to_owned()),
    }
}

pub(super) async fn run(asked: Events) -> Result<(), CliError> {
    let (config, services) = services_at(&asked.at).await?;
    let (store, provider) = (&services.store, &services.provider);
    let mut reading = event(provider, &services, EventKind::EventsRead, "events");
    if let Some(members) = reading.detail.as_object_mut() {
        members.insert("operator".to_owned(), asked.by.operator.clone().into());
        let why = asked.by.beyond_budget.clone();
        members.extend(why.map(|why| ("beyond".to_owned(), why.into())));
    }
    // AU-09: who reads the record is on the record, before the first line is shown.
    let read = store.write(move |tx| tx.record(&reading)).await;
    read.map_err(Failure::from)?;
    let host = config.server.issuer.split("://").nth(1).unwrap_or("-");
    let mut reader = Reader {
        store,
        format: asked.format,
        host: host.to_owned(),
        kinds: asked.kind,
        out: std::io::stdout(),
        printed: BTreeSet::new(),
        meter: Some(Meter {
            provider,
            reading: asked.by.reading(ReadingWay::Events),
            pending: 0,
            least: if asked.follow { u64::from(PAGE) } else { 1 },
        }),
    };
    if let Some(reference) = asked.reference {
        return reader.print_request(reference).await;
    }
    let now = provider.now();
    let from = asked.from.unwrap_or(now - DAY);
    let mut listened = reader.print(from, asked.until.unwrap_or(now)).await?;
    let mut beat = tokio::time::interval(LOOK_EVERY);
    while asked.follow && listened {
        beat.tick().await;
        let (now, known) = (provider.now(), reader.newest());
        let from = known.map_or(from, |newest| from.max(newest - LATE));
        listened = reader.print(from, now).await?;
    }
    Ok(())
}

/// The event as it is kept, in one line.
pub(super) fn stored_line(event: &Event) -> String {
    lines::line(event, Format::Json, "-")
}

/// A place in the order of events.
type Place = (Timestamp, EventId);

/// Prints events, each once.
struct Reader<'a, W> {
    store: &'a Store,
    format: Format,
    /// Where the events are from.
    host: String,
    kinds: Vec<EventKind>,
    out: W,
    /// What was printed of late: an event may be stored after one that happened later.
    printed: BTreeSet<Place>,
    meter: Option<Meter<'a>>,
}

/// Counts what is printed against the budget of the day; whoever follows, by the thousand: each count leaves an event.
struct Meter<'a> {
    provider: &'a Provider,
    reading: Reading<'a>,
    pending: u64,
    least: u64,
}

impl Meter<'_> {
    async fn count(&mut self, more: usize) -> Result<(), CliError> {
        // A reason was given when it began, and stands in the record.
        if self.reading.beyond.is_some() {
            return Ok(());
        }
        self.pending = self
            .pending
            .saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        if self.pending >= self.least {
            let many = std::mem::take(&mut self.pending);
            self.provider.count_events_read(self.reading, many).await?;
        }
        Ok(())
    }
}

impl<W: Write> Reader<'_, W> {
    fn newest(&self) -> Option<Timestamp> {
        self.printed.last().map(|(at, _)| *at)
    }

    /// Prints what happened in between. `false` if nobody listens any more.
    async fn print(&mut self, from: Timestamp, until: Timestamp) -> Result<bool, CliError> {
        let mut after: Option<Place> = None;
        loop {
            let kinds = self.kinds.clone();
            let read = move |tx: &mut Tx<'_>| tx.events_between(from, until, &kinds, (after, PAGE));
            let page = self.store.read(read).await.map_err(Failure::from)?;
            self.count(&page).await?;
            let mut listened = true;
            for event in &page {
                listened = listened && self.say(event)?;
            }
            match page.last().filter(|_last| listened) {
                Some(last) => after = Some((last.at, last.id)),
                None => return Ok(listened && self.out.flush().is_ok()),
            }
        }
    }

    /// Prints what happened in one request.
    async fn print_request(&mut self, reference: String) -> Result<(), CliError> {
        let wanted = reference.clone();
        let read = move |tx: &mut Tx<'_>| tx.events_of_reference(&wanted, PAGE);
        let found = self.store.read(read).await.map_err(Failure::from)?;
        if found.is_empty() {
            return Err(CliError::refused(format!(
                "no event carries {reference}: a page that only refuses leaves none; look for it in the log"
            )));
        }
        self.count(&found).await?;
        for event in &found {
            if !self.say(event)? {
                break;
            }
        }
        Ok(())
    }

    /// Counts those of the events that are about to be printed.
    async fn count(&mut self, page: &[Event]) -> Result<(), CliError> {
        let new = |event: &&Event| !self.printed.contains(&(event.at, event.id));
        let many = page.iter().filter(new).count();
        match &mut self.meter {
            Some(meter) => meter.count(many).await,
            None => Ok(()),
        }
    }

    fn say(&mut self, event: &Event) -> Result<bool, CliError> {
        if !self.printed.insert((event.at, event.id)) {
            return Ok(true);
        }
        let oldest = event.at - LATE - LATE;
        while self.printed.first().is_some_and(|(at, _)| *at < oldest) {
            self.printed.pop_first();
        }
        let line = lines::line(event, self.format, &self.host);
        match writeln!(self.out, "{line}") {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(CliError::refused(format!("standard output: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Origin, Outcome};

    use super::*;
    use crate::cli::tests::Place as House;

    async fn put(house: &House, at: i64, kind: EventKind) {
        let event = sekisho_audit::NewEvent::new(kind, Outcome::Passed).happened(
            Timestamp::from_seconds(at),
            &Origin::default(),
            &sekisho_model::OsEntropy::new(),
        );
        house
            .store
            .write(move |tx| tx.record(&event))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn au_09_events_are_printed_once_in_their_order_and_late_ones_are_not_missed() {
        let house = House::new().await;
        let moment = Timestamp::from_seconds;
        for at in [100, 160, 130] {
            put(&house, at, EventKind::SignOut).await;
        }
        let mut reader = Reader {
            store: &house.store,
            format: Format::Json,
            host: "id.example".to_owned(),
            kinds: Vec::new(),
            out: Vec::new(),
            printed: BTreeSet::new(),
            meter: None,
        };
        assert!(reader.print(moment(50), moment(200)).await.unwrap());
        put(&house, 145, EventKind::SignIn).await;
        put(&house, 170, EventKind::SignIn).await;
        let newest = reader.newest().unwrap();
        assert!(reader.print(newest - LATE, moment(200)).await.unwrap());
        let text = String::from_utf8(reader.out).unwrap();
        let seen: Vec<i64> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|event| {
                let at = event["at"].as_str().unwrap();
                at.get(17..19).unwrap().parse().unwrap()
            })
            .collect();
        assert_eq!(seen, [40, 10, 40, 25, 50]);
    }

    #[test]
    fn a_reference_is_understood_as_people_say_it() {
        let expected = Ok("SK-01AB-C1D0".to_owned());
        for typed in ["SK-01AB-C1D0", "sk-01ab-c1d0", "sk 0lab cido", "SKOIABC1DO"] {
            assert_eq!(reference(typed), expected, "{typed}");
        }
        for typed in [
            "",
            "SK-",
            "SK-01AB-C1D",
            "SK-01AB-C1D00",
            "XX-01AB-C1D0",
            "SK-門門門門-門門門門",
        ] {
            assert!(reference(typed).is_err(), "{typed}");
        }
    }

    #[tokio::test]
    async fn a_reference_finds_its_request_however_long_ago() {
        let house = House::new().await;
        let origin = Origin {
            request_id: "SK-01AB-C1D0".to_owned(),
            ..Origin::default()
        };
        let new = sekisho_audit::NewEvent::new(EventKind::SignIn, Outcome::Disabled);
        let old = Timestamp::from_seconds(100);
        let event = new.happened(old, &origin, &sekisho_model::OsEntropy::new());
        let written = house.store.write(move |tx| tx.record(&event)).await;
        written.unwrap();
        put(&house, 100, EventKind::SignOut).await;
        let mut reader = Reader {
            store: &house.store,
            format: Format::Json,
            host: "id.example".to_owned(),
            kinds: Vec::new(),
            out: Vec::new(),
            printed: BTreeSet::new(),
            meter: None,
        };
        let printed = reader.print_request("SK-01AB-C1D0".to_owned()).await;
        printed.unwrap();
        let text = String::from_utf8(reader.out).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("\"request_id\":\"SK-01AB-C1D0\""), "{text}");
        house.run("events --reference sk01abc1d0").await.unwrap();
        let unknown = house.run("events --reference SK-0000-0000").await;
        assert!(unknown.is_err());
    }

    #[tokio::test]
    async fn au_09_who_reads_the_record_is_on_the_record() {
        let house = House::new().await;
        house.run("events --kind sign_in").await.unwrap();
        let read = |tx: &mut Tx<'_>| tx.events_of_kind(EventKind::EventsRead, 9);
        assert_eq!(house.store.read(read).await.unwrap().len(), 1);
        assert_eq!(kind("sign_in"), Ok(EventKind::SignIn));
        assert!(kind("nothing").is_err());
    }
}
