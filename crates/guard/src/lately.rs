use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_model::{Digest, Timestamp};

/// How many are remembered; when there are more, everybody is a suspect.
const CAPACITY: usize = 10_000;

/// Who has lately presented a wrong client secret to this process.
#[derive(Debug, Default)]
pub(crate) struct Suspects(Mutex<HashMap<Digest, Timestamp>>);

impl Suspects {
    pub(crate) fn contains(&self, whom: &Digest, now: Timestamp) -> bool {
        let suspects = self.lock();
        suspects.len() >= CAPACITY || suspects.get(whom).is_some_and(|until| *until > now)
    }

    pub(crate) fn add(&self, whom: Digest, until: Timestamp, now: Timestamp) {
        let mut suspects = self.lock();
        if suspects.len() >= CAPACITY {
            suspects.retain(|_, until| *until > now);
        }
        if suspects.len() < CAPACITY {
            suspects.insert(whom, until);
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
    fn thr_16_when_there_are_too_many_suspects_everybody_is_one_until_they_expire() {
        let suspects = Suspects::default();
        let at = Timestamp::from_seconds;
        for n in 0..=CAPACITY {
            suspects.add(Digest::of(&n.to_le_bytes()), at(10), at(0));
        }
        assert!(suspects.contains(&Digest::of(b"nobody"), at(1)));
        assert_eq!(suspects.lock().len(), CAPACITY);
        suspects.add(Digest::of(b"late"), at(30), at(20));
        assert!(suspects.contains(&Digest::of(b"late"), at(20)));
        assert!(!suspects.contains(&Digest::of(b"nobody"), at(20)));
    }
}
