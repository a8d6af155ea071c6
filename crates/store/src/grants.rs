use diesel::prelude::*;
use sekisho_model::{ClientId, Epoch, Grant, GrantId, SessionId, Timestamp, User, UserId};

use crate::column::{json, methods, micros, read_id, read_json, read_methods, read_scope, time};
use crate::schema::{grants, users};
use crate::users::UserRow;
use crate::{Once, StoreError, Tx};

#[derive(Queryable)]
pub(crate) struct GrantRow {
    id: String,
    client_id: String,
    user_id: String,
    session_id: String,
    scope: String,
    _offline: bool,
    auth_time: i64,
    methods: String,
    epoch: i64,
    created_at: i64,
    revoked_at: Option<i64>,
    terms: String,
}

impl TryFrom<GrantRow> for Grant {
    type Error = StoreError;
    fn try_from(row: GrantRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read_id!(GrantId, &row.id)?,
            client_id: ClientId::new(row.client_id),
            user_id: read_id!(UserId, &row.user_id)?,
            session_id: read_id!(SessionId, &row.session_id)?,
            scope: read_scope(&row.scope)?,
            auth_time: time(row.auth_time),
            methods: read_methods(&row.methods)?,
            epoch: Epoch(row.epoch),
            created_at: time(row.created_at),
            revoked_at: row.revoked_at.map(time),
            terms: read_json(&row.terms)?,
        })
    }
}

impl Tx<'_> {
    /// Adds a grant.
    pub fn insert_grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        diesel::insert_into(grants::table)
            .values((
                grants::id.eq(grant.id.to_string()),
                grants::client_id.eq(grant.client_id.as_str()),
                grants::user_id.eq(grant.user_id.to_string()),
                grants::session_id.eq(grant.session_id.to_string()),
                grants::scope.eq(grant.scope.to_string()),
                grants::offline.eq(grant.scope.contains("offline_access")),
                grants::auth_time.eq(grant.auth_time.micros()),
                grants::methods.eq(methods(&grant.methods)),
                grants::epoch.eq(grant.epoch.0),
                grants::created_at.eq(grant.created_at.micros()),
                grants::revoked_at.eq(micros(grant.revoked_at)),
                grants::terms.eq(json(&grant.terms)?),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// A grant by its id, revoked or not.
    pub fn grant(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        grants::table
            .find(id.to_string())
            .first::<GrantRow>(self.conn)
            .optional()?
            .map(Grant::try_from)
            .transpose()
    }

    /// A grant with what decides whether it still stands, in one statement.
    pub fn grant_standing(&mut self, id: GrantId) -> Result<Option<(Grant, User)>, StoreError> {
        let row = grants::table
            .inner_join(users::table.on(users::id.eq(grants::user_id)))
            .filter(grants::id.eq(id.to_string()))
            .select((grants::all_columns, users::all_columns))
            .first::<(GrantRow, UserRow)>(self.conn)
            .optional()?;
        let Some((grant, user)) = row else {
            return Ok(None);
        };
        Ok(Some((grant.try_into()?, user.user()?)))
    }

    /// Ends a grant and with it all its tokens.
    pub fn revoke_grant(&mut self, id: GrantId, now: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(grants::table)
            .filter(grants::id.eq(id.to_string()))
            .filter(grants::revoked_at.is_null())
            .set(grants::revoked_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Ends what a browser session gave; `keep_offline` spares grants of `offline_access` (RT-09).
    pub fn revoke_grants_of_session(
        &mut self,
        session: SessionId,
        now: Timestamp,
        keep_offline: bool,
    ) -> Result<u64, StoreError> {
        let rows = diesel::update(grants::table)
            .filter(grants::session_id.eq(session.to_string()))
            .filter(grants::revoked_at.is_null())
            .filter(
                grants::offline
                    .eq(false)
                    .or(grants::offline.ne(keep_offline)),
            )
            .set(grants::revoked_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(count(rows))
    }

    /// Ends what a user gave one client.
    pub fn revoke_grants_of_consent(
        &mut self,
        user: UserId,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let rows = diesel::update(grants::table)
            .filter(grants::user_id.eq(user.to_string()))
            .filter(grants::client_id.eq(client.as_str()))
            .filter(grants::revoked_at.is_null())
            .set(grants::revoked_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(count(rows))
    }
}

/// A number of rows.
pub(crate) fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
