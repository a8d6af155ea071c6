use diesel::prelude::*;
use sekisho_model::{KeyId, Sealed, SigningAlgorithm, SigningKeyRecord, Timestamp};

use crate::column::{Stored as _, micros, time};
use crate::schema::signing_keys;
use crate::{Once, StoreError, Topic, Tx};

#[derive(Queryable)]
struct KeyRow {
    kid: String,
    algorithm: String,
    private_key: Vec<u8>,
    public_jwk: String,
    created_at: i64,
    active_from: i64,
    retired_at: Option<i64>,
    gone_at: Option<i64>,
}

impl TryFrom<KeyRow> for SigningKeyRecord {
    type Error = StoreError;
    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            kid: KeyId::new(row.kid),
            algorithm: SigningAlgorithm::read(&row.algorithm)?,
            private: Sealed::from_bytes(row.private_key),
            public_jwk: row.public_jwk,
            created_at: time(row.created_at),
            active_from: time(row.active_from),
            retired_at: row.retired_at.map(time),
            gone_at: row.gone_at.map(time),
        })
    }
}

impl Tx<'_> {
    /// Adds a signing key.
    pub fn insert_key(&mut self, key: &SigningKeyRecord) -> Result<(), StoreError> {
        diesel::insert_into(signing_keys::table)
            .values((
                signing_keys::kid.eq(key.kid.as_str()),
                signing_keys::algorithm.eq(key.algorithm.stored()),
                signing_keys::private_key.eq(key.private.as_bytes()),
                signing_keys::public_jwk.eq(&key.public_jwk),
                signing_keys::created_at.eq(key.created_at.micros()),
                signing_keys::active_from.eq(key.active_from.micros()),
                signing_keys::retired_at.eq(micros(key.retired_at)),
                signing_keys::gone_at.eq(micros(key.gone_at)),
            ))
            .execute(self.conn)?;
        self.bump_revision(Topic::Keys)
    }

    /// The keys that were not removed, oldest first.
    pub fn keys(&mut self) -> Result<Vec<SigningKeyRecord>, StoreError> {
        signing_keys::table
            .filter(signing_keys::gone_at.is_null())
            .order((signing_keys::created_at, signing_keys::kid))
            .load::<KeyRow>(self.conn)?
            .into_iter()
            .map(SigningKeyRecord::try_from)
            .collect()
    }

    /// Sets from when a key no longer signs. Of several who retire the same key one is the first: it
    /// makes the successor.
    pub fn retire_key(&mut self, kid: &KeyId, at: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(signing_keys::table.find(kid.as_str()))
            .filter(signing_keys::retired_at.is_null())
            .filter(signing_keys::gone_at.is_null())
            .set(signing_keys::retired_at.eq(at.micros()))
            .execute(self.conn)?;
        self.bump_revision(Topic::Keys)?;
        Ok(Once::of(rows))
    }

    /// Lets a key that was to sign later sign from `at` on.
    pub fn promote_key(&mut self, kid: &KeyId, at: Timestamp) -> Result<(), StoreError> {
        diesel::update(signing_keys::table.find(kid.as_str()))
            .set(signing_keys::active_from.eq(at.micros()))
            .execute(self.conn)?;
        self.bump_revision(Topic::Keys)
    }

    /// Keeps other nodes from changing keys until this transaction ends, so that what is read next is
    /// what will be changed. Tells every node to look.
    pub fn claim_keys(&mut self) -> Result<(), StoreError> {
        self.bump_revision(Topic::Keys)
    }

    /// Lets a key sign until `at`, whatever was said before.
    pub fn extend_key(&mut self, kid: &KeyId, at: Timestamp) -> Result<(), StoreError> {
        diesel::update(signing_keys::table.find(kid.as_str()))
            .set(signing_keys::retired_at.eq(at.micros()))
            .execute(self.conn)?;
        self.bump_revision(Topic::Keys)
    }

    /// Takes a key out of use at once and destroys its private part (KEY-10); the row stays, so that a
    /// key id is never used again (KEY-06).
    pub fn remove_key(&mut self, kid: &KeyId, at: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(signing_keys::table.find(kid.as_str()))
            .filter(signing_keys::gone_at.is_null())
            .set((
                signing_keys::gone_at.eq(at.micros()),
                signing_keys::private_key.eq([].as_slice()),
            ))
            .execute(self.conn)?;
        self.bump_revision(Topic::Keys)?;
        Ok(Once::of(rows))
    }
}
