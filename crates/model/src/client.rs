use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ApplicationType, AssertionAlgorithm, Brand, ClientAuthentication, ClientId, ClientOrigin,
    ClientProfile, Digest, GrantType, ResponseMode, ResponseType, ScopeSet, Sealed,
    SigningAlgorithm, SubjectType, Timestamp, TokenExchangePolicy,
};

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
    /// How its pages look; kept beside the registration, because apps do not decide it.
    #[serde(skip)]
    pub brand: Option<Brand>,
    /// Who makes it, if an operator vouches for that; kept beside the registration, because apps do not decide it.
    #[serde(skip)]
    pub publisher: Option<String>,
    /// Home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Logo; shown only where the picture is served by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// What it does with data; linked from the consent page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms of service; linked from the consent page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Whom to write to about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Which software it is, across registrations (RFC 7591 §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Which version of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
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
    /// Lists the redirect URIs of one sector, for pairwise subjects (Registration §5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// What it may ask for; only `code` is offered.
    #[serde(default = "default_response_types")]
    pub response_types: Vec<ResponseType>,
    /// How answers may travel; empty means every way that is offered (AZ-07).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_modes: Vec<ResponseMode>,
    /// Its public keys, by value (RFC 7591 §2; REG-16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where its public keys are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// What it signs its authentication with; any offered algorithm if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<AssertionAlgorithm>,
    /// Whether its assertions may name the token endpoint as audience beside the issuer (decisions).
    #[serde(default)]
    pub allow_token_endpoint_audience: bool,
    /// What it signs its request objects with; any offered algorithm if absent (RFC 9101 §10.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<SigningAlgorithm>,
    /// Whether it may only use signed requests (RFC 9101 §10.5).
    #[serde(default)]
    pub require_signed_request_object: bool,
    /// Whether it may only use pushed requests (RFC 9126 §6).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// Signature of its ID tokens.
    #[serde(default = "default_id_token_alg")]
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// Signature of its userinfo answers; plain JSON if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    /// Signature of introspection answers it gets as JWT (RFC 9701 §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<SigningAlgorithm>,
    /// Signature of its authorization answers in the JWT modes (JARM §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<SigningAlgorithm>,
    /// `max_age` when the request has none, in seconds (Registration §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u64>,
    /// Whether its ID tokens must carry `auth_time`.
    #[serde(default)]
    pub require_auth_time: bool,
    /// `acr_values` when the request has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// Where a third party may have a sign-in begun (Core §4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Registered request object addresses; kept and echoed, never fetched (RO-04).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// Where it is told of a sign-out, server to server (Back-Channel Logout §2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether its logout tokens must carry `sid`; they always do.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// Where it is told of a sign-out, in a frame (Front-Channel Logout §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether that frame must carry `iss` and `sid`; it always does.
    #[serde(default)]
    pub frontchannel_logout_session_required: bool,
    /// Whether it never gets bearer tokens but those bound to a key (RFC 9449 §5.2).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// Whether its tokens are bound to its certificate (RFC 8705 §3.4).
    #[serde(default)]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Subject of its certificate, as RFC 4514 text (RFC 8705 §2.1.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// DNS name in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    /// URI in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    /// IP address in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    /// Mail address in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    /// Types of `authorization_details` it may ask for (RFC 9396 §10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<String>,
    /// Resources it may ask tokens for beside the default one (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// What it may exchange tokens for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_exchange: Option<TokenExchangePolicy>,
    /// A stricter set of rules it is held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ClientProfile>,
    /// How it came to be known.
    #[serde(default)]
    pub origin: ClientOrigin,
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

impl Client {
    /// A client that cannot keep a secret (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == ClientAuthentication::None
    }

    /// What an operator looks at before vouching for its publisher: its names, its home page, and where it returns to.
    pub fn identity(&self) -> Digest {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut parts = vec![
            self.client_name.clone(),
            or_none(&self.client_name_ja),
            or_none(&self.client_uri),
        ];
        parts.extend(self.redirect_uris.iter().cloned());
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        Digest::keyed(b"client identity", &parts)
    }

    /// Whether the client is held to FAPI 2.0, message signing or not.
    pub const fn is_fapi(&self) -> bool {
        self.profile.is_some()
    }

    /// Whether its access tokens must be bound to a key or certificate.
    pub const fn must_bind_tokens(&self) -> bool {
        self.dpop_bound_access_tokens
            || self.tls_client_certificate_bound_access_tokens
            || self.is_fapi()
    }

    /// Whether it may only use pushed requests (RO-03).
    pub const fn must_push(&self) -> bool {
        self.require_pushed_authorization_requests || self.is_fapi()
    }

    /// Whether it may only use signed requests.
    pub fn must_sign_requests(&self) -> bool {
        self.require_signed_request_object
            || self.profile == Some(ClientProfile::Fapi2MessageSigning)
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

fn default_response_types() -> Vec<ResponseType> {
    vec![ResponseType::Code]
}

const fn default_id_token_alg() -> SigningAlgorithm {
    SigningAlgorithm::RS256
}

const fn yes() -> bool {
    true
}

/// What is kept of a client secret; two may live at once while one is being replaced (REG-09).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecretRecord {
    /// Digest of the secret.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working (TK-17).
    pub expires_at: Option<Timestamp>,
    /// The secret itself, sealed; only for `client_secret_jwt`, which cannot work from a digest.
    pub sealed: Option<Sealed>,
}
