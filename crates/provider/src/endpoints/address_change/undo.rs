use sekisho_guard::EndpointClass;
use std::time::Duration;

use sekisho_mail::RecoveryNews;
use sekisho_model::{AddressKind, EmailAddress, Event, EventKind, Outcome, Timestamp, UndoToken};
use sekisho_store::{Account, AddressChange, FormerAddress, Once, OutboxLetter, StoreError, Tx};

use super::super::new_password::end_all_of;
use super::super::visit::Visit;
use crate::rules::address_change::{Change, Standing, Undone, standing, undone};
use crate::{Failure, Provider};

/// How long before a change that is undone a stranger may have been at work.
const SUSPECT: Duration = Duration::from_hours(24);

/// What a link opens.
#[derive(Debug)]
pub enum UndoView {
    /// The form.
    Form {
        /// Which address was changed.
        kind: AddressKind,
        /// The former one, masked; `None` if there was none.
        former: Option<String>,
    },
    /// The change was undone.
    Used,
    /// Its time is over, or there never was such a link.
    Over,
}

/// What came of undoing a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoOutcome {
    /// The former addresses are back, and everything ended.
    Done,
    /// The change was undone before.
    Used,
    /// Its time is over.
    Over,
}

/// Everything that is known about a link.
struct Found {
    change: AddressChange,
    account: Account,
    open: Vec<AddressChange>,
}

impl Provider {
    /// What the page of a link shows. Looking uses nothing up: scanners of mail open every link.
    pub async fn undo_view(&self, token: &UndoToken) -> Result<UndoView, Failure> {
        let found = match self.found_change(token).await? {
            Ok(found) => found,
            Err(Standing::Used) => return Ok(UndoView::Used),
            Err(_) => return Ok(UndoView::Over),
        };
        let former = found.change.former.as_ref();
        let address = former
            .map(|former| self.former_address(&found.account, former))
            .transpose()?;
        Ok(UndoView::Form {
            kind: found.change.kind,
            former: address.map(|address| address.masked()),
        })
    }

    async fn found_change(&self, token: &UndoToken) -> Result<Result<Found, Standing>, Failure> {
        let (digest, now) = (token.digest(), self.now());
        let work = move |tx: &mut Tx<'_>| {
            let Some(change) = tx.address_change_of(&digest)? else {
                return Ok(None);
            };
            let open = tx.open_address_changes(change.user_id)?;
            let account = tx.account(change.user_id)?;
            Ok(account.map(|account| Found {
                change,
                account,
                open,
            }))
        };
        let Some(found) = self.store.read(work).await? else {
            return Ok(Err(Standing::Over));
        };
        let change = &found.change;
        Ok(match standing(change.ended_at, change.undo_until, now) {
            Standing::Open => Ok(found),
            other => Err(other),
        })
    }

    fn former_address(
        &self,
        account: &Account,
        former: &FormerAddress,
    ) -> Result<EmailAddress, Failure> {
        self.opened_address(account, &former.sealed)
    }

    /// Puts the former addresses back. Whoever changed them may know the password and have recovery codes, so
    /// nothing of that opens anything afterwards (REC-07).
    pub async fn undo_address_change(
        &self,
        token: &UndoToken,
        visit: &Visit,
    ) -> Result<UndoOutcome, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let found = match self.found_change(token).await? {
            Ok(found) => found,
            Err(Standing::Used) => return Ok(UndoOutcome::Used),
            Err(_) => return Ok(UndoOutcome::Over),
        };
        self.pass_person(EndpointClass::Credentials, &found.account.user)?;
        let open: Vec<Change> = found.open.iter().map(facts).collect();
        let Some(plan) = undone(&open, found.change.id) else {
            return Ok(UndoOutcome::Used);
        };
        let work = UndoWork {
            letters: self.undo_letters(&found, &plan, visit)?,
            event: self.undo_event(&found, &plan, visit),
            restored: picked(&found.open, &plan),
            suspect_from: found.change.made_at - SUSPECT,
            plan,
            account: found.account,
        };
        match self.store.write(move |tx| work.write(tx, now)).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Ok(UndoOutcome::Used),
            Err(error) => return Err(error.into()),
        }
        self.after_password_change().await?;
        self.profiles.invalidate_all();
        Ok(UndoOutcome::Done)
    }

    /// REC-06: those that come back and those that go are told.
    fn undo_letters(
        &self,
        found: &Found,
        plan: &Undone,
        visit: &Visit,
    ) -> Result<Vec<OutboxLetter>, Failure> {
        let account = self.open_account(&found.account)?;
        let mut told = vec![account.login_address];
        told.extend(account.code_address);
        for change in picked(&found.open, plan) {
            if let Some(former) = &change.former {
                told.push(self.former_address(&found.account, former)?);
            }
        }
        told.sort_by_key(EmailAddress::canonical);
        told.dedup_by_key(|address| address.canonical());
        let notice = || self.recovery_notice(RecoveryNews::AddressUndone, visit);
        let letter = |address| self.sealed_letter(&account.user, address, notice());
        Ok(told.iter().map(letter).collect())
    }

    fn undo_event(&self, found: &Found, plan: &Undone, visit: &Visit) -> Event {
        let mut event = self.event(EventKind::AddressChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(found.account.user.id);
        event.detail = serde_json::json!({
            "which": found.change.kind, "step": "undone", "changes": plan.ended.len(),
        });
        event
    }
}

const fn facts(change: &AddressChange) -> Change {
    Change {
        id: change.id,
        kind: change.kind,
    }
}

fn picked(open: &[AddressChange], plan: &Undone) -> Vec<AddressChange> {
    let wanted = |change: &&AddressChange| plan.restored.contains(&change.id);
    open.iter().filter(wanted).cloned().collect()
}

/// Everything one undoing writes.
struct UndoWork {
    account: Account,
    plan: Undone,
    restored: Vec<AddressChange>,
    /// Second steps that were added since then are a stranger's (OTP-26).
    suspect_from: Timestamp,
    letters: Vec<OutboxLetter>,
    event: Event,
}

impl UndoWork {
    /// `Conflict`, with nothing written, if a change was undone or another one made meanwhile.
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let user = self.account.user.id;
        for id in &self.plan.ended {
            if tx.end_address_change(*id, now)? == Once::Again {
                return Err(StoreError::Conflict);
            }
        }
        for change in &self.restored {
            tx.restore_address(user, change.kind, change.former.as_ref())?;
        }
        let newest = self.plan.ended.last();
        let later = tx.open_address_changes(user)?;
        if later
            .iter()
            .any(|change| newest.is_some_and(|newest| change.id > *newest))
        {
            return Err(StoreError::Conflict);
        }
        tx.replace_recovery_codes(user, &[], now)?;
        tx.remove_factors_since(user, self.suspect_from)?;
        tx.distrust_password(user)?;
        end_all_of(tx, user, now)?;
        self.letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.record(&self.event)
    }
}
