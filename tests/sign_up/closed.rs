//! Registration that is closed, opened, limited, or asked for by an app.

use reqwest::StatusCode;
use sekisho_provider::rules::sign_up::SignUpMode;
use serde_json::{Value, json};

use super::{
    CODE, CODE_ADDRESS, CONFIRM, PASSWORD, account, almost, details, later, open, open_with, other,
    prove,
};
use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::tokens::App;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_is_closed_unless_it_is_opened_and_can_be_closed_again() {
    let mut house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    for path in ["/register", "/register?invitation=x", CODE, CONFIRM] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        assert!(page.words().contains("New accounts are closed"), "{path}");
    }
    let asked = browser
        .get(&request(&app.id, &[("prompt", "create")]))
        .await;
    let login = browser.get(asked.location()).await;
    assert!(
        asked.location().starts_with("/login?"),
        "{}",
        asked.location()
    );
    assert!(!login.text.contains("/register"), "{}", login.words());
    assert_eq!(prompts(&house, &browser).await, 4);

    house.config.accounts.registration = SignUpMode::Open;
    let mut house = house.reopened().await;
    assert_eq!(prompts(&house, &browser).await, 5);
    let asked = browser
        .get(&request(&app.id, &[("prompt", "create")]))
        .await;
    assert!(
        asked.location().starts_with("/register?flow="),
        "{}",
        asked.location()
    );
    let email = other(&house, "new");
    almost(&house, &browser, asked.location(), &email, PASSWORD).await;
    let csrf = browser.get(CODE_ADDRESS).await.hidden("csrf");

    house.config.accounts.registration = SignUpMode::Off;
    let house = house.reopened().await;
    let form = [("csrf", &*csrf), ("action", "later")];
    let stopped = browser.post(CODE_ADDRESS, &form).await;
    assert!(stopped.status.is_client_error(), "{}", stopped.words());
    assert_eq!(account(&house, &email).await, None);
    house.close().await;
}

/// How many values of `prompt` the server says it obeys.
async fn prompts(house: &TestHouse, browser: &Browser) -> usize {
    let place = house.url("/.well-known/openid-configuration");
    let document = browser.http.get(place).send().await.unwrap();
    let document: Value = document.json().await.unwrap();
    let prompts = document["prompt_values_supported"].as_array().unwrap();
    prompts.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompt_create_leads_somebody_who_is_signed_in_to_another_account() {
    let house = open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    assert_eq!(browser.get("/register").await.location(), "/account");
    let hint = other(&house, "new");
    let changes = [("prompt", "create"), ("login_hint", &*hint)];
    let start = browser.get(&request(&app.id, &changes)).await;
    let page = browser.get(start.location()).await;
    assert!(
        page.text.contains(&format!("value=\"{hint}\"")),
        "{}",
        page.text
    );
    almost(&house, &browser, start.location(), &hint, PASSWORD).await;
    let done = later(&browser).await;
    let csrf = done.hidden("csrf");
    let back = browser.post("/register/done", &[("csrf", &csrf)]).await;
    assert!(back.answer("code").is_some(), "{}", back.words());
    let page = browser.get("/account").await;
    assert!(page.text.contains(&hint), "{}", page.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_07_accounts_from_one_place_are_few_and_counted_before_a_password_is_hashed() {
    let house = open_with(SignUpMode::Open, |config| {
        config.limits.sign_up.address.max = 2;
    })
    .await;
    for (name, expected) in [("one", true), ("two", true), ("three", false)] {
        let (browser, email) = (Browser::new(&house), other(&house, name));
        prove(&house, &browser, "/register", &email).await;
        let weak = details(&browser, "", "password").await;
        assert_eq!(
            weak.status,
            StatusCode::OK,
            "what is refused is not counted"
        );
        let kept = details(&browser, "", PASSWORD).await;
        assert_eq!(
            kept.status == StatusCode::SEE_OTHER,
            expected,
            "{}",
            kept.words()
        );
        let told = kept
            .words()
            .contains("Many accounts were made from this connection");
        assert_eq!(told, !expected, "{}", kept.words());
    }
    house.close().await;
}
