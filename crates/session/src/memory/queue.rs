use std::collections::{BTreeMap, BTreeSet, HashMap};

use sekisho_model::{Digest, Timestamp};

use super::table::Table;
use super::{Memory, lock};
use crate::{QueuePlace, QueueRules, SessionError};

type Name = [u8; 32];
/// The round in which it is its source's turn, and the order within the round.
type Order = (u64, u64);

/// The twin of `redis/queue.lua`.
pub(super) struct Queue {
    waiting: BTreeMap<Order, Name>,
    tickets: HashMap<Name, (Order, Timestamp)>,
    seen: BTreeSet<(Timestamp, Name)>,
    rounds: HashMap<Name, u64>,
    passes: Table<Name, ()>,
    wave: i64,
    admitted: u32,
    number: u64,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            tickets: HashMap::new(),
            seen: BTreeSet::new(),
            rounds: HashMap::new(),
            passes: Table::bounded(500_000),
            wave: 0,
            admitted: 0,
            number: 0,
        }
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the twin of Redis, which may not answer"
)]
impl Memory {
    pub(crate) fn queue_up(
        &self,
        ticket: &Digest,
        source: &Digest,
        rules: &QueueRules,
        now: Timestamp,
    ) -> Result<QueuePlace, SessionError> {
        let (ticket, source) = (*ticket.as_bytes(), *source.as_bytes());
        Ok(lock(&self.queue).show(ticket, source, rules, now))
    }
}

impl Queue {
    fn show(
        &mut self,
        ticket: Name,
        source: Name,
        rules: &QueueRules,
        now: Timestamp,
    ) -> QueuePlace {
        if self.passes.get_mut(&ticket, now).is_some() {
            return QueuePlace::Inside;
        }
        self.forget_absent(rules, now);
        let length = i64::try_from(rules.wave.as_micros())
            .unwrap_or(i64::MAX)
            .max(1);
        let wave = now.micros().div_euclid(length);
        if wave != self.wave {
            (self.wave, self.admitted) = (wave, 0);
        }
        let Some(order) = self.order_of(ticket, source, rules) else {
            return QueuePlace::Full;
        };
        self.saw(ticket, order, now);
        let ahead = self.waiting.range(..order).count();
        let room = rules.wave_size.saturating_sub(self.admitted);
        if ahead < usize::try_from(room).unwrap_or(usize::MAX) {
            self.leave(&ticket);
            self.admitted += 1;
            self.passes.push(ticket, (), now + rules.pass, now);
            return QueuePlace::Inside;
        }
        QueuePlace::Waiting {
            ahead: u64::try_from(ahead).unwrap_or(u64::MAX),
        }
    }

    fn order_of(&mut self, ticket: Name, source: Name, rules: &QueueRules) -> Option<Order> {
        if let Some((order, _)) = self.tickets.get(&ticket) {
            return Some(*order);
        }
        let most = usize::try_from(rules.most_waiting).unwrap_or(usize::MAX);
        if self.waiting.len() >= most {
            return None;
        }
        if self.waiting.is_empty() {
            self.rounds.clear();
        }
        let first = self.waiting.keys().next().map_or(0, |(round, _)| *round);
        let next = self.rounds.get(&source).map_or(0, |round| round + 1);
        let round = next.max(first);
        if round - first > u64::from(rules.deepest) {
            return None;
        }
        self.rounds.insert(source, round);
        self.number += 1;
        let order = (round, self.number);
        self.waiting.insert(order, ticket);
        Some(order)
    }

    fn saw(&mut self, ticket: Name, order: Order, now: Timestamp) {
        if let Some((_, before)) = self.tickets.insert(ticket, (order, now)) {
            self.seen.remove(&(before, ticket));
        }
        self.seen.insert((now, ticket));
    }

    fn leave(&mut self, ticket: &Name) {
        if let Some((order, seen)) = self.tickets.remove(ticket) {
            self.waiting.remove(&order);
            self.seen.remove(&(seen, *ticket));
        }
    }

    fn forget_absent(&mut self, rules: &QueueRules, now: Timestamp) {
        for _ in 0..200 {
            let gone = self
                .seen
                .first()
                .filter(|(at, _)| now.since(*at) >= rules.absent);
            let Some((_, ticket)) = gone.copied() else {
                return;
            };
            self.leave(&ticket);
        }
    }
}
