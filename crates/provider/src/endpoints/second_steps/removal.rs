use sekisho_mail::RecoveryNews;
use sekisho_model::{BrowserSession, EpochKind, Event, EventKind, FactorId, FactorKind, Outcome};
use sekisho_store::{Account, Once, Tx};

use super::super::standing_session::stands;
use super::super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::second_factor::is_due;
use crate::{Failure, Provider};

/// What came of removing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Done,
    /// Both steps have to be proved first.
    Stale,
    /// There is none with this id.
    Unknown,
}

impl Provider {
    /// The owner removes an app or a passkey; every address is told (REC-06).
    pub async fn remove_factor(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        id: FactorId,
        visit: &Visit,
    ) -> Result<Removed, Failure> {
        self.knowledge.may_issue(self.now())?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(Removed::Stale);
        }
        let event = self.factor_event(live, serde_json::json!({}), visit);
        let session = Some(live.session.clone());
        self.remove_with(account, id, event, session).await
    }

    /// An operator who checked who asks removes one; the event says why.
    pub async fn remove_factor_for(
        &self,
        account: &OpenAccount,
        id: FactorId,
        mut event: Event,
    ) -> Result<Removed, Failure> {
        event.user_id = Some(account.user.id);
        self.remove_with(account, id, event, None).await
    }

    async fn remove_with(
        &self,
        account: &OpenAccount,
        id: FactorId,
        mut event: Event,
        by: Option<BrowserSession>,
    ) -> Result<Removed, Failure> {
        let user = account.user.id;
        let factors = self.store.read(move |tx| tx.factors_of(user)).await?;
        let Some(factor) = factors.iter().find(|factor| factor.id == id) else {
            return Ok(Removed::Unknown);
        };
        if by.is_some() {
            self.count_change(user).await?;
        }
        let last = factors.len() == 1;
        let news = match factor.kind {
            FactorKind::Totp => RecoveryNews::AppRemoved,
            FactorKind::Passkey => RecoveryNews::PasskeyRemoved,
        };
        if let Some(detail) = event.detail.as_object_mut() {
            detail.insert("factor".to_owned(), factor.kind.name().into());
            detail.insert("step".to_owned(), "removed".into());
        }
        let told = self.told_news(account, &event, news);
        let work = move |tx: &mut Tx<'_>| {
            if let Some(session) = &by
                && !stands(tx, session)?
            {
                return Ok(Removed::Stale);
            }
            if tx.remove_factor(user, id)? == Once::Again {
                return Ok(Removed::Unknown);
            }
            if last {
                let _noted = tx.end_factor_loss(user)?;
            }
            told.post(tx)?;
            tx.record(&event)?;
            Ok(Removed::Done)
        };
        let removed = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(removed)
    }

    /// A mailed code was right in the place of what was reported lost: all of that is gone, and so is the trust in
    /// browsers. `false`, with nothing changed, if the report was taken back meanwhile.
    pub(crate) async fn give_up_factors(
        &self,
        account: &Account,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let (now, user) = (self.now(), account.user.id);
        let open = self.open_account(account)?;
        let mut event = self.event(EventKind::FactorChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        let told = self.told_news(&open, &event, RecoveryNews::FactorsGivenUp);
        let work = move |tx: &mut Tx<'_>| {
            let loss = tx.factor_loss(user)?;
            if !loss.is_some_and(|loss| is_due(&loss, now))
                || tx.end_factor_loss(user)? == Once::Again
            {
                return Ok(false);
            }
            let gone = tx.remove_factors(user)?;
            event.detail = serde_json::json!({ "step": "given_up", "factors": gone });
            tx.move_user_epoch(user, EpochKind::Browser)?;
            told.post(tx)?;
            tx.record(&event)?;
            Ok(true)
        };
        let done = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(done)
    }
}
