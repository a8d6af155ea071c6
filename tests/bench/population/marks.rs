//! A forced reset of everyone: how long the mark takes, and how soon a running server keeps to it.

use std::time::Instant;

use sekisho_audit::NewEvent;
use sekisho_model::{Cohort, EventKind, Origin, OsEntropy, Outcome};
use sekisho_server::wiring::{Surroundings, command_services};

use super::Goal;
use super::town::Town;
use crate::report::middle;

const TIMES: usize = 21;

pub(super) async fn measure(town: &Town) -> Result<Goal, String> {
    let services = command_services(&town.place.config, Surroundings::default())
        .await
        .map_err(|error| error.to_string())?;
    let provider = &services.provider;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let event = NewEvent::new(EventKind::CohortMarked, Outcome::Passed);
        let event = event.happened(provider.now(), &Origin::default(), &OsEntropy::new());
        let began = Instant::now();
        let marked = provider.force_reset(Cohort::default(), true, "a drill", event);
        marked.await.map_err(|failure| failure.to_string())?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    let (median, slowest) = (
        middle(took.clone()),
        took.last().copied().unwrap_or_default(),
    );
    println!(
        "\nforced reset of {} accounts, {TIMES} times: median {median:.1} ms, slowest {slowest:.1} ms",
        town.accounts,
    );
    services.store.close().await;
    let what = format!("an epoch moves for all accounts in under 50 ms: {median:.1} ms");
    Ok(Goal::new(what, median < 50.0))
}
