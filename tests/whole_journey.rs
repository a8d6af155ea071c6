//! The main job, with the `openidconnect` crate as the app.

use openidconnect::OAuth2TokenResponse as _;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::relying_party::RelyingParty;
use crate::support::wait;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_and_the_app_gets_verified_tokens() {
    let house = TestHouse::open().await;
    let (client, secret) = house.client(json!({})).await;
    let app = RelyingParty::discover(&house, client.client_id.as_str(), &secret).await;
    let browser = Browser::new(&house);
    let begun = app.begin(&["profile", "email", "offline_access"]);
    let to_consent = browser.sign_in(&house, &begun.url).await;
    let answer = browser.allow(&to_consent).await;
    assert_eq!(answer.answer("state").as_deref(), Some(&*begun.state));
    assert_eq!(
        answer.answer("iss").as_deref(),
        Some(&*house.issuer),
        "AZ-08"
    );
    let code = answer.answer("code").unwrap();

    let (sub, tokens) = app.exchange(begun, code).await;
    let claims = app.userinfo(&tokens, &sub).await;
    assert_eq!(claims.email().unwrap().as_str(), house.login_address);
    let refreshed = app
        .refresh(tokens.refresh_token().expect("offline_access was allowed"))
        .await;
    app.userinfo(&refreshed, &sub).await;

    let history = browser.get("/account/history").await;
    let words = history.words();
    assert!(
        words.contains("Signed in") && words.contains("127.0.0.1"),
        "{words}"
    );
    wait::until("the mail about a new device", async || {
        house
            .subjects()
            .iter()
            .any(|subject| subject.contains("new device"))
            .then_some(())
    })
    .await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_app_needs_no_second_sign_in_and_consent_is_remembered() {
    let house = TestHouse::open().await;
    let (first, secret) = house.client(json!({"scope": "openid email"})).await;
    let (second, _) = house
        .client(json!({"scope": "openid email", "skip_consent": true}))
        .await;
    let app = RelyingParty::discover(&house, first.client_id.as_str(), &secret).await;
    let browser = Browser::new(&house);
    let to_consent = browser.sign_in(&house, &app.begin(&["email"]).url).await;
    browser.allow(&to_consent).await;
    let again = browser.get(&app.begin(&["email"]).url).await;
    assert!(
        again.answer("code").is_some(),
        "consent is remembered: {}",
        again.location()
    );
    let other = RelyingParty::discover(&house, second.client_id.as_str(), &secret).await;
    let sso = browser.get(&other.begin(&[]).url).await;
    assert!(
        sso.answer("code").is_some(),
        "single sign-on: {}",
        sso.location()
    );
    house.close().await;
}
