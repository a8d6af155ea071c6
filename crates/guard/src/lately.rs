use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_model::{Digest, Timestamp};

/// How many are remembered.
const CAPACITY: usize = 10_000;

/// Who has lately presented a wrong client secret to this process, or a right one.
#[derive(Debug, Default)]
pub(crate) struct Lately(Mutex<HashMap<Digest, Timestamp>>);

impl Lately {
    pub(crate) fn holds(&self, whom: &Digest, now: Timestamp) -> bool {
        self.lock().get(whom).is_some_and(|until| *until > now)
    }

    /// Whether there may have been more than are remembered.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().len() >= CAPACITY
    }

    pub(crate) fn add(&self, whom: Digest, until: Timestamp, now: Timestamp) {
        let mut known = self.lock();
        if known.len() >= CAPACITY {
            known.retain(|_, until| *until > now);
        }
        if known.len() < CAPACITY {
            known.insert(whom, until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_16_when_there_are_too_many_it_says_so_until_they_expire() {
        let lately = Lately::default();
        let at = Timestamp::from_seconds;
        for n in 0..=CAPACITY {
            lately.add(Digest::of(&n.to_le_bytes()), at(10), at(0));
        }
        assert!(lately.is_full());
        assert_eq!(lately.lock().len(), CAPACITY);
        lately.add(Digest::of(b"late"), at(30), at(20));
        assert!(lately.holds(&Digest::of(b"late"), at(20)));
        assert!(!lately.is_full());
        assert!(!lately.holds(&Digest::of(b"nobody"), at(20)));
    }
}
