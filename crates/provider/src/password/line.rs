//! Who waits for a hash thread: sign-ins before new passwords, each in the order they came, not longer than they
//! were promised, and only as many as can have their turn in that time (PW-21, INC-09). Pure: the pool tells what time
//! it is.

use std::collections::VecDeque;
use std::time::Duration;

/// How much of the newest measurement goes into the mean.
const NEWEST: u32 = 8;
/// A new password lets every sign-in pass until it has waited for half of the longest wait, then so many: when
/// everybody has to change theirs, the others still sign in at once, and when everybody signs in, new passwords are
/// still made.
const BEFORE_ONE: usize = 3;

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

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// A password is compared.
    SignIn,
    /// A new record is made.
    Making,
}

struct Waiting<T> {
    what: T,
    /// When it came, counted from the beginning of the line.
    since: Duration,
    /// When its turn must have come.
    until: Option<Duration>,
    extra_kib: u64,
}

/// The line before the hash threads.
pub(super) struct Line<T> {
    sign_ins: VecDeque<Waiting<T>>,
    makings: VecDeque<Waiting<T>>,
    /// Sign-ins that had their turn while a new password waited.
    passed: usize,
    bounds: Bounds,
    free_kib: u64,
    /// What a turn takes.
    mean: Option<Duration>,
}

impl<T> Line<T> {
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self {
            sign_ins: VecDeque::new(),
            makings: VecDeque::new(),
            passed: 0,
            free_kib: bounds.spare_kib,
            bounds,
            mean: None,
        }
    }

    /// Whether so much memory can ever be free.
    pub(super) const fn fits(&self, extra_kib: u64) -> bool {
        extra_kib <= self.bounds.spare_kib
    }

    /// Joins its lane at the end; `false` if there is no point in waiting. `extra_kib` is the memory it
    /// takes beyond what a slot keeps.
    pub(super) fn join(
        &mut self,
        what: T,
        extra_kib: u64,
        (lane, patience): (Lane, Patience),
        now: Duration,
    ) -> bool {
        if !self.fits(extra_kib) || self.before(lane) >= self.room(patience) {
            return false;
        }
        let until = match patience {
            Patience::Short => Some(now.saturating_add(self.bounds.max_wait)),
            Patience::Endless => None,
        };
        self.lane(lane).push_back(Waiting {
            what,
            since: now,
            until,
            extra_kib,
        });
        true
    }

    /// How many have their turn before one who joins now.
    fn before(&self, lane: Lane) -> usize {
        let (sign_ins, makings) = (self.sign_ins.len(), self.makings.len());
        match lane {
            Lane::SignIn => sign_ins + makings.min(sign_ins / BEFORE_ONE),
            Lane::Making => sign_ins + makings,
        }
    }

    const fn lane(&mut self, lane: Lane) -> &mut VecDeque<Waiting<T>> {
        match lane {
            Lane::SignIn => &mut self.sign_ins,
            Lane::Making => &mut self.makings,
        }
    }

    /// Whose turn it is. Who waited in vain is dropped: a hash that nobody waits for takes the place of one that
    /// somebody does. `None` if nobody waits, or who does waits for memory.
    pub(super) fn next(&mut self, now: Duration) -> Option<(T, u64)> {
        let too_late = |one: &Waiting<T>| one.until.is_some_and(|until| until < now);
        for lane in [&mut self.sign_ins, &mut self.makings] {
            while lane.front().is_some_and(too_late) {
                drop(lane.pop_front());
            }
        }
        let makings_wait = !self.makings.is_empty();
        if self.waits_for_long(now) && self.passed >= BEFORE_ONE {
            return self.take(Lane::Making).or_else(|| self.take(Lane::SignIn));
        }
        let sign_in = self.take(Lane::SignIn);
        self.passed += usize::from(makings_wait && sign_in.is_some());
        sign_in.or_else(|| self.take(Lane::Making))
    }

    /// Whether the first of the new passwords has let others pass for long enough.
    fn waits_for_long(&self, now: Duration) -> bool {
        let first = self.makings.front();
        first.is_some_and(|one| now.saturating_sub(one.since) >= self.bounds.max_wait / 2)
    }

    fn take(&mut self, lane: Lane) -> Option<(T, u64)> {
        let extra_kib = self.lane(lane).front()?.extra_kib;
        self.free_kib = self.free_kib.checked_sub(extra_kib)?;
        if lane == Lane::Making {
            self.passed = 0;
        }
        let first = self.lane(lane).pop_front();
        first.map(|one| (one.what, extra_kib))
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
    const PERSON: (Lane, Patience) = (Lane::SignIn, Patience::Short);
    const CHANGE: (Lane, Patience) = (Lane::Making, Patience::Short);

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
                let joined = line.join(came, 0, PERSON, now);
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
        let before = line.sign_ins.len();
        let next = line.next(now);
        let left = before - line.sign_ins.len() - usize::from(next.is_some());
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
        assert!(line.join("person", 0, PERSON, at(0)));
        assert!(line.join("import", 0, (Lane::Making, Patience::Endless), at(0)));
        assert!(line.join("late", 0, CHANGE, at(2)));
        assert_eq!(line.next(at(3)), Some(("import", 0)));
        assert_eq!(line.next(at(4)), Some(("late", 0)));
        assert_eq!(line.next(at(4)), None);
    }

    #[test]
    fn pw_21_what_is_computed_at_once_keeps_within_the_memory() {
        let mut line = Line::new(bounds());
        let now = Duration::ZERO;
        assert!(!line.join("too dear", 101, PERSON, now));
        for (what, extra) in [("dear", 100), ("dearer", 60), ("plain", 0)] {
            assert!(line.join(what, extra, PERSON, now), "{what}");
        }
        assert_eq!(line.next(now), Some(("dear", 100)));
        assert_eq!(line.next(now), None, "there is no memory for the next");
        line.done(100, None);
        assert_eq!(line.next(now), Some(("dearer", 60)));
        assert_eq!(line.next(now), Some(("plain", 0)));
    }

    /// In which order they have their turn at `now`, who came at the beginning.
    fn order_at(now: Duration) -> String {
        let mut line = Line::new(bounds());
        for change in ["c1", "c2", "c3"] {
            assert!(line.join(change, 0, CHANGE, Duration::ZERO));
        }
        for person in ["p1", "p2", "p3", "p4", "p5"] {
            assert!(line.join(person, 0, PERSON, Duration::ZERO));
        }
        let order = std::iter::from_fn(|| line.next(now));
        order.map(|(who, _)| who).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn inc_09_a_wave_of_new_passwords_holds_no_sign_in_up() {
        assert_eq!(order_at(HASH), "p1 p2 p3 p4 p5 c1 c2 c3");
    }

    #[test]
    fn inc_09_new_passwords_that_waited_for_long_are_not_starved() {
        let long = bounds().max_wait / 2;
        assert_eq!(order_at(long), "p1 p2 p3 c1 p4 p5 c2 c3");
    }

    #[test]
    fn inc_09_a_full_lane_of_new_passwords_leaves_room_for_sign_ins() {
        let (mut line, now) = (Line::new(bounds()), Duration::ZERO);
        line.done(0, Some(HASH));
        let joined =
            |line: &mut Line<()>, what| (0..100).filter(|_| line.join((), 0, what, now)).count();
        assert_eq!(
            joined(&mut line, CHANGE),
            16,
            "two slots, two seconds, 250 ms each"
        );
        assert_eq!(
            joined(&mut line, PERSON),
            12,
            "and every fourth turn may be a change"
        );
        assert_eq!(joined(&mut line, CHANGE), 0);
    }

    #[test]
    fn who_waits_for_memory_lets_others_pass() {
        let (mut line, now) = (Line::new(bounds()), Duration::ZERO);
        assert!(line.join("runs", 100, CHANGE, now));
        assert_eq!(line.next(now), Some(("runs", 100)));
        assert!(line.join("dear", 60, CHANGE, now));
        assert!(line.join("plain", 0, PERSON, now));
        assert_eq!(line.next(now), Some(("plain", 0)));
        assert_eq!(line.next(now), None);
        line.done(100, None);
        assert_eq!(line.next(now), Some(("dear", 60)));
    }
}
