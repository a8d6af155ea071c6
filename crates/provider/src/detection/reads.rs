//! Budgets for reading the data of many people (INC-10): cut at the limit, and recorded.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use sekisho_model::{ClientId, Digest, Event, EventKind, Origin, Outcome, Timestamp, UserId};

use super::lock;
use crate::{Failure, Provider};

const HOUR: Duration = Duration::from_hours(1);
/// Apps that are counted at a time.
const MOST: usize = 10_000;

/// One in so many of the budget a node counts for itself, before it asks what the other nodes counted.
const ALONE: u32 = 16;
/// Accounts that one event names: it holds 2 KiB.
const ROWS: usize = 43;
/// The longest name of who reads that is kept.
pub(super) const LONGEST_NAME: usize = 64;

/// How much of people's data may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budgets {
    /// People whose data one app may read through userinfo in an hour; 0 for any number. Of introspection as many
    /// are counted, and told.
    pub userinfo_people_hour: u32,
    /// Accounts that may be written to files in a day; 0 for any number.
    pub exported_accounts_day: u64,
    /// Accounts that operators may be shown in a day; 0 for any number.
    pub shown_accounts_day: u64,
    /// Events that operators may read in a day; 0 for any number.
    pub read_events_day: u64,
}

/// How an app reads data of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Read {
    /// Their claims. Beyond the budget the app waits.
    UserInfo,
    /// Whose token it is and what it may do. An API asks this of everyone who calls it, so that nobody waits:
    /// operators are told.
    Introspection,
}

impl Read {
    /// The name in events, and among the counters.
    const fn name(self) -> &'static str {
        match self {
            Self::UserInfo => "userinfo",
            Self::Introspection => "introspection",
        }
    }
}

/// Whose data each app read within its hour, at this node.
#[derive(Debug, Default)]
pub(crate) struct Reads(Mutex<HashMap<(Read, ClientId), Hour>>);

/// An app that reads.
type Reader<'a> = (Read, &'a ClientId);

#[derive(Debug)]
struct Hour {
    ends: Timestamp,
    people: HashSet<UserId>,
    /// Whether the other nodes know whom this one counted.
    shared: bool,
    closed: bool,
}

impl Hour {
    fn from(now: Timestamp) -> Self {
        Self {
            ends: now + HOUR,
            people: HashSet::new(),
            shared: false,
            closed: false,
        }
    }
}

/// What this node's own count says of one more person.
#[derive(Debug, PartialEq, Eq)]
enum Counted {
    /// Go on.
    Within,
    /// Ask the other nodes: these are the people they do not know of.
    Ask(Vec<UserId>),
    /// Used up until then.
    Over(Timestamp),
}

impl Reads {
    fn count(&self, reader: Reader<'_>, user: UserId, limit: u32, now: Timestamp) -> Counted {
        let mut all = lock(&self.0);
        if all.len() >= MOST {
            all.retain(|_, hour| now < hour.ends);
        }
        let hour = all.entry(key(reader)).or_insert_with(|| Hour::from(now));
        if hour.ends <= now {
            *hour = Hour::from(now);
        }
        if hour.people.contains(&user) {
            return Counted::Within;
        }
        if hour.closed {
            return Counted::Over(hour.ends);
        }
        hour.people.insert(user);
        let count = u32::try_from(hour.people.len()).unwrap_or(u32::MAX);
        if count <= limit / ALONE {
            return Counted::Within;
        }
        let known = std::mem::replace(&mut hour.shared, true);
        let people = hour.people.iter().filter(|one| !known || **one == user);
        Counted::Ask(people.copied().collect())
    }

    /// How many people this node counted, whatever the others say.
    fn own(&self, reader: Reader<'_>) -> u32 {
        let all = lock(&self.0);
        let count = all.get(&key(reader)).map_or(0, |hour| hour.people.len());
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The budget is used up: this person is one too many. Answers until when, and, to the first who learns it,
    /// whose data was read here.
    fn close(
        &self,
        reader: Reader<'_>,
        user: UserId,
        now: Timestamp,
    ) -> (Timestamp, Option<Vec<UserId>>) {
        let mut all = lock(&self.0);
        let hour = all.entry(key(reader)).or_insert_with(|| Hour::from(now));
        hour.people.remove(&user);
        let first = !std::mem::replace(&mut hour.closed, true);
        let rows = first.then(|| hour.people.iter().copied().collect());
        (hour.ends, rows)
    }
}

fn key((read, client): Reader<'_>) -> (Read, ClientId) {
    (read, client.clone())
}

impl Provider {
    /// Counts a person whose data an app reads. Beyond its budget, which is one for all nodes, it waits. Only an app
    /// that has used up a part of it costs a round trip.
    pub(crate) async fn count_read(
        &self,
        read: Read,
        client: &ClientId,
        user: UserId,
    ) -> Result<(), Failure> {
        let limit = self.settings.budgets.userinfo_people_hour;
        if limit == 0 {
            return Ok(());
        }
        let (now, reader) = (self.now(), (read, client));
        let ends = match self.watch.reads.count(reader, user, limit, now) {
            Counted::Within => return Ok(()),
            Counted::Over(ends) => ends,
            Counted::Ask(people) => {
                if self.read_by(reader, &people, now).await <= limit {
                    return Ok(());
                }
                let (ends, rows) = self.watch.reads.close(reader, user, now);
                if let Some(rows) = rows {
                    self.tell_used_up(reader, limit, &rows);
                }
                ends
            }
        };
        match read {
            Read::UserInfo => Err(Failure::Busy(ends.since(now))),
            Read::Introspection => Ok(()),
        }
    }

    /// How many people's data an app has read, at all nodes; while they cannot be asked, at this one.
    async fn read_by(&self, reader: Reader<'_>, people: &[UserId], now: Timestamp) -> u32 {
        let (read, client) = reader;
        let what = Digest::of(format!("{} {client}", read.name()).as_bytes());
        let people: Vec<Digest> = people
            .iter()
            .map(|user| Digest::of(user.to_string().as_bytes()))
            .collect();
        let shared = self.session.spread_all(&what, &people, HOUR, now).await;
        let own = self.watch.reads.own(reader);
        shared.map_or(own, |all| all.max(own))
    }

    /// The incident, and row by row whose data this node handed out.
    fn tell_used_up(&self, (read, client): Reader<'_>, limit: u32, rows: &[UserId]) {
        let detail = serde_json::json!({
            "what": read.name(), "limit": limit, "people": rows.len(),
        });
        let mut events = vec![self.bulk_read(Outcome::Blocked, detail)];
        events.extend(self.row_events(read.name(), None, rows));
        for event in events {
            let event = Event {
                client_id: Some(client.clone()),
                ..event
            };
            if let Err(error) = self.machine_events.record(event) {
                tracing::error!(%error, %client, "that a budget is used up was not recorded");
            }
        }
    }

    pub(super) fn bulk_read(&self, outcome: Outcome, detail: serde_json::Value) -> Event {
        let mut event = self.event(EventKind::BulkRead, outcome, &Origin::default());
        event.detail = detail;
        event
    }

    pub(super) fn row_events(
        &self,
        what: &'static str,
        reader: Option<&str>,
        rows: &[UserId],
    ) -> Vec<Event> {
        let some = |rows: &[UserId]| {
            let mut detail = serde_json::json!({ "what": what, "rows": rows });
            if let (Some(reader), Some(members)) = (reader, detail.as_object_mut()) {
                let reader: String = reader.chars().take(LONGEST_NAME).collect();
                members.insert("reader".to_owned(), reader.into());
            }
            self.bulk_read(Outcome::Passed, detail)
        };
        rows.chunks(ROWS).map(some).collect()
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    #[test]
    fn inc_10_an_app_reads_so_many_people_an_hour_and_each_as_often_as_it_likes() {
        let at = Timestamp::from_seconds;
        let (entropy, reads, app) = (
            SeededEntropy::new(1),
            Reads::default(),
            ClientId::new("app"),
        );
        let people: Vec<UserId> = (0..4).map(|_| UserId::new(at(0), &entropy)).collect();
        let reader = (Read::UserInfo, &app);
        let count = |n: usize, second| reads.count(reader, people[n], 32, at(second));
        for n in [0, 1, 0, 1, 1] {
            assert_eq!(count(n, 1), Counted::Within, "few are counted here alone");
        }
        let Counted::Ask(told) = count(2, 2) else {
            panic!("from the third on all nodes count together");
        };
        assert_eq!(told.len(), 3, "the others learn of all three");
        assert_eq!(count(3, 2), Counted::Ask(vec![people[3]]));
        assert_eq!(count(3, 2), Counted::Within);
        let (ends, rows) = reads.close(reader, people[3], at(3));
        assert_eq!((ends, rows.map(|rows| rows.len())), (at(3_601), Some(3)));
        assert_eq!(reads.close(reader, people[3], at(3)).1, None, "told once");
        assert_eq!(count(3, 3), Counted::Over(at(3_601)));
        assert_eq!(
            count(1, 3),
            Counted::Within,
            "whom it knows it may ask again"
        );
        assert_eq!(count(3, 3_601), Counted::Within);
        let other = reads.count((Read::Introspection, &app), people[3], 32, at(3));
        assert_eq!(other, Counted::Within, "counted apart");
    }
}
