use std::time::Duration;

use sekisho_model::Timestamp;

use super::{Memory, lock};
use crate::{Parked, ParkedKind, SessionError};

#[derive(Clone)]
pub(super) struct ParkedRow {
    value: Vec<u8>,
    version: u64,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the twin of Redis, which may not answer"
)]
impl Memory {
    pub(crate) fn park(
        &self,
        kind: ParkedKind,
        id: &str,
        value: Vec<u8>,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        let key = (kind, id.to_owned());
        let mut table = lock(&self.parked);
        let before = table.get_mut(&key, now).map_or(0, |row| row.version);
        let version = next_version(before, now);
        table.push(key, ParkedRow { value, version }, now + ttl, now);
        Ok(())
    }

    pub(crate) fn parked(
        &self,
        kind: ParkedKind,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Parked>, SessionError> {
        let key = (kind, id.to_owned());
        let row = lock(&self.parked).get_mut(&key, now).cloned();
        Ok(row.map(|ParkedRow { value, version }| Parked { value, version }))
    }

    pub(crate) fn repark(
        &self,
        kind: ParkedKind,
        id: &str,
        next: Parked,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, SessionError> {
        let key = (kind, id.to_owned());
        let mut table = lock(&self.parked);
        let unchanged = table
            .get_mut(&key, now)
            .is_some_and(|row| row.version == next.version);
        if unchanged {
            let row = ParkedRow {
                value: next.value,
                version: next_version(next.version, now),
            };
            table.push(key, row, now + ttl, now);
        }
        Ok(unchanged)
    }

    pub(crate) fn unpark(
        &self,
        kind: ParkedKind,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, SessionError> {
        let key = (kind, id.to_owned());
        let row = lock(&self.parked).take(&key, now);
        Ok(row.map(|row| row.value))
    }
}

/// Versions follow the clock, so that a value parked anew is never taken for the one before.
fn next_version(before: u64, now: Timestamp) -> u64 {
    let clock = u64::try_from(now.micros()).unwrap_or(0);
    clock.max(before.saturating_add(1))
}
