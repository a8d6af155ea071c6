use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::IssuerUrl;
use sekisho_model::{
    AuthorizationCode, Client, Confirmation, Epoch, Event, Grant, Outcome, ScopeSet,
    SigningAlgorithm, Timestamp,
};
use sekisho_store::OpaqueAccessToken;
use serde_json::{Map, Value};

use super::{Issued, TokenResponse};
use crate::rules::claims::{self, AccessTokenClaims, IdTokenFacts};
use crate::rules::claims_request::ClaimsRequest;
use crate::{Failure, Provider};

/// Who an access token speaks for.
pub(super) enum Bearer<'a> {
    /// A user, by a grant.
    User(&'a Grant, &'a str),
    /// The client itself (TK-13), which asked under this epoch.
    Machine(Epoch),
}

/// What an ID token is made from.
#[derive(Clone, Copy)]
struct IdTokenBasis<'a> {
    grant: &'a Grant,
    subject: &'a str,
    /// Of the authorization request; none on refresh.
    nonce: Option<&'a str>,
    /// For `at_hash`.
    access_token: &'a str,
}

/// What an access token allows, and what it is bound to.
#[derive(Clone, Copy)]
pub(super) struct Allowance<'a> {
    pub(super) scope: &'a ScopeSet,
    pub(super) confirmation: Option<&'a Confirmation>,
    /// What it is for; with `openid` it opens userinfo as well (TK-14).
    pub(super) resources: &'a [String],
    pub(super) authorization_details: &'a [Value],
}

/// `token_type` of a token bound so (RFC 9449 §5; RFC 8705 §3 keeps `Bearer`).
pub(in crate::endpoints) const fn token_type(confirmation: Option<&Confirmation>) -> &'static str {
    match confirmation {
        Some(Confirmation::Key(_)) => "DPoP",
        Some(Confirmation::Certificate(_)) | None => "Bearer",
    }
}

/// What a user's tokens are made from.
pub(super) struct ForUser<'a> {
    pub(super) grant: &'a Grant,
    pub(super) subject: &'a str,
    /// The scope of the access token; no more than the grant's.
    pub(super) scope: &'a ScopeSet,
    /// What the access token is bound to.
    pub(super) confirmation: Option<Confirmation>,
    /// What the access token is for.
    pub(super) resources: Vec<String>,
    /// Of the authorization request; none on refresh (RT-10).
    pub(super) nonce: Option<&'a str>,
    /// The refresh token to hand over, if there is one.
    pub(super) refresh_token: Option<String>,
}

/// An access token, and the record to write if it is opaque.
pub(super) struct AccessToken {
    pub(super) text: String,
    pub(super) record: Option<OpaqueAccessToken>,
}

impl Provider {
    /// Makes and writes down what a user's client gets (RFC 6749 §5.1, Core §3.1.3.3).
    pub(super) async fn tokens_for(
        &self,
        client: &Client,
        who: ForUser<'_>,
    ) -> Result<Issued, Failure> {
        let ForUser {
            grant,
            subject,
            scope,
            confirmation,
            resources,
            nonce,
            refresh_token,
        } = who;
        let now = self.now();
        let allowance = Allowance {
            scope,
            confirmation: confirmation.as_ref(),
            resources: &resources,
            authorization_details: &grant.terms.authorization_details,
        };
        let token = self.access_token(client, &Bearer::User(grant, subject), allowance, now)?;
        let basis = IdTokenBasis {
            grant,
            subject,
            nonce,
            access_token: &token.text,
        };
        let id_token = if scope.contains("openid") {
            self.id_token(client, &basis, now).await?
        } else {
            None
        };
        if let Some(record) = token.record {
            self.store
                .write(move |tx| tx.insert_access_token(&record))
                .await?;
        }
        Ok(Issued::Tokens(Box::new(TokenResponse {
            access_token: token.text,
            token_type: token_type(confirmation.as_ref()),
            expires_in: self.settings.lifetimes.access_token.as_secs(),
            scope: scope.to_string(),
            refresh_token,
            id_token,
            authorization_details: grant.terms.authorization_details.clone(),
            issued_token_type: None,
        })))
    }

    /// Makes an access token: a JWT (RFC 9068), or an opaque one for clients registered so.
    pub(super) fn access_token(
        &self,
        client: &Client,
        bearer: &Bearer<'_>,
        allowance: Allowance<'_>,
        now: Timestamp,
    ) -> Result<AccessToken, Failure> {
        let Allowance {
            scope,
            confirmation,
            resources,
            authorization_details,
        } = allowance;
        let expires_at = now + self.settings.lifetimes.access_token;
        let audience = self.audience(resources, scope);
        let grant = match bearer {
            Bearer::User(grant, _) => Some(*grant),
            Bearer::Machine(_) => None,
        };
        if client.opaque_access_tokens {
            // 256 random bits, as every opaque value of ours.
            let token = AuthorizationCode::generate(&*self.entropy);
            let record = OpaqueAccessToken {
                digest: token.digest(),
                grant_id: grant.map(|grant| grant.id),
                client_id: client.client_id.clone(),
                scope: scope.clone(),
                confirmation: confirmation.cloned(),
                audience: audience.join(" "),
                issued_at: now,
                expires_at,
                epoch: match bearer {
                    Bearer::User(grant, _) => grant.epoch,
                    Bearer::Machine(since) => *since,
                },
            };
            return Ok(AccessToken {
                text: token.reveal().to_owned(),
                record: Some(record),
            });
        }
        let subject = match bearer {
            Bearer::User(_, subject) => (*subject).to_owned(),
            Bearer::Machine(_) => client.client_id.to_string(),
        };
        let claims = AccessTokenClaims {
            iss: self.settings.issuer.clone(),
            sub: subject,
            aud: audience,
            exp: expires_at.seconds(),
            iat: now.seconds(),
            jti: self.token_id(bearer),
            client_id: client.client_id.to_string(),
            scope: scope.to_string(),
            auth_time: grant.map(|grant| grant.auth_time.seconds()),
            acr: grant.map(|grant| claims::acr(&grant.methods).to_owned()),
            cnf: confirmation.cloned(),
            act: None,
            authorization_details: authorization_details.to_vec(),
        };
        let keys = self.keys.current();
        let text = keys.sign(SigningAlgorithm::ES256, "at+jwt", &claims, now)?;
        Ok(AccessToken { text, record: None })
    }

    /// `<grant id>.<random>` for users, `m<epoch>.<random>` for machines: revocation finds the grant,
    /// and an epoch move reaches tokens of machines, without a row for each token.
    pub(super) fn token_id(&self, bearer: &Bearer<'_>) -> String {
        let random = URL_SAFE_NO_PAD.encode(self.entropy.bytes::<16>());
        match bearer {
            Bearer::User(grant, _) => format!("{}.{random}", grant.id),
            Bearer::Machine(since) => format!("m{}.{random}", since.0),
        }
    }

    /// TK-14: what the token is for.
    fn audience(&self, resources: &[String], scope: &ScopeSet) -> Vec<String> {
        let mut audience = resources.to_vec();
        if audience.is_empty() || scope.contains("openid") {
            audience.push(self.settings.issuer.clone());
        }
        audience
    }

    /// Core §5.5: claims that were asked for by name in the ID token.
    async fn claims_by_name(&self, grant: &Grant) -> Result<Map<String, Value>, Failure> {
        let wanted = ClaimsRequest::of_grant(&grant.terms.claims).id_token;
        if wanted.is_empty() {
            return Ok(Map::new());
        }
        let account = self.profile(grant.user_id).await?;
        Ok(account
            .map(|account| claims::opened(&account.claims, wanted.iter().map(String::as_str)))
            .unwrap_or_default())
    }

    /// Makes an ID token (Core §2), if `openid` was granted.
    async fn id_token(
        &self,
        client: &Client,
        about: &IdTokenBasis<'_>,
        now: Timestamp,
    ) -> Result<Option<String>, Failure> {
        let IdTokenBasis {
            grant,
            subject,
            nonce,
            access_token,
        } = *about;
        let issuer = IssuerUrl::new(self.settings.issuer.clone())
            .map_err(|_not_a_url| Failure::Corrupt("issuer"))?;
        let algorithm = client.id_token_signed_response_alg;
        let facts = IdTokenFacts {
            issuer: &issuer,
            client_id: client.client_id.as_str(),
            subject,
            session_id: grant.session_id.to_string(),
            auth_time: grant.auth_time,
            methods: &grant.methods,
            acr: grant.terms.acr.as_deref(),
            about_person: self.claims_by_name(grant).await?,
            nonce,
            access_token_hash: Some(claims::half_hash(algorithm, access_token)),
            issued_at: now,
            expires_at: now + self.settings.lifetimes.id_token,
        };
        let keys = self.keys.current();
        let claims = claims::id_token(&facts).map_err(|_wrong_type| Failure::Corrupt("claims"))?;
        keys.sign(algorithm, "JWT", &claims, now).map(Some)
    }
}

/// The event of a refusal, with its reason.
pub(super) fn refusal(event: &Event, grant: &Grant, why: &'static str) -> Event {
    let mut event = about(event, grant, Outcome::Refused);
    event.detail = serde_json::json!({ "reason": why });
    event
}

/// The event, told about this grant and outcome.
pub(super) fn about(event: &Event, grant: &Grant, outcome: Outcome) -> Event {
    Event {
        outcome,
        user_id: Some(grant.user_id),
        client_id: Some(grant.client_id.clone()),
        session_id: Some(grant.session_id),
        ..event.clone()
    }
}
