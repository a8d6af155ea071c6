//! What goes on and what stops when Redis, PostgreSQL or SMTP are away (decisions: failing
//! dependencies). Always on the production stack.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use sekisho_server::config::SecretText;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse, variable};
use crate::support::ports::free_address;
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
        config.session.url = SecretText::new(redis);
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
    // Two seconds at most; twice that on a machine that is busy with other tests.
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
        begin.elapsed() < Duration::from_secs(4),
        "FAIL-01: it waits for nothing that is away"
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
        config.database.url = SecretText::new(url.as_str());
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
        config.mail.url = SecretText::new(url);
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
    let listen = free_address();
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

/// Empties what this house keeps in Redis, as a server that comes back without its memory.
fn forget_all(house: &TestHouse) {
    let own = format!("{}*", house.config.session.prefix);
    let url = variable("TEST_REDIS_URL");
    let redis = |words: &[&str]| {
        let at = ["-u", &*url, "--no-auth-warning"];
        let done = Command::new("redis-cli")
            .args([&at, words].concat())
            .output();
        String::from_utf8(done.unwrap().stdout).unwrap()
    };
    let keys = redis(&["--scan", "--pattern", &own]);
    assert!(keys.lines().count() > 0, "there is something to forget");
    // A scan may name a key twice, and one may end by itself meanwhile.
    for key in keys.lines() {
        let _number = redis(&["del", key]);
    }
    assert_eq!(redis(&["--scan", "--pattern", &own]).trim(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_02_when_redis_forgets_unfinished_sign_ins_die_and_nothing_used_comes_back() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let done = Browser::new(&house);
    let page = done.password(&house, &request(&app.id, &[])).await;
    let used = house.code().await;
    let form = [("csrf", page.hidden("csrf")), ("code", used.clone())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = done.post("/login/code", &form).await;
    let code = answer.answer("code").unwrap();
    let tokens = body(app.redeem(&code).await).await;
    house.advance(Duration::from_mins(2)).await;
    let half_way = Browser::new(&house);
    let unfinished = half_way.password(&house, &request(&app.id, &[])).await;
    let right = house.code_but(&used).await;

    forget_all(&house);
    let csrf = unfinished.hidden("csrf");
    let late = half_way
        .post("/login/code", &[("csrf", &csrf), ("code", &right)])
        .await;
    assert_ne!(late.status, StatusCode::SEE_OTHER, "{}", late.words());
    let account = half_way.get("/account").await;
    assert_eq!(account.status, StatusCode::SEE_OTHER, "nobody is signed in");
    let again = Browser::new(&house);
    let fresh = again.password(&house, &request(&app.id, &[])).await;
    let csrf = fresh.hidden("csrf");
    for old in [&used, &right] {
        let refused = again
            .post("/login/code", &[("csrf", &csrf), ("code", old)])
            .await;
        assert!(refused.status != StatusCode::SEE_OTHER, "an old code");
    }
    let replayed = app.redeem(&code).await;
    assert_eq!(
        replayed.status(),
        StatusCode::BAD_REQUEST,
        "the code was used"
    );
    let revoked = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(
        revoked.status(),
        StatusCode::BAD_REQUEST,
        "which voids what it gave"
    );
    assert_eq!(
        done.get("/account").await.status,
        StatusCode::OK,
        "sessions go on"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_13_the_status_page_needs_neither_database_nor_redis() {
    let sql = Proxy::before(authority(&variable("TEST_DATABASE_URL"))).await;
    let redis = Proxy::before(authority(&variable("TEST_REDIS_URL"))).await;
    let to_redis = through(&variable("TEST_REDIS_URL"), &redis);
    let house = TestHouse::open_on_production(|config| {
        config.database.url = SecretText::new(through(config.database.url.expose(), &sql));
        config.session.url = SecretText::new(to_redis);
    })
    .await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let order = [
        "incident",
        "level",
        "5",
        "--reason",
        "test",
        "--text-en",
        "Back at noon.",
        "--text-ja",
        "正午に再開します。",
    ];
    let _done = Process::run(
        &[&order[..], &["--config", file.to_str().unwrap()]].concat(),
        "",
    );
    house.house.services.provider.hear().await.unwrap();
    sql.stop();
    redis.stop();
    let http = reqwest::Client::new();
    for _ in 0..3 {
        for (language, words) in [("en", "Back at noon."), ("ja", "正午に再開します。")] {
            let began = Instant::now();
            let page = http
                .get(house.url("/status"))
                .header("accept-language", language);
            let page = page.send().await.unwrap();
            assert_eq!(page.status(), StatusCode::OK);
            assert!(page.text().await.unwrap().contains(words), "{language}");
            assert!(
                began.elapsed() < Duration::from_secs(4),
                "it waits for nobody"
            );
        }
    }
    house.close_without_database().await;
}
