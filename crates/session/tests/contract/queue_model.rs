//! The queue answers as a few lines do that look at everybody who waits.

use std::collections::HashMap;

use sekisho_model::{Entropy, SeededEntropy};
use sekisho_session::{QueuePlace, QueueRules, QueueSource, Session};

use crate::queue::{self, name};
use crate::support::{at, on_each_store};

/// With room for everybody, so that no turn is forgotten to make some.
fn rules() -> QueueRules {
    QueueRules {
        most_waiting: 200,
        front: 5,
        ..queue::rules()
    }
}

/// Somebody who waits.
#[derive(Clone, Copy)]
struct Waiting {
    round: u64,
    number: u64,
    ticket: u64,
    seen: i64,
}

/// The queue as it is described.
#[derive(Default)]
struct Model {
    waiting: Vec<Waiting>,
    /// How many tickets of a source stand in a round.
    taken: HashMap<(String, u64), u32>,
    /// Until when who was let in may come back.
    passes: HashMap<u64, i64>,
    wave: i64,
    admitted: u64,
    number: u64,
}

impl Model {
    fn show(&mut self, ticket: u64, from: &[(String, u32)], second: i64) -> QueuePlace {
        let rules = rules();
        let seconds = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap();
        if self
            .passes
            .get(&ticket)
            .is_some_and(|until| *until > second)
        {
            return QueuePlace::Inside;
        }
        self.waiting
            .retain(|one| second - one.seen < seconds(rules.absent));
        if self.wave != second / seconds(rules.wave) {
            (self.wave, self.admitted) = (second / seconds(rules.wave), 0);
        }
        if !self.waiting.iter().any(|one| one.ticket == ticket) {
            let Some(round) = self.round(from, &rules) else {
                return QueuePlace::Full;
            };
            self.number += 1;
            self.waiting.push(Waiting {
                round,
                number: self.number,
                ticket,
                seen: second,
            });
        }
        let order = |one: &Waiting| (one.round, one.number);
        let own = self.waiting.iter_mut().find(|one| one.ticket == ticket);
        let own = own.unwrap();
        own.seen = second;
        let own = order(own);
        let ahead = self.waiting.iter().filter(|one| order(one) < own).count();
        let ahead = u64::try_from(ahead).unwrap();
        let closed = self.admitted >= u64::from(rules.wave_size);
        if closed || ahead + self.admitted >= u64::from(rules.front) {
            return QueuePlace::Waiting { ahead };
        }
        self.waiting.retain(|one| one.ticket != ticket);
        self.admitted += 1;
        self.passes.insert(ticket, second + seconds(rules.pass));
        QueuePlace::Inside
    }

    fn round(&mut self, from: &[(String, u32)], rules: &QueueRules) -> Option<u64> {
        if self.waiting.len() >= usize::try_from(rules.most_waiting).unwrap() {
            return None;
        }
        let first = self.waiting.iter().map(|one| one.round).min();
        if first.is_none() {
            self.taken.clear();
        }
        let first = first.unwrap_or(0);
        let taken = |source: &str, round| self.taken.get(&(source.to_owned(), round)).copied();
        let has_turn = |round: &u64| {
            let mut sources = from.iter();
            sources.all(|(source, turns)| taken(source, *round).unwrap_or(0) < *turns)
        };
        let round = (first..=first + u64::from(rules.deepest)).find(has_turn)?;
        for (source, _) in from {
            *self.taken.entry((source.clone(), round)).or_default() += 1;
        }
        Some(round)
    }
}

/// A home in a block of homes in a street: narrow streets, so that rounds fill.
fn sources(home: u64) -> Vec<(String, u32)> {
    vec![
        (format!("home {home}"), 1),
        (format!("block {}", home / 3), 2),
        (format!("street {}", home / 9), 3),
    ]
}

async fn agrees(session: &Session, seed: u64, acts: u32) {
    let entropy: &dyn Entropy = &SeededEntropy::new(seed);
    let mut model = Model::default();
    let mut homes: Vec<u64> = Vec::new();
    let mut second = 0;
    for act in 0..acts {
        second += match entropy.below(400) {
            0 => 40,
            1..=40 => 5,
            _ => 0,
        };
        // Half of them are new; a few homes have most tickets.
        let came = u64::try_from(homes.len()).unwrap();
        let ticket = if came == 0 || entropy.below(2) == 0 {
            homes.push(entropy.below(1 + entropy.below(36)));
            came
        } else {
            came - 1 - entropy.below(came.min(60))
        };
        let home = homes.get(usize::try_from(ticket).unwrap());
        let from = sources(*home.unwrap());
        let expected = model.show(ticket, &from, second);
        let from = from.iter().map(|(source, turns)| QueueSource {
            name: name(source),
            turns: *turns,
        });
        let from: Vec<QueueSource> = from.collect();
        let ticket = name(&format!("ticket {ticket}"));
        let place = session.queue_up(&ticket, &from, &rules(), at(second)).await;
        assert_eq!(place, Ok(expected), "seed {seed}, act {act}");
    }
}

on_each_store! {
    async fn the_queue_agrees_with_its_model(session: Session) {
        agrees(&session, 1, 3_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_agrees_with_its_model_however_people_come() {
    for seed in 2..60 {
        agrees(&Session::in_memory(), seed, 400).await;
    }
}
