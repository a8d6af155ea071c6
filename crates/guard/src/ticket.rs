use sekisho_model::{Digest, Timestamp};
use sekisho_session::CounterKey;
use serde::{Deserialize, Serialize};

use crate::rules::Counter;

/// The receipt for one act that may go ahead. Hand it back when it is known how the act ended; it
/// can be parked with a pending sign-in meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "an act that succeeds goes on counting until its ticket is handed back"]
pub struct Ticket {
    pub(crate) taken_at: Timestamp,
    pub(crate) place: Place,
    pub(crate) counted: Vec<Counted>,
}

/// Where an act has been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// In the session store.
    Shared,
    /// In this process, since the session store was away.
    Here,
    /// Nowhere yet.
    Nowhere,
}

/// One counter an act counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) counter: Counter,
    pub(crate) whom: Digest,
}

impl Counted {
    pub(crate) const fn key(self) -> CounterKey {
        CounterKey {
            name: self.counter.name(),
            digest: self.whom,
        }
    }
}

impl Ticket {
    /// The counters a success starts from zero, and those it only does not count in.
    pub(crate) fn after_success(&self) -> (Vec<CounterKey>, Vec<CounterKey>) {
        let (ended, others): (Vec<Counted>, Vec<Counted>) = self
            .counted
            .iter()
            .partition(|counted| counted.counter.ends_with_success());
        let keys = |all: Vec<Counted>| all.into_iter().map(Counted::key).collect();
        (keys(ended), keys(others))
    }
}
