use diesel::prelude::*;
use sekisho_model::{ClientId, Digest, Epoch, Timestamp};

use crate::backend::on_each;
use crate::column::{read_digest, time};
use crate::schema::{initial_access_tokens, registration_tokens};
use crate::{Once, StoreError, Tx};

/// What is kept of the token that manages one registration (RFC 7592 §1.2; REG-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistrationRecord {
    /// Digest of the present token.
    pub digest: Digest,
    /// Digest of the one before, and until when that still works: an answer may be lost.
    pub previous: Option<(Digest, Timestamp)>,
    /// The epoch that was known when the first of them was issued.
    pub epoch: Epoch,
}

/// What is kept of a token that allows registrations (RFC 7591 §1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitialAccess {
    /// Digest of the token.
    pub digest: Digest,
    /// What the operator called it.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// How many registrations it still allows.
    pub uses_left: u32,
}

type TokenRow = (Vec<u8>, Option<Vec<u8>>, Option<i64>, i64);
type InitialRow = (Vec<u8>, String, i64, i64, i64);

impl Tx<'_> {
    /// Gives a client its first management token.
    pub fn insert_registration_token(
        &mut self,
        client: &ClientId,
        (digest, epoch): (&Digest, Epoch),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::insert_into(registration_tokens::table)
            .values((
                registration_tokens::client_id.eq(client.as_str()),
                registration_tokens::digest.eq(digest.as_bytes().as_slice()),
                registration_tokens::created_at.eq(now.micros()),
                registration_tokens::last_used_at.eq(now.micros()),
                registration_tokens::epoch.eq(epoch.0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The management token of a client.
    pub fn registration_token(
        &mut self,
        client: &ClientId,
    ) -> Result<Option<RegistrationRecord>, StoreError> {
        let row = registration_tokens::table
            .find(client.as_str())
            .select((
                registration_tokens::digest,
                registration_tokens::previous_digest,
                registration_tokens::previous_until,
                registration_tokens::epoch,
            ))
            .first::<TokenRow>(self.conn)
            .optional()?;
        let Some((digest, previous, until, epoch)) = row else {
            return Ok(None);
        };
        let previous = match (previous, until) {
            (Some(digest), Some(until)) => Some((read_digest(&digest)?, time(until))),
            _ => None,
        };
        Ok(Some(RegistrationRecord {
            digest: read_digest(&digest)?,
            previous,
            epoch: Epoch(epoch),
        }))
    }

    /// Gives a client that registered itself another management token, whatever became of the one before;
    /// `Again` if it never had one.
    pub fn renew_registration_token(
        &mut self,
        client: &ClientId,
        (digest, epoch): (&Digest, Epoch),
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(registration_tokens::table.find(client.as_str()))
            .set((
                registration_tokens::digest.eq(digest.as_bytes().as_slice()),
                registration_tokens::previous_digest.eq(None::<Vec<u8>>),
                registration_tokens::previous_until.eq(None::<i64>),
                registration_tokens::epoch.eq(epoch.0),
            ))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Replaces a management token, which stays of its epoch; of several callers who hold the same one, one is the first.
    pub fn rotate_registration_token(
        &mut self,
        client: &ClientId,
        old: &Digest,
        new: &Digest,
        old_until: Timestamp,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(registration_tokens::table.find(client.as_str()))
            .filter(registration_tokens::digest.eq(old.as_bytes().as_slice()))
            .set((
                registration_tokens::digest.eq(new.as_bytes().as_slice()),
                registration_tokens::previous_digest.eq(old.as_bytes().as_slice()),
                registration_tokens::previous_until.eq(old_until.micros()),
            ))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Ends the management of a client.
    pub fn delete_registration_token(&mut self, client: &ClientId) -> Result<(), StoreError> {
        diesel::delete(registration_tokens::table.find(client.as_str())).execute(self.conn)?;
        Ok(())
    }

    /// Adds a token that allows registrations.
    pub fn insert_initial_access(&mut self, token: &InitialAccess) -> Result<(), StoreError> {
        diesel::insert_into(initial_access_tokens::table)
            .values((
                initial_access_tokens::digest.eq(token.digest.as_bytes().as_slice()),
                initial_access_tokens::label.eq(&token.label),
                initial_access_tokens::created_at.eq(token.created_at.micros()),
                initial_access_tokens::expires_at.eq(token.expires_at.micros()),
                initial_access_tokens::uses_left.eq(i64::from(token.uses_left)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Whether a token still allows a registration, without using it.
    pub fn allows_registration(
        &mut self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = initial_access_tokens::table
            .find(digest.as_bytes().as_slice())
            .filter(initial_access_tokens::uses_left.gt(0))
            .filter(initial_access_tokens::expires_at.gt(now.micros()));
        Ok(diesel::select(diesel::dsl::exists(found)).get_result(self.conn)?)
    }

    /// Uses a token for one registration; `Again` if it allows none any more.
    pub fn use_initial_access(
        &mut self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let row = initial_access_tokens::table
            .find(digest.as_bytes().as_slice())
            .filter(initial_access_tokens::uses_left.gt(0))
            .filter(initial_access_tokens::expires_at.gt(now.micros()));
        let less = initial_access_tokens::uses_left.eq(initial_access_tokens::uses_left - 1_i64);
        let rows = on_each!(self.conn, |c| diesel::update(row).set(less).execute(c))?;
        Ok(Once::of(rows))
    }

    /// The tokens that allow registrations, newest first.
    pub fn initial_access(&mut self) -> Result<Vec<InitialAccess>, StoreError> {
        initial_access_tokens::table
            .order((
                initial_access_tokens::created_at.desc(),
                initial_access_tokens::label,
            ))
            .load::<InitialRow>(self.conn)?
            .into_iter()
            .map(|(digest, label, created_at, expires_at, uses_left)| {
                Ok(InitialAccess {
                    digest: read_digest(&digest)?,
                    label,
                    created_at: time(created_at),
                    expires_at: time(expires_at),
                    uses_left: u32::try_from(uses_left).unwrap_or(0),
                })
            })
            .collect()
    }

    /// Ends all tokens of this name; says how many there were.
    pub fn end_initial_access(&mut self, label: &str) -> Result<usize, StoreError> {
        let named = initial_access_tokens::table.filter(initial_access_tokens::label.eq(label));
        Ok(diesel::delete(named).execute(self.conn)?)
    }
}
