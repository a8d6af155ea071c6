//! The mailed way in for an owner at a new device while strangers are held up (THR-04).

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{EventKind, Feature, Level, LevelScope, OperatorText};
use sekisho_provider::incidents::{Decided, LevelOrder};
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::switches::switch;

const BY_MAIL: &str = "/login/by-mail";

struct Scene {
    house: TestHouse,
    app: String,
}

impl Scene {
    async fn open() -> Self {
        let house = TestHouse::open_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let (client, _) = house.client(json!({"skip_consent": true})).await;
        let app = client.client_id.to_string();
        Self { house, app }
    }

    /// So many wrong passwords were typed that browsers the account does not know have to wait.
    async fn under_attack() -> Self {
        let scene = Self::open().await;
        let mut held_up = false;
        for n in 0..150 {
            let stranger = Browser::from_address(&scene.house, &format!("192.{n}.2.1"));
            let page = scene.password(&stranger, None, "wrong-password-1").await;
            held_up = page.words().contains("Wait until");
            if held_up {
                break;
            }
        }
        assert!(held_up, "strangers are held up");
        scene
    }

    async fn level(&self, level: Level) {
        let provider = &self.house.house.services.provider;
        let order = LevelOrder {
            operator: "haruka".to_owned(),
            scope: LevelScope::Server,
            level,
            reason: "test".to_owned(),
            from: None,
            until: None,
            text: OperatorText::default(),
            may_lower: false,
            proved: None,
        };
        let event = provider.event_of_server(EventKind::LevelChanged);
        let decided = provider.order_level(order, event).await.unwrap();
        assert!(matches!(decided, Decided::InForce(_)), "{decided:?}");
    }

    /// Types a password, at the sign-in of the app or at the page that `at` leads to.
    async fn password(&self, browser: &Browser, at: Option<&str>, password: &str) -> Page {
        let login = if let Some(at) = at {
            browser.get(at).await
        } else {
            let to_login = browser.get(&request(&self.app, &[])).await;
            browser.get(to_login.location()).await
        };
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*self.house.login_address),
            ("password", password),
        ];
        browser.post("/login", &form).await
    }

    /// Presses the button on the page of a link.
    async fn press(&self, browser: &Browser, link: &str) -> Page {
        let page = browser.get(link).await;
        let token = link.rsplit('/').next().unwrap();
        let form = [("csrf", &*page.hidden("csrf"))];
        browser
            .post(&format!("/login/by-mail/{token}"), &form)
            .await
    }

    /// Asks for a link, for an address; the page that says so.
    async fn ask_at(&self, browser: &Browser, path: &str, address: &str) -> Page {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.words());
        let form = [("csrf", &*page.hidden("csrf")), ("email", address)];
        browser.post(path, &form).await
    }

    async fn ask(&self, browser: &Browser) {
        let _asked = self
            .ask_at(browser, BY_MAIL, &self.house.login_address)
            .await;
    }

    /// Has a link mailed.
    async fn link(&self, browser: &Browser) -> String {
        self.link_of(browser, BY_MAIL).await
    }

    async fn link_of(&self, browser: &Browser, path: &str) -> String {
        let address = &self.house.login_address;
        let before = self.house.links_to(address).len();
        let _asked = self.ask_at(browser, path, address).await;
        self.house.link_after(before, address).await
    }

    /// Comes in by the link of a mail.
    async fn comes_in(&self, owner: &Browser) {
        let link = self.link(owner).await;
        let begun = self.press(owner, &link).await;
        let begun = begun.location().to_owned();
        let before = self.house.last_code();
        let to_code = self.password(owner, Some(&begun), PASSWORD).await;
        let words = to_code.words();
        assert!(to_code.location().starts_with("/login/code"), "{words}");
        let page = owner.get(to_code.location()).await;
        let code = self.house.code_but(&before).await;
        let form = [("csrf", &*page.hidden("csrf")), ("code", &code)];
        let done = owner.post("/login/code", &form).await;
        assert_eq!(done.location(), "/account");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_04_the_owner_gets_in_at_a_new_device_by_mail_while_strangers_wait() {
    let scene = Scene::under_attack().await;
    let owner = Browser::from_address(&scene.house, "203.0.113.9");
    let waits = scene.password(&owner, None, PASSWORD).await;
    assert!(waits.words().contains("Wait until"), "{}", waits.words());
    assert!(waits.text.contains("href=\"/login/by-mail\""), "and told");
    scene.comes_in(&owner).await;
    // Strangers wait as before.
    let stranger = Browser::from_address(&scene.house, "198.51.100.7");
    let waits = scene.password(&stranger, None, PASSWORD).await;
    assert!(waits.words().contains("Wait until"), "{}", waits.words());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_thr_04_the_link_works_once_in_one_browser_and_proves_nothing() {
    let scene = Scene::under_attack().await;
    let owner = Browser::from_address(&scene.house, "203.0.113.9");
    // The link of a forgotten password does it, too.
    let link = scene.link_of(&owner, "/password/forgot").await;
    for _ in 0..3 {
        let looked = owner.get(&link).await;
        assert_eq!(looked.status, StatusCode::OK, "scanners open it");
    }
    let begun = scene.press(&owner, &link).await;
    let next = begun.location().to_owned();
    assert_eq!(owner.get(&link).await.status, StatusCode::GONE);
    // The sign-in belongs to the browser that pressed the button.
    let thief = Browser::from_address(&scene.house, "198.51.100.7");
    let page = thief.get(&next).await;
    assert_ne!(page.status, StatusCode::OK, "{}", page.words());
    // The account knows the browser no more than before, and the password is asked for.
    let user = scene.house.user;
    let store = &scene.house.house.services.store;
    let browsers = store.read(move |tx| tx.browsers_of(user)).await.unwrap();
    assert!(browsers.is_empty());
    let at = Some(&*next);
    let wrong = scene.password(&owner, at, "wrong-password-2").await;
    assert_eq!(wrong.status, StatusCode::OK);
    assert!(!wrong.words().contains("Wait until"), "{}", wrong.words());
    let mut held_up = false;
    for _ in 0..100 {
        let page = scene.password(&owner, at, "wrong-password-3").await;
        held_up = page.words().contains("Wait until");
        if held_up {
            break;
        }
    }
    assert!(held_up, "its own tries are limited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_04_inc_02_the_mailed_way_is_open_wherever_signing_in_is() {
    let scene = Scene::under_attack().await;
    let owner = |n: u8| Browser::from_address(&scene.house, &format!("203.0.113.{n}"));
    switch(&scene.house, Feature::PasswordReset, false).await;
    let forgot = owner(8).get("/password/forgot").await.status;
    assert_eq!(forgot, StatusCode::SERVICE_UNAVAILABLE);
    scene.comes_in(&owner(9)).await;
    scene.house.advance(Duration::from_secs(60)).await;
    scene.level(Level::Frozen).await;
    scene.comes_in(&owner(10)).await;
    // Whoever has no account reads the same.
    let known = scene
        .ask_at(&owner(11), BY_MAIL, &scene.house.login_address)
        .await;
    let unknown = "nobody@example.jp";
    let told = scene.ask_at(&owner(11), BY_MAIL, unknown).await;
    assert_eq!(
        known.words().replace(&scene.house.login_address, unknown),
        told.words()
    );
    // Where signing in ends, so does this.
    scene.level(Level::Closed).await;
    let closed = owner(12).get(BY_MAIL).await.status;
    assert_eq!(closed, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_04_inc_06_the_mailed_way_has_a_switch_of_its_own() {
    let scene = Scene::open().await;
    let owner = Browser::from_address(&scene.house, "203.0.113.9");
    let link = scene.link(&owner).await;
    let page = owner.get(&link).await;
    switch(&scene.house, Feature::LetIn, false).await;
    let form = [("csrf", &*page.hidden("csrf"))];
    for status in [
        owner.get(BY_MAIL).await.status,
        owner.get(&link).await.status,
        owner.post(&link, &form).await.status,
    ] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    let reset = owner.get("/password/forgot").await.status;
    assert_eq!(reset, StatusCode::OK);
    switch(&scene.house, Feature::LetIn, true).await;
    let begun = owner.post(&link, &form).await;
    assert!(begun.location().starts_with("/login?flow="));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_04_who_asks_for_links_from_many_networks_keeps_none_from_the_owner() {
    let scene = Scene::under_attack().await;
    for n in 0..12 {
        let stranger = Browser::from_address(&scene.house, &format!("192.{n}.3.1"));
        scene.ask(&stranger).await;
    }
    let address = &scene.house.login_address;
    let _fourth = scene.house.link_after(3, address).await;
    scene.house.advance(Duration::from_secs(50 * 60)).await;
    let owner = Browser::from_address(&scene.house, "203.0.113.9");
    scene.ask(&owner).await;
    // No more are mailed within the hour, and the newest one works.
    let mut working = Vec::new();
    for link in scene.house.links_to(address) {
        if owner.get(&link).await.status == StatusCode::OK {
            working.push(link);
        }
    }
    assert_eq!(working.len(), 1, "REC-01: a newer one ends the older");
    let begun = scene.press(&owner, &working[0]).await;
    let at = Some(begun.location());
    let to_code = scene.password(&owner, at, PASSWORD).await;
    assert!(
        to_code.location().starts_with("/login/code"),
        "{}",
        to_code.words()
    );
    assert_eq!(scene.house.links_to(address).len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_02_after_many_wrong_passwords_in_a_row_new_devices_go_by_mail_until_the_owner_did() {
    let scene = Scene::open().await;
    for n in 0..70 {
        if n % 25 == 24 {
            scene.house.advance(Duration::from_secs(16 * 60)).await;
        }
        let stranger = Browser::from_address(&scene.house, &format!("192.{n}.2.1"));
        let page = scene.password(&stranger, None, "wrong-password-1").await;
        assert!(page.words().contains("is not right"), "{}", page.words());
    }
    // It outlives the time of every counter, and a restart.
    scene.house.advance(Duration::from_secs(2 * 86_400)).await;
    let owner = Browser::from_address(&scene.house, "203.0.113.9");
    let told = scene.password(&owner, None, PASSWORD).await;
    assert!(told.words().contains("Go on by mail"), "{}", told.words());
    let link = scene.link(&owner).await;
    let begun = scene.press(&owner, &link).await;
    let at = Some(begun.location());
    let to_code = scene.password(&owner, at, PASSWORD).await;
    assert!(
        to_code.location().starts_with("/login/code"),
        "{}",
        to_code.words()
    );
    // From now on new devices are asked for the password again.
    let another = Browser::from_address(&scene.house, "203.0.114.9");
    let page = scene.password(&another, None, PASSWORD).await;
    assert!(
        page.location().starts_with("/login/code"),
        "{}",
        page.words()
    );
}
