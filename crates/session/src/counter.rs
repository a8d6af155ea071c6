//! Counters for throttles. An act is counted before its secret is checked (THR-07) and given back
//! if the secret was right, so that in the end only failures count.

use std::time::Duration;

use sekisho_model::{Digest, Timestamp};

use crate::{Session, SessionError, on_backend};

/// What is counted: a name for the limit and a keyed digest of whom it concerns. Limits with
/// different windows need different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CounterKey {
    /// Which limit, for example `password.account`.
    pub name: &'static str,
    /// Whom or what it concerns.
    pub digest: Digest,
}

/// At most `max` acts of `key` within any `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub key: CounterKey,
    /// How many acts are allowed.
    pub max: u32,
    /// In how long a time. Each act counts for exactly this long; if there are more than sixteen, for
    /// at most a sixteenth longer.
    pub window: Duration,
}

/// Whether an act is within its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Within,
    /// It is not.
    Over {
        /// Position of the limit that lasts longest among those reached.
        which: usize,
        /// From when on one more act is within that limit.
        until: Timestamp,
    },
}

impl Session {
    /// Counts one act against all `limits` at once, or against none if one of them is reached: a
    /// refused act neither extends a wait nor uses up anything else. Each key may occur once.
    pub async fn count(&self, limits: &[Limit], now: Timestamp) -> Result<Verdict, SessionError> {
        on_backend!(self, count(limits, now))
    }

    /// Says what [`Self::count`] would say, without counting.
    pub async fn look(&self, limits: &[Limit], now: Timestamp) -> Result<Verdict, SessionError> {
        on_backend!(self, look(limits, now))
    }

    /// Takes back one act that was counted at `counted_at`, since it turned out to be none to count.
    /// Does nothing for what has been forgotten meanwhile.
    pub async fn give_back(
        &self,
        keys: &[CounterKey],
        counted_at: Timestamp,
    ) -> Result<(), SessionError> {
        on_backend!(self, give_back(keys, counted_at))
    }

    /// Starts `keys` again from zero, after a success (THR-10).
    pub async fn forget(&self, keys: &[CounterKey]) -> Result<(), SessionError> {
        on_backend!(self, forget(keys))
    }
}
