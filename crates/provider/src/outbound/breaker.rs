//! A host that fails again and again is left alone for a while. Pure: the moment is an argument.

use std::time::Duration;

use sekisho_model::Timestamp;

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;

/// How long it stays open; then one request tries.
pub(super) const OPEN_FOR: Duration = Duration::from_mins(1);

/// What is known of one host.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    open_until: Option<Timestamp>,
}

impl Breaker {
    /// Whether a request may go out now. The first one after the pause goes alone: the others wait
    /// for what comes of it.
    pub(super) fn lets_through(&mut self, now: Timestamp) -> bool {
        match self.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                self.open_until = Some(now + OPEN_FOR);
                true
            }
            None => true,
        }
    }

    /// The host answered.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The host did not answer, or not sensibly.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.open_until = Some(now + OPEN_FOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn reg_12_five_failures_in_a_row_stop_requests_for_a_minute() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            assert!(breaker.lets_through(at(0)));
            breaker.failed(at(0));
        }
        assert!(!breaker.lets_through(at(0)));
        assert!(!breaker.lets_through(at(59)));
        assert!(breaker.lets_through(at(60)));
    }

    #[test]
    fn reg_12_after_the_pause_one_request_tries_alone() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            breaker.failed(at(0));
        }
        assert!(breaker.lets_through(at(60)));
        assert!(!breaker.lets_through(at(61)));
        breaker.failed(at(65));
        assert!(!breaker.lets_through(at(124)));
        assert!(breaker.lets_through(at(125)));
        breaker.succeeded();
        assert!(breaker.lets_through(at(126)) && breaker.lets_through(at(126)));
    }

    #[test]
    fn reg_12_a_success_starts_the_count_again() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker.failed(at(0));
        }
        breaker.succeeded();
        breaker.failed(at(0));
        assert!(breaker.lets_through(at(0)));
    }
}
