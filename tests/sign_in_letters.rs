//! TD-07: what an owner is told of sign-ins, of apps and of operators, and how often.

use std::net::Ipv4Addr;
use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{AlertSetting, EventKind, Locale, Origin, UserState};
use sekisho_server::metrics_page;
use sekisho_store::{LetterState, Tx};
use serde_json::json;

use crate::authorization::request;
use crate::device::{begin, decide, person, television, type_code};
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::places::{database, named_city};
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::{App, body};

const MINUTE: Duration = Duration::from_mins(1);
const NEW_DEVICE: &str = "new device";

/// A house whose person signs in with the password alone.
struct Scene {
    house: TestHouse,
    app: App,
}

impl Scene {
    async fn of(house: TestHouse, alert: AlertSetting) -> Self {
        let app = App::of(&house, json!({"skip_consent": true})).await;
        let user = house.user;
        let set = move |tx: &mut Tx<'_>| {
            tx.set_second_step(user, false)?;
            tx.set_alert(user, alert)
        };
        house.house.services.store.write(set).await.unwrap();
        Self { house, app }
    }

    async fn open(alert: AlertSetting) -> Self {
        Self::of(TestHouse::open().await, alert).await
    }

    /// A person's try, a second after the last: the history is in the order of time.
    async fn types(&self, browser: &Browser, password: &str) -> Page {
        self.house.advance(Duration::from_secs(1)).await;
        let to_login = browser
            .get(&request(&self.app.id, &[("prompt", "login")]))
            .await;
        let login = browser.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*self.house.login_address),
            ("password", password),
        ];
        browser.post("/login", &form).await
    }

    async fn signs_in(&self, browser: &Browser) {
        let done = self.types(browser, PASSWORD).await;
        assert!(done.answer("code").is_some(), "{}", done.words());
    }

    /// The letters to the sign-in address with these words in their subject, oldest first.
    fn letters(&self, subject: &str) -> Vec<String> {
        letters_with(&self.house, &self.house.login_address, subject)
    }

    /// The letters, once there are so many and nothing waits to leave now.
    async fn letters_at(&self, subject: &str, number: usize) -> Vec<String> {
        self.nothing_is_due().await;
        let letters = wait::until(subject, async || {
            let found = self.letters(subject);
            (found.len() >= number).then_some(found)
        })
        .await;
        assert_eq!(letters.len(), number, "{letters:?}");
        letters
    }

    async fn nothing_is_due(&self) {
        let store = &self.house.house.services.store;
        wait::until("letters that are due to leave", async || {
            let all = store.read(|tx: &mut Tx<'_>| tx.list_letters(100)).await;
            let now = self.house.now();
            let due = all.unwrap().into_iter().any(|letter| {
                letter.state == LetterState::Waiting && letter.next_attempt_at <= now
            });
            (!due).then_some(())
        })
        .await;
    }
}

fn letters_with(house: &TestHouse, address: &str, subject: &str) -> Vec<String> {
    let mut all = house.letters_to(address);
    all.retain(|letter| {
        let line = letter.lines().find(|line| line.starts_with("Subject: "));
        line.is_some_and(|line| line.contains(subject))
    });
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_a_busy_script_is_told_at_once_and_then_once_in_ten_minutes() {
    let scene = Scene::open(AlertSetting::Every).await;
    let script = Browser::new(&scene.house);
    scene.signs_in(&script).await;
    scene.letters_at(NEW_DEVICE, 1).await;
    for _ in 0..5 {
        scene.signs_in(&script).await;
        scene.nothing_is_due().await;
        scene.house.advance(MINUTE).await;
    }
    let first = scene.letters_at("new sign-in", 1).await;
    assert!(
        first[0].contains("Somebody signed in to your account"),
        "{}",
        first[0]
    );
    scene.house.advance(5 * MINUTE).await;
    let both = scene.letters_at("new sign-in", 2).await;
    assert!(both[1].contains("4 new sign-ins"), "{}", both[1]);
    assert!(both[1].contains("3 more sign-ins followed"), "{}", both[1]);
    assert!(both[1].contains("/not-me/"), "{}", both[1]);
    // After a quiet time the next is told at once again, alone.
    scene.house.advance(20 * MINUTE).await;
    scene.signs_in(&script).await;
    let last = scene.letters_at("new sign-in", 3).await;
    assert!(!last[2].contains("followed"), "{}", last[2]);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_new_devices_are_told_together_and_not_kept_back_by_others() {
    let scene = Scene::open(AlertSetting::Every).await;
    let known = Browser::new(&scene.house);
    for device in [
        &known,
        &Browser::new(&scene.house),
        &Browser::new(&scene.house),
    ] {
        scene.signs_in(device).await;
        scene.nothing_is_due().await;
    }
    scene.letters_at(NEW_DEVICE, 1).await;
    // A mail about a known browser does not wait for those.
    scene.signs_in(&known).await;
    scene.letters_at("new sign-in", 1).await;
    scene.house.advance(10 * MINUTE).await;
    let letters = scene.letters_at("new devices", 1).await;
    assert!(
        letters[0].contains("2 sign-ins from new devices"),
        "{}",
        letters[0]
    );
    let code = &scene.house.code_address;
    wait::until("both mailboxes", async || {
        let told = letters_with(&scene.house, code, NEW_DEVICE).len();
        (told == 2).then_some(())
    })
    .await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_a_success_after_three_failures_is_told_though_mails_are_off() {
    let scene = Scene::open(AlertSetting::Off).await;
    let browser = Browser::new(&scene.house);
    scene.signs_in(&browser).await;
    scene.signs_in(&browser).await;
    for _ in 0..2 {
        scene.types(&browser, "wrong-password-9").await;
    }
    scene.signs_in(&browser).await;
    scene.nothing_is_due().await;
    assert!(scene.letters("new sign-in").is_empty(), "two are everyday");
    for _ in 0..3 {
        scene.types(&browser, "wrong-password-9").await;
    }
    scene.signs_in(&browser).await;
    let letters = scene.letters_at("new sign-in", 1).await;
    assert!(
        letters[0].contains("3 wrong passwords were entered"),
        "{}",
        letters[0]
    );
    assert!(
        letters[0].contains("several failures cannot be turned off"),
        "{}",
        letters[0]
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_05_td_07_letters_and_the_history_tell_the_place_where_a_database_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let places = folder.path().join("places.mmdb");
    let japan = named_city("JP", "Japan", "日本");
    std::fs::write(&places, database(&[(Ipv4Addr::new(203, 0, 113, 0), japan)])).unwrap();
    let house = TestHouse::open_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        config.guard.places = Some(places);
    })
    .await;
    let scene = Scene::of(house, AlertSetting::NewDevice).await;
    let owner = Browser::from_address(&scene.house, "203.0.113.7");
    scene.signs_in(&owner).await;
    let letters = scene.letters_at(NEW_DEVICE, 1).await;
    assert!(
        letters[0].contains("203.0.113.7 (approximately Japan)"),
        "{}",
        letters[0]
    );
    scene.house.advance(10 * MINUTE).await;
    scene
        .signs_in(&Browser::from_address(&scene.house, "198.51.100.7"))
        .await;
    let letters = scene.letters_at(NEW_DEVICE, 2).await;
    assert!(letters[1].contains("198.51.100.7"), "{}", letters[1]);
    assert!(!letters[1].contains("approximately"), "{}", letters[1]);
    let history = owner.get("/account/history").await.words();
    assert_eq!(
        history.matches("approximately Japan").count(),
        1,
        "{history}"
    );
    assert!(history.contains("198.51.100.7"), "{history}");
    let file = owner.get("/account/history.csv?period=30").await.text;
    assert!(file.contains(r#""203.0.113.7","Japan""#), "{file}");
    assert!(file.contains(r#""198.51.100.7","""#), "{file}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_an_app_that_may_work_while_its_person_is_away_is_told() {
    const SUBJECT: &str = "you allowed an app";
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    // Without offline access nobody is told.
    let asked = browser.sign_in(&house, &request(&app.id, &[])).await;
    assert!(browser.allow(&asked).await.answer("code").is_some());
    let start = request(&app.id, &[("scope", "openid offline_access")]);
    let mut refresh = Vec::new();
    for _ in 0..2 {
        let asked = browser.get(&start).await;
        let answer = browser.allow(&asked).await;
        let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
        refresh.push(tokens["refresh_token"].as_str().unwrap().to_owned());
        // A letter on its way for eleven minutes would be sent again.
        for address in [&house.login_address, &house.code_address] {
            house.told(address, SUBJECT).await;
        }
        house.advance(11 * MINUTE).await;
    }
    for address in [&house.login_address, &house.code_address] {
        house.told(address, SUBJECT).await;
        let letters = letters_with(&house, address, SUBJECT);
        assert_eq!(letters.len(), 1, "what was allowed before is no news");
        assert!(letters[0].contains("Aozora Mail"), "{}", letters[0]);
    }
    // The link ends what the app was given there.
    let letter = &letters_with(&house, &house.login_address, SUBJECT)[0];
    let token: String = letter
        .split("/not-me/")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    let link = format!("/not-me/{token}");
    let anywhere = Browser::new(&house);
    let page = anywhere.get(&link).await;
    assert!(page.words().contains("Aozora Mail"), "{}", page.words());
    let csrf = crate::account::csrf(&page);
    let done = anywhere.post(&link, &[("csrf", &csrf)]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    for token in refresh {
        assert_eq!(app.refresh(&token).await.status(), StatusCode::BAD_REQUEST);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_a_device_that_may_work_while_its_person_is_away_is_told() {
    let house = TestHouse::open().await;
    let app = App::of(&house, television()).await;
    let phone = person(&house).await;
    for (scope, told) in [("openid", 0), ("openid offline_access", 1)] {
        let codes = body(begin(&house, &app, &[("scope", scope)]).await).await;
        let confirm = type_code(&phone, codes["user_code"].as_str().unwrap()).await;
        decide(&phone, &confirm, "allow").await;
        let store = &house.house.services.store;
        wait::until("the outbox", async || {
            let all = store.read(|tx: &mut Tx<'_>| tx.list_letters(9)).await;
            all.unwrap().is_empty().then_some(())
        })
        .await;
        let letters = letters_with(&house, &house.code_address, "you allowed an app");
        assert_eq!(letters.len(), told, "{scope}");
    }
    house.told(&house.login_address, "you allowed an app").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_whose_account_is_stopped_or_opened_is_told() {
    let house = TestHouse::open().await;
    let provider = &house.house.services.provider;
    for (state, subject) in [
        // It is open already: that is no news.
        (UserState::Active, None),
        (UserState::Disabled, Some("your account is locked")),
        (UserState::Disabled, None),
        (UserState::Active, Some("your account is open again")),
    ] {
        let nowhere = Origin::default();
        let set = provider.set_account_state(house.user, state, &nowhere);
        set.await.unwrap();
        for address in [&house.login_address, &house.code_address] {
            if let Some(subject) = subject {
                let letter = house.told(address, subject).await;
                assert!(letter.contains("An operator of"), "{letter}");
            }
        }
    }
    for subject in ["is locked", "is open again"] {
        for address in [&house.login_address, &house.code_address] {
            assert_eq!(letters_with(&house, address, subject).len(), 1, "{subject}");
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_whose_account_an_operator_looks_at_is_told_and_finds_it_in_the_history() {
    let house = TestHouse::open().await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap();
    let address = house.login_address.clone();
    for command in ["show", "sessions", "data"] {
        let words = ["user", command, &address, "--config", config];
        let told = Process::run(&words, "");
        assert!(!told.contains(PASSWORD));
    }
    // The commands go by the machine's clock, which is a little ahead of this house's.
    house.advance(2 * MINUTE).await;
    for address in [&house.login_address, &house.code_address] {
        house
            .told(address, "an operator looked at your account")
            .await;
        house
            .told(address, "an operator took a copy of your data")
            .await;
    }
    let store = &house.house.services.store;
    let looks = store
        .read(|tx: &mut Tx<'_>| tx.events_of_kind(EventKind::AccountRead, 9))
        .await;
    let looks = looks.unwrap();
    let whose: Vec<_> = looks.iter().map(|event| event.user_id).collect();
    assert_eq!(whose, [Some(house.user); 2]);
    let browser = Browser::new(&house);
    browser.sign_in(&house, "/login?return_to=%2Faccount").await;
    let history = browser.get("/account/history").await.words();
    assert!(history.contains("Looked at your account"), "{history}");
    // A look soon after a letter is told when that letter is ten minutes old.
    Process::run(&["user", "show", &address, "--config", config], "");
    let looks = || letters_with(&house, &address, "an operator looked").len();
    assert_eq!(looks(), 1);
    house.advance(11 * MINUTE).await;
    let second = async || (looks() == 2).then_some(());
    wait::until("the second look", second).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_27_letters_are_counted_by_kind_and_outcome() {
    let scene = Scene::open(AlertSetting::NewDevice).await;
    let user = scene.house.user;
    let speak = move |tx: &mut Tx<'_>| tx.set_locale(user, Locale::En);
    scene.house.house.services.store.write(speak).await.unwrap();
    scene.signs_in(&Browser::new(&scene.house)).await;
    scene.letters_at(NEW_DEVICE, 1).await;
    let line = "sekisho_letters_total{kind=\"new_device\",outcome=\"sent\"}";
    wait::until(line, async || {
        let page = metrics_page::recorder().unwrap().render();
        page.contains(line).then_some(())
    })
    .await;
    // No metric carries an address or a person (ENU-09).
    let page = metrics_page::recorder().unwrap().render();
    assert!(!page.contains("haruka") && !page.contains(&user.to_string()));
    scene.house.close().await;
}
