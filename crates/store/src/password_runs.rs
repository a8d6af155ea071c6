use diesel::prelude::*;
use sekisho_model::{Digest, Timestamp};

use crate::backend::on_each;
use crate::column::read_digest;
use crate::schema::password_runs;
use crate::{StoreError, Tx};

/// Wrong passwords in a row by one class of browsers (THR-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRun {
    /// Keyed digest of the typed name and the class.
    pub digest: Digest,
    /// How many.
    pub failures: u32,
}

impl Tx<'_> {
    /// The runs of a name, whether or not there is such an account; few, since classes are.
    pub fn password_runs(&mut self, account: &Digest) -> Result<Vec<PasswordRun>, StoreError> {
        let rows = password_runs::table
            .filter(password_runs::account.eq(account.as_bytes().as_slice()))
            .select((password_runs::digest, password_runs::failures))
            .load::<(Vec<u8>, i64)>(self.conn)?;
        let run = |(digest, failures): (Vec<u8>, i64)| {
            Ok(PasswordRun {
                digest: read_digest(&digest)?,
                failures: u32::try_from(failures).unwrap_or(u32::MAX),
            })
        };
        rows.into_iter().map(run).collect()
    }

    /// One more.
    pub fn lengthen_password_run(
        &mut self,
        account: &Digest,
        run: &Digest,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values = (
            password_runs::digest.eq(run.as_bytes().as_slice()),
            password_runs::account.eq(account.as_bytes().as_slice()),
            password_runs::failures.eq(1_i64),
            password_runs::last_at.eq(now.micros()),
        );
        on_each!(self.conn, |c| diesel::insert_into(password_runs::table)
            .values(values)
            .on_conflict(password_runs::digest)
            .do_update()
            .set((
                password_runs::failures.eq(password_runs::failures + 1_i64),
                password_runs::last_at.eq(now.micros()),
            ))
            .execute(c))?;
        Ok(())
    }

    /// The password was right there.
    pub fn end_password_run(&mut self, run: &Digest) -> Result<(), StoreError> {
        diesel::delete(password_runs::table.find(run.as_bytes().as_slice())).execute(self.conn)?;
        Ok(())
    }

    /// Ends the runs of all classes: the owner proved more than a password, or chose another.
    pub fn end_password_runs(&mut self, account: &Digest) -> Result<(), StoreError> {
        diesel::delete(password_runs::table)
            .filter(password_runs::account.eq(account.as_bytes().as_slice()))
            .execute(self.conn)?;
        Ok(())
    }
}
