use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use sekisho_model::{
    AddressKind, AlertSetting, Digest, Epoch, KeyId, Locale, Sealed, Subject, Timestamp, User,
    UserEpochs, UserId, UserState,
};

use crate::backend::{MultiBackend, on_each};
use crate::column::{Stored as _, micros, read_id, time};
use crate::schema::{passwords, user_addresses, users};
use crate::{Once, StoreError, Tx};

/// Which accounts a list is about: those for which everything given holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Imported under this name.
    pub tag: Option<String>,
    /// Of this state.
    pub state: Option<UserState>,
    /// Only those that are to be deleted.
    pub leaving: bool,
}

/// Everything about an account that a sign-in needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub user: User,
    /// The key its addresses and claims are sealed under, itself sealed.
    pub data_key: Sealed,
    /// What apps may be told about the person.
    pub claims: Sealed,
    /// From which networks it may be signed in to (S14); from everywhere if there is nothing.
    pub networks: Option<Sealed>,
    /// The address typed at sign-in.
    pub login_address: Option<SealedAddress>,
    /// The address codes go to.
    pub code_address: Option<SealedAddress>,
    /// The password record.
    pub password: Option<PasswordRecord>,
}

/// A mail address as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAddress {
    /// The address.
    pub sealed: Sealed,
    /// When its owner showed that mail reaches them.
    pub verified_at: Option<Timestamp>,
    /// Since when mail there has been refused for good, if it has (code addresses only).
    pub refused_at: Option<Timestamp>,
}

/// A password record as it is stored (PW-15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRecord {
    /// The PHC string.
    pub sealed: Sealed,
    /// The key it is sealed under (PW-16).
    pub key_id: KeyId,
    /// When the person last chose a password.
    pub changed_at: Timestamp,
    /// Whether the next sign-in leads to a change.
    pub must_change: bool,
}

#[derive(Queryable)]
pub(crate) struct UserRow {
    id: String,
    subject: String,
    state: String,
    locale: String,
    zone: String,
    alert: String,
    second_step: bool,
    created_at: i64,
    epoch_password: i64,
    epoch_session: i64,
    epoch_token: i64,
    epoch_browser: i64,
    data_key: Vec<u8>,
    claims: Vec<u8>,
    cohort_tag: String,
    password_at: Option<i64>,
    password_epoch: i64,
    password_imported: bool,
    leaves_at: Option<i64>,
    _leaving_told: i64,
    networks: Option<Vec<u8>>,
    locale_chosen: bool,
}

impl UserRow {
    pub(crate) fn user(&self) -> Result<User, StoreError> {
        Ok(User {
            id: read_id!(UserId, &self.id)?,
            subject: Subject::new(self.subject.as_str()),
            state: UserState::read(&self.state)?,
            locale: Locale::read(&self.locale)?,
            locale_chosen: self.locale_chosen,
            zone: self.zone.clone(),
            alert: AlertSetting::read(&self.alert)?,
            second_step: self.second_step,
            created_at: time(self.created_at),
            epochs: UserEpochs {
                password: Epoch(self.epoch_password),
                session: Epoch(self.epoch_session),
                token: Epoch(self.epoch_token),
                browser: Epoch(self.epoch_browser),
            },
            cohort_tag: self.cohort_tag.clone(),
            password_at: self.password_at.map(time),
            password_epoch: Epoch(self.password_epoch),
            password_imported: self.password_imported,
            leaves_at: self.leaves_at.map(time),
        })
    }
}

#[derive(Queryable)]
struct PasswordRow {
    _user_id: String,
    sealed: Vec<u8>,
    key_id: String,
    changed_at: i64,
    must_change: bool,
}

impl From<PasswordRow> for PasswordRecord {
    fn from(row: PasswordRow) -> Self {
        Self {
            sealed: Sealed::from_bytes(row.sealed),
            key_id: KeyId::new(row.key_id),
            changed_at: time(row.changed_at),
            must_change: row.must_change,
        }
    }
}

/// What an account is looked up by.
enum AccountKey<'a> {
    Id(UserId),
    Subject(&'a Subject),
    LoginAddress(&'a Digest),
}

impl Tx<'_> {
    /// Adds an account. `Conflict`, which ends the unit of work, if apps knew somebody who left by its
    /// subject (REC-14).
    pub fn insert_user(
        &mut self,
        user: &User,
        data_key: &Sealed,
        claims: &Sealed,
    ) -> Result<(), StoreError> {
        if !self.buried(std::slice::from_ref(&user.subject))?.is_empty() {
            return Err(StoreError::Conflict);
        }
        diesel::insert_into(users::table)
            .values((
                users::id.eq(user.id.to_string()),
                users::subject.eq(user.subject.as_str()),
                users::state.eq(user.state.stored()),
                users::locale.eq(user.locale.stored()),
                users::zone.eq(&user.zone),
                users::alert.eq(user.alert.stored()),
                users::second_step.eq(user.second_step),
                users::created_at.eq(user.created_at.micros()),
                users::epoch_password.eq(user.epochs.password.0),
                users::epoch_session.eq(user.epochs.session.0),
                users::epoch_token.eq(user.epochs.token.0),
                users::epoch_browser.eq(user.epochs.browser.0),
                users::data_key.eq(data_key.as_bytes()),
                users::claims.eq(claims.as_bytes()),
                users::cohort_tag.eq(&user.cohort_tag),
                users::password_at.eq(micros(user.password_at)),
                users::password_epoch.eq(user.password_epoch.0),
                users::password_imported.eq(user.password_imported),
                users::leaves_at.eq(micros(user.leaves_at)),
                users::locale_chosen.eq(user.locale_chosen),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives a user an address; `Again` if it is another account's login address, or reserved
    /// for one (REC-07), or nobody can have it (REC-15), or the user has an address of that kind. The
    /// transaction stays usable.
    pub fn insert_address(
        &mut self,
        user: UserId,
        kind: AddressKind,
        sealed: &Sealed,
        index: &Digest,
        verified_at: Option<Timestamp>,
    ) -> Result<Once, StoreError> {
        self.before_giving(index)?;
        let values = (
            user_addresses::user_id.eq(user.to_string()),
            user_addresses::kind.eq(kind.stored()),
            user_addresses::sealed.eq(sealed.as_bytes()),
            user_addresses::blind_index.eq(index.as_bytes().as_slice()),
            user_addresses::verified_at.eq(micros(verified_at)),
        );
        let rows = on_each!(self.conn, |c| diesel::insert_into(user_addresses::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
        // Looked at after the unique index let it pass: whoever gave the address up at the same time is
        // done by then.
        if rows > 0 && self.is_barred(kind, index, user)? {
            self.take_address(user, kind)?;
            return Ok(Once::Again);
        }
        Ok(Once::of(rows))
    }

    fn is_barred(
        &mut self,
        kind: AddressKind,
        index: &Digest,
        user: UserId,
    ) -> Result<bool, StoreError> {
        let barred = match kind {
            AddressKind::Login => self.reserved_addresses(&[*index], Some(user))?,
            AddressKind::Code => self.quarantined(&[*index])?,
        };
        Ok(!barred.is_empty())
    }

    /// An account by its id.
    pub fn account(&mut self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.account_by(&AccountKey::Id(user))
    }

    /// An account by the blind index of its login address.
    pub fn account_by_address(&mut self, index: &Digest) -> Result<Option<Account>, StoreError> {
        self.account_by(&AccountKey::LoginAddress(index))
    }

    /// An account by what apps know it by.
    pub fn account_by_subject(&mut self, subject: &Subject) -> Result<Option<Account>, StoreError> {
        self.account_by(&AccountKey::Subject(subject))
    }

    fn account_by(&mut self, key: &AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        let query = users::table
            .left_join(passwords::table.on(passwords::user_id.eq(users::id)))
            .select((users::all_columns, passwords::all_columns.nullable()))
            .into_boxed::<MultiBackend>();
        let query = match key {
            AccountKey::Id(id) => query.filter(users::id.eq(id.to_string())),
            AccountKey::Subject(subject) => query.filter(users::subject.eq(subject.as_str())),
            AccountKey::LoginAddress(index) => query.filter(
                users::id.eq_any(
                    user_addresses::table
                        .filter(user_addresses::blind_index.eq(index.as_bytes().as_slice()))
                        .filter(sql::<Bool>("kind = 'login'"))
                        .select(user_addresses::user_id),
                ),
            ),
        };
        let Some((row, password)) = query
            .first::<(UserRow, Option<PasswordRow>)>(self.conn)
            .optional()?
        else {
            return Ok(None);
        };
        let user = row.user()?;
        let mut account = Account {
            login_address: None,
            code_address: None,
            data_key: Sealed::from_bytes(row.data_key),
            claims: Sealed::from_bytes(row.claims),
            networks: row.networks.map(Sealed::from_bytes),
            password: password.map(PasswordRecord::from),
            user,
        };
        for (kind, sealed, verified_at, refused_at) in user_addresses::table
            .filter(user_addresses::user_id.eq(row.id))
            .select((
                user_addresses::kind,
                user_addresses::sealed,
                user_addresses::verified_at,
                user_addresses::refused_at,
            ))
            .load::<(String, Vec<u8>, Option<i64>, Option<i64>)>(self.conn)?
        {
            let address = Some(SealedAddress {
                sealed: Sealed::from_bytes(sealed),
                verified_at: verified_at.map(time),
                refused_at: refused_at.map(time),
            });
            match AddressKind::read(&kind)? {
                AddressKind::Login => account.login_address = address,
                AddressKind::Code => account.code_address = address,
            }
        }
        Ok(Some(account))
    }

    /// Accounts in the order they were made, after `after`.
    pub fn list_users(
        &mut self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        self.list_users_among(&UserFilter::default(), after, limit)
    }

    /// The same of some accounts only. Conditions are spelled as the indexes for them are.
    pub fn list_users_among(
        &mut self,
        among: &UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(String::new(), |id| id.to_string());
        let mut query = users::table
            .filter(users::id.gt(after))
            .order(users::id)
            .limit(i64::from(limit))
            .into_boxed::<MultiBackend>();
        if let Some(tag) = &among.tag {
            let tagged = sql::<Bool>("cohort_tag <> ''");
            query = query.filter(tagged.and(users::cohort_tag.eq(tag.clone())));
        }
        if among.leaving {
            query = query.filter(sql::<Bool>("leaves_at IS NOT NULL"));
        }
        match among.state {
            Some(UserState::Disabled) => query = query.filter(sql::<Bool>("state = 'disabled'")),
            Some(UserState::Active) => query = query.filter(sql::<Bool>("state = 'active'")),
            None => {}
        }
        query
            .load::<UserRow>(self.conn)?
            .iter()
            .map(UserRow::user)
            .collect()
    }

    /// Sets from which networks an account may be signed in to; `None` is from everywhere (S14).
    pub fn set_networks(
        &mut self,
        user: UserId,
        sealed: Option<&Sealed>,
    ) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .set(users::networks.eq(sealed.map(Sealed::as_bytes)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets the password record, whatever it was.
    pub fn set_password(
        &mut self,
        user: UserId,
        record: &PasswordRecord,
    ) -> Result<(), StoreError> {
        let values = (
            passwords::sealed.eq(record.sealed.as_bytes()),
            passwords::key_id.eq(record.key_id.as_str()),
            passwords::changed_at.eq(record.changed_at.micros()),
            passwords::must_change.eq(record.must_change),
        );
        on_each!(self.conn, |c| diesel::insert_into(passwords::table)
            .values((passwords::user_id.eq(user.to_string()), values))
            .on_conflict(passwords::user_id)
            .do_update()
            .set(values)
            .execute(c))?;
        self.password_chosen(user, record.changed_at)
    }

    /// Replaces the password record `old`; `Again` if it is no longer that one (PW-17).
    pub fn replace_password(
        &mut self,
        user: UserId,
        old: &Sealed,
        new: &PasswordRecord,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(passwords::table)
            .filter(passwords::user_id.eq(user.to_string()))
            .filter(passwords::sealed.eq(old.as_bytes()))
            .set((
                passwords::sealed.eq(new.sealed.as_bytes()),
                passwords::key_id.eq(new.key_id.as_str()),
                passwords::changed_at.eq(new.changed_at.micros()),
                passwords::must_change.eq(new.must_change),
            ))
            .execute(self.conn)?;
        if rows > 0 {
            self.password_chosen(user, new.changed_at)?;
        }
        Ok(Once::of(rows))
    }

    /// Keeps what cohorts ask of a password beside the account. A hash that was only renewed is no new
    /// choice: its time is the old one.
    fn password_chosen(&mut self, user: UserId, at: Timestamp) -> Result<(), StoreError> {
        let epoch_now = sql::<BigInt>("(SELECT number FROM epoch_counter)");
        let other_time = users::password_at.ne(at.micros()).assume_not_null();
        diesel::update(users::table.find(user.to_string()))
            .filter(users::password_at.is_null().or(other_time))
            .set((
                users::password_at.eq(at.micros()),
                users::password_epoch.eq(epoch_now),
                users::password_imported.eq(false),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Keeps that the password an import brought was judged and may stay (PW-29).
    pub fn imported_password_fits(&mut self, user: UserId) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .set(users::password_imported.eq(false))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets which sign-ins are told by mail.
    pub fn set_alert(&mut self, user: UserId, alert: AlertSetting) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .set(users::alert.eq(alert.stored()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets whether the user wants the mailed code.
    pub fn set_second_step(&mut self, user: UserId, wanted: bool) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .set(users::second_step.eq(wanted))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets the language a person chose for pages and mails, and the zone of their dates.
    pub fn set_locale_and_zone(
        &mut self,
        user: UserId,
        locale: Locale,
        zone: &str,
    ) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .set((
                users::locale.eq(locale.stored()),
                users::locale_chosen.eq(true),
                users::zone.eq(zone),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Puts claims in the place of those that were read; `Again` if others were written meanwhile.
    pub fn change_claims(
        &mut self,
        user: UserId,
        (read, new): (&Sealed, &Sealed),
    ) -> Result<Once, StoreError> {
        let unchanged = users::table
            .find(user.to_string())
            .filter(users::claims.eq(read.as_bytes()));
        let rows = diesel::update(unchanged)
            .set(users::claims.eq(new.as_bytes()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Sets the language a person chose for pages and mails.
    pub fn set_locale(&mut self, user: UserId, locale: Locale) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .set((
                users::locale.eq(locale.stored()),
                users::locale_chosen.eq(true),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets the language a person was last seen in, for mails; a choice of theirs stays.
    pub fn note_locale(&mut self, user: UserId, seen: Locale) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .filter(users::locale_chosen.eq(false))
            .set(users::locale.eq(seen.stored()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Stops an account or lets it go on.
    pub fn set_user_state(&mut self, user: UserId, state: UserState) -> Result<(), StoreError> {
        diesel::update(users::table.find(user.to_string()))
            .set(users::state.eq(state.stored()))
            .execute(self.conn)?;
        Ok(())
    }
}
