//! What discovery says (OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3): exactly what is on.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, AuthenticationContextClass, IssuerUrl, JsonWebKeySetUrl,
    LanguageTag, ProviderMetadata, ResponseTypes, Scope, TokenUrl, UserInfoUrl,
};
use serde::{Deserialize, Serialize};
use url::ParseError;

use super::claims;

/// Members that `openidconnect` has no field for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FurtherMetadata {
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<String>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<String>,
    end_session_endpoint: String,
    code_challenge_methods_supported: Vec<String>,
    authorization_response_iss_parameter_supported: bool,
    prompt_values_supported: Vec<String>,
}

impl AdditionalProviderMetadata for FurtherMetadata {}

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

/// The document of `issuer`, which has no trailing slash.
pub fn document(issuer: &str) -> Result<SekishoMetadata, ParseError> {
    let at = |path: &str| format!("{issuer}/oauth2/{path}");
    let methods = vec![
        CoreClientAuthMethod::ClientSecretBasic,
        CoreClientAuthMethod::ClientSecretPost,
    ];
    let mut with_public = methods;
    with_public.push(CoreClientAuthMethod::None);
    let languages = || {
        Some(
            ["ja", "en"]
                .map(|tag| LanguageTag::new(tag.to_owned()))
                .to_vec(),
        )
    };
    let metadata = ProviderMetadata::new(
        IssuerUrl::new(issuer.to_owned())?,
        AuthUrl::new(at("authorize"))?,
        JsonWebKeySetUrl::new(at("jwks"))?,
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Public],
        vec![
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            CoreJwsSigningAlgorithm::EdDsa,
        ],
        further(issuer),
    )
    .set_token_endpoint(Some(TokenUrl::new(at("token"))?))
    .set_userinfo_endpoint(Some(UserInfoUrl::new(at("userinfo"))?))
    .set_scopes_supported(Some(
        SCOPES.map(|scope| Scope::new(scope.to_owned())).to_vec(),
    ))
    .set_response_modes_supported(Some(vec![CoreResponseMode::Query]))
    .set_grant_types_supported(Some(vec![
        CoreGrantType::AuthorizationCode,
        CoreGrantType::RefreshToken,
        CoreGrantType::ClientCredentials,
    ]))
    .set_acr_values_supported(Some(
        [claims::ACR_PASSWORD, claims::ACR_PASSWORD_AND_CODE]
            .map(|acr| AuthenticationContextClass::new(acr.to_owned()))
            .to_vec(),
    ))
    .set_token_endpoint_auth_methods_supported(Some(with_public))
    .set_claims_supported(Some(
        claims::supported()
            .into_iter()
            .map(|name| CoreClaimName::new(name.to_owned()))
            .collect(),
    ))
    .set_ui_locales_supported(languages())
    .set_claims_parameter_supported(Some(false))
    .set_request_parameter_supported(Some(false))
    .set_request_uri_parameter_supported(Some(false));
    Ok(metadata)
}

fn further(issuer: &str) -> FurtherMetadata {
    let secret = || {
        vec![
            "client_secret_basic".to_owned(),
            "client_secret_post".to_owned(),
        ]
    };
    let mut with_public = secret();
    with_public.push("none".to_owned());
    FurtherMetadata {
        revocation_endpoint: format!("{issuer}/oauth2/revoke"),
        revocation_endpoint_auth_methods_supported: with_public,
        introspection_endpoint: format!("{issuer}/oauth2/introspect"),
        introspection_endpoint_auth_methods_supported: secret(),
        end_session_endpoint: format!("{issuer}/oauth2/end_session"),
        code_challenge_methods_supported: vec!["S256".to_owned()],
        authorization_response_iss_parameter_supported: true,
        prompt_values_supported: ["none", "login", "consent", "select_account"]
            .map(str::to_owned)
            .to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pk_06_az_08_the_document_says_what_is_on() {
        let json = serde_json::to_value(document("https://id.example").unwrap()).unwrap();
        assert_eq!(json["issuer"], "https://id.example");
        assert_eq!(
            json["response_types_supported"],
            serde_json::json!(["code"])
        );
        assert_eq!(
            json["code_challenge_methods_supported"],
            serde_json::json!(["S256"])
        );
        assert_eq!(json["authorization_response_iss_parameter_supported"], true);
        assert_eq!(json["request_uri_parameter_supported"], false);
        for (name, value) in json.as_object().unwrap() {
            assert!(!value.is_null(), "{name} is null");
            if name.ends_with("_endpoint") {
                assert!(
                    value
                        .as_str()
                        .unwrap()
                        .starts_with("https://id.example/oauth2/"),
                    "{name}"
                );
            }
        }
    }
}
