//! Attempts that were stopped before anything was looked at. A flood of them must not fill the database: the first
//! from a network is recorded at once, and the rest is counted and told every ten minutes. Owners see the first at
//! their account from each network.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use sekisho_guard::network_of;
use sekisho_model::{ClientId, Digest, Event, EventKind, Origin, Outcome, Timestamp, UserId};
use sekisho_session::{CounterKey, Limit, Verdict};

use super::lock;
use crate::{Failure, Provider};

/// How long what is alike is told once.
const WINDOW: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);
/// Networks that are told apart at a time; beyond that, all others are one.
const MOST: usize = 10_000;
/// Names that are told apart in one network.
const NAMES: usize = 10_000;
/// Accounts whose owners are told within a window. From then on each is told once a day.
const OWNERS: u32 = 2_000;

/// What was stopped since it was last told, by network.
#[derive(Debug, Default)]
pub(crate) struct StoppedAttempts(Mutex<HashMap<String, Gathered>>);

#[derive(Debug)]
struct Gathered {
    since: Timestamp,
    origin: Origin,
    count: u32,
    names: HashSet<Digest>,
}

impl Gathered {
    fn add(&mut self, other: Self) {
        self.since = self.since.min(other.since);
        self.count = self.count.saturating_add(other.count);
        self.names.extend(other.names);
    }
}

impl StoppedAttempts {
    /// What could not be written is told later.
    fn put_back(&self, due: HashMap<String, Gathered>) {
        let mut all = lock(&self.0);
        for (network, mut one) in due {
            if let Some(more) = all.remove(&network) {
                one.add(more);
            }
            all.insert(network, one);
        }
    }
}

/// An attempt that was stopped.
pub(crate) struct StoppedAttempt<'a> {
    /// The name that was typed.
    pub(crate) name: &'a Digest,
    /// Whose it is.
    pub(crate) user: Option<UserId>,
    /// Through which app.
    pub(crate) client: Option<ClientId>,
    /// From where.
    pub(crate) origin: &'a Origin,
}

impl Provider {
    /// Records an attempt, or counts it.
    pub(crate) async fn note_stopped(&self, attempt: StoppedAttempt<'_>) -> Result<(), Failure> {
        let ip = &attempt.origin.ip;
        let network = network_of(ip).map_or_else(|| ip.clone(), |network| network.to_string());
        let first = ("blocked-event", 1, WINDOW);
        let first = self.is_among(first, &[network.as_bytes()]).await;
        let user = self.whom_to_tell(&attempt, &network).await;
        if !first && user.is_none() {
            self.count_stopped(&attempt, network);
            return Ok(());
        }
        let mut event = self.event(EventKind::SignIn, Outcome::Blocked, attempt.origin);
        (event.user_id, event.client_id) = (user, attempt.client);
        event.detail = serde_json::json!({ "network": network });
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    /// The owner, if this is the first at the account from there in a while. Of names that nobody has the same is
    /// asked (ENU-02).
    async fn whom_to_tell(&self, attempt: &StoppedAttempt<'_>, network: &str) -> Option<UserId> {
        let whom: [&[u8]; 2] = [attempt.name.as_bytes(), network.as_bytes()];
        if !self.is_among(("blocked-name", 1, WINDOW), &whom).await {
            return None;
        }
        let user = attempt.user?;
        let few = self.is_among(("blocked-owners", OWNERS, WINDOW), &[]).await;
        let told = few
            || self
                .is_among(("blocked-day", 1, DAY), &[attempt.name.as_bytes()])
                .await;
        told.then_some(user)
    }

    /// Whether this is one of the first so many within that time, over all nodes.
    async fn is_among(
        &self,
        (name, max, window): (&'static str, u32, Duration),
        whom: &[&[u8]],
    ) -> bool {
        let digest = Digest::keyed(self.code_key.as_bytes(), whom);
        let key = CounterKey { name, digest };
        let limit = Limit { key, max, window };
        let counted = self.session.count(&[limit], self.now()).await;
        matches!(counted, Ok(Verdict::Within))
    }

    fn count_stopped(&self, attempt: &StoppedAttempt<'_>, network: String) {
        metrics::counter!("sekisho_stopped_attempts_gathered_total").increment(1);
        let mut all = lock(&self.watch.stopped.0);
        let there = if all.len() < MOST || all.contains_key(&network) {
            network
        } else {
            "others".to_owned()
        };
        let gathered = all.entry(there).or_insert_with(|| Gathered {
            since: self.now(),
            origin: attempt.origin.clone(),
            count: 0,
            names: HashSet::new(),
        });
        gathered.count = gathered.count.saturating_add(1);
        if gathered.names.len() < NAMES {
            gathered.names.insert(*attempt.name);
        }
    }

    /// Records what was counted for long enough; `all` at the end.
    pub(super) async fn record_stopped(&self, all: bool) -> Result<(), Failure> {
        let now = self.now();
        let is_due = |one: &Gathered| all || one.since + WINDOW <= now;
        let due: HashMap<String, Gathered> = {
            let mut gathered = lock(&self.watch.stopped.0);
            gathered.extract_if(|_, one| is_due(one)).collect()
        };
        if due.is_empty() {
            return Ok(());
        }
        let told = |(network, one): (&String, &Gathered)| {
            let mut event: Event = self.event(EventKind::SignIn, Outcome::Blocked, &one.origin);
            event.detail = serde_json::json!({
                "network": network, "count": one.count, "names": one.names.len(), "since": one.since,
            });
            event
        };
        let events: Vec<Event> = due.iter().map(told).collect();
        let written = self.store.write(move |tx| tx.record_many(&events)).await;
        if written.is_err() {
            self.watch.stopped.put_back(due);
        }
        Ok(written?)
    }
}
