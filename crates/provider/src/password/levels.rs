use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Most kinds of records that are told apart.
const MOST: usize = 256;

/// What kinds of records take beyond an ordinary hash, so that every wrong password can take as long as the
/// slowest of them (PW-20).
#[derive(Debug, Default)]
pub(super) struct Levels(Mutex<HashMap<String, Duration>>);

impl Levels {
    /// Notes what one hash of `kind` took. The quickest of all counts: the others were held up by other work,
    /// and one that stood still for a second must not slow everybody down until the next start.
    pub(super) fn note(&self, kind: String, took: Duration) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(least) = kinds.get_mut(&kind) {
            *least = took.min(*least);
            return;
        }
        if kinds.len() >= MOST {
            // The quickest is not missed: only the slowest counts.
            let quickest = kinds.iter().min_by_key(|(_, took)| **took);
            let Some((quickest, _)) = quickest.filter(|(_, least)| **least < took) else {
                return;
            };
            let quickest = quickest.clone();
            kinds.remove(&quickest);
        }
        kinds.insert(kind, took);
    }

    /// What the slowest kind takes, not more than `most`.
    pub(super) fn slowest(&self, most: Duration) -> Duration {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slowest = kinds.values().max().copied().unwrap_or_default();
        slowest.min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pw_20_the_slowest_kind_counts_by_its_quickest_hash() {
        let levels = Levels::default();
        let ms = Duration::from_millis;
        let most = Duration::from_secs(2);
        assert_eq!(levels.slowest(most), Duration::ZERO);
        for (kind, took) in [("bcrypt", 1_900), ("md5", 1), ("bcrypt", 300), ("md5", 9)] {
            levels.note(kind.to_owned(), ms(took));
        }
        assert_eq!(levels.slowest(most), ms(300));
        levels.note("argon2".to_owned(), ms(9_000));
        assert_eq!(levels.slowest(most), most);
    }

    #[test]
    fn pw_20_a_slow_kind_is_noted_however_many_came_before() {
        let levels = Levels::default();
        for n in 0..2 * MOST {
            let took = Duration::from_micros(u64::try_from(n).unwrap());
            levels.note(n.to_string(), took);
        }
        let slowest = levels.slowest(Duration::from_secs(2));
        assert_eq!(slowest, Duration::from_micros(511));
    }
}
