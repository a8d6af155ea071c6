use sekisho_audit::flow_mark;
use sekisho_guard::{CodeMail, Pass};
use sekisho_mail::{LetterBody, tally};
use sekisho_model::{
    BrowserId, ChallengeId, Digest, EmailAddress, EpochKind, EventKind, Outcome, PreAuthToken,
    Timestamp, UserId,
};
use sekisho_session::{NewChallenge, Renewal};
use sekisho_store::OutboxLetter;

use super::super::visit::{NewCookies, Visit};
use super::flow::LoadedFlow;
use super::letters::PasswordKnown;
use super::password::PasswordOutcome;
use crate::accounts::OpenAccount;
use crate::rules::forced_change::ChangeReason;
use crate::rules::one_time_code::{self, CodePurpose};
use crate::rules::sign_in::CodeStage;
use crate::{Failure, Provider};

/// What came of asking for a new code.
#[derive(Debug)]
pub enum ResendOutcome {
    /// A new one is on its way; the former works no more.
    Sent,
    /// Not before then.
    TooSoon(Timestamp),
    /// No more for this sign-in.
    Exhausted,
    /// No more mails for this account until then.
    NoMoreCodes(Timestamp),
    /// The flow or its code is gone: from the start.
    Gone,
}

/// A new code with its tally, and the letter that carries it.
struct Written {
    id: ChallengeId,
    mac: Digest,
    body: LetterBody,
    tally: (u8, u8),
    expires_at: Timestamp,
}

impl Provider {
    /// Mails the first code of a flow and moves it to the code stage under a new cookie (SES-03).
    pub(super) async fn send_first_code(
        &self,
        mut flow: LoadedFlow,
        (account, change, for_lost): (&OpenAccount, Option<ChangeReason>, bool),
        app: Option<String>,
        known_browser: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let now = self.now();
        if !self.address_is_older(&flow, account) {
            return Ok(PasswordOutcome::FlowGone);
        }
        let Some(to) = account.code_address.clone() else {
            return Err(Failure::Corrupt("code address"));
        };
        let mail = match self.count_code_mail(account, &to, visit, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(PasswordOutcome::NoMoreCodes(until)),
        };
        let codes = self.settings.codes;
        let cookie = PreAuthToken::generate(&*self.entropy);
        let written = self.write_code(ChallengeId::generate(&*self.entropy), account, app, visit);
        let closes_at = now + codes.closes_after;
        let challenge = NewChallenge {
            id: written.id.clone(),
            mac: written.mac,
            binding: cookie.digest(),
            max_tries: codes.max_tries,
            expires_at: written.expires_at,
            closes_at,
            resend_after: now + codes.resend_after,
            max_sends: codes.max_sends,
        };
        if let Some(former) = flow.pending.code_stage() {
            // OTP-11: a new sign-in kills the earlier code.
            self.session.close_challenge(&former.challenge).await?;
        }
        self.session.open_challenge(&challenge, now).await?;
        flow.pending.password_proved(
            CodeStage {
                user_id: account.user.id,
                challenge: written.id.clone(),
                masked_address: to.masked(),
                tally_word: written.tally.0,
                tally_number: written.tally.1,
                sent_at: now,
                expires_at: written.expires_at,
                resend_after: challenge.resend_after,
                closes_at,
                known_browser,
                mails: vec![mail],
                change,
                stronger: None,
                for_lost,
            },
            cookie.digest(),
        );
        if !self.save_flow(&flow).await? {
            self.session.close_challenge(&written.id).await?;
            return Ok(PasswordOutcome::FlowGone);
        }
        let held = self.password_known(account, &flow, closes_at, visit);
        let letter = self.sealed_letter(&account.user, &to, written.body);
        self.post_code(&flow, account.user.id, (letter, Some(held)), visit)
            .await?;
        Ok(PasswordOutcome::CodeSent(NewCookies {
            pre_auth: Some(cookie),
            ..NewCookies::default()
        }))
    }

    /// Mails a new code for a flow at the code stage (OTP-11, OTP-12).
    pub async fn resend_code(
        &self,
        mut flow: LoadedFlow,
        visit: &Visit,
    ) -> Result<ResendOutcome, Failure> {
        let now = self.now();
        let (Some(mut stage), Some(cookie)) = (flow.pending.code_stage().cloned(), &visit.pre_auth)
        else {
            return Ok(ResendOutcome::Gone);
        };
        if stage.stronger.is_some() {
            // OTP-26: no mail in the place of what is stronger.
            return Ok(ResendOutcome::Gone);
        }
        let Some(account) = self.account(stage.user_id).await? else {
            return Ok(ResendOutcome::Gone);
        };
        if !self.address_is_older(&flow, &account) {
            return Ok(ResendOutcome::Gone);
        }
        let Some(to) = account.code_address.clone() else {
            return Ok(ResendOutcome::Gone);
        };
        if now < stage.resend_after {
            return Ok(ResendOutcome::TooSoon(stage.resend_after));
        }
        let mail = match self.count_code_mail(&account, &to, visit, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(ResendOutcome::NoMoreCodes(until)),
        };
        let app = self.app_view(&flow, visit).await?.map(|app| app.name);
        let written = self.write_code(stage.challenge.clone(), &account, app, visit);
        let resend_after = now + self.settings.codes.resend_after;
        let expires_at = written.expires_at.min(stage.closes_at);
        let renewal = self
            .session
            .renew_challenge(
                &stage.challenge,
                &written.mac,
                &cookie.digest(),
                expires_at,
                resend_after,
                now,
            )
            .await?;
        match renewal {
            Renewal::Renewed { .. } => {}
            Renewal::TooSoon { until } => return Ok(ResendOutcome::TooSoon(until)),
            Renewal::Exhausted => return Ok(ResendOutcome::Exhausted),
            Renewal::Gone => return Ok(ResendOutcome::Gone),
        }
        (stage.tally_word, stage.tally_number) = written.tally;
        (stage.sent_at, stage.expires_at, stage.resend_after) = (now, expires_at, resend_after);
        stage.mails.push(mail);
        flow.pending.code_sent_again(stage);
        self.save_flow(&flow).await?;
        let letter = self.sealed_letter(&account.user, &to, written.body);
        self.post_code(&flow, account.user.id, (letter, None), visit)
            .await?;
        Ok(ResendOutcome::Sent)
    }

    fn write_code(
        &self,
        id: ChallengeId,
        account: &OpenAccount,
        app: Option<String>,
        visit: &Visit,
    ) -> Written {
        let codes = self.settings.codes;
        let draw = self.entropy.below(one_time_code::count(codes.digits));
        let code = one_time_code::spelled(draw, codes.digits);
        let tally = tally::draw(&*self.entropy);
        let expires_at = self.now() + codes.life;
        let mac = one_time_code::mac(
            &self.code_key,
            CodePurpose::SignIn,
            &id,
            account.user.id,
            &code,
        );
        let body = LetterBody::SignInCode {
            code,
            tally_word: tally.0,
            tally_number: tally.1,
            app,
            expires_at,
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
            account_mask: account.login_address.masked(),
        };
        Written {
            id,
            mac,
            body,
            tally,
            expires_at,
        }
    }

    async fn post_code(
        &self,
        flow: &LoadedFlow,
        user: UserId,
        (letter, held): (OutboxLetter, Option<PasswordKnown>),
        visit: &Visit,
    ) -> Result<(), Failure> {
        let mut event = self.event(EventKind::CodeAsked, Outcome::Passed, &visit.origin);
        event.detail = serde_json::json!({ "flow": flow_mark(&flow.id) });
        event.user_id = Some(user);
        event.client_id = flow
            .pending
            .request()
            .map(|request| request.client_id.clone());
        self.store
            .write(move |tx| {
                tx.post(&letter)?;
                if let Some(held) = &held {
                    held.post(tx)?;
                }
                tx.record(&event)
            })
            .await?;
        self.letters_wait.ring();
        Ok(())
    }

    /// OTP-23: a changed address voids the sign-ins that had begun, so none of their codes goes to the new one.
    fn address_is_older(&self, flow: &LoadedFlow, account: &OpenAccount) -> bool {
        let (kind, owner) = (EpochKind::Session, Some(&account.user));
        self.knowledge
            .is_current(flow.pending.epoch, kind, owner, None)
    }

    /// Counts a code mail before it is posted (OTP-12).
    async fn count_code_mail(
        &self,
        account: &OpenAccount,
        to: &EmailAddress,
        visit: &Visit,
        now: Timestamp,
    ) -> Result<Pass, Failure> {
        let key = self.account_key(account.user.id);
        let mail = CodeMail {
            account: &key,
            ip: &visit.origin.ip,
            recipient_domain: to.domain(),
        };
        Ok(self.throttle.before_code_mail(mail, now).await?)
    }

    /// What throttles of an account are keyed by once the account is known (THR-05).
    pub(crate) fn account_key(&self, user: UserId) -> Digest {
        Digest::keyed(
            self.address_key.as_bytes(),
            &[b"account", user.to_string().as_bytes()],
        )
    }
}
