//! Who waits for a hash thread: in the order they came, not longer than they were promised, and only as
//! many as can have their turn in that time (PW-21). Pure: the pool tells what time it is.

use std::collections::VecDeque;
use std::time::Duration;

/// How much of the newest measurement goes into the mean.
const NEWEST: u32 = 8;

/// What bounds a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Hashes computed at once.
    pub(super) slots: usize,
    /// How long somebody waits for a turn.
    pub(super) max_wait: Duration,
    /// The most that may wait, whatever was measured.
    pub(super) most: usize,
    /// Memory beyond what every slot keeps, in KiB.
    pub(super) spare_kib: u64,
}

/// How long somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as the bounds say: a person waits.
    Short,
    /// Until it is done: nobody waits.
    Endless,
}

struct Waiting<T> {
    what: T,
    /// When its turn must have come, counted from the beginning of the line.
    until: Option<Duration>,
    extra_kib: u64,
}

/// The line before the hash threads.
pub(super) struct Line<T> {
    waiting: VecDeque<Waiting<T>>,
    bounds: Bounds,
    free_kib: u64,
    /// What a turn takes.
    mean: Option<Duration>,
}

impl<T> Line<T> {
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self {
            waiting: VecDeque::new(),
            free_kib: bounds.spare_kib,
            bounds,
            mean: None,
        }
    }

    /// Whether so much memory can ever be free.
    pub(super) const fn fits(&self, extra_kib: u64) -> bool {
        extra_kib <= self.bounds.spare_kib
    }

    /// Joins the line at its end; `false` if there is no point in waiting. `extra_kib` is the memory it
    /// takes beyond what a slot keeps.
    pub(super) fn join(
        &mut self,
        what: T,
        extra_kib: u64,
        patience: Patience,
        now: Duration,
    ) -> bool {
        if !self.fits(extra_kib) || self.waiting.len() >= self.room(patience) {
            return false;
        }
        let until = match patience {
            Patience::Short => Some(now.saturating_add(self.bounds.max_wait)),
            Patience::Endless => None,
        };
        self.waiting.push_back(Waiting {
            what,
            until,
            extra_kib,
        });
        true
    }

    /// Whose turn it is. Who waited in vain is dropped: a hash that nobody waits for takes the place of one that
    /// somebody does. `None` if nobody waits, or the next one waits for memory.
    pub(super) fn next(&mut self, now: Duration) -> Option<(T, u64)> {
        let too_late = |one: &Waiting<T>| one.until.is_some_and(|until| until < now);
        while self.waiting.front().is_some_and(too_late) {
            drop(self.waiting.pop_front());
        }
        let extra_kib = self.waiting.front()?.extra_kib;
        self.free_kib = self.free_kib.checked_sub(extra_kib)?;
        self.waiting.pop_front().map(|one| (one.what, extra_kib))
    }

    /// A turn is over: its memory is free again. `took` counts if something was computed.
    pub(super) fn done(&mut self, extra_kib: u64, took: Option<Duration>) {
        self.free_kib = self
            .free_kib
            .saturating_add(extra_kib)
            .min(self.bounds.spare_kib);
        if let Some(took) = took {
            self.mean = Some(match self.mean {
                None => took,
                Some(mean) => (mean * (NEWEST - 1) + took) / NEWEST,
            });
        }
    }

    /// How many may wait: with more, the last would wait in vain.
    fn room(&self, patience: Patience) -> usize {
        let Bounds {
            slots,
            max_wait,
            most,
            ..
        } = self.bounds;
        let mean = match (patience, self.mean) {
            (Patience::Short, Some(mean)) if !mean.is_zero() => mean,
            (Patience::Short | Patience::Endless, _) => return most,
        };
        let rounds = max_wait.as_micros() / mean.as_micros().max(1);
        let rounds = usize::try_from(rounds).unwrap_or(usize::MAX);
        slots.saturating_mul(rounds).clamp(slots.min(most), most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: Duration = Duration::from_millis(250);

    fn bounds() -> Bounds {
        Bounds {
            slots: 2,
            max_wait: Duration::from_secs(2),
            most: 128,
            spare_kib: 100,
        }
    }

    /// What came of a minute of sign-ins that come every `gap`.
    #[derive(Default)]
    struct Minute {
        answered: u32,
        given_up: u32,
        refused: u32,
        longest: Duration,
    }

    /// In steps of a millisecond: slots compute, people come, and who waits for too long goes.
    fn minute(line: &mut Line<Duration>, gap: Duration) -> Minute {
        let mut told = Minute::default();
        let mut slots = vec![None; line.bounds.slots];
        let (mut came, mut now) = (Duration::ZERO, Duration::ZERO);
        while now < Duration::from_mins(1) {
            now += Duration::from_millis(1);
            while came <= now {
                let joined = line.join(came, 0, Patience::Short, now);
                told.refused += u32::from(!joined);
                came += gap;
            }
            for slot in &mut slots {
                turn(line, slot, now, &mut told);
            }
        }
        told
    }

    /// One slot at one moment: it is done with somebody, and takes the next.
    fn turn(
        line: &mut Line<Duration>,
        slot: &mut Option<Duration>,
        now: Duration,
        told: &mut Minute,
    ) {
        if slot.is_some_and(|ends| ends <= now) {
            line.done(0, Some(HASH));
            told.answered += 1;
            *slot = None;
        }
        if slot.is_some() {
            return;
        }
        let before = line.waiting.len();
        let next = line.next(now);
        let left = before - line.waiting.len() - usize::from(next.is_some());
        told.given_up += u32::try_from(left).unwrap();
        if let Some((since, _)) = next {
            told.longest = told.longest.max(now.saturating_sub(since));
            *slot = Some(now + HASH);
        }
    }

    #[test]
    fn pw_21_under_five_times_the_load_the_slots_still_answer_somebody() {
        // Two slots at 250 ms compute eight a second; forty come.
        let told = minute(&mut Line::new(bounds()), HASH / 10);
        let capacity = 60 * 8;
        assert!(told.answered * 10 >= capacity * 8, "{}", told.answered);
        assert!(told.longest <= bounds().max_wait, "{:?}", told.longest);
        // All but those of the first seconds are told at once and not after two seconds.
        assert!(told.given_up < 150, "{}", told.given_up);
        assert!(told.refused > 1_500, "{}", told.refused);
    }

    #[test]
    fn with_less_than_the_slots_can_do_everybody_is_answered() {
        let told = minute(&mut Line::new(bounds()), HASH);
        assert_eq!((told.refused, told.given_up), (0, 0));
        assert!(told.answered > 230, "{}", told.answered);
    }

    #[test]
    fn pw_21_as_many_wait_as_can_have_their_turn_in_time() {
        let mut line = Line::<()>::new(bounds());
        assert_eq!(line.room(Patience::Short), 128, "nothing is measured yet");
        line.done(0, Some(HASH));
        assert_eq!(line.room(Patience::Short), 16);
        assert_eq!(line.room(Patience::Endless), 128);
        for _ in 0..100 {
            line.done(0, Some(Duration::from_secs(9)));
        }
        // Dearer than anybody waits for: as many as there are slots, which are started and then waited for.
        assert_eq!(line.room(Patience::Short), 2);
        for _ in 0..100 {
            line.done(0, Some(Duration::from_micros(1)));
        }
        assert_eq!(line.room(Patience::Short), 128);
    }

    #[test]
    fn who_waited_in_vain_is_passed_over_and_who_has_patience_is_not() {
        let mut line = Line::new(bounds());
        let at = Duration::from_secs;
        assert!(line.join("person", 0, Patience::Short, at(0)));
        assert!(line.join("import", 0, Patience::Endless, at(0)));
        assert!(line.join("late", 0, Patience::Short, at(2)));
        assert_eq!(line.next(at(3)), Some(("import", 0)));
        assert_eq!(line.next(at(4)), Some(("late", 0)));
        assert_eq!(line.next(at(4)), None);
    }

    #[test]
    fn pw_21_what_is_computed_at_once_keeps_within_the_memory() {
        let mut line = Line::new(bounds());
        let now = Duration::ZERO;
        assert!(!line.join("too dear", 101, Patience::Endless, now));
        for (what, extra) in [("dear", 100), ("dearer", 60), ("plain", 0)] {
            assert!(line.join(what, extra, Patience::Short, now), "{what}");
        }
        assert_eq!(line.next(now), Some(("dear", 100)));
        assert_eq!(line.next(now), None, "there is no memory for the next");
        line.done(100, None);
        assert_eq!(line.next(now), Some(("dearer", 60)));
        assert_eq!(line.next(now), Some(("plain", 0)));
    }
}
