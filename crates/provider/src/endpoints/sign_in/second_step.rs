//! What is asked for after the password, and the answers that are stronger than a mailed code (OTP-26).

use sekisho_audit::flow_mark;
use sekisho_guard::{CodeTry, Pass, Ticket};
use sekisho_model::{
    AuthenticationMethod, BrowserId, ChallengeId, Digest, EventKind, Feature, Outcome,
    PreAuthToken, Timestamp,
};
use sekisho_session::{Attempt, NewChallenge};
use sekisho_store::Tx;

use super::super::second_steps::{AppCode, PasskeyUse};
use super::super::visit::{NewCookies, Visit};
use super::code::CodeOutcome;
use super::code_mail::Awaiting;
use super::flow::LoadedFlow;
use super::password::{PasswordOutcome, device_class};
use crate::accounts::OpenAccount;
use crate::rules::forced_change::ChangeReason;
use crate::rules::second_factor::{Asked, asked};
use crate::rules::sign_in::{CodeStage, Disguise, SetUp, Stronger};
use crate::{Failure, Provider};

/// A try that was counted before anything is compared (THR-07).
struct Counted {
    stage: CodeStage,
    ticket: Ticket,
    left: u8,
}

/// On to the second step, under a new cookie.
fn under_cookie(cookie: PreAuthToken) -> PasswordOutcome {
    PasswordOutcome::CodeSent(NewCookies {
        pre_auth: Some(cookie),
        ..NewCookies::default()
    })
}

impl Provider {
    /// Asks for whatever the account has: never a mailed code beside something stronger.
    pub(super) async fn ask_second_step(
        &self,
        flow: LoadedFlow,
        (account, change): (&OpenAccount, Option<ChangeReason>),
        (app, browser): (Option<String>, Option<BrowserId>),
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let user = account.user.id;
        let (factors, loss) = self
            .store
            .read(move |tx| Ok((tx.factors_of(user)?, tx.factor_loss(user)?)))
            .await?;
        let has_address = account.code_address.is_some();
        let loss = loss.filter(|_| self.works(Feature::LostFactor).is_ok());
        let asked = asked(&factors, loss.as_ref(), has_address, self.now());
        let for_lost = asked == Asked::MailedForLost;
        match asked {
            Asked::Mailed | Asked::MailedForLost => {
                let whose = (account, change, for_lost);
                self.send_first_code(flow, whose, app, browser, visit).await
            }
            Asked::Stronger(stronger) => {
                let whose = (account, change, stronger);
                self.await_stronger(flow, whose, browser, visit).await
            }
            Asked::Nothing => {
                self.record_failure(Some(user), &flow, visit, Outcome::Refused)
                    .await?;
                if self.is_uniform(&flow) {
                    let awaiting = Awaiting {
                        known_browser: browser,
                        change,
                        ..Awaiting::default()
                    };
                    return self
                        .await_nothing(flow, (user, None), awaiting, visit)
                        .await;
                }
                if !self.may_set_first_address(account) {
                    return Ok(PasswordOutcome::NoCodeAddress);
                }
                self.await_first_address(flow, (account, change), browser, visit)
                    .await
            }
        }
    }

    /// Moves a flow to the second step under a new cookie (SES-03). The challenge only counts tries: no code fits it.
    pub(super) async fn await_stronger(
        &self,
        mut flow: LoadedFlow,
        (account, change, stronger): (&OpenAccount, Option<ChangeReason>, Stronger),
        known_browser: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        if self.is_uniform(&flow) {
            let awaiting = Awaiting::of_stronger(stronger, change, known_browser);
            let whose = (account.user.id, (!stronger.is_nothing()).then_some(account));
            return self.await_nothing(flow, whose, awaiting, visit).await;
        }
        let (now, codes) = (self.now(), self.settings.codes);
        let cookie = PreAuthToken::generate(&*self.entropy);
        let closes_at = now + codes.closes_after;
        let challenge = NewChallenge {
            id: ChallengeId::generate(&*self.entropy),
            mac: Digest::of(&self.entropy.bytes::<32>()),
            binding: cookie.digest(),
            max_tries: codes.max_tries,
            expires_at: closes_at,
            closes_at,
            resend_after: closes_at,
            max_sends: 1,
        };
        if let Some(former) = flow.pending.code_stage() {
            self.session.close_challenge(&former.challenge).await?;
        }
        self.session.open_challenge(&challenge, now).await?;
        let stage = CodeStage {
            user_id: account.user.id,
            challenge: challenge.id.clone(),
            masked_address: String::new(),
            tally_word: 0,
            tally_number: 0,
            sent_at: now,
            expires_at: closes_at,
            resend_after: closes_at,
            closes_at,
            known_browser,
            mails: Vec::new(),
            change,
            stronger: Some(stronger),
            for_lost: false,
            disguise: Disguise::None,
            decoy_budget: None,
            set_up: SetUp::default(),
        };
        flow.pending.password_proved(stage, cookie.digest());
        if !self.save_flow(&flow).await? {
            self.session.close_challenge(&challenge.id).await?;
            return Ok(PasswordOutcome::FlowGone);
        }
        let mut event = self.about_code(&flow, EventKind::CodeAsked, Outcome::Passed, visit);
        event.detail = serde_json::json!({ "flow": flow_mark(&flow.id), "stronger": true });
        event.user_id = Some(account.user.id);
        // Outside of the networks of the account its owner was told already.
        let held = !stronger.is_nothing();
        let held = held.then(|| self.password_known(account, &flow, closes_at, visit));
        let work = move |tx: &mut Tx<'_>| {
            held.iter().try_for_each(|held| held.post(tx))?;
            tx.record(&event)
        };
        self.store.write(work).await?;
        Ok(under_cookie(cookie))
    }

    /// Checks a typed code of the authenticator app: counted before it is compared, and of any number of uses of
    /// one code one is right.
    pub async fn sign_in_app_code(
        &self,
        flow: LoadedFlow,
        code: &str,
        trust: bool,
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        let now = self.now();
        self.works(Feature::AuthenticatorApp)?;
        let counted = match self.count_stronger(&flow, |s| s.app, visit, now).await? {
            Ok(counted) => counted,
            Err(outcome) => return Ok(outcome),
        };
        let user = counted.stage.user_id;
        let outcome = match self.use_app_code(user, code, now).await? {
            AppCode::Right => {
                let methods = vec![AuthenticationMethod::Pwd, AuthenticationMethod::Otp];
                return self
                    .stronger_was_right(flow, counted, (methods, trust), visit)
                    .await;
            }
            AppCode::Wrong => Outcome::WrongCode,
            AppCode::Used => Outcome::Replayed,
        };
        self.stronger_was_wrong(flow, counted, outcome, visit).await
    }

    /// Checks the answer of a passkey; its question works once.
    pub async fn sign_in_passkey(
        &self,
        flow: LoadedFlow,
        answer: &str,
        trust: bool,
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        let now = self.now();
        self.works(Feature::Passkeys)?;
        let counted = match self
            .count_stronger(&flow, |s| s.passkey, visit, now)
            .await?
        {
            Ok(counted) => counted,
            Err(outcome) => return Ok(outcome),
        };
        let used = self.use_passkey(&flow, answer, now).await?;
        let outcome = match used {
            PasskeyUse::Right { copied } => {
                let key = if copied {
                    AuthenticationMethod::Swk
                } else {
                    AuthenticationMethod::Hwk
                };
                let methods = vec![AuthenticationMethod::Pwd, key, AuthenticationMethod::User];
                return self
                    .stronger_was_right(flow, counted, (methods, trust), visit)
                    .await;
            }
            PasskeyUse::Wrong => Outcome::WrongCode,
            PasskeyUse::Replayed => Outcome::Replayed,
        };
        self.stronger_was_wrong(flow, counted, outcome, visit).await
    }

    async fn count_stronger(
        &self,
        flow: &LoadedFlow,
        asked: impl Fn(Stronger) -> bool + Send,
        visit: &Visit,
        now: Timestamp,
    ) -> Result<Result<Counted, CodeOutcome>, Failure> {
        let stage = flow.pending.code_stage().cloned();
        let stage = stage.filter(|stage| stage.stronger.is_some_and(asked));
        let (Some(stage), Some(cookie)) = (stage, &visit.pre_auth) else {
            return Ok(Err(CodeOutcome::Gone));
        };
        let account = self.code_budget(&stage);
        let attempt = CodeTry {
            account: &account,
            device: device_class(stage.known_browser),
            ip: &visit.origin.ip,
        };
        let ticket = match self.throttle.before_code_try(attempt, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(Err(CodeOutcome::Wait(until))),
        };
        let nothing = Digest::of(&self.entropy.bytes::<32>());
        let tried = self
            .session
            .try_code(&stage.challenge, &nothing, &cookie.digest(), now)
            .await?;
        let left = match tried {
            Attempt::Wrong { left } | Attempt::Earlier { left } => left,
            Attempt::Stopped => 0,
            Attempt::Expired if stage.is_uniform() => {
                self.throttle.after_success(ticket).await;
                return Ok(Err(CodeOutcome::Expired));
            }
            Attempt::Right | Attempt::Expired | Attempt::Gone => {
                self.throttle.after_success(ticket).await;
                return Ok(Err(CodeOutcome::Gone));
            }
        };
        Ok(Ok(Counted {
            stage,
            ticket,
            left,
        }))
    }

    async fn stronger_was_right(
        &self,
        flow: LoadedFlow,
        counted: Counted,
        proved: (Vec<AuthenticationMethod>, bool),
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        self.throttle.after_success(counted.ticket).await;
        let stage = counted.stage;
        self.session.close_challenge(&stage.challenge).await?;
        self.second_step_was_right(flow, &stage, proved, visit)
            .await
    }

    async fn stronger_was_wrong(
        &self,
        flow: LoadedFlow,
        counted: Counted,
        outcome: Outcome,
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        if counted.left == 0 {
            return self.code_stopped(flow, &counted.stage, visit).await;
        }
        self.record_code(&flow, &counted.stage, visit, outcome)
            .await?;
        Ok(CodeOutcome::Wrong(counted.left))
    }
}
