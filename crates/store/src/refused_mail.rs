//! Code addresses whose mail is refused for good.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{Digest, Timestamp};

use crate::schema::user_addresses;
use crate::{StoreError, Tx};

impl Tx<'_> {
    /// Notes that a letter to this address was refused for good. The first time counts; it is the same for every
    /// account whose codes go there.
    pub fn mail_refused(&mut self, index: &Digest, now: Timestamp) -> Result<(), StoreError> {
        // A literal, not a bound value: it is what the partial index is about.
        diesel::update(user_addresses::table)
            .filter(user_addresses::blind_index.eq(index.as_bytes().as_slice()))
            .filter(sql::<Bool>("kind = 'code'"))
            .filter(user_addresses::refused_at.is_null())
            .set(user_addresses::refused_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes that a letter to this address was taken.
    pub fn mail_taken(&mut self, index: &Digest) -> Result<(), StoreError> {
        diesel::update(user_addresses::table)
            .filter(user_addresses::blind_index.eq(index.as_bytes().as_slice()))
            .filter(sql::<Bool>("kind = 'code'"))
            .filter(user_addresses::refused_at.is_not_null())
            .set(user_addresses::refused_at.eq(None::<i64>))
            .execute(self.conn)?;
        Ok(())
    }
}
