//! FAPI 2.0 Message Signing: signed requests (JAR) and signed answers (JARM).

use serde_json::{Value, json};

use super::bank::{Bank, Kind, refused};
use super::modules;
use crate::support::client_keys::ClientKey;

modules! {
    happy_flow;
    ensure_request_object_with_multiple_aud_succeeds;
    ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted;
    ensure_request_object_without_exp_fails;
    ensure_request_object_without_nbf_fails;
    ensure_expired_request_object_fails;
    ensure_request_object_with_bad_aud_fails;
    ensure_request_object_with_exp_over_60_fails;
    ensure_request_object_with_nbf_over_60_fails;
    ensure_signed_request_object_with_rs256_fails;
    ensure_request_object_signature_algorithm_is_not_none;
    ensure_request_object_with_invalid_signature_fails;
    ensure_matching_key_in_authorization_request;
    par_authorization_request_containing_request_uri;
    ensure_unsigned_request_at_par_endpoint_fails;
}

const PROFILE: &str = "fapi2_message_signing";

async fn happy_flow(kind: Kind) {
    let bank = Bank::of_profile(kind, PROFILE).await;
    bank.journey(&bank.one, &[]).await;
    bank.journey(&bank.two, &[]).await;
    bank.close().await;
}

/// Pushes what `object` makes of the claims of a good request object.
async fn pushed(kind: Kind, object: impl Fn(&Bank, Value) -> String, accepted: bool) {
    let bank = Bank::of_profile(kind, PROFILE).await;
    let pairs = bank.request(&bank.one, &[]);
    let claims = bank.object(&bank.one, &pairs, &json!({}));
    let pairs = vec![("request".to_owned(), object(&bank, claims))];
    let answer = bank.push_pairs(&bank.one, pairs, None).await;
    if accepted {
        let handle = bank.handle(answer).await;
        assert!(!bank.visit(&bank.one, &handle).await.code().is_empty());
    } else {
        refused(answer, &["invalid_request_object"]).await;
    }
    bank.close().await;
}

async fn with_claims(kind: Kind, changes: impl Fn(&Bank) -> Value, accepted: bool) {
    let object = |bank: &Bank, claims: Value| {
        bank.one
            .key
            .signed(&super::bank::changed(claims, &changes(bank)))
    };
    pushed(kind, object, accepted).await;
}

async fn ensure_request_object_with_multiple_aud_succeeds(kind: Kind) {
    with_claims(
        kind,
        |bank| json!({"aud": [bank.issuer(), "https://other.example"]}),
        true,
    )
    .await;
}

async fn ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(kind: Kind) {
    with_claims(kind, |bank| json!({"nbf": bank.now() + 8}), true).await;
}

async fn ensure_request_object_without_exp_fails(kind: Kind) {
    with_claims(kind, |_| json!({"exp": null}), false).await;
}

async fn ensure_request_object_without_nbf_fails(kind: Kind) {
    with_claims(kind, |_| json!({"nbf": null}), false).await;
}

async fn ensure_expired_request_object_fails(kind: Kind) {
    with_claims(kind, |bank| json!({"exp": bank.now() - 1}), false).await;
}

async fn ensure_request_object_with_bad_aud_fails(kind: Kind) {
    with_claims(kind, |_| json!({"aud": "https://other.example"}), false).await;
}

async fn ensure_request_object_with_exp_over_60_fails(kind: Kind) {
    with_claims(kind, |bank| json!({"exp": bank.now() + 70 * 60}), false).await;
}

async fn ensure_request_object_with_nbf_over_60_fails(kind: Kind) {
    with_claims(kind, |bank| json!({"nbf": bank.now() - 70 * 60}), false).await;
}

async fn ensure_signed_request_object_with_rs256_fails(kind: Kind) {
    let object = |bank: &Bank, claims: Value| {
        ClientKey::generate("RS256", &bank.one.key.kid).signed(&claims)
    };
    pushed(kind, object, false).await;
}

async fn ensure_request_object_signature_algorithm_is_not_none(kind: Kind) {
    let object = |bank: &Bank, claims: Value| {
        let signed = bank.one.key.sign(&json!({"alg": "none"}), &claims);
        format!("{}.", signed.rsplit_once('.').unwrap().0)
    };
    pushed(kind, object, false).await;
}

async fn ensure_request_object_with_invalid_signature_fails(kind: Kind) {
    let object = |bank: &Bank, claims: Value| {
        let signed = bank.one.key.signed(&claims);
        format!("{}.{}", signed.rsplit_once('.').unwrap().0, "A".repeat(342))
    };
    pushed(kind, object, false).await;
}

async fn ensure_matching_key_in_authorization_request(kind: Kind) {
    let object = |bank: &Bank, claims: Value| bank.two.key.signed(&claims);
    pushed(kind, object, false).await;
}

async fn par_authorization_request_containing_request_uri(kind: Kind) {
    with_claims(kind, |_| json!({"request_uri": "urn:x"}), false).await;
}

async fn ensure_unsigned_request_at_par_endpoint_fails(kind: Kind) {
    let bank = Bank::of_profile(kind, PROFILE).await;
    let pairs = bank.request(&bank.one, &[]);
    refused(
        bank.push_pairs(&bank.one, pairs, None).await,
        &["invalid_request"],
    )
    .await;
    bank.close().await;
}
