//! A session is looked at once more in the transaction that changes something for it. What ended or voided it
//! meanwhile counts, also where this node has not heard of it yet (SES-09).

use sekisho_model::{BrowserSession, Epoch, EpochKind, User, UserId};
use sekisho_store::{StoreError, Tx};

use crate::knowledge::shared_epochs;
use crate::rules::standing::{account_may_act, is_current};

/// Whether `session` still counts. If so, it and its owner stay as they are until the transaction ends, so that what
/// is written now was there before whatever ends the session.
pub(crate) fn stands(tx: &mut Tx<'_>, session: &BrowserSession) -> Result<bool, StoreError> {
    match tx.held_session(session)? {
        Some((now, owner)) => counts(tx, now.epoch, &owner),
        None => Ok(false),
    }
}

/// The same before an epoch moves. No other move comes between: a session that a move for everybody or for a cohort
/// voided must not go on under the next number.
pub(crate) fn stands_before_move(
    tx: &mut Tx<'_>,
    session: &BrowserSession,
) -> Result<bool, StoreError> {
    tx.hold_epochs()?;
    stands(tx, session)
}

/// The same for a sign-in that began under `epoch` and has no session yet.
pub(crate) fn counts_before_move(
    tx: &mut Tx<'_>,
    epoch: Epoch,
    user: UserId,
) -> Result<bool, StoreError> {
    tx.hold_epochs()?;
    match tx.account(user)? {
        Some(account) => counts(tx, epoch, &account.user),
        None => Ok(false),
    }
}

fn counts(tx: &mut Tx<'_>, epoch: Epoch, user: &User) -> Result<bool, StoreError> {
    let (kind, shared) = (EpochKind::Session, shared_epochs(tx)?);
    Ok(account_may_act(user.state) && is_current(epoch, kind, Some(user), None, &shared))
}
