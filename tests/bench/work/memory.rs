//! Resident memory, before anybody came and after everything above.

use std::time::Duration;

use super::Bed;
use crate::machine::resident;
use crate::report::{Line, fact};

/// A second after the start.
pub(super) async fn idle(bed: &Bed<'_>) -> f64 {
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    beat.tick().await;
    beat.tick().await;
    resident(bed.server.id())
}

pub(super) fn after_load(bed: &Bed<'_>, idle: f64) -> Vec<Line> {
    let after = resident(bed.server.id());
    let bare = Some(resident(bed.ceiling.id()));
    // One hash slot on one core.
    let limit = 60.0 + 19.5;
    vec![
        fact("memory, idle", idle, None, (45.0, 30.0), "MiB"),
        fact(
            "memory, after the load above",
            after,
            bare,
            (limit, limit),
            "MiB",
        ),
    ]
}
