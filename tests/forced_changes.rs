//! A new password in the middle of a sign-in, before anything is issued.

use reqwest::StatusCode;
use sekisho_audit::NewEvent;
use sekisho_model::{
    Cohort, EmailAddress, Epoch, EpochKind, EventKind, Locale, Origin, OsEntropy, Outcome, UserId,
};
use sekisho_provider::accounts::NewAccount;
use serde_json::{Map, json};

use crate::authorization::request;
use crate::own_password::judged_on;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::tokens::{App, body};

const NEW: &str = "umbrella-octopus-lantern-41";

async fn mark(house: &TestHouse) {
    let user = house.user;
    let work = move |tx: &mut sekisho_store::Tx<'_>| tx.move_user_epoch(user, EpochKind::Password);
    house.house.services.store.write(work).await.unwrap();
    house.house.services.provider.hear().await.unwrap();
}

/// As `user force-reset` does it: everybody, or who is in a cohort.
async fn mark_many(house: &TestHouse, cohort: Cohort) -> Epoch {
    let event = NewEvent::new(EventKind::CohortMarked, Outcome::Passed);
    let event = event.happened(house.now(), &Origin::default(), &OsEntropy::new());
    let provider = &house.house.services.provider;
    let marked = provider.force_reset(cohort, false, "drill", event);
    marked.await.unwrap()
}

async fn without_second_step(house: &TestHouse, user: UserId) {
    let work = move |tx: &mut sekisho_store::Tx<'_>| tx.set_second_step(user, false);
    house.house.services.store.write(work).await.unwrap();
}

async fn offer(house: &TestHouse, address: &str) -> Page {
    let browser = Browser::new(house);
    let login = browser.get(browser.get("/login").await.location()).await;
    let csrf = login.hidden("csrf");
    let form = [("csrf", &*csrf), ("email", address), ("password", PASSWORD)];
    browser.post("/login", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_08_whoever_stole_the_old_password_does_not_choose_the_next_whoever_was_marked() {
    let house = TestHouse::open().await;
    without_second_step(&house, house.user).await;
    let alone = offer(&house, &house.login_address).await;
    assert!(!alone.location().starts_with("/login"), "no mark, no code");
    let before_now = Cohort {
        password_before: Some(house.now() + std::time::Duration::from_secs(1)),
        ..Cohort::default()
    };
    for cohort in [before_now, Cohort::default()] {
        mark_many(&house, cohort).await;
        let sent = offer(&house, &house.login_address).await;
        assert!(
            sent.location().starts_with("/login/code"),
            "{}",
            sent.location()
        );
    }
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let to_change = browser.sign_in(&house, &request(&app.id, &[])).await;
    let page = browser.get(to_change.location()).await;
    let done = change(&browser, &page, NEW).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_08_where_no_code_can_be_mailed_a_voided_password_leads_to_the_mailed_link() {
    let house = TestHouse::open().await;
    let address = house.login_address.replace("haruka", "minoru");
    let code = house.code_address.replace("haruka", "minoru");
    let new = NewAccount {
        login_address: EmailAddress::parse(&address).unwrap(),
        code_address: Some(EmailAddress::parse(&code).unwrap()),
        password: PASSWORD.to_owned().into(),
        claims: Map::new(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    let made = provider.create_account(new, &Origin::default()).await;
    without_second_step(&house, made.unwrap().unwrap()).await;
    let event = NewEvent::new(EventKind::AddressReleased, Outcome::Passed);
    let event = event.happened(house.now(), &Origin::default(), &OsEntropy::new());
    let code = EmailAddress::parse(&code).unwrap();
    assert_eq!(provider.release_address(&code, event).await.unwrap(), 1);
    assert!(
        !offer(&house, &address)
            .await
            .location()
            .starts_with("/login")
    );
    mark_many(&house, Cohort::default()).await;
    let told = offer(&house, &address).await;
    assert_eq!(told.status, StatusCode::OK);
    let words = told.words();
    assert!(
        words.contains("Your old password no longer counts"),
        "{words}"
    );
    house.close().await;
}

async fn change(browser: &Browser, page: &Page, password: &str) -> Page {
    let form = [("csrf", &*page.hidden("csrf")), ("password", password)];
    browser.post("/login/new-password", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_30_a_marked_account_chooses_a_new_password_before_any_code_is_issued() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    mark(&house).await;
    let browser = Browser::new(&house);
    let to_change = browser.sign_in(&house, &request(&app.id, &[])).await;
    assert!(
        to_change.location().starts_with("/login/new-password"),
        "{}",
        to_change.location()
    );
    assert_eq!(
        browser.get("/account").await.status,
        StatusCode::SEE_OTHER,
        "no session yet"
    );
    let page = browser.get(to_change.location()).await;
    assert!(
        page.words().contains("choose a new password"),
        "{}",
        page.words()
    );
    let same = change(&browser, &page, PASSWORD).await;
    assert!(
        same.words().contains("you have not used here"),
        "{}",
        same.words()
    );
    let weak = change(&browser, &page, "password1").await;
    assert!(
        weak.words().contains("list of common ones"),
        "{}",
        weak.words()
    );
    let other = Browser::new(&house);
    other.get("/login").await;
    assert_eq!(
        change(&other, &page, NEW).await.status,
        StatusCode::BAD_REQUEST
    );
    let done = change(&browser, &page, NEW).await;
    let code = done.answer("code").expect("the sign-in goes on");
    let tokens = body(app.redeem(&code).await).await;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(app.userinfo(access).await, StatusCode::OK);
    for address in [&house.login_address, &house.code_address] {
        house.told(address, "your password was changed").await;
    }
    // Nobody is asked twice, and the page is gone.
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    let late = change(&browser, &page, "another-quiet-harbour-77").await;
    assert!(late.status.is_client_error(), "{}", late.status);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_29_prompt_none_says_that_something_has_to_be_done_first() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    let silent = request(&app.id, &[("prompt", "none")]);
    assert!(browser.get(&silent).await.answer("code").is_some());
    mark(&house).await;
    let refused = browser.get(&silent).await;
    assert_eq!(
        refused.answer("error").as_deref(),
        Some("interaction_required")
    );
    let shown = browser.get(&request(&app.id, &[])).await;
    assert!(
        shown.location().starts_with("/login"),
        "{}",
        shown.location()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_30_of_twenty_at_once_one_sets_the_password() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    mark(&house).await;
    let browser = Browser::new(&house);
    let to_change = browser.sign_in(&house, &request(&app.id, &[])).await;
    let page = browser.get(to_change.location()).await;
    let tries = (0..20).map(|n| {
        let (browser, page) = (browser.clone(), page.clone());
        tokio::spawn(async move {
            let answer = change(&browser, &page, &format!("{NEW}-{n}")).await;
            answer.location.is_some_and(|to| to.contains("code="))
        })
    });
    let mut done = 0;
    for answer in tries.collect::<Vec<_>>() {
        done += usize::from(answer.await.unwrap());
    }
    assert_eq!(done, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_09_at_a_forced_change_the_app_and_the_account_are_context_while_typing_and_after() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    mark(&house).await;
    let browser = Browser::new(&house);
    let to_change = browser.sign_in(&house, &request(&app.id, &[])).await;
    let page = browser.get(to_change.location()).await;
    let csrf = page.hidden("csrf");
    let local = house.login_address.split('@').next().unwrap();
    // The app is called Aozora Mail.
    for weak in ["aozora-lantern-octopus-41", local, "password1"] {
        let asked = judged_on(&browser, &[("csrf", &csrf)], weak, &house.issuer).await;
        let (status, reasons) = asked;
        assert_eq!(status, StatusCode::OK);
        assert!(!reasons.is_empty(), "{weak}");
        let words = change(&browser, &page, weak).await.words();
        for reason in reasons {
            assert!(words.contains(&reason), "{weak}: {reason} in {words}");
        }
    }
    // The form of another sign-in says nothing about this account.
    let other = Browser::new(&house);
    other.get(other.get("/login").await.location()).await;
    let asked = judged_on(&other, &[("csrf", &csrf)], local, &house.issuer).await;
    let (_, reasons) = asked;
    assert!(
        !reasons.iter().any(|reason| reason.contains("address")),
        "{reasons:?}"
    );
    house.close().await;
}
