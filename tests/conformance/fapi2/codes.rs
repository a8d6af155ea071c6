use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use super::bank::{Bank, Kind, TOKEN, proving, refused};
use super::modules;

modules! {
    ensure_authorization_code_is_bound_to_client;
    attempt_reuse_authorization_code_after_one_second;
    ensure_token_endpoint_fails_with_expired_auth_code;
    ensure_pkce_code_verifier_required;
    incorrect_pkce_code_verifier_rejected;
    ensure_client_id_in_token_endpoint;
}

async fn ensure_authorization_code_is_bound_to_client(kind: Kind) {
    let bank = Bank::open(kind).await;
    let answered = bank.authorize(&bank.one, &[]).await;
    refused(
        bank.redeem(&bank.two, answered.code()).await,
        &["invalid_grant"],
    )
    .await;
    bank.close().await;
}

async fn attempt_reuse_authorization_code_after_one_second(kind: Kind) {
    let bank = Bank::open(kind).await;
    let (answered, tokens) = bank.journey(&bank.one, &[]).await;
    bank.suite.house.advance(Duration::from_secs(1)).await;
    refused(
        bank.redeem(&bank.one, answered.code()).await,
        &["invalid_grant"],
    )
    .await;
    if kind == Kind::OpenId {
        let token = tokens["access_token"].as_str().unwrap();
        let proof = bank.resource_proof(&bank.one.proof_key, token, &json!({}));
        let answer = bank.resource("DPoP", token, &[proof]).await;
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "what the code gave has ended"
        );
    }
    bank.close().await;
}

async fn ensure_token_endpoint_fails_with_expired_auth_code(kind: Kind) {
    let bank = Bank::open(kind).await;
    let answered = bank.authorize(&bank.one, &[]).await;
    bank.suite.house.advance(Duration::from_secs(62)).await;
    refused(
        bank.redeem(&bank.one, answered.code()).await,
        &["invalid_grant"],
    )
    .await;
    bank.close().await;
}

async fn with_verifier(kind: Kind, verifier: Option<&str>) {
    let bank = Bank::open(kind).await;
    let answered = bank.authorize(&bank.one, &[]).await;
    let mut form = bank.redemption(&bank.one, answered.code());
    form.retain(|(name, _)| name != "code_verifier");
    form.extend(verifier.map(|text| ("code_verifier".to_owned(), text.to_owned())));
    let proof = bank.proof(&bank.one.proof_key, TOKEN, &json!({}));
    let answer = bank.send("/oauth2/token", &form, Some(proof)).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    refused(answer, &["invalid_grant"]).await;
    bank.close().await;
}

async fn ensure_pkce_code_verifier_required(kind: Kind) {
    with_verifier(kind, None).await;
}

async fn incorrect_pkce_code_verifier_rejected(kind: Kind) {
    with_verifier(kind, Some(&"w".repeat(43))).await;
}

async fn ensure_client_id_in_token_endpoint(kind: Kind) {
    let bank = Bank::open(kind).await;
    let answered = bank.authorize(&bank.one, &[]).await;
    let mut form = bank.redemption(&bank.two, answered.code());
    form.retain(|(name, _)| !name.starts_with("client_assertion"));
    form.extend(proving(bank.assertion(&bank.one, &json!({}))));
    let proof = bank.proof(&bank.one.proof_key, TOKEN, &json!({}));
    let answer = bank.send("/oauth2/token", &form, Some(proof)).await;
    refused(answer, &["invalid_client", "invalid_grant"]).await;
    bank.close().await;
}
