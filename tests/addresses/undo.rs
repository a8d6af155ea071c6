//! The way back from a changed address (REC-07).

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use sekisho_model::{EmailAddress, EventKind, Locale, Origin};
use sekisho_provider::accounts::{AccountRefusal, NewAccount};
use sekisho_store::Tx;
use serde_json::{Map, Value, json};

use super::{
    CODE, DAY, LOGIN, NEW_PASSWORD, change, email_of, open, other, recorded, signed_in, types,
    undo, undo_link, undo_links, works,
};
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::tokens::App;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_the_former_address_takes_the_account_back_from_a_thief() {
    let (house, app) = open().await;
    let thief = signed_in(&house, &app).await;
    let (old, theirs) = (house.login_address.clone(), other(&house, "thief"));
    change(&house, &thief, LOGIN, &theirs).await;
    change(&house, &thief, CODE, &other(&house, "thief-codes")).await;
    // With both addresses in their hands they choose a password and make recovery codes.
    let forgot = thief.get("/password/forgot").await;
    let form = [("csrf", &*forgot.hidden("csrf")), ("email", &*theirs)];
    thief.post("/password/forgot", &form).await;
    let page = thief.get(&house.link_after(0, &theirs).await).await;
    let (token, form_token) = (page.hidden("token"), page.hidden("csrf"));
    let form = [
        ("csrf", &*form_token),
        ("token", &*token),
        ("password", NEW_PASSWORD),
    ];
    let chosen = thief.post("/password/reset", &form).await;
    assert!(
        chosen.words().contains("Your password is changed"),
        "{}",
        chosen.words()
    );
    assert!(works(&house, &theirs, NEW_PASSWORD).await);

    let link = undo_link(&house, 0, &old).await;
    let owner = Browser::new(&house);
    let page = owner.get(&link).await.words();
    assert!(page.contains("h•••@"), "{page}");
    let done = undo(&owner, &link).await;
    assert!(
        done.words().contains("The change is undone"),
        "{}",
        done.words()
    );
    assert!(!works(&house, &theirs, NEW_PASSWORD).await);
    assert_eq!(email_of(&house).await, json!(old));
    for address in [&old, &house.code_address, &theirs] {
        house
            .told(address, "the change of an address was undone")
            .await;
    }
    // The thief still knows a password; the code goes to the owner's mailbox again, and leads to a new one.
    let before = house.codes_to(&house.code_address).len();
    let (browser, sent) = types(&house, &old, NEW_PASSWORD).await;
    let page = browser.get(sent.location()).await;
    let code = house.code_after(before, &house.code_address).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let led = browser.post("/login/code", &form).await;
    assert!(
        led.location().starts_with("/login/new-password"),
        "{}",
        led.location()
    );
    let again = undo(&owner, &link).await;
    assert_eq!(again.status, StatusCode::GONE, "{}", again.words());
    assert!(
        again.words().contains("has been undone"),
        "{}",
        again.words()
    );
    // The links of the thief's later change are dead, and the owner can choose a password by mail.
    for link in undo_links(&house, &theirs) {
        assert_eq!(undo(&owner, &link).await.status, StatusCode::GONE);
    }
    assert_eq!(thief.get("/account").await.status, StatusCode::SEE_OTHER);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_scanners_that_open_every_link_undo_nothing() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    let new = other(&house, "new");
    change(&house, &owner, LOGIN, &new).await;
    let link = undo_link(&house, 0, &house.login_address).await;
    let scanner = Browser::new(&house);
    for _ in 0..3 {
        assert_eq!(scanner.get(&link).await.status, StatusCode::OK);
        let head = scanner.http.head(house.url(&link)).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
    }
    let token = link.rsplit('/').next().unwrap();
    let bare = scanner.post("/address/undo", &[("token", token)]).await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.get("/account").await.status, StatusCode::OK);
    assert_eq!(email_of(&house).await, json!(new));
    for odd in [
        "/address/undo/unknown",
        "/address/undo/%3Cscript%3E",
        "/address/undo/%00",
    ] {
        let page = scanner.get(odd).await;
        assert_eq!(page.status, StatusCode::GONE, "{odd}");
        assert!(page.words().contains("expired"), "{odd}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_the_way_back_stays_open_for_seven_days_and_works_once() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    change(&house, &owner, CODE, &other(&house, "new")).await;
    let link = undo_link(&house, 0, &house.code_address).await;
    house.advance(7 * DAY - Duration::from_mins(1)).await;
    let page = owner.get(&link).await;
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let tries = (0..10).map(|_| {
        let (browser, csrf, token) = (owner.clone(), csrf.clone(), token.clone());
        async move {
            let form = [("csrf", &*csrf), ("token", &*token)];
            browser.post("/address/undo", &form).await.status
        }
    });
    let answers = join_all(tries).await;
    assert_eq!(
        answers
            .iter()
            .filter(|status| **status == StatusCode::OK)
            .count(),
        1
    );
    assert_eq!(recorded(&house, EventKind::AddressChanged).await, 2);

    let second = TestHouse::open().await;
    let app = App::of(&second, json!({"skip_consent": true})).await;
    let owner = signed_in(&second, &app).await;
    change(&second, &owner, CODE, &other(&second, "new")).await;
    let link = undo_link(&second, 0, &second.code_address).await;
    second.advance(7 * DAY).await;
    assert_eq!(undo(&owner, &link).await.status, StatusCode::GONE);
    second.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_the_former_address_stays_reserved_and_resets_nothing() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    let (old, new) = (house.login_address.clone(), other(&house, "new"));
    change(&house, &owner, LOGIN, &new).await;
    let account = |login: &str| NewAccount {
        login_address: EmailAddress::parse(login).unwrap(),
        code_address: None,
        password: PASSWORD.to_owned().into(),
        claims: Map::new(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    for taken in [&old, &new] {
        let made = provider
            .create_account(account(taken), &Origin::default())
            .await;
        let refusal = made.unwrap().unwrap_err();
        assert!(matches!(refusal, AccountRefusal::AddressTaken), "{taken}");
    }
    // A forgotten password of the old address reaches nobody, that of the new one its mailbox.
    for address in [&old, &new] {
        let browser = Browser::new(&house);
        let page = browser.get("/password/forgot").await;
        let form = [("csrf", &*page.hidden("csrf")), ("email", &**address)];
        browser.post("/password/forgot", &form).await;
    }
    house.link_after(0, &new).await;
    assert!(house.links_to(&old).is_empty());
    // Back to one's own: allowed, and it can be undone in turn.
    change(&house, &owner, LOGIN, &old).await;
    assert!(works(&house, &old, PASSWORD).await);
    let first = undo_link(&house, 0, &old).await;
    let done = undo(&Browser::new(&house), &first).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert_eq!(email_of(&house).await, json!(old));
    let made = provider
        .create_account(account(&new), &Origin::default())
        .await;
    assert!(made.unwrap().is_ok(), "what was undone is free again");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_undoing_switches_the_code_on_again() {
    let (house, app) = open().await;
    // Somebody who read one code as well; nobody is asked for another.
    let (user, thief) = (house.user, signed_in(&house, &app).await);
    let off = move |tx: &mut Tx<'_>| tx.set_second_step(user, false);
    house.house.services.store.write(off).await.unwrap();
    change(&house, &thief, LOGIN, &other(&house, "thief")).await;
    let link = undo_link(&house, 0, &house.code_address).await;
    let done = undo(&Browser::new(&house), &link).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert!(
        works(&house, &house.login_address, PASSWORD).await,
        "who knows the password is asked for a code"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_operators_see_what_can_be_undone() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap();
    let show = |who: &str| {
        let shown = Process::run(
            &["user", "show", who, "--output", "json", "--config", config],
            "",
        );
        serde_json::from_str::<Value>(&shown).unwrap()
    };
    assert_eq!(show(&house.login_address)["address_changes"], Value::Null);
    let new = other(&house, "new");
    change(&house, &owner, LOGIN, &new).await;
    let shown = show(&new);
    assert_eq!(shown["address_changes"][0]["which"], "login", "{shown}");
    house.close().await;
}
