//! What came of counting an act, and whether it may go ahead.

use sekisho_model::Timestamp;
use sekisho_session::Verdict;

use super::Pass;
use crate::rules::Counter;
use crate::ticket::{Counted, Place, Ticket};

/// What came of counting an act.
pub(super) enum Judged {
    Go(Ticket),
    Over(Counter, Timestamp),
    NoRoom(Timestamp),
}

impl Judged {
    pub(super) fn of(
        verdict: Verdict,
        counted: Vec<Counted>,
        place: Place,
        now: Timestamp,
    ) -> Self {
        match verdict {
            Verdict::Within => Self::Go(Ticket {
                taken_at: now,
                place,
                counted,
            }),
            Verdict::Over { which, until } => counted
                .get(which)
                .map_or(Self::NoRoom(until), |c| Self::Over(c.counter, until)),
        }
    }

    pub(super) fn into_pass(self) -> Pass {
        match self {
            Self::Go(ticket) => {
                for counted in &ticket.counted {
                    let limit = counted.counter.name();
                    metrics::counter!("sekisho_throttle_counted_total", "limit" => limit)
                        .increment(1);
                }
                Pass::Go(ticket)
            }
            Self::Over(counter, until) => wait(until, counter.name()),
            Self::NoRoom(until) => wait(until, "no room to count"),
        }
    }
}

pub(super) fn wait(until: Timestamp, limit: &'static str) -> Pass {
    metrics::counter!("sekisho_throttle_waits_total", "limit" => limit).increment(1);
    Pass::Wait { until, limit }
}
