use std::time::Duration;

use reqwest::StatusCode;

use super::{PAGE, act, add_app, app_of, code_of, enter, link, signed_in};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;

const HOUR: Duration = Duration::from_hours(1);

async fn at_step(house: &TestHouse, app: &str) -> (Browser, Page) {
    let browser = Browser::new(house);
    let page = browser.password(house, &request(app, &[])).await;
    (browser, page)
}

/// Somebody with the password reports the loss.
async fn report(house: &TestHouse, app: &str) -> Page {
    let (browser, page) = at_step(house, app).await;
    let page = browser.get(&link(&page, "/login/lost-factor")).await;
    assert_eq!(page.status, StatusCode::OK);
    let form = [("csrf", &*page.hidden("csrf"))];
    browser.post("/login/lost-factor", &form).await
}

fn asks_for_app(page: &Page) -> bool {
    page.words().contains("Enter the code from your app")
}

fn keep_link(letter: &str) -> String {
    let rest = letter.split("/second-step/keep/").nth(1).unwrap();
    let token: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    format!("/second-step/keep/{token}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_a_reported_loss_counts_after_three_days_and_everybody_is_told() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    add_app(&house, &owner).await;
    let mailed = house.last_code();
    let said = report(&house, &app).await;
    assert!(
        said.words().contains("a mailed code is accepted"),
        "{}",
        said.words()
    );
    for address in [&house.login_address, &house.code_address] {
        let told = house.told(address, "says your second step is lost").await;
        assert!(told.contains("/second-step/keep/"), "{told}");
    }
    house.advance(71 * HOUR).await;
    assert!(asks_for_app(&at_step(&house, &app).await.1));
    assert_eq!(house.last_code(), mailed, "nothing is mailed before");
    house.advance(2 * HOUR).await;
    let (browser, page) = at_step(&house, &app).await;
    assert!(!asks_for_app(&page), "{}", page.words());
    let code = house.code_but(&mailed).await;
    let done = enter(&browser, &page, &code).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    for address in [&house.login_address, &house.code_address] {
        house.told(address, "your second step was replaced").await;
    }
    let page = browser.get(PAGE).await;
    assert!(
        page.words().contains("Add an authenticator app"),
        "{}",
        page.words()
    );
    assert!(!page.words().contains("A loss was reported"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_the_link_of_the_letter_stops_it_and_opening_it_does_not() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    add_app(&house, &owner).await;
    report(&house, &app).await;
    let told = house
        .told(&house.login_address, "second step is lost")
        .await;
    let keep = keep_link(&told);
    let reader = Browser::new(&house);
    for _ in 0..3 {
        let page = reader.get(&keep).await;
        assert!(page.words().contains("Stop it"), "{}", page.words());
    }
    let waits = owner.get(PAGE).await;
    assert!(
        waits.words().contains("A loss was reported"),
        "{}",
        waits.words()
    );
    let page = reader.get(&keep).await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("token", &*page.hidden("token")),
    ];
    // A page elsewhere cannot press the button, nor another browser with this form.
    let other = Browser::new(&house).post("/second-step/keep", &form).await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    let stopped = reader.post("/second-step/keep", &form).await;
    assert!(
        stopped.words().contains("It is stopped"),
        "{}",
        stopped.words()
    );
    let again = reader.post("/second-step/keep", &form).await;
    assert_eq!(again.status, StatusCode::GONE);
    house
        .told(&house.code_address, "your second step stays")
        .await;
    house.advance(73 * HOUR).await;
    assert!(asks_for_app(&at_step(&house, &app).await.1));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_signing_in_with_what_was_lost_or_a_button_stops_it() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    report(&house, &app).await;
    let (browser, page) = at_step(&house, &app).await;
    let done = enter(&browser, &page, &code_of(&secret, &house)).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    assert!(
        !browser
            .get(PAGE)
            .await
            .words()
            .contains("A loss was reported")
    );
    report(&house, &app).await;
    let kept = act(&owner, &[("action", "keep")]).await;
    assert!(kept.location().ends_with("done=kept"), "{}", kept.words());
    house.advance(73 * HOUR).await;
    assert!(asks_for_app(&at_step(&house, &app).await.1));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_many_reports_are_one_and_do_not_begin_the_wait_again() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    add_app(&house, &owner).await;
    let (browser, page) = at_step(&house, &app).await;
    let page = browser.get(&link(&page, "/login/lost-factor")).await;
    let csrf = page.hidden("csrf");
    let reports = (0..8).map(|_| {
        let (browser, csrf) = (browser.clone(), csrf.clone());
        tokio::spawn(async move {
            browser
                .post("/login/lost-factor", &[("csrf", &*csrf)])
                .await
                .words()
        })
    });
    for answer in reports.collect::<Vec<_>>() {
        let words = answer.await.unwrap();
        assert!(words.contains("a mailed code is accepted"), "{words}");
    }
    house
        .told(&house.login_address, "second step is lost")
        .await;
    house.advance(70 * HOUR).await;
    let (browser, page) = at_step(&house, &app).await;
    let page = browser.get(&link(&page, "/login/lost-factor")).await;
    assert!(page.words().contains("a mailed code is accepted"));
    assert!(!page.text.contains("name=\"csrf\""), "nothing to press");
    house.told(&house.code_address, "second step is lost").await;
    let letters = house.letters_to(&house.login_address);
    let lost = letters
        .iter()
        .filter(|letter| letter.contains("second step is lost"));
    assert_eq!(lost.count(), 1);
    house.advance(3 * HOUR).await;
    assert!(
        !asks_for_app(&at_step(&house, &app).await.1),
        "the first one counts"
    );
    // After a week it counts no more.
    house.advance(24 * 7 * HOUR).await;
    assert!(asks_for_app(&at_step(&house, &app).await.1));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_a_loss_that_is_stopped_voids_the_mailed_code_that_is_on_its_way() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    add_app(&house, &owner).await;
    let mailed = house.last_code();
    report(&house, &app).await;
    let told = house
        .told(&house.login_address, "second step is lost")
        .await;
    house.advance(73 * HOUR).await;
    let (thief, page) = at_step(&house, &app).await;
    let code = house.code_but(&mailed).await;
    let reader = Browser::new(&house);
    let keep = reader.get(&keep_link(&told)).await;
    let form = [
        ("csrf", &*keep.hidden("csrf")),
        ("token", &*keep.hidden("token")),
    ];
    reader.post("/second-step/keep", &form).await;
    let late = enter(&thief, &page, &code).await;
    assert!(late.location.is_none(), "{:?}", late.location);
    assert!(asks_for_app(&at_step(&house, &app).await.1));
    house.close().await;
}

/// A thief who holds an old session does not take back what the owner reported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_a_stale_session_stops_no_report() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    add_app(&house, &owner).await;
    let without = act(&owner, &[("action", "keep")]).await;
    assert!(without.location.is_none_or(|to| !to.contains("done=kept")));
    house.advance(Duration::from_mins(11)).await;
    report(&house, &app).await;
    let stale = act(&owner, &[("action", "keep")]).await;
    let to = stale.location();
    assert!(to.starts_with("/login?flow="), "{to}");
    let (user, store) = (house.user, &house.house.services.store);
    let loss = store.read(move |tx| tx.factor_loss(user)).await.unwrap();
    assert!(loss.is_some());
    house.close().await;
}
