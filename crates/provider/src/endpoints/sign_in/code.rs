use sekisho_audit::flow_mark;
use sekisho_guard::{CodeTry, Pass};
use sekisho_model::{AuthenticationMethod, BrowserToken, Digest, EventKind, Outcome, Timestamp};
use sekisho_session::Attempt;
use sekisho_store::Tx;

use super::super::visit::Visit;
use super::complete::{Completed, Completion};
use super::flow::LoadedFlow;
use super::letters::hold;
use super::password::device_class;
use crate::rules::forced_change::ChangeReason;
use crate::rules::one_time_code::{self, CodePurpose};
use crate::rules::sign_in::{CodeStage, Disguise};
use crate::rules::standing::account_may_act;
use crate::{Failure, Provider};

/// What came of a typed code.
#[derive(Debug)]
pub enum CodeOutcome {
    /// Signed in.
    SignedIn(Box<Completed>),
    /// Wrong; so many tries are left.
    Wrong(u8),
    /// A code that a newer one replaced; so many tries are left.
    Earlier(u8),
    /// Too late; a new one can be asked.
    Expired,
    /// The tries are used up: from the start.
    Stopped,
    /// Too many wrong codes for this account today (OTP-06).
    Wait(Timestamp),
    /// The flow or its code is gone: from the start.
    Gone,
}

impl Provider {
    /// Checks a typed, normalised code. Counted before it is compared (THR-07).
    pub async fn sign_in_code(
        &self,
        flow: LoadedFlow,
        code: &str,
        trust: bool,
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        let now = self.now();
        let (Some(stage), Some(cookie)) = (flow.pending.code_stage().cloned(), &visit.pre_auth)
        else {
            return Ok(CodeOutcome::Gone);
        };
        if stage.stronger.is_some() || stage.disguise == Disguise::Decoy {
            // OTP-26: a mailed code never stands in for what is stronger.
            return Ok(CodeOutcome::Gone);
        }
        let account = self.code_budget(&stage);
        let attempt = CodeTry {
            account: &account,
            device: device_class(stage.known_browser),
            ip: &visit.origin.ip,
        };
        let budget = match self.throttle.before_code_try(attempt, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(CodeOutcome::Wait(until)),
        };
        let mac = one_time_code::mac(
            &self.code_key,
            CodePurpose::SignIn,
            &stage.challenge,
            stage.user_id,
            code,
        );
        let attempt = self
            .session
            .try_code(&stage.challenge, &mac, &cookie.digest(), now)
            .await?;
        if matches!(attempt, Attempt::Right | Attempt::Expired | Attempt::Gone) {
            self.throttle.after_success(budget).await;
        }
        match attempt {
            Attempt::Right => {
                let methods = vec![AuthenticationMethod::Pwd, AuthenticationMethod::Otp];
                self.second_step_was_right(flow, &stage, (methods, trust), visit)
                    .await
            }
            Attempt::Wrong { left } => {
                self.record_code(&flow, &stage, visit, Outcome::WrongCode)
                    .await?;
                Ok(CodeOutcome::Wrong(left))
            }
            Attempt::Earlier { left } => {
                self.record_code(&flow, &stage, visit, Outcome::WrongCode)
                    .await?;
                Ok(CodeOutcome::Earlier(left))
            }
            Attempt::Stopped => self.code_stopped(flow, &stage, visit).await,
            Attempt::Expired => {
                self.record_code(&flow, &stage, visit, Outcome::ExpiredCode)
                    .await?;
                Ok(CodeOutcome::Expired)
            }
            Attempt::Gone => Ok(CodeOutcome::Gone),
        }
    }

    /// Everything is proved: on to the session, unless something ended it meanwhile.
    pub(super) async fn second_step_was_right(
        &self,
        flow: LoadedFlow,
        stage: &CodeStage,
        (methods, trust): (Vec<AuthenticationMethod>, bool),
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        let tokens: Vec<Digest> = visit.browsers.iter().map(BrowserToken::digest).collect();
        let user = stage.user_id;
        let read = move |tx: &mut Tx<'_>| {
            let loss = tx.code_address_loss(user)?;
            Ok((tx.account(user)?, tx.browser_among(user, &tokens)?, loss))
        };
        let (account, browser, loss) = self.store.read(read).await?;
        let Some(account) = account.filter(|account| account_may_act(account.user.state)) else {
            return Ok(CodeOutcome::Gone);
        };
        // SES-09: what was void before the code came stays void.
        let user = Some(&account.user);
        if !self.knowledge.is_current(
            flow.pending.epoch,
            sekisho_model::EpochKind::Session,
            user,
            None,
        ) {
            return Ok(CodeOutcome::Gone);
        }
        for mail in stage.mails.clone() {
            self.throttle.after_success(mail).await;
        }
        if stage.for_lost && !self.give_up_factors(&account, visit).await? {
            return Ok(CodeOutcome::Gone);
        }
        if loss.is_some() {
            // Whoever reads the code has not lost the address.
            let _stopped = self.stop_address_loss(account.user.id, visit).await?;
        }
        let marked = self.must_change_password(&account);
        let app = self.app_view(&flow, visit).await?;
        let completion = Completion {
            account: self.open_account(&account)?,
            browser,
            methods,
            trust: trust
                && !flow.pending.insists_on_code()
                && !app.is_some_and(|app| app.requires_code),
            spent_challenge: Some((stage.challenge.clone(), stage.closes_at)),
            change: stage.change.or(marked.then_some(ChangeReason::Marked)),
        };
        let completed = self.complete_sign_in(flow, completion, visit).await?;
        Ok(completed.map_or(CodeOutcome::Gone, |completed| {
            CodeOutcome::SignedIn(Box::new(completed))
        }))
    }

    /// The last try was wrong: from the start, and the owner is told that the password is known.
    pub(super) async fn code_stopped(
        &self,
        mut flow: LoadedFlow,
        stage: &CodeStage,
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        let (now, held) = (self.now(), hold(&flow, stage.user_id));
        flow.pending.back_to_password();
        self.save_flow(&flow).await?;
        let mut event = self.event(EventKind::CodeTried, Outcome::WrongCode, &visit.origin);
        event.user_id = Some(stage.user_id);
        event.client_id = flow
            .pending
            .request()
            .map(|request| request.client_id.clone());
        event.detail = serde_json::json!({ "stopped": true, "flow": flow_mark(&flow.id) });
        self.store
            .write(move |tx| {
                tx.release_held(&held, now)?;
                tx.record(&event)
            })
            .await?;
        self.letters_wait.ring();
        Ok(CodeOutcome::Stopped)
    }

    pub(super) async fn record_code(
        &self,
        flow: &LoadedFlow,
        stage: &CodeStage,
        visit: &Visit,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let mut event = self.event(EventKind::CodeTried, outcome, &visit.origin);
        event.detail = serde_json::json!({ "flow": flow_mark(&flow.id) });
        event.user_id = Some(stage.user_id);
        event.client_id = flow
            .pending
            .request()
            .map(|request| request.client_id.clone());
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }
}
