use std::collections::BTreeMap;

use super::queue::Name;

/// How many turns one call forgets at most, so that none waits for a long sweep.
const SWEEP: usize = 200;

/// The turns that are taken: how many tickets of a source stand in a round.
#[derive(Default)]
pub(super) struct Turns {
    taken: BTreeMap<(u64, Name), u32>,
}

impl Turns {
    /// Takes a turn of each source in the first round in which all of them have one left, from `first`
    /// on and at most `deepest` rounds later.
    pub(super) fn take(
        &mut self,
        sources: &[(Name, u32)],
        first: u64,
        deepest: u32,
    ) -> Option<u64> {
        // Sources fill rounds one after the other, so the rounds without a turn left come first.
        let (mut low, mut high) = (first, first + u64::from(deepest) + 1);
        while low < high {
            let middle = low.midpoint(high);
            if self.are_left(sources, middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        if low > first + u64::from(deepest) {
            return None;
        }
        for (source, _) in sources {
            *self.taken.entry((low, *source)).or_default() += 1;
        }
        Some(low)
    }

    /// Forgets the turns of rounds before `first`, which are over, and those that would be over next if
    /// there are more than `most`.
    pub(super) fn forget(&mut self, first: u64, most: usize) {
        for _ in 0..SWEEP {
            let over = self.taken.first_key_value();
            let over = over.is_some_and(|((round, _), _)| *round < first);
            if !over && self.taken.len() <= most {
                return;
            }
            self.taken.pop_first();
        }
    }

    pub(super) fn clear(&mut self) {
        self.taken.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.taken.len()
    }

    fn are_left(&self, sources: &[(Name, u32)], round: u64) -> bool {
        sources.iter().all(|(source, turns)| {
            let taken = self.taken.get(&(round, *source));
            taken.is_none_or(|taken| taken < turns)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: (Name, u32) = ([1; 32], 1);
    const NEXT_DOOR: (Name, u32) = ([2; 32], 1);
    const STREET: (Name, u32) = ([9; 32], 2);

    #[test]
    fn a_turn_is_one_of_every_source() {
        let mut turns = Turns::default();
        for round in 0..3 {
            assert_eq!(turns.take(&[HOME, STREET], 0, 3), Some(round));
        }
        assert_eq!(turns.take(&[NEXT_DOOR, STREET], 0, 3), Some(0));
        assert_eq!(
            turns.take(&[([3; 32], 1), STREET], 0, 3),
            Some(1),
            "the street has had its turns of the first round"
        );
        assert_eq!(turns.take(&[HOME, STREET], 0, 3), Some(3));
        assert_eq!(turns.take(&[HOME, STREET], 0, 3), None, "too deep");
    }

    #[test]
    fn rounds_that_are_over_are_forgotten_and_more_than_most_are_not_kept() {
        let mut turns = Turns::default();
        for _ in 0..10 {
            turns.take(&[HOME, STREET], 0, 20);
        }
        turns.forget(4, 100);
        assert_eq!(turns.len(), 2 * 6);
        turns.forget(4, 8);
        assert_eq!(turns.len(), 8);
    }
}
