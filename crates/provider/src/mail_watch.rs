//! Whether letters get through: while they do not, nobody who needs a code gets in (OTP-27).

use sekisho_audit::delivery::{DeliveryRate, LOOKED_BACK};
use sekisho_model::{Event, EventKind, Timestamp};
use sekisho_store::{StoreError, Tx};

use crate::{Failure, Provider};

impl Provider {
    /// Tells operators once in an hour while mail servers do not take our letters: by mail, which gets through to
    /// another provider perhaps, and by webhook. `true` if they were told now.
    pub async fn look_at_mail(&self) -> Result<bool, Failure> {
        let since = self.now() - LOOKED_BACK;
        let figures = self.store.read(move |tx| tx.delivery_figures(since));
        let rate = DeliveryRate(figures.await?);
        if !rate.is_bad() {
            return Ok(false);
        }
        let mut event = self.event_of_server(EventKind::MailFailing);
        event.detail = serde_json::json!({
            "sent": rate.0.sent, "deferred": rate.0.deferred, "refused": rate.0.refused,
        });
        let work = move |tx: &mut Tx<'_>| record_once(tx, &event, since);
        Ok(self.store.write(work).await?)
    }
}

/// Of several nodes one tells of it.
fn record_once(tx: &mut Tx<'_>, event: &Event, since: Timestamp) -> Result<bool, StoreError> {
    tx.take_turn("mail failing")?;
    let last = tx.events_of_kind(EventKind::MailFailing, 1)?;
    if last.first().is_some_and(|last| last.at > since) {
        return Ok(false);
    }
    tx.record(event)?;
    Ok(true)
}
