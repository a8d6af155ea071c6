//! The way back for whoever lost the stronger second step and has no recovery code: a mailed code after three
//! days, with notices meanwhile and a link that stops it (OTP-26).

use sekisho_guard::EndpointClass;
use sekisho_mail::{LetterBody, RecoveryNews};
use sekisho_model::{
    Event, EventKind, FactorLoss, FactorToken, Feature, Outcome, Timestamp, UserId,
};
use sekisho_store::{Once, OutboxLetter, StoreError, Tx};
use serde_json::json;

use super::super::sign_in::{LoadedFlow, concerned};
use super::super::standing_session::stands;
use super::super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
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

/// A loss that is noted, and told to every address with the link that stops it.
pub(crate) struct BegunLoss {
    loss: FactorLoss,
    letters: Vec<OutboxLetter>,
    event: Event,
}

impl BegunLoss {
    /// From when a mailed code counts. One that is noted already stays as it is, and nobody is told once more.
    pub(crate) fn write(&self, tx: &mut Tx<'_>) -> Result<Timestamp, StoreError> {
        let user = self.loss.user_id;
        if tx.insert_factor_loss(&self.loss)? == Once::Again {
            let noted = tx.factor_loss(user)?;
            return Ok(noted.map_or(self.loss.due_at, |loss| loss.due_at));
        }
        self.letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.record(&self.event)?;
        Ok(self.loss.due_at)
    }
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
        let begun = self.begun_loss(&account, visit, |until| RecoveryNews::FactorLost { until });
        let work = move |tx: &mut Tx<'_>| begun.write(tx);
        let due = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(LossAsked::From(due))
    }

    /// A loss as it is noted, with the letters about it.
    pub(crate) fn begun_loss(
        &self,
        account: &OpenAccount,
        visit: &Visit,
        news: impl FnOnce(Timestamp) -> RecoveryNews,
    ) -> BegunLoss {
        let (now, user) = (self.now(), account.user.id);
        let token = FactorToken::generate(&*self.entropy);
        let issuer = &self.settings.issuer;
        let link = format!("{issuer}/second-step/keep/{}", token.reveal());
        let loss = FactorLoss {
            user_id: user,
            digest: token.digest(),
            asked_at: now,
            due_at: now + LOSS_DELAY,
            ends_at: now + LOSS_DELAY + LOSS_LIFE,
        };
        let what = news(loss.due_at);
        let letters = self.letters_to_all(account, || LetterBody::RecoveryNotice {
            what,
            at: now,
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
            link: Some(link.clone()),
            not_me: None,
            apps: Vec::new(),
            again: 0,
            taken: Vec::new(),
        });
        let mut event = self.event(EventKind::FactorChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.detail = json!({ "step": "lost" });
        BegunLoss {
            loss,
            letters,
            event,
        }
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
            Some(user) => self.stop_loss(user, visit).await,
            None => Ok(KeepOutcome::Over),
        }
    }

    /// Stops it from the account pages; a stolen session does not do, or a thief could take back what the owner
    /// reported. `None` if both steps have to be proved first.
    pub async fn keep_own_factors(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        visit: &Visit,
    ) -> Result<Option<KeepOutcome>, Failure> {
        if !self.proved_both_lately(live, account).await? {
            return Ok(None);
        }
        self.write_kept(account, Some(live), visit).await
    }

    async fn stop_loss(&self, user: UserId, visit: &Visit) -> Result<KeepOutcome, Failure> {
        let Some(account) = self.account(user).await? else {
            return Ok(KeepOutcome::Over);
        };
        let kept = self.write_kept(&account, None, visit).await?;
        Ok(kept.unwrap_or(KeepOutcome::Over))
    }

    /// `None`, with nothing written, if the session it is done in does not count any more.
    async fn write_kept(
        &self,
        account: &OpenAccount,
        live: Option<&LiveSession>,
        visit: &Visit,
    ) -> Result<Option<KeepOutcome>, Failure> {
        let user = account.user.id;
        let mut event = self.event(EventKind::FactorChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.session_id = live.map(|live| live.session.id);
        event.detail = json!({ "step": "kept" });
        let news = || self.recovery_notice(RecoveryNews::FactorKept, visit);
        let letters = self.letters_to_all(account, news);
        let session = live.map(|live| live.session.clone());
        let work = move |tx: &mut Tx<'_>| {
            if let Some(session) = &session
                && !stands(tx, session)?
            {
                return Ok(None);
            }
            if tx.end_factor_loss(user)? == Once::Again {
                return Ok(Some(KeepOutcome::Over));
            }
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)?;
            Ok(Some(KeepOutcome::Kept))
        };
        let kept = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(kept)
    }
}
