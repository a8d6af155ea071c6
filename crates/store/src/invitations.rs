use diesel::prelude::*;
use sekisho_model::{Digest, InvitationId, Sealed, Timestamp, UserId};

use crate::column::{micros, read_digest, read_id, time};
use crate::schema::invitations;
use crate::{Once, StoreError, Tx};

/// An invitation to make an account, without the link itself (REC-13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id; what operators call it by.
    pub id: InvitationId,
    /// Digest of what the link carries.
    pub digest: Digest,
    /// The only address it works for; `None` if it works for any, or was used.
    pub address: Option<InvitedAddress>,
    /// Who made it, for the record.
    pub made_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When an account was made with it.
    pub used_at: Option<Timestamp>,
    /// Which account.
    pub used_by: Option<UserId>,
}

/// The address an invitation is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitedAddress {
    /// The address, sealed with the key ring.
    pub sealed: Sealed,
    /// What it is compared by.
    pub index: Digest,
}

#[derive(Queryable)]
struct InvitationRow {
    id: String,
    digest: Vec<u8>,
    address: Option<Vec<u8>>,
    address_index: Option<Vec<u8>>,
    made_by: String,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
    used_by: Option<String>,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;
    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        let address = match (row.address, row.address_index) {
            (Some(sealed), Some(index)) => Some(InvitedAddress {
                sealed: Sealed::from_bytes(sealed),
                index: read_digest(&index)?,
            }),
            (None, None) => None,
            _ => return Err(StoreError::Corrupt("invitation")),
        };
        let used_by = row.used_by.as_deref();
        Ok(Self {
            id: read_id!(InvitationId, &row.id)?,
            digest: read_digest(&row.digest)?,
            address,
            made_by: row.made_by,
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
            used_at: row.used_at.map(time),
            used_by: used_by.map(|id| read_id!(UserId, id)).transpose()?,
        })
    }
}

impl Tx<'_> {
    /// Adds an invitation.
    pub fn insert_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let address = invitation.address.as_ref();
        diesel::insert_into(invitations::table)
            .values((
                invitations::id.eq(invitation.id.to_string()),
                invitations::digest.eq(invitation.digest.as_bytes().as_slice()),
                invitations::address.eq(address.map(|address| address.sealed.as_bytes())),
                invitations::address_index
                    .eq(address.map(|address| address.index.as_bytes().as_slice())),
                invitations::made_by.eq(&invitation.made_by),
                invitations::created_at.eq(invitation.created_at.micros()),
                invitations::expires_at.eq(invitation.expires_at.micros()),
                invitations::used_at.eq(micros(invitation.used_at)),
                invitations::used_by.eq(invitation.used_by.map(|user| user.to_string())),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The invitation with this digest, whatever its state.
    pub fn invitation(&mut self, digest: &Digest) -> Result<Option<Invitation>, StoreError> {
        invitations::table
            .filter(invitations::digest.eq(digest.as_bytes().as_slice()))
            .first::<InvitationRow>(self.conn)
            .optional()?
            .map(Invitation::try_from)
            .transpose()
    }

    /// Uses an invitation up for an account, if it is unused, in time and for this address or any; of any
    /// number of callers one gets `First`. The address it was bound to is the account's from now on.
    pub fn take_invitation(
        &mut self,
        digest: &Digest,
        address: &Digest,
        user: UserId,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let index = address.as_bytes().as_slice();
        let fits = invitations::address_index
            .is_null()
            .or(invitations::address_index.eq(index).assume_not_null());
        let rows = diesel::update(invitations::table)
            .filter(invitations::digest.eq(digest.as_bytes().as_slice()))
            .filter(invitations::used_at.is_null())
            .filter(invitations::expires_at.gt(now.micros()))
            .filter(fits)
            .set((
                invitations::used_at.eq(now.micros()),
                invitations::used_by.eq(user.to_string()),
                invitations::address.eq(None::<Vec<u8>>),
                invitations::address_index.eq(None::<Vec<u8>>),
            ))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Invitations made before `before`, newest first.
    pub fn invitations(
        &mut self,
        before: Option<InvitationId>,
        limit: u32,
    ) -> Result<Vec<Invitation>, StoreError> {
        // No id comes after the letter.
        let before = before.map_or_else(|| "g".to_owned(), |id| id.to_string());
        invitations::table
            .filter(invitations::id.lt(before))
            .order(invitations::id.desc())
            .limit(i64::from(limit))
            .load::<InvitationRow>(self.conn)?
            .into_iter()
            .map(Invitation::try_from)
            .collect()
    }

    /// Takes an invitation back; `Again` if it was used or is not there.
    pub fn end_invitation(&mut self, id: InvitationId) -> Result<Once, StoreError> {
        let rows = diesel::delete(invitations::table)
            .filter(invitations::id.eq(id.to_string()))
            .filter(invitations::used_at.is_null())
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }
}
