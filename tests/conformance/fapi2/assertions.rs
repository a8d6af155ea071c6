use serde_json::{Value, json};

use super::bank::{Bank, Kind, PAR, TOKEN, proving, refused};
use super::modules;
use crate::support::client_keys::ClientKey;

modules! {
    ensure_signed_client_assertion_with_rs256_fails;
    ensure_client_assertion_in_token_endpoint;
    ensure_client_assertion_with_exp_is_5_minutes_in_past_fails;
    ensure_client_assertion_with_wrong_aud_fails;
    ensure_client_assertion_with_no_sub_fails;
    par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted;
    par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails;
    par_test_array_as_audience_fails;
    par_test_par_endpoint_url_as_audience_fails;
    par_test_token_endpoint_url_as_audience_fails;
}

const ALLOWED: [&str; 2] = ["invalid_client", "invalid_request"];

/// A token request whose assertion is made by `assertion`.
async fn at_token(kind: Kind, assertion: impl Fn(&Bank) -> Option<String>) {
    let bank = Bank::open(kind).await;
    let answered = bank.authorize(&bank.one, &[]).await;
    let mut form = bank.redemption(&bank.one, answered.code());
    form.retain(|(name, _)| !name.starts_with("client_assertion"));
    form.extend(assertion(&bank).into_iter().flat_map(proving));
    let proof = bank.proof(&bank.one.proof_key, TOKEN, &json!({}));
    let answer = bank.send("/oauth2/token", &form, Some(proof)).await;
    refused(answer, &ALLOWED).await;
    bank.close().await;
}

async fn ensure_signed_client_assertion_with_rs256_fails(kind: Kind) {
    at_token(kind, |bank| {
        let key = ClientKey::generate("RS256", &bank.one.key.kid);
        Some(key.signed(&bank.assertion_claims(&bank.one, &json!({}))))
    })
    .await;
}

async fn ensure_client_assertion_in_token_endpoint(kind: Kind) {
    at_token(kind, |_| None).await;
}

async fn ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(kind: Kind) {
    at_token(kind, |bank| {
        let past = json!({"exp": bank.now() - 300});
        Some(bank.assertion(&bank.one, &past))
    })
    .await;
}

async fn ensure_client_assertion_with_wrong_aud_fails(kind: Kind) {
    at_token(kind, |bank| {
        Some(bank.assertion(&bank.one, &json!({"aud": "https://other.example"})))
    })
    .await;
}

async fn ensure_client_assertion_with_no_sub_fails(kind: Kind) {
    at_token(kind, |bank| {
        Some(bank.assertion(&bank.one, &json!({"sub": null})))
    })
    .await;
}

/// A pushed request whose assertion has changes.
async fn at_par(kind: Kind, changes: impl Fn(&Bank) -> Value, accepted: bool) {
    let bank = Bank::open(kind).await;
    let mut form = bank.pushable(&bank.one, &[]);
    form.push(("client_id".to_owned(), bank.one.id.clone()));
    form.extend(proving(bank.assertion(&bank.one, &changes(&bank))));
    let answer = bank.send(PAR.1, &form, None).await;
    if accepted {
        bank.handle(answer).await;
    } else {
        refused(answer, &ALLOWED).await;
    }
    bank.close().await;
}

async fn par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(kind: Kind) {
    at_par(
        kind,
        |bank| json!({"nbf": bank.now() + 8, "iat": bank.now() + 8}),
        true,
    )
    .await;
}

async fn par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(kind: Kind) {
    at_par(
        kind,
        |bank| json!({"nbf": bank.now() + 65, "exp": bank.now() + 120}),
        false,
    )
    .await;
}

async fn par_test_array_as_audience_fails(kind: Kind) {
    at_par(
        kind,
        |bank| json!({"aud": [bank.issuer(), bank.at("/oauth2/token")]}),
        false,
    )
    .await;
}

async fn par_test_par_endpoint_url_as_audience_fails(kind: Kind) {
    at_par(kind, |bank| json!({"aud": bank.at("/oauth2/par")}), false).await;
}

async fn par_test_token_endpoint_url_as_audience_fails(kind: Kind) {
    at_par(kind, |bank| json!({"aud": bank.at("/oauth2/token")}), false).await;
}
