//! Who looks before writing, one after the other: on PostgreSQL neither would see what the other has not committed
//! yet. So who gives an address to somebody, and who releases it (REC-15). SQLite has one writer, and no need of it.

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;
use sekisho_model::Digest;

use crate::{DatabaseKind, StoreError, Tx};

/// Held by whoever gives many addresses at once: a lock for each would be too many.
const MANY: i64 = 7_305_041_900_423;

impl Tx<'_> {
    /// Waits for every other unit of work that called this with the same words; call it before reading what
    /// decides whether to write.
    pub fn take_turn(&mut self, about: &str) -> Result<(), StoreError> {
        let lock = lock_of(&Digest::of(about.as_bytes()));
        self.take_lock("SELECT pg_advisory_xact_lock($1)", lock)
    }

    /// Waits for whoever releases an address. Call it before the address is looked for among those in quarantine
    /// and given to somebody; whoever releases it later waits for the end of this unit of work.
    pub(crate) fn before_giving(&mut self, index: &Digest) -> Result<(), StoreError> {
        self.take_lock("SELECT pg_advisory_xact_lock_shared($1)", lock_of(index))
    }

    /// [`Tx::before_giving`] for any number of addresses.
    pub(crate) fn before_giving_many(&mut self) -> Result<(), StoreError> {
        self.take_lock("SELECT pg_advisory_xact_lock_shared($1)", MANY)
    }

    /// Waits for whoever gives an address to somebody. Call it before the address is released.
    pub(crate) fn before_releasing(&mut self, index: &Digest) -> Result<(), StoreError> {
        for lock in [MANY, lock_of(index)] {
            self.take_lock("SELECT pg_advisory_xact_lock($1)", lock)?;
        }
        Ok(())
    }

    fn take_lock(&mut self, how: &str, lock: i64) -> Result<(), StoreError> {
        if self.kind() == DatabaseKind::Postgres {
            diesel::sql_query(how)
                .bind::<BigInt, _>(lock)
                .execute(self.conn)?;
        }
        Ok(())
    }
}

/// A number that hardly anything else has; two that share one only wait for each other.
fn lock_of(index: &Digest) -> i64 {
    let first = index.as_bytes().first_chunk::<8>();
    first.map_or(0, |bytes| i64::from_be_bytes(*bytes))
}
