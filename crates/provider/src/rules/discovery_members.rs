//! Metadata members that `openidconnect` has no field for.

use std::collections::BTreeMap;

use openidconnect::AdditionalProviderMetadata;
use sekisho_model::ClientAuthentication;
use serde::{Deserialize, Serialize};

use super::discovery::offers_authentication;
use super::sign_up::SignUpMode;
use crate::{Features, Settings};

/// RFC 8414 §2, RFC 9101 §10.5, RFC 9126 §5, RFC 9207 §3, RFC 9449 §5.1, RFC 8628 §4, RFC 8705 §3.3,
/// RFC 9701 §7, JARM §4, the logout and session specifications. What is off is absent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FurtherMetadata {
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<String>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<String>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<String>,
    end_session_endpoint: String,
    code_challenge_methods_supported: Vec<String>,
    authorization_response_iss_parameter_supported: bool,
    prompt_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed_authorization_request_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_pushed_authorization_requests: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_signed_request_object: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_client_certificate_bound_access_tokens: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_metadata_document_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_session_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frontchannel_logout_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frontchannel_logout_session_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check_session_iframe: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_details_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_endpoint_aliases: Option<BTreeMap<String, String>>,
}

impl AdditionalProviderMetadata for FurtherMetadata {}

/// What others may sign with at our endpoints, and what we sign answers with.
const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// Proofs have short lives and need no compatibility with old keys.
pub const PROOF_ALGORITHMS: [&str; 3] = ["ES256", "EdDSA", "PS256"];

/// The endpoints that apps call themselves: name in the metadata, path below the origin.
pub const MTLS_ENDPOINTS: [(&str, &str); 6] = [
    ("token_endpoint", "/oauth2/token"),
    ("userinfo_endpoint", "/oauth2/userinfo"),
    ("introspection_endpoint", "/oauth2/introspect"),
    ("revocation_endpoint", "/oauth2/revoke"),
    ("pushed_authorization_request_endpoint", "/oauth2/par"),
    (
        "device_authorization_endpoint",
        "/oauth2/device_authorization",
    ),
];

impl FurtherMetadata {
    /// The members these settings lead to, as far as `features` go.
    pub(super) fn of(settings: &Settings, features: &Features) -> Self {
        let issuer = settings.issuer.as_str();
        let at = |path: &str| format!("{issuer}/oauth2/{path}");
        let when = |on: bool| on.then_some(true);
        let algorithms = || ALGORITHMS.map(str::to_owned).to_vec();
        let methods = |with_public: bool| -> Vec<String> {
            ClientAuthentication::ALL
                .into_iter()
                .filter(|method| offers_authentication(features, *method))
                .filter(|method| with_public || *method != ClientAuthentication::None)
                .map(|method| method.name().to_owned())
                .collect()
        };
        Self {
            revocation_endpoint: at("revoke"),
            revocation_endpoint_auth_methods_supported: methods(true),
            revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
            introspection_endpoint: at("introspect"),
            introspection_endpoint_auth_methods_supported: methods(false),
            introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
            end_session_endpoint: at("end_session"),
            code_challenge_methods_supported: vec!["S256".to_owned()],
            authorization_response_iss_parameter_supported: true,
            prompt_values_supported: prompts(settings.sign_up),
            pushed_authorization_request_endpoint: features.pushed_requests.then(|| at("par")),
            require_pushed_authorization_requests: features.pushed_requests.then_some(false),
            require_signed_request_object: features.request_objects.then_some(false),
            authorization_signing_alg_values_supported: features.signed_answers.then(algorithms),
            dpop_signing_alg_values_supported: features
                .dpop
                .then(|| PROOF_ALGORITHMS.map(str::to_owned).to_vec()),
            device_authorization_endpoint: features.device.then(|| at("device_authorization")),
            introspection_signing_alg_values_supported: features
                .signed_introspection
                .then(algorithms),
            tls_client_certificate_bound_access_tokens: when(features.mutual_tls),
            client_id_metadata_document_supported: when(features.client_documents),
            backchannel_logout_supported: when(features.backchannel_logout),
            backchannel_logout_session_supported: when(features.backchannel_logout),
            frontchannel_logout_supported: when(features.frontchannel_logout),
            frontchannel_logout_session_supported: when(features.frontchannel_logout),
            check_session_iframe: features.session_management.then(|| at("check_session")),
            authorization_details_types_supported: settings
                .detail_types
                .iter()
                .map(|kind| kind.name.clone())
                .collect(),
            mtls_endpoint_aliases: aliases(settings.mtls_origin.as_deref(), features),
        }
    }
}

/// Initiating User Registration §3: `create` only where it is obeyed.
fn prompts(sign_up: SignUpMode) -> Vec<String> {
    let create = (sign_up == SignUpMode::Open).then_some("create");
    ["none", "login", "consent", "select_account"]
        .into_iter()
        .chain(create)
        .map(str::to_owned)
        .collect()
}

/// RFC 8705 §5: where apps with certificates reach the endpoints that they call themselves.
fn aliases(origin: Option<&str>, features: &Features) -> Option<BTreeMap<String, String>> {
    let offered = |name: &str| match name {
        "pushed_authorization_request_endpoint" => features.pushed_requests,
        "device_authorization_endpoint" => features.device,
        _ => true,
    };
    let origin = origin.filter(|_| features.mutual_tls)?;
    let aliases = MTLS_ENDPOINTS
        .into_iter()
        .filter(|(name, _)| offered(name))
        .map(|(name, path)| (name.to_owned(), format!("{origin}{path}")));
    Some(aliases.collect())
}
