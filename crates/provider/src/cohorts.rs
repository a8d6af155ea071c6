//! Asking many people for a new password at once: a mark in constant time, kept by every node in
//! memory (INC-08, PW-27, PW-30).

use sekisho_model::{Cohort, CohortMark, Epoch, EpochKind, Event, UserId};
use sekisho_store::{Account, Once, StoreError, Tx};

use crate::endpoints::visit::LiveSession;
use crate::rules::password_marks;
use crate::{Failure, Provider};

/// A mark, and how far it has got.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The mark.
    pub mark: CohortMark,
    /// How many accounts it is still about: no new password was chosen since.
    pub waiting: u64,
    /// How many have chosen one.
    pub changed: u64,
}

/// What a forced reset voids besides the passwords: whoever signed in with them.
const WITH_SESSIONS: [EpochKind; 4] = [
    EpochKind::Password,
    EpochKind::Session,
    EpochKind::Token,
    EpochKind::Browser,
];
const PASSWORDS_ONLY: [EpochKind; 1] = [EpochKind::Password];

/// What a forced reset voids.
pub const fn kinds(end_sessions: bool) -> &'static [EpochKind] {
    if end_sessions {
        &WITH_SESSIONS
    } else {
        &PASSWORDS_ONLY
    }
}

impl Provider {
    /// Whether the account must choose a new password before anything is issued to it.
    pub fn must_change_password(&self, account: &Account) -> bool {
        let marked = account
            .password
            .as_ref()
            .is_some_and(|record| record.must_change);
        password_marks::must_change(&account.user, marked, &self.knowledge.shared())
    }

    /// Whether somebody who is signed in must choose a new password before anything more is issued.
    pub(crate) fn must_change_first(&self, live: &LiveSession) -> bool {
        password_marks::must_change(&live.user, false, &self.knowledge.shared())
    }

    /// Asks everyone in `cohort` for a new password; with `end_sessions` what they are signed in to
    /// ends as well. Every node knows within a second. Answers the number of the mark.
    pub async fn force_reset(
        &self,
        cohort: Cohort,
        end_sessions: bool,
        reason: &str,
        mut event: Event,
    ) -> Result<Epoch, Failure> {
        let (now, reason) = (self.now(), reason.to_owned());
        let epoch = self
            .store
            .write(move |tx| {
                let epoch = tx.mark_cohort(&cohort, kinds(end_sessions), &reason, now)?;
                event.detail = serde_json::json!({
                    "number": epoch, "cohort": cohort, "voids": kinds(end_sessions), "reason": reason,
                });
                tx.record(&event)?;
                Ok(epoch)
            })
            .await?;
        self.spread().await?;
        Ok(epoch)
    }

    /// Asks one person for a new password.
    pub async fn force_reset_of(
        &self,
        user: UserId,
        end_sessions: bool,
        reason: &str,
        mut event: Event,
    ) -> Result<(), Failure> {
        let now = self.now();
        event.user_id = Some(user);
        event.detail = serde_json::json!({ "voids": kinds(end_sessions), "reason": reason });
        self.store
            .write(move |tx| {
                for kind in kinds(end_sessions) {
                    tx.move_user_epoch(user, *kind)?;
                }
                if end_sessions {
                    tx.end_sessions_of(user, now)?;
                }
                tx.record(&event)
            })
            .await?;
        self.standings.invalidate_all();
        self.sessions_ended.notify_one();
        Ok(())
    }

    /// Asks nobody any more because of this mark; sessions it ended stay ended. `false` if there is no
    /// such mark.
    pub async fn lift_reset(&self, number: Epoch, mut event: Event) -> Result<bool, Failure> {
        event.detail = serde_json::json!({ "lifted": number });
        let lifted = self
            .store
            .write(move |tx| {
                let lifted = tx.lift_password_mark(number)?;
                if lifted == Once::First {
                    tx.record(&event)?;
                }
                Ok(lifted)
            })
            .await?;
        self.spread().await?;
        Ok(lifted == Once::First)
    }

    /// Whether a cohort is told by a tag that no account was imported with: a typing error, which would be about
    /// nobody and look like success.
    pub async fn is_untagged(&self, cohort: &Cohort) -> Result<bool, Failure> {
        let Some(tag) = cohort.tag.clone() else {
            return Ok(false);
        };
        Ok(!self.store.read(move |tx| tx.is_tag(&tag)).await?)
    }

    /// Some of the tags that accounts were imported with, in order.
    pub async fn tags(&self, limit: usize) -> Result<Vec<String>, Failure> {
        Ok(self.store.read(move |tx| tx.tags(limit)).await?)
    }

    /// How many accounts are in `cohort`. Looks at all accounts: for the command line.
    pub async fn cohort_size(&self, cohort: Cohort) -> Result<u64, Failure> {
        let count = self.store.read(move |tx| tx.count_cohort(&cohort, None));
        Ok(count.await?)
    }

    /// A page of the marks with their progress, newest first; `before` is the last one of the page before. Looks at
    /// all accounts for each: for the command line.
    pub async fn resets(
        &self,
        before: Option<Epoch>,
        limit: u32,
    ) -> Result<Vec<Progress>, Failure> {
        let work = move |tx: &mut Tx<'_>| {
            let marks = tx.cohort_marks_before(before, limit)?;
            marks.into_iter().map(|mark| progress(tx, mark)).collect()
        };
        Ok(self.store.read(work).await?)
    }
}

fn progress(tx: &mut Tx<'_>, mark: CohortMark) -> Result<Progress, StoreError> {
    let waiting = tx.count_cohort(&mark.cohort, Some(mark.epoch))?;
    // Who obeyed is no longer among those with an old password.
    let whoever = Cohort {
        password_before: None,
        ..mark.cohort.clone()
    };
    let all = tx.count_cohort(&whoever, None)?;
    let not_since = tx.count_cohort(&whoever, Some(mark.epoch))?;
    Ok(Progress {
        waiting,
        changed: all.saturating_sub(not_since),
        mark,
    })
}
