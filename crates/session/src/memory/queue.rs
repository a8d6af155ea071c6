use std::collections::{BTreeSet, HashMap};

use sekisho_model::{Digest, Timestamp};

use super::ranked::Ranked;
use super::table::Table;
use super::turns::Turns;
use super::{Memory, lock};
use crate::{QueuePlace, QueueRules, QueueSource, SessionError};

pub(super) type Name = [u8; 32];
/// The round in which it is its sources' turn, and the order within the round.
type Order = (u64, u64);

/// The twin of `redis/queue.lua`.
pub(super) struct Queue {
    waiting: Ranked<Order>,
    tickets: HashMap<Name, (Order, Timestamp)>,
    seen: BTreeSet<(Timestamp, Name)>,
    turns: Turns,
    passes: Table<Name, ()>,
    wave: i64,
    admitted: u32,
    number: u64,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            waiting: Ranked::default(),
            tickets: HashMap::new(),
            seen: BTreeSet::new(),
            turns: Turns::default(),
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
        sources: &[QueueSource],
        rules: &QueueRules,
        now: Timestamp,
    ) -> Result<QueuePlace, SessionError> {
        let ticket = *ticket.as_bytes();
        let sources = sources.iter().map(|one| (*one.name.as_bytes(), one.turns));
        let sources: Vec<(Name, u32)> = sources.collect();
        Ok(lock(&self.queue).show(ticket, &sources, rules, now))
    }
}

impl Queue {
    fn show(
        &mut self,
        ticket: Name,
        sources: &[(Name, u32)],
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
        let Some(order) = self.order_of(&ticket, sources, rules) else {
            return QueuePlace::Full;
        };
        self.saw(ticket, order, now);
        let ahead = self.waiting.before(&order);
        let front = rules.front.saturating_sub(self.admitted);
        let opens = self.admitted < rules.wave_size;
        if opens && ahead < usize::try_from(front).unwrap_or(usize::MAX) {
            self.leave(&ticket);
            self.admitted += 1;
            self.passes.push(ticket, (), now + rules.pass, now);
            return QueuePlace::Inside;
        }
        QueuePlace::Waiting {
            ahead: u64::try_from(ahead).unwrap_or(u64::MAX),
        }
    }

    fn order_of(
        &mut self,
        ticket: &Name,
        sources: &[(Name, u32)],
        rules: &QueueRules,
    ) -> Option<Order> {
        if let Some((order, _)) = self.tickets.get(ticket) {
            return Some(*order);
        }
        let most = usize::try_from(rules.most_waiting).unwrap_or(usize::MAX);
        if self.waiting.len() >= most {
            return None;
        }
        let first = self.waiting.first().map(|(round, _)| round);
        if first.is_none() {
            self.turns.clear();
        }
        let first = first.unwrap_or(0);
        let round = self.turns.take(sources, first, rules.deepest)?;
        self.turns.forget(first, most.saturating_mul(sources.len()));
        self.number += 1;
        let order = (round, self.number);
        self.waiting.insert(order);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RULES: QueueRules = QueueRules {
        wave: Duration::from_secs(10),
        wave_size: 2,
        front: 2,
        most_waiting: 50,
        deepest: 20,
        pass: Duration::from_mins(15),
        absent: Duration::from_secs(35),
    };

    fn name(text: &str) -> Name {
        *Digest::of(text.as_bytes()).as_bytes()
    }

    /// As many come with each wave as are let in, so that the queue never ends.
    fn after_many_waves(home: impl Fn(usize) -> String) -> Queue {
        let mut queue = Queue::default();
        let mut here: Vec<usize> = Vec::new();
        let mut came = 0;
        for wave in 0..1_000 {
            let coming = if wave == 0 { 12 } else { 2 };
            here.extend(came..came + coming);
            came += coming;
            here.retain(|n| {
                let sources = [(name(&home(*n)), 1), (name("street"), 4)];
                let now = Timestamp::from_seconds(1_800_000_000 + wave * 10);
                let place = queue.show(name(&n.to_string()), &sources, &RULES, now);
                place != QueuePlace::Inside
            });
        }
        assert_eq!(here.len(), 10, "the queue never ended");
        assert_eq!(queue.waiting.len(), 10);
        assert_eq!((queue.tickets.len(), queue.seen.len()), (10, 10));
        queue
    }

    #[test]
    fn thr_14_rounds_that_are_over_are_forgotten() {
        let queue = after_many_waves(|_| "home".to_owned());
        assert!(queue.turns.len() <= 2 * 12, "{}", queue.turns.len());
        let queue = after_many_waves(|n| n.to_string());
        assert!(queue.turns.len() <= 2 * 50, "{}", queue.turns.len());
    }
}
