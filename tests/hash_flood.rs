//! While every hash thread is taken, everything that needs none goes on, and nobody is held out for it (PW-21).

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::tokens::{App, body};

async fn type_password(house: &TestHouse, email: &str, password: &str) -> Page {
    let browser = Browser::new(house);
    let login = browser.get("/login").await;
    let login = browser.get(login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", email),
        ("password", password),
    ];
    browser.post("/login", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_21_keys_health_and_refresh_answer_while_nothing_can_be_hashed() {
    let house = TestHouse::open_with(|config| config.password.max_wait_ms = 10_000).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let answer = Browser::new(&house)
        .sign_in(&house, &request(&app.id, &[]))
        .await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    let held = house.house.services.provider.hold_hashes();
    let sign_ins = (0..20).map(|_| type_password(&house, &house.login_address, PASSWORD));
    let flood = futures_util::future::join_all(sign_ins);
    let others = async {
        let browser = Browser::new(&house);
        for path in ["/oauth2/jwks", "/health/live", "/health/ready"] {
            assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
        }
        let refreshed = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
        assert_eq!(refreshed.status(), StatusCode::OK);
        // Only now a hash can be begun.
        drop(held);
    };
    let (signed_in, ()) = tokio::join!(flood, others);
    let right = |page: &Page| page.status == StatusCode::SEE_OTHER;
    assert!(signed_in.iter().any(right), "whoever waited has a turn");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_21_tries_for_which_there_was_no_time_hold_nobody_out() {
    let house = TestHouse::open_with(|config| config.password.max_wait_ms = 300).await;
    let held = house.house.services.provider.hold_hashes();
    // More than an account has tries from unknown browsers, and with names nobody has; a few at a time, since
    // what is under way counts.
    for email in [&*house.login_address, "nobody@example.jp"].repeat(9) {
        let tries = (0..4).map(|_| type_password(&house, email, PASSWORD));
        for page in futures_util::future::join_all(tries).await {
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(page.headers.contains_key("retry-after"));
        }
    }
    drop(held);
    let page = type_password(&house, &house.login_address, PASSWORD).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.words());
    house.close().await;
}
