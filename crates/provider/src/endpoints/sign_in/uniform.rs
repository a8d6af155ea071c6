//! The code page that follows every password, right or wrong: nobody learns there which it was (OTP-07, ENU-01).
//!
//! What is answered, and what it costs, is the same for both: a challenge is opened, tries are counted, new codes can
//! be asked for as often. Behind a wrong password nothing is mailed and nothing fits.

use sekisho_audit::flow_mark;
use sekisho_guard::{CodeMail, CodeTry, Pass};
use sekisho_mail::tally;
use sekisho_model::{BrowserId, ChallengeId, Digest, Event, EventKind, Outcome, Purpose, UserId};
use sekisho_session::Attempt;
use sekisho_store::Tx;
use zeroize::Zeroizing;

use super::super::visit::{NewCookies, Visit};
use super::code::CodeOutcome;
use super::code_mail::{Awaiting, Drawn, ResendOutcome};
use super::flow::LoadedFlow;
use super::password::{PasswordOutcome, device_class};
use crate::accounts::OpenAccount;
use crate::rules::password_policy::normalised;
use crate::rules::second_factor::DIGITS;
use crate::rules::sign_in::{CodeStage, Disguise};
use crate::{Failure, Provider};

/// What was sent from the page.
#[derive(Debug, Clone, Copy)]
pub enum Typed<'a> {
    /// Digits: of a mailed code, or of an authenticator app.
    Code(&'a str),
    /// The answer of a passkey.
    Passkey(&'a str),
}

impl Provider {
    /// Whether the page hides what the password was. Decided without the account, or it would tell of it.
    pub(super) fn is_uniform(&self, flow: &LoadedFlow) -> bool {
        let client = flow.pending.request().map(|request| &request.client_id);
        self.settings.codes.uniform || self.situation().hides_passwords(client, self.now())
    }

    /// Goes on as after a right password; nothing that is typed later fits.
    pub(super) async fn decoy(
        &self,
        flow: LoadedFlow,
        (user, password): (UserId, &str),
        known_browser: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        // As much work as a right password makes: a look at the second steps, a mail that is counted.
        let _seen = self
            .store
            .read(move |tx| Ok((tx.factors_of(user)?, tx.factor_loss(user)?)))
            .await?;
        let nobody = Digest::of(&self.entropy.bytes::<32>());
        let mail = CodeMail {
            account: &nobody,
            device: device_class(known_browser),
            ip: &visit.origin.ip,
            recipient_domain: "nobody.invalid",
        };
        if let Pass::Go(ticket) = self.throttle.before_code_mail(mail, self.now()).await? {
            self.throttle.after_success(ticket).await;
        }
        let awaiting = Awaiting {
            known_browser,
            disguise: Disguise::Decoy,
            decoy_budget: Some(self.decoy_budget(user, password)),
            ..Awaiting::default()
        };
        self.await_nothing(flow, (user, None), awaiting, visit)
            .await
    }

    /// Goes on as if a code were mailed. Something stronger, or a recovery code, may still fit. The owner of
    /// `account`, whose password was right, hears of it if nothing follows.
    pub(super) async fn await_nothing(
        &self,
        flow: LoadedFlow,
        (user, account): (UserId, Option<&OpenAccount>),
        awaiting: Awaiting,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let is_decoy = awaiting.disguise == Disguise::Decoy;
        let has_stronger = awaiting.stronger.is_some();
        let awaiting = Awaiting {
            disguise: if is_decoy {
                Disguise::Decoy
            } else {
                Disguise::Right
            },
            ..awaiting
        };
        let drawn = self.draw_nothing(ChallengeId::generate(&*self.entropy));
        let entered = self.enter_code_stage(flow, (user, &drawn), awaiting);
        let Some((flow, cookie)) = entered.await? else {
            return Ok(PasswordOutcome::FlowGone);
        };
        if !is_decoy {
            let mut event = self.about_code(&flow, EventKind::CodeAsked, Outcome::Passed, visit);
            event.user_id = Some(user);
            event.detail = serde_json::json!({
                "flow": flow_mark(&flow.id), "stronger": has_stronger, "mailed": false,
            });
            let closes_at = self.now() + self.settings.codes.closes_after;
            let held = account.map(|one| self.password_known(one, &flow, closes_at, visit));
            let work = move |tx: &mut Tx<'_>| {
                held.iter().try_for_each(|held| held.post(tx))?;
                tx.record(&event)
            };
            self.store.write(work).await?;
        }
        Ok(PasswordOutcome::CodeSent(NewCookies {
            pre_auth: Some(cookie),
            ..NewCookies::default()
        }))
    }

    /// A challenge that no code fits, with a tally as of any other.
    pub(super) fn draw_nothing(&self, id: ChallengeId) -> Drawn {
        Drawn {
            id,
            mac: Digest::of(&self.entropy.bytes::<32>()),
            tally: tally::draw(&*self.entropy),
            expires_at: self.now() + self.settings.codes.life,
        }
    }

    /// Whose tries count when there is no account at this address: always the same.
    pub(super) fn nobody_at(&self, index: &Digest) -> UserId {
        let whom = Digest::keyed(self.address_key.as_bytes(), &[b"nobody", index.as_bytes()]);
        let mut spelled = String::new();
        for byte in whom.as_bytes().iter().take(16) {
            for half in [byte >> 4, byte & 15] {
                spelled.extend(char::from_digit(u32::from(half), 16));
            }
        }
        UserId::parse(&spelled).unwrap_or_else(|| UserId::new(self.now(), &*self.entropy))
    }

    /// What tries behind a wrong password are counted under: as many as behind the right one, and none of the
    /// account's own, or strangers would use those up (THR-03). Each password has its own budget, as the right one
    /// has. Of the password 16 bits of a keyed digest go in: too few to verify a guess by.
    fn decoy_budget(&self, user: UserId, password: &str) -> Digest {
        let (key, user) = (self.keyring.mac_key(Purpose::Throttle), user.to_string());
        // Spelled as it is compared: two spellings of the right one share a budget as well.
        let password = Zeroizing::new(normalised(password));
        let parts: [&[u8]; 3] = [b"decoy", user.as_bytes(), password.as_bytes()];
        let mark = Digest::keyed(key.as_bytes(), &parts);
        let [first, second, ..] = *mark.as_bytes();
        let parts: [&[u8]; 3] = [b"decoy", user.as_bytes(), &[first, second]];
        Digest::keyed(self.address_key.as_bytes(), &parts)
    }

    /// What tries of a code count under: the account, or what stands in its place behind a wrong password.
    pub(crate) fn code_budget(&self, stage: &CodeStage) -> Digest {
        let decoy = stage.decoy_budget;
        decoy.unwrap_or_else(|| self.account_key(stage.user_id))
    }

    /// As when a code is mailed again, with the same waits and the same end.
    pub(super) async fn resend_nothing(
        &self,
        mut flow: LoadedFlow,
        stage: CodeStage,
        visit: &Visit,
    ) -> Result<ResendOutcome, Failure> {
        let Some(cookie) = &visit.pre_auth else {
            return Ok(ResendOutcome::Gone);
        };
        if self.now() < stage.resend_after {
            return Ok(ResendOutcome::TooSoon(stage.resend_after));
        }
        let drawn = self.draw_nothing(stage.challenge.clone());
        let binding = cookie.digest();
        let renewed = self.renew_code(&mut flow, stage, &drawn, &binding);
        Ok(renewed.await?.unwrap_or(ResendOutcome::Sent))
    }

    /// Checks what was sent from a page that hides what the password was.
    pub async fn sign_in_uniform(
        &self,
        flow: LoadedFlow,
        typed: Typed<'_>,
        trust: bool,
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        let Some(stage) = flow.pending.code_stage() else {
            return Ok(CodeOutcome::Gone);
        };
        let (disguise, stronger) = (stage.disguise, stage.stronger);
        match (typed, stronger) {
            _ if disguise != Disguise::Right => self.nothing_fits(flow, visit).await,
            (Typed::Code(code), None) => self.sign_in_code(flow, code, trust, visit).await,
            (Typed::Code(code), Some(has)) if has.app && code.len() == usize::from(DIGITS) => {
                self.sign_in_app_code(flow, code, trust, visit).await
            }
            (Typed::Passkey(answer), Some(has)) if has.passkey => {
                self.sign_in_passkey(flow, answer, trust, visit).await
            }
            _ => self.nothing_fits(flow, visit).await,
        }
    }

    /// Counts a try as any other and says that it is wrong.
    async fn nothing_fits(
        &self,
        mut flow: LoadedFlow,
        visit: &Visit,
    ) -> Result<CodeOutcome, Failure> {
        let now = self.now();
        let (Some(stage), Some(cookie)) = (flow.pending.code_stage().cloned(), &visit.pre_auth)
        else {
            return Ok(CodeOutcome::Gone);
        };
        let account = self.code_budget(&stage);
        let attempt = CodeTry {
            account: &account,
            device: device_class(stage.known_browser),
            ip: &visit.origin.ip,
        };
        let ticket = match self.throttle.before_code_try(attempt, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(CodeOutcome::Wait(until)),
        };
        let nothing = Digest::of(&self.entropy.bytes::<32>());
        let tried = self
            .session
            .try_code(&stage.challenge, &nothing, &cookie.digest(), now)
            .await?;
        match tried {
            Attempt::Wrong { left } | Attempt::Earlier { left } => {
                self.record_misfit(&flow, &stage, visit, Outcome::WrongCode)
                    .await?;
                Ok(CodeOutcome::Wrong(left))
            }
            Attempt::Stopped if stage.disguise == Disguise::Decoy => {
                flow.pending.back_to_password();
                self.save_flow(&flow).await?;
                self.record_misfit(&flow, &stage, visit, Outcome::WrongCode)
                    .await?;
                Ok(CodeOutcome::Stopped)
            }
            Attempt::Stopped => self.code_stopped(flow, &stage, visit).await,
            Attempt::Expired => {
                self.throttle.after_success(ticket).await;
                self.record_misfit(&flow, &stage, visit, Outcome::ExpiredCode)
                    .await?;
                Ok(CodeOutcome::Expired)
            }
            Attempt::Right | Attempt::Gone => {
                self.throttle.after_success(ticket).await;
                Ok(CodeOutcome::Gone)
            }
        }
    }

    async fn record_misfit(
        &self,
        flow: &LoadedFlow,
        stage: &CodeStage,
        visit: &Visit,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        if stage.disguise != Disguise::Decoy {
            return self.record_code(flow, stage, visit, outcome).await;
        }
        let mut event = self.about_code(flow, EventKind::CodeTried, outcome, visit);
        self.note_budget(&mut event, stage);
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    /// What a wrong try counted under, to count it again if the session store forgets it.
    fn note_budget(&self, event: &mut Event, stage: &CodeStage) {
        if let Some(members) = event.detail.as_object_mut() {
            let budget = self.code_budget(stage).to_base64url();
            members.insert("budget".to_owned(), budget.into());
        }
    }

    /// An event that names no account: in a history it would say that the password was right.
    pub(super) fn about_code(
        &self,
        flow: &LoadedFlow,
        kind: EventKind,
        outcome: Outcome,
        visit: &Visit,
    ) -> Event {
        let mut event = self.event(kind, outcome, &visit.origin);
        event.detail = serde_json::json!({ "flow": flow_mark(&flow.id), "decoy": true });
        let request = flow.pending.request();
        event.client_id = request.map(|request| request.client_id.clone());
        event
    }

    /// A recovery code typed where nothing fits.
    pub(crate) async fn recovery_of_decoy(
        &self,
        stage: &CodeStage,
        visit: &Visit,
    ) -> Result<(), Failure> {
        let outcome = Outcome::WrongCode;
        let mut event = self.event(EventKind::RecoveryCodes, outcome, &visit.origin);
        event.detail = serde_json::json!({ "decoy": true });
        self.note_budget(&mut event, stage);
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }
}
