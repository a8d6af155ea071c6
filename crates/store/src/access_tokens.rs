use diesel::prelude::*;
use sekisho_model::{ClientId, Confirmation, Digest, Epoch, GrantId, ScopeSet, Timestamp};

use crate::backend::on_each;
use crate::column::{json, read_digest, read_id, read_json, read_scope, time};
use crate::schema::{access_tokens, revoked_tokens};
use crate::{StoreError, Tx};

/// What is kept of an opaque access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpaqueAccessToken {
    /// Digest of the token.
    pub digest: Digest,
    /// The family; `None` for a machine's token.
    pub grant_id: Option<GrantId>,
    /// Whom it was issued to.
    pub client_id: ClientId,
    /// With which scope.
    pub scope: ScopeSet,
    /// What it is bound to.
    pub confirmation: Option<Confirmation>,
    /// What it is for.
    pub audience: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// The epoch its issuer knew. That of a grant counts for the tokens of a grant.
    pub epoch: Epoch,
}

type AccessRow = (
    Vec<u8>,
    Option<String>,
    String,
    String,
    String,
    i64,
    i64,
    Option<String>,
    i64,
);

impl Tx<'_> {
    /// Adds an opaque access token.
    pub fn insert_access_token(&mut self, token: &OpaqueAccessToken) -> Result<(), StoreError> {
        diesel::insert_into(access_tokens::table)
            .values((
                access_tokens::digest.eq(token.digest.as_bytes().as_slice()),
                access_tokens::grant_id.eq(token.grant_id.map(|id| id.to_string())),
                access_tokens::client_id.eq(token.client_id.as_str()),
                access_tokens::scope.eq(token.scope.to_string()),
                access_tokens::audience.eq(&token.audience),
                access_tokens::issued_at.eq(token.issued_at.micros()),
                access_tokens::expires_at.eq(token.expires_at.micros()),
                access_tokens::confirmation.eq(token
                    .confirmation
                    .as_ref()
                    .map(json)
                    .transpose()?),
                access_tokens::epoch.eq(token.epoch.0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// An opaque access token.
    pub fn access_token(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<OpaqueAccessToken>, StoreError> {
        let row = access_tokens::table
            .find(digest.as_bytes().as_slice())
            .first::<AccessRow>(self.conn)
            .optional()?;
        let Some(row) = row else {
            return Ok(None);
        };
        let (digest, grant, client, scope, audience, issued_at, expires_at, bound, epoch) = row;
        Ok(Some(OpaqueAccessToken {
            digest: read_digest(&digest)?,
            grant_id: grant.map(|id| read_id!(GrantId, &id)).transpose()?,
            client_id: ClientId::new(client),
            scope: read_scope(&scope)?,
            audience,
            confirmation: bound.as_deref().map(read_json).transpose()?,
            issued_at: time(issued_at),
            expires_at: time(expires_at),
            epoch: Epoch(epoch),
        }))
    }

    /// Voids one access token by the digest of its `jti`, or of the opaque token itself.
    pub fn revoke_token_id(
        &mut self,
        jti: &Digest,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let values = (
            revoked_tokens::digest.eq(jti.as_bytes().as_slice()),
            revoked_tokens::expires_at.eq(expires_at.micros()),
        );
        on_each!(self.conn, |c| diesel::insert_into(revoked_tokens::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(())
    }

    /// Whether an access token was voided by its id.
    pub fn is_token_id_revoked(&mut self, jti: &Digest) -> Result<bool, StoreError> {
        let found = revoked_tokens::table.find(jti.as_bytes().as_slice());
        Ok(diesel::select(diesel::dsl::exists(found)).get_result(self.conn)?)
    }
}
