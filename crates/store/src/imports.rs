//! Accounts that move in by the hundred, and how far a file of them has got.

use std::collections::HashSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{AddressKind, Digest, Sealed, Subject, Timestamp, User, UserId};

use crate::backend::on_each;
use crate::column::{Stored as _, micros, time};
use crate::schema::{
    epoch_counter, foreign_schemes, passwords, user_addresses, user_imports, users,
};
use crate::{Once, PasswordRecord, StoreError, Tx};

/// An account that moves in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedUser {
    /// The account.
    pub user: User,
    /// The key its addresses and claims are sealed under, itself sealed.
    pub data_key: Sealed,
    /// What apps may be told about the person.
    pub claims: Sealed,
    /// The address typed at sign-in.
    pub login: ImportedAddress,
    /// The address codes go to.
    pub code: Option<ImportedAddress>,
    /// The password record, if the account has a password.
    pub password: Option<PasswordRecord>,
}

/// An address of an account that moves in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedAddress {
    /// The address.
    pub sealed: Sealed,
    /// What it is looked up by.
    pub index: Digest,
    /// When its owner showed that mail reaches them.
    pub verified_at: Option<Timestamp>,
}

/// How far the import of one file has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportProgress {
    /// SHA-256 of the whole file.
    pub file: Digest,
    /// The cohort tag of its accounts.
    pub tag: String,
    /// How the file is read, for whoever goes on with it.
    pub terms: String,
    /// Records dealt with, from the beginning of the file.
    pub records: i64,
    /// Accounts made.
    pub imported: i64,
    /// Records whose address or subject had an account already.
    pub existing: i64,
    /// Records that could not be read.
    pub refused: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When its last batch was kept.
    pub updated_at: Timestamp,
    /// When it came to the end of the file.
    pub finished_at: Option<Timestamp>,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct UserValues<'a> {
    id: String,
    subject: &'a str,
    state: &'static str,
    locale: &'static str,
    zone: &'a str,
    alert: &'static str,
    second_step: bool,
    created_at: i64,
    data_key: &'a [u8],
    claims: &'a [u8],
    cohort_tag: &'a str,
    password_at: Option<i64>,
    password_epoch: i64,
    password_imported: bool,
    leaves_at: Option<i64>,
    locale_chosen: bool,
}

#[derive(Insertable)]
#[diesel(table_name = user_addresses)]
struct AddressValues<'a> {
    user_id: String,
    kind: &'static str,
    sealed: &'a [u8],
    blind_index: &'a [u8],
    verified_at: Option<i64>,
}

#[derive(Insertable)]
#[diesel(table_name = passwords)]
struct PasswordValues<'a> {
    user_id: String,
    sealed: &'a [u8],
    key_id: &'a str,
    changed_at: i64,
    must_change: bool,
}

type ProgressRow = (
    Vec<u8>,
    String,
    i64,
    i64,
    i64,
    i64,
    i64,
    i64,
    Option<i64>,
    String,
);

impl Tx<'_> {
    /// Which of `indexes` are login addresses already, or reserved (REC-10: the unique index decides in the
    /// end).
    pub fn taken_login_addresses(
        &mut self,
        indexes: &[Digest],
    ) -> Result<HashSet<Digest>, StoreError> {
        let mut taken = self.reserved_addresses(indexes, None)?;
        let found = user_addresses::table
            .filter(
                user_addresses::blind_index
                    .eq_any(indexes.iter().map(|index| index.as_bytes().as_slice())),
            )
            .filter(sql::<Bool>("kind = 'login'"))
            .select(user_addresses::blind_index)
            .load::<Vec<u8>>(self.conn)?;
        for bytes in &found {
            taken.insert(Digest::from_slice(bytes).ok_or(StoreError::Corrupt("blind index"))?);
        }
        Ok(taken)
    }

    /// Which of `subjects` are in use, or were (REC-14).
    pub fn taken_subjects(&mut self, subjects: &[Subject]) -> Result<HashSet<Subject>, StoreError> {
        let mut taken = self.buried(subjects)?;
        let used = users::table
            .filter(users::subject.eq_any(subjects.iter().map(Subject::as_str)))
            .select(users::subject)
            .load::<String>(self.conn)?;
        taken.extend(used.into_iter().map(Subject::new));
        Ok(taken)
    }

    /// Adds accounts; `Conflict` if an address or a subject is taken, or nobody can have an address (REC-15), and
    /// then none of them.
    pub fn insert_imported(&mut self, accounts: &[&ImportedUser]) -> Result<(), StoreError> {
        self.before_giving_many()?;
        let addresses = accounts.iter().flat_map(|account| account.addresses());
        let indexes: Vec<Digest> = addresses.map(|(_, address)| address.index).collect();
        if !self.quarantined(&indexes)?.is_empty() {
            return Err(StoreError::Conflict);
        }
        let epoch: i64 = epoch_counter::table
            .select(epoch_counter::number)
            .first(self.conn)?;
        let rows: Vec<UserValues<'_>> = accounts
            .iter()
            .map(|account| account.user_values(epoch))
            .collect();
        on_each!(self.conn, |c| diesel::insert_into(users::table)
            .values(&rows)
            .execute(c))?;
        let rows: Vec<AddressValues<'_>> = accounts
            .iter()
            .flat_map(|account| account.address_values())
            .collect();
        on_each!(self.conn, |c| diesel::insert_into(user_addresses::table)
            .values(&rows)
            .execute(c))?;
        let rows: Vec<PasswordValues<'_>> = accounts
            .iter()
            .filter_map(|account| {
                let record = account.password.as_ref()?;
                Some(password_values(account.user.id, record))
            })
            .collect();
        on_each!(self.conn, |c| diesel::insert_into(passwords::table)
            .values(&rows)
            .execute(c))?;
        Ok(())
    }

    /// How far the import of the file with this digest has got.
    pub fn import_progress(&mut self, file: &Digest) -> Result<Option<ImportProgress>, StoreError> {
        user_imports::table
            .find(file.as_bytes().as_slice())
            .first::<ProgressRow>(self.conn)
            .optional()?
            .map(progress)
            .transpose()
    }

    /// Begins the import of a file, from its first record on; what an earlier one had come to is
    /// forgotten.
    pub fn begin_import(&mut self, first: &ImportProgress) -> Result<(), StoreError> {
        diesel::delete(user_imports::table.find(first.file.as_bytes().as_slice()))
            .execute(self.conn)?;
        diesel::insert_into(user_imports::table)
            .values((
                user_imports::file_digest.eq(first.file.as_bytes().as_slice()),
                user_imports::tag.eq(&first.tag),
                user_imports::terms.eq(&first.terms),
                user_imports::records.eq(first.records),
                user_imports::imported.eq(first.imported),
                user_imports::existing.eq(first.existing),
                user_imports::refused.eq(first.refused),
                user_imports::started_at.eq(first.started_at.micros()),
                user_imports::updated_at.eq(first.updated_at.micros()),
                user_imports::finished_at.eq(micros(first.finished_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Keeps that an import got from `records` to `next`; `Again` if another one of the same file is
    /// running.
    pub fn advance_import(
        &mut self,
        records: i64,
        next: &ImportProgress,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(user_imports::table.find(next.file.as_bytes().as_slice()))
            .filter(user_imports::records.eq(records))
            .filter(user_imports::started_at.eq(next.started_at.micros()))
            .filter(user_imports::finished_at.is_null())
            .set((
                user_imports::records.eq(next.records),
                user_imports::imported.eq(next.imported),
                user_imports::existing.eq(next.existing),
                user_imports::refused.eq(next.refused),
                user_imports::updated_at.eq(next.updated_at.micros()),
                user_imports::finished_at.eq(micros(next.finished_at)),
            ))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// The foreign schemes that were imported, as far as they are remembered.
    pub fn foreign_schemes(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(foreign_schemes::table
            .select(foreign_schemes::template)
            .order(foreign_schemes::template)
            .load(self.conn)?)
    }

    /// Remembers a foreign scheme.
    pub fn note_foreign_scheme(&mut self, template: &str) -> Result<(), StoreError> {
        on_each!(self.conn, |c| diesel::insert_into(foreign_schemes::table)
            .values(foreign_schemes::template.eq(template))
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(())
    }

    /// Forgets a foreign scheme: one that costs more stands for it.
    pub fn forget_foreign_scheme(&mut self, template: &str) -> Result<(), StoreError> {
        diesel::delete(foreign_schemes::table.find(template)).execute(self.conn)?;
        Ok(())
    }
}

impl ImportedUser {
    fn user_values(&self, epoch: i64) -> UserValues<'_> {
        let user = &self.user;
        let record = self.password.as_ref();
        UserValues {
            id: user.id.to_string(),
            subject: user.subject.as_str(),
            state: user.state.stored(),
            locale: user.locale.stored(),
            zone: &user.zone,
            alert: user.alert.stored(),
            second_step: user.second_step,
            created_at: user.created_at.micros(),
            data_key: self.data_key.as_bytes(),
            claims: self.claims.as_bytes(),
            cohort_tag: &user.cohort_tag,
            password_at: record.map(|record| record.changed_at.micros()),
            password_epoch: epoch,
            password_imported: user.password_imported,
            leaves_at: micros(user.leaves_at),
            locale_chosen: user.locale_chosen,
        }
    }

    fn addresses(&self) -> impl Iterator<Item = (AddressKind, &ImportedAddress)> {
        let code = self.code.as_ref().map(|code| (AddressKind::Code, code));
        std::iter::once((AddressKind::Login, &self.login)).chain(code)
    }

    fn address_values(&self) -> Vec<AddressValues<'_>> {
        self.addresses()
            .map(|(kind, address)| AddressValues {
                user_id: self.user.id.to_string(),
                kind: kind.stored(),
                sealed: address.sealed.as_bytes(),
                blind_index: address.index.as_bytes(),
                verified_at: micros(address.verified_at),
            })
            .collect()
    }
}

fn password_values(user: UserId, record: &PasswordRecord) -> PasswordValues<'_> {
    PasswordValues {
        user_id: user.to_string(),
        sealed: record.sealed.as_bytes(),
        key_id: record.key_id.as_str(),
        changed_at: record.changed_at.micros(),
        must_change: record.must_change,
    }
}

fn progress(row: ProgressRow) -> Result<ImportProgress, StoreError> {
    let (
        file,
        tag,
        records,
        imported,
        existing,
        refused,
        started_at,
        updated_at,
        finished_at,
        terms,
    ) = row;
    Ok(ImportProgress {
        file: Digest::from_slice(&file).ok_or(StoreError::Corrupt("file digest"))?,
        tag,
        terms,
        records,
        imported,
        existing,
        refused,
        started_at: time(started_at),
        updated_at: time(updated_at),
        finished_at: finished_at.map(time),
    })
}
