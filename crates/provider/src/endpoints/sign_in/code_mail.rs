use sekisho_audit::flow_mark;
use sekisho_guard::{CodeMail, Pass, Ticket};
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
use super::password::{PasswordOutcome, device_class};
use crate::accounts::OpenAccount;
use crate::rules::forced_change::ChangeReason;
use crate::rules::one_time_code::{self, CodePurpose};
use crate::rules::sign_in::{CodeStage, Disguise, SetUp, Stronger};
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
    drawn: Drawn,
    body: LetterBody,
}

/// What the session store keeps of a code, and its tally.
pub(super) struct Drawn {
    pub(super) id: ChallengeId,
    pub(super) mac: Digest,
    pub(super) tally: (u8, u8),
    pub(super) expires_at: Timestamp,
}

/// What is known of the sign-in that waits for a code.
#[derive(Default)]
pub(super) struct Awaiting {
    pub(super) masked_address: String,
    pub(super) known_browser: Option<BrowserId>,
    pub(super) mails: Vec<Ticket>,
    pub(super) change: Option<ChangeReason>,
    pub(super) stronger: Option<Stronger>,
    pub(super) for_lost: bool,
    pub(super) disguise: Disguise,
    pub(super) decoy_budget: Option<Digest>,
    pub(super) set_up: SetUp,
}

impl Awaiting {
    /// Something stronger than a mailed code is asked for.
    pub(super) fn of_stronger(
        stronger: Stronger,
        change: Option<ChangeReason>,
        known_browser: Option<BrowserId>,
    ) -> Self {
        Self {
            stronger: Some(stronger),
            change,
            known_browser,
            ..Self::default()
        }
    }
}

impl Provider {
    /// Mails the first code of a flow and moves it to the code stage under a new cookie (SES-03).
    pub(super) async fn send_first_code(
        &self,
        flow: LoadedFlow,
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
        let uniform = self.is_uniform(&flow);
        let awaiting = Awaiting {
            known_browser,
            change,
            for_lost,
            ..Awaiting::default()
        };
        let mail = match self.count_mail(account, &to, known_browser, visit).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { .. } if uniform => {
                return self
                    .await_nothing(flow, (account.user.id, Some(account)), awaiting, visit)
                    .await;
            }
            Pass::Wait { until, .. } => return Ok(PasswordOutcome::NoMoreCodes(until)),
        };
        let written = self.write_code(ChallengeId::generate(&*self.entropy), account, app, visit);
        let awaiting = Awaiting {
            masked_address: if uniform { String::new() } else { to.masked() },
            mails: vec![mail],
            disguise: if uniform {
                Disguise::Right
            } else {
                Disguise::None
            },
            ..awaiting
        };
        let user = account.user.id;
        let entered = self.enter_code_stage(flow, (user, &written.drawn), awaiting);
        let Some((flow, cookie)) = entered.await? else {
            return Ok(PasswordOutcome::FlowGone);
        };
        let closes_at = now + self.settings.codes.closes_after;
        let held = self.password_known(account, &flow, closes_at, visit);
        let letter = self.letter_beside(&account.user, &to, written.body, visit);
        self.post_code(&flow, user, (letter, Some(held)), visit)
            .await?;
        Ok(PasswordOutcome::CodeSent(NewCookies {
            pre_auth: Some(cookie),
            ..NewCookies::default()
        }))
    }

    /// Opens the challenge and moves the flow to the code stage under a new cookie (SES-03). `None` if another
    /// request of the flow was faster.
    pub(super) async fn enter_code_stage(
        &self,
        mut flow: LoadedFlow,
        (user_id, drawn): (UserId, &Drawn),
        awaiting: Awaiting,
    ) -> Result<Option<(LoadedFlow, PreAuthToken)>, Failure> {
        let (now, codes) = (self.now(), self.settings.codes);
        let cookie = PreAuthToken::generate(&*self.entropy);
        let challenge = NewChallenge {
            id: drawn.id.clone(),
            mac: drawn.mac,
            binding: cookie.digest(),
            max_tries: codes.max_tries,
            expires_at: drawn.expires_at,
            closes_at: now + codes.closes_after,
            resend_after: now + codes.resend_after,
            max_sends: codes.max_sends,
        };
        if let Some(former) = flow.pending.code_stage() {
            // OTP-11: a new sign-in kills the earlier code.
            self.session.close_challenge(&former.challenge).await?;
        }
        self.session.open_challenge(&challenge, now).await?;
        let stage = CodeStage {
            user_id,
            challenge: challenge.id,
            masked_address: awaiting.masked_address,
            tally_word: drawn.tally.0,
            tally_number: drawn.tally.1,
            sent_at: now,
            expires_at: drawn.expires_at,
            resend_after: challenge.resend_after,
            closes_at: challenge.closes_at,
            known_browser: awaiting.known_browser,
            mails: awaiting.mails,
            change: awaiting.change,
            stronger: awaiting.stronger,
            for_lost: awaiting.for_lost,
            disguise: awaiting.disguise,
            decoy_budget: awaiting.decoy_budget,
            set_up: awaiting.set_up,
        };
        flow.pending.password_proved(stage, cookie.digest());
        if !self.save_flow(&flow).await? {
            self.session.close_challenge(&drawn.id).await?;
            return Ok(None);
        }
        Ok(Some((flow, cookie)))
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
        if stage.asks_stronger() {
            // OTP-26: no mail in the place of what is stronger.
            return Ok(ResendOutcome::Gone);
        }
        if stage.stronger.is_some() || stage.disguise == Disguise::Decoy {
            return self.resend_nothing(flow, stage, visit).await;
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
        let browser = stage.known_browser;
        let mail = match self.count_mail(&account, &to, browser, visit).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { .. } if stage.is_uniform() => {
                return self.resend_nothing(flow, stage, visit).await;
            }
            Pass::Wait { until, .. } => return Ok(ResendOutcome::NoMoreCodes(until)),
        };
        let app = self.app_view(&flow, visit).await?.map(|app| app.name);
        let written = self.write_code(stage.challenge.clone(), &account, app, visit);
        stage.mails.push(mail);
        let binding = cookie.digest();
        let renewed = self.renew_code(&mut flow, stage, &written.drawn, &binding);
        if let Some(not_sent) = renewed.await? {
            return Ok(not_sent);
        }
        let letter = self.letter_beside(&account.user, &to, written.body, visit);
        self.post_code(&flow, account.user.id, (letter, None), visit)
            .await?;
        Ok(ResendOutcome::Sent)
    }

    /// Puts a new code in the place of the former; or tells why not.
    pub(super) async fn renew_code(
        &self,
        flow: &mut LoadedFlow,
        mut stage: CodeStage,
        drawn: &Drawn,
        cookie: &Digest,
    ) -> Result<Option<ResendOutcome>, Failure> {
        let now = self.now();
        let resend_after = now + self.settings.codes.resend_after;
        let expires_at = drawn.expires_at.min(stage.closes_at);
        let (id, mac) = (&stage.challenge, &drawn.mac);
        let renewal = self
            .session
            .renew_challenge(id, mac, cookie, expires_at, resend_after, now)
            .await?;
        match renewal {
            Renewal::Renewed { .. } => {}
            Renewal::TooSoon { until } => return Ok(Some(ResendOutcome::TooSoon(until))),
            Renewal::Exhausted => return Ok(Some(ResendOutcome::Exhausted)),
            Renewal::Gone => return Ok(Some(ResendOutcome::Gone)),
        }
        (stage.tally_word, stage.tally_number) = drawn.tally;
        (stage.sent_at, stage.expires_at, stage.resend_after) = (now, expires_at, resend_after);
        flow.pending.code_sent_again(stage);
        self.save_flow(flow).await?;
        Ok(None)
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
        let drawn = Drawn {
            id,
            mac,
            tally,
            expires_at,
        };
        Written { drawn, body }
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
    async fn count_mail(
        &self,
        account: &OpenAccount,
        to: &EmailAddress,
        known_browser: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<Pass, Failure> {
        let key = self.account_key(account.user.id);
        let mail = CodeMail {
            account: &key,
            device: device_class(known_browser),
            ip: &visit.origin.ip,
            recipient_domain: to.domain(),
        };
        Ok(self.throttle.before_code_mail(mail, self.now()).await?)
    }

    /// What throttles of an account are keyed by once the account is known (THR-05).
    pub(crate) fn account_key(&self, user: UserId) -> Digest {
        Digest::keyed(
            self.address_key.as_bytes(),
            &[b"account", user.to_string().as_bytes()],
        )
    }
}
