//! Requests of scanners: gathered for seconds, then one event for each source.

use std::collections::HashMap;
use std::sync::Mutex;

use sekisho_guard::probe;
use sekisho_model::{EventKind, Origin, Outcome};

use super::lock;
use crate::{Failure, Provider};

/// Sources that are told apart between two rounds, and recorded in one.
const MOST: usize = 1_000;

/// What came since the last round.
#[derive(Debug, Default)]
pub(crate) struct SeenProbes(Mutex<HashMap<String, (Origin, u32, &'static str)>>);

impl Provider {
    /// Looks at a request as it came, whatever became of it.
    pub fn note_request(&self, (path, query): (&str, &str), origin: impl FnOnce() -> Origin) {
        let Some(what) = probe(path, query) else {
            return;
        };
        metrics::counter!("sekisho_probes_total", "what" => what).increment(1);
        let origin = origin();
        let mut seen = lock(&self.watch.probes.0);
        if let Some((_, count, _)) = seen.get_mut(&origin.ip) {
            *count = count.saturating_add(1);
        } else if seen.len() < MOST {
            seen.insert(origin.ip.clone(), (origin, 1, what));
        }
    }

    /// What could not be written is told with what comes next.
    fn gather_again(&self, before: HashMap<String, (Origin, u32, &'static str)>) {
        let mut seen = lock(&self.watch.probes.0);
        for (ip, one) in before {
            let more = one.1;
            let all = seen.entry(ip).or_insert((one.0, 0, one.2));
            all.1 = all.1.saturating_add(more);
        }
    }

    pub(super) async fn record_probes(&self) -> Result<(), Failure> {
        let seen = std::mem::take(&mut *lock(&self.watch.probes.0));
        if seen.is_empty() {
            return Ok(());
        }
        let events: Vec<_> = seen
            .values()
            .map(|(origin, count, what)| {
                let mut event = self.event(EventKind::ProbesSeen, Outcome::Refused, origin);
                event.detail = serde_json::json!({ "what": what, "count": count });
                event
            })
            .collect();
        let written = self.store.write(move |tx| tx.record_many(&events)).await;
        if written.is_err() {
            self.gather_again(seen);
        }
        Ok(written?)
    }
}
