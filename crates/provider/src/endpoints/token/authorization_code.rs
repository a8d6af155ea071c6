use sekisho_model::{
    AuthorizationCode, CodeRecord, Event, EventKind, Grant, GrantType, Origin, Outcome,
    RefreshRecord, RefreshToken, Timestamp,
};
use sekisho_store::{Once, RegisteredClient, StoreError, Tx};

use super::issue::Bearer;
use super::{Issued, TokenResponse};
use crate::rules::code_redemption::{Ask, Decision, decide};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::{Failure, Provider};

/// What became of the code in the transaction.
enum Redeemed {
    First(Box<(CodeRecord, Grant)>),
    Refused(&'static str, Option<sekisho_model::GrantId>),
}

impl Provider {
    /// RFC 6749 §4.1.3: the code is consumed in one statement; the first gets tokens (TK-08).
    pub(super) async fn authorization_code(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        origin: &Origin,
    ) -> Result<Issued, Failure> {
        let refused = |error| Ok(Issued::Refused(error));
        if !client.client.may_use(GrantType::AuthorizationCode) {
            return refused(TokenError::UnauthorizedClient);
        }
        let Some(code) = form.first("code") else {
            return refused(TokenError::InvalidRequest("code is missing"));
        };
        let Some(code) = AuthorizationCode::presented(code) else {
            return refused(TokenError::InvalidGrant(UNKNOWN));
        };
        let refresh = client
            .client
            .may_use(GrantType::RefreshToken)
            .then(|| RefreshToken::generate(&*self.entropy));
        match self
            .redeem(&code, client, form, refresh.as_ref(), origin)
            .await?
        {
            Redeemed::Refused(why, grant) => {
                if let Some(grant) = grant {
                    self.forget_standing(grant);
                }
                refused(TokenError::InvalidGrant(why))
            }
            Redeemed::First(redeemed) => {
                let (code, grant) = *redeemed;
                self.answer_code(client, &code, &grant, refresh).await
            }
        }
    }

    async fn redeem(
        &self,
        code: &AuthorizationCode,
        client: &RegisteredClient,
        form: &Parameters,
        refresh: Option<&RefreshToken>,
        origin: &Origin,
    ) -> Result<Redeemed, Failure> {
        let now = self.now();
        let digest = code.digest();
        let client = client.client.clone();
        let redirect_uri = form.first("redirect_uri").map(str::to_owned);
        let verifier = form.first("code_verifier").map(str::to_owned);
        let refresh_digest = refresh.map(RefreshToken::digest);
        let lifetimes = self.settings.lifetimes;
        let passed = self.event(EventKind::CodeRedeemed, Outcome::Passed, origin);
        let failed = self.event(EventKind::CodeRedeemed, Outcome::Refused, origin);
        let work = move |tx: &mut Tx<'_>| {
            let Some((record, grant)) = tx.code(&digest)? else {
                return Ok(Redeemed::Refused(UNKNOWN, None));
            };
            let ask = Ask {
                client_id: &client.client_id,
                redirect_uri: redirect_uri.as_deref(),
                code_verifier: verifier.as_deref(),
            };
            match decide(&record, &grant, ask, &client, now) {
                Decision::Redeem => {
                    if tx.take_code(&digest, now)? == Once::Again {
                        return revoke_family(tx, &grant, &failed, now);
                    }
                    if let Some(digest) = refresh_digest {
                        tx.insert_refresh(&RefreshRecord {
                            digest,
                            grant_id: grant.id,
                            client_id: client.client_id.clone(),
                            issued_at: now,
                            idle_until: now + lifetimes.refresh_idle,
                            expires_at: now + lifetimes.refresh,
                            used_at: None,
                            successor: None,
                        })?;
                    }
                    tx.record(&about(&passed, &grant, Outcome::Passed))?;
                    Ok(Redeemed::First(Box::new((record, grant))))
                }
                Decision::RevokeFamily => revoke_family(tx, &grant, &failed, now),
                Decision::Burn(why) => {
                    let _already = tx.take_code(&digest, now)?;
                    tx.record(&about(&failed, &grant, Outcome::Refused))?;
                    Ok(Redeemed::Refused(why, None))
                }
                Decision::Refuse(why) => {
                    tx.record(&about(&failed, &grant, Outcome::Refused))?;
                    Ok(Redeemed::Refused(why, None))
                }
            }
        };
        Ok(self.store.write(work).await?)
    }

    async fn answer_code(
        &self,
        client: &RegisteredClient,
        code: &CodeRecord,
        grant: &Grant,
        refresh: Option<RefreshToken>,
    ) -> Result<Issued, Failure> {
        // AZ-19: the account is looked at again, because it may have been stopped since.
        let standing = self.standing_grant(grant.id).await?;
        let user = grant.user_id;
        let account = self.store.read(move |tx| tx.account(user)).await?;
        let (Some(_), Some(account)) = (standing, account) else {
            return Ok(Issued::Refused(TokenError::InvalidGrant(
                "the grant was revoked",
            )));
        };
        let now = self.now();
        let subject = account.user.subject.as_str();
        let token = self.access_token(
            &client.client,
            &Bearer::User(grant, subject),
            &grant.scope,
            now,
        )?;
        let nonce = code.nonce.as_deref();
        let id_token = self.id_token(&client.client, grant, subject, nonce, &token.text, now)?;
        if let Some(record) = token.record {
            self.store
                .write(move |tx| tx.insert_access_token(&record))
                .await?;
        }
        Ok(Issued::Tokens(Box::new(TokenResponse {
            access_token: token.text,
            token_type: "Bearer",
            expires_in: self.settings.lifetimes.access_token.as_secs(),
            scope: grant.scope.to_string(),
            refresh_token: refresh.map(|refresh| refresh.reveal().to_owned()),
            id_token,
        })))
    }
}

const UNKNOWN: &str = "the code is unknown";

fn about(event: &Event, grant: &Grant, outcome: Outcome) -> Event {
    Event {
        outcome,
        user_id: Some(grant.user_id),
        client_id: Some(grant.client_id.clone()),
        session_id: Some(grant.session_id),
        ..event.clone()
    }
}

/// TK-09: a code used twice has leaked; what it produced ends.
fn revoke_family(
    tx: &mut Tx<'_>,
    grant: &Grant,
    failed: &Event,
    now: Timestamp,
) -> Result<Redeemed, StoreError> {
    let _already = tx.revoke_grant(grant.id, now)?;
    tx.record(&about(failed, grant, Outcome::Replayed))?;
    Ok(Redeemed::Refused(
        "the code was already used",
        Some(grant.id),
    ))
}
