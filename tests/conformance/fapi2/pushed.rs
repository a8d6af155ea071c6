use std::time::Duration;

use serde_json::json;

use super::bank::{Bank, Kind, refused};
use super::modules;
use crate::conformance::driver::encoded;

modules! {
    ensure_different_nonce_inside_and_outside_request_object;
    ensure_different_state_inside_and_outside_request_object;
    state_only_outside_request_object_not_used;
    ensure_request_object_without_redirect_uri_fails;
    ensure_redirect_uri_in_authorization_request;
    plain_fapi_tolerate_unregistered_redirect_uri;
    ensure_unsigned_authorization_request_without_using_par_fails;
    ensure_response_type_code_idtoken_fails;
    ensure_response_type_token_fails;
    par_ensure_reused_request_uri_prior_to_auth_completion_succeeds;
    par_attempt_reuse_request_uri;
    par_attempt_to_use_expired_request_uri;
    par_attempt_to_use_request_uri_for_different_client;
    par_authorization_request_containing_request_uri_form_param;
    par_attempt_invalid_http_method;
    par_ensure_pkce_required;
    par_plain_pkce_rejected;
    par_without_duplicate_parameters;
}

async fn outside(kind: Kind, pushed: &[(&str, &str)], outside: &str, state: Option<&str>) {
    let bank = Bank::open(kind).await;
    let handle = bank.handle(bank.push(&bank.one, pushed).await).await;
    let link = format!("{}&{outside}", bank.link(&bank.one.id, &handle));
    let answered = bank.suite.visit(&link).await;
    assert_eq!(answered.get("state"), state, "what was pushed counts");
    let tokens = bank.redeem(&bank.one, answered.code()).await;
    let tokens = crate::conformance::checks::token_answer(tokens).await;
    if kind == Kind::OpenId {
        let id_token = crate::support::signing::payload(tokens["id_token"].as_str().unwrap());
        assert_eq!(id_token["nonce"], "nO1cE2vA3l");
    }
    bank.close().await;
}

async fn ensure_different_nonce_inside_and_outside_request_object(kind: Kind) {
    outside(kind, &[], "nonce=other", Some("aB3dE6gH9k")).await;
}

async fn ensure_different_state_inside_and_outside_request_object(kind: Kind) {
    outside(kind, &[], "state=other", Some("aB3dE6gH9k")).await;
}

async fn state_only_outside_request_object_not_used(kind: Kind) {
    outside(kind, &[("state", "")], "state=other", None).await;
}

async fn push_refused(kind: Kind, changes: &[(&str, &str)], allowed: &[&str]) {
    let bank = Bank::open(kind).await;
    refused(bank.push(&bank.one, changes).await, allowed).await;
    bank.close().await;
}

async fn ensure_request_object_without_redirect_uri_fails(kind: Kind) {
    push_refused(kind, &[("redirect_uri", "")], &["invalid_request"]).await;
}

async fn ensure_redirect_uri_in_authorization_request(kind: Kind) {
    push_refused(kind, &[("redirect_uri", "")], &["invalid_request"]).await;
}

async fn plain_fapi_tolerate_unregistered_redirect_uri(kind: Kind) {
    let other = [("redirect_uri", "https://suite.example/other")];
    push_refused(kind, &other, &["invalid_request"]).await;
}

async fn ensure_unsigned_authorization_request_without_using_par_fails(kind: Kind) {
    let bank = Bank::open(kind).await;
    let mut pairs = bank.request(&bank.one, &[]);
    pairs.push(("client_id".to_owned(), bank.one.id.clone()));
    let link = format!("/oauth2/authorize?{}", encoded(&pairs));
    let answered = bank.suite.visit(&link).await;
    assert_eq!(answered.error(), "invalid_request");
    bank.close().await;
}

async fn ensure_response_type_code_idtoken_fails(kind: Kind) {
    let change = [("response_type", "code id_token")];
    push_refused(kind, &change, &["unsupported_response_type"]).await;
}

async fn ensure_response_type_token_fails(kind: Kind) {
    let change = [("response_type", "token")];
    push_refused(kind, &change, &["unsupported_response_type"]).await;
}

async fn par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(kind: Kind) {
    let bank = Bank::open(kind).await;
    let handle = bank.handle(bank.push(&bank.one, &[]).await).await;
    let link = bank.link(&bank.one.id, &handle);
    let first = bank.suite.browser.get(&link).await;
    assert!(first.location().starts_with("/login"));
    let answered = bank.visit(&bank.one, &handle).await;
    assert!(!answered.code().is_empty());
    bank.close().await;
}

async fn par_attempt_reuse_request_uri(kind: Kind) {
    let bank = Bank::open(kind).await;
    let handle = bank.handle(bank.push(&bank.one, &[]).await).await;
    assert!(!bank.visit(&bank.one, &handle).await.code().is_empty());
    assert!(bank.visit(&bank.one, &handle).await.is_error_page());
    bank.close().await;
}

async fn par_attempt_to_use_expired_request_uri(kind: Kind) {
    let bank = Bank::open(kind).await;
    let handle = bank.handle(bank.push(&bank.one, &[]).await).await;
    bank.suite.house.advance(Duration::from_secs(61)).await;
    assert!(bank.visit(&bank.one, &handle).await.is_error_page());
    bank.close().await;
}

async fn par_attempt_to_use_request_uri_for_different_client(kind: Kind) {
    let bank = Bank::open(kind).await;
    let handle = bank.handle(bank.push(&bank.one, &[]).await).await;
    assert!(bank.visit(&bank.two, &handle).await.is_error_page());
    assert!(!bank.visit(&bank.one, &handle).await.code().is_empty());
    bank.close().await;
}

async fn par_authorization_request_containing_request_uri_form_param(kind: Kind) {
    let change = [("request_uri", "urn:ietf:params:oauth:request_uri:x")];
    push_refused(kind, &change, &["invalid_request"]).await;
}

async fn par_attempt_invalid_http_method(kind: Kind) {
    let bank = Bank::open(kind).await;
    let answer = bank.suite.http.put(bank.at("/oauth2/par")).json(&json!({}));
    assert_eq!(answer.send().await.unwrap().status(), 405);
    bank.close().await;
}

async fn par_ensure_pkce_required(kind: Kind) {
    let change = [("code_challenge", ""), ("code_challenge_method", "")];
    push_refused(kind, &change, &["invalid_request"]).await;
}

async fn par_plain_pkce_rejected(kind: Kind) {
    let change = [("code_challenge_method", "plain")];
    push_refused(kind, &change, &["invalid_request"]).await;
}

async fn par_without_duplicate_parameters(kind: Kind) {
    let bank = Bank::open(kind).await;
    // The link holds `client_id` and `request_uri` and nothing else.
    bank.journey(&bank.one, &[]).await;
    bank.close().await;
}
