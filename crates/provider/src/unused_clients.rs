//! Apps that registered themselves and are not used any more leave (REG-07).

use std::time::Duration;

use moka::sync::Cache;
use sekisho_model::{Client, ClientId, ClientOrigin, Event, EventKind, Timestamp};
use sekisho_store::{Once, StoreError, Tx};
use serde_json::json;

use crate::{Failure, Provider};

/// A use is written down once in this time; what counts is days.
const NOTE_EVERY: Duration = Duration::from_hours(24);
/// Clients that leave in one transaction.
const BATCH: u32 = 100;

/// When the uses of clients were written down last, by this node.
#[derive(Debug)]
pub(crate) struct NotedUses(Cache<ClientId, Timestamp>);

impl NotedUses {
    pub(crate) fn new() -> Self {
        Self(Cache::new(10_000))
    }

    /// Whether a use now has to be written down; if so it counts as done.
    fn is_due(&self, client: &ClientId, now: Timestamp) -> bool {
        let recent = |noted: Timestamp| now < noted + NOTE_EVERY;
        if self.0.get(client).is_some_and(recent) {
            return false;
        }
        self.0.insert(client.clone(), now);
        true
    }
}

impl Provider {
    /// Notes that a client was used: that it proved who it is or, if it cannot, got tokens. A note that
    /// cannot be written stops nobody.
    pub(crate) async fn note_use(&self, client: &Client) {
        let registered_itself = match client.origin {
            ClientOrigin::Dynamic | ClientOrigin::Open => true,
            ClientOrigin::Operator | ClientOrigin::MetadataDocument => false,
        };
        let (id, now) = (client.client_id.clone(), self.now());
        if !registered_itself || !self.noted_uses.is_due(&id, now) {
            return;
        }
        let noted = id.clone();
        let work = move |tx: &mut Tx<'_>| tx.registration_used(&noted, now);
        if let Err(error) = self.store.write(work).await {
            self.noted_uses.0.invalidate(&id);
            tracing::warn!(client.id = %id, %error, "the use of a client could not be noted");
        }
    }

    /// Deletes clients that registered themselves and were not used for `unused`. Called every minute; the
    /// result names them.
    pub async fn expire_clients(&self, unused: Duration) -> Result<Vec<ClientId>, Failure> {
        let before = self.now() - unused;
        let found = self
            .store
            .read(move |tx| tx.unused_clients(before, BATCH))
            .await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let events: Vec<_> = found
            .into_iter()
            .map(|id| {
                let mut event = self.event_of_server(EventKind::ClientChanged);
                event.client_id = Some(id.clone());
                event.detail = json!({"by": "unused"});
                (id, event)
            })
            .collect();
        let work = move |tx: &mut Tx<'_>| delete_unused(tx, &events, before);
        let gone = self.store.write(work).await?;
        self.clients.forget();
        for id in &gone {
            tracing::info!(client.id = %id, "an app that registered itself is not used any more and leaves");
        }
        Ok(gone)
    }
}

/// Those that are still unused now: they may have been used meanwhile, and other nodes keep house, too.
fn delete_unused(
    tx: &mut Tx<'_>,
    found: &[(ClientId, Event)],
    before: Timestamp,
) -> Result<Vec<ClientId>, StoreError> {
    let mut gone = Vec::new();
    for (id, event) in found {
        if tx.delete_unused_client(id, before)? == Once::First {
            tx.record(event)?;
            gone.push(id.clone());
        }
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reg_07_a_use_is_written_down_once_a_day() {
        let uses = NotedUses::new();
        let (id, other) = (ClientId::new("a"), ClientId::new("b"));
        let begin = Timestamp::from_seconds(1_800_000_000);
        assert!(uses.is_due(&id, begin));
        assert!(!uses.is_due(&id, begin));
        assert!(uses.is_due(&other, begin));
        let almost = begin + NOTE_EVERY - Duration::from_secs(1);
        assert!(!uses.is_due(&id, almost));
        assert!(uses.is_due(&id, begin + NOTE_EVERY));
        assert!(!uses.is_due(&id, begin + NOTE_EVERY));
    }
}
