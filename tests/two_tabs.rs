//! Two tabs of one browser: what one of them finished, the other one says in words, with a way on (ux 6.13).

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

async fn app_with_home(house: &TestHouse, changes: serde_json::Value) -> String {
    let mut members = json!({"skip_consent": true, "client_uri": "https://app.example/start"});
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    house.client(members).await.0.client_id.to_string()
}

async fn login_page(browser: &Browser, start: &str) -> (String, Page) {
    let here = browser.get(start).await.location().to_owned();
    let page = browser.get(&here).await;
    (here, page)
}

async fn send_password(house: &TestHouse, browser: &Browser, page: &Page) -> Page {
    let csrf = page.hidden("csrf");
    let form = [
        ("csrf", &*csrf),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    browser.post("/login", &form).await
}

fn is_gone(page: &Page) {
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.words());
    let words = page.words();
    assert!(words.contains("This page is no longer in use"), "{words}");
    assert!(!words.contains("Open the page again"), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_03_a_tab_left_behind_by_its_own_sign_in_leads_to_where_that_is() {
    let house = TestHouse::open().await;
    let id = app_with_home(&house, json!({})).await;
    let browser = Browser::new(&house);
    let (here, left) = login_page(&browser, &request(&id, &[])).await;
    let to_code = send_password(&house, &browser, &browser.get(&here).await).await;
    let late = send_password(&house, &browser, &left).await;
    is_gone(&late);
    let onward = to_code.location();
    assert!(
        late.text.contains(&format!("href=\"{onward}\"")),
        "{}",
        late.text
    );
    assert!(late.words().contains("Go on with this sign-in"));

    let code_page = browser.get(onward).await;
    assert!(code_page.words().contains("Enter the code"));
    let form = [
        ("csrf", &*code_page.hidden("csrf")),
        ("code", &*house.code().await),
    ];
    assert!(
        browser
            .post("/login/code", &form)
            .await
            .answer("code")
            .is_some()
    );
    is_gone(&send_password(&house, &browser, &left).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_03_a_sign_in_to_another_app_leads_back_to_that_app() {
    let house = TestHouse::open().await;
    let first = app_with_home(&house, json!({})).await;
    let second = app_with_home(&house, json!({"client_name": "Map"})).await;
    let stranger = app_with_home(&house, json!({"client_name": "Bait", "origin": "dynamic"})).await;
    let browser = Browser::new(&house);
    let (here, left) = login_page(&browser, &request(&second, &[])).await;
    let (_, unvouched) = login_page(&browser, &request(&stranger, &[])).await;
    let (_, own) = login_page(&browser, "/login?return_to=/account/history").await;
    browser.sign_in(&house, &request(&first, &[])).await;

    for page in [
        send_password(&house, &browser, &left).await,
        browser.get(&here).await,
    ] {
        is_gone(&page);
        assert!(
            page.text.contains("href=\"https://app.example/start\""),
            "{}",
            page.text
        );
        assert!(page.words().contains("Return to Map"), "{}", page.words());
        assert!(
            !page.words().contains("Start again Open"),
            "{}",
            page.words()
        );
    }
    // Whoever registers an app names its home: nobody is led there by us (OP-08).
    let page = send_password(&house, &browser, &unvouched).await;
    is_gone(&page);
    assert!(page.words().contains("Bait") && !page.text.contains("https://app.example/start"));
    let page = send_password(&house, &browser, &own).await;
    is_gone(&page);
    assert!(
        page.text.contains("href=\"/account/history\""),
        "{}",
        page.text
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_01_a_form_of_another_site_or_without_a_token_is_refused_as_before() {
    let house = TestHouse::open().await;
    let id = app_with_home(&house, json!({})).await;
    let browser = Browser::new(&house);
    let (here, login) = login_page(&browser, &request(&id, &[])).await;
    let csrf = login.hidden("csrf");
    let flow = csrf.split('.').next().unwrap();
    for token in [
        "",
        "x",
        &format!("{flow}.x"),
        &format!(".{}", "A".repeat(43)),
    ] {
        let form = [("csrf", token), ("email", "a@b.example"), ("password", "x")];
        let refused = browser.post("/login", &form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{token}");
        assert!(refused.words().contains("Open the page again"));
    }
    // Of this very sign-in, but not made by us: the page to open again is the one linked to.
    let forged = format!("{flow}.{}", "A".repeat(43));
    let form = [
        ("csrf", &*forged),
        ("email", "a@b.example"),
        ("password", "x"),
    ];
    let refused = browser.post("/login", &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused.text.contains(&format!("href=\"{here}\"")),
        "{}",
        refused.text
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_can_be_chosen_from_the_consent_page() {
    let house = TestHouse::open().await;
    let id = house.client(json!({})).await.0.client_id.to_string();
    let browser = Browser::new(&house);
    let consent = browser.sign_in(&house, &request(&id, &[])).await;
    let consent = browser.get(consent.location()).await;
    let link = consent.text.split("href=\"/login").nth(1).unwrap();
    let link = link
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&#38;", "&");
    let page = browser.get(&format!("/login{link}")).await;
    assert!(
        page.text.contains("id=\"email\""),
        "an address can be typed: {}",
        page.words()
    );
    assert!(!page.text.contains(&house.login_address));
    house.close().await;
}
