use diesel::prelude::*;
use sekisho_model::{BrowserId, BrowserSession, Digest, Epoch, SessionId, Timestamp, User, UserId};

use crate::column::{methods, read_digest, read_id, read_methods, time};
use crate::grants::count;
use crate::schema::{browser_sessions, users};
use crate::users::UserRow;
use crate::{Once, StoreError, Tx};

#[derive(Queryable)]
struct SessionRow {
    id: String,
    digest: Vec<u8>,
    user_id: String,
    browser_id: String,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    auth_time: i64,
    methods: String,
    epoch: i64,
    ip: String,
    user_agent: String,
    _ended_at: Option<i64>,
}

impl TryFrom<SessionRow> for BrowserSession {
    type Error = StoreError;
    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read_id!(SessionId, &row.id)?,
            digest: read_digest(&row.digest)?,
            user_id: read_id!(UserId, &row.user_id)?,
            browser_id: read_id!(BrowserId, &row.browser_id)?,
            created_at: time(row.created_at),
            last_seen_at: time(row.last_seen_at),
            expires_at: time(row.expires_at),
            auth_time: time(row.auth_time),
            methods: read_methods(&row.methods)?,
            epoch: Epoch(row.epoch),
            ip: row.ip,
            user_agent: row.user_agent,
        })
    }
}

impl Tx<'_> {
    /// Adds a browser session.
    pub fn insert_session(&mut self, session: &BrowserSession) -> Result<(), StoreError> {
        diesel::insert_into(browser_sessions::table)
            .values((
                browser_sessions::id.eq(session.id.to_string()),
                browser_sessions::digest.eq(session.digest.as_bytes().as_slice()),
                browser_sessions::user_id.eq(session.user_id.to_string()),
                browser_sessions::browser_id.eq(session.browser_id.to_string()),
                browser_sessions::created_at.eq(session.created_at.micros()),
                browser_sessions::last_seen_at.eq(session.last_seen_at.micros()),
                browser_sessions::expires_at.eq(session.expires_at.micros()),
                browser_sessions::auth_time.eq(session.auth_time.micros()),
                browser_sessions::methods.eq(methods(&session.methods)),
                browser_sessions::epoch.eq(session.epoch.0),
                browser_sessions::ip.eq(&session.ip),
                browser_sessions::user_agent.eq(&session.user_agent),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The session of a cookie with its user, unless it was ended. Whether it has expired or its epoch
    /// has moved is for the caller to say.
    pub fn session(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<(BrowserSession, User)>, StoreError> {
        let row = browser_sessions::table
            .inner_join(users::table.on(users::id.eq(browser_sessions::user_id)))
            .filter(browser_sessions::digest.eq(digest.as_bytes().as_slice()))
            .filter(browser_sessions::ended_at.is_null())
            .select((browser_sessions::all_columns, users::all_columns))
            .first::<(SessionRow, UserRow)>(self.conn)
            .optional()?;
        row.map(|(session, user)| Ok((session.try_into()?, user.user()?)))
            .transpose()
    }

    /// Gives a session a new cookie value, if `old` is still its present one (SES-03). What is new in
    /// the authentication is taken from `new`; id, user and beginning stay.
    pub fn rotate_session(
        &mut self,
        id: SessionId,
        old: &Digest,
        new: &BrowserSession,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(browser_sessions::table)
            .filter(browser_sessions::id.eq(id.to_string()))
            .filter(browser_sessions::digest.eq(old.as_bytes().as_slice()))
            .filter(browser_sessions::ended_at.is_null())
            .set((
                browser_sessions::digest.eq(new.digest.as_bytes().as_slice()),
                browser_sessions::browser_id.eq(new.browser_id.to_string()),
                browser_sessions::last_seen_at.eq(new.last_seen_at.micros()),
                browser_sessions::expires_at.eq(new.expires_at.micros()),
                browser_sessions::auth_time.eq(new.auth_time.micros()),
                browser_sessions::methods.eq(methods(&new.methods)),
                browser_sessions::epoch.eq(new.epoch.0),
                browser_sessions::ip.eq(&new.ip),
                browser_sessions::user_agent.eq(&new.user_agent),
            ))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Notes that a session was used.
    pub fn touch_session(&mut self, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
        diesel::update(browser_sessions::table.find(id.to_string()))
            .set(browser_sessions::last_seen_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Ends a session and what hangs on it: the tokens and grants that live only as long as it does.
    pub fn end_session(&mut self, id: SessionId, now: Timestamp) -> Result<Once, StoreError> {
        let ended = diesel::update(browser_sessions::table)
            .filter(browser_sessions::id.eq(id.to_string()))
            .filter(browser_sessions::ended_at.is_null())
            .set(browser_sessions::ended_at.eq(now.micros()))
            .returning((browser_sessions::id, browser_sessions::user_id))
            .load::<(String, String)>(self.conn)?;
        let rows = ended.len();
        self.sessions_ended(&ended, now)?;
        Ok(Once::of(rows))
    }

    /// Ends every session of a user (SES-08) and what hangs on them.
    pub fn end_sessions_of(&mut self, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
        let ended = diesel::update(browser_sessions::table)
            .filter(browser_sessions::user_id.eq(user.to_string()))
            .filter(browser_sessions::ended_at.is_null())
            .set(browser_sessions::ended_at.eq(now.micros()))
            .returning((browser_sessions::id, browser_sessions::user_id))
            .load::<(String, String)>(self.conn)?;
        self.sessions_ended(&ended, now)
    }

    /// Ends one of a user's own sessions, as [`Tx::end_session`] does; a stranger's is not there (SES-10).
    pub fn end_session_of(
        &mut self,
        user: UserId,
        id: SessionId,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let own = browser_sessions::table
            .filter(browser_sessions::id.eq(id.to_string()))
            .filter(browser_sessions::user_id.eq(user.to_string()));
        let is_own: bool = diesel::select(diesel::dsl::exists(own)).get_result(self.conn)?;
        if is_own {
            self.end_session(id, now)
        } else {
            Ok(Once::Again)
        }
    }

    /// Ends every session of a user but one, and what hangs on them; the one goes on under `epoch`
    /// (SES-10).
    pub fn end_other_sessions(
        &mut self,
        user: UserId,
        (kept, epoch): (SessionId, Epoch),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let kept = kept.to_string();
        let ended = diesel::update(browser_sessions::table)
            .filter(browser_sessions::user_id.eq(user.to_string()))
            .filter(browser_sessions::id.ne(&kept))
            .filter(browser_sessions::ended_at.is_null())
            .set(browser_sessions::ended_at.eq(now.micros()))
            .returning((browser_sessions::id, browser_sessions::user_id))
            .load::<(String, String)>(self.conn)?;
        diesel::update(browser_sessions::table)
            .filter(browser_sessions::id.eq(&kept))
            .filter(browser_sessions::user_id.eq(user.to_string()))
            .set(browser_sessions::epoch.eq(epoch.0))
            .execute(self.conn)?;
        self.sessions_ended(&ended, now)
    }

    /// Keeps a session from ending before this transaction does, so that what is given in it now ends
    /// with it; `Again` if it has ended (SES-09).
    pub fn hold_session(&mut self, id: SessionId) -> Result<Once, StoreError> {
        let rows = diesel::update(browser_sessions::table)
            .filter(browser_sessions::id.eq(id.to_string()))
            .filter(browser_sessions::ended_at.is_null())
            .set(browser_sessions::last_seen_at.eq(browser_sessions::last_seen_at))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    fn sessions_ended(
        &mut self,
        ended: &[(String, String)],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        for (session, user) in ended {
            let session = read_id!(SessionId, session)?;
            self.session_ended(session, read_id!(UserId, user)?, now)?;
        }
        Ok(count(ended.len()))
    }

    /// A user's sessions that were not ended, newest first.
    pub fn sessions_of(&mut self, user: UserId) -> Result<Vec<BrowserSession>, StoreError> {
        browser_sessions::table
            .filter(browser_sessions::user_id.eq(user.to_string()))
            .filter(browser_sessions::ended_at.is_null())
            .order((
                browser_sessions::created_at.desc(),
                browser_sessions::id.desc(),
            ))
            .load::<SessionRow>(self.conn)?
            .into_iter()
            .map(BrowserSession::try_from)
            .collect()
    }

    /// When one of a user's sessions began, and in which browser, whether or not it has ended.
    pub fn session_origin(
        &mut self,
        user: UserId,
        id: SessionId,
    ) -> Result<Option<(Timestamp, BrowserId)>, StoreError> {
        let row = browser_sessions::table
            .filter(browser_sessions::id.eq(id.to_string()))
            .filter(browser_sessions::user_id.eq(user.to_string()))
            .select((browser_sessions::created_at, browser_sessions::browser_id))
            .first::<(i64, String)>(self.conn)
            .optional()?;
        row.map(|(began, browser)| Ok((time(began), read_id!(BrowserId, &browser)?)))
            .transpose()
    }

    /// The sessions of a user that somebody signed in to from a browser since `from`, ended ones as well.
    pub fn sessions_from_browser(
        &mut self,
        user: UserId,
        browser: BrowserId,
        from: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let ids = browser_sessions::table
            .filter(browser_sessions::user_id.eq(user.to_string()))
            .filter(browser_sessions::browser_id.eq(browser.to_string()))
            .filter(browser_sessions::auth_time.ge(from.micros()))
            .select(browser_sessions::id)
            .load::<String>(self.conn)?;
        ids.iter().map(|id| read_id!(SessionId, id)).collect()
    }

    /// Lets a session go on under a later epoch.
    pub fn carry_session(&mut self, id: SessionId, epoch: Epoch) -> Result<(), StoreError> {
        diesel::update(browser_sessions::table.find(id.to_string()))
            .set(browser_sessions::epoch.eq(epoch.0))
            .execute(self.conn)?;
        Ok(())
    }

    /// Ends all but the newest `keep` sessions of a user, with what hangs on them, and says how many
    /// (SES-16).
    pub fn end_oldest_sessions(
        &mut self,
        user: UserId,
        keep: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let newest_first = browser_sessions::table
            .filter(browser_sessions::user_id.eq(user.to_string()))
            .filter(browser_sessions::ended_at.is_null())
            .filter(browser_sessions::expires_at.gt(now.micros()))
            .order((
                browser_sessions::created_at.desc(),
                browser_sessions::id.desc(),
            ))
            .select(browser_sessions::id)
            .load::<String>(self.conn)?;
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let surplus: Vec<String> = newest_first.into_iter().skip(keep).collect();
        if surplus.is_empty() {
            return Ok(0);
        }
        let ended = diesel::update(browser_sessions::table)
            .filter(browser_sessions::id.eq_any(surplus))
            .set(browser_sessions::ended_at.eq(now.micros()))
            .returning((browser_sessions::id, browser_sessions::user_id))
            .load::<(String, String)>(self.conn)?;
        self.sessions_ended(&ended, now)
    }
}
