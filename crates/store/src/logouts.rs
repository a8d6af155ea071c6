use std::collections::BTreeMap;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{Client, ClientId, Digest, SessionId, Timestamp, UserId};

use crate::backend::on_each;
use crate::column::{Stored as _, micros, read_id, read_json, read_scope, time};
use crate::schema::{clients, grants, logout_deliveries};
use crate::{StoreError, Tx};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogoutState {
    /// To be told, perhaps again.
    Waiting,
    /// Told.
    Done,
    /// Given up.
    Dead,
}

impl LogoutState {
    /// The name operators read.
    pub fn name(self) -> &'static str {
        self.stored()
    }
}

/// That an app is to be told of the end of a session (Back-Channel Logout §2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutDelivery {
    /// The same for the same session and app, so nobody is told twice.
    pub id: String,
    /// Which session ended.
    pub session_id: SessionId,
    /// Who is told.
    pub client_id: ClientId,
    /// Whose session it was.
    pub user_id: UserId,
    /// Where: what was registered when the session ended.
    pub uri: String,
    /// When the session ended.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it may be tried next.
    pub next_attempt_at: Timestamp,
    /// Where it stands.
    pub state: LogoutState,
    /// The HTTP status of the last answer.
    pub last_status: Option<u16>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When the app was told.
    pub done_at: Option<Timestamp>,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
}

/// An app that has a part in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionClient {
    /// Which.
    pub client_id: ClientId,
    /// Whether it signed the person in (`openid`), or only got access to something.
    pub signed_in: bool,
}

#[derive(Queryable)]
struct LogoutRow {
    id: String,
    session_id: String,
    client_id: String,
    user_id: String,
    uri: String,
    created_at: i64,
    attempts: i64,
    next_attempt_at: i64,
    state: String,
    last_status: Option<i64>,
    last_error: Option<String>,
    done_at: Option<i64>,
    dead_at: Option<i64>,
}

impl TryFrom<LogoutRow> for LogoutDelivery {
    type Error = StoreError;
    fn try_from(row: LogoutRow) -> Result<Self, StoreError> {
        Ok(Self {
            session_id: read_id!(SessionId, &row.session_id)?,
            client_id: ClientId::new(row.client_id),
            user_id: read_id!(UserId, &row.user_id)?,
            id: row.id,
            uri: row.uri,
            created_at: time(row.created_at),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_attempt_at: time(row.next_attempt_at),
            state: LogoutState::read(&row.state)?,
            last_status: row
                .last_status
                .and_then(|status| u16::try_from(status).ok()),
            last_error: row.last_error,
            done_at: row.done_at.map(time),
            dead_at: row.dead_at.map(time),
        })
    }
}

impl Tx<'_> {
    /// What follows from the end of a session, in its transaction: what it gave ends, but for
    /// `offline_access` (RT-09, LO-06), and every app that had a part in it and wants to know is put
    /// down to be told (LO-03).
    pub(crate) fn session_ended(
        &mut self,
        session: SessionId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.revoke_grants_of_session(session, now, true)?;
        let names: Vec<String> = grants::table
            .filter(grants::session_id.eq(session.to_string()))
            .select(grants::client_id)
            .distinct()
            .load(self.conn)?;
        if names.is_empty() {
            return Ok(());
        }
        let documents: Vec<String> = clients::table
            .filter(clients::id.eq_any(names))
            .select(clients::document)
            .load(self.conn)?;
        for document in &documents {
            let client: Client = read_json(document)?;
            if let Some(uri) = &client.backchannel_logout_uri {
                let id = [session.to_string(), client.client_id.to_string()];
                self.post_logout(&id, (session, user), (&client.client_id, uri), now)?;
            }
        }
        Ok(())
    }

    /// That the access of one app in a session was ended by the person while the session goes on: a
    /// delivery of its own, so that the end of the session is told as well if the app comes back.
    pub(crate) fn tell_of_revocation(
        &mut self,
        session: SessionId,
        user: UserId,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let document: Option<String> = clients::table
            .find(client.as_str())
            .select(clients::document)
            .first(self.conn)
            .optional()?;
        let Some(document) = document else {
            return Ok(());
        };
        let app: Client = read_json(&document)?;
        let Some(uri) = &app.backchannel_logout_uri else {
            return Ok(());
        };
        // No id of an app has a space, so no other delivery has this id.
        let at = format!(" {}", now.micros());
        let id = [session.to_string(), client.to_string(), at];
        self.post_logout(&id, (session, user), (client, uri), now)
    }

    fn post_logout(
        &mut self,
        id: &[String],
        (session, user): (SessionId, UserId),
        (client, uri): (&ClientId, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let session = session.to_string();
        let parts: Vec<&[u8]> = id.iter().map(String::as_bytes).collect();
        let id = Digest::of_parts(&parts);
        let values = (
            logout_deliveries::id.eq(id.to_base64url()),
            logout_deliveries::session_id.eq(session),
            logout_deliveries::client_id.eq(client.as_str()),
            logout_deliveries::user_id.eq(user.to_string()),
            logout_deliveries::uri.eq(uri),
            logout_deliveries::created_at.eq(now.micros()),
            logout_deliveries::attempts.eq(0),
            logout_deliveries::next_attempt_at.eq(now.micros()),
            logout_deliveries::state.eq(LogoutState::Waiting.stored()),
        );
        on_each!(self.conn, |c| diesel::insert_into(logout_deliveries::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(())
    }

    /// The apps that have a part in a session, whatever became of their tokens, by id.
    pub fn clients_of_session(
        &mut self,
        session: SessionId,
    ) -> Result<Vec<SessionClient>, StoreError> {
        let rows: Vec<(String, String)> = grants::table
            .filter(grants::session_id.eq(session.to_string()))
            .select((grants::client_id, grants::scope))
            .load(self.conn)?;
        let mut found = BTreeMap::new();
        for (client, scope) in rows {
            *found.entry(client).or_insert(false) |= read_scope(&scope)?.contains("openid");
        }
        Ok(found
            .into_iter()
            .map(|(client, signed_in)| SessionClient {
                client_id: ClientId::new(client),
                signed_in,
            })
            .collect())
    }

    /// Whether an app waits to be told. Cheaper than a claim that finds nothing.
    pub fn logouts_are_due(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let due = logout_deliveries::table
            .filter(sql::<Bool>("state = 'waiting'"))
            .filter(logout_deliveries::next_attempt_at.le(now.micros()));
        Ok(diesel::select(diesel::dsl::exists(due)).get_result(self.conn)?)
    }

    /// Takes deliveries that are due, each for one caller only until its lease ends; counts the try.
    pub fn claim_logouts(
        &mut self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<LogoutDelivery>, StoreError> {
        // A literal, not a bound value: it is what the partial index is about.
        let due = logout_deliveries::table
            .filter(sql::<Bool>("state = 'waiting'"))
            .filter(logout_deliveries::next_attempt_at.le(now.micros()))
            .order(logout_deliveries::next_attempt_at)
            .select(logout_deliveries::id)
            .limit(i64::from(limit));
        let ids = on_each!(self.conn, |c| due.load::<String>(c), |c| due
            .for_update()
            .skip_locked()
            .load::<String>(c))?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        diesel::update(logout_deliveries::table)
            .filter(logout_deliveries::id.eq_any(ids))
            .set((
                logout_deliveries::attempts.eq(logout_deliveries::attempts + 1),
                logout_deliveries::next_attempt_at.eq((now + lease).micros()),
            ))
            .returning(logout_deliveries::all_columns)
            .load::<LogoutRow>(self.conn)?
            .into_iter()
            .map(LogoutDelivery::try_from)
            .collect()
    }

    /// Notes what became of a try: the state, the moment of the next try, status and error. What was
    /// done or given up meanwhile stays so.
    pub fn note_logout(&mut self, delivery: &LogoutDelivery) -> Result<(), StoreError> {
        diesel::update(logout_deliveries::table.find(&delivery.id))
            .filter(logout_deliveries::state.eq(LogoutState::Waiting.stored()))
            .set((
                logout_deliveries::state.eq(delivery.state.stored()),
                logout_deliveries::next_attempt_at.eq(delivery.next_attempt_at.micros()),
                logout_deliveries::last_status.eq(delivery.last_status.map(i64::from)),
                logout_deliveries::last_error.eq(&delivery.last_error),
                logout_deliveries::done_at.eq(micros(delivery.done_at)),
                logout_deliveries::dead_at.eq(micros(delivery.dead_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// A page of the deliveries, of one app or of all, newest first; `before` is the last one of the page before.
    /// For operators.
    pub fn list_logouts(
        &mut self,
        client: Option<&ClientId>,
        before: Option<(Timestamp, &str)>,
        limit: u32,
    ) -> Result<Vec<LogoutDelivery>, StoreError> {
        let mut query = logout_deliveries::table
            .order((
                logout_deliveries::created_at.desc(),
                logout_deliveries::id.desc(),
            ))
            .limit(i64::from(limit))
            .into_boxed();
        if let Some(client) = client {
            query = query.filter(logout_deliveries::client_id.eq(client.as_str()));
        }
        if let Some((at, id)) = before {
            let at = at.micros();
            let earlier = logout_deliveries::created_at.lt(at);
            let beside = logout_deliveries::id.lt(id);
            query = query.filter(logout_deliveries::created_at.le(at).and(earlier.or(beside)));
        }
        query
            .load::<LogoutRow>(self.conn)?
            .into_iter()
            .map(LogoutDelivery::try_from)
            .collect()
    }
}
