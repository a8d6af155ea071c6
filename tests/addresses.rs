//! Changing the address of a sign-in and of its codes, the way back, and everything that must not work.

mod undo;

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use sekisho_model::{AddressKind, EmailAddress, EventKind, Locale, Origin};
use sekisho_provider::accounts::NewAccount;
use sekisho_server::config::Config;
use sekisho_store::{HistoryFilter, Tx};
use serde_json::{Map, Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::tokens::{App, body};

const LOGIN: &str = "/account/security/address";
const CODE: &str = "/account/security/code-address";
const NEW_PASSWORD: &str = "umbrella-octopus-lantern-41";
const DAY: Duration = Duration::from_hours(24);

async fn open() -> (TestHouse, App) {
    open_with(|_| {}).await
}

async fn open_with(change: impl FnOnce(&mut Config)) -> (TestHouse, App) {
    let house = TestHouse::open_with(change).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    (house, app)
}

/// An address nobody has; mails to it are seen as this house's.
fn other(house: &TestHouse, name: &str) -> String {
    house
        .code_address
        .replace("haruka", &format!("{name}-haruka"))
}

async fn signed_in(house: &TestHouse, app: &App) -> Browser {
    let browser = Browser::new(house);
    browser.sign_in(house, &request(&app.id, &[])).await;
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    browser
}

/// The token of the form in the page, which is not the one that signs out.
fn csrf(page: &Page) -> String {
    let main = page.text.split("<main").nth(1).unwrap();
    let token = main.split("name=\"csrf\" value=\"").nth(1);
    let token = token.unwrap_or_else(|| panic!("no form: {}", page.words()));
    token.split('"').next().unwrap().to_owned()
}

/// Types a new address on its page.
async fn ask(browser: &Browser, path: &str, address: &str) -> Page {
    let page = browser.get(path).await;
    let form = [("csrf", &*csrf(&page)), ("email", address)];
    browser.post(path, &form).await
}

async fn enter(browser: &Browser, path: &str, code: &str) -> Page {
    let here = format!("{path}/confirm");
    let page = browser.get(&here).await;
    let form = [("csrf", &*csrf(&page)), ("code", code)];
    browser.post(&here, &form).await
}

/// The whole change.
async fn change(house: &TestHouse, browser: &Browser, path: &str, address: &str) {
    let before = house.codes_to(address).len();
    let asked = ask(browser, path, address).await;
    assert_eq!(
        asked.location(),
        format!("{path}/confirm"),
        "{}",
        asked.words()
    );
    let code = house.code_after(before, address).await;
    let done = enter(browser, path, &code).await;
    let word = path.trim_start_matches("/account/security/");
    let there = format!("/account/security?changed={word}");
    assert_eq!(done.location(), there, "{}", done.words());
}

/// Types address and password at the sign-in page of a new browser.
async fn types(house: &TestHouse, email: &str, password: &str) -> (Browser, Page) {
    let browser = Browser::new(house);
    let login = browser.get("/login").await;
    let login = browser.get(login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", email),
        ("password", password),
    ];
    let sent = browser.post("/login", &form).await;
    (browser, sent)
}

/// Whether address and password lead on to the code.
async fn works(house: &TestHouse, email: &str, password: &str) -> bool {
    let (_, sent) = types(house, email, password).await;
    sent.status == StatusCode::SEE_OTHER && sent.location().starts_with("/login/code")
}

/// The links mailed to this address that undo a change, oldest first.
fn undo_links(house: &TestHouse, address: &str) -> Vec<String> {
    let link = |text: String| {
        let rest = text.split("/address/undo/").nth(1)?.to_owned();
        let plain = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
        let token: String = rest.chars().take_while(plain).collect();
        Some(format!("/address/undo/{token}"))
    };
    let letters = house.letters_to(address).into_iter();
    letters.filter_map(link).collect()
}

async fn undo_link(house: &TestHouse, before: usize, address: &str) -> String {
    crate::support::wait::until("the link", async || {
        undo_links(house, address).into_iter().nth(before)
    })
    .await
}

async fn undo(browser: &Browser, link: &str) -> Page {
    let page = browser.get(link).await;
    if page.status != StatusCode::OK {
        return page;
    }
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let form = [("csrf", &*csrf), ("token", &*token)];
    browser.post("/address/undo", &form).await
}

async fn email_of(house: &TestHouse) -> Value {
    let account = house.house.services.provider.account(house.user).await;
    Value::Object(account.unwrap().unwrap().claims)["email"].clone()
}

/// How often an event of this kind is recorded for this house's person.
async fn recorded(house: &TestHouse, kind: EventKind) -> usize {
    let (user, filter) = (
        house.user,
        HistoryFilter {
            kinds: vec![kind],
            ..HistoryFilter::default()
        },
    );
    let work = move |tx: &mut Tx<'_>| tx.history_of(user, &filter, None, 100);
    house.house.services.store.read(work).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_a_new_sign_in_address_counts_once_its_code_is_typed() {
    let (house, app) = open().await;
    let elsewhere = signed_in(&house, &app).await;
    let owner = Browser::new(&house);
    let answer = owner
        .sign_in(&house, &request(&app.id, &[("scope", "openid email")]))
        .await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    let (old, new) = (house.login_address.clone(), other(&house, "new"));

    let asked = ask(&owner, LOGIN, &new).await;
    assert_eq!(asked.location(), "/account/security/address/confirm");
    let code = house.code_after(0, &new).await;
    assert!(
        works(&house, &old, PASSWORD).await,
        "nothing has changed yet"
    );
    assert!(!works(&house, &new, PASSWORD).await);
    let waits = owner.get("/account/security").await.words();
    assert!(waits.contains("Waiting for confirmation"), "{waits}");

    let done = enter(&owner, LOGIN, &code).await;
    assert_eq!(done.location(), "/account/security?changed=address");
    let page = owner.get(done.location()).await;
    assert_eq!(page.status, StatusCode::OK, "the session goes on");
    for words in ["Your sign-in address is changed", "can be undone", &*new] {
        assert!(page.words().contains(words), "{words}: {}", page.words());
    }
    assert_eq!(
        elsewhere.get("/account").await.status,
        StatusCode::SEE_OTHER
    );
    assert!(!works(&house, &old, PASSWORD).await);
    assert!(works(&house, &new, PASSWORD).await);
    assert_eq!(email_of(&house).await, json!(new));
    let access = tokens["access_token"].as_str().unwrap();
    let info = owner
        .http
        .get(house.url("/oauth2/userinfo"))
        .bearer_auth(access);
    let info: Value = info.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&info["email"], &info["email_verified"]),
        (&json!(new), &json!(true))
    );
    let history = owner.get("/account/history").await.words();
    assert!(history.contains("Sign-in address changed"), "{history}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_06_every_address_is_told_and_the_former_ones_get_the_way_back() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    let new = other(&house, "new");
    change(&house, &owner, CODE, &new).await;
    let subject = "your address was changed";
    for address in [&house.login_address, &house.code_address] {
        let told = house.told(address, subject).await;
        assert!(told.contains("New address: n"), "{told}");
        assert!(!told.contains(&new), "the new address is masked: {told}");
        assert_eq!(undo_links(&house, address).len(), 1, "{address}");
    }
    house.told(&new, subject).await;
    assert_eq!(undo_links(&house, &new).len(), 0);
    assert_eq!(recorded(&house, EventKind::AddressChanged).await, 1);
    let page = owner.get("/account/security").await.words();
    assert!(
        page.contains(&new) && page.contains("can be undone"),
        "{page}"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_23_codes_go_to_a_new_address_only_after_it_was_proved() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    let new = other(&house, "new");
    // One browser has the password page open, another the code page.
    let (early, waiting) = (Browser::new(&house), Browser::new(&house));
    let early_page = early.get(&request(&app.id, &[])).await;
    let early_page = early.get(early_page.location()).await;
    let waiting_page = waiting.password(&house, &request(&app.id, &[])).await;

    ask(&owner, CODE, &new).await;
    let proof = house.code_after(0, &new).await;
    let before = house.codes_to(&house.code_address).len();
    assert!(works(&house, &house.login_address, PASSWORD).await);
    let mailed = house.code_after(before, &house.code_address).await;
    assert_eq!(
        house.codes_to(&new),
        vec![proof.clone()],
        "a pending address gets none"
    );
    let mixed = enter(&owner, CODE, &mailed).await;
    assert!(
        mixed.words().contains("That is not the code"),
        "{}",
        mixed.words()
    );
    enter(&owner, CODE, &proof).await;

    house.advance(Duration::from_secs(61)).await;
    let csrf_token = waiting_page.hidden("csrf");
    let resend = [("csrf", &*csrf_token), ("action", "resend")];
    let resent = waiting.post("/login/code", &resend).await;
    assert!(
        resent.words().contains("no longer in use"),
        "{}",
        resent.words()
    );
    let form = [
        ("csrf", &*early_page.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let late = early.post("/login", &form).await;
    assert!(
        late.words().contains("no longer in use"),
        "{}",
        late.words()
    );
    assert_eq!(
        house.codes_to(&new).len(),
        1,
        "what began before gets none there"
    );

    assert!(works(&house, &house.login_address, PASSWORD).await);
    house.code_after(1, &new).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_24_codes_do_not_go_behind_the_gate_nor_to_the_sign_in_address() {
    let (house, app) =
        open_with(|config| config.otp.self_hosted_mail_domains = vec!["tanpopo.example".into()])
            .await;
    let owner = signed_in(&house, &app).await;
    let gate = other(&house, "new").replace("mobile.example", "Tanpopo.Example");
    for (path, address, words) in [
        (CODE, &*gate, "is behind this sign-in"),
        (
            CODE,
            &*house.login_address,
            "different address from the one you sign in with",
        ),
        (CODE, &*house.code_address, "This is your present address"),
        (
            LOGIN,
            &*house.login_address.to_uppercase(),
            "This is your present address",
        ),
        (
            LOGIN,
            &*house.code_address,
            "the one that receives your codes",
        ),
        (LOGIN, "robot@host.internal", "No mail can be sent"),
        (LOGIN, "", "Enter your email address"),
        (LOGIN, "a@b", "like name@example.com"),
        (
            CODE,
            "a@b.example\r\nBcc: c@d.example",
            "like name@example.com",
        ),
    ] {
        let refused = ask(&owner, path, address).await;
        assert_eq!(refused.status, StatusCode::OK, "{address}");
        assert!(
            refused.words().contains(words),
            "{address}: {}",
            refused.words()
        );
    }
    let long = format!("{}@b.example", "a".repeat(20_000));
    assert_ne!(ask(&owner, CODE, &long).await.status, StatusCode::SEE_OTHER);
    assert!(house.codes_to(&gate).is_empty());
    // A sign-in address may lie there.
    change(&house, &owner, LOGIN, &gate.to_lowercase()).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_a_sign_in_of_ten_minutes_ago_changes_no_address() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    let token = csrf(&owner.get(LOGIN).await);
    house.advance(Duration::from_secs(601)).await;
    for path in [LOGIN, CODE] {
        let asked = owner.get(path).await;
        assert!(asked.location().starts_with("/login?flow="), "{path}");
        let form = [("csrf", &*token), ("email", &*other(&house, "new"))];
        let posted = owner.post(path, &form).await;
        assert!(posted.location().starts_with("/login?flow="), "{path}");
    }
    assert!(house.codes_to(&other(&house, "new")).is_empty());
    let stranger = Browser::new(&house);
    for path in [LOGIN, CODE, "/account/security/address/confirm"] {
        let asked = stranger.get(path).await;
        assert!(asked.location().starts_with("/login?return_to="), "{path}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_08_the_code_counts_in_the_session_that_asked_and_once() {
    let (house, app) = open().await;
    let (owner, second) = (signed_in(&house, &app).await, signed_in(&house, &app).await);
    let (new, newer) = (other(&house, "new"), other(&house, "newer"));
    ask(&owner, LOGIN, &new).await;
    let code = house.code_after(0, &new).await;
    // Another session of the same person has nothing to confirm, and a proof of its own takes no other code.
    let nothing = second.get("/account/security/address/confirm").await;
    assert_eq!(nothing.location(), LOGIN);
    ask(&second, LOGIN, &newer).await;
    let wrong = enter(&second, LOGIN, &code).await;
    assert!(
        wrong.words().contains("That is not the code"),
        "{}",
        wrong.words()
    );
    // Nor does the code make it the code address.
    ask(&owner, CODE, &newer).await;
    let wrong = enter(&owner, CODE, &code).await;
    assert!(
        wrong.words().contains("That is not the code"),
        "{}",
        wrong.words()
    );
    let page = owner.get("/account/security/address/confirm").await;
    let form = [("csrf", &*csrf(&page)), ("code", &*code)];
    let done = owner.post("/account/security/address/confirm", &form).await;
    assert_eq!(done.location(), "/account/security?changed=address");
    let again = owner.post("/account/security/address/confirm", &form).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "{}", again.words());
    assert_eq!(recorded(&house, EventKind::AddressChanged).await, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_08_of_ten_right_codes_at_once_one_changes_the_address() {
    let (house, app) = open().await;
    let owner = signed_in(&house, &app).await;
    let new = other(&house, "new");
    ask(&owner, LOGIN, &new).await;
    let code = house.code_after(0, &new).await;
    let here = "/account/security/address/confirm";
    let token = csrf(&owner.get(here).await);
    let tries = (0..10).map(|_| {
        let (browser, token, code) = (owner.clone(), token.clone(), code.clone());
        async move {
            let form = [("csrf", &*token), ("code", &*code)];
            browser.post(here, &form).await
        }
    });
    let answers = join_all(tries).await;
    let done = |page: &&Page| page.location.as_deref() == Some("/account/security?changed=address");
    assert_eq!(answers.iter().filter(done).count(), 1);
    assert_eq!(recorded(&house, EventKind::AddressChanged).await, 1);
    assert!(works(&house, &new, PASSWORD).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_10_an_address_of_another_account_is_never_confirmed() {
    let (house, app) = open().await;
    let taken = other(&house, "taken");
    let neighbour = NewAccount {
        login_address: EmailAddress::parse(&taken).unwrap(),
        code_address: None,
        password: PASSWORD.to_owned().into(),
        claims: Map::new(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    let made = provider.create_account(neighbour, &Origin::default()).await;
    made.unwrap().unwrap();
    let owner = signed_in(&house, &app).await;
    let free = ask(&owner, LOGIN, &other(&house, "free")).await;
    let shown = owner.get(free.location()).await;
    let asked = ask(&owner, LOGIN, &taken).await;
    assert_eq!(asked.location(), free.location());
    let same = owner.get(asked.location()).await;
    let words = |page: &Page, address: &str| {
        let words = page.words();
        let (before, after) = words.split_once("Tally").unwrap();
        let after = after.split_once("Open the mail").unwrap().1;
        format!("{before}{after}").replace(address, "X")
    };
    assert_eq!(words(&same, &taken), words(&shown, &other(&house, "free")));
    house
        .told(&taken, "somebody wanted to use your address")
        .await;
    assert!(house.codes_to(&taken).is_empty());
    let tried = enter(&owner, LOGIN, "12345678").await;
    assert!(
        tried.words().contains("That is not the code"),
        "{}",
        tried.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_a_changed_code_address_ends_the_trust_of_browsers() {
    let (house, app) = open().await;
    let trusted = Browser::new(&house);
    let page = trusted.password(&house, &request(&app.id, &[])).await;
    let code = house.code().await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("code", &*code),
        ("trust_browser", "1"),
    ];
    trusted.post("/login/code", &form).await;
    let again = async || {
        let start = request(&app.id, &[("prompt", "login")]);
        let login = trusted.get(&start).await;
        let login = trusted.get(login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*house.login_address),
            ("password", PASSWORD),
        ];
        trusted.post("/login", &form).await
    };
    assert!(
        again().await.answer("code").is_some(),
        "the code is skipped"
    );
    let owner = signed_in(&house, &app).await;
    change(&house, &owner, CODE, &other(&house, "new")).await;
    let sent = again().await;
    assert!(
        sent.location().starts_with("/login/code"),
        "{}",
        sent.location()
    );
    house.close().await;
}

/// Signs in with the password alone and opens a page of the account.
async fn by_password(house: &TestHouse, browser: &Browser, path: &str) -> Page {
    let first = browser.get(path).await;
    let login = browser.get(first.location()).await;
    let login = match &login.location {
        Some(next) => browser.get(next).await,
        None => login,
    };
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let sent = browser.post("/login", &form).await;
    assert_eq!(sent.location(), path, "{}", sent.words());
    browser.get(path).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_23_who_has_no_code_address_sets_one_with_the_password_and_can_lose_it_again() {
    let house = TestHouse::open().await;
    let user = house.user;
    let bare = move |tx: &mut Tx<'_>| {
        tx.set_second_step(user, false)?;
        tx.take_address(user, AddressKind::Code)
    };
    house.house.services.store.write(bare).await.unwrap();
    let owner = Browser::new(&house);
    by_password(&house, &owner, CODE).await;
    house.advance(Duration::from_secs(601)).await;
    let page = by_password(&house, &owner, CODE).await;
    assert!(
        page.words().contains("Change the code address"),
        "{}",
        page.words()
    );
    let new = other(&house, "new");
    change(&house, &owner, CODE, &new).await;
    let page = owner.get("/account/security").await.words();
    assert!(page.contains(&new), "{page}");

    let link = undo_link(&house, 0, &house.login_address).await;
    let asked = owner.get(&link).await.words();
    assert!(asked.contains("there was none before"), "{asked}");
    let done = undo(&owner, &link).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    let account = house
        .house
        .services
        .provider
        .account(user)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(account.code_address, None);
    let (_, wrong) = types(&house, &house.login_address, PASSWORD).await;
    assert_eq!(
        wrong.status,
        StatusCode::OK,
        "the password alone opens nothing any more"
    );
    let forgot = owner.get("/password/forgot").await;
    let form = [
        ("csrf", &*forgot.hidden("csrf")),
        ("email", &*house.login_address),
    ];
    owner.post("/password/forgot", &form).await;
    let page = owner
        .get(&house.link_after(0, &house.login_address).await)
        .await;
    let (token, form_token) = (page.hidden("token"), page.hidden("csrf"));
    let form = [
        ("csrf", &*form_token),
        ("token", &*token),
        ("password", NEW_PASSWORD),
    ];
    let chosen = owner.post("/password/reset", &form).await;
    assert!(
        chosen.words().contains("Your password is changed"),
        "{}",
        chosen.words()
    );
    house.close().await;
}
