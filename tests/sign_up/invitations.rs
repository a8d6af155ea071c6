//! Accounts by invitation (REC-13).

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use sekisho_provider::rules::sign_up::SignUpMode;
use serde_json::json;

use super::{
    CODE_ADDRESS, PASSWORD, account, almost, invite, later, made_events, open_with, other,
    recovery_codes,
};
use crate::support::browser::Browser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_13_an_invitation_makes_one_account_for_its_address_whoever_looked_at_the_link() {
    let house = open_with(SignUpMode::Invite, |_| {}).await;
    let (email, elsewhere) = (other(&house, "new"), other(&house, "else"));
    let bare = Browser::new(&house).get("/register").await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN);
    assert!(
        bare.words().contains("You need an invitation"),
        "{}",
        bare.words()
    );
    let odd = Browser::new(&house).get("/register?invitation=%22x").await;
    assert!(odd.words().contains("cannot be used"), "{}", odd.words());

    let (_, link) = invite(&house, Some(&email), 24).await;
    for _ in 0..5 {
        let scanner = Browser::new(&house);
        assert_eq!(scanner.get(&link).await.status, StatusCode::OK);
        let head = scanner.http.head(house.url(&link)).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
    }
    let browser = Browser::new(&house);
    let page = browser.get(&link).await;
    assert!(
        !page.text.contains(&email),
        "the link tells nobody for whom it is"
    );
    let (csrf, token) = (page.hidden("csrf"), page.hidden("invitation"));
    let form = [
        ("csrf", &*csrf),
        ("email", &*elsewhere),
        ("invitation", &*token),
    ];
    let refused = browser.post("/register", &form).await;
    assert!(
        refused.words().contains("for another address"),
        "{}",
        refused.words()
    );
    let without = [("csrf", &*csrf), ("email", &*email)];
    let without = Browser::post(&browser, "/register", &without).await;
    assert_eq!(without.status, StatusCode::FORBIDDEN, "{}", without.words());

    almost(&house, &browser, &link, &email, PASSWORD).await;
    let done = later(&browser).await;
    assert_eq!(recovery_codes(&done).len(), 10, "{}", done.words());
    assert_eq!(made_events(&house, &email).await[0]["invited"], json!(true));
    let again = Browser::new(&house).get(&link).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(
        again.words().contains("cannot be used"),
        "{}",
        again.words()
    );
    let provider = &house.house.services.provider;
    let all = provider.invitations(None, 9).await.unwrap();
    assert_eq!((all.len(), all[0].address.clone()), (1, None));
    assert!(all[0].used.is_some_and(|(_, user)| user.is_some()));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_13_of_two_people_with_one_invitation_one_gets_an_account() {
    let house = open_with(SignUpMode::Invite, |_| {}).await;
    let (_, link) = invite(&house, None, 24).await;
    let people = ["one", "two"].map(|name| (Browser::new(&house), other(&house, name)));
    let mut forms = Vec::new();
    for (browser, email) in &people {
        almost(&house, browser, &link, email, PASSWORD).await;
        forms.push(browser.get(CODE_ADDRESS).await.hidden("csrf"));
    }
    let press = people
        .iter()
        .zip(&forms)
        .map(|((browser, _), csrf)| async move {
            let form = [("csrf", &**csrf), ("action", "later")];
            browser.post(CODE_ADDRESS, &form).await
        });
    let pages = join_all(press).await;
    let mut accounts = 0;
    for ((_, email), page) in people.iter().zip(&pages) {
        let made = account(&house, email).await.is_some();
        assert_eq!(made, recovery_codes(page).len() == 10);
        assert!(
            made || page.words().contains("cannot be used"),
            "{}",
            page.words()
        );
        accounts += u32::from(made);
    }
    assert_eq!(accounts, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_13_an_invitation_that_is_over_or_taken_back_stops_who_is_on_the_way() {
    let house = open_with(SignUpMode::Invite, |_| {}).await;
    let (short, short_link) = invite(&house, None, 1).await;
    let (taken, taken_link) = invite(&house, None, 24).await;
    let (slow, late) = (Browser::new(&house), Browser::new(&house));
    almost(&house, &slow, &taken_link, &other(&house, "slow"), PASSWORD).await;
    let csrf = slow.get(CODE_ADDRESS).await.hidden("csrf");
    let provider = &house.house.services.provider;
    let ended = provider.uninvite(taken.id, "test").await.unwrap();
    assert_eq!(ended, sekisho_store::Once::First);
    let form = [("csrf", &*csrf), ("action", "later")];
    let stopped = slow.post(CODE_ADDRESS, &form).await;
    assert_eq!(stopped.status, StatusCode::FORBIDDEN, "{}", stopped.words());
    assert_eq!(account(&house, &other(&house, "slow")).await, None);
    assert_eq!(late.get(&short_link).await.status, StatusCode::OK);
    house.advance(Duration::from_hours(1)).await;
    assert!(house.now() >= short.expires_at);
    let over = late.get(&short_link).await;
    assert!(over.words().contains("cannot be used"), "{}", over.words());
    house.close().await;
}
