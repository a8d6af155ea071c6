use sekisho_model::Timestamp;

use super::window::{Reached, Window};
use super::{CountedKey, Memory, Table, lock};
use crate::{CounterKey, Limit, SessionError, Verdict};

impl Memory {
    /// The twin of `redis/count.lua`.
    pub(crate) fn count(&self, limits: &[Limit], now: Timestamp) -> Result<Verdict, SessionError> {
        let mut table = lock(&self.counters);
        let verdict = judge(&mut table, limits, now);
        if verdict == Verdict::Within {
            let keys: Vec<CountedKey> = limits.iter().map(|limit| row_key(&limit.key)).collect();
            if !table.has_room_for(&keys, now) {
                let full = "too many counters are in use".to_owned();
                return Err(SessionError::Unavailable(full));
            }
            for limit in limits {
                add(&mut table, limit, now);
            }
        }
        Ok(verdict)
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) fn look(&self, limits: &[Limit], now: Timestamp) -> Result<Verdict, SessionError> {
        Ok(judge(&mut lock(&self.counters), limits, now))
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) fn give_back(
        &self,
        keys: &[CounterKey],
        counted_at: Timestamp,
    ) -> Result<(), SessionError> {
        let mut table = lock(&self.counters);
        for key in keys {
            if let Some(window) = table.get_mut(&row_key(key), counted_at) {
                window.give_back(counted_at);
            }
        }
        Ok(())
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the twin of Redis, which may not answer"
    )]
    pub(crate) fn forget(&self, keys: &[CounterKey]) -> Result<(), SessionError> {
        let mut table = lock(&self.counters);
        for key in keys {
            table.take(&row_key(key), Timestamp::default());
        }
        Ok(())
    }
}

/// Counts an act; that there is room was looked at before, so that an act counts everywhere or nowhere.
fn add(table: &mut Table<CountedKey, Window>, limit: &Limit, now: Timestamp) {
    let key = row_key(&limit.key);
    let mut window = table.take(&key, now).unwrap_or_default();
    window.add(limit.window, now);
    let _written = table.put(key, window, now + limit.window, now);
}

/// Among the limits that are reached, the one that lasts longest.
fn judge(table: &mut Table<CountedKey, Window>, limits: &[Limit], now: Timestamp) -> Verdict {
    let mut verdict = Verdict::Within;
    let mut longest = now;
    for (which, limit) in limits.iter().enumerate() {
        let reached = match table.get_mut(&row_key(&limit.key), now) {
            Some(window) => window.reached(limit.max, limit.window, now),
            None if limit.max == 0 => Reached::Until(now + limit.window),
            None => Reached::NotYet,
        };
        if let Reached::Until(until) = reached
            && until > longest
        {
            longest = until;
            verdict = Verdict::Over { which, until };
        }
    }
    verdict
}

fn row_key(key: &CounterKey) -> CountedKey {
    (key.name, *key.digest.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use sekisho_model::Digest;

    use super::*;

    #[test]
    fn thr_12_a_full_table_forgets_no_counter_and_refuses_new_ones() {
        let memory = Memory {
            counters: Mutex::new(Table::bounded(2)),
            ..Memory::default()
        };
        let limit = |n: u8| Limit {
            key: CounterKey {
                name: "t",
                digest: Digest::of(&[n]),
            },
            max: 1,
            window: Duration::from_mins(1),
        };
        let now = Timestamp::from_seconds(1);
        assert_eq!(memory.count(&[limit(1)], now), Ok(Verdict::Within));
        assert_eq!(memory.count(&[limit(2)], now), Ok(Verdict::Within));
        assert!(memory.count(&[limit(3)], now).is_err());
        assert_ne!(memory.count(&[limit(1)], now), Ok(Verdict::Within));
        let later = Timestamp::from_seconds(61);
        assert_eq!(memory.count(&[limit(3)], later), Ok(Verdict::Within));
    }

    #[test]
    fn thr_07_an_act_counts_against_all_its_limits_or_none() {
        let memory = Memory {
            counters: Mutex::new(Table::bounded(3)),
            ..Memory::default()
        };
        let limit = |n: u8| Limit {
            key: CounterKey {
                name: "t",
                digest: Digest::of(&[n]),
            },
            max: 1,
            window: Duration::from_mins(1),
        };
        let now = Timestamp::from_seconds(1);
        assert_eq!(memory.count(&[limit(1)], now), Ok(Verdict::Within));
        let too_many = [limit(2), limit(3), limit(4)];
        assert!(memory.count(&too_many, now).is_err());
        let fit = [limit(2), limit(3)];
        assert_eq!(memory.count(&fit, now), Ok(Verdict::Within));
    }
}
