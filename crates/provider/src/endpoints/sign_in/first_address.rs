use sekisho_model::{BrowserId, ChallengeId};
use sekisho_store::Tx;

use super::super::visit::{NewCookies, Visit};
use super::code_mail::Awaiting;
use super::flow::LoadedFlow;
use super::password::PasswordOutcome;
use crate::accounts::OpenAccount;
use crate::rules::forced_change::ChangeReason;
use crate::rules::sign_in::SetUp;
use crate::{Failure, Provider};

impl Provider {
    /// Moves a flow to where a first code address is set, under a new cookie (SES-03). The challenge only counts
    /// tries: no code fits it. The owner hears of the right password if nothing follows.
    pub(super) async fn await_first_address(
        &self,
        flow: LoadedFlow,
        (account, change): (&OpenAccount, Option<ChangeReason>),
        known_browser: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let drawn = self.draw_nothing(ChallengeId::generate(&*self.entropy));
        let awaiting = Awaiting {
            known_browser,
            change,
            set_up: SetUp {
                missing: true,
                mailbox_proved: false,
            },
            ..Awaiting::default()
        };
        let entered = self.enter_code_stage(flow, (account.user.id, &drawn), awaiting);
        let Some((flow, cookie)) = entered.await? else {
            return Ok(PasswordOutcome::FlowGone);
        };
        let closes_at = self.now() + self.settings.codes.closes_after;
        let held = self.password_known(account, &flow, closes_at, visit);
        let post = move |tx: &mut Tx<'_>| held.post(tx);
        self.store.write(post).await?;
        Ok(PasswordOutcome::CodeSent(NewCookies {
            pre_auth: Some(cookie),
            ..NewCookies::default()
        }))
    }
}
