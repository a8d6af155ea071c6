//! What a node does for the signing keys by itself (KEY-02, KEY-10).

use std::time::Duration;

use sekisho_model::{Event, EventKind, KeyId, Outcome};

use crate::{Failure, Provider};

impl Provider {
    /// Withdraws keys that have served, and makes successors for those that have signed long enough.
    /// Called every minute; the result names the new ones.
    pub async fn keep_keys(&self, rotation: Option<Duration>) -> Result<Vec<KeyId>, Failure> {
        let now = self.now();
        let gone = self.keys.withdraw_retired(now, self.key_event("served"));
        for kid in gone.await? {
            tracing::info!(key.id = %kid, "a retired signing key is withdrawn and destroyed");
        }
        let Some(every) = rotation else {
            return Ok(Vec::new());
        };
        let event = self.key_event("schedule");
        let entropy = &*self.entropy;
        let made = self.keys.rotate_due(every, entropy, now, event).await?;
        for kid in &made {
            tracing::info!(key.id = %kid, "a new signing key is published; it signs in a day");
        }
        Ok(made)
    }

    /// FAIL-06: tells operators that the key-encryption keys cannot be read again. What was read before goes on; nothing
    /// is told of why, which may name secrets of where they come from.
    pub async fn keys_are_away(&self) -> Result<(), Failure> {
        let mut event = self.key_event("watch");
        event.outcome = Outcome::Refused;
        event.detail = serde_json::json!({ "by": "watch", "key_encryption_keys": "unreadable" });
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    fn key_event(&self, by: &'static str) -> Event {
        let mut event = self.event_of_server(EventKind::KeyChanged);
        event.detail = serde_json::json!({ "by": by });
        event
    }
}
