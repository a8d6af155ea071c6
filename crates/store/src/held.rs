//! How much a move of an epoch would void: counted for operators before they do it (INC-07).

use diesel::prelude::*;
use sekisho_model::{ClientId, EpochKind, Timestamp, UserId};

use crate::backend::MultiBackend;
use crate::schema::{browser_sessions, browsers, grants, users};
use crate::{StoreError, Tx};

/// Whose things are counted.
#[derive(Debug, Clone, Copy)]
pub enum Holder<'a> {
    /// Everyone's.
    Everyone,
    /// One app's.
    Client(&'a ClientId),
    /// One account's.
    User(UserId),
}

impl Holder<'_> {
    fn user(self) -> Option<String> {
        match self {
            Self::User(id) => Some(id.to_string()),
            Self::Everyone | Self::Client(_) => None,
        }
    }
}

impl Tx<'_> {
    /// How many of a kind they hold; some may be void already. Looks at every row when nothing narrows it: for
    /// operators, never for a request.
    pub fn count_held(
        &mut self,
        kind: EpochKind,
        whose: Holder<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let number = match (kind, whose) {
            (EpochKind::Token, _) => self.count_grants(whose)?,
            // Passwords, sessions and browsers are not an app's.
            (_, Holder::Client(_)) => 0,
            (EpochKind::Password, _) => {
                let mut rows = users::table.into_boxed::<MultiBackend>();
                if let Some(user) = whose.user() {
                    rows = rows.filter(users::id.eq(user));
                }
                rows.count().get_result::<i64>(self.conn)?
            }
            (EpochKind::Session, _) => {
                let lives = browser_sessions::expires_at.gt(now.micros());
                let rows = browser_sessions::table.filter(lives);
                let rows = rows.filter(browser_sessions::ended_at.is_null());
                let mut rows = rows.into_boxed::<MultiBackend>();
                if let Some(user) = whose.user() {
                    rows = rows.filter(browser_sessions::user_id.eq(user));
                }
                rows.count().get_result(self.conn)?
            }
            (EpochKind::Browser, _) => {
                let trusted = browsers::trusted_until.gt(now.micros()).assume_not_null();
                let mut rows = browsers::table.filter(trusted).into_boxed::<MultiBackend>();
                if let Some(user) = whose.user() {
                    rows = rows.filter(browsers::user_id.eq(user));
                }
                rows.count().get_result(self.conn)?
            }
        };
        Ok(u64::try_from(number).unwrap_or(0))
    }

    fn count_grants(&mut self, whose: Holder<'_>) -> Result<i64, StoreError> {
        let live = grants::table.filter(grants::revoked_at.is_null());
        let mut rows = live.into_boxed::<MultiBackend>();
        if let Some(user) = whose.user() {
            rows = rows.filter(grants::user_id.eq(user));
        }
        if let Holder::Client(id) = whose {
            rows = rows.filter(grants::client_id.eq(id.to_string()));
        }
        Ok(rows.count().get_result(self.conn)?)
    }
}
