//! Token introspection (RFC 7662), and finding out whether an access token still counts.

use sekisho_model::{
    Client, Confirmation, Digest, Epoch, EpochKind, Grant, GrantId, RefreshToken, ScopeSet,
    UserEpochs,
};
use serde::Serialize;

use super::token::token_type;
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
    /// `Bearer` or `DPoP`, for access tokens.
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
}

/// An access token that counts now.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) grant: Option<Grant>,
    pub(super) client_id: String,
    pub(super) scope: ScopeSet,
    pub(super) audience: Vec<String>,
    pub(super) confirmation: Option<Confirmation>,
    issued_at: i64,
    expires_at: i64,
    subject: Option<String>,
    token_id: Option<String>,
}

impl Provider {
    /// Answers an authenticated caller. Active only for the resource server the token is for, or the
    /// client that got it (IN-01).
    pub async fn introspect(
        &self,
        caller: &Client,
        form: &Parameters,
    ) -> Result<Introspection, Failure> {
        let Some(token) = form.first("token") else {
            return Ok(Introspection::default());
        };
        if let Some(found) = self.find_access_token(token).await? {
            return Ok(if concerns(caller, &found) {
                self.described(found)
            } else {
                Introspection::default()
            });
        }
        self.introspect_refresh(caller, token).await
    }

    fn described(&self, found: Found) -> Introspection {
        Introspection {
            active: true,
            scope: Some(found.scope.to_string()),
            client_id: Some(found.client_id),
            token_type: Some(token_type(found.confirmation.as_ref())),
            exp: Some(found.expires_at),
            iat: Some(found.issued_at),
            sub: found.subject,
            aud: found.audience,
            iss: Some(self.settings.issuer.clone()),
            jti: found.token_id,
            cnf: found.confirmation,
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
                Some(grant) => Some(grant),
                None => return Ok(None),
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
            confirmation: claims.cnf.clone(),
            issued_at: claims.iat,
            expires_at: claims.exp,
            subject: Some(claims.sub.clone()),
            token_id: Some(claims.jti.clone()),
        }))
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
            None => None,
        };
        let client = self.clients.find(record.client_id.as_str()).await?;
        if client.is_none_or(|client| client.client.disabled) {
            return Ok(None);
        }
        Ok(Some(Found {
            subject: grant.is_none().then(|| record.client_id.to_string()),
            grant,
            client_id: record.client_id.to_string(),
            scope: record.scope,
            audience: record.audience.split(' ').map(str::to_owned).collect(),
            confirmation: record.confirmation,
            issued_at: record.issued_at.seconds(),
            expires_at: record.expires_at.seconds(),
            token_id: None,
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
            let id = Some(&client.client.client_id);
            !client.client.disabled
                && self
                    .knowledge
                    .is_current(epoch, EpochKind::Token, &UserEpochs::default(), id)
        }))
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
