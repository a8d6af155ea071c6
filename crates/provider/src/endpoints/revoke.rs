//! Token revocation (RFC 7009).

use sekisho_guard::EndpointClass;
use sekisho_model::{Client, Digest, EventKind, GrantId, Origin, Outcome, RefreshToken, Timestamp};
use sekisho_store::{StoreError, Tx};

use super::call::Call;
use super::client_authentication::Caller;
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::{Failure, Provider};

/// What the revocation endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// There is no such token, any more or ever.
    Done,
    /// An error (RFC 7009 §2.2.1).
    Refused(TokenError),
    /// Too many failures from there (429).
    Wait(Timestamp),
}

impl Provider {
    /// RFC 7009 §2: only for callers that prove who they are.
    pub async fn revocation(&self, call: &Call<'_>, form: &Parameters) -> Result<Revoked, Failure> {
        let refused = |error| Ok(Revoked::Refused(error));
        if let Some(fault) = form.fault() {
            return refused(TokenError::InvalidRequest(fault));
        }
        let caller = match self.authenticate_client(call, form).await? {
            Caller::Client(caller) => caller,
            Caller::Refused(error) => return refused(error),
            Caller::Wait(until) => return Ok(Revoked::Wait(until)),
        };
        self.pass_app(EndpointClass::Withdrawal, &caller.client, None)?;
        let Some(token) = form.first("token") else {
            return refused(TokenError::InvalidRequest("token is missing"));
        };
        self.revoke(&caller.client, token, call.origin).await?;
        Ok(Revoked::Done)
    }

    /// Revokes a token of the calling client. A refresh token ends its whole family (IN-05), an access
    /// token itself. Unknown and foreign tokens change nothing and answer the same (RFC 7009 §2.2).
    async fn revoke(&self, caller: &Client, token: &str, origin: &Origin) -> Result<(), Failure> {
        let now = self.now();
        if let Ok(claims) = self.access_tokens.verify(token, &self.keys.current(), now) {
            if claims.client_id != caller.client_id.as_str() {
                return Ok(());
            }
            let id = Digest::of(claims.jti.as_bytes());
            let until = Timestamp::from_seconds(claims.exp);
            let grant = claims
                .jti
                .split_once('.')
                .and_then(|(owner, _)| GrantId::parse(owner));
            self.write_revocation(caller, origin, grant, move |tx| {
                tx.revoke_token_id(&id, until)
            })
            .await?;
            self.revocations.invalidate(&id);
            return Ok(());
        }
        let Some(token) = RefreshToken::presented(token) else {
            return Ok(());
        };
        let digest = token.digest();
        let (refresh, opaque) = self
            .store
            .read(move |tx| Ok((tx.refresh(&digest)?, tx.access_token(&digest)?)))
            .await?;
        if let Some((record, grant)) =
            refresh.filter(|(record, _)| record.client_id == caller.client_id)
        {
            self.write_revocation(caller, origin, Some(grant.id), move |tx| {
                tx.revoke_grant(record.grant_id, now).map(drop)
            })
            .await?;
            self.forget_standing(grant.id);
        } else if let Some(record) = opaque.filter(|record| record.client_id == caller.client_id) {
            let grant = record.grant_id;
            self.write_revocation(caller, origin, grant, move |tx| {
                tx.revoke_token_id(&record.digest, record.expires_at)
            })
            .await?;
        }
        Ok(())
    }

    async fn write_revocation(
        &self,
        caller: &Client,
        origin: &Origin,
        grant: Option<GrantId>,
        mut act: impl FnMut(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Failure> {
        let mut event = self.event(EventKind::Revocation, Outcome::Passed, origin);
        event.client_id = Some(caller.client_id.clone());
        let work = move |tx: &mut Tx<'_>| {
            act(tx)?;
            let mut event = event.clone();
            if let Some(grant) = grant.map(|id| tx.grant(id)).transpose()?.flatten() {
                event.user_id = Some(grant.user_id);
                event.session_id = Some(grant.session_id);
            }
            tx.record(&event)
        };
        Ok(self.store.write(work).await?)
    }
}
