//! An exercise: somebody wants an account that is not theirs, and has more of it each time. What they can do,
//! what they cannot, and what the owner is told.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::tokens::App;

const NEW: &str = "umbrella-octopus-lantern-41";
const THIEF: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// Pages where something can be changed that matters.
const SENSITIVE: [&str; 6] = [
    "/account/password",
    "/account/security/address",
    "/account/security/code-address",
    "/account/security/networks",
    "/account/security/second-step/app",
    "/account/data/delete",
];
/// The page, where its form goes, and what it says.
type Button = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Buttons of pages that anybody with the session may read; those about other devices are in `stolen_sessions`,
/// where there are some.
const BUTTONS: [Button; 5] = [
    (RECOVERY_CODES, RECOVERY_CODES, &[]),
    (
        SECOND_STEP,
        SECOND_STEP,
        &[("action", "off"), ("password", PASSWORD)],
    ),
    (SECOND_STEP, SECOND_STEP, &[("action", "keep")]),
    ("/account/data", "/account/data", &[]),
    (
        "/account/security",
        "/account/security",
        &[("alert", "off")],
    ),
];
const RECOVERY_CODES: &str = "/account/security/recovery-codes";
const SECOND_STEP: &str = "/account/security/second-step";

async fn app_of(house: &TestHouse) -> App {
    App::of(house, json!({"skip_consent": true})).await
}

fn thief(house: &TestHouse) -> Browser {
    Browser::new(house).called(THIEF)
}

async fn enter(browser: &Browser, page: &Page, code: &str, extra: &[(&str, &str)]) -> Page {
    let csrf = page.hidden("csrf");
    let form = [&[("csrf", &*csrf), ("code", code)], extra].concat();
    browser.post("/login/code", &form).await
}

/// Whether somebody reads the account pages.
async fn is_in(browser: &Browser) -> bool {
    browser.get("/account").await.status == StatusCode::OK
}

/// Every page that changes something asks for password and code first.
async fn changes_nothing(browser: &Browser) {
    for page in SENSITIVE {
        let asked = browser.get(page).await;
        let way = asked.location.as_deref().unwrap_or_default();
        assert!(way.starts_with("/login?"), "{page}: {} {way}", asked.status);
    }
    for (page, to, fields) in BUTTONS {
        let shown = browser.get(page).await;
        let form = shown.text.split("<main").nth(1).unwrap();
        let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let csrf = csrf.split('"').next().unwrap();
        let form = [&[("csrf", csrf)], fields].concat();
        let asked = browser.post(to, &form).await;
        let way = asked.location.as_deref().unwrap_or_default();
        assert!(
            way.starts_with("/login?"),
            "{to} {fields:?}: {} {way}",
            asked.status
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_alone_opens_nothing_and_the_owner_hears_of_it() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let (owner, thief) = (Browser::new(&house), thief(&house));
    owner.sign_in(&house, &request(&app.id, &[])).await;
    let page = thief.password(&house, &request(&app.id, &[])).await;
    assert!(page.words().contains("code"), "{}", page.words());
    assert!(
        !page.text.contains(&house.code_address),
        "where the code goes is not shown"
    );
    let mut last = page.clone();
    for wrong in [
        "00000000", "11111111", "22222222", "33333333", "44444444", "55555555",
    ] {
        last = enter(&thief, &page, wrong, &[]).await;
    }
    assert_ne!(last.status, StatusCode::SEE_OTHER, "{}", last.words());
    assert!(!is_in(&thief).await);
    for page in SENSITIVE {
        assert_eq!(thief.get(page).await.status, StatusCode::SEE_OTHER);
    }
    house
        .told(&house.login_address, "somebody knows your password")
        .await;
    // The owner goes on as before, in the browser that is known.
    assert!(is_in(&owner).await);
    house.advance(Duration::from_hours(1)).await;
    let next = owner
        .sign_in(&house, &request(&app.id, &[("prompt", "login")]))
        .await;
    assert!(next.answer("code").is_some(), "{}", next.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_and_the_sign_in_mailbox_open_nothing_while_codes_go_elsewhere() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let thief = thief(&house);
    // With both they may even choose another password.
    let page = thief.get("/password/forgot").await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &house.login_address),
    ];
    thief.post("/password/forgot", &form).await;
    let link = house.link_after(0, &house.login_address).await;
    let page = thief.get(&link).await;
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let form = [("csrf", &*csrf), ("token", &*token), ("password", NEW)];
    let done = thief.post("/password/reset", &form).await;
    assert!(
        done.words().contains("Your password is changed"),
        "{}",
        done.words()
    );
    assert!(!is_in(&thief).await, "REC-03");
    let to_login = thief.get(&request(&app.id, &[])).await;
    let login = thief.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", NEW),
    ];
    let sent = thief.post("/login", &form).await;
    assert!(
        sent.location().starts_with("/login/code"),
        "{}",
        sent.location()
    );
    // No letter with a code comes to this mailbox.
    house.code().await;
    let letters = house.letters_to(&house.login_address);
    assert!(letters.iter().all(|letter| !letter.contains("Your code:")));
    // The owner reads of it where the thief does not.
    house
        .told(&house.code_address, "your password was changed")
        .await;
    house.close().await;
}

/// What of the mailbox helps against an app is in `takeover_undo/by_mail.rs`: the links in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_and_the_one_mailbox_open_nothing_while_the_owner_has_an_app() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = Browser::new(&house);
    owner.sign_in(&house, &request(&app.id, &[])).await;
    crate::second_steps::add_app(&house, &owner).await;
    house.advance(Duration::from_hours(25)).await;
    let mailed = house.last_code();
    let thief = thief(&house);
    let page = thief.password(&house, &request(&app.id, &[])).await;
    assert!(page.words().contains("Enter the code from your app"));
    // Every "This was not me" in the mailbox, pressed without the lock.
    for address in [&house.login_address, &house.code_address] {
        for letter in house.letters_to(address) {
            let Some(rest) = letter.split("/not-me/").nth(1) else {
                continue;
            };
            let ends = |c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c));
            let link = format!("/not-me/{}", rest.split(ends).next().unwrap());
            let page = thief.get(&link).await;
            if page.status == StatusCode::OK {
                let form = page.text.split("<main").nth(1).unwrap();
                let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
                let csrf = csrf.split('"').next().unwrap();
                thief.post(&link, &[("csrf", csrf)]).await;
            }
        }
    }
    house.advance(Duration::from_hours(71)).await;
    let page = self::thief(&house)
        .password(&house, &request(&app.id, &[]))
        .await;
    let words = page.words();
    assert!(words.contains("Enter the code from your app"), "{words}");
    assert_eq!(house.last_code(), mailed, "no code was mailed");
    assert!(!is_in(&thief).await);
    for address in [&house.login_address, &house.code_address] {
        house
            .told(address, "your second step is to be replaced")
            .await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_session_reads_but_changes_nothing_and_the_owner_ends_it() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = Browser::new(&house);
    owner.sign_in(&house, &request(&app.id, &[])).await;
    let thief = thief(&house).holding(&house, &owner.cookies(&house), "session");
    assert!(is_in(&thief).await, "it is the session that was stolen");
    house.advance(Duration::from_mins(11)).await;
    changes_nothing(&thief).await;
    // Within the first minutes after a sign-in a copy of the session does what the session may: every such change is
    // told, with the link that takes it back. Two things ask for the present password as well: another one, and no
    // second step any more.
    let other = Browser::new(&house);
    other.sign_in(&house, &request(&app.id, &[])).await;
    let fresh = self::thief(&house).holding(&house, &other.cookies(&house), "session");
    let page = fresh.get("/account/password").await;
    let form = page.text.split("<main").nth(1).unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    let fields = [("csrf", csrf), ("present", "guess"), ("password", NEW)];
    let refused = fresh.post("/account/password", &fields).await;
    assert!(
        refused.words().contains("not your present password"),
        "{}",
        refused.words()
    );
    let second_step = fresh.get(SECOND_STEP).await;
    let form = second_step.text.split("<main").nth(1).unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    let fields = [("csrf", csrf), ("action", "off"), ("password", "guess")];
    let refused = fresh.post(SECOND_STEP, &fields).await;
    assert!(
        refused.words().contains("not your present password"),
        "{}",
        refused.words()
    );
    // What was stolen of this very session ends with the next sign-in or with a sign-out (SES-03).
    owner
        .sign_in(&house, &request(&app.id, &[("prompt", "login")]))
        .await;
    assert!(!is_in(&thief).await);
    // The owner sees a device too many, and ends all others.
    let devices = owner.get("/account/sessions").await;
    assert!(devices.words().contains("2 devices"), "{}", devices.words());
    let ask = owner.get("/account/sessions/others").await;
    let form = ask.text.split("<main").nth(1).unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    owner
        .post("/account/sessions", &[("csrf", csrf), ("end", "others")])
        .await;
    assert!(!is_in(&fresh).await);
    assert!(is_in(&owner).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_trusted_browser_saves_the_code_and_nothing_else() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = Browser::new(&house);
    let page = owner.password(&house, &request(&app.id, &[])).await;
    let code = house.code().await;
    enter(&owner, &page, &code, &[("trust_browser", "1")]).await;
    let thief = thief(&house).holding(&house, &owner.cookies(&house), "browser");
    house.advance(Duration::from_mins(1)).await;
    // Without the password it is nothing.
    assert!(!is_in(&thief).await);
    let to_login = thief.get(&request(&app.id, &[])).await;
    let login = thief.get(to_login.location()).await;
    let form = |password| {
        [
            ("csrf", login.hidden("csrf")),
            ("email", house.login_address.clone()),
            ("password", password),
        ]
    };
    let guess = form("guess".to_owned());
    let guess: Vec<_> = guess
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let wrong = thief.post("/login", &guess).await;
    assert_ne!(wrong.status, StatusCode::SEE_OTHER, "{}", wrong.words());
    // With the password it opens what the owner's own browser opens, but changes nothing.
    let right = form(PASSWORD.to_owned());
    let right: Vec<_> = right
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let answer = thief.post("/login", &right).await;
    assert!(answer.answer("code").is_some(), "{}", answer.words());
    changes_nothing(&thief).await;
    // The cookie was renewed by its use: the owner's tells that there is a copy, and the thief is out.
    let next = owner.get(&request(&app.id, &[("prompt", "login")])).await;
    let login = owner.get(next.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let asked = owner.post("/login", &form).await;
    assert!(
        asked.location().starts_with("/login/code"),
        "{}",
        asked.location()
    );
    let copied = "a trusted browser may have been copied";
    for address in [&house.login_address, &house.code_address] {
        house.told(address, copied).await;
    }
    assert!(!is_in(&thief).await);
    let history = owner.get("/account/history").await;
    assert!(history.words().contains("Firefox"), "{}", history.words());
    house.close().await;
}
