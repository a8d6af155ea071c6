//! Programs without a person, and how clients prove who they are.

use reqwest::StatusCode;
use sekisho_model::{ClientId, EpochKind, EventKind};
use sekisho_provider::incidents::EpochScope;
use serde_json::json;

use crate::support::house::TestHouse;
use crate::tokens::{App, body};

fn machine() -> serde_json::Value {
    json!({
        "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "openid orders:read", "default_resource": "https://api.example",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_13_a_machine_gets_a_token_for_its_resource_and_no_more() {
    let house = TestHouse::open().await;
    let app = App::of(&house, machine()).await;
    let answer = body(app.ask(&[("grant_type", "client_credentials")]).await).await;
    assert_eq!(
        (answer["token_type"].as_str(), answer["scope"].as_str()),
        (Some("Bearer"), Some("orders:read"))
    );
    assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null());
    let form = [("grant_type", "client_credentials"), ("scope", "openid")];
    assert_eq!(body(app.ask(&form).await).await["error"], "invalid_scope");
    assert_eq!(
        app.userinfo(answer["access_token"].as_str().unwrap()).await,
        StatusCode::UNAUTHORIZED
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_07_tk_15_unknown_clients_and_wrong_secrets_read_the_same() {
    let house = TestHouse::open().await;
    let app = App::of(&house, machine()).await;
    let ask = async |id: &str, secret: &str| {
        let form = [("grant_type", "client_credentials")];
        let request = app
            .http
            .post(&app.token_url)
            .basic_auth(id, Some(secret))
            .form(&form);
        let response = request.send().await.unwrap();
        let challenge = response.headers().get("www-authenticate").cloned();
        (response.status(), challenge, response.text().await.unwrap())
    };
    let wrong = ask(&app.id, "sks_wrong").await;
    let unknown = ask("nobody", "sks_wrong").await;
    assert_eq!(wrong, unknown);
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);
    assert!(wrong.1.is_some(), "TK-15: a challenge");
    let told: serde_json::Value = serde_json::from_str(&wrong.2).unwrap();
    assert_eq!(told["error"], "invalid_client");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_01_tk_02_malformed_token_requests_get_the_error_the_specification_names() {
    let house = TestHouse::open().await;
    let app = App::of(&house, machine()).await;
    let secret = app.secret.clone().unwrap();
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (
            vec![("grant_type", "authorization_code")],
            "unauthorized_client",
        ),
        (
            vec![("grant_type", "client_credentials"), ("grant_type", "x")],
            "invalid_request",
        ),
        (
            vec![
                ("grant_type", "client_credentials"),
                ("client_secret", &*secret),
            ],
            "invalid_request",
        ),
        (
            vec![("grant_type", "client_credentials"), ("client_id", "other")],
            "invalid_client",
        ),
    ] {
        let response = app.ask(&form).await;
        let status = response.status();
        let answer = body(response).await;
        assert_eq!(answer["error"], error, "{form:?}");
        assert_eq!(
            status == StatusCode::UNAUTHORIZED,
            error == "invalid_client"
        );
    }
    let json_body = app
        .http
        .post(&app.token_url)
        .header("content-type", "application/json")
        .body("{}");
    assert_eq!(
        json_body.send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_16_guessing_client_secrets_is_slowed_and_told_with_retry_after() {
    let house = TestHouse::open().await;
    let app = App::of(&house, machine()).await;
    let mut slowed = None;
    for _ in 0..200 {
        let form = [("grant_type", "client_credentials")];
        let response = app
            .http
            .post(&app.token_url)
            .basic_auth(&app.id, Some("sks_guess"))
            .form(&form)
            .send()
            .await
            .unwrap();
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(response.headers().contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(slowed, Some(true));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_07_an_opaque_token_of_a_machine_is_void_after_its_epoch_or_the_server_s() {
    let house = TestHouse::open().await;
    let mut opaque = machine();
    opaque["opaque_access_tokens"] = json!(true);
    let (app, other) = (
        App::of(&house, opaque.clone()).await,
        App::of(&house, opaque).await,
    );
    let provider = &house.house.services.provider;
    let token = async |app: &App| {
        let answer = body(app.ask(&[("grant_type", "client_credentials")]).await).await;
        let token = answer["access_token"].as_str().unwrap().to_owned();
        assert!(!token.contains('.'), "it is opaque");
        token
    };
    let counts = async |app: &App, token: &str| {
        let asked = app.http.post(house.url("/oauth2/introspect"));
        let asked = asked.basic_auth(&app.id, app.secret.as_deref());
        let answer = body(asked.form(&[("token", token)]).send().await.unwrap()).await;
        answer["active"].as_bool().unwrap()
    };
    let client = ClientId::new(app.id.clone());
    for (scope, other_too) in [
        (EpochScope::Client(client), false),
        (EpochScope::Server, true),
    ] {
        let (its, others) = (token(&app).await, token(&other).await);
        assert!(counts(&app, &its).await && counts(&other, &others).await);
        let event = provider.event_of_server(EventKind::EpochMoved);
        let moved = provider.move_epoch(scope, EpochKind::Token, ("haruka", "test"), event);
        moved.await.unwrap();
        assert!(!counts(&app, &its).await);
        assert_eq!(counts(&other, &others).await, !other_too);
        assert!(counts(&app, &token(&app).await).await, "issued afterwards");
    }
    // What is of people is another kind.
    let its = token(&app).await;
    let event = provider.event_of_server(EventKind::EpochMoved);
    let who = ("haruka", "test");
    let moved = provider.move_epoch(EpochScope::Server, EpochKind::Session, who, event);
    moved.await.unwrap();
    assert!(counts(&app, &its).await);
    house.close().await;
}
