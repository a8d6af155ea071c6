//! What discovery says (OpenID Connect Discovery §3, RFC 8414 §2): exactly what is on.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AuthUrl, AuthenticationContextClass, IssuerUrl, JsonWebKeySetUrl, LanguageTag,
    ProviderMetadata, RegistrationUrl, ResponseTypes, Scope, TokenUrl, UserInfoUrl,
};
use sekisho_model::{ClientAuthentication, GrantType, ResponseMode};
use url::ParseError;

use super::claims;
use super::discovery_members::FurtherMetadata;
use crate::{Features, Settings};

/// Our metadata document.
pub type SekishoMetadata = ProviderMetadata<
    FurtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Scopes anyone may ask for.
pub const SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
];

/// Whether a way of client authentication is on.
pub const fn offers_authentication(features: &Features, method: ClientAuthentication) -> bool {
    match method {
        ClientAuthentication::None
        | ClientAuthentication::ClientSecretBasic
        | ClientAuthentication::ClientSecretPost
        | ClientAuthentication::PrivateKeyJwt => true,
        ClientAuthentication::ClientSecretJwt => features.client_secret_jwt,
        ClientAuthentication::TlsClientAuth | ClientAuthentication::SelfSignedTlsClientAuth => {
            features.mutual_tls
        }
    }
}

/// Whether a grant is on.
pub const fn offers_grant(features: &Features, grant: GrantType) -> bool {
    match grant {
        GrantType::AuthorizationCode | GrantType::RefreshToken | GrantType::ClientCredentials => {
            true
        }
        GrantType::DeviceCode => features.device,
        GrantType::TokenExchange => features.token_exchange,
    }
}

/// Whether a way for authorization answers is on.
pub const fn offers_mode(features: &Features, mode: ResponseMode) -> bool {
    match mode {
        ResponseMode::Query => true,
        ResponseMode::FormPost => features.form_post,
        ResponseMode::Jwt | ResponseMode::QueryJwt => features.signed_answers,
        ResponseMode::FormPostJwt => features.signed_answers && features.form_post,
    }
}

/// The document of these settings, as far as `features` go; their issuer has no trailing slash.
pub fn document(settings: &Settings, features: &Features) -> Result<SekishoMetadata, ParseError> {
    let issuer = settings.issuer.as_str();
    let at = |path: &str| format!("{issuer}/oauth2/{path}");
    let metadata = ProviderMetadata::new(
        IssuerUrl::new(issuer.to_owned())?,
        AuthUrl::new(at("authorize"))?,
        JsonWebKeySetUrl::new(at("jwks"))?,
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![
            CoreSubjectIdentifierType::Public,
            CoreSubjectIdentifierType::Pairwise,
        ],
        signing(),
        FurtherMetadata::of(settings, features),
    )
    .set_token_endpoint(Some(TokenUrl::new(at("token"))?))
    .set_userinfo_endpoint(Some(UserInfoUrl::new(at("userinfo"))?))
    .set_scopes_supported(Some(
        SCOPES.map(|scope| Scope::new(scope.to_owned())).to_vec(),
    ))
    .set_acr_values_supported(Some(
        [claims::ACR_PASSWORD, claims::ACR_PASSWORD_AND_CODE]
            .map(|acr| AuthenticationContextClass::new(acr.to_owned()))
            .to_vec(),
    ))
    .set_userinfo_signing_alg_values_supported(Some(signing()))
    .set_claims_supported(Some(
        claims::supported()
            .into_iter()
            .map(|name| CoreClaimName::new(name.to_owned()))
            .collect(),
    ))
    .set_claim_types_supported(Some(vec![CoreClaimType::Normal]))
    .set_ui_locales_supported(Some(
        ["ja", "en"]
            .map(|tag| LanguageTag::new(tag.to_owned()))
            .to_vec(),
    ))
    .set_claims_parameter_supported(Some(true))
    .set_request_uri_parameter_supported(Some(false));
    let registration = features
        .registration
        .then(|| RegistrationUrl::new(at("register")))
        .transpose()?;
    Ok(with_features(metadata, features).set_registration_endpoint(registration))
}

fn with_features(metadata: SekishoMetadata, features: &Features) -> SekishoMetadata {
    let mut assertions = signing();
    if features.client_secret_jwt {
        assertions.push(CoreJwsSigningAlgorithm::HmacSha256);
    }
    metadata
        .set_response_modes_supported(Some(
            ResponseMode::ALL
                .into_iter()
                .filter(|mode| offers_mode(features, *mode))
                .map(|mode| match mode {
                    ResponseMode::Query => CoreResponseMode::Query,
                    ResponseMode::FormPost => CoreResponseMode::FormPost,
                    other => CoreResponseMode::Extension(other.name().to_owned()),
                })
                .collect(),
        ))
        .set_grant_types_supported(Some(
            GrantType::ALL
                .into_iter()
                .filter(|grant| offers_grant(features, *grant))
                .map(|grant| match grant {
                    GrantType::AuthorizationCode => CoreGrantType::AuthorizationCode,
                    GrantType::RefreshToken => CoreGrantType::RefreshToken,
                    GrantType::ClientCredentials => CoreGrantType::ClientCredentials,
                    other => CoreGrantType::Extension(other.name().to_owned()),
                })
                .collect(),
        ))
        .set_token_endpoint_auth_methods_supported(Some(
            ClientAuthentication::ALL
                .into_iter()
                .filter(|method| offers_authentication(features, *method))
                .map(method)
                .collect(),
        ))
        .set_token_endpoint_auth_signing_alg_values_supported(Some(assertions))
        .set_request_parameter_supported(Some(features.request_objects))
        .set_request_object_signing_alg_values_supported(features.request_objects.then(signing))
}

fn method(method: ClientAuthentication) -> CoreClientAuthMethod {
    match method {
        ClientAuthentication::ClientSecretBasic => CoreClientAuthMethod::ClientSecretBasic,
        ClientAuthentication::ClientSecretPost => CoreClientAuthMethod::ClientSecretPost,
        ClientAuthentication::ClientSecretJwt => CoreClientAuthMethod::ClientSecretJwt,
        ClientAuthentication::PrivateKeyJwt => CoreClientAuthMethod::PrivateKeyJwt,
        ClientAuthentication::None => CoreClientAuthMethod::None,
        other @ (ClientAuthentication::TlsClientAuth
        | ClientAuthentication::SelfSignedTlsClientAuth) => {
            CoreClientAuthMethod::Extension(other.name().to_owned())
        }
    }
}

fn signing() -> Vec<CoreJwsSigningAlgorithm> {
    vec![
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EdDsa,
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn discovered(features: Features) -> Value {
        let settings = Settings::sample("https://id.example");
        serde_json::to_value(document(&settings, &features).unwrap()).unwrap()
    }

    #[test]
    fn pk_06_az_08_the_document_says_what_is_on() {
        let document = discovered(Features::default());
        assert_eq!(document["issuer"], "https://id.example");
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
        assert_eq!(
            document["authorization_response_iss_parameter_supported"],
            true
        );
        assert_eq!(document["request_uri_parameter_supported"], false);
        for (name, value) in document.as_object().unwrap() {
            assert!(!value.is_null(), "{name} is null");
            if name.ends_with("_endpoint") {
                let url = value.as_str().unwrap();
                assert!(url.starts_with("https://id.example/oauth2/"), "{name}");
            }
        }
    }

    #[test]
    fn what_is_off_is_not_in_the_document() {
        let off = Features {
            pushed_requests: false,
            request_objects: false,
            signed_answers: false,
            form_post: false,
            dpop: false,
            device: false,
            token_exchange: false,
            signed_introspection: false,
            backchannel_logout: false,
            frontchannel_logout: false,
            session_management: false,
            ..Features::default()
        };
        let document = discovered(off);
        for name in [
            "pushed_authorization_request_endpoint",
            "request_object_signing_alg_values_supported",
            "authorization_signing_alg_values_supported",
            "dpop_signing_alg_values_supported",
            "device_authorization_endpoint",
            "introspection_signing_alg_values_supported",
            "backchannel_logout_supported",
            "frontchannel_logout_supported",
            "check_session_iframe",
            "registration_endpoint",
            "client_id_metadata_document_supported",
            "tls_client_certificate_bound_access_tokens",
        ] {
            assert_eq!(document.get(name), None, "{name}");
        }
        assert_eq!(document["request_parameter_supported"], false);
        assert_eq!(document["response_modes_supported"], json!(["query"]));
        let grants = ["authorization_code", "refresh_token", "client_credentials"];
        assert_eq!(document["grant_types_supported"], json!(grants));
    }
}
