//! The store inside this process: one map per kind of thing, each behind its own lock that is held
//! for microseconds. Bounded; expired rows are swept as new ones come.

mod challenge;
mod counter;
mod parked;
mod queue;
mod ranked;
mod replay;
mod spread;
mod table;
mod turns;
mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_model::{ChallengeId, Digest};
use tokio::sync::Notify;

use crate::{ParkedKind, SessionError};
use challenge::Challenge;
use parked::ParkedRow;
use queue::Queue;
use table::Table;
use window::Window;

type CountedKey = (&'static str, [u8; 32]);

pub(crate) struct Memory {
    parked: Mutex<Table<(ParkedKind, String), ParkedRow>>,
    challenges: Mutex<Table<ChallengeId, Challenge>>,
    counters: Mutex<Table<CountedKey, Window>>,
    replays: Mutex<Table<CountedKey, ()>>,
    spreads: Mutex<Table<CountedKey, spread::Seen>>,
    agreed: Mutex<Table<String, Digest>>,
    queue: Mutex<Queue>,
    news: Notify,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            parked: Mutex::new(Table::bounded(100_000)),
            challenges: Mutex::new(Table::bounded(100_000)),
            counters: Mutex::new(Table::bounded(500_000)),
            replays: Mutex::new(Table::bounded(500_000)),
            spreads: Mutex::new(Table::bounded(20_000)),
            agreed: Mutex::new(Table::bounded(100)),
            queue: Mutex::default(),
            news: Notify::new(),
        }
    }
}

impl Memory {
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) const fn ping(&self) -> Result<(), SessionError> {
        Ok(())
    }

    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) const fn evicting_policy(&self) -> Result<Option<String>, SessionError> {
        Ok(None)
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) fn announce(&self) -> Result<(), SessionError> {
        self.news.notify_one();
        Ok(())
    }

    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }
}

/// Locks a table. A panic elsewhere cannot leave one half changed: no change is followed by code
/// that can panic.
fn lock<T>(table: &Mutex<T>) -> MutexGuard<'_, T> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
