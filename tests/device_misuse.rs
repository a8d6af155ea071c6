//! Signing in on another device, done wrongly: guessing, forging, malformed requests, parts that are away.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::device::{
    GRANT, begin, codes, decide, error, person, poll, television, type_code, with,
};
use crate::support::browser::Browser;
use crate::support::house::{TestHouse, variable};
use crate::support::processes::Proxy;
use crate::tokens::App;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_17_guessing_user_codes_is_stopped() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    let phone = person(&house).await;
    for _ in 0..3 {
        let right = type_code(&phone, &codes.user).await;
        assert!(
            right.words().contains(&codes.user),
            "a right code does not count"
        );
    }
    for guess in ["", "BCDF", "日本語"] {
        type_code(&phone, guess).await;
    }
    for guess in ["BBBBBBBB", "CCCCCCCC", "DDDDDDDD", "FFFFFFFF", "GGGGGGGG"] {
        let page = type_code(&phone, guess).await;
        assert_eq!(page.status, StatusCode::OK, "{guess}");
        assert!(page.words().contains("This code does not work"), "{guess}");
    }
    for guess in ["HHHHHHHH", &codes.user] {
        let stopped = type_code(&phone, guess).await;
        assert_eq!(stopped.status, StatusCode::TOO_MANY_REQUESTS, "{guess}");
        assert!(
            !stopped.words().contains("Living room TV"),
            "not even the right one"
        );
    }
    house.advance(Duration::from_secs(901)).await;
    let fresh = crate::device::codes(&house, &app).await;
    let later = type_code(&phone, &fresh.user).await;
    assert!(
        later.words().contains("Living room TV"),
        "{}",
        later.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_10_a_device_code_is_good_for_its_client_and_this_grant_alone() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let stranger = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    assert_eq!(
        error(poll(&stranger, &codes.device).await).await,
        "invalid_grant"
    );
    let phone = person(&house).await;
    let confirm = type_code(&phone, &codes.user).await;
    decide(&phone, &confirm, "allow").await;
    assert_eq!(
        error(poll(&stranger, &codes.device).await).await,
        "invalid_grant"
    );
    let both = json!({"grant_types": [GRANT, "authorization_code"], "require_pkce": false});
    let web = App::of(&house, both).await;
    for code in [&codes.device, &codes.user] {
        assert_eq!(error(web.redeem(code).await).await, "invalid_grant");
        assert_eq!(error(poll(&web, code).await).await, "invalid_grant");
    }
    assert_eq!(poll(&app, &codes.device).await.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_01_nothing_is_told_before_sign_in_and_no_other_page_can_decide() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    let address = format!("/device?user_code={}", codes.user);
    let stranger = Browser::new(&house);
    let away = stranger.get(&address).await;
    assert_eq!(away.status, StatusCode::SEE_OTHER);
    assert!(
        away.location().starts_with("/login?return_to="),
        "{}",
        away.location()
    );
    let posted = stranger
        .post("/device", &[("user_code", &codes.user)])
        .await;
    assert!(posted.location().starts_with("/login?return_to="));
    let (phone, other) = (person(&house).await, person(&house).await);
    let confirm = type_code(&phone, &codes.user).await;
    for form in [
        vec![("decision", "allow"), ("user_code", &*codes.user)],
        vec![("decision", "allow"), ("csrf", "x.y")],
        vec![("user_code", &*codes.user)],
    ] {
        let page = phone.post("/device", &form).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{form:?}");
    }
    let csrf = confirm.hidden("csrf");
    let stolen = other
        .post("/device", &[("csrf", &csrf), ("decision", "allow")])
        .await;
    assert_eq!(
        stolen.status,
        StatusCode::FORBIDDEN,
        "another session's form"
    );
    let code_form = phone.get("/device").await.hidden("csrf");
    let skipped = phone
        .post("/device", &[("csrf", &code_form), ("decision", "allow")])
        .await;
    assert_eq!(
        skipped.status,
        StatusCode::FORBIDDEN,
        "the first form decides nothing"
    );
    assert_eq!(
        error(poll(&app, &codes.device).await).await,
        "authorization_pending"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_10_malformed_requests_of_devices_get_the_error_the_specification_names() {
    let house = TestHouse::open().await;
    let app = App::of(&house, with(json!({"resources": ["https://api.example"]}))).await;
    let huge = "x".repeat(100_000);
    for (form, expected) in [
        (vec![], "invalid_scope"),
        (vec![("scope", "")], "invalid_scope"),
        (vec![("scope", "admin")], "invalid_scope"),
        (vec![("scope", "openid\"")], "invalid_scope"),
        (
            vec![("scope", "openid"), ("scope", "openid")],
            "invalid_request",
        ),
        (
            vec![("scope", "openid"), ("resource", "https://else.example")],
            "invalid_target",
        ),
        (
            vec![("scope", "openid"), ("authorization_details", "[]")],
            "invalid_authorization_details",
        ),
    ] {
        assert_eq!(
            error(begin(&house, &app, &form).await).await,
            expected,
            "{form:?}"
        );
    }
    for form in [
        vec![("scope", &*huge)],
        vec![("scope", "openid"), ("resource", &*huge)],
        vec![("scope", "openid"), ("other", &*huge)],
    ] {
        let status = begin(&house, &app, &form).await.status();
        assert!(!status.is_server_error(), "{status}");
    }
    for (form, expected) in [
        (vec![("grant_type", GRANT)], "invalid_request"),
        (
            vec![("grant_type", GRANT), ("device_code", "")],
            "invalid_request",
        ),
        (
            vec![
                ("grant_type", GRANT),
                ("device_code", "a"),
                ("device_code", "b"),
            ],
            "invalid_request",
        ),
        (
            vec![("grant_type", GRANT), ("device_code", "unknown")],
            "invalid_grant",
        ),
        (
            vec![("grant_type", GRANT), ("device_code", "é ")],
            "invalid_grant",
        ),
    ] {
        assert_eq!(error(app.ask(&form).await).await, expected, "{form:?}");
    }
    let plain = App::of(&house, json!({})).await;
    assert_eq!(
        error(begin(&house, &plain, &[("scope", "openid")]).await).await,
        "unauthorized_client"
    );
    assert_eq!(error(poll(&plain, "x").await).await, "unauthorized_client");
    let wrong = App {
        secret: Some("sks_wrong".to_owned()),
        ..App::of(
            &house,
            with(json!({"token_endpoint_auth_method": "client_secret_basic"})),
        )
        .await
    };
    let refused = begin(&house, &wrong, &[("scope", "openid")]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_the_device_grant_can_be_switched_off() {
    let house = TestHouse::open_with(|config| config.protocol.device = false).await;
    let app = App::of(&house, television()).await;
    let off = "unsupported_grant_type";
    assert_eq!(
        error(begin(&house, &app, &[("scope", "openid")]).await).await,
        off
    );
    assert_eq!(error(poll(&app, "x").await).await, off);
    let browser = Browser::new(&house);
    assert_eq!(browser.get("/device").await.status, StatusCode::NOT_FOUND);
    let document = browser.get("/.well-known/openid-configuration").await.text;
    assert!(!document.contains("device"), "{document}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_01_without_redis_devices_wait_and_get_nothing() {
    let server = url::Url::parse(&variable("TEST_REDIS_URL")).unwrap();
    let authority = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap());
    let proxy = Proxy::before(authority).await;
    let mut through = server.clone();
    through.set_port(Some(proxy.port)).unwrap();
    let house = TestHouse::open_on_production(|config| {
        config.session.url = sekisho_server::config::SecretText::new(through.as_str());
    })
    .await;
    let app = App::of(&house, television()).await;
    let codes = codes(&house, &app).await;
    let phone = person(&house).await;
    let confirm = type_code(&phone, &codes.user).await;
    proxy.stop();
    let away = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(poll(&app, &codes.device).await.status(), away);
    assert_eq!(
        begin(&house, &app, &[("scope", "openid")]).await.status(),
        away
    );
    assert_eq!(type_code(&phone, &codes.user).await.status, away);
    assert_eq!(decide(&phone, &confirm, "allow").await.status, away);
    house.close().await;
}
