use diesel::prelude::*;
use sekisho_model::{ClientId, Digest, Grant, GrantId, RefreshRecord, Sealed, Timestamp};

use crate::column::{json, micros, read_digest, read_id, read_json, time};
use crate::grants::GrantRow;
use crate::schema::{grants, refresh_tokens};
use crate::{Once, StoreError, Tx};

#[derive(Queryable)]
struct RefreshRow {
    digest: Vec<u8>,
    grant_id: String,
    client_id: String,
    issued_at: i64,
    idle_until: i64,
    expires_at: i64,
    used_at: Option<i64>,
    successor: Option<Vec<u8>>,
    bound_to: Option<String>,
}

impl TryFrom<RefreshRow> for RefreshRecord {
    type Error = StoreError;
    fn try_from(row: RefreshRow) -> Result<Self, StoreError> {
        Ok(Self {
            digest: read_digest(&row.digest)?,
            grant_id: read_id!(GrantId, &row.grant_id)?,
            client_id: ClientId::new(row.client_id),
            issued_at: time(row.issued_at),
            idle_until: time(row.idle_until),
            expires_at: time(row.expires_at),
            used_at: row.used_at.map(time),
            successor: row.successor.map(Sealed::from_bytes),
            bound_to: row.bound_to.as_deref().map(read_json).transpose()?,
        })
    }
}

impl Tx<'_> {
    /// Adds a refresh token.
    pub fn insert_refresh(&mut self, token: &RefreshRecord) -> Result<(), StoreError> {
        diesel::insert_into(refresh_tokens::table)
            .values((
                refresh_tokens::digest.eq(token.digest.as_bytes().as_slice()),
                refresh_tokens::grant_id.eq(token.grant_id.to_string()),
                refresh_tokens::client_id.eq(token.client_id.as_str()),
                refresh_tokens::issued_at.eq(token.issued_at.micros()),
                refresh_tokens::idle_until.eq(token.idle_until.micros()),
                refresh_tokens::expires_at.eq(token.expires_at.micros()),
                refresh_tokens::used_at.eq(micros(token.used_at)),
                refresh_tokens::successor.eq(token.successor.as_ref().map(Sealed::as_bytes)),
                refresh_tokens::bound_to.eq(token.bound_to.as_ref().map(json).transpose()?),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// A refresh token with its grant; used tokens are found until their family ends (RT-08).
    pub fn refresh(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<(RefreshRecord, Grant)>, StoreError> {
        let row = refresh_tokens::table
            .inner_join(grants::table.on(grants::id.eq(refresh_tokens::grant_id)))
            .filter(refresh_tokens::digest.eq(digest.as_bytes().as_slice()))
            .select((refresh_tokens::all_columns, grants::all_columns))
            .first::<(RefreshRow, GrantRow)>(self.conn)
            .optional()?;
        row.map(|(token, grant)| Ok((token.try_into()?, grant.try_into()?)))
            .transpose()
    }

    /// Exchanges a token for its successor: of any number of parallel calls one gets `First` (RT-04).
    pub fn take_refresh(
        &mut self,
        digest: &Digest,
        now: Timestamp,
        successor: &Sealed,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(refresh_tokens::table)
            .filter(refresh_tokens::digest.eq(digest.as_bytes().as_slice()))
            .filter(refresh_tokens::used_at.is_null())
            .set((
                refresh_tokens::used_at.eq(now.micros()),
                refresh_tokens::successor.eq(successor.as_bytes()),
            ))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Moves the idle end of a token that is not rotated.
    pub fn touch_refresh(
        &mut self,
        digest: &Digest,
        idle_until: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::update(refresh_tokens::table.find(digest.as_bytes().as_slice()))
            .set(refresh_tokens::idle_until.eq(idle_until.micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Whether a family has a token that was not exchanged yet.
    pub fn refresh_token_unused_exists(&mut self, grant: GrantId) -> Result<bool, StoreError> {
        let unused = refresh_tokens::table
            .filter(refresh_tokens::grant_id.eq(grant.to_string()))
            .filter(refresh_tokens::used_at.is_null());
        Ok(diesel::select(diesel::dsl::exists(unused)).get_result(self.conn)?)
    }
}
