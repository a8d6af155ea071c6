use sekisho_guard::EndpointClass;
use std::time::Duration;

use sekisho_mail::{LetterBody, RecoveryNews};
use sekisho_model::{
    AddressKind, EmailAddress, Event, EventId, EventKind, Outcome, Timestamp, UndoToken, UserId,
};
use sekisho_store::{Account, AddressChange, FormerAddress, Once, OutboxLetter, StoreError, Tx};

use super::super::new_password::end_all_of;
use super::super::visit::Visit;
use crate::accounts::OpenAccount;
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
        let Some(undoing) = Undoing::of(&found.change, &found.open) else {
            return Ok(UndoOutcome::Used);
        };
        let account = self.open_account(&found.account)?;
        let work = UndoWork {
            letters: self.undo_letters((&found.account, &account), &undoing, || {
                self.recovery_notice(RecoveryNews::AddressUndone, visit)
            })?,
            event: self.undo_event(&undoing, visit),
            undoing,
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
    pub(crate) fn undo_letters(
        &self,
        (stored, account): (&Account, &OpenAccount),
        undoing: &Undoing,
        notice: impl Fn() -> LetterBody,
    ) -> Result<Vec<OutboxLetter>, Failure> {
        let mut told = vec![account.login_address.clone()];
        told.extend(account.code_address.clone());
        for former in undoing.formers() {
            told.push(self.former_address(stored, former)?);
        }
        told.sort_by_key(EmailAddress::canonical);
        told.dedup_by_key(|address| address.canonical());
        let letter = |address| self.sealed_letter(&account.user, address, notice());
        Ok(told.iter().map(letter).collect())
    }

    pub(crate) fn undo_event(&self, undoing: &Undoing, visit: &Visit) -> Event {
        let mut event = self.event(EventKind::AddressChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(undoing.user);
        event.detail = serde_json::json!({
            "which": undoing.kind, "step": "undone", "changes": undoing.ended().len(),
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

/// The undoing of changes of addresses, as one transaction writes it. Whoever made them may know the password and
/// have recovery codes, so nothing of that opens anything afterwards (REC-07).
#[derive(Debug)]
pub(crate) struct Undoing {
    user: UserId,
    kind: AddressKind,
    plan: Undone,
    restored: Vec<AddressChange>,
    /// Second steps that were added since then are a stranger's (OTP-26).
    suspect_from: Timestamp,
}

impl Undoing {
    /// What undoing `change` comes to; `None` if it is not among the `open` ones of the user.
    pub(crate) fn of(change: &AddressChange, open: &[AddressChange]) -> Option<Self> {
        let facts: Vec<Change> = open.iter().map(facts).collect();
        let plan = undone(&facts, change.id)?;
        let wanted = |change: &&AddressChange| plan.restored.contains(&change.id);
        Some(Self {
            user: change.user_id,
            kind: change.kind,
            restored: open.iter().filter(wanted).cloned().collect(),
            suspect_from: change.made_at - SUSPECT,
            plan,
        })
    }

    /// The changes that end.
    pub(crate) fn ended(&self) -> &[EventId] {
        &self.plan.ended
    }

    /// The addresses that come back.
    pub(crate) fn formers(&self) -> impl Iterator<Item = &FormerAddress> {
        let changes = self.restored.iter();
        changes.filter_map(|change| change.former.as_ref())
    }

    /// `Conflict`, with nothing written, if a change was undone or another one made meanwhile.
    pub(crate) fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let user = self.user;
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
        tx.void_recovery_codes(user, None)?;
        tx.remove_factors_since(user, self.suspect_from)?;
        tx.distrust_password(user)?;
        end_all_of(tx, user, now)?;
        Ok(())
    }
}

/// Everything one undoing by a link writes.
struct UndoWork {
    undoing: Undoing,
    letters: Vec<OutboxLetter>,
    event: Event,
}

impl UndoWork {
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.undoing.write(tx, now)?;
        self.letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.record(&self.event)
    }
}
