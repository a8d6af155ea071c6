//! How people leave and how addresses are released, over HTTP and at the command line.

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{
    Cohort, EmailAddress, EventKind, Level, LevelScope, Locale, OperatorText, Origin, Timestamp,
};
use sekisho_provider::accounts::NewAccount;
use sekisho_provider::incidents::{Decided, LevelOrder};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::app_server::AppServer;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::{App, body};

const DAY: Duration = Duration::from_hours(24);
const NEW: &str = "umbrella-octopus-lantern-41";
const DELETE: &str = "/account/data/delete";

/// Somebody who is signed in, with an app that holds tokens.
struct Scene {
    house: TestHouse,
    app: App,
    owner: Browser,
    access: String,
    refresh: String,
    sub: String,
    config: String,
}

impl Scene {
    async fn open() -> Self {
        Self::with(json!({})).await
    }

    async fn with(mut members: Value) -> Self {
        let house = TestHouse::open().await;
        members["skip_consent"] = true.into();
        members["scope"] = "openid offline_access".into();
        let app = App::of(&house, members).await;
        let owner = Browser::new(&house);
        let wish = request(&app.id, &[("scope", "openid offline_access")]);
        let back = owner.sign_in(&house, &wish).await;
        let tokens = body(app.redeem(&back.answer("code").unwrap()).await).await;
        let member = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        Self {
            sub: claims(&member("id_token"))["sub"]
                .as_str()
                .unwrap()
                .to_owned(),
            access: member("access_token"),
            refresh: member("refresh_token"),
            config: file.to_str().unwrap().to_owned(),
            house,
            app,
            owner,
        }
    }

    fn user(&self, arguments: &[&str]) -> String {
        let config = ["--config", &self.config];
        Process::run(&[&["user"], arguments, &config].concat(), "")
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let config = ["--config", &self.config];
        Process::refused(&[&["user"], arguments, &config].concat(), "").expect("a refusal")
    }

    /// Asks for the deletion in the account pages.
    async fn leaves(&self) -> Page {
        let page = self.owner.get(DELETE).await;
        let form = [
            ("csrf", &*form_token(&page)),
            ("address", &self.house.login_address),
        ];
        self.owner.post(DELETE, &form).await
    }

    /// Time passes, and the server does what it does once a minute.
    async fn after(&self, time: Duration) {
        self.house.advance(time).await;
        self.house.house.services.provider.see_off().await.unwrap();
    }

    async fn ends(&self) {
        wait::until("the end of the tokens", async || {
            let ended = self.app.userinfo(&self.access).await == StatusCode::UNAUTHORIZED;
            ended.then_some(())
        })
        .await;
        let refused = self.app.refresh(&self.refresh).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }
}

fn form_token(page: &Page) -> String {
    let form = page.text.split("<main").nth(1).unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    csrf.split('"').next().unwrap().to_owned()
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_16_a_deletion_ends_everything_at_once_and_the_account_after_the_delay() {
    let listening = AppServer::start().await;
    let scene = Scene::with(json!({
        "backchannel_logout_uri": listening.url("/out"), "application_type": "native",
    }))
    .await;
    let (house, owner) = (&scene.house, &scene.owner);
    let page = owner.get(DELETE).await;
    assert!(page.words().contains("after 30 days"), "{}", page.words());
    let form = [
        ("csrf", &*form_token(&page)),
        ("address", "somebody@else.example"),
    ];
    let slip = owner.post(DELETE, &form).await;
    assert!(
        slip.words().contains("exactly as shown"),
        "{}",
        slip.words()
    );
    let left = scene.leaves().await;
    assert!(
        left.location().starts_with("/leaving?on="),
        "{}",
        left.location()
    );
    let said = owner.get(left.location()).await;
    assert!(said.words().contains("Your account is to be deleted"));
    scene.ends().await;
    wait::until("the app to be told", async || {
        (!listening.seen("/out").is_empty()).then_some(())
    })
    .await;
    assert_eq!(owner.get("/account").await.status, StatusCode::SEE_OTHER);
    for address in [&house.login_address, &house.code_address] {
        house.told(address, "your account is to be deleted").await;
    }
    scene.after(DAY * 22).await;
    assert_eq!(subjects(house, "in a few days"), 0);
    scene.after(DAY * 2).await;
    house
        .told(&house.login_address, "deleted in a few days")
        .await;
    scene.after(Duration::from_mins(1)).await;
    let user = house.user;
    let store = &house.house.services.store;
    assert!(
        store
            .read(move |tx| tx.account(user))
            .await
            .unwrap()
            .is_some()
    );
    scene.after(DAY * 7).await;
    assert!(
        store
            .read(move |tx| tx.account(user))
            .await
            .unwrap()
            .is_none()
    );
    house
        .told(&house.code_address, "your account was deleted")
        .await;
    let next = Browser::new(house);
    let to_login = next.get("/login?return_to=%2Faccount").await;
    let login = next
        .get(to_login.location.as_deref().unwrap_or("/login"))
        .await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &house.login_address),
        ("password", PASSWORD),
    ];
    let refused = next.post("/login", &form).await;
    assert_ne!(refused.status, StatusCode::SEE_OTHER, "{}", refused.words());
}

fn subjects(house: &TestHouse, words: &str) -> usize {
    let letters = house.letters_to(&house.login_address);
    letters
        .iter()
        .filter(|letter| letter.contains(words))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_16_who_signs_in_during_the_delay_is_asked_and_gets_nothing_before() {
    let scene = Scene::open().await;
    let house = &scene.house;
    scene.leaves().await;
    scene.house.advance(DAY).await;
    let wish = request(&scene.app.id, &[]);
    let back = scene.owner.sign_in(house, &wish).await;
    assert_eq!(back.location(), "/account/keep");
    let asked = scene.owner.get("/account/keep").await;
    assert!(
        asked.words().contains("Keep your account?"),
        "{}",
        asked.words()
    );
    // Nothing else opens, and no app gets anything.
    for page in [
        "/account",
        "/account/security",
        "/account/data",
        "/account/apps",
    ] {
        assert_eq!(scene.owner.get(page).await.location(), "/account/keep");
    }
    assert_eq!(scene.owner.get(&wish).await.location(), "/account/keep");
    let silent = request(&scene.app.id, &[("prompt", "none")]);
    let answer = scene.owner.get(&silent).await;
    assert_eq!(
        answer.answer("error").as_deref(),
        Some("interaction_required")
    );
    let form = [("csrf", &*form_token(&asked))];
    let kept = scene.owner.post("/account/keep", &form).await;
    assert_eq!(kept.location(), "/account");
    assert_eq!(scene.owner.get("/account").await.status, StatusCode::OK);
    house.told(&house.login_address, "your account stays").await;
    assert!(scene.owner.get(&wish).await.answer("code").is_some());
    scene.after(DAY * 40).await;
    let user = house.user;
    let kept = house.house.services.store.read(move |tx| tx.account(user));
    assert!(kept.await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_16_leaving_and_taking_data_along_need_a_fresh_sign_in() {
    let scene = Scene::open().await;
    let open = scene.owner.get(DELETE).await;
    let data = scene.owner.get("/account/data").await;
    scene.house.advance(Duration::from_mins(11)).await;
    let form = [
        ("csrf", &*form_token(&open)),
        ("address", &scene.house.login_address),
    ];
    let stale = scene.owner.post(DELETE, &form).await;
    assert!(
        stale.location().starts_with("/login?flow="),
        "{}",
        stale.location()
    );
    let stale = scene
        .owner
        .post("/account/data", &[("csrf", &*form_token(&data))])
        .await;
    assert!(stale.location().starts_with("/login?flow="));
    assert_eq!(
        scene.app.userinfo(&scene.access).await,
        StatusCode::UNAUTHORIZED,
        "it is old"
    );
    assert_eq!(
        scene.app.refresh(&scene.refresh).await.status(),
        StatusCode::OK
    );
    let forged = [("csrf", "x"), ("address", &scene.house.login_address)];
    let refused = scene.owner.post(DELETE, &forged).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

/// REC-06: whoever holds the session does not bury one letter under others, nor read everything again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ux_7_6_three_copies_a_day_are_given_and_stand_in_the_history() {
    let scene = Scene::open().await;
    let take = async || {
        let page = scene.owner.get("/account/data").await;
        let form = [("csrf", &*form_token(&page))];
        scene.owner.post("/account/data", &form).await
    };
    for _ in 0..3 {
        assert_eq!(take().await.status, StatusCode::OK);
    }
    let refused = take().await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let words = refused.words();
    assert!(words.contains("Enough copies for today"), "{words}");
    let history = scene.owner.get("/account/history").await.words();
    let taken = history.matches("Took a copy of your data").count();
    assert_eq!(taken, 3, "{history}");
    let subject = "a copy of your data was taken";
    wait::until("a letter for each", async || {
        let letters = scene.house.letters_to(&scene.house.login_address);
        let told = letters.iter().filter(|letter| letter.contains(subject));
        (told.count() == 3).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_ones_own_data_is_whole_and_holds_no_secret() {
    let scene = Scene::open().await;
    let page = scene.owner.get("/account/data").await;
    let file = scene
        .owner
        .post("/account/data", &[("csrf", &*form_token(&page))])
        .await;
    assert_eq!(file.status, StatusCode::OK);
    let data: Value = serde_json::from_str(&file.text).unwrap();
    let account = &data["account"];
    assert_eq!(account["sub"], json!(scene.sub));
    assert_eq!(account["sign_in_address"], json!(scene.house.login_address));
    assert_eq!(account["code_address"], json!(scene.house.code_address));
    assert_eq!(account["claims"]["name"], "三浦 晴香");
    for list in ["sessions", "browsers", "apps"] {
        assert_eq!(data[list].as_array().unwrap().len(), 1, "{list}: {data}");
    }
    let history = data["history"].as_array().unwrap();
    assert!(history.iter().any(|event| event["what"] == "sign_in"));
    for secret in ["argon2", "$", &scene.refresh, &scene.access] {
        assert!(!file.text.contains(secret), "{secret}");
    }
    // Whoever sits at the open session cannot take it without a word.
    for address in [&scene.house.login_address, &scene.house.code_address] {
        let letter = scene
            .house
            .told(address, "a copy of your data was taken")
            .await;
        assert!(!letter.contains("my-data"), "{letter}");
    }
    let form = [("csrf", &*form_token(&page)), ("format", "html")];
    let read = scene.owner.post("/account/data", &form).await;
    assert_eq!(read.headers["content-type"], "text/html; charset=utf-8");
    let kept = read.headers["content-disposition"].to_str().unwrap();
    assert!(kept.starts_with("attachment"), "{kept}");
    assert!(read.text.contains("三浦 晴香") && !read.text.contains(&scene.refresh));
    let same = scene.user(&["data", &scene.house.login_address]);
    let same: Value = serde_json::from_str(&same).unwrap();
    assert_eq!(same["account"]["sub"], json!(scene.sub));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_14_the_same_address_gets_another_sub_and_the_old_one_is_never_given_again() {
    let scene = Scene::open().await;
    let house = &scene.house;
    scene.user(&[
        "delete",
        &house.login_address,
        "--reason",
        "asked by letter",
    ]);
    let again = ["delete", &house.login_address, "--reason", "again"];
    assert!(scene.refused(&again).contains("already"));
    scene.ends().await;
    scene.user(&["keep", &house.login_address, "--reason", "asked by phone"]);
    scene.user(&[
        "delete",
        &house.login_address,
        "--reason",
        "asked by letter",
        "--now",
    ]);
    // The command line has the time of the machine, the house a time of its own.
    scene.after(Duration::from_mins(5)).await;
    // Neither as a new account nor by an import that names it.
    let file = house.folder.path().join("people.jsonl");
    let line = json!({"email": house.login_address, "email_verified": true, "subject": scene.sub});
    std::fs::write(&file, format!("{line}\n")).unwrap();
    let path = file.to_str().unwrap();
    let report = house.folder.path().join("report.jsonl");
    let import = ["import", path, "--report", report.to_str().unwrap()];
    let config = ["--config", &scene.config];
    let _refused = Process::refused(&[&["user"], &import[..], &config].concat(), "");
    let found = std::fs::read_to_string(&report).unwrap();
    assert!(found.contains("sub"), "{found}");
    let line = json!({"email": house.login_address, "email_verified": true});
    std::fs::write(&file, format!("{line}\n")).unwrap();
    scene.user(&["import", path]);
    let shown = scene.user(&["show", &house.login_address, "--output", "json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_ne!(shown["sub"], json!(scene.sub));
    assert!(scene.refused(&["show", &scene.sub]).contains("no account"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_15_a_released_address_is_nobodys_for_half_a_year() {
    let scene = Scene::open().await;
    let house = &scene.house;
    let address = house.login_address.as_str();
    scene.user(&["release-address", address, "--reason", "contract ended"]);
    scene.ends().await;
    house.advance(Duration::from_mins(5)).await;
    house
        .told(&house.code_address, "an address was taken off your account")
        .await;
    assert!(
        house
            .letters_to(address)
            .iter()
            .all(|letter| !letter.contains("taken off"))
    );
    assert!(scene.refused(&["show", address]).contains("no account"));
    scene.user(&["list"]);
    // Nobody gets it: not by the command line, not by an import.
    let create = ["create", "--email", address, "--password-stdin"];
    let config = ["--config", &scene.config];
    let arguments = [&["user"], &create[..], &config].concat();
    let refused = Process::refused(&arguments, "umbrella-octopus-lantern-41\n").unwrap();
    assert!(refused.contains("already has an account"), "{refused}");
    let give = [
        "give-address",
        &scene.sub,
        "--email",
        address,
        "--reason",
        "x",
    ];
    assert!(scene.refused(&give).contains("quarantine"));
    // The person goes on with another address, as the same one to apps.
    let new = format!("new-{address}");
    scene.user(&[
        "give-address",
        &scene.sub,
        "--email",
        &new,
        "--reason",
        "id card seen",
    ]);
    let shown = scene.user(&["show", &new, "--output", "json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["sub"], json!(scene.sub));
    // After half a year it may be somebody else's.
    house
        .house
        .services
        .store
        .keep_house(later(house, 179))
        .await
        .unwrap();
    let still = Process::refused(&arguments, "umbrella-octopus-lantern-41\n");
    assert!(still.is_some());
    house
        .house
        .services
        .store
        .keep_house(later(house, 181))
        .await
        .unwrap();
    Process::run(&arguments, "umbrella-octopus-lantern-41\n");
    let shown = scene.user(&["show", address, "--output", "json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_ne!(shown["sub"], json!(scene.sub), "somebody else");
}

fn later(house: &TestHouse, days: u32) -> Timestamp {
    house.now() + DAY * days
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_15_a_release_by_mistake_can_be_taken_back() {
    let scene = Scene::open().await;
    let address = scene.house.login_address.as_str();
    scene.user(&["release-address", address, "--reason", "wrong line"]);
    scene.user(&["end-quarantine", address, "--reason", "wrong line"]);
    let again = ["end-quarantine", address, "--reason", "again"];
    assert!(scene.refused(&again).contains("not in quarantine"));
    scene.user(&[
        "give-address",
        &scene.sub,
        "--email",
        address,
        "--reason",
        "wrong line",
    ]);
    scene.house.advance(Duration::from_mins(5)).await;
    let back = Browser::new(&scene.house);
    let answer = back
        .sign_in(&scene.house, &request(&scene.app.id, &[]))
        .await;
    assert!(answer.answer("code").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_15_whoever_has_a_released_address_next_hears_nothing_of_whose_it_was() {
    let scene = Scene::open().await;
    let house = &scene.house;
    let address = house.login_address.as_str();
    scene.user(&["release-address", address, "--reason", "contract ended"]);
    house.advance(Duration::from_mins(5)).await;
    let before = house.letters_to(address).len();
    // Somebody else wants to sign in with it.
    let other = format!("other-{address}");
    let new = NewAccount {
        login_address: EmailAddress::parse(&other).unwrap(),
        code_address: None,
        password: NEW.to_owned().into(),
        claims: serde_json::Map::new(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    let nowhere = Origin::default();
    let made = provider.create_account(new, &nowhere).await;
    made.unwrap().unwrap();
    let browser = Browser::new(house);
    let to_login = browser.get("/account/security/address").await;
    let to_login = browser.get(to_login.location()).await;
    let login = browser.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*other),
        ("password", NEW),
    ];
    let sent = browser.post("/login", &form).await;
    let page = browser.get(sent.location()).await;
    let code = wait::until("the code", async || {
        let letters = house.letters_to(&other);
        let letter = letters
            .iter()
            .find(|letter| letter.contains("Your code: "))?;
        Some(letter.split("Your code: ").nth(1)?.get(..8)?.to_owned())
    })
    .await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    browser.post("/login/code", &form).await;
    let page = browser.get("/account/security/address").await;
    let form = [
        ("csrf", &*form_token(&page)),
        ("address", address),
        ("email", address),
    ];
    let asked = browser.post("/account/security/address", &form).await;
    assert_eq!(
        asked.location(),
        "/account/security/address/confirm",
        "the same as always"
    );
    house.advance(Duration::from_mins(1)).await;
    assert_eq!(house.letters_to(address).len(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_16_a_sign_in_at_the_same_moment_opens_nothing() {
    let scene = Scene::open().await;
    let house = &scene.house;
    let wish = request(&scene.app.id, &[("scope", "openid offline_access")]);
    let before = house.last_code();
    let second = Browser::new(house);
    let page = second.password(house, &wish).await;
    let code = house.code_but(&before).await;
    let form = [("csrf", page.hidden("csrf")), ("code", code)];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    let (left, entered) = tokio::join!(scene.leaves(), second.post("/login/code", &form));
    assert!(
        left.location().starts_with("/leaving?on="),
        "{}",
        left.location()
    );
    // Whichever was first: nothing that this sign-in brought is worth anything.
    let place = entered.location.clone().unwrap_or_default();
    if place.contains("code=") {
        let answer = scene.app.redeem(&entered.answer("code").unwrap()).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }
    let inside = second.get("/account").await;
    assert_eq!(inside.status, StatusCode::SEE_OTHER, "{}", inside.words());
    let again = second.get(&wish).await;
    assert!(!again.location().contains("code="), "{}", again.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_16_inc_03_nobody_is_erased_while_they_cannot_sign_in() {
    let scene = Scene::open().await;
    scene.leaves().await;
    let provider = &scene.house.house.services.provider;
    let (user, store) = (scene.house.user, &scene.house.house.services.store);
    let is_there = async || {
        let found = store.read(move |tx| tx.account(user)).await.unwrap();
        found.is_some()
    };
    let everybody = Cohort {
        made_before: Some(scene.house.now() + Duration::from_millis(1)),
        ..Cohort::default()
    };
    scene.house.advance(40 * DAY).await;
    for scope in [LevelScope::Server, LevelScope::Cohort(everybody)] {
        let until = scene.house.now() + DAY;
        let order = LevelOrder {
            operator: "haruka".to_owned(),
            scope,
            level: Level::Closed,
            reason: "test".to_owned(),
            from: None,
            until: Some(until),
            text: OperatorText::default(),
            may_lower: false,
            proved: None,
        };
        let event = provider.event_of_server(EventKind::LevelChanged);
        let decided = provider.order_level(order, event).await.unwrap();
        assert!(matches!(decided, Decided::InForce(_)), "{decided:?}");
        assert_eq!(provider.see_off().await.unwrap(), 0);
        assert!(is_there().await);
        scene.house.advance(DAY).await;
    }
    assert_eq!(provider.see_off().await.unwrap(), 1);
    assert!(!is_there().await);
}
