use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use super::{PAGE, act, app_of, signed_in};
use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_8_a_person_switches_the_second_step_off_and_on_and_is_told() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let off = |password: &'static str| [("action", "off"), ("password", password)];
    let missing = act(&owner, &off("")).await;
    assert!(
        missing.words().contains("Enter your password"),
        "{}",
        missing.words()
    );
    let wrong = act(&owner, &off("not this one at all")).await;
    assert!(
        wrong.words().contains("not your present password"),
        "{}",
        wrong.words()
    );
    let done = act(&owner, &off(PASSWORD)).await;
    assert!(done.location().ends_with("done=off"), "{}", done.words());
    for address in [&house.login_address, &house.code_address] {
        let told = house.told(address, "two-step sign-in was changed").await;
        assert!(told.contains("switched off"), "{told}");
    }
    // The password alone signs in now.
    let browser = Browser::new(&house);
    let login = browser.get(&request(&app, &[])).await;
    let login = browser.get(login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let sent = browser.post("/login", &form).await;
    assert!(sent.answer("code").is_some(), "{}", sent.words());
    // Whoever has only the password cannot change the second step: a code comes first.
    let stale = act(&browser, &[("action", "on")]).await;
    assert!(stale.location().starts_with("/login?flow="));
    let on = act(&owner, &[("action", "on")]).await;
    assert!(on.location().ends_with("done=on"), "{}", on.words());
    let history = owner.get("/account/history").await.words();
    // The wrong password switched nothing off, and is told as what it was.
    for (row, times) in [
        ("Two-step sign-in switched off", 1),
        ("Wrong present password", 1),
    ] {
        assert_eq!(history.matches(row).count(), times, "{row}: {history}");
    }
    assert!(
        history.contains("Two-step sign-in switched on"),
        "{history}"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_8_it_stays_on_where_the_operator_or_an_app_requires_it() {
    let house = TestHouse::open_with(|config| config.otp.require_for_everyone = true).await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let off = [("action", "off"), ("password", PASSWORD)];
    let refused = act(&owner, &off).await;
    assert!(refused.words().contains("stays on"), "{}", refused.words());
    assert!(
        refused.words().contains("asks everybody"),
        "{}",
        refused.words()
    );
    house.close().await;

    let house = TestHouse::open().await;
    let strict =
        json!({"skip_consent": true, "require_second_step": true, "client_name": "Aozora Mail"});
    let (client, _) = house.client(strict).await;
    let owner = signed_in(&house, client.client_id.as_str()).await;
    let refused = act(&owner, &off).await;
    assert!(
        refused.words().contains("Aozora Mail asks everybody"),
        "{}",
        refused.words()
    );
    let (user, store) = (house.user, &house.house.services.store);
    let account = store
        .read(move |tx| tx.account(user))
        .await
        .unwrap()
        .unwrap();
    assert!(account.user.second_step);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_01_a_short_password_does_not_stand_alone() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let page = owner.get("/account/password").await;
    let short = "Vq7-mu!Zw2p";
    let form = [
        ("csrf", &*super::csrf(&page)),
        ("present", PASSWORD),
        ("password", short),
    ];
    let changed = owner.post("/account/password", &form).await;
    assert!(
        changed.location().contains("changed=password"),
        "{}",
        changed.words()
    );
    let refused = act(&owner, &[("action", "off"), ("password", short)]).await;
    assert!(
        refused.words().contains("at least 15 characters"),
        "{}",
        refused.words()
    );
    assert!(
        owner
            .get(PAGE)
            .await
            .words()
            .contains("Switch two-step sign-in off")
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_switching_needs_a_fresh_second_step_and_our_own_form() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let forged = [("csrf", "x"), ("action", "off"), ("password", PASSWORD)];
    let answer = owner.post(PAGE, &forged).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let odd = act(&owner, &[("action", "sideways")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    house.advance(Duration::from_secs(601)).await;
    let stale = act(&owner, &[("action", "off"), ("password", PASSWORD)]).await;
    assert!(stale.location().starts_with("/login?flow="));
    house.close().await;
}
