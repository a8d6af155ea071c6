//! Userinfo (OpenID Connect Core §5.3).

use openidconnect::core::CoreGenderClaim;
use openidconnect::{EmptyAdditionalClaims, UserInfoClaims};

use sekisho_model::{ClientId, SigningAlgorithm};

use super::introspect::Found;
use crate::rules::claims;
use crate::rules::claims_request::ClaimsRequest;
use crate::rules::oauth_error::BearerError;
use crate::{Failure, Provider};

/// The claims userinfo gives.
pub type UserClaims = UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim>;

/// What userinfo answers with.
#[derive(Debug)]
pub enum UserInfo {
    /// JSON.
    Plain(Box<UserClaims>),
    /// A JWT, for clients that registered a signature (Registration §2).
    Signed(String),
}

impl Provider {
    /// The claims an access token opens: with `openid`, a live grant, for our own audience (IN-06).
    pub async fn userinfo(
        &self,
        token: Option<&str>,
    ) -> Result<Result<UserInfo, BearerError>, Failure> {
        let Some(token) = token else {
            return Ok(Err(BearerError::Missing));
        };
        let Some(found) = self.find_access_token(token).await? else {
            return Ok(Err(BearerError::InvalidToken));
        };
        let Found {
            grant: Some(grant),
            scope,
            audience,
            ..
        } = found
        else {
            return Ok(Err(BearerError::InvalidToken));
        };
        if !audience.contains(&self.settings.issuer) {
            return Ok(Err(BearerError::InvalidToken));
        }
        if !scope.contains("openid") {
            return Ok(Err(BearerError::InsufficientScope("openid")));
        }
        let Some(open) = self.profile(grant.user_id).await? else {
            return Ok(Err(BearerError::InvalidToken));
        };
        let Some(client) = self.clients.find(grant.client_id.as_str()).await? else {
            return Ok(Err(BearerError::InvalidToken));
        };
        let subject = self.subject_for(&client.client, &open.user);
        let single = ClaimsRequest::of_grant(&grant.terms.claims).userinfo;
        let claims = claims::userinfo(&subject, &open.claims, &scope, &single)
            .map_err(|_wrong_type| Failure::Corrupt("claims"))?;
        match client.client.userinfo_signed_response_alg {
            None => Ok(Ok(UserInfo::Plain(Box::new(claims)))),
            Some(algorithm) => {
                let signed = self.signed_userinfo(claims, &grant.client_id, algorithm)?;
                Ok(Ok(UserInfo::Signed(signed)))
            }
        }
    }

    /// Core §5.3.2: the claims as a JWT for this client.
    fn signed_userinfo(
        &self,
        claims: UserClaims,
        client: &ClientId,
        algorithm: SigningAlgorithm,
    ) -> Result<String, Failure> {
        let mut claims = serde_json::to_value(claims).map_err(|_| Failure::Corrupt("claims"))?;
        if let Some(members) = claims.as_object_mut() {
            members.insert("iss".to_owned(), self.settings.issuer.clone().into());
            members.insert("aud".to_owned(), client.as_str().into());
        }
        let now = self.now();
        self.keys.current().sign(algorithm, "JWT", &claims, now)
    }
}
