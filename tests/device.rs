//! Signing in on another device (RFC 8628).

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::support::signing::payload;
use crate::tokens::App;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn television(house: &TestHouse, extra: Value) -> App {
    let mut settings = json!({
        "token_endpoint_auth_method": "none", "application_type": "native", "redirect_uris": [],
        "grant_types": [GRANT, "refresh_token"],
    });
    for (name, value) in extra.as_object().unwrap() {
        settings[name] = value.clone();
    }
    App::of(house, settings).await
}

async fn ask(house: &TestHouse, app: &App, more: &[(&str, &str)]) -> Response {
    let mut form = vec![
        ("client_id", app.id.as_str()),
        ("scope", "openid email offline_access"),
    ];
    form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    form.extend_from_slice(more);
    let url = house.url("/oauth2/device_authorization");
    app.http.post(url).form(&form).send().await.unwrap()
}

async fn codes(house: &TestHouse, app: &App) -> (String, String) {
    let answer = ask(house, app, &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let codes: Value = answer.json().await.unwrap();
    assert_eq!(
        (&codes["expires_in"], &codes["interval"]),
        (&json!(600), &json!(5))
    );
    assert_eq!(codes["verification_uri"], house.url("/device"));
    let text = |name: &str| codes[name].as_str().unwrap().to_owned();
    assert!(text("verification_uri_complete").ends_with(&text("user_code")));
    (text("device_code"), text("user_code"))
}

async fn poll(app: &App, device_code: &str) -> (StatusCode, Value) {
    let answer = app
        .ask(&[("grant_type", GRANT), ("device_code", device_code)])
        .await;
    (answer.status(), answer.json().await.unwrap())
}

async fn refused(app: &App, device_code: &str) -> String {
    let (status, body) = poll(app, device_code).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// Types the code on the page of a person who is signed in; ends on the page that asks.
async fn typed(house: &TestHouse, browser: &Browser, code: &str) -> Page {
    let mut page = browser.get(&format!("/device?user_code={code}")).await;
    if page.location.is_some() {
        let done = browser.sign_in(house, page.location()).await;
        page = browser.get(done.location()).await;
    }
    let form = [("csrf", &*page.hidden("csrf")), ("user_code", code)];
    browser.post("/device", &form).await
}

async fn decide(browser: &Browser, asked: &Page, decision: &str) -> Page {
    let form = [("csrf", &*asked.hidden("csrf")), ("decision", decision)];
    browser.post("/device", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_16_a_device_gets_tokens_after_the_person_allowed_it() {
    let house = TestHouse::open().await;
    let app = television(&house, json!({})).await;
    let (device_code, user_code) = codes(&house, &app).await;
    assert_eq!(refused(&app, &device_code).await, "authorization_pending");
    assert_eq!(refused(&app, &device_code).await, "slow_down");
    let browser = Browser::new(&house);
    let spelled = user_code.to_lowercase().replace('-', "");
    let asked = typed(&house, &browser, &spelled).await;
    let words = asked.words();
    assert!(
        words.contains(&user_code) && words.contains("Aozora Mail"),
        "{words}"
    );
    assert!(
        words.contains("Do not enter a code that someone gave you"),
        "{words}"
    );
    assert!(words.contains(&house.login_address), "{words}");
    let done = decide(&browser, &asked, "allow").await;
    assert!(
        done.words().contains("Go back to the device"),
        "{}",
        done.words()
    );
    let again = decide(&browser, &asked, "deny").await;
    assert!(again.words().contains("This code does not work"));
    let answers = join_all((0..20).map(|_| poll(&app, &device_code))).await;
    let mut given: Vec<Value> = answers
        .into_iter()
        .filter(|(status, _)| *status == StatusCode::OK)
        .map(|(_, body)| body)
        .collect();
    assert_eq!(given.len(), 1, "one of many polls gets tokens");
    let tokens = given.remove(0);
    assert!(tokens["refresh_token"].is_string());
    let id_token = payload(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["aud"], json!([app.id]));
    let userinfo = app.http.get(&app.userinfo_url);
    let userinfo = userinfo.bearer_auth(tokens["access_token"].as_str().unwrap());
    let userinfo: Value = userinfo.send().await.unwrap().json().await.unwrap();
    assert_eq!(userinfo["email"], *house.login_address);
    assert_eq!(refused(&app, &device_code).await, "invalid_grant");
    let refresh = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refresh.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_told_of_a_refusal_of_expiry_and_of_nothing_else() {
    let house = TestHouse::open().await;
    let app = television(&house, json!({})).await;
    let other = television(&house, json!({})).await;
    let browser = Browser::new(&house);
    let (device_code, user_code) = codes(&house, &app).await;
    let asked = typed(&house, &browser, &user_code).await;
    decide(&browser, &asked, "deny").await;
    assert_eq!(refused(&other, &device_code).await, "invalid_grant");
    assert_eq!(refused(&app, &device_code).await, "access_denied");
    assert_eq!(refused(&app, &device_code).await, "invalid_grant");
    let (device_code, user_code) = codes(&house, &app).await;
    let asked = typed(&house, &browser, &user_code).await;
    house.advance(Duration::from_mins(10)).await;
    assert_eq!(refused(&app, &device_code).await, "expired_token");
    let late = decide(&browser, &asked, "allow").await;
    assert!(
        late.words().contains("This code does not work"),
        "{}",
        late.words()
    );
    for (change, error) in [
        (("scope", "admin"), "invalid_scope"),
        (("scope", ""), "invalid_scope"),
        (("resource", "https://evil.example/"), "invalid_target"),
        (("client_id", "nobody"), "invalid_client"),
    ] {
        let body: Value = ask(&house, &app, &[change]).await.json().await.unwrap();
        assert_eq!(body["error"], error, "{change:?}");
    }
    let web = App::of(&house, json!({"token_endpoint_auth_method": "none"})).await;
    let body: Value = ask(&house, &web, &[]).await.json().await.unwrap();
    assert_eq!(body["error"], "unauthorized_client");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_codes_cannot_be_guessed_and_a_forged_decision_decides_nothing() {
    let house = TestHouse::open().await;
    let app = television(&house, json!({})).await;
    let (device_code, user_code) = codes(&house, &app).await;
    let browser = Browser::new(&house);
    let asked = typed(&house, &browser, "BBBB-BBBB").await;
    assert!(asked.words().contains("This code does not work"));
    // The form that asks for a code carries another token than the one that decides.
    let forged = decide(&browser, &asked, "allow").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    for _ in 0..25 {
        typed(&house, &browser, "BBBB-BBBB").await;
    }
    let stopped = typed(&house, &browser, &user_code).await;
    assert!(
        stopped.words().contains("Too many codes"),
        "{}",
        stopped.words()
    );
    assert_eq!(refused(&app, &device_code).await, "authorization_pending");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switched_off_the_device_grant_is_gone_from_everywhere() {
    let house = TestHouse::open_with(|config| config.protocol.device = false).await;
    let app = television(&house, json!({})).await;
    assert!(ask(&house, &app, &[]).await.status().is_client_error());
    assert_eq!(refused(&app, "x").await, "unsupported_grant_type");
    let browser = Browser::new(&house);
    assert_eq!(browser.get("/device").await.status, StatusCode::NOT_FOUND);
    house.close().await;
}
