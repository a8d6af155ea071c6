use std::time::Duration;

use serde_json::{Value, json};

use super::bank::{Bank, Kind, RESOURCE};
use super::modules;
use crate::conformance::{checks, plain};

modules! {
    discovery_end_point_verification;
    happy_flow;
    user_rejects_authentication;
    ensure_authorization_request_without_state_success;
    ensure_authorization_request_without_nonce_success;
    ensure_authorization_request_with_64_char_nonce_success;
    ensure_authorization_request_with_long_nonce;
    ensure_authorization_request_with_long_state;
    ensure_other_scope_order_succeeds;
    refresh_token;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn test_claims_parameter_identity_claims() {
    let bank = Bank::open(Kind::OpenId).await;
    let claims = r#"{"userinfo":{"name":null,"unknown_claim":null},"id_token":{"email":null}}"#;
    let handle = bank
        .handle(bank.push(&bank.one, &[("claims", claims)]).await)
        .await;
    let answered = bank.visit(&bank.one, &handle).await;
    let tokens = checks::token_answer(bank.redeem(&bank.one, answered.code()).await).await;
    let token = tokens["access_token"].as_str().unwrap();
    let proof = bank.resource_proof(&bank.one.proof_key, token, &json!({}));
    let userinfo: Value = bank
        .resource("DPoP", token, &[proof])
        .await
        .json()
        .await
        .unwrap();
    assert!(userinfo["name"].is_string());
    let id_token = crate::support::signing::payload(tokens["id_token"].as_str().unwrap());
    assert!(id_token["email"].is_string());
    bank.close().await;
}

async fn discovery_end_point_verification(kind: Kind) {
    let bank = Bank::open(kind).await;
    let document = plain::config::discovery(&bank.suite).await;
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert!(document["pushed_authorization_request_endpoint"].is_string());
    for name in [
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
        "request_object_signing_alg_values_supported",
        "authorization_signing_alg_values_supported",
        "userinfo_signing_alg_values_supported",
    ] {
        let list = document[name].as_array().unwrap();
        assert!(
            list.contains(&json!("PS256")) && list.contains(&json!("ES256")),
            "{name}"
        );
    }
    assert!(
        document["response_modes_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("jwt"))
    );
    bank.close().await;
}

async fn happy_flow(kind: Kind) {
    let bank = Bank::open(kind).await;
    let (_, first) = bank.journey(&bank.one, &[]).await;
    let state = "-._~".repeat(32);
    let nonce = "n".repeat(43);
    let jkt = super::bank::thumbprint(&bank.two.proof_key);
    let mut changes = vec![("state", state.as_str()), ("dpop_jkt", &jkt)];
    if kind == Kind::OpenId {
        changes.push(("nonce", &nonce));
    }
    let (answered, second) = bank.journey(&bank.two, &changes).await;
    assert_eq!(answered.get("dummy1"), Some("lorem"));
    assert_eq!(answered.get("dummy2"), Some("ipsum"));
    assert_ne!(first["access_token"], second["access_token"]);
    // The second client's token with the first client's key.
    let token = second["access_token"].as_str().unwrap();
    let proof = bank.resource_proof(&bank.one.proof_key, token, &json!({}));
    let status = bank.resource("DPoP", token, &[proof]).await.status();
    assert!(status.is_client_error());
    let in_query = bank
        .suite
        .http
        .get(format!("{}?access_token={token}", bank.at(RESOURCE.1)));
    assert!(in_query.send().await.unwrap().status().is_client_error());
    bank.close().await;
}

async fn user_rejects_authentication(kind: Kind) {
    let bank = Bank::open(kind).await;
    for party in [&bank.one, &bank.two] {
        let handle = bank.handle(bank.push(party, &[]).await).await;
        let browser = &bank.suite.browser;
        let mut page = browser.get(&bank.link(&party.id, &handle)).await;
        if page.location().starts_with("/login") {
            page = browser
                .sign_in(&bank.suite.house, &bank.link(&party.id, &handle))
                .await;
        }
        let consent = browser.get(page.location()).await;
        let form = [("csrf", &*consent.hidden("csrf")), ("decision", "deny")];
        let refused = browser.post("/consent", &form).await;
        assert_eq!(refused.answer("error").as_deref(), Some("access_denied"));
        assert_eq!(refused.answer("state").as_deref(), Some("aB3dE6gH9k"));
        assert_eq!(refused.answer("iss").as_deref(), Some(bank.issuer()));
    }
    bank.close().await;
}

async fn happy(kind: Kind, changes: &[(&str, &str)]) {
    let bank = Bank::open(kind).await;
    bank.journey(&bank.one, changes).await;
    bank.close().await;
}

async fn ensure_authorization_request_without_state_success(kind: Kind) {
    happy(kind, &[("state", "")]).await;
}

async fn ensure_authorization_request_without_nonce_success(kind: Kind) {
    happy(kind, &[("nonce", "")]).await;
}

async fn ensure_authorization_request_with_64_char_nonce_success(kind: Kind) {
    happy(kind, &[("nonce", &"n".repeat(64))]).await;
}

async fn ensure_authorization_request_with_long_nonce(kind: Kind) {
    happy(kind, &[("nonce", &"n".repeat(384))]).await;
}

async fn ensure_authorization_request_with_long_state(kind: Kind) {
    happy(kind, &[("state", &"s-._~".repeat(200))]).await;
}

async fn ensure_other_scope_order_succeeds(kind: Kind) {
    let scope = match kind {
        Kind::OpenId => "accounts openid",
        Kind::OAuth => "email accounts",
    };
    happy(kind, &[("scope", scope)]).await;
}

async fn refresh_token(kind: Kind) {
    let bank = Bank::open(kind).await;
    let (_, tokens) = bank.journey(&bank.one, &[]).await;
    let refresh = tokens["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    let form = |assertion: Option<String>| {
        let mut form = vec![
            ("grant_type".to_owned(), "refresh_token".to_owned()),
            ("refresh_token".to_owned(), refresh.clone()),
            ("client_id".to_owned(), bank.one.id.clone()),
        ];
        form.extend(assertion.into_iter().flat_map(super::bank::proving));
        form
    };
    let assertion = || Some(bank.assertion(&bank.one, &json!({})));
    // A confidential client may come with a new key, and its token works again half a minute later.
    let other = crate::support::client_keys::ClientKey::generate("ES256", "new");
    for _ in 0..2 {
        let proof = bank.proof(&other, super::bank::TOKEN, &json!({}));
        let answer = bank
            .send("/oauth2/token", &form(assertion()), Some(proof))
            .await;
        let got = checks::token_answer(answer).await;
        bank.resource_works(&bank.one, got["access_token"].as_str().unwrap(), &other)
            .await;
        bank.suite.house.advance(Duration::from_secs(30)).await;
    }
    let proof = || Some(bank.proof(&other, super::bank::TOKEN, &json!({})));
    let bare = bank.send("/oauth2/token", &form(None), proof()).await;
    super::bank::refused(
        bare,
        &["invalid_client", "invalid_grant", "invalid_request"],
    )
    .await;
    let unbound = bank.send("/oauth2/token", &form(assertion()), None).await;
    super::bank::refused(
        unbound,
        &["invalid_dpop_proof", "invalid_request", "invalid_grant"],
    )
    .await;
    let mut foreign = form(Some(bank.assertion(&bank.two, &json!({}))));
    foreign.retain(|(name, _)| name != "client_id");
    let foreign = bank.send("/oauth2/token", &foreign, proof()).await;
    super::bank::refused(foreign, &["invalid_grant"]).await;
    bank.close().await;
}
