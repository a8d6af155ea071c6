//! Another password, in the account pages.

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{EventKind, Outcome};
use sekisho_provider::rules::sign_up::SignUpMode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::chromium::{Chromium, Window};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::wait;
use crate::tokens::{App, body};

const PAGE: &str = "/account/password";
const NEW: &str = "umbrella-octopus-lantern-41";

async fn change(browser: &Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    // The first form of the page is the one that signs out.
    let form = page.text.split("<main").nth(1).unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    let form = [&[("csrf", csrf)], fields].concat();
    browser.post(PAGE, &form).await
}

/// Signed in at an app that may refresh.
async fn signed_in(house: &TestHouse, app: &App) -> (Browser, String) {
    let browser = Browser::new(house);
    let wish = request(&app.id, &[("scope", "openid offline_access")]);
    let back = browser.sign_in(house, &wish).await;
    let code = match back.answer("code") {
        Some(code) => code,
        None => browser.allow(&back).await.answer("code").unwrap(),
    };
    let tokens = body(app.redeem(&code).await).await;
    (
        browser,
        tokens["refresh_token"].as_str().unwrap().to_owned(),
    )
}

async fn app_of(house: &TestHouse) -> App {
    let scope = "openid offline_access";
    App::of(house, json!({"skip_consent": true, "scope": scope})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_12_a_change_ends_everything_but_the_session_that_made_it() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let (owner, refresh) = signed_in(&house, &app).await;
    let (other, others_refresh) = signed_in(&house, &app).await;
    let (half_way, former) = (Browser::new(&house), house.last_code());
    let waiting = half_way.password(&house, &request(&app.id, &[])).await;
    let before = owner.cookies(&house);
    let page = owner.get(PAGE).await;
    let fields = [("present", PASSWORD), ("password", NEW)];
    let done = change(&owner, &page, &fields).await;
    assert_eq!(done.location(), "/account/security?changed=password");
    let security = owner.get(done.location()).await;
    assert!(security.words().contains("Your password is changed"));
    assert_ne!(owner.cookies(&house), before, "SES-03");
    assert_eq!(other.get("/account").await.status, StatusCode::SEE_OTHER);
    for token in [&refresh, &others_refresh] {
        assert_eq!(app.refresh(token).await.status(), StatusCode::BAD_REQUEST);
    }
    let code = house.code_but(&former).await;
    let form = [("csrf", &*waiting.hidden("csrf")), ("code", &*code)];
    let late = half_way.post("/login/code", &form).await;
    assert!(late.location.is_none_or(|to| !to.contains("code=")));
    for address in [&house.login_address, &house.code_address] {
        house.told(address, "your password was changed").await;
    }
    // The same form once more: the password it names is no longer the present one.
    let again = change(&owner, &security_form(&owner).await, &fields).await;
    assert!(
        again.words().contains("not your present password"),
        "{}",
        again.words()
    );
    house.close().await;
}

async fn security_form(browser: &Browser) -> Page {
    browser.get(PAGE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_12_other_devices_stay_when_the_person_wants_it() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let (owner, refresh) = signed_in(&house, &app).await;
    let (other, _) = signed_in(&house, &app).await;
    let (half_way, former) = (Browser::new(&house), house.last_code());
    let waiting = half_way.password(&house, &request(&app.id, &[])).await;
    let page = owner.get(PAGE).await;
    let fields = [
        ("present", PASSWORD),
        ("password", NEW),
        ("others_stay", "1"),
    ];
    let done = change(&owner, &page, &fields).await;
    assert_eq!(done.location(), "/account/security?changed=password");
    assert_eq!(other.get("/account").await.status, StatusCode::OK);
    assert_eq!(app.refresh(&refresh).await.status(), StatusCode::OK);
    // Not so a sign-in that began with the old password.
    let code = house.code_but(&former).await;
    let form = [("csrf", &*waiting.hidden("csrf")), ("code", &*code)];
    let late = half_way.post("/login/code", &form).await;
    assert!(late.location.is_none_or(|to| !to.contains("code=")));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_12_it_needs_the_present_password_and_a_fresh_sign_in() {
    let house = TestHouse::open_with(|config| config.limits.password.known_browser.max = 4).await;
    let app = app_of(&house).await;
    let (owner, _) = signed_in(&house, &app).await;
    let page = owner.get(PAGE).await;
    for (fields, told) in [
        (
            [("present", ""), ("password", NEW)],
            "Enter your present password",
        ),
        (
            [("present", PASSWORD), ("password", "")],
            "Enter your password",
        ),
        (
            [("present", PASSWORD), ("password", "short")],
            "Use at least",
        ),
        (
            [("present", PASSWORD), ("password", PASSWORD)],
            "have not used here",
        ),
        (
            [("present", "wrong"), ("password", NEW)],
            "not your present password",
        ),
    ] {
        let answer = change(&owner, &page, &fields).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.words().contains(told), "{told}: {}", answer.words());
        assert!(!answer.text.contains(NEW), "never shown again");
    }
    // THR-08: guesses count here as they do at the sign-in.
    let guesses = (0..12).map(|n| {
        let (owner, page) = (owner.clone(), page.clone());
        tokio::spawn(async move {
            let guess = format!("guess-{n}");
            change(&owner, &page, &[("present", &guess), ("password", NEW)]).await
        })
    });
    let mut stopped = 0;
    for guess in guesses.collect::<Vec<_>>() {
        stopped += usize::from(guess.await.unwrap().words().contains("Too many"));
    }
    assert!(stopped >= 8, "{stopped} of 12 were not even compared");
    let right = change(&owner, &page, &[("present", PASSWORD), ("password", NEW)]).await;
    assert!(right.words().contains("Too many"), "{}", right.words());

    house.advance(Duration::from_secs(3700)).await;
    let (owner, _) = signed_in(&house, &app).await;
    let page = owner.get(PAGE).await;
    let stranger = Browser::new(&house);
    stranger.get("/login").await;
    let fields = [("present", PASSWORD), ("password", NEW)];
    let foreign = change(&stranger, &page, &fields).await;
    assert!(foreign.location.is_none_or(|to| to.starts_with("/login")));
    house.advance(Duration::from_secs(601)).await;
    let stale = change(&owner, &page, &fields).await;
    assert!(
        stale.location().starts_with("/login?flow="),
        "{}",
        stale.location()
    );
    assert!(owner.get(PAGE).await.location().starts_with("/login?flow="));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_12_of_twenty_changes_at_once_one_counts() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let (owner, _) = signed_in(&house, &app).await;
    let page = owner.get(PAGE).await;
    let tries = (0..20).map(|n| {
        let (owner, page) = (owner.clone(), page.clone());
        tokio::spawn(async move {
            let new = format!("{NEW}-{n}");
            let fields = [("present", PASSWORD), ("password", &*new)];
            let done = change(&owner, &page, &fields).await;
            done.location.is_some_and(|to| to.contains("changed"))
        })
    });
    let mut done = 0;
    for answer in tries.collect::<Vec<_>>() {
        done += usize::from(answer.await.unwrap());
    }
    assert_eq!(done, 1);
    house.close().await;
}

/// What is said against a password while it is typed.
async fn judged(browser: &Browser, password: &str, origin: &str) -> (StatusCode, Vec<String>) {
    judged_on(browser, &[], password, origin).await
}

/// The same on a page whose form has such hidden `fields`.
pub async fn judged_on(
    browser: &Browser,
    fields: &[(&str, &str)],
    password: &str,
    origin: &str,
) -> (StatusCode, Vec<String>) {
    let url = format!("{origin}/password/check?ui_locales=en");
    let form = [&[("password", password)], fields].concat();
    let asked = browser.http.post(url).form(&form);
    let answer = asked.header("origin", origin).send().await.unwrap();
    let status = answer.status();
    let told: serde_json::Value = answer.json().await.unwrap();
    let reasons = told["reasons"].as_array().into_iter().flatten();
    let words = reasons.map(|reason| reason.as_str().unwrap().to_owned());
    (status, words.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_09_while_it_is_typed_the_same_is_said_as_when_it_is_sent() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let (browser, _) = signed_in(&house, &app).await;
    let page = browser.get("/account/password?ui_locales=en").await;
    let own_name = house.login_address.split('@').next().unwrap().to_owned();
    for weak in ["password", "aaaaaaaaaaaa", &own_name] {
        let (status, reasons) = judged(&browser, weak, &house.issuer).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!reasons.is_empty(), "{weak}");
        let sent = change(
            &browser,
            &page,
            &[("present", PASSWORD), ("password", weak)],
        )
        .await;
        let words = sent.words();
        for reason in reasons {
            assert!(words.contains(&reason), "{weak}: {reason} in {words}");
        }
    }
    assert_eq!(
        judged(&browser, NEW, &house.issuer).await,
        (StatusCode::OK, vec![])
    );
    assert_eq!(
        judged(&browser, "", &house.issuer).await,
        (StatusCode::OK, vec![])
    );

    // Pages of others cannot ask, and neither can anything without a form of ours.
    let url = house.url("/password/check");
    let foreign = browser
        .http
        .post(&url)
        .header("origin", "https://evil.example");
    let foreign = foreign.form(&[("password", "x")]).send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let (status, _) = judged(&Browser::new(&house), "password", &house.issuer).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_09_a_browser_shows_what_is_against_a_password_before_it_is_sent() {
    let house = TestHouse::open_with(|config| {
        config.accounts.registration = SignUpMode::Open;
    })
    .await;
    let browser = Chromium::open(Window {
        width: 390,
        dark: false,
        language: "en",
        script: true,
    })
    .await;
    browser.go(&house.url("/register")).await;
    let address = crate::sign_up::other(&house, "new");
    browser.fill("#email", &address).await;
    browser.click("main form button[type=submit]").await;
    wait::until("the code page", async || {
        browser.url().await.contains("/register/code").then_some(())
    })
    .await;
    let code = house.code_after(0, &address).await;
    browser.fill("#code", &code).await;
    browser.click("main form button.btn--primary").await;
    wait::until("the password page", async || {
        browser
            .url()
            .await
            .contains("/register/details")
            .then_some(())
    })
    .await;
    let shown = async || {
        let script = "const list = document.querySelector('#password-reasons');
            arguments[0](list.hidden ? '' : list.textContent)";
        let text = browser.ask(script).await.as_str().unwrap().to_owned();
        (!text.is_empty()).then_some(text)
    };
    browser.fill("#password", "passwordpassword").await;
    let text = wait::until("a reason", shown).await;
    assert!(text.contains("password"), "{text}");
    let shots = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    browser
        .screenshot(&shots.join("password-reasons.png"))
        .await;
    browser.fill("#password", NEW).await;
    wait::until("no reason", async || shown().await.is_none().then_some(())).await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_02_thr_15_wrong_passwords_on_own_pages_are_seen_by_rules_and_make_a_run() {
    let house = TestHouse::open_with(|config| config.limits.password.consecutive = 3).await;
    let app = app_of(&house).await;
    let (owner, _) = signed_in(&house, &app).await;
    // Whoever copied the cookie of the session alone has no browser that the account knows.
    let cookies = owner.cookies(&house);
    let thief = Browser::new(&house).holding(&house, &cookies, "session");
    let page = thief.get(PAGE).await;
    let wrong = [("present", "wrong"), ("password", NEW)];
    let told = change(&thief, &page, &wrong).await;
    assert!(
        told.words().contains("not your present"),
        "{}",
        told.words()
    );
    let page = owner.get(PAGE).await;
    let told = change(&owner, &page, &wrong).await;
    assert!(
        told.words().contains("not your present"),
        "{}",
        told.words()
    );
    let store = &house.house.services.store;
    let read = store.read(|tx| tx.events_of_kind(EventKind::PasswordChanged, 9));
    let events = read.await.unwrap();
    let known: Vec<bool> = events
        .iter()
        .filter(|event| event.outcome == Outcome::WrongPassword)
        .map(|event| event.detail["known"].as_bool().unwrap())
        .collect();
    assert_eq!(known.len(), 2, "{events:?}");
    assert!(
        known.contains(&true) && known.contains(&false),
        "{events:?}"
    );
    let seen = events.iter().flat_map(sekisho_guard::Observation::of);
    assert_eq!(seen.count(), 1, "an owner who errs at home is no attacker");

    // The third in a row closes this way, at the sign-in of that browser as well.
    change(&owner, &page, &wrong).await;
    let right = [("present", PASSWORD), ("password", NEW)];
    let closed = change(&owner, &page, &right).await;
    assert!(
        closed.location().starts_with("/login"),
        "{}",
        closed.words()
    );
    house.close().await;
}
