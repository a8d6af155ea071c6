//! Signing out (RP-Initiated Logout 1.0).

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::relying_party::RelyingParty;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_01_an_app_with_a_hint_signs_out_and_gets_the_browser_back() {
    use openidconnect::{OAuth2TokenResponse as _, TokenResponse as _};
    let house = TestHouse::open().await;
    let (client, secret) = house
        .client(json!({"skip_consent": true, "scope": "openid email"}))
        .await;
    let id = client.client_id.as_str();
    let app = RelyingParty::discover(&house, id, &secret).await;
    let browser = Browser::new(&house);
    let begun = app.begin(&["email"]);
    let answer = browser.sign_in(&house, &begun.url).await;
    let (_, tokens) = app.exchange(begun, answer.answer("code").unwrap()).await;
    let hint = tokens.id_token().unwrap().to_string();
    let end = |uri: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("id_token_hint", &hint)
            .append_pair("post_logout_redirect_uri", uri)
            .append_pair("state", "s\"<&")
            .finish();
        format!("/oauth2/end_session?{query}")
    };
    let mistaken = browser.get(&end("https://evil.example/")).await;
    assert_eq!(
        (mistaken.status, mistaken.location),
        (StatusCode::OK, None),
        "asked, not sent on"
    );
    let done = browser.get(&end("https://app.example/bye")).await;
    assert!(
        done.location()
            .starts_with("https://app.example/bye?state="),
        "{}",
        done.location()
    );
    let silent = browser.get(&request(id, &[("prompt", "none")])).await;
    assert_eq!(
        silent.answer("error").as_deref(),
        Some("login_required"),
        "LO-06"
    );
    let refresh = tokens.refresh_token().unwrap().secret().clone();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh),
    ];
    let request = browser
        .http
        .post(house.url("/oauth2/token"))
        .basic_auth(id, Some(&secret))
        .form(&form);
    assert_eq!(
        request.send().await.unwrap().status(),
        StatusCode::BAD_REQUEST,
        "RT-09"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_02_without_a_hint_the_person_is_asked() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser
        .sign_in(&house, &request(client.client_id.as_str(), &[]))
        .await;
    let asked = browser.get("/oauth2/end_session").await;
    assert_eq!(asked.status, StatusCode::OK);
    let apps = format!("Apps in use in this browser: {}", client.client_name);
    let redeemed = asked.words().contains(&apps);
    assert!(redeemed, "{}", asked.words());
    assert_eq!(
        browser.get("/account").await.status,
        StatusCode::OK,
        "still signed in"
    );
    let form = [("csrf", &*asked.hidden("csrf")), ("decision", "yes")];
    let done = browser.post("/oauth2/end_session", &form).await;
    assert!(done.words().contains("signed out"), "{}", done.words());
    assert!(
        done.headers["clear-site-data"]
            .to_str()
            .unwrap()
            .contains("cache"),
        "SES-14"
    );
    assert!(
        browser
            .get("/account")
            .await
            .location()
            .starts_with("/login")
    );
    let forged = browser
        .post("/logout", &[("decision", "yes"), ("csrf", "x.y")])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "WEB-01");
    house.close().await;
}
