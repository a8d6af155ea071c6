//! The way back for whoever lost the stronger second step and has no recovery code: a mailed code after three
//! days, with notices meanwhile and a link that stops it (OTP-26).

use sekisho_guard::EndpointClass;
use sekisho_mail::{LetterBody, RecoveryNews};
use sekisho_model::{EventKind, FactorLoss, FactorToken, Feature, Outcome, Timestamp, UserId};
use sekisho_store::{Once, Tx};
use serde_json::json;

use super::super::sign_in::{LoadedFlow, concerned};
use super::super::visit::{LiveSession, Visit};
use crate::rules::second_factor::{LOSS_DELAY, LOSS_LIFE};
use crate::rules::sign_in::CodeStage;
use crate::{Failure, Provider};

/// What came of reporting a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossAsked {
    /// A mailed code is accepted from then; it may have been reported before.
    From(Timestamp),
    /// There is no address a code could go to.
    NoAddress,
    /// The sign-in is gone, or asks for nothing stronger: from the start.
    Gone,
}

/// What came of stopping the report of a loss, of a stronger second step or of a code address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepOutcome {
    /// What was said to be lost is asked for as before.
    Kept,
    /// There is nothing to stop: it was stopped, or its time is over.
    Over,
}

/// Outside of the networks of an account nothing is asked for that could be lost (S14); and a page that hides what
/// the password was does not tell what the account has (OTP-07).
fn can_be_lost(stage: &CodeStage) -> bool {
    stage.asks_stronger() && stage.stronger.is_some_and(|asked| !asked.is_nothing())
}

impl Provider {
    /// Whether a loss was reported already, for whoever proved the password; until when to wait.
    pub async fn loss_of(&self, flow: &LoadedFlow) -> Result<Option<Timestamp>, Failure> {
        let Some(stage) = flow.pending.code_stage() else {
            return Ok(None);
        };
        let (user, now) = (stage.user_id, self.now());
        let loss = self.store.read(move |tx| tx.factor_loss(user)).await?;
        Ok(loss
            .filter(|loss| now < loss.ends_at)
            .map(|loss| loss.due_at))
    }

    /// Notes a loss, after the password. Told once to every address, with the link that stops it.
    pub async fn report_loss(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<LossAsked, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        self.works(Feature::LostFactor)?;
        let stage = flow.pending.code_stage();
        let Some(stage) = stage.filter(|stage| can_be_lost(stage) && now < stage.closes_at) else {
            return Ok(LossAsked::Gone);
        };
        let user = stage.user_id;
        let Some(account) = self.account(user).await? else {
            return Ok(LossAsked::Gone);
        };
        self.pass(EndpointClass::Credentials, concerned(flow, &account))?;
        let (kind, owner) = (sekisho_model::EpochKind::Session, Some(&account.user));
        let epoch = flow.pending.epoch;
        if !self.knowledge.is_current(epoch, kind, owner, None) {
            return Ok(LossAsked::Gone);
        }
        if account.code_address.is_none() {
            return Ok(LossAsked::NoAddress);
        }
        let token = FactorToken::generate(&*self.entropy);
        let loss = FactorLoss {
            user_id: user,
            digest: token.digest(),
            asked_at: now,
            due_at: now + LOSS_DELAY,
            ends_at: now + LOSS_DELAY + LOSS_LIFE,
        };
        let link = format!(
            "{}/second-step/keep/{}",
            self.settings.issuer,
            token.reveal()
        );
        let until = loss.due_at;
        let letters = self.letters_to_all(&account, || LetterBody::RecoveryNotice {
            what: RecoveryNews::FactorLost { until },
            at: now,
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
            link: Some(link.clone()),
            not_me: None,
            apps: Vec::new(),
            again: 0,
        });
        let mut event = self.event(EventKind::FactorChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.detail = json!({ "step": "lost" });
        let work = move |tx: &mut Tx<'_>| {
            if tx.insert_factor_loss(&loss)? == Once::Again {
                return Ok(tx.factor_loss(user)?.map_or(until, |loss| loss.due_at));
            }
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)?;
            Ok(until)
        };
        let due = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(LossAsked::From(due))
    }

    /// Whether the link of a letter still stops anything. Looking uses nothing up.
    pub async fn keep_view(&self, token: &FactorToken) -> Result<KeepOutcome, Failure> {
        Ok(match self.loss_of_link(token).await? {
            Some(_) => KeepOutcome::Kept,
            None => KeepOutcome::Over,
        })
    }

    async fn loss_of_link(&self, token: &FactorToken) -> Result<Option<UserId>, Failure> {
        let (digest, now) = (token.digest(), self.now());
        let loss = self
            .store
            .read(move |tx| tx.factor_loss_of(&digest))
            .await?;
        Ok(loss
            .filter(|loss| now < loss.ends_at)
            .map(|loss| loss.user_id))
    }

    /// Stops it by the link of a letter.
    pub async fn keep_factors(
        &self,
        token: &FactorToken,
        visit: &Visit,
    ) -> Result<KeepOutcome, Failure> {
        match self.loss_of_link(token).await? {
            Some(user) => self.stop_loss(user, None, visit).await,
            None => Ok(KeepOutcome::Over),
        }
    }

    /// Stops it from the account pages: whoever is signed in with the second step may.
    pub async fn keep_own_factors(
        &self,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<KeepOutcome, Failure> {
        self.stop_loss(live.user.id, Some(live), visit).await
    }

    async fn stop_loss(
        &self,
        user: UserId,
        live: Option<&LiveSession>,
        visit: &Visit,
    ) -> Result<KeepOutcome, Failure> {
        let Some(account) = self.account(user).await? else {
            return Ok(KeepOutcome::Over);
        };
        let mut event = self.event(EventKind::FactorChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.session_id = live.map(|live| live.session.id);
        event.detail = json!({ "step": "kept" });
        let news = || self.recovery_notice(RecoveryNews::FactorKept, visit);
        let letters = self.letters_to_all(&account, news);
        let work = move |tx: &mut Tx<'_>| {
            if tx.end_factor_loss(user)? == Once::Again {
                return Ok(KeepOutcome::Over);
            }
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)?;
            Ok(KeepOutcome::Kept)
        };
        let kept = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(kept)
    }
}
