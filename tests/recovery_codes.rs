//! Recovery codes: made once, used once, in the place of a mailed code and beside a reset link.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

const PAGE: &str = "/account/security/recovery-codes";

async fn app_of(house: &TestHouse) -> String {
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    client.client_id.to_string()
}

fn shown(page: &Page) -> Vec<String> {
    let codes = page.text.split("<li><code>").skip(1);
    codes
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

async fn make(browser: &Browser) -> Page {
    let page = browser.get(PAGE).await;
    // The first form of the page is the one that signs out.
    let form = page.text.split("<main").nth(1).unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    browser.post(PAGE, &[("csrf", csrf)]).await
}

async fn signed_in(house: &TestHouse, app: &str) -> Browser {
    let browser = Browser::new(house);
    browser.sign_in(house, &request(app, &[])).await;
    browser
}

/// A sign-in up to the page of the recovery code.
async fn at_recovery(house: &TestHouse, app: &str) -> (Browser, Page) {
    let browser = Browser::new(house);
    let code_page = browser.password(house, &request(app, &[])).await;
    let link = code_page
        .text
        .split("href=\"/login/recovery")
        .nth(1)
        .unwrap();
    let link = format!("/login/recovery{}", link.split('"').next().unwrap());
    let page = browser.get(&link).await;
    assert_eq!(page.status, StatusCode::OK);
    (browser, page)
}

async fn enter(browser: &Browser, page: &Page, code: &str) -> Page {
    let form = [("csrf", &*page.hidden("csrf")), ("recovery_code", code)];
    browser.post("/login/recovery", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_05_ten_codes_are_shown_once_and_each_signs_in_once() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let codes = shown(&make(&owner).await);
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10);
    assert!(shown(&owner.get(PAGE).await).is_empty(), "never again");
    for address in [&house.login_address, &house.code_address] {
        house.told(address, "new recovery codes").await;
    }
    let (browser, page) = at_recovery(&house, &app).await;
    let typed = codes[3].to_lowercase().replace('-', " ");
    let used = enter(&browser, &page, &typed).await;
    // ux 6.3: how many are left, and a look at the code address, before the person is back at the app.
    let told = browser.get(used.location()).await;
    for expected in [
        "You used one recovery code. 9 left",
        &house.code_address,
        "See your security settings",
    ] {
        assert!(told.words().contains(expected), "{}", told.words());
    }
    let stranger = Browser::new(&house).get(used.location()).await;
    assert!(!stranger.words().contains("9 left"), "{}", stranger.words());
    let done = browser.after_recovery_code(&used).await;
    assert!(
        done.answer("code").is_some(),
        "{} {}",
        done.status,
        done.words()
    );
    let told = house
        .told(&house.code_address, "a recovery code was used")
        .await;
    assert!(told.contains("9 are left"), "{told}");
    let (browser, page) = at_recovery(&house, &app).await;
    let again = enter(&browser, &page, &codes[3]).await;
    assert!(again.words().contains("does not work"), "{}", again.words());
    let used = enter(&browser, &page, &codes[4]).await;
    assert!(
        browser
            .after_recovery_code(&used)
            .await
            .answer("code")
            .is_some()
    );
    let over = browser.get(used.location()).await;
    assert!(!over.words().contains("left"), "it is said once");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_05_a_new_set_replaces_the_old_one_and_needs_a_fresh_sign_in() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let first = shown(&make(&owner).await);
    let second = shown(&make(&owner).await);
    assert_eq!((first.len(), second.len()), (10, 10));
    let (browser, page) = at_recovery(&house, &app).await;
    let old = enter(&browser, &page, &first[0]).await;
    assert!(old.words().contains("does not work"), "{}", old.words());
    house.advance(std::time::Duration::from_secs(601)).await;
    let stale = make(&owner).await;
    assert!(
        stale.location().starts_with("/login?flow="),
        "{}",
        stale.location()
    );
    let login = owner.get(stale.location()).await;
    assert!(login.words().contains("Password"), "{}", login.words());
    let used = enter(&browser, &page, &second[0]).await;
    assert!(
        browser
            .after_recovery_code(&used)
            .await
            .answer("code")
            .is_some()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_05_of_twenty_uses_at_once_one_signs_in() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let codes = shown(&make(&owner).await);
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(at_recovery(&house, &app).await);
    }
    let tries = (0..18).map(|n| {
        let ((browser, page), code) = (places[n % 3].clone(), codes[0].clone());
        tokio::spawn(async move { enter(&browser, &page, &code).await.location })
    });
    let mut done = 0;
    for answer in tries.collect::<Vec<_>>() {
        let to = answer.await.unwrap();
        done += usize::from(to.is_some_and(|to| to.contains("/login/recovery/used")));
    }
    assert_eq!(done, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_08_wrong_recovery_codes_count_like_wrong_mailed_ones() {
    let house = TestHouse::open_with(|config| config.limits.code.new_browsers.max = 3).await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let codes = shown(&make(&owner).await);
    let (browser, page) = at_recovery(&house, &app).await;
    for _ in 0..3 {
        let wrong = enter(&browser, &page, "0000-0000-0000-0000").await;
        assert!(wrong.words().contains("does not work"), "{}", wrong.words());
    }
    let stopped = enter(&browser, &page, &codes[0]).await;
    assert!(
        stopped.words().contains("Too many wrong codes"),
        "{}",
        stopped.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_22_a_recovery_code_without_the_password_before_it_leads_nowhere() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let browser = Browser::new(&house);
    let to_login = browser.get(&request(&app, &[])).await;
    let flow = to_login
        .location()
        .split("flow=")
        .nth(1)
        .unwrap()
        .to_owned();
    let login = browser.get(to_login.location()).await;
    let page = browser.get(&format!("/login/recovery?flow={flow}")).await;
    assert!(page.location().starts_with("/login?flow="));
    assert_eq!(
        enter(&browser, &login, "x").await.status,
        StatusCode::FORBIDDEN
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_a_recovery_code_is_the_other_proof_of_a_reset() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let codes = shown(&make(&owner).await);
    let browser = Browser::new(&house);
    let page = browser.get("/password/forgot").await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &*house.login_address),
    ];
    browser.post("/password/forgot", &form).await;
    let link = house.link_after(0, &house.code_address).await;
    let page = browser.get(&link).await;
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let choose = async |code: &str, password: &str| {
        let form = [
            ("csrf", &*csrf),
            ("token", &*token),
            ("password", password),
            ("recovery_code", code),
        ];
        browser.post("/password/reset", &form).await
    };
    let new = "umbrella-octopus-lantern-41";
    let weak = choose(&codes[0], "password1").await;
    assert!(
        weak.words().contains("list of common ones"),
        "{}",
        weak.words()
    );
    let wrong = choose("0000-0000-0000-0000", new).await;
    assert!(wrong.words().contains("does not work"), "{}", wrong.words());
    let done = choose(&codes[0], new).await;
    assert!(
        done.words().contains("Your password is changed"),
        "{}",
        done.words()
    );
    assert_ne!(new, PASSWORD);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_after_a_recovery_code_the_addresses_stay_for_three_days() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let codes = shown(&make(&owner).await);
    let (thief, page) = at_recovery(&house, &app).await;
    enter(&thief, &page, &codes[0]).await;
    assert_eq!(thief.get("/account").await.status, StatusCode::OK);
    // Making new codes does not hide that one was used.
    make(&thief).await;
    for path in [
        "/account/security/address",
        "/account/security/code-address",
    ] {
        let page = thief.get(path).await;
        assert!(
            page.words().contains("Addresses can be changed from"),
            "{}",
            page.words()
        );
        let form = page.text.split("<main").nth(1).unwrap();
        let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let csrf = csrf.split('"').next().unwrap();
        let new = format!("thief-{}", house.code_address);
        let sent = thief.post(path, &[("csrf", csrf), ("email", &new)]).await;
        assert!(
            sent.words().contains("Addresses can be changed from"),
            "{}",
            sent.words()
        );
        assert!(house.letters_to(&new).is_empty());
    }
    house
        .told(&house.code_address, "a recovery code was used")
        .await;
    // After that it is as before.
    house
        .advance(std::time::Duration::from_secs(73 * 3600))
        .await;
    let owner = signed_in(&house, &app).await;
    let page = owner.get("/account/security/code-address").await;
    assert!(
        !page.words().contains("Addresses can be changed from"),
        "{}",
        page.words()
    );
    house.close().await;
}

/// REC-05: a browser that sends a form again, by its "back" or "reload", does not replace what was written down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_05_a_form_that_is_sent_again_makes_no_second_set() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let page = owner.get(PAGE).await;
    let main = page.text.split("<main").nth(1).unwrap();
    let field = |name: &str| {
        let rest = main.split(&format!("name=\"{name}\" value=\"")).nth(1);
        rest.unwrap().split('"').next().unwrap().to_owned()
    };
    let (csrf, replaces) = (field("csrf"), field("replaces"));
    let form = [("csrf", &*csrf), ("replaces", &*replaces)];
    let (one, two) = tokio::join!(owner.post(PAGE, &form), owner.post(PAGE, &form));
    let (made, again) = if shown(&one).is_empty() {
        (two, one)
    } else {
        (one, two)
    };
    let codes = shown(&made);
    assert_eq!(codes.len(), 10);
    for again in [again, owner.post(PAGE, &form).await] {
        assert!(shown(&again).is_empty());
        let words = again.words();
        assert!(words.contains("New codes were made already"), "{words}");
    }
    house.told(&house.login_address, "new recovery codes").await;
    // What was written down works.
    let (browser, page) = at_recovery(&house, &app).await;
    let done = enter(&browser, &page, &codes[0]).await;
    let on = done.location.as_deref().unwrap_or_default();
    assert!(on.starts_with("/login/recovery/used"), "{}", done.words());
    let subjects = house.subjects();
    let told = subjects
        .iter()
        .filter(|one| one.contains("new recovery codes"));
    assert_eq!(told.count(), 2, "{subjects:?}");
    // A form of now makes new ones.
    assert_eq!(shown(&make(&owner).await).len(), 10);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_06_changes_that_are_told_are_made_so_often_and_no_letter_is_left_out() {
    let house = TestHouse::open_with(|config| config.limits.account.changes.max = 2).await;
    let app = app_of(&house).await;
    let thief = signed_in(&house, &app).await;
    for _ in 0..2 {
        assert_eq!(shown(&make(&thief).await).len(), 10);
    }
    let figures = async || {
        let (user, store) = (house.user, &house.house.services.store);
        let figures = store.read(move |tx| tx.recovery_figures(user)).await;
        figures.unwrap().made_at
    };
    let before = figures().await;
    let refused = make(&thief).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let words = refused.words();
    for part in [
        "Enough changes for now",
        "Nothing was changed",
        "This was not me",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert_eq!(figures().await, before);
    // Another kind of change counts together with it.
    let page = thief.get("/account/security").await;
    let main = page.text.split("<main").nth(1).unwrap();
    let csrf = main.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let form = [("csrf", csrf.split('"').next().unwrap()), ("alert", "off")];
    let refused = thief.post("/account/security", &form).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    house.advance(std::time::Duration::from_hours(1)).await;
    let again = signed_in(&house, &app).await;
    assert_eq!(shown(&make(&again).await).len(), 10);
    house.close().await;
}
