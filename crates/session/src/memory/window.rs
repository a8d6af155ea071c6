use std::time::Duration;

use sekisho_model::Timestamp;

/// So many acts have an entry each; further ones share it if they are closer together than this part
/// of the window.
const PARTS: u32 = 16;
const ENTRIES: usize = 16;

/// The acts of one counter that still count, oldest first; a few dozen entries at most.
///
/// Strict: no window of the given length ever holds more than the limit (a counter that starts anew
/// at each full hour would let twice as many through). The twin of what `redis/count.lua` keeps.
#[derive(Default)]
pub(super) struct Window(Vec<Entry>);

struct Entry {
    first: Timestamp,
    last: Timestamp,
    acts: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    NotYet,
    Until(Timestamp),
}

impl Window {
    /// Whether `max` acts count at `now`, and until when.
    pub(super) fn reached(&self, max: u32, window: Duration, now: Timestamp) -> Reached {
        if max == 0 {
            return Reached::Until(now + window);
        }
        let mut acts = 0_u32;
        for entry in self.0.iter().rev().filter(|e| e.last + window > now) {
            acts = acts.saturating_add(entry.acts);
            if acts >= max {
                return Reached::Until(entry.last + window);
            }
        }
        Reached::NotYet
    }

    /// Counts an act.
    pub(super) fn add(&mut self, window: Duration, now: Timestamp) {
        self.0.retain(|entry| entry.last + window > now);
        let crowded = self.0.len() >= ENTRIES;
        match self.0.last_mut() {
            Some(entry) if crowded && now < entry.first + window / PARTS => {
                entry.first = entry.first.min(now);
                entry.last = entry.last.max(now);
                entry.acts = entry.acts.saturating_add(1);
            }
            _ => self.0.push(Entry {
                first: now,
                last: now,
                acts: 1,
            }),
        }
    }

    /// Takes back an act that was counted at `at`.
    pub(super) fn give_back(&mut self, at: Timestamp) {
        let entry = self
            .0
            .iter_mut()
            .find(|entry| entry.first <= at && at <= entry.last);
        if let Some(entry) = entry {
            entry.acts = entry.acts.saturating_sub(1);
        }
        self.0.retain(|entry| entry.acts > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn thr_01_no_window_of_the_length_holds_more_than_the_limit() {
        let mut window = Window::default();
        let mut counted = Vec::new();
        for second in (0..20_000).step_by(7) {
            if window.reached(50, HOUR, at(second)) == Reached::NotYet {
                window.add(HOUR, at(second));
                counted.push(second);
            }
            assert!(window.0.len() <= 34);
        }
        for start in &counted {
            let inside = counted
                .iter()
                .filter(|s| (*start..start + 3600).contains(*s));
            assert!(inside.count() <= 50);
        }
        assert!(counted.len() >= 250, "{}", counted.len());
    }

    #[test]
    fn a_wait_ends_a_window_after_the_act_that_drops_out() {
        let mut window = Window::default();
        window.add(HOUR, at(0));
        window.add(HOUR, at(1000));
        assert_eq!(window.reached(2, HOUR, at(1001)), Reached::Until(at(3600)));
        assert_eq!(window.reached(1, HOUR, at(1001)), Reached::Until(at(4600)));
        assert_eq!(window.reached(2, HOUR, at(3600)), Reached::NotYet);
    }

    #[test]
    fn thr_10_an_act_given_back_is_the_one_that_was_counted() {
        let mut window = Window::default();
        window.add(HOUR, at(0));
        window.add(HOUR, at(1000));
        window.give_back(at(0));
        assert_eq!(window.reached(1, HOUR, at(1001)), Reached::Until(at(4600)));
        window.give_back(at(500));
        assert_eq!(window.0.len(), 1, "nothing was counted then");
    }
}
