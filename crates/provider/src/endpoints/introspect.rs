//! Token introspection (RFC 7662), and finding out whether an access token still counts.

use sekisho_guard::EndpointClass;
use sekisho_model::{
    Client, ClientId, Confirmation, Digest, Epoch, EpochKind, Feature, Grant, GrantId,
    RefreshToken, ScopeSet, SigningAlgorithm, Timestamp,
};
use serde::Serialize;
use serde_json::Value;

use super::call::Call;
use super::client_authentication::Caller;
use crate::detection::Read;
use crate::rules::claims::acr;
use crate::rules::oauth_error::{HeaderUsed, TokenError};
use crate::rules::parameters::Parameters;
use crate::{Failure, Provider};

/// The answer (RFC 7662 §2.2). An inactive token gets exactly `{"active":false}`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Introspection {
    /// Whether the token counts, for this caller.
    pub active: bool,
    /// What it allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Who got it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `Bearer`, for access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// For whom it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// What it is bound to (RFC 9449 §6.2, RFC 8705 §3.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Who acts for the subject (RFC 8693 §4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
    /// What it allows in detail (RFC 9396 §9.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Value>,
    /// When the person last proved who they are (RFC 9470 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How well (RFC 9470 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

/// An access token that counts now.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) grant: Option<Grant>,
    pub(super) client_id: String,
    pub(super) scope: ScopeSet,
    pub(super) audience: Vec<String>,
    pub(super) expires_at: i64,
    pub(super) subject: Option<String>,
    pub(super) token_id: Option<String>,
    pub(super) confirmation: Option<Confirmation>,
    pub(super) act: Option<Value>,
    issued_at: i64,
    authorization_details: Vec<Value>,
}

/// What the introspection endpoint answers.
#[derive(Debug)]
pub enum Introspected {
    /// JSON (RFC 7662 §2.2).
    Plain(Box<Introspection>),
    /// A signed JWT (RFC 9701 §5).
    Signed(String),
    /// An error.
    Refused(TokenError),
    /// Too many failures from there (429).
    Wait(Timestamp),
}

/// The claims of a signed answer (RFC 9701 §5). No `sub` and no `exp`: it must not pass for a token.
#[derive(Serialize)]
struct SignedAnswer<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    token_introspection: &'a Introspection,
}

impl Provider {
    /// RFC 7662 §2: only for callers that authenticate (IN-01); as a JWT for those that asked for one,
    /// now or when they were registered (RFC 9701 §4, §6).
    pub async fn introspection(
        &self,
        call: &Call<'_>,
        form: &Parameters,
        wants_jwt: bool,
    ) -> Result<Introspected, Failure> {
        let refused = |error| Ok(Introspected::Refused(error));
        if let Some(fault) = form.fault() {
            return refused(TokenError::InvalidRequest(fault));
        }
        let caller = match self.authenticate_client(call, form).await? {
            Caller::Client(caller) if caller.client.is_public() => {
                return refused(TokenError::InvalidClient(HeaderUsed::No));
            }
            Caller::Client(caller) => caller,
            Caller::Refused(error) => return refused(error),
            Caller::Wait(until) => return Ok(Introspected::Wait(until)),
        };
        let client = &caller.client;
        self.pass_app(EndpointClass::Withdrawal, client, None)?;
        if form.first("token").is_none() {
            return refused(TokenError::InvalidRequest("token is missing"));
        }
        let answer = self.introspect(client, form).await?;
        let registered = client.introspection_signed_response_alg;
        if self.settings.features.signed_introspection && (wants_jwt || registered.is_some()) {
            self.works(Feature::SignedIntrospection)?;
            let algorithm = registered.unwrap_or(SigningAlgorithm::RS256);
            return self
                .signed(client, &answer, algorithm)
                .map(Introspected::Signed);
        }
        Ok(Introspected::Plain(Box::new(answer)))
    }

    fn signed(
        &self,
        caller: &Client,
        answer: &Introspection,
        algorithm: SigningAlgorithm,
    ) -> Result<String, Failure> {
        let now = self.now();
        let claims = SignedAnswer {
            iss: &self.settings.issuer,
            aud: caller.client_id.as_str(),
            iat: now.seconds(),
            token_introspection: answer,
        };
        let keys = self.keys.current();
        keys.sign(algorithm, "token-introspection+jwt", &claims, now)
    }

    /// Answers an authenticated caller. Active only for the resource server the token is for, or the
    /// client that got it (IN-01).
    async fn introspect(
        &self,
        caller: &Client,
        form: &Parameters,
    ) -> Result<Introspection, Failure> {
        let Some(token) = form.first("token") else {
            return Ok(Introspection::default());
        };
        if let Some(found) = self.find_access_token(token).await? {
            if !concerns(caller, &found) {
                return Ok(Introspection::default());
            }
            if let Some(grant) = &found.grant {
                self.count_read(Read::Introspection, &caller.client_id, grant.user_id)
                    .await?;
            }
            return Ok(self.described(found));
        }
        self.introspect_refresh(caller, token).await
    }

    fn described(&self, found: Found) -> Introspection {
        Introspection {
            active: true,
            scope: Some(found.scope.to_string()),
            client_id: Some(found.client_id),
            token_type: Some(super::token::token_type(found.confirmation.as_ref())),
            exp: Some(found.expires_at),
            iat: Some(found.issued_at),
            sub: found.subject,
            aud: found.audience,
            iss: Some(self.settings.issuer.clone()),
            jti: found.token_id,
            cnf: found.confirmation,
            act: found.act,
            authorization_details: found.authorization_details,
            auth_time: found.grant.as_ref().map(|grant| grant.auth_time.seconds()),
            acr: found.grant.map(|grant| acr(&grant.methods).to_owned()),
        }
    }

    async fn introspect_refresh(
        &self,
        caller: &Client,
        token: &str,
    ) -> Result<Introspection, Failure> {
        let Some(token) = RefreshToken::presented(token) else {
            return Ok(Introspection::default());
        };
        let digest = token.digest();
        let found = self.store.read(move |tx| tx.refresh(&digest)).await?;
        let now = self.now();
        let Some((record, _)) = found.filter(|(record, _)| {
            let in_time = now < record.idle_until && now < record.expires_at;
            in_time && record.used_at.is_none() && record.client_id == caller.client_id
        }) else {
            return Ok(Introspection::default());
        };
        let Some(grant) = self.standing_grant(record.grant_id).await? else {
            return Ok(Introspection::default());
        };
        Ok(Introspection {
            active: true,
            scope: Some(grant.scope.to_string()),
            client_id: Some(record.client_id.to_string()),
            exp: Some(record.expires_at.seconds()),
            iat: Some(record.issued_at.seconds()),
            iss: Some(self.settings.issuer.clone()),
            ..Introspection::default()
        })
    }

    /// The access token, if it counts at this moment: genuine, in time, not revoked, and everything it
    /// depends on in force (IN-02).
    pub(super) async fn find_access_token(&self, token: &str) -> Result<Option<Found>, Failure> {
        let now = self.now();
        if !token.contains('.') {
            return self.find_opaque(token).await;
        }
        let Ok(claims) = self.access_tokens.verify(token, &self.keys.current(), now) else {
            return Ok(None);
        };
        let Ok(scope) = ScopeSet::parse(&claims.scope) else {
            return Ok(None);
        };
        let Some((owner, _)) = claims.jti.split_once('.') else {
            return Ok(None);
        };
        let grant = match GrantId::parse(owner) {
            Some(id) => match self.standing_grant(id).await? {
                // IN-02: whoever got the token must still be a client of ours.
                Some(grant) if self.client_works(&claims.client_id).await? => Some(grant),
                Some(_) | None => return Ok(None),
            },
            None if self.machine_token_counts(owner, &claims.client_id).await? => None,
            None => return Ok(None),
        };
        if self.is_revoked(&claims.jti).await? {
            return Ok(None);
        }
        Ok(Some(Found {
            grant,
            client_id: claims.client_id.clone(),
            scope,
            audience: claims.aud.clone(),
            issued_at: claims.iat,
            expires_at: claims.exp,
            subject: Some(claims.sub.clone()),
            token_id: Some(claims.jti.clone()),
            confirmation: claims.cnf.clone(),
            act: claims.act.clone(),
            authorization_details: claims.authorization_details.clone(),
        }))
    }

    async fn client_works(&self, id: &str) -> Result<bool, Failure> {
        let client = self.clients.find(id).await?;
        Ok(client.is_some_and(|client| !client.client.disabled))
    }

    async fn find_opaque(&self, token: &str) -> Result<Option<Found>, Failure> {
        let digest = Digest::of(token.as_bytes());
        let found = self
            .store
            .read(move |tx| Ok((tx.access_token(&digest)?, tx.is_token_id_revoked(&digest)?)))
            .await?;
        let (Some(record), false) = found else {
            return Ok(None);
        };
        if self.now() >= record.expires_at {
            return Ok(None);
        }
        let grant = match record.grant_id {
            Some(id) => match self.standing_grant(id).await? {
                Some(grant) => Some(grant),
                None => return Ok(None),
            },
            // INC-07: a machine has no grant that an epoch could void.
            None if !self.is_of_now(record.epoch, &record.client_id) => return Ok(None),
            None => None,
        };
        if !self.client_works(record.client_id.as_str()).await? {
            return Ok(None);
        }
        Ok(Some(Found {
            subject: grant.is_none().then(|| record.client_id.to_string()),
            authorization_details: grant
                .as_ref()
                .map(|grant| grant.terms.authorization_details.clone())
                .unwrap_or_default(),
            grant,
            client_id: record.client_id.to_string(),
            scope: record.scope,
            audience: record.audience.split(' ').map(str::to_owned).collect(),
            issued_at: record.issued_at.seconds(),
            expires_at: record.expires_at.seconds(),
            token_id: None,
            confirmation: record.confirmation,
            act: None,
        }))
    }

    /// A machine's token: its client still works, and no epoch has moved since.
    async fn machine_token_counts(&self, owner: &str, client_id: &str) -> Result<bool, Failure> {
        let Some(epoch) = owner
            .strip_prefix('m')
            .and_then(|number| number.parse().ok())
            .map(Epoch)
        else {
            return Ok(false);
        };
        let client = self.clients.find(client_id).await?;
        Ok(client.is_some_and(|client| {
            !client.client.disabled && self.is_of_now(epoch, &client.client.client_id)
        }))
    }

    /// Whether what a client got for itself under this epoch was not voided since.
    fn is_of_now(&self, epoch: Epoch, client: &ClientId) -> bool {
        let client = Some(client);
        self.knowledge
            .is_current(epoch, EpochKind::Token, None, client)
    }

    async fn is_revoked(&self, token_id: &str) -> Result<bool, Failure> {
        let digest = Digest::of(token_id.as_bytes());
        if let Some(revoked) = self
            .revocations
            .get(&digest)
            .filter(|(_, read)| self.now().since(*read) < super::standing::REMEMBERED_FOR)
        {
            return Ok(revoked.0);
        }
        let revoked = self
            .store
            .read(move |tx| tx.is_token_id_revoked(&digest))
            .await?;
        self.revocations.insert(digest, (revoked, self.now()));
        Ok(revoked)
    }
}

fn concerns(caller: &Client, found: &Found) -> bool {
    let named = |name: &String| {
        *name == caller.client_id.as_str() || Some(name) == caller.default_resource.as_ref()
    };
    found.client_id == caller.client_id.as_str() || found.audience.iter().any(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_01_an_inactive_token_says_nothing_else() {
        let text = serde_json::to_string(&Introspection::default()).unwrap();
        assert_eq!(text, r#"{"active":false}"#);
    }
}
