//! The list of leaked passwords (`password.breached_filter`): opened at the start, and anew when the file changes
//! (PW-10).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sekisho_provider::Provider;
use sekisho_provider::password::BreachedPasswords;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::config::Password;
use crate::wiring::WiringError;

/// How often the file is looked at: such lists change a few times a year.
const BEAT: Duration = Duration::from_secs(30);

/// The list, if there is one; a damaged one stops the start.
pub(crate) fn read(config: &Password) -> Result<Option<BreachedPasswords>, WiringError> {
    let Some(file) = &config.breached_filter else {
        return Ok(None);
    };
    BreachedPasswords::open(file)
        .map(Some)
        .map_err(|problem| WiringError::LeakedPasswords(format!("{}: {problem}", file.display())))
}

/// Starts the watch over the file. One that is broken or gone leaves the list that was known, and the log says so.
pub(crate) fn start(config: &Password, provider: &Arc<Provider>) -> Option<JoinHandle<()>> {
    let path = config.breached_filter.clone()?;
    let provider = Arc::clone(provider);
    Some(tokio::spawn(async move {
        let mut known = changed(&path);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            look(&path, &provider, &mut known);
        }
    }))
}

fn look(path: &Path, provider: &Provider, known: &mut Option<(SystemTime, u64)>) {
    let now = changed(path);
    if now == *known {
        return;
    }
    *known = now;
    match BreachedPasswords::open(path) {
        Ok(list) => {
            tracing::info!(
                passwords = list.entries(),
                "the list of leaked passwords was read anew"
            );
            provider.tell_leaked_passwords(list);
        }
        Err(problem) => {
            tracing::warn!(%problem, "the list of leaked passwords that was known before is used");
        }
    }
}

fn changed(path: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}
