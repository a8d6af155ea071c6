//! Somebody who is signed in proves it again: the address is known there, and only there (ux 6.1).

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

async fn house_and_app() -> (TestHouse, String) {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    let id = client.client_id.to_string();
    (house, id)
}

async fn login_page(browser: &Browser, start: &str) -> Page {
    let to_login = browser.get(start).await;
    browser.get(to_login.location()).await
}

fn typed(page: &Page) -> bool {
    page.text.contains("id=\"email\"")
}

/// The address stands there as text, with the way for somebody else.
fn is_known(house: &TestHouse, page: &Page) -> bool {
    let words = page.words();
    let said = words.contains(&format!("{} Use another account", house.login_address));
    assert_ne!(said, typed(page), "{words}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_signed_in_proves_it_again_without_typing_the_address() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&id, &[])).await;
    house.advance(Duration::from_secs(5)).await;
    let hint = house.login_address.to_uppercase();
    for change in [
        ("prompt", "login"),
        ("max_age", "2"),
        ("acr_values", ""),
        ("login_hint", &*hint),
    ] {
        let start = request(&id, &[("prompt", "login"), change]);
        let page = login_page(&browser, &start).await;
        assert!(is_known(&house, &page), "{change:?}");
    }
    let start = request(&id, &[("max_age", "2")]);
    let page = login_page(&browser, &start).await;
    assert!(is_known(&house, &page));

    // A wrong password keeps it, and the right one with the code leads on.
    let fields = |password| {
        let email = house.login_address.clone();
        let csrf = page.hidden("csrf");
        [
            ("csrf", csrf),
            ("email", email),
            ("password", String::from(password)),
        ]
    };
    async fn send(browser: &Browser, fields: [(&str, String); 3]) -> Page {
        let form: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        browser.post("/login", &form).await
    }
    let wrong = send(&browser, fields("wrong-password")).await;
    assert!(wrong.words().contains("is not right"), "{}", wrong.words());
    assert!(is_known(&house, &wrong));
    let to_code = send(&browser, fields(PASSWORD)).await;
    let page = browser.get(to_code.location()).await;
    let code = house.code_beside(&page.tally().unwrap()).await;
    let fields = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let done = browser.post("/login/code", &fields).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_can_be_used_where_somebody_is_signed_in() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&id, &[])).await;
    let page = login_page(&browser, &request(&id, &[("prompt", "login")])).await;
    let link = page.text.split("<a href=\"/login?flow=").nth(1).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");
    let other = browser.get(&format!("/login?flow={link}")).await;
    assert_eq!(other.status, StatusCode::OK);
    assert!(typed(&other) && !other.text.contains(&*house.login_address));
    // Nothing typed there is no wish to be the one who is signed in.
    let form = [
        ("csrf", &*other.hidden("csrf")),
        ("email", ""),
        ("password", PASSWORD),
    ];
    let empty = browser.post("/login", &form).await;
    assert!(typed(&empty), "{}", empty.words());
    let form = [
        ("csrf", &*other.hidden("csrf")),
        ("email", "kai@example.jp"),
        ("password", PASSWORD),
    ];
    let wrong = browser.post("/login", &form).await;
    assert!(typed(&wrong) && wrong.text.contains("kai@example.jp"));
    // Nor does an app get the address fixed that wants somebody else, or a choice.
    for change in [
        ("login_hint", "kai@example.jp"),
        ("prompt", "select_account"),
    ] {
        let start = request(&id, &[("max_age", "0"), ("prompt", "login"), change]);
        let page = login_page(&browser, &start).await;
        assert!(typed(&page), "{change:?}");
        assert!(!page.text.contains(&*house.login_address), "{change:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_01_a_browser_without_the_session_is_told_of_nobody() {
    let (house, id) = house_and_app().await;
    let (owner, stranger) = (Browser::new(&house), Browser::new(&house));
    owner.sign_in(&house, &request(&id, &[])).await;
    let unknown = house.login_address.replace("haruka", "nobody");
    let mut pages = Vec::new();
    for hint in [&house.login_address, &unknown] {
        let start = request(&id, &[("prompt", "login"), ("login_hint", hint)]);
        let page = login_page(&stranger, &start).await;
        assert!(typed(&page), "{hint}");
        pages.push((page.status, page.words()));
    }
    assert_eq!(pages[0], pages[1]);
    // The owner's own browser tells nobody either once its session has ended.
    let flow = owner.get(&request(&id, &[("prompt", "login")])).await;
    assert!(is_known(&house, &owner.get(flow.location()).await));
    let foreign = stranger.get(flow.location()).await;
    assert!(!foreign.text.contains(&*house.login_address));
    let user = house.user;
    let store = &house.house.services.store;
    let now = house.now();
    let work = move |tx: &mut sekisho_store::Tx<'_>| {
        for session in tx.sessions_of(user)? {
            let _once = tx.end_session(session.id, now)?;
        }
        Ok(())
    };
    store.write(work).await.unwrap();
    let after = owner.get(flow.location()).await;
    assert!(typed(&after) && !after.text.contains(&*house.login_address));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_a_change_the_address_is_known_as_well() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&id, &[])).await;
    house.advance(Duration::from_mins(11)).await;
    let page = login_page(&browser, "/account/security/address").await;
    assert!(
        page.words().contains("Before changing this"),
        "{}",
        page.words()
    );
    assert!(is_known(&house, &page));
    house.close().await;
}
