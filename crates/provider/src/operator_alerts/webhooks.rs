use std::sync::Arc;
use std::time::Duration;

use sekisho_store::{Tx, WebhookDelivery, WebhookState};
use tokio::task::JoinSet;

use crate::rules::logout_token::{Verdict, verdict};
use crate::{Failure, Provider};

/// Messages on their way at the same time.
const HANDS: u32 = 8;
/// How long a claimed message is ours; longer than a receiver may take to answer.
const LEASE: Duration = Duration::from_secs(30);

/// What came of a try: the status, or why there is none.
type Answer = Result<u16, String>;

impl Provider {
    /// Posts what waits for webhooks. Each message is posted at least once, and tried as often as apps are
    /// told of sign-outs. Answers how many were tried.
    pub async fn post_webhooks(self: &Arc<Self>) -> Result<usize, Failure> {
        let now = self.now();
        if !self.store.read(move |tx| tx.webhooks_are_due(now)).await? {
            return Ok(0);
        }
        let claim = move |tx: &mut Tx<'_>| tx.claim_webhooks(now, LEASE, HANDS);
        let claimed = self.store.write(claim).await?;
        let mut busy = JoinSet::new();
        for delivery in claimed {
            busy.spawn(Arc::clone(self).post_and_note(delivery));
        }
        Ok(busy.join_all().await.len())
    }

    /// What cannot be noted comes again after its lease.
    async fn post_and_note(self: Arc<Self>, mut delivery: WebhookDelivery) {
        let answer = self.post(&delivery).await;
        let now = self.now();
        let status = answer.as_ref().ok().copied();
        match verdict(status, delivery.attempts, now) {
            Verdict::Told => delivery.state = WebhookState::Done,
            Verdict::Again(at) => delivery.next_attempt_at = at,
            Verdict::Never => delivery.state = WebhookState::Dead,
        }
        delivery.last_status = status;
        delivery.last_error = match answer {
            Ok(200..=299) => None,
            Ok(other) => Some(format!("status {other}")),
            Err(error) => Some(error),
        };
        delivery.ended_at = (delivery.state != WebhookState::Waiting).then_some(now);
        let (hook, state) = (&delivery.hook, delivery.state.name());
        match &delivery.last_error {
            None => tracing::info!(hook, "operators told by webhook"),
            Some(error) => tracing::warn!(hook, error, state, "operators not told by webhook"),
        }
        metrics::counter!("sekisho_webhooks_total", "outcome" => state).increment(1);
        let noted = self.store.write(move |tx| tx.note_webhook(&delivery)).await;
        if let Err(failed) = noted {
            tracing::error!(error = %failed, "what became of a webhook was not noted");
        }
    }

    async fn post(&self, delivery: &WebhookDelivery) -> Answer {
        let hooks = &self.settings.alerts.webhooks;
        let Some(hook) = hooks.iter().find(|hook| hook.name == delivery.hook) else {
            return Err("the webhook is not configured any more".to_owned());
        };
        let headers = hook.key.headers(&delivery.id, &delivery.body, self.now());
        self.outbound
            .post_json(&hook.url, &headers, &delivery.body)
            .await
            .map_err(|refusal| refusal.to_string())
    }
}
