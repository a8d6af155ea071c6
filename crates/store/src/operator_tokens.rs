use diesel::prelude::*;
use ipnet::IpNet;
use sekisho_model::{Digest, OperatorPermission, OperatorTokenId, Timestamp};

use crate::column::{json, micros, read_digest, read_id, read_json, time};
use crate::schema::operator_tokens;
use crate::{Once, StoreError, Tx};

/// A token that an operator's program calls the API with, without the token itself (AD-10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorTokenRecord {
    /// Its id; what operators call it by.
    pub id: OperatorTokenId,
    /// Digest of the token.
    pub digest: Digest,
    /// Whose it is, as decisions name them.
    pub operator: String,
    /// What it allows.
    pub permissions: Vec<OperatorPermission>,
    /// Where it may be used; empty for anywhere.
    pub networks: Vec<IpNet>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When an operator ended it.
    pub ended_at: Option<Timestamp>,
    /// When it was used last, to a minute.
    pub used_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct Row {
    id: String,
    digest: Vec<u8>,
    operator: String,
    permissions: String,
    networks: String,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    used_at: Option<i64>,
}

impl TryFrom<Row> for OperatorTokenRecord {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: read_id!(OperatorTokenId, &row.id)?,
            digest: read_digest(&row.digest)?,
            operator: row.operator,
            permissions: read_json(&row.permissions)?,
            networks: read_json(&row.networks)?,
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
            ended_at: row.ended_at.map(time),
            used_at: row.used_at.map(time),
        })
    }
}

impl Tx<'_> {
    /// Adds a token.
    pub fn insert_operator_token(&mut self, token: &OperatorTokenRecord) -> Result<(), StoreError> {
        diesel::insert_into(operator_tokens::table)
            .values((
                operator_tokens::id.eq(token.id.to_string()),
                operator_tokens::digest.eq(token.digest.as_bytes().as_slice()),
                operator_tokens::operator.eq(&token.operator),
                operator_tokens::permissions.eq(json(&token.permissions)?),
                operator_tokens::networks.eq(json(&token.networks)?),
                operator_tokens::created_at.eq(token.created_at.micros()),
                operator_tokens::expires_at.eq(token.expires_at.micros()),
                operator_tokens::ended_at.eq(micros(token.ended_at)),
                operator_tokens::used_at.eq(micros(token.used_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The token with this digest, whatever its state.
    pub fn operator_token(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<OperatorTokenRecord>, StoreError> {
        operator_tokens::table
            .filter(operator_tokens::digest.eq(digest.as_bytes().as_slice()))
            .first::<Row>(self.conn)
            .optional()?
            .map(OperatorTokenRecord::try_from)
            .transpose()
    }

    /// Tokens made before `before`, newest first.
    pub fn operator_tokens(
        &mut self,
        before: Option<OperatorTokenId>,
        limit: u32,
    ) -> Result<Vec<OperatorTokenRecord>, StoreError> {
        // No id comes after the letter.
        let before = before.map_or_else(|| "g".to_owned(), |id| id.to_string());
        operator_tokens::table
            .filter(operator_tokens::id.lt(before))
            .order(operator_tokens::id.desc())
            .limit(i64::from(limit))
            .load::<Row>(self.conn)?
            .into_iter()
            .map(OperatorTokenRecord::try_from)
            .collect()
    }

    /// Notes that it was used.
    pub fn operator_token_used(
        &mut self,
        id: OperatorTokenId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::update(operator_tokens::table.filter(operator_tokens::id.eq(id.to_string())))
            .set(operator_tokens::used_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Ends a token; `Again` if it has ended or is not there.
    pub fn end_operator_token(
        &mut self,
        id: OperatorTokenId,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let rows = diesel::update(operator_tokens::table)
            .filter(operator_tokens::id.eq(id.to_string()))
            .filter(operator_tokens::ended_at.is_null())
            .set(operator_tokens::ended_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }
}
