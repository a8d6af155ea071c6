//! Introspection: what it says, to whom, and signed.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::house::TestHouse;
use crate::tokens::{App, body, with_code};

const SIGNED: &str = "application/token-introspection+jwt";

async fn ask(house: &TestHouse, who: &App, form: &[(&str, &str)], accept: &str) -> Response {
    let request = who
        .http
        .post(house.url("/oauth2/introspect"))
        .header("accept", accept)
        .basic_auth(&who.id, who.secret.as_ref());
    request.form(form).send().await.unwrap()
}

/// Verifies a signed answer against the published keys: its header and its claims.
async fn verified(house: &TestHouse, response: Response, audience: &str) -> (Value, Value) {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], SIGNED);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let jwt = response.text().await.unwrap();
    let keys: JwkSet = reqwest::get(house.url("/oauth2/jwks"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let header = jsonwebtoken::decode_header(&jwt).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[audience]);
    rules.set_issuer(&[&house.issuer]);
    rules.set_required_spec_claims(&["iss", "aud"]);
    rules.validate_exp = false;
    let key = DecodingKey::from_jwk(key).unwrap();
    let token = jsonwebtoken::decode::<Value>(&jwt, &key, &rules).unwrap();
    (serde_json::to_value(token.header).unwrap(), token.claims)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_01_in_03_an_api_learns_what_the_token_is_for_and_how_well_the_person_signed_in() {
    let (house, app, code) = with_code(json!({"default_resource": "https://api.example"})).await;
    let api = App::of(&house, json!({"default_resource": "https://api.example"})).await;
    let other = App::of(&house, json!({"default_resource": "https://other.example"})).await;
    let tokens = body(app.redeem(&code).await).await;
    let form = [("token", tokens["access_token"].as_str().unwrap())];
    let answer = body(ask(&house, &api, &form, "application/json").await).await;
    assert_eq!(answer["active"], true);
    assert_eq!(answer["acr"], "urn:sekisho:acr:password-code");
    assert!(answer["auth_time"].is_i64(), "{answer}");
    for absent in ["username", "cnf", "act", "authorization_details", "email"] {
        assert!(answer.get(absent).is_none(), "{absent}");
    }
    let stranger = ask(&house, &other, &form, "application/json").await;
    assert_eq!(stranger.text().await.unwrap(), r#"{"active":false}"#);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9701_an_answer_is_signed_for_who_asks_for_it() {
    let (house, app, code) = with_code(json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    let form = [("token", tokens["access_token"].as_str().unwrap())];
    let response = ask(
        &house,
        &app,
        &form,
        &format!("{SIGNED}, application/json;q=0.5"),
    )
    .await;
    let (header, claims) = verified(&house, response, &app.id).await;
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("token-introspection+jwt"), &json!("RS256"))
    );
    assert!(claims["iat"].is_i64());
    assert!(
        claims.get("sub").is_none() && claims.get("exp").is_none(),
        "it must not pass for a token: {claims}"
    );
    let plain = body(ask(&house, &app, &form, "application/json").await).await;
    assert_eq!(claims["token_introspection"], plain, "the same facts");
    let jwt = ask(&house, &app, &form, SIGNED).await.text().await.unwrap();
    assert_eq!(app.userinfo(&jwt).await, StatusCode::UNAUTHORIZED, "JW-09");
    let refused = ask(&house, &app, &form, &format!("{SIGNED};q=0")).await;
    assert_eq!(refused.headers()["content-type"], "application/json");
    let other = App::of(&house, json!({})).await;
    let response = ask(&house, &other, &form, SIGNED).await;
    let (_, claims) = verified(&house, response, &other.id).await;
    assert_eq!(
        claims["token_introspection"],
        json!({"active": false}),
        "IN-01"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9701_6_a_registered_algorithm_signs_every_answer() {
    let registered = json!({"introspection_signed_response_alg": "ES256"});
    let (house, app, code) = with_code(registered).await;
    let tokens = body(app.redeem(&code).await).await;
    let form = [("token", tokens["access_token"].as_str().unwrap())];
    let response = ask(&house, &app, &form, "*/*").await;
    let (header, claims) = verified(&house, response, &app.id).await;
    assert_eq!(header["alg"], json!(Algorithm::ES256));
    assert_eq!(claims["token_introspection"]["active"], true);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_signed_answers_can_be_switched_off() {
    let house = TestHouse::open_with(|config| config.protocol.signed_introspection = false).await;
    let app = App::of(
        &house,
        json!({"introspection_signed_response_alg": "ES256"}),
    )
    .await;
    let response = ask(&house, &app, &[("token", "x")], SIGNED).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(body(response).await, json!({"active": false}));
    let document = reqwest::get(house.url("/.well-known/openid-configuration"));
    let document = document.await.unwrap().text().await.unwrap();
    assert!(
        !document.contains("introspection_signing_alg"),
        "{document}"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_01_malformed_requests_and_strangers_are_refused() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let huge = "x".repeat(100_000);
    for form in [
        vec![],
        vec![("token", "")],
        vec![("token_type_hint", "access_token")],
        vec![("token", "a"), ("token", "b")],
    ] {
        let response = ask(&house, &app, &form, "*/*").await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{form:?}");
        assert_eq!(body(response).await["error"], "invalid_request", "{form:?}");
    }
    for form in [
        vec![("token", "unknown")],
        vec![("token", "a.b.c"), ("token_type_hint", "nonsense")],
    ] {
        let response = ask(&house, &app, &form, "*/*").await;
        assert_eq!(
            response.text().await.unwrap(),
            r#"{"active":false}"#,
            "{form:?}"
        );
    }
    let large = ask(&house, &app, &[("token", &huge)], "*/*").await.status();
    assert!(!large.is_server_error(), "{large}");
    let public = App::of(&house, json!({"token_endpoint_auth_method": "none"})).await;
    let form = [("token", "x"), ("client_id", &*public.id)];
    let open = public
        .http
        .post(house.url("/oauth2/introspect"))
        .form(&form);
    assert_eq!(
        open.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    house.close().await;
}
