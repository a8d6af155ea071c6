//! What browser sessions promise: whose they are, how long they live, what opens them (SES-*, TD-*).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderValue};
use sekisho_model::{EmailAddress, Locale, Origin, UserId};
use sekisho_provider::accounts::NewAccount;
use serde_json::{Map, Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::tokens::{App, body};

/// Another person, who signs in with the password alone.
async fn somebody_else(house: &TestHouse) -> (UserId, String) {
    let address = house.login_address.replace("haruka", "minoru");
    let new = NewAccount {
        login_address: EmailAddress::parse(&address).unwrap(),
        code_address: None,
        password: PASSWORD.to_owned().into(),
        claims: Map::new(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    let made = provider.create_account(new, &Origin::default()).await;
    let user = made.unwrap().unwrap();
    let alone = move |tx: &mut sekisho_store::Tx<'_>| tx.set_second_step(user, false);
    house.house.services.store.write(alone).await.unwrap();
    (user, address)
}

async fn sessions(house: &TestHouse, user: UserId) -> usize {
    let store = &house.house.services.store;
    let found = store.read(move |tx| tx.sessions_of(user)).await.unwrap();
    let now = house.now();
    found.iter().filter(|s| now < s.expires_at).count()
}

async fn password(browser: &Browser, start: &str, address: &str) -> Page {
    let to_login = browser.get(start).await;
    let login = browser.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", address),
        ("password", PASSWORD),
    ];
    browser.post("/login", &form).await
}

fn cookie(house: &TestHouse, browser: &Browser, what: &str) -> String {
    let all = browser.cookies(house);
    let all = all.to_str().unwrap();
    let mut cookies = all.split("; ").filter_map(|one| one.split_once('='));
    let found = cookies.find(|(name, _)| name.ends_with(what));
    found.unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_01_a_session_is_a_random_name_of_which_only_the_digest_is_kept() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let browser = Browser::new(&house);
        browser.sign_in(&house, &request(&app.id, &[])).await;
        let value = cookie(&house, &browser, "session");
        // 32 bytes in base64url: 256 bits, and nothing that means something.
        assert_eq!(value.len(), 43, "{value}");
        seen.push(value);
    }
    assert_ne!(seen[0], seen[1]);
    let user = house.user;
    let store = &house.house.services.store;
    let kept = store.read(move |tx| tx.sessions_of(user)).await.unwrap();
    for value in &seen {
        let digest = sekisho_model::SessionToken::presented(value).unwrap();
        let digest = digest.digest();
        assert!(kept.iter().any(|session| session.digest == digest));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_05_somebody_else_in_the_same_browser_finds_nothing_of_the_former() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let (other, address) = somebody_else(&house).await;
    let browser = Browser::new(&house);
    let first = browser.sign_in(&house, &request(&app.id, &[])).await;
    let first = body(app.redeem(&first.answer("code").unwrap()).await).await;
    let before = cookie(&house, &browser, "session");
    // Nobody signs out in between.
    let start = request(&app.id, &[("prompt", "login")]);
    let second = password(&browser, &start, &address).await;
    let second = body(app.redeem(&second.answer("code").unwrap()).await).await;
    assert_ne!(cookie(&house, &browser, "session"), before);
    let claims = |tokens: &Value| {
        let token = tokens["id_token"].as_str().unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()
    };
    assert_ne!(claims(&first)["sub"], claims(&second)["sub"]);
    assert_ne!(claims(&first)["sid"], claims(&second)["sid"]);
    assert_eq!(sessions(&house, house.user).await, 0, "the former ended");
    assert_eq!(sessions(&house, other).await, 1);
    let account = browser.get("/account").await;
    assert!(account.text.contains(&address));
    assert!(!account.text.contains(&house.login_address));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_06_a_session_ends_when_idle_and_after_a_day_however_busy() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let signed_in = async |browser: &Browser| {
        let page = browser.get("/account").await;
        page.status == StatusCode::OK
    };
    let idle = Browser::new(&house);
    idle.sign_in(&house, &request(&app.id, &[])).await;
    house.advance(Duration::from_secs(59 * 60)).await;
    assert!(signed_in(&idle).await);
    house.advance(Duration::from_secs(61 * 60)).await;
    assert!(!signed_in(&idle).await, "an hour without a sign of life");
    let busy = Browser::new(&house);
    busy.sign_in(&house, &request(&app.id, &[])).await;
    for _ in 0..47 {
        house.advance(Duration::from_secs(30 * 60)).await;
        assert!(signed_in(&busy).await);
    }
    house.advance(Duration::from_secs(31 * 60)).await;
    assert!(!signed_in(&busy).await, "a day is the most");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_07_the_database_alone_says_whether_a_session_lives() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    // Ended where no server hears of it: at the next request at the latest after five seconds.
    let (user, now) = (house.user, house.now());
    let end = move |tx: &mut sekisho_store::Tx<'_>| {
        for session in tx.sessions_of(user)? {
            let _once = tx.end_session(session.id, now)?;
        }
        Ok(())
    };
    house.house.services.store.write(end).await.unwrap();
    house.advance(Duration::from_secs(5)).await;
    let page = browser.get("/account").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.words());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_11_no_token_opens_a_page_and_no_cookie_an_api() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    let session = cookie(&house, &browser, "session");
    let bare = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for name in ["access_token", "refresh_token", "id_token"] {
        let token = tokens[name].as_str().unwrap();
        let value = HeaderValue::from_str(&format!("sekisho_session={token}")).unwrap();
        let page = bare.get(house.url("/account")).header(COOKIE, value);
        let page = page.send().await.unwrap();
        assert_eq!(page.status(), StatusCode::SEE_OTHER, "{name}");
        let bearer = bare.get(house.url("/account")).bearer_auth(token);
        let page = bearer.send().await.unwrap();
        assert_eq!(page.status(), StatusCode::SEE_OTHER, "{name}");
    }
    let api = bare.get(house.url("/oauth2/userinfo"));
    let api = api.header(AUTHORIZATION, format!("Bearer {session}"));
    assert_eq!(api.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let api = bare.get(house.url("/oauth2/userinfo"));
    let api = api.header(COOKIE, browser.cookies(&house));
    assert_eq!(api.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_15_a_request_posted_from_another_site_finds_the_session_again() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    // A posted form from the site of an app comes without Lax cookies.
    let start = request(&app.id, &[]);
    let (path, query) = start.split_once('?').unwrap();
    let bare = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let posted = bare
        .post(house.url(path))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://app.example")
        .body(query.to_owned());
    let posted = posted.send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::SEE_OTHER);
    let next = posted.headers()["location"].to_str().unwrap();
    let next = next.strip_prefix(&house.issuer).unwrap_or(next).to_owned();
    // Followed by the browser that is signed in, it ends at the app without a question.
    let mut page = browser.get(&next).await;
    for _ in 0..3 {
        if page.location().starts_with("https://app.example") {
            break;
        }
        let to = page.location().to_owned();
        page = browser.get(&to).await;
    }
    assert!(page.answer("code").is_some(), "{}", page.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_04_trust_is_offered_unticked() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&app.id, &[])).await;
    let field = page.text.split("name=\"trust_browser\"").nth(1).unwrap();
    let field = field.split('>').next().unwrap();
    assert!(!field.contains("checked"), "{field}");
    // A request that forbids pages never comes to that offer.
    let silent = request(&app.id, &[("prompt", "none")]);
    let answer = Browser::new(&house).get(&silent).await;
    assert!(answer.location().contains("error=login_required"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_06_failures_are_listed_without_what_was_typed() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let thief = Browser::new(&house);
    for (address, typed) in [
        (house.login_address.as_str(), "guessed-password-1"),
        ("nobody-of-ours@example.jp", "guessed-password-2"),
    ] {
        let to_login = thief.get(&request(&app.id, &[])).await;
        let login = thief.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", address),
            ("password", typed),
        ];
        thief.post("/login", &form).await;
    }
    let owner = Browser::new(&house);
    owner.sign_in(&house, &request(&app.id, &[])).await;
    let history = owner.get("/account/history").await;
    assert!(history.words().contains("Wrong password"));
    for secret in ["guessed-password", PASSWORD, "nobody-of-ours"] {
        assert!(!history.text.contains(secret), "{secret}");
    }
}
