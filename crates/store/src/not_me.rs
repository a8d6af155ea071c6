use diesel::prelude::*;
use sekisho_model::{BrowserId, Digest, EventId, Timestamp, UserId};

use crate::column::{micros, read_digest, read_id, time};
use crate::schema::{browsers, not_me_links};
use crate::{Once, StoreError, Tx};

/// The link of a mail that says "this was not me", without the link itself (TD-08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMeLink {
    /// Digest of what the link carries.
    pub digest: Digest,
    /// Whose account.
    pub user_id: UserId,
    /// About which event.
    pub event_id: EventId,
    /// When that was.
    pub event_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

type LinkRow = (Vec<u8>, String, String, i64, i64, Option<i64>);

impl Tx<'_> {
    /// Adds a link.
    pub fn insert_not_me(&mut self, link: &NotMeLink) -> Result<(), StoreError> {
        diesel::insert_into(not_me_links::table)
            .values((
                not_me_links::digest.eq(link.digest.as_bytes().as_slice()),
                not_me_links::user_id.eq(link.user_id.to_string()),
                not_me_links::event_id.eq(link.event_id.to_string()),
                not_me_links::event_at.eq(link.event_at.micros()),
                not_me_links::expires_at.eq(link.expires_at.micros()),
                not_me_links::used_at.eq(micros(link.used_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The link with this digest, whatever its state.
    pub fn not_me(&mut self, digest: &Digest) -> Result<Option<NotMeLink>, StoreError> {
        let row = not_me_links::table
            .find(digest.as_bytes().as_slice())
            .first::<LinkRow>(self.conn)
            .optional()?;
        let Some((digest, user, event, event_at, expires_at, used_at)) = row else {
            return Ok(None);
        };
        Ok(Some(NotMeLink {
            digest: read_digest(&digest)?,
            user_id: read_id!(UserId, &user)?,
            event_id: read_id!(EventId, &event)?,
            event_at: time(event_at),
            expires_at: time(expires_at),
            used_at: used_at.map(time),
        }))
    }

    /// Uses a link up, if it is unused and in time; of any number of callers one gets `First`.
    pub fn take_not_me(&mut self, digest: &Digest, now: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(not_me_links::table)
            .filter(not_me_links::digest.eq(digest.as_bytes().as_slice()))
            .filter(not_me_links::used_at.is_null())
            .filter(not_me_links::expires_at.gt(now.micros()))
            .set(not_me_links::used_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// A browser of a user becomes a stranger again: it helps nobody back into the account.
    pub fn forget_browser(&mut self, user: UserId, id: BrowserId) -> Result<Once, StoreError> {
        let rows = diesel::delete(browsers::table)
            .filter(browsers::id.eq(id.to_string()))
            .filter(browsers::user_id.eq(user.to_string()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }
}
