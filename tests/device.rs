//! Signing in on another device: the device asks, a person decides elsewhere, the device polls.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Response, StatusCode};
use sekisho_model::UserState;
use serde_json::{Value, json};

use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::tokens::{App, body};

pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An app without a browser of its own.
pub fn television() -> Value {
    json!({
        "client_name": "Living room TV", "grant_types": [GRANT, "refresh_token"], "redirect_uris": [],
        "post_logout_redirect_uris": [], "token_endpoint_auth_method": "none",
        "scope": "openid profile email offline_access",
    })
}

pub fn with(extra: Value) -> Value {
    let mut all = television();
    for (name, value) in extra.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

/// What a device was told.
pub struct Codes {
    pub device: String,
    pub user: String,
    whole: Value,
}

pub async fn begin(house: &TestHouse, app: &App, form: &[(&str, &str)]) -> Response {
    let mut form = form.to_vec();
    let request = app.http.post(house.url("/oauth2/device_authorization"));
    let request = match &app.secret {
        Some(secret) => request.basic_auth(&app.id, Some(secret)),
        None => {
            form.push(("client_id", &app.id));
            request
        }
    };
    request.form(&form).send().await.unwrap()
}

pub async fn codes(house: &TestHouse, app: &App) -> Codes {
    let form = [("scope", "openid email offline_access")];
    let response = begin(house, app, &form).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let whole = body(response).await;
    Codes {
        device: whole["device_code"].as_str().unwrap().to_owned(),
        user: whole["user_code"].as_str().unwrap().to_owned(),
        whole,
    }
}

pub async fn poll(app: &App, device_code: &str) -> Response {
    app.ask(&[("grant_type", GRANT), ("device_code", device_code)])
        .await
}

pub async fn error(response: Response) -> String {
    let status = response.status();
    let body = body(response).await;
    let error = body["error"].as_str().unwrap_or_else(|| panic!("{body}"));
    assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
    error.to_owned()
}

/// A person's browser, signed in.
pub async fn person(house: &TestHouse) -> Browser {
    let browser = Browser::new(house);
    let end = browser.sign_in(house, "/login?return_to=%2Fdevice").await;
    assert_eq!(end.location(), "/device");
    browser
}

pub async fn type_code(browser: &Browser, code: &str) -> Page {
    let page = browser.get("/device").await;
    let form = [("csrf", &*page.hidden("csrf")), ("user_code", code)];
    browser.post("/device", &form).await
}

pub async fn decide(browser: &Browser, confirm: &Page, decision: &str) -> Page {
    let form = [("csrf", &*confirm.hidden("csrf")), ("decision", decision)];
    browser.post("/device", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rt_09_a_device_outlives_the_phone_s_session_only_with_offline_access() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let phone = person(&house).await;
    let mut refresh = Vec::new();
    for scope in ["openid", "openid offline_access"] {
        let whole = body(begin(&house, &app, &[("scope", scope)]).await).await;
        let confirm = type_code(&phone, whole["user_code"].as_str().unwrap()).await;
        decide(&phone, &confirm, "allow").await;
        let tokens = body(poll(&app, whole["device_code"].as_str().unwrap()).await).await;
        refresh.push(tokens["refresh_token"].as_str().unwrap().to_owned());
    }
    let question = phone.get("/logout").await;
    let form = [("csrf", &*question.hidden("csrf")), ("decision", "yes")];
    phone.post("/logout", &form).await;
    assert_eq!(error(app.refresh(&refresh[0]).await).await, "invalid_grant");
    assert_eq!(app.refresh(&refresh[1]).await.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8628_a_television_is_signed_in_from_a_phone() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    let uri = house.url("/device");
    assert_eq!(codes.whole["verification_uri"], json!(uri));
    assert_eq!(
        codes.whole["verification_uri_complete"],
        json!(format!("{uri}?user_code={}", codes.user))
    );
    assert_eq!(
        (&codes.whole["expires_in"], &codes.whole["interval"]),
        (&json!(600), &json!(5))
    );
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "authorization_pending"
    );
    let phone = person(&house).await;
    let confirm = type_code(&phone, &codes.user.to_lowercase().replace('-', " ")).await;
    let words = confirm.words();
    for part in [
        "Living room TV",
        "on this device?",
        &codes.user,
        "Is this code on the screen of that device?",
        "Do not enter a code that someone gave you",
        "Your email address",
        "127.0.0.1",
        &app.id,
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(
        !confirm.hidden("csrf").contains(&codes.user) && !confirm.text.contains(&codes.device),
        "the form names neither code"
    );
    house.advance(Duration::from_secs(5)).await;
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "authorization_pending"
    );
    let done = decide(&phone, &confirm, "allow").await;
    assert!(
        done.words().contains("Connected. Go back to the device")
            || done.words().contains("Connected"),
        "{}",
        done.words()
    );
    house.advance(Duration::from_secs(5)).await;
    let tokens = body(poll(&app, &codes.device).await).await;
    assert_eq!(tokens["scope"], "email offline_access openid");
    assert!(tokens["id_token"].is_string(), "{tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(app.userinfo(access).await, StatusCode::OK);
    let renewed = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(renewed.status(), StatusCode::OK);
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "invalid_grant",
        "once"
    );
    let again = type_code(&phone, &codes.user).await;
    assert!(
        again.words().contains("This code does not work"),
        "{}",
        again.words()
    );
    let history = phone.get("/account/history").await.words();
    assert!(history.contains("Allowed a device"), "{history}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8628_3_5_a_no_is_a_no_and_the_decision_counts_once() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    let phone = person(&house).await;
    let confirm = type_code(&phone, &codes.user).await;
    let second = type_code(&phone, &codes.user).await;
    let done = decide(&phone, &confirm, "deny").await;
    assert!(done.words().contains("Not allowed"), "{}", done.words());
    for _ in 0..2 {
        assert_eq!(
            error(poll(&app, &codes.device).await).await,
            "access_denied"
        );
    }
    for late in [&confirm, &second] {
        let page = decide(&phone, late, "allow").await;
        assert!(
            page.words().contains("This code does not work"),
            "{}",
            page.words()
        );
    }
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "access_denied"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8628_3_5_polls_too_fast_slow_down_and_time_ends_it() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "authorization_pending"
    );
    assert_eq!(error(poll(&app, &codes.device).await).await, "slow_down");
    house.advance(Duration::from_secs(6)).await;
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "slow_down",
        "now ten seconds"
    );
    house.advance(Duration::from_secs(15)).await;
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "authorization_pending"
    );
    let phone = person(&house).await;
    let confirm = type_code(&phone, &codes.user).await;
    house.advance(Duration::from_secs(600)).await;
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "expired_token"
    );
    let expired = type_code(&phone, &codes.user).await;
    let wrong = type_code(&phone, "BBBB-BBBB").await;
    assert_eq!(
        expired.words(),
        wrong.words(),
        "nobody learns which codes there were"
    );
    let late = decide(&phone, &confirm, "allow").await;
    assert!(
        late.words().contains("This code does not work"),
        "{}",
        late.words()
    );
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "expired_token"
    );
    house.advance(Duration::from_secs(601)).await;
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "invalid_grant",
        "forgotten"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_08_one_of_fifty_polls_gets_tokens() {
    let house = TestHouse::open().await;
    let app = Arc::new(App::of(&house, television()).await);
    let codes = codes(&house, &app).await;
    let phone = person(&house).await;
    let confirm = type_code(&phone, &codes.user).await;
    decide(&phone, &confirm, "allow").await;
    let answers = join_all((0..50).map(|_| {
        let (app, code) = (Arc::clone(&app), codes.device.clone());
        tokio::spawn(async move { body(poll(&app, &code).await).await })
    }))
    .await;
    let (won, lost): (Vec<Value>, Vec<Value>) = answers
        .into_iter()
        .map(Result::unwrap)
        .partition(|answer| answer["access_token"].is_string());
    assert_eq!(won.len(), 1, "{lost:?}");
    assert!(
        lost.iter().all(|answer| answer["error"] == "invalid_grant"),
        "{lost:?}"
    );
    let access = won[0]["access_token"].as_str().unwrap();
    assert_eq!(
        app.userinfo(access).await,
        StatusCode::OK,
        "losers end nothing"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_16_a_stopped_account_gets_nothing_although_it_was_allowed() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    let phone = person(&house).await;
    let confirm = type_code(&phone, &codes.user).await;
    decide(&phone, &confirm, "allow").await;
    let user = house.user;
    let stop = move |tx: &mut sekisho_store::Tx<'_>| tx.set_user_state(user, UserState::Disabled);
    house.house.services.store.write(stop).await.unwrap();
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "invalid_grant"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_12_an_app_that_requires_the_code_gets_it_before_a_device_is_allowed() {
    let house = TestHouse::open().await;
    let user = house.user;
    let off = move |tx: &mut sekisho_store::Tx<'_>| tx.set_second_step(user, false);
    house.house.services.store.write(off).await.unwrap();
    let strict = with(json!({"require_second_step": true}));
    let app = App::of(&house, strict).await;
    let codes = codes(&house, &app).await;
    let phone = Browser::new(&house);
    let login = phone.get("/login?return_to=%2Fdevice").await;
    let login = phone.get(login.location()).await;
    let credentials = |csrf: String| {
        [
            ("csrf", csrf),
            ("email", house.login_address.clone()),
            ("password", crate::support::house::PASSWORD.to_owned()),
        ]
    };
    let form = credentials(login.hidden("csrf"));
    let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let signed_in = phone.post("/login", &form).await;
    assert_eq!(signed_in.location(), "/device", "without a code");
    let again = type_code(&phone, &codes.user).await;
    assert!(
        again.location().starts_with("/login?flow="),
        "{}",
        again.location()
    );
    let login = phone.get(again.location()).await;
    assert!(
        !login.words().contains("Living room TV"),
        "nothing is told yet"
    );
    let form = credentials(login.hidden("csrf"));
    let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let to_code = phone.post("/login", &form).await;
    let page = phone.get(to_code.location()).await;
    assert!(!page.text.contains("trust_browser"), "TD-04");
    let code = house.code().await;
    let back = phone
        .post(
            "/login/code",
            &[("csrf", &page.hidden("csrf")), ("code", &code)],
        )
        .await;
    assert_eq!(back.location(), format!("/device?user_code={}", codes.user));
    let filled = phone.get(back.location()).await;
    assert!(
        filled
            .text
            .contains(&format!("value=\"{}\"", codes.user.replace('-', ""))),
        "filled in and not sent"
    );
    let confirm = type_code(&phone, &codes.user).await;
    decide(&phone, &confirm, "allow").await;
    assert_eq!(poll(&app, &codes.device).await.status(), StatusCode::OK);
    house.close().await;
}
