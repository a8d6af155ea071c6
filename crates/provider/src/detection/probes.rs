//! Requests of scanners: gathered for seconds, then one event for each source.

use std::collections::HashMap;
use std::sync::Mutex;

use sekisho_guard::{is_sent_by_a_page, probe};
use sekisho_model::{EventKind, Origin, Outcome};

use super::lock;
use crate::{Failure, Provider};

/// Sources that are told apart between two rounds, and recorded in one.
const MOST: usize = 1_000;

/// What came since the last round.
#[derive(Debug, Default)]
pub(crate) struct SeenProbes(Mutex<HashMap<String, Seen>>);

/// What came from one address.
#[derive(Debug)]
struct Seen {
    origin: Origin,
    what: &'static str,
    /// Requests that count.
    count: u32,
    /// Requests that a page of another site made a browser send.
    by_pages: u32,
}

/// What a request says about itself, as the server decided.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The path, as it came.
    pub path: &'a str,
    /// The query, as it came.
    pub query: &'a str,
    /// `Sec-Fetch-Site`.
    pub site: Option<&'a str>,
    /// `Sec-Fetch-Dest`.
    pub dest: Option<&'a str>,
}

impl Provider {
    /// Looks at a request as it came, whatever became of it. What a browser sent for a page of another site is
    /// recorded, and does not count: else ten pictures on that page would keep its readers out.
    pub fn note_request(&self, sent: Sent<'_>, origin: impl FnOnce() -> Origin) {
        let Some(what) = probe(sent.path, sent.query) else {
            return;
        };
        let by_page = is_sent_by_a_page(sent.site, sent.dest);
        let by = if by_page { "page" } else { "program" };
        metrics::counter!("sekisho_probes_total", "what" => what, "sent_by" => by).increment(1);
        self.gather(Seen {
            origin: origin(),
            what,
            count: u32::from(!by_page),
            by_pages: u32::from(by_page),
        });
    }

    fn gather(&self, one: Seen) {
        let mut seen = lock(&self.watch.probes.0);
        if let Some(all) = seen.get_mut(&one.origin.ip) {
            all.count = all.count.saturating_add(one.count);
            all.by_pages = all.by_pages.saturating_add(one.by_pages);
        } else if seen.len() < MOST {
            seen.insert(one.origin.ip.clone(), one);
        }
    }

    pub(super) async fn record_probes(&self) -> Result<(), Failure> {
        let seen = std::mem::take(&mut *lock(&self.watch.probes.0));
        if seen.is_empty() {
            return Ok(());
        }
        let told = |seen: &Seen| {
            let mut event = self.event(EventKind::ProbesSeen, Outcome::Refused, &seen.origin);
            event.detail = serde_json::json!({ "what": seen.what, "count": seen.count });
            if let (1.., Some(members)) = (seen.by_pages, event.detail.as_object_mut()) {
                members.insert("by_pages".to_owned(), seen.by_pages.into());
            }
            event
        };
        let events: Vec<_> = seen.values().map(told).collect();
        let written = self.store.write(move |tx| tx.record_many(&events)).await;
        if written.is_err() {
            // It is told with what comes next.
            for seen in seen.into_values() {
                self.gather(seen);
            }
        }
        Ok(written?)
    }
}
