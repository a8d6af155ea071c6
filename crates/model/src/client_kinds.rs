use serde::{Deserialize, Serialize};

use crate::SigningAlgorithm;

/// How a client proves who it is at the token endpoint (RFC 7591 §2 `token_endpoint_auth_method`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// Not at all: a public client.
    None,
    /// HTTP Basic with id and secret.
    #[default]
    ClientSecretBasic,
    /// Id and secret in the form body.
    ClientSecretPost,
    /// A JWT signed with the client's own key (OpenID Connect Core §9, RFC 7523).
    PrivateKeyJwt,
    /// A JWT authenticated with the client secret (OpenID Connect Core §9).
    ClientSecretJwt,
    /// A TLS certificate that a known authority issued (RFC 8705 §2.1).
    TlsClientAuth,
    /// A TLS certificate whose key is among the client's keys (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
}

impl ClientAuthentication {
    /// All of them, in the order of discovery.
    pub const ALL: [Self; 7] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::ClientSecretJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::None,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
    }
}

/// The grants a client may use (RFC 7591 §2 `grant_types`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantType {
    /// RFC 6749 §4.1.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// RFC 6749 §6.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// RFC 6749 §4.4.
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// RFC 8628 §3.4.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// RFC 8693 §2.1.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// All of them, in the order of discovery.
    pub const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::TokenExchange,
    ];

    /// The `grant_type` value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// What may be asked of the authorization endpoint (OAuth 2.0 Multiple Response Types §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseType {
    /// An authorization code; nothing else is offered (decisions).
    #[default]
    Code,
}

/// How an authorization answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response
/// Mode §2, JARM §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    #[serde(rename = "query")]
    Query,
    /// In a form that the browser posts.
    #[serde(rename = "form_post")]
    FormPost,
    /// As a signed JWT; for a code that is `query.jwt`.
    #[serde(rename = "jwt")]
    Jwt,
    /// As a signed JWT in the query.
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// As a signed JWT in a form that the browser posts.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

impl ResponseMode {
    /// All of them, in the order of discovery.
    pub const ALL: [Self; 5] = [
        Self::Query,
        Self::FormPost,
        Self::Jwt,
        Self::QueryJwt,
        Self::FormPostJwt,
    ];

    /// The `response_mode` value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
            Self::Jwt => "jwt",
            Self::QueryJwt => "query.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// The mode of a `response_mode` value, if it is offered.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether the answer is a signed JWT (JARM).
    pub const fn is_signed(self) -> bool {
        match self {
            Self::Query | Self::FormPost => false,
            Self::Jwt | Self::QueryJwt | Self::FormPostJwt => true,
        }
    }

    /// Whether the browser posts the answer.
    pub const fn is_posted(self) -> bool {
        match self {
            Self::Query | Self::Jwt | Self::QueryJwt => false,
            Self::FormPost | Self::FormPostJwt => true,
        }
    }
}

/// How a client knows its users (OpenID Connect Core §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// The same `sub` at every client.
    #[default]
    Public,
    /// A `sub` that only clients of one sector share (OpenID Connect Core §8.1).
    Pairwise,
}

/// Kind of application (OpenID Connect Registration §2 `application_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// Runs on a server or in a browser.
    #[default]
    Web,
    /// Runs on the person's own device.
    Native,
}

/// What a client may sign its authentication with (RFC 7591 `token_endpoint_auth_signing_alg`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssertionAlgorithm {
    /// HMAC with the client secret, for `client_secret_jwt` only.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl AssertionAlgorithm {
    /// The algorithm of a key pair; `None` for HMAC.
    pub const fn of_key(self) -> Option<SigningAlgorithm> {
        match self {
            Self::HS256 => None,
            Self::RS256 => Some(SigningAlgorithm::RS256),
            Self::PS256 => Some(SigningAlgorithm::PS256),
            Self::ES256 => Some(SigningAlgorithm::ES256),
            Self::EdDSA => Some(SigningAlgorithm::EdDSA),
        }
    }
}

/// A set of rules beyond plain OAuth that a client is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientProfile {
    /// FAPI 2.0 Security Profile: pushed requests, PKCE, sender-constrained tokens, authentication
    /// by key or certificate, PS256, ES256 or `EdDSA` alone.
    Fapi2,
    /// FAPI 2.0 Message Signing on top: signed requests and signed answers.
    Fapi2MessageSigning,
}

/// How a client came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientOrigin {
    /// An operator registered it.
    #[default]
    Operator,
    /// It registered itself with somebody's leave: an initial access token (RFC 7591 §1.2).
    Dynamic,
    /// It registered itself, as anybody could; nobody vouches for it (REG-07).
    Open,
    /// Its id is the address of its metadata document; nothing is stored for it.
    MetadataDocument,
}

/// What a client may exchange tokens for (RFC 8693).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenExchangePolicy {
    /// Clients whose access tokens it may present as the subject; itself is always allowed.
    #[serde(default)]
    pub subject_clients: Vec<String>,
    /// Resources it may ask tokens for.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Whether the new token may speak for the user without naming the client as actor.
    #[serde(default)]
    pub impersonation: bool,
}
