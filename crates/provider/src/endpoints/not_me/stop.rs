//! What a denial ends and takes back: all that came of a session that was somebody else's (TD-08).

use sekisho_model::{EpochKind, Timestamp};
use sekisho_store::{AddressChange, StoreError, Tx};

use super::super::address_change::Undoing;
use super::super::new_password::end_all_of;
use super::super::second_steps::BegunLoss;
use super::NotMeCase;
use super::suspects::{Suspects, browser_of};
use super::taking_back::TakingBack;

/// What becomes of the addresses of the account.
pub(super) enum Addresses {
    /// Changes are undone as it was found before; `Conflict` if that would be another thing now.
    As(Option<Undoing>),
    /// Nothing.
    Stay,
}

/// Everything one denial writes, beside letters and events.
pub(super) struct Stop {
    pub(super) case: NotMeCase,
    pub(super) lock: bool,
    pub(super) addresses: Addresses,
    /// As the letters tell it.
    pub(super) taking: TakingBack,
    /// If a second step stays: its loss.
    pub(super) loss: Option<BegunLoss>,
}

/// The first change of an address that the event is, or that its session made, with all that came after.
pub(super) fn undoing(
    tx: &mut Tx<'_>,
    case: &NotMeCase,
    now: Timestamp,
) -> Result<Option<Undoing>, StoreError> {
    let suspects = Suspects::of(tx, case)?;
    let open = tx.open_address_changes(case.user)?;
    let denied = case.event.as_ref().map(|event| event.id);
    let theirs = |change: &&AddressChange| {
        let made = suspects.as_ref().is_some_and(|who| who.made(change));
        now < change.undo_until && (made || denied == Some(change.id))
    };
    let first = open.iter().find(theirs);
    Ok(first.and_then(|first| Undoing::of(first, &open)))
}

impl Stop {
    /// `Conflict`, with nothing written, if an address was changed meanwhile, or there is something else to take back.
    pub(super) fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let user = self.case.user;
        // Locks the counter: changes of addresses and their undoing follow one another from here on.
        tx.move_user_epoch(user, EpochKind::Browser)?;
        let taking = TakingBack::of(tx, &self.case, now)?;
        let as_found = matches!(self.addresses, Addresses::As(_));
        if as_found && taking != self.taking {
            return Err(StoreError::Conflict);
        }
        // The password alone opens nothing once something that guarded the account is gone.
        let lock = self.lock || taking.guards();
        taking.write(tx, user)?;
        if let Some(loss) = &self.loss {
            let _due = loss.write(tx)?;
        }
        if let Some(suspects) = &Suspects::of(tx, &self.case)? {
            self.end(tx, suspects, now)?;
        }
        if let Some(browser) = self.case.event.as_ref().and_then(browser_of) {
            let _known = tx.forget_browser(user, browser)?;
        }
        tx.distrust_browsers(user)?;
        tx.close_resets(user)?;
        tx.end_reset_wait(user)?;
        if lock {
            tx.void_recovery_codes(user, None)?;
        }
        self.put_addresses_back(tx, now)?;
        if lock {
            end_all_of(tx, user, now)?;
            tx.move_user_epoch(user, EpochKind::Password)?;
        }
        Ok(())
    }

    fn end(&self, tx: &mut Tx<'_>, suspects: &Suspects, now: Timestamp) -> Result<(), StoreError> {
        let user = self.case.user;
        for session in &suspects.sessions {
            // What it made ends whatever it was for, and whether it has ended already.
            let _live = tx.end_session_of(user, *session, now)?;
            tx.revoke_grants_of_session(*session, now, false)?;
        }
        // Recovery codes that were made there would open the account once more.
        tx.void_recovery_codes(user, Some(suspects.began))?;
        Ok(())
    }

    fn put_addresses_back(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let Addresses::As(planned) = &self.addresses else {
            return Ok(());
        };
        let found = undoing(tx, &self.case, now)?;
        let ended = |undoing: &Option<Undoing>| {
            let ended = undoing.as_ref().map(Undoing::ended);
            ended.map(<[_]>::to_vec)
        };
        if ended(&found) != ended(planned) {
            return Err(StoreError::Conflict);
        }
        match planned {
            Some(planned) => planned.write(tx, now),
            None => Ok(()),
        }
    }
}
