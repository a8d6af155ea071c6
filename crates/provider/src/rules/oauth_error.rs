//! The errors of OAuth 2 and OpenID Connect, and what of them is said aloud.
//! Descriptions use only characters RFC 6749 §5.2 allows: no quotes, no backslash, ASCII.

/// An error of the authorization endpoint that may be sent to the client (RFC 6749 §4.1.2.1,
/// OpenID Connect Core §3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationError {
    /// A parameter is missing, malformed or repeated.
    InvalidRequest(&'static str),
    /// The client may not use this grant.
    UnauthorizedClient,
    /// Only `code` is offered (decisions: not offered).
    UnsupportedResponseType,
    /// No scope is left to grant, or one is malformed.
    InvalidScope,
    /// `prompt=none` and nobody is signed in.
    LoginRequired,
    /// `prompt=none` and the user has not allowed this client.
    ConsentRequired,
    /// `prompt=none` and the user has something else to do first.
    InteractionRequired,
    /// The user said no.
    AccessDenied,
    /// `request` is not supported (Core §6.1).
    RequestNotSupported,
    /// `request_uri` is not supported (Core §6.2).
    RequestUriNotSupported,
    /// A request object is malformed, badly signed, or says what it must not (RFC 9101 §6).
    InvalidRequestObject(&'static str),
    /// A pushed request that is unknown, used, or too old (RFC 9101 §6).
    InvalidRequestUri,
    /// A resource the client may not ask for (RFC 8707 §2).
    InvalidTarget,
    /// Authorization details that cannot be given (RFC 9396 §5).
    InvalidAuthorizationDetails(&'static str),
    /// An essential `acr` cannot be reached (Core Unmet Authentication Requirements §2).
    UnmetAuthenticationRequirements,
    /// Something failed on our side.
    ServerError,
    /// Paused or overloaded.
    TemporarilyUnavailable,
}

impl AuthorizationError {
    /// The `error` value.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccessDenied => "access_denied",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::InvalidRequestObject(_) => "invalid_request_object",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The `error_description` value.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(what)
            | Self::InvalidRequestObject(what)
            | Self::InvalidAuthorizationDetails(what) => what,
            Self::InvalidRequestUri => "the pushed request is unknown, used or expired",
            Self::InvalidTarget => "the client may not ask for this resource",
            Self::UnmetAuthenticationRequirements => "the essential acr cannot be reached",
            Self::UnauthorizedClient => "the client may not use this grant",
            Self::UnsupportedResponseType => "only response_type code is offered",
            Self::InvalidScope => "no requested scope is available to this client",
            Self::LoginRequired => "the user is not signed in",
            Self::ConsentRequired => "the user has not allowed this client",
            Self::InteractionRequired => "the user has to do something first",
            Self::AccessDenied => "the user or a policy refused",
            Self::RequestNotSupported => "request objects are not supported",
            Self::RequestUriNotSupported => "request_uri is not supported",
            Self::ServerError => "the server could not complete the request",
            Self::TemporarilyUnavailable => "the service is paused or overloaded",
        }
    }
}

/// An error of the token, revocation or introspection endpoint (RFC 6749 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// A parameter is missing, malformed or repeated, or two authentication methods were used.
    InvalidRequest(&'static str),
    /// The client did not prove who it is; `true` if it tried by the `Authorization` header.
    InvalidClient(HeaderUsed),
    /// The code or refresh token is wrong, expired, used, or another client's.
    InvalidGrant(&'static str),
    /// The client may not use this grant.
    UnauthorizedClient,
    /// A grant we do not offer.
    UnsupportedGrantType,
    /// More scope than there is to have.
    InvalidScope,
    /// The `DPoP` proof is missing, malformed, or for something else (RFC 9449 §5).
    InvalidDpopProof(&'static str),
    /// The `DPoP` proof must carry the nonce of this answer (RFC 9449 §8).
    UseDpopNonce,
    /// A resource the client may not ask for (RFC 8707 §2).
    InvalidTarget,
    /// Authorization details that cannot be given (RFC 9396 §5).
    InvalidAuthorizationDetails(&'static str),
    /// A pushed request object is wrong (RFC 9101 §6).
    InvalidRequestObject(&'static str),
    /// The device's user has not decided yet (RFC 8628 §3.5).
    AuthorizationPending,
    /// The device asks too often (RFC 8628 §3.5).
    SlowDown,
    /// The device code's time is over (RFC 8628 §3.5).
    ExpiredToken,
    /// The user said no (RFC 8628 §3.5).
    AccessDenied,
}

/// Whether the client authenticated by the `Authorization` header; then a challenge answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderUsed {
    /// It did.
    Yes,
    /// It did not.
    No,
}

impl TokenError {
    /// The `error` value.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::InvalidRequestObject(_) => "invalid_request_object",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::AccessDenied => "access_denied",
        }
    }

    /// The `error_description` value.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(what)
            | Self::InvalidGrant(what)
            | Self::InvalidDpopProof(what)
            | Self::InvalidAuthorizationDetails(what)
            | Self::InvalidRequestObject(what) => what,
            Self::UseDpopNonce => "the DPoP proof must carry the nonce of this answer",
            Self::InvalidTarget => "the client may not ask for this resource",
            Self::AuthorizationPending => "the user has not decided yet",
            Self::SlowDown => "ask less often",
            Self::ExpiredToken => "the device code has expired",
            Self::AccessDenied => "the user refused",
            Self::InvalidClient(_) => "client authentication failed",
            Self::UnauthorizedClient => "the client may not use this grant",
            Self::UnsupportedGrantType => "this grant type is not offered",
            Self::InvalidScope => "the requested scope exceeds what was granted",
        }
    }

    /// The HTTP status: 401 for a failed client authentication, else 400.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient(_) => 401,
            Self::InvalidRequest(_)
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidDpopProof(_)
            | Self::UseDpopNonce
            | Self::InvalidTarget
            | Self::InvalidAuthorizationDetails(_)
            | Self::InvalidRequestObject(_)
            | Self::AuthorizationPending
            | Self::SlowDown
            | Self::ExpiredToken
            | Self::AccessDenied => 400,
        }
    }
}

/// An error of a protected resource such as userinfo (RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// No token was presented at all: a bare challenge.
    Missing,
    /// Presented in a way RFC 6750 §2 does not allow, or twice.
    InvalidRequest,
    /// Expired, revoked, or not ours.
    InvalidToken,
    /// The token lacks a scope.
    InsufficientScope(&'static str),
    /// The `DPoP` proof is missing, malformed, or for something else (RFC 9449 §7.1).
    InvalidDpopProof(&'static str),
    /// The `DPoP` proof must carry the nonce of this answer (RFC 9449 §9).
    UseDpopNonce,
}

impl BearerError {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Missing | Self::InvalidToken | Self::InvalidDpopProof(_) | Self::UseDpopNonce => {
                401
            }
            Self::InvalidRequest => 400,
            Self::InsufficientScope(_) => 403,
        }
    }

    /// The `error` value; `None` when nothing was presented.
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Missing => None,
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientScope(_) => Some("insufficient_scope"),
            Self::InvalidDpopProof(_) => Some("invalid_dpop_proof"),
            Self::UseDpopNonce => Some("use_dpop_nonce"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_use_only_allowed_characters() {
        let allowed = |text: &str| {
            text.bytes()
                .all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E))
        };
        for error in [
            AuthorizationError::UnauthorizedClient,
            AuthorizationError::UnsupportedResponseType,
            AuthorizationError::InvalidScope,
            AuthorizationError::LoginRequired,
            AuthorizationError::ConsentRequired,
            AuthorizationError::InteractionRequired,
            AuthorizationError::AccessDenied,
            AuthorizationError::RequestNotSupported,
            AuthorizationError::RequestUriNotSupported,
            AuthorizationError::ServerError,
            AuthorizationError::TemporarilyUnavailable,
        ] {
            assert!(allowed(error.description()), "{error:?}");
        }
        assert!(allowed(TokenError::InvalidScope.description()));
    }
}
