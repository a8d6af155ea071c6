use std::collections::HashSet;
use std::time::Duration;

use sekisho_model::{Digest, Timestamp};

use super::{Memory, lock};
use crate::SessionError;

/// Places that are told apart; more count as so many.
const MOST: usize = 2_000;

/// Where something was seen, and until when that counts.
pub(super) struct Seen {
    places: HashSet<u64>,
    until: Timestamp,
}

impl Memory {
    /// The twin of `redis/spread.lua`.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) fn spread(
        &self,
        what: &Digest,
        places: &[Digest],
        window: Duration,
        now: Timestamp,
    ) -> Result<u32, SessionError> {
        let key = ("spread", *what.as_bytes());
        let mut table = lock(&self.spreads);
        let mut seen = table.take(&key, now).unwrap_or_else(|| Seen {
            places: HashSet::new(),
            until: now + window,
        });
        for place in places {
            if seen.places.len() < MOST {
                let first = place.as_bytes().first_chunk::<8>();
                seen.places
                    .extend(first.map(|bytes| u64::from_be_bytes(*bytes)));
            }
        }
        let count = u32::try_from(seen.places.len()).unwrap_or(u32::MAX);
        let until = seen.until;
        // What is forgotten to make room was seen long ago, or once.
        table.push(key, seen, until, now);
        Ok(count)
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) fn agree(
        &self,
        name: &str,
        candidate: &Digest,
        life: Duration,
        now: Timestamp,
    ) -> Result<Digest, SessionError> {
        let mut table = lock(&self.agreed);
        if let Some(agreed) = table.get_mut(&name.to_owned(), now) {
            return Ok(*agreed);
        }
        table.push(name.to_owned(), *candidate, now + life, now);
        Ok(*candidate)
    }
}
