//! Codes, refresh tokens and access tokens, used rightly and wrongly.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use sekisho_model::{EventKind, Outcome};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::sender_constrained::replays;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An app at the token endpoint.
pub struct App {
    pub id: String,
    pub secret: Option<String>,
    pub http: reqwest::Client,
    pub token_url: String,
    pub userinfo_url: String,
}

impl App {
    pub async fn of(house: &TestHouse, extra: Value) -> Self {
        let (client, secret) = house.client(extra).await;
        Self {
            id: client.client_id.to_string(),
            secret: (!client.is_public()).then_some(secret),
            http: reqwest::Client::new(),
            token_url: house.url("/oauth2/token"),
            userinfo_url: house.url("/oauth2/userinfo"),
        }
    }

    /// Somebody who names an app without being it.
    pub fn of_id(house: &TestHouse, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            http: reqwest::Client::new(),
            token_url: house.url("/oauth2/token"),
            userinfo_url: house.url("/oauth2/userinfo"),
        }
    }

    pub async fn ask(&self, form: &[(&str, &str)]) -> Response {
        let mut form = form.to_vec();
        let request = self.http.post(&self.token_url);
        let request = match &self.secret {
            Some(secret) => request.basic_auth(&self.id, Some(secret)),
            None => {
                form.push(("client_id", &self.id));
                request
            }
        };
        request.form(&form).send().await.unwrap()
    }

    pub async fn redeem(&self, code: &str) -> Response {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", "https://app.example/cb"),
            ("code_verifier", VERIFIER),
        ];
        self.ask(&form).await
    }

    pub async fn refresh(&self, token: &str) -> Response {
        self.ask(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    pub async fn userinfo(&self, token: &str) -> StatusCode {
        self.http
            .get(&self.userinfo_url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .status()
    }
}

/// A house, an app that needs no consent, and a code for it.
pub async fn with_code(extra: Value) -> (TestHouse, App, String) {
    let house = TestHouse::open().await;
    let mut all = json!({"skip_consent": true});
    for (name, value) in extra.as_object().unwrap() {
        all[name] = value.clone();
    }
    let app = App::of(&house, all).await;
    let answer = Browser::new(&house)
        .sign_in(&house, &request(&app.id, &[]))
        .await;
    let code = answer.answer("code").expect("a code");
    (house, app, code)
}

pub async fn body(response: Response) -> Value {
    response.json().await.unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_09_a_code_used_twice_ends_what_it_produced() {
    let (house, app, code) = with_code(json!({})).await;
    let response = app.redeem(&code).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let tokens = body(response).await;
    assert_eq!(
        app.userinfo(text(&tokens, "access_token")).await,
        StatusCode::OK
    );
    let again = app.redeem(&code).await;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(again).await["error"], "invalid_grant");
    assert_eq!(
        app.userinfo(text(&tokens, "access_token")).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        app.refresh(text(&tokens, "refresh_token")).await.status(),
        StatusCode::BAD_REQUEST
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_14_tk_10_tk_11_a_code_is_bound_to_its_client_its_address_its_time_and_its_verifier() {
    let (house, app, code) = with_code(json!({})).await;
    let stranger = App::of(&house, json!({})).await;
    assert_eq!(
        stranger.redeem(&code).await.status(),
        StatusCode::BAD_REQUEST
    );
    let wrong = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", "https://app.example/cb"),
        ("code_verifier", "x"),
    ];
    assert_eq!(app.ask(&wrong).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        app.redeem(&code).await.status(),
        StatusCode::BAD_REQUEST,
        "PK-05: burnt"
    );
    house.close().await;
    for address in [
        None,
        Some("https://app.example/cb2"),
        Some("https://app.example/cb/"),
    ] {
        let (house, app, code) = with_code(json!({})).await;
        let mut elsewhere = vec![
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("code_verifier", VERIFIER),
        ];
        elsewhere.extend(address.map(|address| ("redirect_uri", address)));
        let answer = app.ask(&elsewhere).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{address:?}");
        house.close().await;
    }
    let (house, app, code) = with_code(json!({})).await;
    house.advance(Duration::from_secs(61)).await;
    assert_eq!(app.redeem(&code).await.status(), StatusCode::BAD_REQUEST);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rt_05_rt_06_refresh_tokens_of_public_clients_rotate_with_grace_and_reuse_ends_the_family()
{
    let public = json!({"token_endpoint_auth_method": "none"});
    let (house, app, code) = with_code(public).await;
    let first = body(app.redeem(&code).await).await;
    let r1 = text(&first, "refresh_token").to_owned();
    let second = body(app.refresh(&r1).await).await;
    let r2 = text(&second, "refresh_token").to_owned();
    assert_ne!(r1, r2);
    house.advance(Duration::from_secs(30)).await;
    let lost_answer = body(app.refresh(&r1).await).await;
    assert_eq!(
        text(&lost_answer, "refresh_token"),
        r2,
        "the same successor within the grace"
    );
    let third = body(app.refresh(&r2).await).await;
    let r3 = text(&third, "refresh_token").to_owned();
    house.advance(Duration::from_secs(61)).await;
    assert_eq!(
        app.refresh(&r1).await.status(),
        StatusCode::BAD_REQUEST,
        "a thief"
    );
    assert_eq!(
        app.refresh(&r3).await.status(),
        StatusCode::BAD_REQUEST,
        "the family has ended"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rt_03_rt_10_confidential_clients_keep_their_refresh_token_and_may_narrow_the_scope() {
    let (house, app, code) = with_code(json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    let refresh = text(&tokens, "refresh_token").to_owned();
    for _ in 0..2 {
        let again = body(app.refresh(&refresh).await).await;
        assert!(
            again["refresh_token"].is_null() && again["id_token"].is_string(),
            "{again}"
        );
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh),
        ("scope", "openid"),
    ];
    assert_eq!(text(&body(app.ask(&form).await).await, "scope"), "openid");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh),
        ("scope", "openid admin"),
    ];
    assert_eq!(body(app.ask(&form).await).await["error"], "invalid_scope");
    house.advance(Duration::from_secs(15 * 86_400)).await;
    assert_eq!(
        app.refresh(&refresh).await.status(),
        StatusCode::BAD_REQUEST,
        "RT-01: idle life"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_01_in_05_introspection_and_revocation() {
    let (house, app, code) = with_code(json!({})).await;
    let other = App::of(&house, json!({})).await;
    let tokens = body(app.redeem(&code).await).await;
    let access = text(&tokens, "access_token").to_owned();
    let ask = async |who: &App, path: &str, token: &str| {
        let request = who
            .http
            .post(house.url(path))
            .basic_auth(&who.id, who.secret.as_ref());
        request.form(&[("token", token)]).send().await.unwrap()
    };
    let own = body(ask(&app, "/oauth2/introspect", &access).await).await;
    assert_eq!(
        (&own["active"], own["client_id"].as_str()),
        (&json!(true), Some(&*app.id))
    );
    let foreign = ask(&other, "/oauth2/introspect", &access).await;
    assert_eq!(foreign.text().await.unwrap(), r#"{"active":false}"#);
    let id_token = text(&tokens, "id_token");
    assert_eq!(
        app.userinfo(id_token).await,
        StatusCode::UNAUTHORIZED,
        "JW-09"
    );
    assert_eq!(
        ask(&other, "/oauth2/revoke", &access).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        app.userinfo(&access).await,
        StatusCode::OK,
        "strangers revoke nothing"
    );
    assert_eq!(
        ask(&app, "/oauth2/revoke", &access).await.status(),
        StatusCode::OK
    );
    assert_eq!(app.userinfo(&access).await, StatusCode::UNAUTHORIZED);
    let refresh = text(&tokens, "refresh_token").to_owned();
    let renewed = body(app.refresh(&refresh).await).await;
    assert_eq!(
        ask(&app, "/oauth2/revoke", &refresh).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        app.userinfo(text(&renewed, "access_token")).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        app.refresh(&refresh).await.status(),
        StatusCode::BAD_REQUEST
    );
    house.advance(Duration::from_secs(301)).await;
    assert_eq!(
        body(ask(&app, "/oauth2/introspect", &access).await).await,
        json!({"active": false})
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opaque_access_tokens_work_like_the_others() {
    let (house, app, code) = with_code(json!({"opaque_access_tokens": true})).await;
    let tokens = body(app.redeem(&code).await).await;
    let access = text(&tokens, "access_token").to_owned();
    assert!(!access.contains('.'));
    assert_eq!(app.userinfo(&access).await, StatusCode::OK);
    house.advance(Duration::from_secs(301)).await;
    assert_eq!(app.userinfo(&access).await, StatusCode::UNAUTHORIZED);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_09_rt_06_what_was_spent_and_goes_on_coming_is_counted_and_leaves_no_row_each() {
    let public = json!({"token_endpoint_auth_method": "none"});
    for what in ["code", "refresh_token"] {
        let (house, app, code) = with_code(public.clone()).await;
        let first = body(app.redeem(&code).await).await;
        let spent = text(&first, "refresh_token").to_owned();
        let rotated = body(app.refresh(&spent).await).await;
        assert!(rotated["refresh_token"].is_string(), "{rotated}");
        house.advance(Duration::from_secs(61)).await;
        for n in 0..21 {
            let again = match what {
                "code" => app.redeem(&code).await,
                _ => app.refresh(&spent).await,
            };
            assert_eq!(again.status(), StatusCode::BAD_REQUEST, "{n}");
            assert_eq!(body(again).await["error"], "invalid_grant", "{n}");
        }
        let store = &house.house.services.store;
        let of_kind = async |kind| {
            let read = move |tx: &mut sekisho_store::Tx<'_>| tx.events_of_kind(kind, 99);
            let mut all = store.read(read).await.unwrap();
            all.retain(|event| event.outcome != Outcome::Passed);
            all.len()
        };
        let rows = of_kind(EventKind::CodeRedeemed).await + of_kind(EventKind::Refresh).await;
        assert_eq!(rows, 1, "{what}: the first acts and is told");
        let told = replays(&house, what, &app.id).await;
        assert_eq!(told, (20, true), "{what}");
        house.close().await;
    }
}
