use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::bank::{Bank, Kind, PAR, TOKEN, changed, proof_header, refused, thumbprint};
use super::modules;
use crate::conformance::checks;
use crate::support::client_keys::ClientKey;

modules! {
    ensure_dpopproof_with_iat_10seconds_before_succeeds;
    ensure_dpopproof_with_iat_10seconds_after_succeeds;
    check_dpop_proof_nbf_exp;
    ensure_mismatched_dpop_jkt_fails;
    ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt;
    ensure_token_endpoint_fails_with_mismatched_dpop_jkt;
    ensure_dpopproof_at_par_endpoint_binding_success;
    ensure_dpop_auth_code_binding_success;
    ensure_holder_of_key_required;
}

/// A flow whose proofs at the three endpoints have these changes.
async fn with_proofs(kind: Kind, changes: &Value) {
    let bank = Bank::open(kind).await;
    let party = &bank.one;
    let proof = bank.proof(&party.proof_key, PAR, changes);
    let pushed = bank
        .push_pairs(party, bank.pushable(party, &[]), Some(proof))
        .await;
    let answered = bank.visit(party, &bank.handle(pushed).await).await;
    let proof = bank.proof(&party.proof_key, TOKEN, changes);
    let form = bank.redemption(party, answered.code());
    let answer = bank.send("/oauth2/token", &form, Some(proof)).await;
    let tokens = checks::token_answer(answer).await;
    if kind == Kind::OpenId {
        let token = tokens["access_token"].as_str().unwrap();
        let proof = bank.resource_proof(&party.proof_key, token, changes);
        let answer = bank.resource("DPoP", token, &[proof]).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    bank.close().await;
}

fn soon() -> i64 {
    use sekisho_model::Clock as _;
    sekisho_model::SystemClock.now().seconds()
}

async fn ensure_dpopproof_with_iat_10seconds_before_succeeds(kind: Kind) {
    with_proofs(kind, &json!({"iat": soon() - 8})).await;
}

async fn ensure_dpopproof_with_iat_10seconds_after_succeeds(kind: Kind) {
    with_proofs(kind, &json!({"iat": soon() + 7})).await;
}

async fn check_dpop_proof_nbf_exp(kind: Kind) {
    with_proofs(kind, &json!({"nbf": soon() - 10, "exp": soon() + 300})).await;
}

async fn ensure_mismatched_dpop_jkt_fails(kind: Kind) {
    let bank = Bank::open(kind).await;
    let other = thumbprint(&bank.two.proof_key);
    let pairs = bank.pushable(&bank.one, &[("dpop_jkt", &other)]);
    let proof = bank.proof(&bank.one.proof_key, PAR, &json!({}));
    let answer = bank.push_pairs(&bank.one, pairs, Some(proof)).await;
    refused(answer, &["invalid_request", "invalid_dpop_proof"]).await;
    bank.close().await;
}

/// The code is bound at the pushed request; the token request comes with `key`.
async fn bound_by(kind: Kind, by_header: bool, own_key: bool) {
    let bank = Bank::open(kind).await;
    let party = &bank.one;
    let jkt = thumbprint(&party.proof_key);
    let changes = [("dpop_jkt", jkt.as_str())];
    let (pairs, proof) = if by_header {
        let proof = bank.proof(&party.proof_key, PAR, &json!({}));
        (bank.pushable(party, &[]), Some(proof))
    } else {
        (bank.pushable(party, &changes), None)
    };
    let pushed = bank.push_pairs(party, pairs, proof).await;
    let answered = bank.visit(party, &bank.handle(pushed).await).await;
    let key = if own_key {
        &party.proof_key
    } else {
        &bank.two.proof_key
    };
    let proof = bank.proof(key, TOKEN, &json!({}));
    let form = bank.redemption(party, answered.code());
    let answer = bank.send("/oauth2/token", &form, Some(proof)).await;
    if own_key {
        checks::token_answer(answer).await;
    } else {
        refused(
            answer,
            &["invalid_grant", "invalid_request", "invalid_dpop_proof"],
        )
        .await;
    }
    bank.close().await;
}

async fn ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(kind: Kind) {
    bound_by(kind, true, false).await;
}

async fn ensure_token_endpoint_fails_with_mismatched_dpop_jkt(kind: Kind) {
    bound_by(kind, false, false).await;
}

async fn ensure_dpopproof_at_par_endpoint_binding_success(kind: Kind) {
    bound_by(kind, true, true).await;
}

async fn ensure_dpop_auth_code_binding_success(kind: Kind) {
    bound_by(kind, false, true).await;
}

async fn ensure_holder_of_key_required(kind: Kind) {
    let bank = Bank::open(kind).await;
    let answered = bank.authorize(&bank.one, &[]).await;
    let form = bank.redemption(&bank.one, answered.code());
    let answer = bank.send("/oauth2/token", &form, None).await;
    refused(
        answer,
        &["invalid_dpop_proof", "invalid_request", "invalid_grant"],
    )
    .await;
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_token_type_header_case_sensitivity() {
    let bank = Bank::open(Kind::OpenId).await;
    let (_, tokens) = bank.journey(&bank.one, &[]).await;
    let token = tokens["access_token"].as_str().unwrap();
    for scheme in ["dPOP", "dpop", "DPOP"] {
        let proof = bank.resource_proof(&bank.one.proof_key, token, &json!({}));
        let answer = bank.resource(scheme, token, &[proof]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{scheme}");
    }
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dpop_negative_tests() {
    let bank = Bank::open(Kind::OpenId).await;
    let (_, tokens) = bank.journey(&bank.one, &[]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let key = &bank.one.proof_key;
    let good = |changes: &Value| bank.resource_proof(key, token, changes);
    let mut bad: Vec<(String, Vec<String>)> = vec![
        (
            "two proofs".to_owned(),
            vec![good(&json!({})), good(&json!({}))],
        ),
        ("not a JWT".to_owned(), vec!["x.y".to_owned()]),
        ("no proof".to_owned(), vec![]),
        (
            "another key".to_owned(),
            vec![bank.resource_proof(&bank.two.proof_key, token, &json!({}))],
        ),
    ];
    for change in [
        json!({"jti": null}),
        json!({"htm": null}),
        json!({"htu": null}),
        json!({"iat": null}),
        json!({"ath": null}),
        json!({"htm": "POST"}),
        json!({"htu": "https://other.example/oauth2/userinfo"}),
        json!({"iat": bank.now() - 3600}),
        json!({"iat": bank.now() + 3600}),
        json!({"ath": "wrong"}),
    ] {
        bad.push((change.to_string(), vec![good(&change)]));
    }
    let claims = crate::support::signing::payload(&good(&json!({})));
    let private = changed(proof_header(key)["jwk"].clone(), &json!({"d": "AAAA"}));
    for header in [
        changed(proof_header(key), &json!({"typ": null})),
        changed(proof_header(key), &json!({"typ": "JWT"})),
        changed(proof_header(key), &json!({"alg": null})),
        changed(proof_header(key), &json!({"alg": "none"})),
        changed(proof_header(key), &json!({"alg": "RS256"})),
        changed(proof_header(key), &json!({"jwk": null})),
        changed(proof_header(key), &json!({"jwk": private})),
    ] {
        bad.push((header.to_string(), vec![key.sign(&header, &claims)]));
    }
    let whole = good(&json!({}));
    let forged = format!("{}.{}", whole.rsplit_once('.').unwrap().0, "A".repeat(86));
    bad.push(("bad signature".to_owned(), vec![forged]));
    let used = good(&json!({}));
    assert_eq!(
        bank.resource("DPoP", token, std::slice::from_ref(&used))
            .await
            .status(),
        StatusCode::OK
    );
    bad.push(("repeated jti".to_owned(), vec![used]));
    for (what, proofs) in &bad {
        let status = bank.resource("DPoP", token, proofs).await.status();
        assert!(
            status == StatusCode::BAD_REQUEST || status == StatusCode::UNAUTHORIZED,
            "{what}: {status}"
        );
    }
    let proof = good(&json!({}));
    let status = bank.resource("Bearer", token, &[proof]).await.status();
    assert!(status == StatusCode::BAD_REQUEST || status == StatusCode::UNAUTHORIZED);
    let url = bank.at("/oauth2/userinfo");
    let port = url.rsplit(':').next().unwrap().to_owned();
    for change in [
        json!({"htu": format!("{url}?a=b#c")}),
        json!({"htu": url.replace("http:", "HTTP:")}),
        json!({"extra": {"a": 1}}),
    ] {
        let status = bank
            .resource("DPoP", token, &[good(&change)])
            .await
            .status();
        assert_eq!(status, StatusCode::OK, "{change} {port}");
    }
    bank.suite.house.advance(Duration::from_secs(1)).await;
    let _key: &ClientKey = key;
    bank.close().await;
}
