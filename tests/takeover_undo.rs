//! The exercise goes on: what a thief prepared is undone when the owner says so, a copied cookie is noticed, and a
//! right password without a code is told.

mod by_mail;
mod copied_cookies;

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{EventKind, LetterKind};
use sekisho_store::{Account, Tx};
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::wait;
use crate::tokens::App;

const NEW: &str = "umbrella-octopus-lantern-41";
const THIEF: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const COPIED: &str = "a trusted browser may have been copied";
const KNOWN: &str = "somebody knows your password";
const MINUTE: Duration = Duration::from_mins(1);

struct Scene {
    house: TestHouse,
    app: App,
}

impl Scene {
    async fn open() -> Self {
        let house = TestHouse::open().await;
        let app = App::of(&house, json!({"skip_consent": true})).await;
        Self { house, app }
    }

    fn start(&self) -> String {
        request(&self.app.id, &[("prompt", "login")])
    }

    fn thief(&self) -> Browser {
        Browser::new(&self.house).called(THIEF)
    }

    async fn account(&self) -> Account {
        let user = self.house.user;
        let found = self
            .house
            .house
            .services
            .store
            .read(move |tx| tx.account(user));
        found.await.unwrap().unwrap()
    }

    /// The password typed at a browser: what that leads to.
    async fn types(&self, browser: &Browser, password: &str) -> Page {
        let to_login = browser.get(&self.start()).await;
        let login = browser.get(to_login.location()).await;
        send(&self.house, browser, &login, password).await
    }

    /// Everything typed at a browser, with the trust that skips the code from then on.
    async fn trusted(&self) -> Browser {
        let browser = Browser::new(&self.house);
        let page = browser.password(&self.house, &self.start()).await;
        let code = self.house.code_beside(&page.tally().unwrap()).await;
        let (csrf, trust) = (page.hidden("csrf"), ("trust_browser", "1"));
        let form = [("csrf", &*csrf), ("code", &*code), trust];
        let done = browser.post("/login/code", &form).await;
        assert!(done.answer("code").is_some(), "{}", done.words());
        // A later letter of this kind would join one that has not left yet.
        self.both_are_told("new device").await;
        browser
    }

    /// Letters to both addresses with these words in their subject.
    fn told(&self, subject: &str) -> (usize, usize) {
        let count = |address: &str| {
            let letters = self.house.letters_to(address).into_iter();
            letters
                .filter(|letter| subject_of(letter).contains(subject))
                .count()
        };
        (
            count(&self.house.login_address),
            count(&self.house.code_address),
        )
    }

    async fn both_are_told(&self, subject: &str) {
        for address in [&self.house.login_address, &self.house.code_address] {
            self.house.told(address, subject).await;
        }
    }

    async fn events(&self, kind: EventKind) -> usize {
        let store = &self.house.house.services.store;
        store
            .read(move |tx| tx.events_of_kind(kind, 9))
            .await
            .unwrap()
            .len()
    }

    /// How many letters wait for a sign-in not to be finished.
    async fn held(&self) -> usize {
        let store = &self.house.house.services.store;
        let letters = store
            .read(|tx: &mut Tx<'_>| tx.list_letters(100))
            .await
            .unwrap();
        letters
            .iter()
            .filter(|letter| letter.kind == LetterKind::PasswordKnown)
            .count()
    }

    async fn all_held_left(&self) {
        wait::until("the held letters", async || {
            (self.held().await == 0).then_some(())
        })
        .await;
    }

    /// The link that says "this was not me" in the newest letter with these words in its subject.
    async fn link(&self, address: &str, subject: &str) -> String {
        self.house.told(address, subject).await;
        let mut letters = self.house.letters_to(address).into_iter();
        let letter = letters.rfind(|letter| subject_of(letter).contains(subject));
        let letter = letter.unwrap();
        let rest = letter
            .split("/not-me/")
            .nth(1)
            .unwrap_or_else(|| panic!("{letter}"));
        let token = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c));
        format!("/not-me/{}", token.collect::<String>())
    }

    /// Says so, in a browser without anything.
    async fn deny(&self, link: &str, lock: bool) -> Page {
        let anywhere = Browser::new(&self.house);
        let csrf = csrf(&anywhere.get(link).await);
        let mut form = vec![("csrf", &*csrf)];
        if lock {
            form.push(("lock", "yes"));
        }
        anywhere.post(link, &form).await
    }
}

fn subject_of(letter: &str) -> &str {
    let line = letter.lines().find(|line| line.starts_with("Subject: "));
    line.unwrap_or_default()
}

async fn send(house: &TestHouse, browser: &Browser, login: &Page, password: &str) -> Page {
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", password),
    ];
    browser.post("/login", &form).await
}

/// The token of the form in the page, which is not the one that signs out.
fn csrf(page: &Page) -> String {
    let main = page.text.split("<main").nth(1).unwrap();
    let token = main.split("name=\"csrf\" value=\"").nth(1);
    let token = token.unwrap_or_else(|| panic!("no form: {}", page.words()));
    token.split('"').next().unwrap().to_owned()
}

async fn press(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = csrf(&browser.get(path).await);
    let form = [&[("csrf", &*token)], fields].concat();
    browser.post(path, &form).await
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/account").await.status == StatusCode::OK
}

/// Whether the browser was led to the code.
fn asks_code(page: &Page) -> bool {
    page.location().starts_with("/login/code")
}

async fn moves_address(scene: &Scene, browser: &Browser, path: &str, name: &str) {
    let address = scene
        .house
        .code_address
        .replace("haruka", &format!("{name}-haruka"));
    let asked = press(browser, path, &[("email", &address)]).await;
    let confirm = format!("{path}/confirm");
    assert_eq!(asked.location(), confirm, "{}", asked.words());
    let code = scene.house.code_after(0, &address).await;
    let done = press(browser, &confirm, &[("code", &code)]).await;
    assert!(done.location().contains("changed="), "{}", done.words());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_recovery_codes_of_a_stranger_open_nothing_after_a_denial() {
    for lock in [true, false] {
        let scene = Scene::open().await;
        let thief = scene.thief();
        thief.sign_in(&scene.house, &scene.start()).await;
        let path = "/account/security/recovery-codes";
        let made = press(&thief, path, &[]).await;
        let code = made.text.split("<li><code>").nth(1).unwrap();
        let code = code.split('<').next().unwrap();
        let link = scene.link(&scene.house.login_address, "new device").await;
        let done = scene.deny(&link, lock).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.words());
        assert!(!is_in(&thief).await);
        // The password leads to the second step, and there the codes are nothing.
        let asked = scene.types(&thief, PASSWORD).await;
        assert!(asks_code(&asked), "{}", asked.location());
        let page = thief.get(asked.location()).await;
        let there = page.text.split("href=\"/login/recovery").nth(1).unwrap();
        let there = format!("/login/recovery{}", there.split('"').next().unwrap());
        let page = thief.get(&there).await;
        let form = [("csrf", &*page.hidden("csrf")), ("recovery_code", code)];
        let wrong = thief.post("/login/recovery", &form).await;
        assert!(wrong.words().contains("does not work"), "{}", wrong.words());
        assert!(!is_in(&thief).await);
        scene.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_codes_that_were_there_before_the_stranger_stay_without_the_lock() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    press(&owner, "/account/security/recovery-codes", &[]).await;
    scene.house.advance(10 * MINUTE).await;
    let thief = scene.thief();
    thief.sign_in(&scene.house, &scene.start()).await;
    wait::until("two letters", async || {
        (scene.told("new device").0 == 2).then_some(())
    })
    .await;
    let link = scene.link(&scene.house.login_address, "new device").await;
    scene.deny(&link, false).await;
    let user = scene.house.user;
    let store = &scene.house.house.services.store;
    let figures = store
        .read(move |tx| tx.recovery_figures(user))
        .await
        .unwrap();
    assert_eq!(figures.left, 10);
    assert!(is_in(&owner).await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_addresses_that_a_stranger_changed_come_back_with_a_denial() {
    let scene = Scene::open().await;
    let before = scene.account().await;
    let thief = scene.thief();
    thief.sign_in(&scene.house, &scene.start()).await;
    moves_address(&scene, &thief, "/account/security/code-address", "c").await;
    moves_address(&scene, &thief, "/account/security/address", "l").await;
    let taken = scene.account().await;
    assert_ne!(taken.login_address, before.login_address);
    assert_ne!(taken.code_address, before.code_address);
    // Even without the lock: whoever took the addresses leaves nothing behind.
    let link = scene.link(&scene.house.login_address, "new device").await;
    let done = scene.deny(&link, false).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    let after = scene.account().await;
    assert_eq!(after.login_address, before.login_address);
    assert_eq!(after.code_address, before.code_address);
    scene
        .both_are_told("the change of an address was undone")
        .await;
    assert!(!is_in(&thief).await);
    // The former links have nothing left to undo, and the denial works once.
    assert_eq!(scene.deny_again(&link).await, StatusCode::GONE);
    // The password leads to a code for the owner, and on to another password.
    let owner = Browser::new(&scene.house);
    let led = owner.sign_in(&scene.house, &scene.start()).await;
    let to = led.location();
    assert!(to.starts_with("/login/new-password"), "{to}");
    scene.house.close().await;
}

impl Scene {
    async fn deny_again(&self, link: &str) -> StatusCode {
        Browser::new(&self.house).get(link).await.status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_networks_and_a_second_step_that_a_stranger_set_are_taken_back() {
    let scene = Scene::open().await;
    let thief = scene.thief();
    thief.sign_in(&scene.house, &scene.start()).await;
    press(&thief, "/account/security/recovery-codes", &[]).await;
    let networks = [("networks", "127.0.0.0/8")];
    let saved = press(&thief, "/account/security/networks", &networks).await;
    assert!(saved.location().contains("saved"), "{}", saved.words());
    scene
        .both_are_told("the networks you sign in from were chosen")
        .await;
    let about = "the networks you sign in from were chosen";
    let link = scene.link(&scene.house.code_address, about).await;
    let done = scene.deny(&link, true).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert!(scene.account().await.networks.is_none());
    assert!(!is_in(&thief).await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_a_stranger_s_password_is_denied_by_the_link_of_its_letter() {
    let scene = Scene::open().await;
    let (owner, thief) = (Browser::new(&scene.house), scene.thief());
    owner.sign_in(&scene.house, &scene.start()).await;
    thief.sign_in(&scene.house, &scene.start()).await;
    let fields = [("present", PASSWORD), ("password", NEW)];
    press(&thief, "/account/password", &fields).await;
    assert!(!is_in(&owner).await);
    let link = scene
        .link(&scene.house.login_address, "your password was changed")
        .await;
    let looked = Browser::new(&scene.house).get(&link).await;
    assert_eq!(looked.status, StatusCode::OK);
    assert!(is_in(&thief).await, "looking changes nothing");
    scene.house.advance(Duration::from_hours(71)).await;
    // Whatever is ticked: the present password is a stranger's.
    let done = scene.deny(&link, false).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert!(!is_in(&thief).await);
    assert_eq!(scene.deny_again(&link).await, StatusCode::GONE);
    let before = scene.house.last_code();
    let asked = scene.types(&thief, NEW).await;
    assert!(asks_code(&asked), "{}", asked.location());
    let page = thief.get(asked.location()).await;
    let code = scene.house.code_but(&before).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let led = thief.post("/login/code", &form).await;
    let to = led.location();
    assert!(to.starts_with("/login/new-password"), "{to}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_the_link_of_a_change_lives_for_72_hours() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    press(&owner, "/account/security/recovery-codes", &[]).await;
    let link = scene
        .link(&scene.house.code_address, "new recovery codes")
        .await;
    scene.house.advance(Duration::from_hours(72)).await;
    assert_eq!(scene.deny_again(&link).await, StatusCode::GONE);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_walking_away_after_the_right_password_is_told_when_the_sign_in_closes() {
    let scene = Scene::open().await;
    let thief = scene.thief();
    assert!(asks_code(&scene.types(&thief, PASSWORD).await));
    assert_eq!(scene.held().await, 2);
    scene.house.advance(14 * MINUTE).await;
    assert_eq!(scene.told(KNOWN), (0, 0));
    scene.house.advance(2 * MINUTE).await;
    scene.both_are_told(KNOWN).await;
    scene.all_held_left().await;
    // Another within the hour says nothing new; one after it does.
    for (wait, told) in [(4, 1), (60, 2)] {
        scene.house.advance(wait * MINUTE).await;
        assert!(asks_code(&scene.types(&scene.thief(), PASSWORD).await));
        scene.house.advance(16 * MINUTE).await;
        scene.all_held_left().await;
        wait::until("the letters", async || {
            (scene.told(KNOWN) == (told, told)).then_some(())
        })
        .await;
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_07_a_sign_in_that_is_finished_is_not_told() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    assert_eq!(scene.held().await, 0);
    // Begun, left, begun again in the same browser and finished.
    assert!(asks_code(&scene.types(&owner, PASSWORD).await));
    scene.house.advance(2 * MINUTE).await;
    assert!(asks_code(&scene.types(&owner, PASSWORD).await));
    assert_eq!(scene.held().await, 2, "those of the first time");
    scene.house.advance(2 * MINUTE).await;
    let done = owner.sign_in(&scene.house, &scene.start()).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    assert_eq!(scene.held().await, 0);
    // What somebody else began meanwhile is told, whatever the owner finishes.
    let thief = scene.thief();
    assert!(asks_code(&scene.types(&thief, PASSWORD).await));
    let asked = scene.types(&owner, PASSWORD).await;
    let page = owner.get(asked.location()).await;
    let code = scene.house.code_beside(&page.tally().unwrap()).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let done = owner.post("/login/code", &form).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    assert_eq!(scene.held().await, 2);
    scene.house.advance(16 * MINUTE).await;
    scene.both_are_told(KNOWN).await;
    scene.all_held_left().await;
    assert_eq!(scene.told(KNOWN), (1, 1));
    scene.house.close().await;
}
