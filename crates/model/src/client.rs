use serde::{Deserialize, Serialize};

use crate::{ClientId, Digest, ScopeSet, SigningAlgorithm, Timestamp};

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
}

/// The grants a client may use (RFC 7591 §2 `grant_types`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 6749 §4.4.
    ClientCredentials,
}

impl GrantType {
    /// The `grant_type` value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
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
}

/// A registered client: RFC 7591 field names, plus switches that only an operator sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a registered switch of its own"
)]
pub struct Client {
    /// Made by the server (REG-01).
    pub client_id: ClientId,
    /// Name shown to people; at most 60 characters (REG-18).
    pub client_name: String,
    /// The name in Japanese, if it differs.
    #[serde(
        default,
        rename = "client_name#ja",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_name_ja: Option<String>,
    /// Home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Redirect URIs, byte for byte (REG-05).
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where a sign-out may return to.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// How it authenticates.
    #[serde(default)]
    pub token_endpoint_auth_method: ClientAuthentication,
    /// Which grants it may use.
    #[serde(default = "default_grant_types")]
    pub grant_types: Vec<GrantType>,
    /// Scopes it may ask for.
    #[serde(default = "default_scope")]
    pub scope: ScopeSet,
    /// Kind of application: `web` or `native` (OpenID Connect Registration §2).
    #[serde(default)]
    pub application_type: ApplicationType,
    /// How it knows its users.
    #[serde(default)]
    pub subject_type: SubjectType,
    /// Signature of its ID tokens.
    #[serde(default = "default_id_token_alg")]
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// Whether PKCE is required; a confidential client may be registered without (decisions).
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// Whether the mailed code is required whatever the user chose.
    #[serde(default)]
    pub require_second_step: bool,
    /// First-party: the consent page is left out (CON-07).
    #[serde(default)]
    pub skip_consent: bool,
    /// Whether access tokens are opaque instead of JWTs.
    #[serde(default)]
    pub opaque_access_tokens: bool,
    /// Scopes a person may leave out on the consent page.
    #[serde(default)]
    pub optional_scope: ScopeSet,
    /// What access tokens are for (`aud`, RFC 9068 §3) when no resource is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_resource: Option<String>,
    /// Stopped by an operator: every endpoint refuses (REG-19).
    #[serde(default)]
    pub disabled: bool,
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

impl Client {
    /// A client that cannot keep a secret (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == ClientAuthentication::None
    }

    /// Whether the client may use `grant` (TK-12).
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

fn default_grant_types() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode]
}

fn default_scope() -> ScopeSet {
    ScopeSet::parse("openid").unwrap_or_default()
}

const fn default_id_token_alg() -> SigningAlgorithm {
    SigningAlgorithm::RS256
}

const fn yes() -> bool {
    true
}

/// What is kept of a client secret; two may live at once while one is being replaced (REG-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSecretRecord {
    /// Digest of the secret.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working (TK-17).
    pub expires_at: Option<Timestamp>,
}
