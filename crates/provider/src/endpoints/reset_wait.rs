//! A wait at a browser the account knows, in the place of a recovery code (REC-04).

use sekisho_guard::{Concerned, EndpointClass};
use sekisho_mail::RecoveryNews;
use sekisho_model::{BrowserId, EventKind, Feature, Outcome, ResetToken};
use sekisho_store::{Once, ResetWait};

use super::password_reset::ResetOutcome;
use super::visit::Visit;
use crate::rules::password_reset::{MissingProof, Standing};
use crate::{Failure, Provider};

impl Provider {
    /// Begins a wait at a browser the account knows; every address is told. The link is used up: after the
    /// wait a new one is asked for.
    pub async fn wait_by_link(
        &self,
        token: &ResetToken,
        visit: &Visit,
    ) -> Result<ResetOutcome, Failure> {
        self.knowledge.may_issue(self.now())?;
        self.works(Feature::PasswordReset)?;
        self.pass(EndpointClass::Credentials, Concerned::default())?;
        let found = match self.found_reset(token, visit).await? {
            Ok(found) => found,
            Err(Standing::Used) => return Ok(ResetOutcome::Used),
            Err(_) => return Ok(ResetOutcome::Over),
        };
        let open = self.open_account(&found.account)?;
        self.pass_person(EndpointClass::Credentials, &open.user)?;
        let browser: Option<BrowserId> = found.browser.as_ref().map(|browser| browser.id);
        let (MissingProof::RecoveryCodeOrWait, Some(browser_id)) =
            (self.missing(&found, &open), browser)
        else {
            return Ok(ResetOutcome::CodeMissing);
        };
        let now = self.now();
        let until = now + self.settings.resets.known_browser_wait;
        let mut event = self.event(EventKind::ResetAsked, Outcome::Passed, &visit.origin);
        event.user_id = Some(open.user.id);
        event.detail = serde_json::json!({ "waits": true });
        let letters = self.letters_to_all(&open, || {
            self.recovery_notice(RecoveryNews::Waiting { until }, visit)
        });
        let reset = found.reset;
        let use_of_link = self
            .store
            .write(move |tx| {
                let use_of_link = tx.take_reset(&reset.digest, now)?;
                if use_of_link == Once::First {
                    let wait = ResetWait {
                        browser_id,
                        password_at: reset.password_at,
                        asked_at: now,
                    };
                    tx.begin_reset_wait(reset.user_id, wait)?;
                    letters.iter().try_for_each(|letter| tx.post(letter))?;
                    tx.record(&event)?;
                }
                Ok(use_of_link)
            })
            .await?;
        if use_of_link == Once::Again {
            return Ok(ResetOutcome::Used);
        }
        self.letters_wait.ring();
        Ok(ResetOutcome::Waiting(until))
    }
}
