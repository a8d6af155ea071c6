//! Canary accounts (INC-10). Which ones they are cannot be told from the database.

use diesel::prelude::*;
use sekisho_model::{Digest, Sealed};

use crate::column::read_digest;
use crate::schema::canaries;
use crate::{Once, StoreError, Tx};

/// A canary as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryRow {
    /// Keyed digest of its account.
    pub mark: Digest,
    /// Whose account it is, its address and its label, sealed.
    pub sealed: Sealed,
}

impl Tx<'_> {
    /// Adds a canary.
    pub fn add_canary(&mut self, row: &CanaryRow) -> Result<(), StoreError> {
        diesel::insert_into(canaries::table)
            .values((
                canaries::mark.eq(row.mark.as_bytes().as_slice()),
                canaries::sealed.eq(row.sealed.as_bytes()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Every canary.
    pub fn canaries(&mut self) -> Result<Vec<CanaryRow>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            canaries::table.order(canaries::mark).load(self.conn)?;
        rows.into_iter()
            .map(|(mark, sealed)| {
                Ok(CanaryRow {
                    mark: read_digest(&mark)?,
                    sealed: Sealed::from_bytes(sealed),
                })
            })
            .collect()
    }

    /// The marks of every canary: whether some came or went.
    pub fn canary_marks(&mut self) -> Result<Vec<Digest>, StoreError> {
        let marks: Vec<Vec<u8>> = canaries::table
            .order(canaries::mark)
            .select(canaries::mark)
            .load(self.conn)?;
        marks.iter().map(|mark| read_digest(mark)).collect()
    }

    /// Takes a canary away; `Again` if there is none.
    pub fn remove_canary(&mut self, mark: &Digest) -> Result<Once, StoreError> {
        let gone = diesel::delete(canaries::table.find(mark.as_bytes().as_slice()));
        Ok(Once::of(gone.execute(self.conn)?))
    }
}
