//! What somebody can change who has the cookie of a session, or the password alone: nothing but what takes access
//! away. And what a request does that is on its way when its session ends (REC-06, REC-07, SES-09, SES-10).

mod in_flight;

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{
    AlertSetting, AuthenticationMethod, BrowserSession, EventKind, Factor, Level, LevelScope,
    OperatorText,
};
use sekisho_provider::incidents::{Decided, LevelOrder};
use sekisho_store::{Account, HistoryFilter, Tx};
use serde_json::json;

use crate::account::csrf;
use crate::second_steps::{add_app, app_of, signed_in};
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::wait;

const NEW: &str = "umbrella-octopus-lantern-41";
const SECURITY: &str = "/account/security";
const STEPS: &str = "/account/security/second-step";
const ADD_APP: &str = "/account/security/second-step/app";
const ADD_PASSKEY: &str = "/account/security/second-step/passkey";

/// The page that shows a form, where it goes, what is typed.
type Form = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Every form of the account pages that changes something: the page that shows it, where it goes, what is typed.
/// `FACTOR`, `SESSION` and `ADDRESS` stand for what the account has.
const FORMS: [Form; 22] = [
    (SECURITY, SECURITY, &[("alert", "off")]),
    (SECURITY, SECURITY, &[("alert", "new_device")]),
    (
        "/account/password",
        "/account/password",
        &[("present", PASSWORD), ("password", NEW)],
    ),
    (
        "/account/password",
        "/account/password",
        &[
            ("present", PASSWORD),
            ("password", NEW),
            ("others_stay", "1"),
        ],
    ),
    (
        ADDRESS_PAGE,
        ADDRESS_PAGE,
        &[("email", "thief@elsewhere.example")],
    ),
    (
        CODE_PAGE,
        CODE_PAGE,
        &[("email", "thief@elsewhere.example")],
    ),
    (CODES_PAGE, CODES_PAGE, &[]),
    (NETWORKS_PAGE, NETWORKS_PAGE, &[("networks", "127.0.0.0/8")]),
    (STEPS, STEPS, &[("action", "on")]),
    (STEPS, STEPS, &[("action", "off"), ("password", PASSWORD)]),
    (STEPS, STEPS, &[("action", "remove"), ("factor", "FACTOR")]),
    (STEPS, STEPS, &[("action", "keep")]),
    (ADD_APP, ADD_APP, &[("code", "123456")]),
    (ADD_APP, ADD_PASSKEY, &[("name", "thief"), ("answer", "{}")]),
    (
        "/account/sessions",
        "/account/sessions",
        &[("end", "others")],
    ),
    (
        "/account/sessions",
        "/account/sessions",
        &[("end", "trust")],
    ),
    (
        "/account/sessions",
        "/account/sessions",
        &[("end", "session"), ("session", "SESSION")],
    ),
    (
        "/account/sessions",
        "/account/sessions",
        &[("end", "browser"), ("browser", "SESSION")],
    ),
    ("/account/data", "/account/data", &[]),
    (
        "/account/data",
        "/account/data/delete",
        &[("address", "ADDRESS")],
    ),
    ("/not-me", "/not-me", &[]),
    ("/not-me", "/not-me", &[("lock", "1")]),
];
const ADDRESS_PAGE: &str = "/account/security/address";
const CODE_PAGE: &str = "/account/security/code-address";
const CODES_PAGE: &str = "/account/security/recovery-codes";
const NETWORKS_PAGE: &str = "/account/security/networks";
/// Pages that show what only the owner may do.
const PAGES: [&str; 7] = [
    "/account/password",
    ADDRESS_PAGE,
    CODE_PAGE,
    NETWORKS_PAGE,
    "/account/data/delete",
    ADD_APP,
    ADD_PASSKEY,
];

/// A browser with the session of `owner` and nothing else.
fn thief(house: &TestHouse, owner: &Browser) -> Browser {
    Browser::new(house).holding(house, &owner.cookies(house), "session")
}

/// What the account is: nothing of it may change.
#[derive(Debug, PartialEq)]
struct Kept {
    account: Account,
    factors: Vec<Factor>,
    recovery_codes: u64,
    sessions: Vec<sekisho_model::SessionId>,
    /// What was recorded of changes: there is no act without its event, nor a letter without an act.
    changes: Vec<EventKind>,
}

async fn kept(house: &TestHouse) -> Kept {
    let user = house.user;
    let read = move |tx: &mut Tx<'_>| {
        let sessions = tx.sessions_of(user)?;
        Ok(Kept {
            account: tx.account(user)?.unwrap(),
            factors: tx.factors_of(user)?,
            recovery_codes: tx.recovery_figures(user)?.left,
            sessions: sessions.iter().map(|session| session.id).collect(),
            changes: changes(tx.history_of(user, &HistoryFilter::default(), None, 200)?),
        })
    };
    house.house.services.store.read(read).await.unwrap()
}

fn changes(events: Vec<sekisho_model::Event>) -> Vec<EventKind> {
    let steps_of_sign_ins = [
        EventKind::SignIn,
        EventKind::CodeAsked,
        EventKind::CodeTried,
    ];
    let kinds = events.into_iter().map(|event| event.kind);
    kinds
        .filter(|kind| !steps_of_sign_ins.contains(kind))
        .collect()
}

/// The token of each form, taken while the session was fresh.
async fn tokens(house: &TestHouse, browser: &Browser) -> Vec<String> {
    // Without them no networks are chosen.
    let (user, now) = (house.user, house.now());
    let codes = [sekisho_model::Digest::of(b"a recovery code")];
    let make = move |tx: &mut Tx<'_>| tx.replace_recovery_codes(user, &codes, now);
    house.house.services.store.write(make).await.unwrap();
    let mut tokens = Vec::new();
    for (page, ..) in FORMS {
        let page = match page {
            "/not-me" => not_me_page(house).await,
            page => page.to_owned(),
        };
        tokens.push(csrf(&browser.get(&page).await));
    }
    tokens
}

/// The page about the newest sign-in of the history.
async fn not_me_page(house: &TestHouse) -> String {
    let store = &house.house.services.store;
    let events = store.read(|tx| tx.events_of_kind(EventKind::SignIn, 1));
    let newest = events.await.unwrap().remove(0);
    format!("/not-me?event={}_{}", newest.at.micros(), newest.id)
}

/// Sends every form; each leads to a sign-in first, and nothing changes.
async fn changes_nothing(house: &TestHouse, thief: &Browser, tokens: &[String]) {
    let before = kept(house).await;
    let factor = before.factors.first().map(|factor| factor.id.to_string());
    let factor = factor.unwrap_or_else(|| before.sessions[0].to_string());
    let session = before.sessions.last().unwrap().to_string();
    for ((_, path, typed), token) in FORMS.iter().zip(tokens) {
        let mut form = vec![("csrf", &**token)];
        form.extend(typed.iter().map(|(name, value)| match *value {
            "FACTOR" => (*name, &*factor),
            "SESSION" => (*name, &*session),
            "ADDRESS" => (*name, &*house.login_address),
            value => (*name, value),
        }));
        let answer = thief.post(path, &form).await;
        let way = answer.location.as_deref().unwrap_or_default();
        assert!(
            way.starts_with("/login?flow="),
            "{path} {typed:?}: {} {way}",
            answer.status
        );
        assert_eq!(kept(house).await, before, "{path} {typed:?}");
    }
    for path in PAGES {
        let way = thief.get(path).await;
        assert!(
            way.location().starts_with("/login?flow="),
            "{path}: {}",
            way.location()
        );
    }
}

async fn set_alert(house: &TestHouse, alert: AlertSetting) {
    let user = house.user;
    let set = move |tx: &mut Tx<'_>| tx.set_alert(user, alert);
    house.house.services.store.write(set).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_a_stolen_stale_session_changes_nothing() {
    let house = TestHouse::open_with(with_names).await;
    let app = app_of(&house).await;
    let _phone = signed_in(&house, &app).await;
    house.advance(Duration::from_secs(1)).await;
    let owner = signed_in(&house, &app).await;
    set_alert(&house, AlertSetting::Every).await;
    let (thief, tokens) = (thief(&house, &owner), tokens(&house, &owner).await);
    house.advance(Duration::from_mins(11)).await;
    changes_nothing(&house, &thief, &tokens).await;
    // The owner's own way there says why it is asked again, and comes back to where it began.
    let login = owner
        .get(owner.get("/account/password").await.location())
        .await;
    assert!(
        login.words().contains("confirm it is you"),
        "{}",
        login.words()
    );
    let before = house.last_code();
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let code_page = owner
        .get(owner.post("/login", &form).await.location())
        .await;
    let code = house.code_but(&before).await;
    let form = [("csrf", &*code_page.hidden("csrf")), ("code", &*code)];
    let back = owner.post("/login/code", &form).await;
    assert_eq!(back.location(), "/account/password");
    assert_eq!(
        thief.get("/account").await.status,
        StatusCode::SEE_OTHER,
        "SES-03"
    );
    house.close().await;
}

/// Passkeys hang on names.
fn with_names(config: &mut sekisho_server::config::Config) {
    config.server.issuer = config.server.issuer.replace("127.0.0.1", "localhost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_a_stolen_stale_session_changes_nothing_of_an_owner_with_an_app() {
    let house = TestHouse::open_with(with_names).await;
    let app = app_of(&house).await;
    let _phone = signed_in(&house, &app).await;
    house.advance(Duration::from_secs(1)).await;
    let owner = signed_in(&house, &app).await;
    let tokens = tokens(&house, &owner).await;
    add_app(&house, &owner).await;
    set_alert(&house, AlertSetting::Every).await;
    let thief = thief(&house, &owner);
    house.advance(Duration::from_mins(11)).await;
    changes_nothing(&house, &thief, &tokens).await;
    house.close().await;
}

/// Makes of a session one that the password alone opened.
async fn proved_by_password_alone(house: &TestHouse) {
    let user = house.user;
    let work = move |tx: &mut Tx<'_>| {
        tx.set_second_step(user, false)?;
        for session in tx.sessions_of(user)? {
            let methods = vec![AuthenticationMethod::Pwd];
            let weak = BrowserSession {
                methods,
                ..session.clone()
            };
            let _same = tx.rotate_session(session.id, &session.digest, &weak)?;
        }
        Ok(())
    };
    house.house.services.store.write(work).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_the_password_alone_changes_nothing_where_two_step_is_off() {
    let house = TestHouse::open_with(with_names).await;
    let app = app_of(&house).await;
    let _phone = signed_in(&house, &app).await;
    house.advance(Duration::from_secs(1)).await;
    let owner = signed_in(&house, &app).await;
    set_alert(&house, AlertSetting::Every).await;
    let tokens = tokens(&house, &owner).await;
    proved_by_password_alone(&house).await;
    let thief = thief(&house, &owner);
    assert_eq!(thief.get("/account").await.status, StatusCode::OK);
    changes_nothing(&house, &thief, &tokens).await;
    // The way on asks for the code, which goes to the owner.
    let login = thief.get(thief.get(CODE_PAGE).await.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let asked = thief.post("/login", &form).await;
    assert!(
        asked.location().starts_with("/login/code"),
        "{}",
        asked.location()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_06_what_a_stolen_fresh_session_changes_is_told_to_every_address() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let thief = thief(&house, &owner);
    let press = async |path: &str, fields: &[(&str, &str)]| -> Page {
        let token = csrf(&thief.get(path).await);
        thief
            .post(path, &[&[("csrf", &*token)], fields].concat())
            .await
    };
    // The password has to be known, and the codes have to be read.
    let wrong = press(
        "/account/password",
        &[("present", "guess"), ("password", NEW)],
    )
    .await;
    assert!(
        wrong.words().contains("not your present password"),
        "{}",
        wrong.words()
    );
    let elsewhere = format!("x{}", house.login_address);
    let waits = press(CODE_PAGE, &[("email", &*elsewhere)]).await;
    assert!(
        waits.location().ends_with("/confirm"),
        "{}",
        waits.location()
    );
    // More mails are nothing that the owner must hear of; fewer are.
    assert!(
        press(SECURITY, &[("alert", "every")])
            .await
            .location()
            .contains("saved")
    );
    assert!(
        press(SECURITY, &[("alert", "new_device")])
            .await
            .location()
            .contains("saved")
    );
    assert!(
        press(SECURITY, &[("alert", "off")])
            .await
            .location()
            .contains("saved")
    );
    assert_eq!(press(CODES_PAGE, &[]).await.status, StatusCode::OK);
    press(
        "/account/data/delete",
        &[("address", &*house.login_address)],
    )
    .await;
    for address in [&house.login_address, &house.code_address] {
        for subject in ["fewer mails about sign-ins", "new recovery codes"] {
            house.told(address, subject).await;
        }
        house.told(address, "is to be deleted").await;
        wait::until("a letter for each step down", async || {
            let letters = house.letters_to(address);
            let fewer = letters
                .iter()
                .filter(|letter| letter.contains("fewer mails about"));
            (fewer.count() == 2).then_some(())
        })
        .await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_06_a_stale_session_may_ask_for_more_mails() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    house.advance(Duration::from_mins(11)).await;
    let token = csrf(&owner.get(SECURITY).await);
    let more = owner
        .post(SECURITY, &[("csrf", &token), ("alert", "every")])
        .await;
    assert_eq!(more.location(), "/account/security?saved=1");
    let fewer = owner
        .post(SECURITY, &[("csrf", &token), ("alert", "off")])
        .await;
    assert!(fewer.location().starts_with("/login?flow="));
    assert_eq!(kept(&house).await.account.user.alert, AlertSetting::Every);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_8_two_step_stays_on_while_a_level_asks_it_of_everybody() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let provider = &house.house.services.provider;
    let order = LevelOrder {
        operator: "haruka".to_owned(),
        scope: LevelScope::Server,
        level: Level::Watch,
        reason: "test".to_owned(),
        from: None,
        until: None,
        text: OperatorText::default(),
        may_lower: false,
        proved: None,
    };
    let token = csrf(&owner.get(ADD_APP).await);
    let event = provider.event_of_server(EventKind::LevelChanged);
    let decided = provider.order_level(order, event).await.unwrap();
    assert!(matches!(decided, Decided::InForce(_)), "{decided:?}");
    provider.hear().await.unwrap();
    let form = [("csrf", &*token), ("action", "off"), ("password", PASSWORD)];
    let refused = owner.post(STEPS, &form).await;
    assert!(refused.words().contains("stays on"), "{}", refused.words());
    assert!(kept(&house).await.account.user.second_step);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_whoever_signs_in_for_a_row_of_the_history_gets_to_it() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    let owner = signed_in(&house, client.client_id.as_str()).await;
    let wanted = not_me_page(&house).await;
    assert_eq!(owner.get(&wanted).await.status, StatusCode::OK);
    let browser = Browser::new(&house);
    let before = house.last_code();
    let code_page = browser
        .password(&house, &wanted_after_sign_in(&browser, &wanted).await)
        .await;
    let code = house.code_but(&before).await;
    let form = [("csrf", &*code_page.hidden("csrf")), ("code", &*code)];
    let back = browser.post("/login/code", &form).await;
    assert_eq!(back.location(), wanted);
    house.close().await;
}

/// Where a page leads whoever is not signed in.
async fn wanted_after_sign_in(browser: &Browser, page: &str) -> String {
    browser.get(page).await.location().to_owned()
}
