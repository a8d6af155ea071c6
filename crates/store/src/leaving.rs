//! How accounts and addresses go (REC-14, REC-15, REC-16).

use std::collections::HashSet;

use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{Digest, EpochKind, Subject, Timestamp, UserId};

use crate::backend::on_each;
use crate::column::{micros, read_digest, read_id, time};
use crate::grants::count;
use crate::schema::{
    access_tokens, address_changes, address_quarantine, codes, grants, logout_deliveries, outbox,
    refresh_tokens, tombstones, user_addresses, users,
};
use crate::{Once, StoreError, Tx};

/// Each kind of address, as the index of that kind says it: without, every address would be looked at.
const KINDS: [&str; 2] = ["kind = 'login'", "kind = 'code'"];

impl Tx<'_> {
    /// From `at` on the account is erased; `Again` if it leaves already. What it holds is void at once.
    pub fn ask_deletion(
        &mut self,
        user: UserId,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(users::table.find(user.to_string()))
            .filter(users::leaves_at.is_null())
            .set((users::leaves_at.eq(at.micros()), users::leaving_told.eq(0)))
            .execute(self.conn)?;
        if rows > 0 {
            self.void_all(user, now)?;
        }
        Ok(Once::of(rows))
    }

    /// Who leaves already leaves sooner; `Again` if it is not leaving, or not later than `at`.
    pub fn hasten_deletion(&mut self, user: UserId, at: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(users::table.find(user.to_string()))
            .filter(users::leaves_at.gt(at.micros()))
            .set(users::leaves_at.eq(at.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Sessions, tokens and trust of a user, void from now on (SES-08).
    pub fn void_all(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        for kind in [EpochKind::Session, EpochKind::Token, EpochKind::Browser] {
            self.move_user_epoch(user, kind)?;
        }
        self.end_sessions_of(user, now).map(drop)
    }

    /// The account stays; `Again` if it was not leaving, or is gone.
    pub fn stop_deletion(&mut self, user: UserId) -> Result<Once, StoreError> {
        let rows = diesel::update(users::table.find(user.to_string()))
            .filter(users::leaves_at.is_not_null())
            .set(users::leaves_at.eq(None::<i64>))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// A page of the accounts whose time has come and whose apps were told of it or given up, the longest due first;
    /// `after` is the last one of the page before.
    pub fn due_deletions(
        &mut self,
        now: Timestamp,
        after: Option<(Timestamp, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Timestamp, UserId)>, StoreError> {
        // A logout token names the person, so that nobody is erased before (REC-16).
        let being_told = logout_deliveries::table
            .filter(logout_deliveries::user_id.eq(users::id))
            .filter(sql::<Bool>("state = 'waiting'"));
        let (at, id) = after.map_or((i64::MIN, String::new()), |(at, user)| {
            (at.micros(), user.to_string())
        });
        let later = users::leaves_at.gt(at).assume_not_null();
        let beside = users::leaves_at.eq(at).assume_not_null();
        let due = users::table
            .filter(users::leaves_at.le(now.micros()))
            .filter(later.or(beside.and(users::id.gt(id))))
            .filter(not(exists(being_told)))
            .order((users::leaves_at, users::id))
            .limit(i64::from(limit))
            .select((users::leaves_at.assume_not_null(), users::id))
            .load::<(i64, String)>(self.conn)?;
        due.iter()
            .map(|(at, id)| Ok((time(*at), read_id!(UserId, id)?)))
            .collect()
    }

    /// Accounts that leave before `border` and were not told so again.
    pub fn deletions_to_tell(
        &mut self,
        border: Timestamp,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let ids = users::table
            .filter(users::leaves_at.le(border.micros()))
            .filter(users::leaving_told.eq(0))
            .order(users::leaves_at)
            .limit(i64::from(limit))
            .select(users::id)
            .load::<String>(self.conn)?;
        ids.iter().map(|id| read_id!(UserId, id)).collect()
    }

    /// Notes that somebody was told again; of any number of callers one gets `First`.
    pub fn deletion_told(&mut self, user: UserId) -> Result<Once, StoreError> {
        let rows = diesel::update(users::table.find(user.to_string()))
            .filter(users::leaves_at.is_not_null())
            .filter(users::leaving_told.eq(0))
            .set(users::leaving_told.eq(1))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Erases an account that is due: with its data key everything sealed under it is unreadable, in whatever
    /// copy of the database that has not kept the key. `Again` if it stays after all, or is gone.
    pub fn erase_user(&mut self, user: UserId, now: Timestamp) -> Result<Once, StoreError> {
        let id = user.to_string();
        // Overwritten first: SQLite does so in place (`secure_delete`); PostgreSQL keeps the row as it was
        // until it is vacuumed.
        let nothing = vec![0_u8; 64];
        diesel::update(users::table.find(&id))
            .filter(users::leaves_at.le(now.micros()))
            .set((users::data_key.eq(&nothing), users::claims.eq(&nothing)))
            .execute(self.conn)?;
        let gone = diesel::delete(users::table.find(&id))
            .filter(users::leaves_at.le(now.micros()))
            .returning(users::subject)
            .load::<String>(self.conn)?;
        let Some(subject) = gone.first() else {
            return Ok(Once::Again);
        };
        let digest = Digest::of(subject.as_bytes());
        diesel::insert_into(tombstones::table)
            .values((
                tombstones::subject_digest.eq(digest.as_bytes().as_slice()),
                tombstones::buried_at.eq(now.micros()),
            ))
            .execute(self.conn)?;
        let given = || {
            grants::table
                .filter(grants::user_id.eq(id.clone()))
                .select(grants::id)
        };
        diesel::delete(codes::table.filter(codes::grant_id.eq_any(given()))).execute(self.conn)?;
        diesel::delete(refresh_tokens::table.filter(refresh_tokens::grant_id.eq_any(given())))
            .execute(self.conn)?;
        let of_them = access_tokens::grant_id.eq_any(given().select(grants::id.nullable()));
        diesel::delete(access_tokens::table.filter(of_them)).execute(self.conn)?;
        diesel::delete(grants::table.filter(grants::user_id.eq(id.clone()))).execute(self.conn)?;
        diesel::delete(logout_deliveries::table.filter(logout_deliveries::user_id.eq(id.clone())))
            .execute(self.conn)?;
        // What waits to be told, and was told, of what the person did: it names the address.
        diesel::delete(outbox::table.filter(outbox::held_of.eq(id))).execute(self.conn)?;
        Ok(Once::First)
    }

    /// Which of `subjects` belonged to somebody who left (REC-14).
    pub(crate) fn buried(&mut self, subjects: &[Subject]) -> Result<HashSet<Subject>, StoreError> {
        let digest = |subject: &Subject| Digest::of(subject.as_str().as_bytes());
        let digests: Vec<Vec<u8>> = subjects
            .iter()
            .map(|subject| digest(subject).as_bytes().to_vec())
            .collect();
        let found: HashSet<Vec<u8>> = tombstones::table
            .filter(tombstones::subject_digest.eq_any(digests))
            .select(tombstones::subject_digest)
            .load::<Vec<u8>>(self.conn)?
            .into_iter()
            .collect();
        let buried = subjects
            .iter()
            .filter(|subject| found.contains(digest(subject).as_bytes().as_slice()));
        Ok(buried.cloned().collect())
    }

    /// Takes an address from everybody who has it, as what they sign in with, as where codes go, or as what
    /// they could have back, and lets nobody have it before `until` (REC-15). Answers whose it was.
    pub fn release_address(
        &mut self,
        index: &Digest,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<UserId>, StoreError> {
        self.before_releasing(index)?;
        let bytes = index.as_bytes().as_slice();
        let values = (
            address_quarantine::released_at.eq(now.micros()),
            address_quarantine::until.eq(until.micros()),
        );
        on_each!(self.conn, |c| diesel::insert_into(
            address_quarantine::table
        )
        .values((address_quarantine::blind_index.eq(bytes), values))
        .on_conflict(address_quarantine::blind_index)
        .do_update()
        .set(values)
        .execute(c))?;
        let mut owners: HashSet<String> = HashSet::new();
        for kind in KINDS {
            let taken = diesel::delete(user_addresses::table)
                .filter(user_addresses::blind_index.eq(bytes))
                .filter(sql::<Bool>(kind))
                .returning(user_addresses::user_id)
                .load::<String>(self.conn)?;
            owners.extend(taken);
        }
        let undoable =
            diesel::update(address_changes::table.filter(address_changes::former_index.eq(bytes)))
                .filter(address_changes::ended_at.is_null())
                .set(address_changes::ended_at.eq(micros(Some(now))))
                .returning(address_changes::user_id)
                .load::<String>(self.conn)?;
        owners.extend(undoable);
        let owners = owners.iter().map(|id| read_id!(UserId, id));
        let owners: Vec<UserId> = owners.collect::<Result<_, _>>()?;
        for user in &owners {
            self.void_all(*user, now)?;
            // A link in the released mailbox opens nothing any more.
            self.close_resets(*user)?;
        }
        Ok(owners)
    }

    /// Who has an address, as what they sign in with or as where their codes go.
    pub fn address_owners(&mut self, index: &Digest) -> Result<Vec<UserId>, StoreError> {
        let mut ids: HashSet<String> = HashSet::new();
        for kind in KINDS {
            let found = user_addresses::table
                .filter(user_addresses::blind_index.eq(index.as_bytes().as_slice()))
                .filter(sql::<Bool>(kind))
                .select(user_addresses::user_id)
                .load::<String>(self.conn)?;
            ids.extend(found);
        }
        ids.iter().map(|id| read_id!(UserId, id)).collect()
    }

    /// Which of `indexes` were released and nobody can have yet (REC-15).
    pub fn quarantined(&mut self, indexes: &[Digest]) -> Result<HashSet<Digest>, StoreError> {
        let bytes = indexes.iter().map(|index| index.as_bytes().as_slice());
        let found = address_quarantine::table
            .filter(address_quarantine::blind_index.eq_any(bytes))
            .select(address_quarantine::blind_index)
            .load::<Vec<u8>>(self.conn)?;
        found.iter().map(|index| read_digest(index)).collect()
    }

    /// Until when nobody can have an address, if it was released.
    pub fn quarantined_until(&mut self, index: &Digest) -> Result<Option<Timestamp>, StoreError> {
        let until = address_quarantine::table
            .find(index.as_bytes().as_slice())
            .select(address_quarantine::until)
            .first::<i64>(self.conn)
            .optional()?;
        Ok(until.map(Timestamp::from_micros))
    }

    /// Ends the quarantine of an address before its time. Answers whether there was one.
    pub fn end_quarantine(&mut self, index: &Digest) -> Result<bool, StoreError> {
        let bytes = index.as_bytes().as_slice();
        let rows = diesel::delete(address_quarantine::table.find(bytes)).execute(self.conn)?;
        Ok(count(rows) > 0)
    }
}
