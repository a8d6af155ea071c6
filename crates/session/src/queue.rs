//! The queue before a door: so many people a wave, in a fair order, places kept while somebody comes back.

use std::time::Duration;

use sekisho_model::{Digest, Timestamp};

use crate::{Session, SessionError, on_backend};

/// How a door lets people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueRules {
    /// How long a wave lasts.
    pub wave: Duration,
    /// How many are let in with a wave.
    pub wave_size: u32,
    /// Who is let in stands among so many in front: more than a wave, or places whose owners have left would keep
    /// everybody out until they are forgotten.
    pub front: u32,
    /// How many may wait.
    pub most_waiting: u32,
    /// For how many rounds a source may wait ahead of others.
    pub deepest: u32,
    /// How long who was let in may come back.
    pub pass: Duration,
    /// Who has not come back for this long has gone.
    pub absent: Duration,
}

/// Where a ticket comes from. Sources take turns: of each only so many tickets stand in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSource {
    /// What all that come from there have in common.
    pub name: Digest,
    /// How many turns it has in a round.
    pub turns: u32,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueuePlace {
    /// Let in.
    Inside,
    /// Waiting, with so many ahead.
    Waiting {
        /// How many.
        ahead: u64,
    },
    /// No room to wait; nothing is kept.
    Full,
}

impl Session {
    /// Shows a ticket at the door. Who is new gets a place: sources take turns, so that many tickets of
    /// one source stand behind the first of every other. `sources` are where the ticket comes from, the
    /// narrowest first and each inside the next.
    pub async fn queue_up(
        &self,
        ticket: &Digest,
        sources: &[QueueSource],
        rules: &QueueRules,
        now: Timestamp,
    ) -> Result<QueuePlace, SessionError> {
        on_backend!(self, queue_up(ticket, sources, rules, now))
    }
}
