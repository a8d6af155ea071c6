use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use sekisho_model::{ClientId, Epoch, ScopeSet, SessionId, Timestamp, UserId};

use crate::column::{read_id, read_scope, time};
use crate::schema::grants;
use crate::{StoreError, Tx};

/// What an app was given in one session of a user, as often as it asked for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUse {
    /// Which app.
    pub client_id: ClientId,
    /// In which session.
    pub session_id: SessionId,
    /// What for.
    pub scope: ScopeSet,
    /// The epoch it counts under.
    pub epoch: Epoch,
    /// When it was first given.
    pub since: Timestamp,
    /// When it was last given, or a token last renewed.
    pub used_at: Timestamp,
    /// Until when its newest refresh token works, if it has one.
    pub refresh_until: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct UseRow {
    #[diesel(sql_type = Text)]
    client_id: String,
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = Text)]
    scope: String,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = BigInt)]
    since: i64,
    #[diesel(sql_type = BigInt)]
    given_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    renewed_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    refresh_until: Option<i64>,
}

impl TryFrom<UseRow> for AppUse {
    type Error = StoreError;
    fn try_from(row: UseRow) -> Result<Self, StoreError> {
        Ok(Self {
            client_id: ClientId::new(row.client_id),
            session_id: read_id!(SessionId, &row.session_id)?,
            scope: read_scope(&row.scope)?,
            epoch: Epoch(row.epoch),
            since: time(row.since),
            used_at: time(row.renewed_at.unwrap_or(row.given_at).max(row.given_at)),
            refresh_until: row.refresh_until.map(time),
        })
    }
}

impl Tx<'_> {
    /// What apps hold of a user and nobody has revoked. Whether sessions and epochs still stand is for
    /// the caller to say (CON-05).
    pub fn app_uses_of(&mut self, user: UserId, now: Timestamp) -> Result<Vec<AppUse>, StoreError> {
        diesel::sql_query(
            "SELECT g.client_id, g.session_id, g.scope, g.epoch,
                    MIN(g.created_at) AS since, MAX(g.created_at) AS given_at,
                    MAX(r.issued_at) AS renewed_at, MAX(r.idle_until) AS refresh_until
             FROM grants g
             LEFT JOIN refresh_tokens r ON r.grant_id = g.id AND r.used_at IS NULL
                  AND r.expires_at > $1 AND r.idle_until > $1
             WHERE g.user_id = $2 AND g.revoked_at IS NULL
             GROUP BY g.client_id, g.session_id, g.scope, g.epoch
             ORDER BY MAX(g.created_at) DESC, g.client_id, g.session_id, g.scope",
        )
        // SQLite numbers the places as they come.
        .bind::<BigInt, _>(now.micros())
        .bind::<Text, _>(user.to_string())
        .load::<UseRow>(self.conn)?
        .into_iter()
        .map(AppUse::try_from)
        .collect()
    }

    /// Ends what a user gave one app, its consent included, and has the app told once for every session
    /// it signed the person in with (CON-05). Says how many grants ended.
    pub fn disconnect_app(
        &mut self,
        user: UserId,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let _consented = self.revoke_consent(user, client)?;
        let sessions: Vec<String> = diesel::update(grants::table)
            .filter(grants::user_id.eq(user.to_string()))
            .filter(grants::client_id.eq(client.as_str()))
            .filter(grants::revoked_at.is_null())
            .set(grants::revoked_at.eq(now.micros()))
            .returning(grants::session_id)
            .load(self.conn)?;
        let ended = crate::grants::count(sessions.len());
        let mut told: Vec<&String> = sessions.iter().collect();
        told.sort_unstable();
        told.dedup();
        for session in told {
            self.tell_of_revocation(read_id!(SessionId, session)?, user, client, now)?;
        }
        Ok(ended)
    }
}
