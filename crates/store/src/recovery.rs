use std::collections::HashSet;

use diesel::prelude::*;
use sekisho_model::{AddressKind, BrowserId, Digest, Epoch, Sealed, Timestamp, UserId};

use crate::backend::on_each;
use crate::column::{Stored as _, micros, read_digest, read_id, time};
use crate::schema::{password_resets, recovery_codes, reset_waits, user_addresses};
use crate::{Once, StoreError, Tx};

/// A link that lets a new password be chosen, without the link itself (REC-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRecord {
    /// Digest of what the link carries.
    pub digest: Digest,
    /// Whose password.
    pub user_id: UserId,
    /// To which of the addresses it was mailed.
    pub mailbox: AddressKind,
    /// Whether an operator checked who asked (REC-04).
    pub vouched: bool,
    /// The epoch it was made under.
    pub epoch: Epoch,
    /// When the password had been chosen that it is to replace.
    pub password_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Somebody with one mailbox only waits at a browser the account knows (REC-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetWait {
    /// At which browser.
    pub browser_id: BrowserId,
    /// When the password had been chosen that is to be replaced.
    pub password_at: Option<Timestamp>,
    /// Since when.
    pub asked_at: Timestamp,
}

/// How many recovery codes a user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecoveryFigures {
    /// Not used yet.
    pub left: u64,
    /// When the present set was made; `None` without one.
    pub made_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct ResetRow {
    digest: Vec<u8>,
    user_id: String,
    mailbox: String,
    vouched: bool,
    epoch: i64,
    password_at: Option<i64>,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
}

impl TryFrom<ResetRow> for ResetRecord {
    type Error = StoreError;
    fn try_from(row: ResetRow) -> Result<Self, StoreError> {
        Ok(Self {
            digest: read_digest(&row.digest)?,
            user_id: read_id!(UserId, &row.user_id)?,
            mailbox: AddressKind::read(&row.mailbox)?,
            vouched: row.vouched,
            epoch: Epoch(row.epoch),
            password_at: row.password_at.map(time),
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
            used_at: row.used_at.map(time),
        })
    }
}

impl Tx<'_> {
    /// Adds a link; call [`Tx::close_resets`] before: a newer one kills the older (REC-01).
    pub fn insert_reset(&mut self, reset: &ResetRecord) -> Result<(), StoreError> {
        diesel::insert_into(password_resets::table)
            .values((
                password_resets::digest.eq(reset.digest.as_bytes().as_slice()),
                password_resets::user_id.eq(reset.user_id.to_string()),
                password_resets::mailbox.eq(reset.mailbox.stored()),
                password_resets::vouched.eq(reset.vouched),
                password_resets::epoch.eq(reset.epoch.0),
                password_resets::password_at.eq(micros(reset.password_at)),
                password_resets::created_at.eq(reset.created_at.micros()),
                password_resets::expires_at.eq(reset.expires_at.micros()),
                password_resets::used_at.eq(micros(reset.used_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes the links of a user that were not used.
    pub fn close_resets(&mut self, user: UserId) -> Result<(), StoreError> {
        diesel::delete(password_resets::table)
            .filter(password_resets::user_id.eq(user.to_string()))
            .filter(password_resets::used_at.is_null())
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes the links of a user that are not used yet, other than those an operator had mailed.
    pub fn close_mailed_resets(&mut self, user: UserId) -> Result<(), StoreError> {
        diesel::delete(password_resets::table)
            .filter(password_resets::user_id.eq(user.to_string()))
            .filter(password_resets::used_at.is_null())
            .filter(password_resets::vouched.eq(false))
            .execute(self.conn)?;
        Ok(())
    }

    /// The link with this digest, whatever its state.
    pub fn reset(&mut self, digest: &Digest) -> Result<Option<ResetRecord>, StoreError> {
        password_resets::table
            .find(digest.as_bytes().as_slice())
            .first::<ResetRow>(self.conn)
            .optional()?
            .map(ResetRecord::try_from)
            .transpose()
    }

    /// Uses a link up, if it is unused and in time; of any number of callers one gets `First`.
    pub fn take_reset(&mut self, digest: &Digest, now: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(password_resets::table)
            .filter(password_resets::digest.eq(digest.as_bytes().as_slice()))
            .filter(password_resets::used_at.is_null())
            .filter(password_resets::expires_at.gt(now.micros()))
            .set(password_resets::used_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Begins a wait, in place of an earlier one.
    pub fn begin_reset_wait(&mut self, user: UserId, wait: ResetWait) -> Result<(), StoreError> {
        let browser = wait.browser_id.to_string();
        let values = (
            reset_waits::browser_id.eq(&browser),
            reset_waits::password_at.eq(micros(wait.password_at)),
            reset_waits::asked_at.eq(wait.asked_at.micros()),
        );
        on_each!(self.conn, |c| diesel::insert_into(reset_waits::table)
            .values((reset_waits::user_id.eq(user.to_string()), values))
            .on_conflict(reset_waits::user_id)
            .do_update()
            .set(values)
            .execute(c))?;
        Ok(())
    }

    /// The wait of a user.
    pub fn reset_wait(&mut self, user: UserId) -> Result<Option<ResetWait>, StoreError> {
        let row = reset_waits::table
            .find(user.to_string())
            .select((
                reset_waits::browser_id,
                reset_waits::password_at,
                reset_waits::asked_at,
            ))
            .first::<(String, Option<i64>, i64)>(self.conn)
            .optional()?;
        row.map(|(browser, password_at, asked_at)| {
            Ok(ResetWait {
                browser_id: read_id!(BrowserId, &browser)?,
                password_at: password_at.map(time),
                asked_at: time(asked_at),
            })
        })
        .transpose()
    }

    /// Ends the wait of a user.
    pub fn end_reset_wait(&mut self, user: UserId) -> Result<(), StoreError> {
        diesel::delete(reset_waits::table.find(user.to_string())).execute(self.conn)?;
        Ok(())
    }

    /// Gives a user a new set of recovery codes; the old set works no more (REC-05).
    pub fn replace_recovery_codes(
        &mut self,
        user: UserId,
        digests: &[Digest],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::delete(recovery_codes::table)
            .filter(recovery_codes::user_id.eq(user.to_string()))
            .execute(self.conn)?;
        for digest in digests {
            diesel::insert_into(recovery_codes::table)
                .values((
                    recovery_codes::user_id.eq(user.to_string()),
                    recovery_codes::digest.eq(digest.as_bytes().as_slice()),
                    recovery_codes::made_at.eq(now.micros()),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Voids the recovery codes that a user made since `from`; how many there were.
    pub fn void_recovery_codes(
        &mut self,
        user: UserId,
        from: Option<Timestamp>,
    ) -> Result<usize, StoreError> {
        let from = from.map_or(i64::MIN, Timestamp::micros);
        let rows = diesel::delete(recovery_codes::table)
            .filter(recovery_codes::user_id.eq(user.to_string()))
            .filter(recovery_codes::made_at.ge(from))
            .execute(self.conn)?;
        Ok(rows)
    }

    /// Uses a recovery code up; `Again` if it is unknown or was used.
    pub fn take_recovery_code(
        &mut self,
        user: UserId,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let row = (user.to_string(), digest.as_bytes().as_slice());
        let rows = diesel::update(recovery_codes::table.find(row))
            .filter(recovery_codes::used_at.is_null())
            .set(recovery_codes::used_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// How many of `users` have recovery codes left.
    pub fn count_with_recovery_codes(&mut self, users: &[UserId]) -> Result<usize, StoreError> {
        let ids = users.iter().map(ToString::to_string);
        let found = recovery_codes::table
            .filter(recovery_codes::user_id.eq_any(ids))
            .filter(recovery_codes::used_at.is_null())
            .select(recovery_codes::user_id)
            .load::<String>(self.conn)?;
        Ok(found.into_iter().collect::<HashSet<_>>().len())
    }

    /// How many recovery codes a user has.
    pub fn recovery_figures(&mut self, user: UserId) -> Result<RecoveryFigures, StoreError> {
        let rows = recovery_codes::table
            .filter(recovery_codes::user_id.eq(user.to_string()))
            .select((recovery_codes::made_at, recovery_codes::used_at))
            .load::<(i64, Option<i64>)>(self.conn)?;
        let left = rows.iter().filter(|(_, used_at)| used_at.is_none()).count();
        Ok(RecoveryFigures {
            left: u64::try_from(left).unwrap_or(u64::MAX),
            made_at: rows.first().map(|(made_at, _)| time(*made_at)),
        })
    }

    /// Puts a verified code address in the place of whichever there was; `Again` if nobody can have it
    /// (REC-15).
    pub fn put_code_address(
        &mut self,
        user: UserId,
        sealed: &Sealed,
        index: &Digest,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        self.before_giving(index)?;
        if !self.quarantined(&[*index])?.is_empty() {
            return Ok(Once::Again);
        }
        let _noted = self.end_code_address_loss(user)?;
        let values = (
            user_addresses::sealed.eq(sealed.as_bytes()),
            user_addresses::blind_index.eq(index.as_bytes().as_slice()),
            user_addresses::verified_at.eq(now.micros()),
            user_addresses::refused_at.eq(None::<i64>),
        );
        let key = (
            user_addresses::user_id.eq(user.to_string()),
            user_addresses::kind.eq(AddressKind::Code.stored()),
        );
        on_each!(self.conn, |c| diesel::insert_into(user_addresses::table)
            .values((key, values))
            .on_conflict((user_addresses::user_id, user_addresses::kind))
            .do_update()
            .set(values)
            .execute(c))?;
        Ok(Once::First)
    }
}
