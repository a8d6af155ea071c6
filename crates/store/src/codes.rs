use diesel::prelude::*;
use sekisho_model::{ClientId, CodeRecord, Digest, Grant, GrantId, Locale, Timestamp};

use crate::column::{Stored as _, micros, read_digest, read_id, time};
use crate::grants::GrantRow;
use crate::schema::{codes, grants};
use crate::{Once, StoreError, Tx};

#[derive(Queryable)]
struct CodeRow {
    digest: Vec<u8>,
    grant_id: String,
    client_id: String,
    redirect_uri: String,
    code_challenge: Option<String>,
    nonce: Option<String>,
    auth_time_required: bool,
    locale: String,
    expires_at: i64,
    used_at: Option<i64>,
    dpop_jkt: Option<String>,
}

impl TryFrom<CodeRow> for CodeRecord {
    type Error = StoreError;
    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        Ok(Self {
            digest: read_digest(&row.digest)?,
            grant_id: read_id!(GrantId, &row.grant_id)?,
            client_id: ClientId::new(row.client_id),
            redirect_uri: row.redirect_uri,
            code_challenge: row.code_challenge,
            nonce: row.nonce,
            auth_time_required: row.auth_time_required,
            locale: Locale::read(&row.locale)?,
            expires_at: time(row.expires_at),
            used_at: row.used_at.map(time),
            dpop_jkt: row.dpop_jkt,
        })
    }
}

impl Tx<'_> {
    /// Adds an authorization code; its grant is inserted in the same unit of work.
    pub fn insert_code(&mut self, code: &CodeRecord) -> Result<(), StoreError> {
        diesel::insert_into(codes::table)
            .values((
                codes::digest.eq(code.digest.as_bytes().as_slice()),
                codes::grant_id.eq(code.grant_id.to_string()),
                codes::client_id.eq(code.client_id.as_str()),
                codes::redirect_uri.eq(&code.redirect_uri),
                codes::code_challenge.eq(&code.code_challenge),
                codes::nonce.eq(&code.nonce),
                codes::auth_time_required.eq(code.auth_time_required),
                codes::locale.eq(code.locale.stored()),
                codes::expires_at.eq(code.expires_at.micros()),
                codes::used_at.eq(micros(code.used_at)),
                codes::dpop_jkt.eq(&code.dpop_jkt),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// A code with its grant; used codes are found until a day after their expiry.
    pub fn code(&mut self, digest: &Digest) -> Result<Option<(CodeRecord, Grant)>, StoreError> {
        let row = codes::table
            .inner_join(grants::table.on(grants::id.eq(codes::grant_id)))
            .filter(codes::digest.eq(digest.as_bytes().as_slice()))
            .select((codes::all_columns, grants::all_columns))
            .first::<(CodeRow, GrantRow)>(self.conn)
            .optional()?;
        row.map(|(code, grant)| Ok((code.try_into()?, grant.try_into()?)))
            .transpose()
    }

    /// Redeems a code: of any number of parallel calls one gets `First` (TK-08).
    pub fn take_code(&mut self, digest: &Digest, now: Timestamp) -> Result<Once, StoreError> {
        let rows = diesel::update(codes::table)
            .filter(codes::digest.eq(digest.as_bytes().as_slice()))
            .filter(codes::used_at.is_null())
            .set(codes::used_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }
}
