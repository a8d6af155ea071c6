//! The right password, typed outside of the networks its person allows (S14).

use std::time::Duration;

use sekisho_mail::RecoveryNews;
use sekisho_model::{BrowserId, Digest, EventKind, Outcome};
use sekisho_session::{CounterKey, Limit, Verdict};

use super::super::visit::Visit;
use super::flow::LoadedFlow;
use super::password::PasswordOutcome;
use crate::accounts::OpenAccount;
use crate::rules::forced_change::ChangeReason;
use crate::rules::sign_in::Stronger;
use crate::{Failure, Provider};

/// How often the owner is told of the same.
const TOLD_EVERY: Duration = Duration::from_mins(10);

impl Provider {
    /// Nothing is mailed and nothing else is asked: only a recovery code goes on from here. Neither a trusted
    /// browser nor a second step that is switched off changes that. The owner is told, now and then.
    pub(super) async fn ask_outside(
        &self,
        flow: LoadedFlow,
        (account, change): (&OpenAccount, Option<ChangeReason>),
        browser: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let whom = self.account_key(account.user.id);
        let from = Digest::keyed(whom.as_bytes(), &[visit.origin.ip.as_bytes()]);
        let letters = if self.tells("outside-letter", whom).await {
            let what = RecoveryNews::OutsideNetworks;
            self.letters_to_all(account, || self.recovery_notice(what, visit))
        } else {
            Vec::new()
        };
        if self.tells("outside-event", from).await || !letters.is_empty() {
            let mut event = self.event(EventKind::SignIn, Outcome::Refused, &visit.origin);
            event.user_id = Some(account.user.id);
            event.detail = serde_json::json!({ "reason": "network" });
            event.client_id = flow
                .pending
                .request()
                .map(|request| request.client_id.clone());
            self.store
                .write(move |tx| {
                    letters.iter().try_for_each(|letter| tx.post(letter))?;
                    tx.record(&event)
                })
                .await?;
            self.letters_wait.ring();
        }
        let whose = (account, change, Stronger::NOTHING);
        self.await_stronger(flow, whose, browser, visit).await
    }

    async fn tells(&self, name: &'static str, digest: Digest) -> bool {
        let limit = Limit {
            key: CounterKey { name, digest },
            max: 1,
            window: TOLD_EVERY,
        };
        let counted = self.session.count(&[limit], self.now()).await;
        matches!(counted, Ok(Verdict::Within))
    }
}
