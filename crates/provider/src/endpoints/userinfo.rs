//! Userinfo (OpenID Connect Core §5.3).

use openidconnect::core::CoreGenderClaim;
use openidconnect::{EmptyAdditionalClaims, UserInfoClaims};

use sekisho_guard::EndpointClass;
use sekisho_model::{ClientId, Confirmation, Feature, SigningAlgorithm};

use super::call::Call;
use super::introspect::Found;
use crate::detection::Read;
use crate::rules::claims;
use crate::rules::claims_request::ClaimsRequest;
use crate::rules::oauth_error::{BearerError, TokenError};
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

/// How an access token was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 6750 §2.
    Bearer,
    /// RFC 9449 §7.1.
    Dpop,
}

impl Provider {
    /// The claims an access token opens: with `openid`, a live grant, for our own audience (IN-06).
    pub async fn userinfo(
        &self,
        call: &Call<'_>,
        presented: Option<(Scheme, &str)>,
    ) -> Result<Result<UserInfo, BearerError>, Failure> {
        let Some((scheme, token)) = presented else {
            return Ok(Err(BearerError::Missing));
        };
        let Some(found) = self.find_access_token(token).await? else {
            return Ok(Err(BearerError::InvalidToken));
        };
        if let Err(error) = self.may_present(call, scheme, token, &found).await? {
            return Ok(Err(error));
        }
        let Found {
            grant: Some(grant),
            client_id: reader,
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
        self.pass_app(EndpointClass::UserInfo, &client.client, Some(&open.user))?;
        // Whoever got the token reads, also after an exchange.
        let reader = ClientId::new(reader.as_str());
        self.count_read(Read::UserInfo, &reader, open.user.id)
            .await?;
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
        let mut claims =
            serde_json::to_value(claims).map_err(|_unwritable| Failure::Corrupt("claims"))?;
        if let Some(members) = claims.as_object_mut() {
            members.insert("iss".to_owned(), self.settings.issuer.clone().into());
            members.insert("aud".to_owned(), client.as_str().into());
        }
        let now = self.now();
        self.keys.current().sign(algorithm, "JWT", &claims, now)
    }

    /// Whether who presents the token may: a bound one needs its own scheme and what it is bound to, and
    /// a proof beside another token changes nothing (RFC 9449 §7, RFC 8705 §3; DP-05, DP-06, TK-18).
    async fn may_present(
        &self,
        call: &Call<'_>,
        scheme: Scheme,
        token: &str,
        found: &Found,
    ) -> Result<Result<(), BearerError>, Failure> {
        match found.confirmation {
            Some(Confirmation::Key(_)) => self.works(Feature::Dpop)?,
            Some(Confirmation::Certificate(_)) => self.works(Feature::MutualTls)?,
            None => {}
        }
        let right_scheme = match found.confirmation {
            Some(Confirmation::Key(_)) => Scheme::Dpop,
            Some(Confirmation::Certificate(_)) | None => Scheme::Bearer,
        };
        if scheme != right_scheme {
            return Ok(Err(BearerError::InvalidToken));
        }
        let Some(bound) = &found.confirmation else {
            return Ok(Ok(()));
        };
        let client = ClientId::new(found.client_id.as_str());
        let sender = match scheme {
            Scheme::Dpop => match self.sender(call, Some(token), &client).await? {
                Ok(sender) if sender.key.is_none() => {
                    return Ok(Err(BearerError::InvalidDpopProof(
                        "a DPoP proof is required",
                    )));
                }
                Ok(sender) => sender,
                Err(TokenError::UseDpopNonce) => return Ok(Err(BearerError::UseDpopNonce)),
                Err(refused) => {
                    return Ok(Err(BearerError::InvalidDpopProof(refused.description())));
                }
            },
            Scheme::Bearer => self.sender_by_certificate(call),
        };
        Ok(if sender.holds(bound) {
            Ok(())
        } else {
            Err(BearerError::InvalidToken)
        })
    }
}
