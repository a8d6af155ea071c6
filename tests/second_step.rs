//! What the mailed code cannot be got around with, and what it costs to try.

use reqwest::StatusCode;
use sekisho_model::{EmailAddress, Locale, Origin};
use sekisho_provider::accounts::{AccountRefusal, NewAccount};
use sekisho_server::metrics_page;
use serde_json::{Map, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

async fn app_of(house: &TestHouse) -> String {
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    client.client_id.to_string()
}

async fn enter(browser: &Browser, page: &Page, code: &str) -> Page {
    let form = [("csrf", &*page.hidden("csrf")), ("code", code)];
    browser.post("/login/code", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_10_what_stands_in_the_page_is_useless_without_the_cookie() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let (owner, thief) = (Browser::new(&house), Browser::new(&house));
    let page = owner.password(&house, &request(&app, &[])).await;
    let code = house.code().await;
    let hidden = page.text.matches("type=\"hidden\"").count();
    assert_eq!(
        hidden,
        page.text.matches("name=\"csrf\"").count(),
        "nothing else is hidden there"
    );
    // More often than the owner may be wrong: none of it counts, not even in a sign-in of their own.
    for _ in 0..4 {
        let answer = enter(&thief, &page, &code).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    thief.get(&request(&app, &[])).await;
    for _ in 0..4 {
        let answer = enter(&thief, &page, &code).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    assert!(enter(&owner, &page, &code).await.answer("code").is_some());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_13_over_the_limit_nothing_is_mailed_and_a_live_code_still_works() {
    let house = TestHouse::open_with(|config| config.limits.code_mail.account.max = 2).await;
    let app = app_of(&house).await;
    let (owner, second, third) = (
        Browser::new(&house),
        Browser::new(&house),
        Browser::new(&house),
    );
    let page = owner.password(&house, &request(&app, &[])).await;
    let code = house.code().await;
    second.password(&house, &request(&app, &[])).await;
    house.code_but(&code).await;

    let login = third
        .get(third.get(&request(&app, &[])).await.location())
        .await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let told = third.post("/login", &form).await;
    assert_eq!(told.location, None);
    assert!(
        told.words().contains("No new code can be sent until"),
        "{}",
        told.words()
    );
    assert_eq!(house.codes_so_far().len(), 2);
    assert!(enter(&owner, &page, &code).await.answer("code").is_some());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_24_a_mailbox_behind_this_sign_in_gets_no_codes() {
    let house = TestHouse::open_with(|config| {
        config.otp.self_hosted_mail_domains = vec!["inside.example".to_owned()];
    })
    .await;
    let provider = &house.house.services.provider;
    let address = |text: &str| EmailAddress::parse(text).unwrap();
    let make = async |login: &str, code: Option<&str>| {
        let new = NewAccount {
            login_address: address(login),
            code_address: code.map(address),
            password: PASSWORD.to_owned().into(),
            claims: Map::new(),
            locale: Some(Locale::Ja),
            check_policy: true,
        };
        let made = provider.create_account(new, &Origin::default()).await;
        made.unwrap()
    };
    for (login, code) in [
        ("sora@inside.example", None),
        ("sora@outside.example", Some("sora@inside.example")),
        ("sora@outside.example", Some("sora@INSIDE.Example")),
    ] {
        let refused = make(login, code).await;
        assert!(
            matches!(refused, Err(AccountRefusal::CodeAddressBehindGate(_))),
            "{login} {code:?}: {refused:?}"
        );
    }
    make("sora@inside.example", Some("sora@outside.example"))
        .await
        .unwrap();
    house.close().await;
}

/// Things that other servers have taken for a reason to leave the code out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_25_no_header_and_no_parameter_skips_the_code() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in [
        ("x-forwarded-user", "haruka"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-trusted-browser", "1"),
        ("x-amr", "pwd otp"),
        ("client-cert", ":AAAA:"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let browser = Browser::over(&house, reqwest::Client::builder().default_headers(headers));
    let start = request(
        &app,
        &[
            ("amr", "pwd otp"),
            ("skip_otp", "true"),
            ("acr_values", "0"),
            ("login_hint", &house.login_address),
        ],
    );
    let login = browser.get(browser.get(&start).await.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
        ("trust_browser", "on"),
        ("second_step", "off"),
        ("action", "skip"),
        ("code", ""),
    ];
    let sent = browser.post("/login", &form).await;
    assert!(
        sent.location().starts_with("/login/code"),
        "{}",
        sent.location()
    );
    let page = browser.get(sent.location()).await;
    for action in ["skip", "allow", "trust"] {
        let form = [
            ("csrf", &*page.hidden("csrf")),
            ("action", action),
            ("trust_browser", "on"),
        ];
        let answer = browser.post("/login/code", &form).await;
        assert!(
            answer.location.is_none_or(|to| !to.contains("code=")),
            "{action}"
        );
    }
    for path in ["/account", "/consent", &start] {
        let answer = browser.get(path).await;
        assert!(
            answer.location.is_none_or(|to| to.starts_with("/login")),
            "{path}"
        );
    }
    house.close().await;
}

/// How many passwords this process has hashed.
fn hashes() -> u64 {
    let page = metrics_page::recorder().unwrap().render();
    let line = page
        .lines()
        .find(|line| line.starts_with("sekisho_password_hashes_total "));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_22_what_is_cheap_to_refuse_costs_no_hash() {
    let house = TestHouse::open_with(|config| config.limits.source.address.max = 3).await;
    let app = app_of(&house).await;
    let browser = Browser::new(&house);
    let login = browser
        .get(browser.get(&request(&app, &[])).await.location())
        .await;
    let csrf = login.hidden("csrf");
    let send = async |csrf: &str, password: &str| {
        let form = [
            ("csrf", csrf),
            ("email", &*house.login_address),
            ("password", password),
        ];
        browser.post("/login", &form).await
    };
    let before = hashes();
    assert_eq!(send("forged", PASSWORD).await.status, StatusCode::FORBIDDEN);
    let huge = "x".repeat(100_000);
    assert_eq!(
        send(&csrf, &huge).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    send(&csrf, "").await;
    let stranger = Browser::new(&house);
    let form = [
        ("csrf", &*csrf),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    stranger.post("/login", &form).await;
    assert_eq!(hashes(), before, "nothing was hashed for any of these");

    for tries in 1..=3 {
        send(&csrf, "wrong-password").await;
        assert_eq!(hashes(), before + tries);
    }
    let told = send(&csrf, "wrong-password").await;
    assert!(told.words().contains("Too many tries"), "{}", told.words());
    assert_eq!(hashes(), before + 3, "a blocked try is not hashed");
    house.close().await;
}
