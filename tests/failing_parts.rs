//! What goes on and what stops when Redis, PostgreSQL or SMTP are away (decisions: failing
//! dependencies). Always on the production stack.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse, variable};
use crate::support::processes::{Process, Proxy};
use crate::support::wait;
use crate::tokens::{App, body};

fn authority(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}

fn through(url: &str, proxy: &Proxy) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_port(Some(proxy.port)).unwrap();
    url.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_01_without_redis_sign_in_waits_and_tokens_go_on() {
    let proxy = Proxy::before(authority(&variable("TEST_REDIS_URL"))).await;
    let redis = through(&variable("TEST_REDIS_URL"), &proxy);
    let house = TestHouse::open_on_production(|config| {
        config.session.url = sekisho_server::config::SecretText::new(redis);
    })
    .await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    let half_way = Browser::new(&house);
    let login = half_way
        .get(half_way.get(&request(&app.id, &[])).await.location())
        .await;
    proxy.stop();
    let begin = Instant::now();
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let page = half_way.post("/login", &form).await;
    assert_eq!(
        page.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        page.words()
    );
    assert!(page.headers.contains_key("retry-after"));
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "FAIL-01: within two seconds"
    );
    assert_eq!(
        app.refresh(tokens["refresh_token"].as_str().unwrap())
            .await
            .status(),
        StatusCode::OK
    );
    assert_eq!(
        app.userinfo(tokens["access_token"].as_str().unwrap()).await,
        StatusCode::OK
    );
    assert_eq!(browser.get("/oauth2/jwks").await.status, StatusCode::OK);
    assert!(
        browser
            .get(&request(&app.id, &[]))
            .await
            .answer("code")
            .is_some(),
        "single sign-on goes on"
    );
    assert_eq!(
        browser.get("/health/ready").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_03_without_sql_nothing_is_issued_and_keys_are_still_published() {
    let proxy = Proxy::before(authority(&variable("TEST_DATABASE_URL"))).await;
    let port = proxy.port;
    let house = TestHouse::open_on_production(|config| {
        let mut url = url::Url::parse(config.database.url.expose()).unwrap();
        url.set_port(Some(port)).unwrap();
        config.database.url = sekisho_server::config::SecretText::new(url.as_str());
    })
    .await;
    let machine = App::of(&house, json!({
        "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [], "scope": "orders:read",
    }))
    .await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
    let code = answer.answer("code").unwrap();
    assert_eq!(
        machine
            .ask(&[("grant_type", "client_credentials")])
            .await
            .status(),
        StatusCode::OK
    );
    proxy.stop();
    wait::until("the node to notice", async || {
        let status = machine
            .ask(&[("grant_type", "client_credentials")])
            .await
            .status();
        (status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    assert_eq!(
        app.redeem(&code).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    for path in [
        "/oauth2/jwks",
        "/.well-known/openid-configuration",
        "/health/live",
        "/help",
    ] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(
        browser.get("/account").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    house.close_without_database().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_05_otp_27_without_smtp_the_page_is_the_same_and_the_mail_waits() {
    let smtp = variable("TEST_SMTP_URL");
    let proxy = Proxy::before(authority(&smtp)).await;
    let url = through(&smtp, &proxy);
    let house = TestHouse::open_on_production(|config| {
        config.mail.url = sekisho_server::config::SecretText::new(url);
    })
    .await;
    proxy.stop();
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let page = Browser::new(&house)
        .password(&house, &request(&app.id, &[]))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.words().contains("Enter the code we mailed you"),
        "{}",
        page.words()
    );
    let store = house.house.services.store.clone();
    let now = house.house.services.provider.now();
    let waiting = wait::until("the letter to fail once", async || {
        let letters = store.read(move |tx| tx.list_letters(10)).await.unwrap();
        letters
            .iter()
            .any(|letter| letter.attempts > 0 && letter.last_error.is_some())
            .then_some(())
    });
    waiting.await;
    let figures = store.read(move |tx| tx.queue_figures(now)).await.unwrap();
    assert_eq!((figures.waiting, figures.dead), (1, 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rep_01_a_sign_in_begun_on_one_node_ends_on_the_other() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    // A second node: the same configuration, another port, as a process of its own.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = listener.local_addr().unwrap().to_string();
    drop(listener);
    let file = house.folder.path().join("second.toml");
    house.write_config(&file, &listen);
    let node = Process::start(&["serve", "--config", file.to_str().unwrap()]);
    let host = house.issuer.strip_prefix("http://").unwrap().to_owned();
    let other = format!("http://{listen}");
    wait::until("the second node", async || {
        let ready = reqwest::get(format!("{other}/health/ready")).await.ok()?;
        ready.status().is_success().then_some(())
    })
    .await;
    let listed = Process::run(
        &[
            "user",
            "list",
            "--config",
            file.to_str().unwrap(),
            "--output",
            "json",
        ],
        "",
    );
    assert!(
        listed.contains(&house.login_address),
        "the command line works beside two servers: {listed}"
    );

    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&app.id, &[])).await;
    let code = house.code().await;
    let cookies = browser.cookies(&house);
    let form = [("csrf", &*page.hidden("csrf")), ("code", &code)];
    let sent = browser
        .http
        .post(format!("{other}/login/code"))
        .header("host", &host)
        .header("cookie", cookies);
    let answer = sent.form(&form).send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let code = url::Url::parse(&location)
        .unwrap()
        .query_pairs()
        .find(|(k, _)| k == "code")
        .unwrap()
        .1
        .into_owned();
    let tokens = body(app.redeem(&code).await).await;
    let access = tokens["access_token"].as_str().unwrap();
    let there = reqwest::Client::new()
        .get(format!("{other}/oauth2/userinfo"))
        .header("host", &host)
        .bearer_auth(access);
    assert_eq!(there.send().await.unwrap().status(), StatusCode::OK);
    assert!(node.stop(), "a graceful end");
    house.close().await;
}
