//! Room in what is remembered: bounded, and cheap also while it is full.

use std::collections::HashMap;
use std::hash::Hash;

use sekisho_model::Timestamp;

/// When `most` are remembered, a quarter goes, the oldest first: whoever floods us makes us look through all of
/// them once in many times, not each time.
pub(super) fn make_room<K: Eq + Hash, V>(
    all: &mut HashMap<K, V>,
    most: usize,
    when: impl Fn(&V) -> Option<Timestamp>,
) {
    if all.len() < most {
        return;
    }
    let mut moments: Vec<Option<Timestamp>> = all.values().map(&when).collect();
    let (_, border, _) = moments.select_nth_unstable(most / 4);
    let border = *border;
    all.retain(|_, one| when(one) > border);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(all: &mut HashMap<u32, Timestamp>, number: u32) {
        make_room(all, 100, |at| Some(*at));
        all.insert(number, Timestamp::from_seconds(number.into()));
    }

    #[test]
    fn thr_16_the_oldest_go_and_there_is_room_for_a_while() {
        let mut all = HashMap::new();
        for number in 0..100 {
            filled(&mut all, number);
        }
        assert_eq!(all.len(), 100);
        filled(&mut all, 100);
        assert_eq!(all.len(), 75);
        assert!(!all.contains_key(&25) && all.contains_key(&26));
        for number in 101..10_000 {
            filled(&mut all, number);
            assert!(all.len() <= 100 && all.contains_key(&number));
        }
    }

    #[test]
    fn of_one_moment_all_go() {
        let mut all: HashMap<u32, Timestamp> =
            (0..100).map(|n| (n, Timestamp::from_seconds(1))).collect();
        make_room(&mut all, 100, |at| Some(*at));
        assert!(all.is_empty());
    }
}
