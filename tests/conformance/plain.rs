//! The configuration plan, and modules that look at documents alone.

/// Section 5.1.
pub mod config {
    use serde_json::Value;

    use super::super::driver::{Suite, Variant};

    /// Members that the suite knows; others are warnings there.
    const KNOWN: [&str; 53] = [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "registration_endpoint",
        "scopes_supported",
        "response_types_supported",
        "response_modes_supported",
        "grant_types_supported",
        "acr_values_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "userinfo_signing_alg_values_supported",
        "request_object_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "display_values_supported",
        "claim_types_supported",
        "claims_supported",
        "service_documentation",
        "claims_locales_supported",
        "ui_locales_supported",
        "claims_parameter_supported",
        "request_parameter_supported",
        "request_uri_parameter_supported",
        "require_request_uri_registration",
        "op_policy_uri",
        "op_tos_uri",
        "revocation_endpoint",
        "revocation_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "introspection_signing_alg_values_supported",
        "end_session_endpoint",
        "code_challenge_methods_supported",
        "authorization_response_iss_parameter_supported",
        "prompt_values_supported",
        "pushed_authorization_request_endpoint",
        "require_pushed_authorization_requests",
        "require_signed_request_object",
        "authorization_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
        "device_authorization_endpoint",
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
        "frontchannel_logout_supported",
        "frontchannel_logout_session_supported",
        "check_session_iframe",
        "authorization_details_types_supported",
        "mtls_endpoint_aliases",
    ];

    /// Checks the discovery document of `suite`.
    pub async fn discovery(suite: &Suite) -> Value {
        let url = suite.house.url("/.well-known/openid-configuration");
        let answer = suite.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("application/json"));
        let document: Value = answer.json().await.unwrap();
        assert_eq!(document["issuer"], *suite.house.issuer);
        for (name, value) in document.as_object().unwrap() {
            assert!(KNOWN.contains(&name.as_str()), "{name} is not known");
            if name.ends_with("_endpoint") || name == "jwks_uri" {
                // The tests' issuer is http on a loopback address.
                assert!(
                    value.as_str().unwrap().starts_with(&suite.house.issuer),
                    "{name}"
                );
            }
            if name.ends_with("_supported") && value.is_array() {
                assert!(
                    value.as_array().unwrap().iter().all(Value::is_string),
                    "{name}"
                );
            }
        }
        let has = |name: &str, value: &str| {
            let list = document[name]
                .as_array()
                .unwrap_or_else(|| panic!("{name}"));
            assert!(list.iter().any(|one| one == value), "{name} lacks {value}");
        };
        has("response_types_supported", "code");
        has("subject_types_supported", "public");
        has("subject_types_supported", "pairwise");
        has("id_token_signing_alg_values_supported", "RS256");
        has("request_object_signing_alg_values_supported", "RS256");
        has("scopes_supported", "openid");
        has("scopes_supported", "offline_access");
        has("grant_types_supported", "authorization_code");
        has("grant_types_supported", "refresh_token");
        has("code_challenge_methods_supported", "S256");
        for method in [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ] {
            has("token_endpoint_auth_methods_supported", method);
        }
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "claims_supported",
        ] {
            assert!(document.get(name).is_some(), "{name}");
        }
        document
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn oidcc_discovery_endpoint_verification() {
        let suite = Suite::open(Variant::Query).await;
        discovery(&suite).await;
        super::super::checks::jwks(&suite.house).await;
        let url = suite.house.url("/.well-known/oauth-authorization-server");
        let other: Value = suite
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(other["issuer"], *suite.house.issuer);
        suite.close().await;
    }
}
