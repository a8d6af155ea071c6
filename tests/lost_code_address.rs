//! Another code address where no code can be typed: the wait for a lost one, and the first one of an account that has
//! none (REC-04, REC-06, OTP-23, ux 6.4 and 6.6).

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{AddressKind, EventKind};
use sekisho_server::config::Config;
use sekisho_store::{HistoryFilter, Tx};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::wait;

const HOUR: Duration = Duration::from_hours(1);
const LOST: &str = "says your code address is lost";
const WAITS: &str = "Another code address can be set from";

struct Scene {
    house: TestHouse,
    start: String,
}

impl Scene {
    async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let house = TestHouse::open_with(change).await;
        let wants = json!({"skip_consent": true, "require_second_step": true});
        let (client, _) = house.client(wants).await;
        let start = request(client.client_id.as_str(), &[]);
        Self { house, start }
    }

    /// Somebody who knows the password, where the code is asked for.
    async fn at_code(&self) -> (Browser, Page) {
        let browser = Browser::new(&self.house);
        let page = browser.password(&self.house, &self.start).await;
        (browser, page)
    }

    /// The same on the page about the lost address.
    async fn at_lost(&self) -> (Browser, Page, String) {
        let (browser, page) = self.at_code().await;
        let path = path_in(&page).unwrap_or_else(|| panic!("no way: {}", page.words()));
        let page = browser.get(&path).await;
        (browser, page, path)
    }

    /// Sends the form of the page and types the code that comes to `address`; ends where that leads.
    async fn prove(&self, browser: &Browser, page: &Page, (path, address): (&str, &str)) -> Page {
        let before = self.house.codes_to(address).len();
        let mut form = vec![("csrf", page.hidden("csrf"))];
        if page.text.contains("id=\"email\"") {
            form.push(("email", address.to_owned()));
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let asked = browser.post(path, &form).await;
        let page = browser.get(asked.location()).await;
        let code = self.house.code_after(before, address).await;
        let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
        let done = browser.post(asked.location(), &form).await;
        match &done.location {
            Some(next) => browser.get(next).await,
            None => done,
        }
    }

    /// Reports the loss; ends on the page that says how long it takes.
    async fn report(&self) -> Browser {
        let (browser, page, path) = self.at_lost().await;
        let here = (&*path, &*self.house.login_address);
        let page = self.prove(&browser, &page, here).await;
        assert!(page.words().contains(WAITS), "{}", page.words());
        browser
    }

    fn told(&self, address: &str, words: &str) -> usize {
        let letters = self.house.letters_to(address).into_iter();
        let subject = |letter: &String| {
            let line = letter.lines().find(|line| line.starts_with("Subject: "));
            line.is_some_and(|line| line.contains(words))
        };
        letters.filter(subject).count()
    }

    /// Waits until so many letters with these words came to each address.
    async fn all_told(&self, count: usize, words: &str) {
        for address in [&self.house.login_address, &self.house.code_address] {
            wait::until(words, async || {
                (self.told(address, words) == count).then_some(())
            })
            .await;
        }
    }

    async fn steps(&self) -> Vec<Value> {
        let user = self.house.user;
        let filter = HistoryFilter {
            kinds: vec![EventKind::AddressChanged],
            ..HistoryFilter::default()
        };
        let read = move |tx: &mut Tx<'_>| tx.history_of(user, &filter, None, 20);
        let events = self.house.house.services.store.read(read).await.unwrap();
        let mut steps: Vec<Value> = events.iter().map(|event| event.detail.clone()).collect();
        steps.reverse();
        steps
    }

    fn other(&self, name: &str) -> String {
        let old = &self.house.code_address;
        old.replace("haruka", &format!("{name}-haruka"))
    }
}

/// The way that a page of the code names.
fn path_in(page: &Page) -> Option<String> {
    let rest = page.text.split("href=\"/login/code-address/").nth(1)?;
    let flow = rest.split('"').next()?;
    Some(format!("/login/code-address/{flow}"))
}

fn keep_link(letter: &str) -> String {
    let rest = letter.split("/code-address/keep/").nth(1).unwrap();
    let token: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    format!("/code-address/keep/{token}")
}

fn begins_wait(page: &Page) -> bool {
    page.words().contains("after a wait of 72 hours")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_a_lost_code_address_is_replaced_after_three_days_in_which_everybody_is_told() {
    let scene = Scene::open_with(|config| {
        config.tokens.session_hours = 240;
        config.tokens.session_idle_minutes = 240 * 60;
    })
    .await;
    let house = &scene.house;
    let session = Browser::new(house);
    session.sign_in(house, &scene.start).await;
    let (browser, page, path) = scene.at_lost().await;
    assert!(begins_wait(&page), "{}", page.words());
    assert_eq!(
        scene.told(&house.login_address, LOST),
        0,
        "looking tells nobody"
    );
    let here = (&*path, &*house.login_address);
    let said = scene.prove(&browser, &page, here).await;
    assert!(said.words().contains(WAITS), "{}", said.words());
    scene.all_told(1, LOST).await;
    // Again each day, and when the time has come.
    for (hours, count) in [(24, 2), (24, 3)] {
        house.advance(hours * HOUR).await;
        scene.all_told(count, LOST).await;
    }
    house.advance(23 * HOUR).await;
    let (early, page, path) = scene.at_lost().await;
    assert!(page.words().contains(WAITS), "{}", page.words());
    assert!(!page.text.contains("name=\"email\""));
    let form = [("csrf", "x"), ("email", "thief@elsewhere.example")];
    let answer = early.post(&path, &form).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    house.advance(2 * HOUR).await;
    scene.all_told(4, LOST).await;

    // With password and mailbox, the new address is proved like any.
    let new = scene.other("new");
    let (browser, page, path) = scene.at_lost().await;
    assert!(
        page.words().contains("The wait is over"),
        "{}",
        page.words()
    );
    let page = scene
        .prove(&browser, &page, (&*path, &*house.login_address))
        .await;
    assert!(
        page.words().contains("Your new code address"),
        "{}",
        page.words()
    );
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &*house.login_address),
    ];
    let refused = browser.post(&path, &form).await;
    assert!(
        refused.words().contains("Use a different address"),
        "{}",
        refused.words()
    );
    assert_eq!(session.get("/account").await.status, StatusCode::OK);
    let done = scene.prove(&browser, &page, (&*path, &*new)).await;
    assert!(
        done.words().contains("Your code address is set"),
        "{}",
        done.words()
    );

    // Everything ended, everybody is told and can undo it, and codes go to the new address.
    let away = session.get("/account").await;
    assert!(away.location().starts_with("/login"), "sessions end");
    for address in [&house.login_address, &house.code_address] {
        let told = house.told(address, "your address was changed").await;
        assert!(told.contains("/address/undo/"), "{told}");
    }
    let (before, old) = (
        house.codes_to(&new).len(),
        house.codes_to(&house.code_address).len(),
    );
    let (browser, page) = scene.at_code().await;
    let code = house.code_after(before, &new).await;
    assert_eq!(house.codes_to(&house.code_address).len(), old);
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let signed_in = browser.post("/login/code", &form).await;
    assert!(signed_in.answer("code").is_some(), "{}", signed_in.words());
    let steps = scene.steps().await;
    let named = |at: usize| steps[at]["step"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (named(0), named(1)),
        ("lost".into(), "changed".into()),
        "{steps:?}"
    );
    assert_eq!(steps[1]["how"], "lost");
    let history = browser.get("/account/history").await;
    assert!(
        history.words().contains("Code address reported as lost"),
        "{}",
        history.words()
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_06_a_click_in_either_mailbox_stops_it_and_opening_the_link_does_not() {
    let scene = Scene::open().await;
    let house = &scene.house;
    for (round, address) in [&house.login_address, &house.code_address]
        .into_iter()
        .enumerate()
    {
        scene.report().await;
        scene.all_told(round + 1, LOST).await;
        let letters = house.letters_to(address).into_iter();
        let told = letters.rev().find(|letter| letter.contains("/keep/"));
        let keep = keep_link(&told.unwrap());
        let reader = Browser::new(house);
        for _ in 0..3 {
            let page = reader.get(&keep).await;
            assert!(page.words().contains("Stop it"), "{}", page.words());
        }
        let (_, page, _) = scene.at_lost().await;
        assert!(page.words().contains(WAITS), "looking stopped it");
        let page = reader.get(&keep).await;
        let form = [
            ("csrf", &*page.hidden("csrf")),
            ("token", &*page.hidden("token")),
        ];
        // WEB-01: neither a page elsewhere nor another browser presses the button.
        let other = Browser::new(house).post("/code-address/keep", &form).await;
        assert_eq!(other.status, StatusCode::FORBIDDEN);
        let stopped = reader.post("/code-address/keep", &form).await;
        assert!(
            stopped.words().contains("It is stopped"),
            "{}",
            stopped.words()
        );
        let again = reader.post("/code-address/keep", &form).await;
        assert_eq!(again.status, StatusCode::GONE);
        scene.all_told(round + 1, "your code address stays").await;
        house.advance(25 * HOUR).await;
    }
    // No letter leaves for what was stopped, and its time never comes.
    house.advance(73 * HOUR).await;
    let (_, page, _) = scene.at_lost().await;
    assert!(begins_wait(&page), "{}", page.words());
    for address in [&house.login_address, &house.code_address] {
        assert_eq!(scene.told(address, LOST), 2, "{address}");
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_a_sign_in_with_a_code_from_the_old_address_stops_it() {
    let scene = Scene::open().await;
    let house = &scene.house;
    scene.report().await;
    let browser = Browser::new(house);
    let done = browser.sign_in(house, &scene.start).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    scene.all_told(1, "your code address stays").await;
    let steps = scene.steps().await;
    assert!(steps.iter().any(|step| step["step"] == "kept"), "{steps:?}");
    house.advance(73 * HOUR).await;
    let (_, page, _) = scene.at_lost().await;
    assert!(begins_wait(&page), "{}", page.words());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_neither_the_password_alone_nor_one_mailbox_leads_there() {
    // Off: the code page does not name the way, and the way is closed.
    let scene = Scene::open_with(|config| config.otp.lost_address_wait = false).await;
    let (browser, page) = scene.at_code().await;
    assert_eq!(path_in(&page), None);
    let token = page.hidden("csrf");
    let flow = token.split('.').next().unwrap().to_owned();
    let closed = browser.get(&format!("/login/code-address/{flow}")).await;
    let words = closed.words();
    assert!(
        closed.status != StatusCode::OK || words.contains("This cannot be done here"),
        "{words}"
    );
    scene.house.close().await;

    // One mailbox for both, and a mailbox behind this sign-in.
    let scene = Scene::open_with(|config| {
        config.otp.self_hosted_mail_domains = vec!["example.jp".to_owned()];
    })
    .await;
    let (browser, page, path) = scene.at_lost().await;
    assert!(
        page.words().contains("This cannot be done here"),
        "{}",
        page.words()
    );
    let before = scene.house.codes_to(&scene.house.login_address).len();
    let form = [("csrf", "x")];
    browser.post(&path, &form).await;
    assert_eq!(
        scene.house.codes_to(&scene.house.login_address).len(),
        before
    );
    // Nobody else's browser sees it, nor anybody before the password (OTP-22).
    let stranger = Browser::new(&scene.house);
    let foreign = stranger.get(&path).await;
    assert_ne!(foreign.status, StatusCode::OK);
    assert!(!foreign.text.contains(&*scene.house.login_address));
    let login = browser.get(&scene.start).await;
    let flow = login.location().split("flow=").nth(1).unwrap().to_owned();
    let early = browser.get(&format!("/login/code-address/{flow}")).await;
    assert!(
        early.location().starts_with("/login?flow="),
        "{}",
        early.words()
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_a_report_ends_with_the_password_it_was_made_under() {
    let scene = Scene::open().await;
    let house = &scene.house;
    scene.report().await;
    // As if the owner had chosen another password meanwhile.
    let (user, now) = (house.user, house.now());
    let work = move |tx: &mut Tx<'_>| {
        let mut record = tx.account(user)?.unwrap().password.unwrap();
        record.changed_at = now + Duration::from_secs(1);
        tx.set_password(user, &record)
    };
    house.house.services.store.write(work).await.unwrap();
    house.advance(73 * HOUR).await;
    let (_, page, _) = scene.at_lost().await;
    assert!(begins_wait(&page), "{}", page.words());
    scene.house.close().await;
}

/// Types address and password; ends on the page that this leads to.
async fn led_by(scene: &Scene, password: &str) -> (Browser, Page, String) {
    let browser = Browser::new(&scene.house);
    let login = browser
        .get(browser.get(&scene.start).await.location())
        .await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*scene.house.login_address),
        ("password", password),
    ];
    let led = browser.post("/login", &form).await;
    let led = browser.get(led.location()).await;
    let path = led.location().to_owned();
    let page = browser.get(&path).await;
    (browser, page, path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_after_a_reset_by_the_mailbox_alone_it_cannot_be_the_second_step_at_once() {
    const NEW: &str = "umbrella-octopus-lantern-41";
    let scene = Scene::open().await;
    let house = &scene.house;
    let user = house.user;
    let take = move |tx: &mut Tx<'_>| tx.take_address(user, AddressKind::Code);
    house.house.services.store.write(take).await.unwrap();
    let reader = Browser::new(house);
    let page = reader.get("/password/forgot").await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &*house.login_address),
    ];
    reader.post("/password/forgot", &form).await;
    let link = house.link_after(0, &house.login_address).await;
    let page = reader.get(&link).await;
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let form = [("csrf", &*csrf), ("token", &*token), ("password", NEW)];
    let done = reader.post("/password/reset", &form).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());

    let (_, page, path) = led_by(&scene, NEW).await;
    let held = "Addresses can be changed from";
    assert!(page.words().contains(held), "{path} {}", page.words());
    let sends = format!("action=\"{path}\"");
    assert!(!page.text.contains(&sends), "nothing can be sent there");
    house.advance(71 * HOUR).await;
    let (_, page, _) = led_by(&scene, NEW).await;
    assert!(page.words().contains(held), "{}", page.words());
    house.advance(HOUR).await;
    let (_, page, _) = led_by(&scene, NEW).await;
    let open = page.words().contains("First show that you read the mail");
    assert!(open, "{}", page.words());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_23_an_account_without_a_code_address_sets_one_after_password_and_mailbox() {
    let scene = Scene::open().await;
    let house = &scene.house;
    let user = house.user;
    let take = move |tx: &mut Tx<'_>| tx.take_address(user, AddressKind::Code);
    house.house.services.store.write(take).await.unwrap();
    let (browser, page, path) = led_by(&scene, PASSWORD).await;
    assert!(path.starts_with("/login/code-address/"), "{path}");
    assert!(
        page.words().contains("Set your code address"),
        "{}",
        page.words()
    );
    // The password alone sets nothing.
    let thief = [
        ("csrf", &*page.hidden("csrf")),
        ("email", "thief@elsewhere.example"),
    ];
    let sent = browser.post(&path, &thief).await;
    assert!(sent.location().ends_with("/mailbox"), "{}", sent.location());
    assert!(house.codes_to("thief@elsewhere.example").is_empty());
    let here = (&*path, &*house.login_address);
    house.code_after(0, &house.login_address).await;
    let again = browser.get(&path).await;
    house.advance(Duration::from_secs(61)).await;
    let page = scene.prove(&browser, &again, here).await;
    assert!(
        page.words().contains("Your new code address"),
        "{}",
        page.words()
    );
    let new = scene.other("first");
    let done = scene.prove(&browser, &page, (&*path, &*new)).await;
    assert!(
        done.words().contains("Your code address is set"),
        "{}",
        done.words()
    );
    house
        .told(&house.login_address, "your address was changed")
        .await;
    assert_eq!(scene.steps().await[0]["how"], "first");

    // The sign-in goes on from its beginning, with a code to the new address, to the app.
    let link = done.text.split("href=\"/login?flow=").nth(1).unwrap();
    let again = format!("/login?flow={}", link.split('"').next().unwrap());
    let login = browser.get(&again).await;
    let before = house.codes_to(&new).len();
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let to_code = browser.post("/login", &form).await;
    let page = browser.get(to_code.location()).await;
    let code = house.code_after(before, &new).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let signed_in = browser.post("/login/code", &form).await;
    assert!(signed_in.answer("code").is_some(), "{}", signed_in.words());
    scene.house.close().await;
}
