use std::collections::HashSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{
    AddressKind, Digest, EpochKind, EventId, Sealed, SessionId, Timestamp, User, UserId,
};

use crate::column::{Stored as _, micros, read_digest, read_id, time};
use crate::schema::{address_changes, address_undo_links, passwords, user_addresses};
use crate::{Once, StoreError, Tx};

/// A change of an address, and what undoes it (REC-07).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressChange {
    /// Its id; also that of the event that tells it.
    pub id: EventId,
    /// Whose.
    pub user_id: UserId,
    /// Which address.
    pub kind: AddressKind,
    /// The address before; `None` if there was none.
    pub former: Option<FormerAddress>,
    /// When.
    pub made_at: Timestamp,
    /// Until when it can be undone.
    pub undo_until: Timestamp,
    /// When it was undone, or a change before it.
    pub ended_at: Option<Timestamp>,
    /// In which session it was made, if that was noted.
    pub made_in: Option<SessionId>,
}

/// An address that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerAddress {
    /// The address, under its user's data key.
    pub sealed: Sealed,
    /// What it is found by.
    pub index: Digest,
    /// When its owner had shown that mail reaches them.
    pub verified_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct ChangeRow {
    id: String,
    user_id: String,
    kind: String,
    former: Option<Vec<u8>>,
    former_index: Option<Vec<u8>>,
    former_verified_at: Option<i64>,
    made_at: i64,
    undo_until: i64,
    ended_at: Option<i64>,
    made_in: Option<String>,
}

impl TryFrom<ChangeRow> for AddressChange {
    type Error = StoreError;
    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        let former = match (row.former, row.former_index) {
            (Some(sealed), Some(index)) => Some(FormerAddress {
                sealed: Sealed::from_bytes(sealed),
                index: read_digest(&index)?,
                verified_at: row.former_verified_at.map(time),
            }),
            _ => None,
        };
        Ok(Self {
            id: read_id!(EventId, &row.id)?,
            user_id: read_id!(UserId, &row.user_id)?,
            kind: AddressKind::read(&row.kind)?,
            former,
            made_at: time(row.made_at),
            undo_until: time(row.undo_until),
            ended_at: row.ended_at.map(time),
            made_in: match &row.made_in {
                Some(session) => Some(read_id!(SessionId, session)?),
                None => None,
            },
        })
    }
}

impl Tx<'_> {
    /// Puts a proved address in the place of the present one and hands that back; `None` if there was none.
    /// `Conflict`, which ends the unit of work, if somebody else has the address or has it reserved (REC-10).
    pub fn change_address(
        &mut self,
        user: UserId,
        kind: AddressKind,
        new: (&Sealed, &Digest),
        now: Timestamp,
    ) -> Result<Option<FormerAddress>, StoreError> {
        let former = self.take_address(user, kind)?;
        match self.insert_address(user, kind, new.0, new.1, Some(now))? {
            Once::First => Ok(former),
            Once::Again => Err(StoreError::Conflict),
        }
    }

    /// Takes an address away from its user.
    pub fn take_address(
        &mut self,
        user: UserId,
        kind: AddressKind,
    ) -> Result<Option<FormerAddress>, StoreError> {
        if kind == AddressKind::Code {
            // Whatever was said of it is about an address that is gone.
            let _noted = self.end_code_address_loss(user)?;
        }
        let taken = diesel::delete(user_addresses::table.find((user.to_string(), kind.stored())))
            .returning((
                user_addresses::sealed,
                user_addresses::blind_index,
                user_addresses::verified_at,
            ))
            .load::<(Vec<u8>, Vec<u8>, Option<i64>)>(self.conn)?;
        let former = taken.into_iter().next();
        former
            .map(|(sealed, index, verified_at)| {
                Ok(FormerAddress {
                    sealed: Sealed::from_bytes(sealed),
                    index: read_digest(&index)?,
                    verified_at: verified_at.map(time),
                })
            })
            .transpose()
    }

    /// Adds a change, with the digests of the links that undo it.
    pub fn insert_address_change(
        &mut self,
        change: &AddressChange,
        links: &[Digest],
    ) -> Result<(), StoreError> {
        let former = change.former.as_ref();
        diesel::insert_into(address_changes::table)
            .values((
                address_changes::id.eq(change.id.to_string()),
                address_changes::user_id.eq(change.user_id.to_string()),
                address_changes::kind.eq(change.kind.stored()),
                address_changes::former.eq(former.map(|former| former.sealed.as_bytes())),
                address_changes::former_index
                    .eq(former.map(|former| former.index.as_bytes().as_slice())),
                address_changes::former_verified_at
                    .eq(micros(former.and_then(|former| former.verified_at))),
                address_changes::made_at.eq(change.made_at.micros()),
                address_changes::undo_until.eq(change.undo_until.micros()),
                address_changes::ended_at.eq(micros(change.ended_at)),
                address_changes::made_in.eq(change.made_in.map(|session| session.to_string())),
            ))
            .execute(self.conn)?;
        for link in links {
            diesel::insert_into(address_undo_links::table)
                .values((
                    address_undo_links::digest.eq(link.as_bytes().as_slice()),
                    address_undo_links::change_id.eq(change.id.to_string()),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// The change that a link undoes, whatever its state.
    pub fn address_change_of(
        &mut self,
        link: &Digest,
    ) -> Result<Option<AddressChange>, StoreError> {
        let id = address_undo_links::table
            .find(link.as_bytes().as_slice())
            .select(address_undo_links::change_id)
            .first::<String>(self.conn)
            .optional()?;
        let Some(id) = id else { return Ok(None) };
        address_changes::table
            .find(id)
            .first::<ChangeRow>(self.conn)
            .optional()?
            .map(AddressChange::try_from)
            .transpose()
    }

    /// The changes of a user that were not undone, oldest first.
    pub fn open_address_changes(&mut self, user: UserId) -> Result<Vec<AddressChange>, StoreError> {
        address_changes::table
            .filter(address_changes::user_id.eq(user.to_string()))
            .filter(address_changes::ended_at.is_null())
            .order((address_changes::made_at, address_changes::id))
            .load::<ChangeRow>(self.conn)?
            .into_iter()
            .map(AddressChange::try_from)
            .collect()
    }

    /// Ends a change; of any number of callers one gets `First`.
    pub fn end_address_change(&mut self, id: EventId, now: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(address_changes::table)
            .filter(address_changes::id.eq(id.to_string()))
            .filter(address_changes::ended_at.is_null())
            .set(address_changes::ended_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Puts a former address back in the place of the present one, or of none. `Conflict` as in
    /// [`Tx::change_address`].
    pub fn restore_address(
        &mut self,
        user: UserId,
        kind: AddressKind,
        former: Option<&FormerAddress>,
    ) -> Result<(), StoreError> {
        self.take_address(user, kind)?;
        let Some(former) = former else { return Ok(()) };
        let (sealed, index) = (&former.sealed, &former.index);
        match self.insert_address(user, kind, sealed, index, former.verified_at)? {
            Once::First => Ok(()),
            Once::Again => Err(StoreError::Conflict),
        }
    }

    /// Who signs in with an address, or could have it back (REC-07, REC-10).
    pub fn login_address_holder(&mut self, index: &Digest) -> Result<Option<User>, StoreError> {
        if let Some(account) = self.account_by_address(index)? {
            return Ok(Some(account.user));
        }
        let reserved = address_changes::table
            .filter(address_changes::former_index.eq(index.as_bytes().as_slice()))
            .filter(sql::<Bool>("kind = 'login'"))
            .filter(address_changes::ended_at.is_null())
            .select(address_changes::user_id)
            .first::<String>(self.conn)
            .optional()?;
        let Some(user) = reserved else {
            return Ok(None);
        };
        let account = self.account(read_id!(UserId, &user)?)?;
        Ok(account.map(|account| account.user))
    }

    /// Which of `indexes` nobody can have: others than `but` can have them back as sign-in addresses, or they
    /// are in quarantine (REC-15).
    pub(crate) fn reserved_addresses(
        &mut self,
        indexes: &[Digest],
        but: Option<UserId>,
    ) -> Result<HashSet<Digest>, StoreError> {
        let bytes = indexes.iter().map(|index| index.as_bytes().as_slice());
        let but = but.map_or_else(String::new, |user| user.to_string());
        let found = address_changes::table
            .filter(address_changes::former_index.eq_any(bytes))
            .filter(sql::<Bool>("kind = 'login'"))
            .filter(address_changes::ended_at.is_null())
            .filter(address_changes::user_id.ne(but))
            .select(address_changes::former_index)
            .load::<Option<Vec<u8>>>(self.conn)?;
        let reserved: Result<HashSet<Digest>, _> = found
            .iter()
            .flatten()
            .map(|index| read_digest(index))
            .collect();
        let mut barred = reserved?;
        barred.extend(self.quarantined(indexes)?);
        Ok(barred)
    }

    /// Takes back what somebody could do who knows the password: with a code address the code is asked from now
    /// on and leads to a new password, without one the password is gone and a mailed link is the way in.
    pub fn distrust_password(&mut self, user: UserId) -> Result<(), StoreError> {
        let account = self.account(user)?;
        if account.is_some_and(|account| account.code_address.is_some()) {
            self.set_second_step(user, true)?;
        } else {
            diesel::delete(passwords::table.find(user.to_string())).execute(self.conn)?;
        }
        self.move_user_epoch(user, EpochKind::Password)?;
        Ok(())
    }
}
