use diesel::prelude::*;
use sekisho_model::{BrowserId, Digest, Epoch, KnownBrowser, Timestamp, UserId};

use crate::column::{micros, read_digest, read_id, time};
use crate::grants::count;
use crate::schema::{browsers, former_browser_values};
use crate::{Once, StoreError, Tx};

#[derive(Queryable)]
struct BrowserRow {
    id: String,
    user_id: String,
    digest: Vec<u8>,
    first_seen_at: i64,
    last_seen_at: i64,
    trusted_until: Option<i64>,
    epoch: i64,
    user_agent: String,
}

impl TryFrom<BrowserRow> for KnownBrowser {
    type Error = StoreError;
    fn try_from(row: BrowserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read_id!(BrowserId, &row.id)?,
            user_id: read_id!(UserId, &row.user_id)?,
            digest: read_digest(&row.digest)?,
            first_seen_at: time(row.first_seen_at),
            last_seen_at: time(row.last_seen_at),
            trusted_until: row.trusted_until.map(time),
            epoch: Epoch(row.epoch),
            user_agent: row.user_agent,
        })
    }
}

impl Tx<'_> {
    /// Notes that an account was used from a browser for the first time.
    pub fn insert_browser(&mut self, browser: &KnownBrowser) -> Result<(), StoreError> {
        diesel::insert_into(browsers::table)
            .values((
                browsers::id.eq(browser.id.to_string()),
                browsers::user_id.eq(browser.user_id.to_string()),
                browsers::digest.eq(browser.digest.as_bytes().as_slice()),
                browsers::first_seen_at.eq(browser.first_seen_at.micros()),
                browsers::last_seen_at.eq(browser.last_seen_at.micros()),
                browsers::trusted_until.eq(micros(browser.trusted_until)),
                browsers::epoch.eq(browser.epoch.0),
                browsers::user_agent.eq(&browser.user_agent),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The user's browser that one of the presented cookie values belongs to.
    pub fn browser_among(
        &mut self,
        user: UserId,
        digests: &[Digest],
    ) -> Result<Option<KnownBrowser>, StoreError> {
        if digests.is_empty() {
            return Ok(None);
        }
        browsers::table
            .filter(browsers::user_id.eq(user.to_string()))
            .filter(browsers::digest.eq_any(digests.iter().map(|d| d.as_bytes().as_slice())))
            .order(browsers::last_seen_at.desc())
            .first::<BrowserRow>(self.conn)
            .optional()?
            .map(KnownBrowser::try_from)
            .transpose()
    }

    /// Gives a browser a new cookie value, if `old` is still its present one (THR-03).
    pub fn rotate_browser(
        &mut self,
        id: BrowserId,
        old: &Digest,
        new: &KnownBrowser,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(browsers::table)
            .filter(browsers::id.eq(id.to_string()))
            .filter(browsers::digest.eq(old.as_bytes().as_slice()))
            .set((
                browsers::digest.eq(new.digest.as_bytes().as_slice()),
                browsers::last_seen_at.eq(new.last_seen_at.micros()),
                browsers::trusted_until.eq(micros(new.trusted_until)),
                browsers::epoch.eq(new.epoch.0),
                browsers::user_agent.eq(&new.user_agent),
            ))
            .execute(self.conn)?;
        self.keep_former_value(rows, old, new)?;
        Ok(Once::of(rows))
    }

    /// As [`Tx::rotate_browser`], but whether the browser may skip the code is left as it is now: trust
    /// that was taken back meanwhile does not come back with a sign-in on its way.
    pub fn renew_browser(
        &mut self,
        id: BrowserId,
        old: &Digest,
        new: &KnownBrowser,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(browsers::table)
            .filter(browsers::id.eq(id.to_string()))
            .filter(browsers::digest.eq(old.as_bytes().as_slice()))
            .set((
                browsers::digest.eq(new.digest.as_bytes().as_slice()),
                browsers::last_seen_at.eq(new.last_seen_at.micros()),
                browsers::user_agent.eq(&new.user_agent),
            ))
            .execute(self.conn)?;
        self.keep_former_value(rows, old, new)?;
        Ok(Once::of(rows))
    }

    /// TD-01: what the cookie of a trusted browser held before is kept for as long as the trust may last.
    fn keep_former_value(
        &mut self,
        replaced: usize,
        old: &Digest,
        new: &KnownBrowser,
    ) -> Result<(), StoreError> {
        let at = new.last_seen_at;
        let Some(until) = new
            .trusted_until
            .filter(|until| replaced > 0 && at < *until)
        else {
            return Ok(());
        };
        diesel::insert_into(former_browser_values::table)
            .values((
                former_browser_values::user_id.eq(new.user_id.to_string()),
                former_browser_values::digest.eq(old.as_bytes().as_slice()),
                former_browser_values::browser_id.eq(new.id.to_string()),
                former_browser_values::replaced_at.eq(at.micros()),
                former_browser_values::expires_at.eq(until.micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The user's browser whose cookie once held one of the presented values, and since when it does not: of
    /// several values the one that was replaced first.
    pub fn browser_formerly_among(
        &mut self,
        user: UserId,
        digests: &[Digest],
    ) -> Result<Option<(KnownBrowser, Timestamp)>, StoreError> {
        if digests.is_empty() {
            return Ok(None);
        }
        let presented = digests.iter().map(|digest| digest.as_bytes().as_slice());
        let former = former_browser_values::table
            .filter(former_browser_values::user_id.eq(user.to_string()))
            .filter(former_browser_values::digest.eq_any(presented))
            .order(former_browser_values::replaced_at)
            .select((
                former_browser_values::browser_id,
                former_browser_values::replaced_at,
            ))
            .first::<(String, i64)>(self.conn)
            .optional()?;
        let Some((browser, replaced_at)) = former else {
            return Ok(None);
        };
        let row = browsers::table
            .find(browser)
            .first::<BrowserRow>(self.conn)
            .optional()?;
        row.map(|row| Ok((row.try_into()?, time(replaced_at))))
            .transpose()
    }

    /// Every browser a user is known by, the last seen first.
    pub fn browsers_of(&mut self, user: UserId) -> Result<Vec<KnownBrowser>, StoreError> {
        browsers::table
            .filter(browsers::user_id.eq(user.to_string()))
            .order((browsers::last_seen_at.desc(), browsers::id.desc()))
            .load::<BrowserRow>(self.conn)?
            .into_iter()
            .map(KnownBrowser::try_from)
            .collect()
    }

    /// The browsers of a user that may skip the code, last used first. Whether their epoch has moved is
    /// for the caller to say.
    pub fn trusted_browsers_of(
        &mut self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<KnownBrowser>, StoreError> {
        browsers::table
            .filter(browsers::user_id.eq(user.to_string()))
            .filter(browsers::trusted_until.gt(now.micros()))
            .order((browsers::last_seen_at.desc(), browsers::id.desc()))
            .load::<BrowserRow>(self.conn)?
            .into_iter()
            .map(KnownBrowser::try_from)
            .collect()
    }

    /// Lets one browser of a user skip the code no more; `Again` if it may not, or is a stranger's.
    pub fn distrust_browser(&mut self, user: UserId, id: BrowserId) -> Result<Once, StoreError> {
        let rows = diesel::update(browsers::table)
            .filter(browsers::id.eq(id.to_string()))
            .filter(browsers::user_id.eq(user.to_string()))
            .filter(browsers::trusted_until.is_not_null())
            .set(browsers::trusted_until.eq(None::<i64>))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Lets no browser of a user skip the code but one.
    pub fn distrust_other_browsers(
        &mut self,
        user: UserId,
        kept: BrowserId,
    ) -> Result<u64, StoreError> {
        let rows = diesel::update(browsers::table)
            .filter(browsers::user_id.eq(user.to_string()))
            .filter(browsers::id.ne(kept.to_string()))
            .filter(browsers::trusted_until.is_not_null())
            .set(browsers::trusted_until.eq(None::<i64>))
            .execute(self.conn)?;
        Ok(count(rows))
    }

    /// Lets no browser of a user skip the code any more; the browsers stay known.
    pub fn distrust_browsers(&mut self, user: UserId) -> Result<u64, StoreError> {
        let rows = diesel::update(browsers::table)
            .filter(browsers::user_id.eq(user.to_string()))
            .filter(browsers::trusted_until.is_not_null())
            .set(browsers::trusted_until.eq(None::<i64>))
            .execute(self.conn)?;
        Ok(count(rows))
    }
}
