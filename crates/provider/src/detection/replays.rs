//! What works once and came a second time without being stored: `DPoP` proofs (RFC 9449 §11.1) and client assertions
//! (RFC 7523 §3); and codes and refresh tokens that come once more after what they gave was ended for it (TK-09,
//! RT-06). The first is recorded within a second; while it goes on, ever more are told together.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use sekisho_model::{ClientId, Event, EventKind, Origin, Outcome, Timestamp};

use super::lock;
use crate::{Failure, Provider};

/// How long after the first the next are told, and how long at most.
const SOON: Duration = Duration::from_secs(4);
const LATEST: Duration = Duration::from_mins(10);
/// Apps and addresses that are told apart at a time; beyond that, all others are one.
const MOST: usize = 10_000;

/// What came again since it was last told.
#[derive(Debug, Default)]
pub(crate) struct SeenReplays(Mutex<HashMap<Key, Gathered>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    what: &'static str,
    client: Option<ClientId>,
    ip: String,
}

#[derive(Debug)]
struct Gathered {
    origin: Origin,
    count: u32,
    last: Timestamp,
    due: Timestamp,
    wait: Duration,
}

impl SeenReplays {
    fn note(&self, key: Key, origin: &Origin, now: Timestamp) {
        let mut all = lock(&self.0);
        let key = if all.len() < MOST || all.contains_key(&key) {
            key
        } else {
            Key {
                client: None,
                ip: String::new(),
                ..key
            }
        };
        let seen = all.entry(key).or_insert_with(|| Gathered {
            origin: origin.clone(),
            count: 0,
            last: now,
            due: now,
            wait: SOON,
        });
        seen.count = seen.count.saturating_add(1);
        seen.last = now;
    }

    /// What is to be told now. Who is quiet for long begins anew.
    fn take(&self, now: Timestamp, all: bool) -> Vec<(Key, Origin, u32)> {
        let mut seen = lock(&self.0);
        seen.retain(|_, one| one.count > 0 || now < one.last + LATEST);
        let due = seen
            .iter_mut()
            .filter(|(_, one)| one.count > 0 && (all || one.due <= now));
        due.map(|(key, one)| {
            one.due = now + one.wait;
            one.wait = (one.wait * 4).min(LATEST);
            let count = std::mem::take(&mut one.count);
            (key.clone(), one.origin.clone(), count)
        })
        .collect()
    }

    /// What could not be told.
    fn put_back(&self, told: Vec<(Key, Origin, u32)>, now: Timestamp) {
        let mut seen = lock(&self.0);
        for (key, _, count) in told {
            if let Some(one) = seen.get_mut(&key) {
                one.count = one.count.saturating_add(count);
                one.due = now;
            }
        }
    }
}

impl Provider {
    /// A proof that works once came again: `what` is its name in events.
    pub(crate) fn note_replay(&self, what: &'static str, client: &ClientId, origin: &Origin) {
        metrics::counter!("sekisho_replays_total", "what" => what).increment(1);
        let key = Key {
            what,
            client: Some(client.clone()),
            ip: origin.ip.clone(),
        };
        self.watch.replays.note(key, origin, self.now());
    }

    /// Records what came again; `all` at the end.
    pub(super) async fn record_replays(&self, all: bool) -> Result<(), Failure> {
        let now = self.now();
        let told = self.watch.replays.take(now, all);
        if told.is_empty() {
            return Ok(());
        }
        let event = |(key, origin, count): &(Key, Origin, u32)| {
            let mut event: Event = self.event(EventKind::ProofReplayed, Outcome::Replayed, origin);
            event.client_id.clone_from(&key.client);
            event.detail = serde_json::json!({ "what": key.what, "count": count });
            event
        };
        let events: Vec<Event> = told.iter().map(event).collect();
        let written = self.store.write(move |tx| tx.record_many(&events)).await;
        if written.is_err() {
            self.watch.replays.put_back(told, now);
        }
        Ok(written?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dp_03_tk_07_a_flood_of_replays_is_told_at_once_and_then_ever_more_at_a_time() {
        let at = Timestamp::from_seconds;
        let (seen, origin) = (SeenReplays::default(), Origin::default());
        let key = || Key {
            what: "dpop_proof",
            client: Some(ClientId::new("app")),
            ip: String::new(),
        };
        let mut told = Vec::new();
        for second in 0..3_600 {
            seen.note(key(), &origin, at(second));
            let counts = seen.take(at(second), false).into_iter();
            told.extend(counts.map(|(_, _, count)| (second, count)));
        }
        let moments: Vec<i64> = told.iter().map(|(second, _)| *second).collect();
        assert_eq!(
            moments,
            [0, 4, 20, 84, 340, 940, 1_540, 2_140, 2_740, 3_340]
        );
        let counted: u32 = told.iter().map(|(_, count)| count).sum();
        assert_eq!(counted, 3_341, "none is lost");
        seen.put_back(vec![(key(), origin.clone(), 7)], at(3_600));
        let [(_, _, count)] = &seen.take(at(3_600), false)[..] else {
            panic!("told again at once");
        };
        assert_eq!(*count, 7 + 259);
        assert!(seen.take(at(9_999), true).is_empty());
        seen.note(key(), &origin, at(10_000));
        assert_eq!(seen.take(at(10_000), false).len(), 1, "it begins anew");
    }
}
