//! Userinfo (OpenID Connect Core §5.3).

use openidconnect::core::CoreGenderClaim;
use openidconnect::{EmptyAdditionalClaims, UserInfoClaims};

use super::introspect::Found;
use crate::rules::claims;
use crate::rules::oauth_error::BearerError;
use crate::{Failure, Provider};

/// What userinfo answers with.
pub type UserInfo = UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim>;

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
        claims::userinfo(open.user.subject.as_str(), &open.claims, &scope)
            .map(Ok)
            .map_err(|_wrong_type| Failure::Corrupt("claims"))
    }
}
