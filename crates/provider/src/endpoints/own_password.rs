//! A person changes the password in the account pages (PW-12).

use sekisho_mail::ChangedHow;
use sekisho_model::{
    BrowserSession, Digest, Epoch, EpochKind, Event, EventKind, Feature, Outcome, SessionToken,
    Timestamp, UserId,
};
use sekisho_store::{Once, PasswordRecord, StoreError, Tx};

use super::counted_password::OwnCheck;
use super::new_password::void_all_of;
use super::standing_session::stands_before_move;
use super::told::Told;
use super::visit::{LiveSession, NewCookies, Visit};
use crate::accounts::OpenAccount;
use crate::knowledge::shared_epochs;
use crate::rules::password_policy::{PasswordRefusal, normalised};
use crate::rules::standing::is_current;
use crate::{Failure, Provider};

/// What somebody typed who wants another password.
#[derive(Clone, Copy)]
pub struct OwnPassword<'a> {
    /// The present one.
    pub present: &'a str,
    /// The new one.
    pub new: &'a str,
    /// Whether other devices stay signed in.
    pub others_stay: bool,
}

impl std::fmt::Debug for OwnPassword<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnPassword")
    }
}

/// What came of it.
#[derive(Debug)]
pub enum OwnChange {
    /// It counts from now on; the session goes on under a new id.
    Changed(NewCookies),
    /// The sign-in is too long ago: password and code first.
    Stale,
    /// What was typed as the present one is wrong.
    Wrong,
    /// Too many wrong ones; again from then (THR-08).
    Wait(Timestamp),
    /// The policy refuses the new one.
    Refused(Vec<PasswordRefusal>),
    /// The new one is the present one.
    Same,
    /// Another change was faster.
    Late,
}

impl Provider {
    /// Changes the password of whoever is signed in. Cheap checks come first, then the limiter of sign-ins counts,
    /// then the present password is hashed (THR-07, THR-08).
    pub async fn change_own_password(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        wish: OwnPassword<'_>,
        visit: &Visit,
    ) -> Result<OwnChange, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        self.works(Feature::OwnPassword)?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(OwnChange::Stale);
        }
        let context = self.password_context(account, None);
        let reasons = self.judge_new_password(wish.new, &context).await?;
        if !reasons.is_empty() {
            return Ok(OwnChange::Refused(reasons));
        }
        let user = live.user.id;
        let stored = self.store.read(move |tx| tx.account(user)).await?;
        let Some(old) = stored.and_then(|stored| stored.password) else {
            return Ok(OwnChange::Late);
        };
        let failed = self.own_change_event(live, Outcome::WrongPassword, visit);
        let typed = (Some(&old), wish.present);
        let checked = self.check_own_password((live, account), typed, failed, visit);
        match checked.await? {
            OwnCheck::Right => {}
            OwnCheck::Wrong => return Ok(OwnChange::Wrong),
            OwnCheck::Wait(until) => return Ok(OwnChange::Wait(until)),
            OwnCheck::Closed => return Ok(OwnChange::Stale),
        }
        if *normalised(wish.present) == *normalised(wish.new) {
            return Ok(OwnChange::Same);
        }
        self.write_own_change((live, account), (old, wish), visit)
            .await
    }

    async fn write_own_change(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        (old, wish): (PasswordRecord, OwnPassword<'_>),
        visit: &Visit,
    ) -> Result<OwnChange, Failure> {
        let (now, user) = (self.now(), live.user.id);
        let token = SessionToken::generate(&*self.entropy);
        let others_stay = wish.others_stay;
        let event = self.own_changed_event(live, others_stay, visit);
        let work = OwnChangeWork {
            user,
            new: self.new_record(user, wish.new).await?,
            old,
            others_stay,
            session: live.session.clone(),
            cookie: token.digest(),
            told: self.told_password(account, &event, ChangedHow::Own { others_stay }),
            event,
        };
        match self.store.write(move |tx| work.write(tx, now)).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Ok(OwnChange::Late),
            Err(error) => return Err(error.into()),
        }
        self.after_password_change().await?;
        Ok(OwnChange::Changed(NewCookies {
            session: Some(token),
            browser_state: self.kept_browser_state(live),
            ..NewCookies::default()
        }))
    }

    fn own_changed_event(&self, live: &LiveSession, others_stay: bool, visit: &Visit) -> Event {
        let mut event = self.own_change_event(live, Outcome::Passed, visit);
        event.detail = serde_json::json!({ "how": "account", "others_stay": others_stay });
        event
    }

    fn own_change_event(&self, live: &LiveSession, outcome: Outcome, visit: &Visit) -> Event {
        let mut event = self.event(EventKind::PasswordChanged, outcome, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "how": "account" });
        event
    }
}

/// Everything one change writes.
struct OwnChangeWork {
    user: UserId,
    old: PasswordRecord,
    new: PasswordRecord,
    others_stay: bool,
    session: BrowserSession,
    cookie: Digest,
    told: Told,
    event: Event,
}

impl OwnChangeWork {
    /// `Conflict`, with nothing written, if the password or the session changed meanwhile, or the session was voided.
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let user = self.user;
        if !stands_before_move(tx, &self.session)? {
            return Err(StoreError::Conflict);
        }
        if tx.replace_password(user, &self.old.sealed, &self.new)? == Once::Again {
            return Err(StoreError::Conflict);
        }
        let epoch = if self.others_stay {
            self.carry_others(tx)?
        } else {
            self.end_others(tx, now)?;
            void_all_of(tx, user)?
        };
        // The present session goes on under a new id (SES-03), whatever becomes of the others.
        let renewed = BrowserSession {
            digest: self.cookie,
            epoch,
            ..self.session.clone()
        };
        let (id, digest) = (self.session.id, &self.session.digest);
        if tx.rotate_session(id, digest, &renewed)? == Once::Again {
            return Err(StoreError::Conflict);
        }
        self.told.post(tx)?;
        tx.record(&self.event)
    }

    fn end_others(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut others = tx.sessions_of(self.user)?;
        others.retain(|other| other.id != self.session.id);
        for other in others {
            let _ended = tx.end_session(other.id, now)?;
        }
        Ok(())
    }

    /// Sign-ins that wait for their code began with the old password: they end with it, trusted browsers as well.
    /// Sessions that count go on under the new epoch.
    fn carry_others(&self, tx: &mut Tx<'_>) -> Result<Epoch, StoreError> {
        let before = tx.account(self.user)?.map(|account| account.user);
        let (kind, shared) = (EpochKind::Session, shared_epochs(tx)?);
        let counts = |epoch| is_current(epoch, kind, before.as_ref(), None, &shared);
        let mut kept = tx.sessions_of(self.user)?;
        kept.retain(|session| counts(session.epoch));
        tx.move_user_epoch(self.user, EpochKind::Browser)?;
        let epoch = tx.move_user_epoch(self.user, EpochKind::Session)?;
        for session in kept {
            tx.carry_session(session.id, epoch)?;
        }
        tx.close_resets(self.user)?;
        tx.end_reset_wait(self.user)?;
        Ok(epoch)
    }
}
