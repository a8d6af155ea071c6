//! The modules of the basic plan; each runs with answers in the query and again with form post.

use std::time::Duration;

use serde_json::{Value, json};

use super::checks::{self, claims_of, token_error};
use super::driver::{CHALLENGE, Journey, Registered, Suite, VERIFIER, Variant};

/// Makes each module a test of its own, in both plans.
macro_rules! modules {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod oidcc_basic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Variant::Query).await;
            })+
        }

        mod oidcc_formpost_basic {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Variant::FormPost).await;
            })+
        }
    };
}

modules! {
    oidcc_server;
    oidcc_response_type_missing;
    oidcc_idtoken_signature;
    oidcc_userinfo_get;
    oidcc_userinfo_post_header;
    oidcc_userinfo_post_body;
    oidcc_ensure_request_without_nonce_succeeds_for_code_flow;
    oidcc_scope_profile;
    oidcc_scope_email;
    oidcc_scope_address;
    oidcc_scope_phone;
    oidcc_scope_all;
    oidcc_alternate_happy_flow;
    oidcc_display_page;
    oidcc_display_popup;
    oidcc_prompt_login;
    oidcc_prompt_none_not_logged_in;
    oidcc_prompt_none_logged_in;
    oidcc_max_age_1;
    oidcc_max_age_10000;
    oidcc_ensure_request_with_unknown_parameter_succeeds;
    oidcc_id_token_hint;
    oidcc_login_hint;
    oidcc_ui_locales;
    oidcc_claims_locales;
    oidcc_ensure_request_with_acr_values_succeeds;
    oidcc_codereuse;
    oidcc_codereuse_30seconds;
    oidcc_ensure_registered_redirect_uri;
    oidcc_ensure_post_request_succeeds;
    oidcc_server_client_secret_post;
    oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported;
    oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported;
    oidcc_claims_essential;
    oidcc_ensure_request_object_with_redirect_uri;
    oidcc_refresh_token;
    oidcc_ensure_request_with_valid_pkce_succeeds;
}

/// One flow with these changes, everything checked.
async fn happy(variant: Variant, changes: &[(&str, &str)]) {
    let suite = Suite::open(variant).await;
    suite.journey(&suite.client, changes).await;
    suite.close().await;
}

async fn oidcc_server(variant: Variant) {
    happy(variant, &[]).await;
}

async fn oidcc_response_type_missing(variant: Variant) {
    let suite = Suite::open(variant).await;
    let answered = suite
        .authorize(&suite.client, &[("response_type", "")])
        .await;
    checks::callback(&answered, Some("aB3dE6gH9k"), &suite.house.issuer);
    assert_eq!(answered.error(), "invalid_request");
    suite.close().await;
}

async fn oidcc_idtoken_signature(variant: Variant) {
    let suite = Suite::open(variant).await;
    let journey = suite.journey(&suite.client, &[]).await;
    let jwt = journey.tokens["id_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(jwt).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    suite.close().await;
}

async fn oidcc_userinfo_get(variant: Variant) {
    happy(variant, &[]).await;
}

async fn userinfo_by(variant: Variant, in_body: bool) {
    let suite = Suite::open(variant).await;
    let journey = suite.journey(&suite.client, &[]).await;
    let token = journey.tokens["access_token"].as_str().unwrap();
    let request = suite.http.post(suite.house.url("/oauth2/userinfo"));
    let request = if in_body {
        request.form(&[("access_token", token)])
    } else {
        request.bearer_auth(token)
    };
    checks::userinfo(request.send().await.unwrap(), &journey.id_token).await;
    suite.close().await;
}

async fn oidcc_userinfo_post_header(variant: Variant) {
    userinfo_by(variant, false).await;
}

async fn oidcc_userinfo_post_body(variant: Variant) {
    userinfo_by(variant, true).await;
}

async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow(variant: Variant) {
    happy(variant, &[("nonce", "")]).await;
}

/// Userinfo has the claims of the scopes, each of them and nothing else.
async fn scopes(variant: Variant, scope: &str) {
    let suite = Suite::open(variant).await;
    let journey = suite.journey(&suite.client, &[("scope", scope)]).await;
    let mut wanted: Vec<&str> = scope.split(' ').flat_map(claims_of).copied().collect();
    wanted.push("sub");
    wanted.sort_unstable();
    let mut got: Vec<&str> = journey
        .userinfo
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    got.sort_unstable();
    assert_eq!(got, wanted);
    suite.close().await;
}

async fn oidcc_scope_profile(variant: Variant) {
    scopes(variant, "openid profile").await;
}

async fn oidcc_scope_email(variant: Variant) {
    scopes(variant, "openid email").await;
}

async fn oidcc_scope_address(variant: Variant) {
    scopes(variant, "openid address").await;
}

async fn oidcc_scope_phone(variant: Variant) {
    scopes(variant, "openid phone").await;
}

async fn oidcc_scope_all(variant: Variant) {
    scopes(variant, "openid email phone address profile").await;
}

async fn oidcc_alternate_happy_flow(variant: Variant) {
    let suite = Suite::open(variant).await;
    let changes = [("scope", "email openid")];
    let mut pairs = suite.request(&suite.client, &changes);
    pairs.sort();
    pairs.reverse();
    let query = super::driver::encoded(&pairs);
    let answered = suite.visit(&format!("/oauth2/authorize?{query}")).await;
    let journey = suite.journey_from(&suite.client, &changes, answered).await;
    assert!(journey.userinfo["email"].is_string());
    suite.close().await;
}

async fn oidcc_display_page(variant: Variant) {
    happy(variant, &[("display", "page")]).await;
}

async fn oidcc_display_popup(variant: Variant) {
    happy(variant, &[("display", "popup")]).await;
}

fn auth_time(journey: &Journey) -> i64 {
    journey.id_token["auth_time"].as_i64().unwrap()
}

async fn oidcc_prompt_login(variant: Variant) {
    let suite = Suite::open(variant).await;
    let first = suite.journey(&suite.client, &[]).await;
    suite.house.advance(Duration::from_secs(1)).await;
    let second = suite.journey(&suite.client, &[("prompt", "login")]).await;
    assert!(second.answered.asked_password);
    assert!(auth_time(&second) > auth_time(&first));
    suite.close().await;
}

const LONG_STATE: &str = "-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU";

async fn oidcc_prompt_none_not_logged_in(variant: Variant) {
    let suite = Suite::open(variant).await;
    let changes = [("prompt", "none"), ("state", LONG_STATE)];
    let answered = suite.authorize(&suite.client, &changes).await;
    checks::callback(&answered, Some(LONG_STATE), &suite.house.issuer);
    assert_eq!(answered.error(), "login_required");
    suite.close().await;
}

async fn silently(variant: Variant, second: &[(&str, &str)], first: &[(&str, &str)]) {
    let suite = Suite::open(variant).await;
    let before = suite.journey(&suite.client, first).await;
    suite.house.advance(Duration::from_secs(2)).await;
    let after = suite.journey(&suite.client, second).await;
    assert!(!after.answered.asked_password);
    assert_eq!(after.id_token["sub"], before.id_token["sub"]);
    assert_eq!(auth_time(&after), auth_time(&before));
    suite.close().await;
}

async fn oidcc_prompt_none_logged_in(variant: Variant) {
    silently(variant, &[("prompt", "none")], &[]).await;
}

async fn oidcc_max_age_1(variant: Variant) {
    let suite = Suite::open(variant).await;
    let first = suite.journey(&suite.client, &[]).await;
    suite.house.advance(Duration::from_secs(2)).await;
    let second = suite.journey(&suite.client, &[("max_age", "1")]).await;
    assert!(second.answered.asked_password);
    assert!(auth_time(&second) > auth_time(&first));
    suite.close().await;
}

async fn oidcc_max_age_10000(variant: Variant) {
    silently(variant, &[("max_age", "10000")], &[("max_age", "15000")]).await;
}

async fn oidcc_ensure_request_with_unknown_parameter_succeeds(variant: Variant) {
    happy(variant, &[("extra", "foobar")]).await;
}

async fn oidcc_id_token_hint(variant: Variant) {
    let suite = Suite::open(variant).await;
    let before = suite.journey(&suite.client, &[]).await;
    // The hint is taken though it has expired.
    suite.house.advance(Duration::from_mins(50)).await;
    suite.journey(&suite.client, &[("prompt", "none")]).await;
    suite.house.advance(Duration::from_mins(50)).await;
    let hint = before.tokens["id_token"].as_str().unwrap();
    let changes = [("prompt", "none"), ("id_token_hint", hint)];
    let after = suite.journey(&suite.client, &changes).await;
    assert_eq!(after.id_token["sub"], before.id_token["sub"]);
    assert_eq!(auth_time(&after), auth_time(&before));
    suite.close().await;
}

async fn oidcc_login_hint(variant: Variant) {
    happy(variant, &[("login_hint", "buffy@issuer.example")]).await;
}

async fn oidcc_ui_locales(variant: Variant) {
    happy(variant, &[("ui_locales", "se")]).await;
}

async fn oidcc_claims_locales(variant: Variant) {
    happy(variant, &[("claims_locales", "se")]).await;
}

async fn discovery(suite: &Suite) -> Value {
    let url = suite.house.url("/.well-known/openid-configuration");
    suite
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

async fn oidcc_ensure_request_with_acr_values_succeeds(variant: Variant) {
    let suite = Suite::open(variant).await;
    let metadata = discovery(&suite).await;
    let supported: Vec<&str> = metadata["acr_values_supported"]
        .as_array()
        .unwrap()
        .iter()
        .map(|acr| acr.as_str().unwrap())
        .collect();
    let asked = supported.join(" ");
    let journey = suite
        .journey(&suite.client, &[("acr_values", &asked)])
        .await;
    assert!(supported.contains(&journey.id_token["acr"].as_str().unwrap()));
    suite.close().await;
}

async fn reuse(variant: Variant, after: Duration) {
    let suite = Suite::open(variant).await;
    let journey = suite.journey(&suite.client, &[]).await;
    suite.house.advance(after).await;
    let again = suite.redeem(&suite.client, journey.answered.code()).await;
    assert_eq!(token_error(again).await, (400, "invalid_grant".to_owned()));
    let token = journey.tokens["access_token"].as_str().unwrap();
    let status = suite.userinfo(token).await.status();
    assert!(
        status.is_client_error(),
        "the first access token still works"
    );
    suite.close().await;
}

async fn oidcc_codereuse(variant: Variant) {
    reuse(variant, Duration::ZERO).await;
}

async fn oidcc_codereuse_30seconds(variant: Variant) {
    reuse(variant, Duration::from_secs(30)).await;
}

async fn oidcc_ensure_registered_redirect_uri(variant: Variant) {
    let suite = Suite::open(variant).await;
    let wrong = format!("{}/aB3dE6gH9k", suite.client.redirect_uri);
    let answered = suite
        .authorize(&suite.client, &[("redirect_uri", &wrong)])
        .await;
    assert!(answered.is_error_page());
    suite.close().await;
}

async fn oidcc_ensure_post_request_succeeds(variant: Variant) {
    let suite = Suite::open(variant).await;
    let pairs = suite.request(&suite.client, &[]);
    let form: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let page = suite.browser.post("/oauth2/authorize", &form).await;
    let answered = suite.go_on(page).await;
    suite.journey_from(&suite.client, &[], answered).await;
    suite.close().await;
}

async fn oidcc_server_client_secret_post(variant: Variant) {
    let suite = Suite::open(variant).await;
    let metadata = discovery(&suite).await;
    let methods = metadata["token_endpoint_auth_methods_supported"]
        .as_array()
        .unwrap();
    assert!(methods.contains(&json!("client_secret_post")));
    let client = Registered::of(
        &suite.house,
        json!({
            "require_pkce": false, "redirect_uris": [super::driver::CALLBACK],
            "token_endpoint_auth_method": "client_secret_post",
        }),
    )
    .await;
    suite.journey(&client, &[]).await;
    suite.close().await;
}

/// `alg: none`; the state is inside only.
fn unsigned_object(suite: &Suite, redirect_uri: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "client_id": suite.client.id, "response_type": "code", "scope": "openid",
        "redirect_uri": redirect_uri, "state": "inside", "nonce": "inside",
    });
    format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims))
}

async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    variant: Variant,
) {
    let suite = Suite::open(variant).await;
    // Discovery names algorithms without `none`, so the suite passes the module over; what it would
    // send must be refused and never ignored.
    let metadata = discovery(&suite).await;
    let algorithms = metadata["request_object_signing_alg_values_supported"]
        .as_array()
        .unwrap();
    assert!(!algorithms.contains(&json!("none")));
    let object = unsigned_object(&suite, &suite.client.redirect_uri);
    let changes = [("request", object.as_str()), ("state", "")];
    let answered = suite.authorize(&suite.client, &changes).await;
    assert_eq!(answered.error(), "invalid_request_object");
    suite.close().await;
}

async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    variant: Variant,
) {
    let suite = Suite::open(variant).await;
    assert_eq!(
        discovery(&suite).await["request_uri_parameter_supported"],
        false
    );
    let changes = [
        ("request_uri", "https://suite.example/request.jwt#1"),
        ("state", ""),
    ];
    let answered = suite.authorize(&suite.client, &changes).await;
    assert_eq!(answered.error(), "request_uri_not_supported");
    suite.close().await;
}

async fn oidcc_claims_essential(variant: Variant) {
    let suite = Suite::open(variant).await;
    let claims = r#"{"userinfo":{"name":{"essential":true}}}"#;
    let journey = suite.journey(&suite.client, &[("claims", claims)]).await;
    assert!(journey.userinfo["name"].is_string());
    assert_eq!(journey.id_token.get("name"), None);
    suite.close().await;
}

async fn oidcc_ensure_request_object_with_redirect_uri(variant: Variant) {
    let suite = Suite::open(variant).await;
    let object = unsigned_object(&suite, &suite.client.redirect_uri);
    let wrong = format!("{}_invalid", suite.client.redirect_uri);
    let changes = [("request", object.as_str()), ("redirect_uri", &wrong)];
    let answered = suite.authorize(&suite.client, &changes).await;
    assert!(answered.is_error_page(), "nothing may be redirected");
    suite.close().await;
}

async fn oidcc_refresh_token(variant: Variant) {
    let suite = Suite::open(variant).await;
    let changes = [("scope", "openid offline_access"), ("prompt", "consent")];
    let mut kept = Vec::new();
    for (client, scope) in [(&suite.client, true), (&suite.client2, false)] {
        let first = suite.journey(client, &changes).await;
        suite.house.advance(Duration::from_secs(2)).await;
        let token = first.tokens["refresh_token"]
            .as_str()
            .expect("a refresh token");
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        if scope {
            form.push(("scope", "openid offline_access"));
        }
        let got = checks::token_answer(suite.token(client, &form).await).await;
        let keys = checks::jwks(&suite.house).await;
        let again = checks::id_token(
            got["id_token"].as_str().unwrap(),
            &keys,
            &checks::Expected {
                issuer: &suite.house.issuer,
                audience: &client.id,
                nonce: None,
                access_token: got["access_token"].as_str(),
                now: super::driver::now(&suite.house),
            },
        );
        for name in ["iss", "sub", "aud", "auth_time", "azp"] {
            assert_eq!(again.get(name), first.id_token.get(name), "{name}");
        }
        assert_ne!(again["iat"], first.id_token["iat"]);
        let answer = suite.userinfo(got["access_token"].as_str().unwrap()).await;
        checks::userinfo(answer, &again).await;
        kept.push(token.to_owned());
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", kept[1].as_str()),
    ];
    let foreign = suite.token(&suite.client, &form).await;
    assert_eq!(
        token_error(foreign).await,
        (400, "invalid_grant".to_owned())
    );
    suite.close().await;
}

async fn oidcc_ensure_request_with_valid_pkce_succeeds(variant: Variant) {
    assert_eq!(VERIFIER.len(), 43);
    happy(
        variant,
        &[
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ],
    )
    .await;
}
