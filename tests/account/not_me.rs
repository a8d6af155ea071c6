use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{Cohort, EventKind, Level, LevelScope, OperatorText};
use sekisho_provider::incidents::{Decided, LevelOrder};
use serde_json::{Value, json};

use super::{PHONE, csrf};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::support::wait;
use crate::tokens::{App, body};

/// A house where the owner is signed in, and somebody else as well, with an app that works on.
struct Scene {
    house: TestHouse,
    app: App,
    owner: Browser,
    thief: Browser,
    refresh: String,
    link: String,
}

impl Scene {
    async fn open() -> Self {
        let house = TestHouse::open().await;
        let app = App::of(&house, json!({"skip_consent": true})).await;
        let owner = Browser::new(&house);
        owner.sign_in(&house, &request(&app.id, &[])).await;
        wait::until("the mail about the owner", async || {
            (!links(&house, &house.login_address).is_empty()).then_some(())
        })
        .await;
        let before = links(&house, &house.login_address).len();
        // New devices that follow each other sooner are told together.
        house.advance(Duration::from_mins(10)).await;
        let thief = Browser::new(&house).called(PHONE);
        let scope = ("scope", "openid offline_access");
        let answer = thief.sign_in(&house, &request(&app.id, &[scope])).await;
        let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
        let link = wait::until("the mail about a new device", async || {
            let found = links(&house, &house.login_address);
            (found.len() > before).then(|| found.last().cloned())?
        })
        .await;
        let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
        Self {
            house,
            app,
            owner,
            thief,
            refresh,
            link,
        }
    }

    async fn is_in(&self, browser: &Browser) -> bool {
        let silent = request(&self.app.id, &[("prompt", "none")]);
        browser.get(&silent).await.answer("code").is_some()
    }

    async fn refresh_status(&self) -> StatusCode {
        self.app.refresh(&self.refresh).await.status()
    }

    async fn reports(&self) -> Vec<Value> {
        let store = &self.house.house.services.store;
        let events = store.read(|tx| tx.events_of_kind(EventKind::NotMe, 9));
        let events = events.await.unwrap();
        events.into_iter().map(|event| event.detail).collect()
    }
}

/// The links of the mails to an address, oldest first.
fn links(house: &TestHouse, address: &str) -> Vec<String> {
    let link = |text: String| {
        let rest = text.split("/not-me/").nth(1)?;
        let token: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
            .collect();
        Some(format!("/not-me/{token}"))
    };
    let letters = house.letters_to(address);
    letters.into_iter().filter_map(link).collect()
}

async fn deny(browser: &Browser, link: &str, lock: bool) -> Page {
    let token = csrf(&browser.get(link).await);
    let mut form = vec![("csrf", &*token)];
    if lock {
        form.push(("lock", "yes"));
    }
    browser.post(link, &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_a_mailed_link_stops_a_stranger_from_a_browser_without_a_session() {
    let scene = Scene::open().await;
    wait::until("the other mailbox to have it", async || {
        let there = links(&scene.house, &scene.house.code_address);
        there.contains(&scene.link).then_some(())
    })
    .await;
    let anywhere = Browser::new(&scene.house);
    let page = anywhere.get(&scene.link).await;
    assert_eq!(page.status, StatusCode::OK);
    for seen in ["Safari on iPhone", "127.0.0.1", "Aozora Mail"] {
        assert!(page.words().contains(seen), "{seen}: {}", page.words());
    }
    assert!(!page.text.contains(&scene.house.login_address), "for whom");
    let token = csrf(&page);
    let form = [("csrf", &*token), ("lock", "yes")];
    let answers = tokio::join!(
        anywhere.post(&scene.link, &form),
        anywhere.post(&scene.link, &form),
        anywhere.post(&scene.link, &form),
    );
    let mut statuses = [answers.0.status, answers.1.status, answers.2.status];
    statuses.sort();
    let once = [StatusCode::OK, StatusCode::GONE, StatusCode::GONE];
    assert_eq!(statuses, once, "one of many does it");
    let again = anywhere.get(&scene.link).await;
    assert_eq!(again.status, StatusCode::GONE, "used");
    assert!(again.text.contains("/password/forgot"));

    assert!(!scene.is_in(&scene.thief).await);
    assert_eq!(scene.refresh_status().await, StatusCode::BAD_REQUEST);
    let reports = scene.reports().await;
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["severity"], "high");
    assert_eq!(reports[0]["by"], "mail");
    for address in [&scene.house.login_address, &scene.house.code_address] {
        scene.house.told(address, "a sign-in was stopped").await;
    }
    // The password opens nothing but the way to a new one, with the code.
    let start = request(&scene.app.id, &[]);
    let led = anywhere.sign_in(&scene.house, &start).await;
    let to = led.location();
    assert!(to.starts_with("/login/new-password"), "{to}");
    scene.house.close().await;
}

/// Scanners of mail follow links, with and without a body; nothing of it counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_opening_every_link_of_a_mail_changes_nothing() {
    let scene = Scene::open().await;
    for link in links(&scene.house, &scene.house.login_address) {
        for _ in 0..3 {
            let scanner = Browser::new(&scene.house);
            assert_eq!(scanner.get(&link).await.status, StatusCode::OK);
            let head = scanner.http.head(scene.house.url(&link)).send().await;
            assert_eq!(head.unwrap().status(), StatusCode::OK);
            let bare = scanner.post(&link, &[("lock", "yes")]).await;
            assert_eq!(bare.status, StatusCode::FORBIDDEN);
        }
    }
    let foreign = Browser::new(&scene.house);
    let token = csrf(&foreign.get(&scene.link).await);
    let other = Browser::new(&scene.house);
    other.get(&scene.link).await;
    let form = [("csrf", &*token), ("lock", "yes")];
    let carried = other.post(&scene.link, &form).await;
    assert_eq!(
        carried.status,
        StatusCode::FORBIDDEN,
        "a token of another's"
    );
    for odd in ["/not-me/x", "/not-me/%E3%81%82", "/not-me/%00"] {
        let page = foreign.get(odd).await;
        assert_eq!(page.status, StatusCode::GONE, "{odd}");
    }
    assert!(scene.is_in(&scene.thief).await);
    assert!(scene.is_in(&scene.owner).await);
    assert!(scene.reports().await.is_empty());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_without_the_lock_only_that_session_ends_and_what_it_made() {
    let scene = Scene::open().await;
    let anywhere = Browser::new(&scene.house);
    let done = deny(&anywhere, &scene.link, false).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert!(!scene.is_in(&scene.thief).await);
    assert_eq!(
        scene.refresh_status().await,
        StatusCode::BAD_REQUEST,
        "offline access that the session gave"
    );
    assert!(scene.is_in(&scene.owner).await);
    // The stranger's browser is a stranger's again.
    let user = scene.house.user;
    let store = &scene.house.house.services.store;
    let sessions = store.read(move |tx| tx.sessions_of(user)).await.unwrap();
    assert_eq!(sessions.len(), 1);
    let start = request(&scene.app.id, &[]);
    let back = anywhere.sign_in(&scene.house, &start).await;
    assert!(back.answer("code").is_some(), "the password still works");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_a_link_lives_for_thirty_days() {
    let scene = Scene::open().await;
    let anywhere = Browser::new(&scene.house);
    let day = Duration::from_secs(24 * 3600);
    scene.house.advance(29 * day).await;
    assert_eq!(anywhere.get(&scene.link).await.status, StatusCode::OK);
    let token = csrf(&anywhere.get(&scene.link).await);
    scene.house.advance(day).await;
    let late = anywhere.post(&scene.link, &[("csrf", &*token)]).await;
    assert_eq!(late.status, StatusCode::GONE, "{}", late.words());
    assert!(scene.reports().await.is_empty());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_a_row_of_the_history_leads_there_after_a_fresh_step() {
    let scene = Scene::open().await;
    let history = scene.owner.get("/account/history").await;
    let rows: Vec<String> = history
        .text
        .split("href=\"/not-me?event=")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    // The newest is the stranger's; the present session has no such link.
    let link = format!("/not-me?event={}", rows[0]);
    let page = scene.owner.get(&link).await;
    assert!(
        page.words().contains("Safari on iPhone"),
        "{}",
        page.words()
    );
    assert!(scene.is_in(&scene.thief).await, "looking stops nothing");
    let token = csrf(&page);
    let stranger = Browser::new(&scene.house);
    let sent = stranger.post("/not-me", &[("csrf", &token)]).await;
    assert!(sent.location().starts_with("/login"), "{}", sent.location());
    for odd in ["0_0", "x", "1_0199a1b2-0000-7000-8000-000000000000"] {
        let nothing = scene.owner.get(&format!("/not-me?event={odd}")).await;
        assert_eq!(nothing.status, StatusCode::GONE, "{odd}");
    }
    scene.house.advance(Duration::from_secs(601)).await;
    let stale = scene.owner.post("/not-me", &[("csrf", &token)]).await;
    assert!(stale.location().starts_with("/login?flow="));
    assert!(scene.is_in(&scene.thief).await);
    let owner = Browser::new(&scene.house);
    owner
        .sign_in(&scene.house, &request(&scene.app.id, &[]))
        .await;
    let token = csrf(&owner.get(&link).await);
    let done = owner.post("/not-me", &[("csrf", &token)]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert!(!scene.is_in(&scene.thief).await);
    assert!(scene.is_in(&owner).await);
    assert_eq!(scene.reports().await[0]["by"], "history");
    scene.house.close().await;
}

/// The link only ever takes away, so it works for accounts that are sealed; their own pages do not (INC-03), and of a
/// server that is sealed there is nothing but the status page (decisions: incident levels).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_inc_03_the_link_stops_a_stranger_while_the_cohort_is_sealed() {
    let scene = Scene::open().await;
    let provider = &scene.house.house.services.provider;
    let sealed = async |scope: LevelScope| {
        let order = LevelOrder {
            operator: "haruka".to_owned(),
            scope,
            level: Level::Sealed,
            reason: "test".to_owned(),
            from: None,
            until: Some(scene.house.now() + Duration::from_secs(600)),
            text: OperatorText::default(),
            may_lower: false,
            proved: None,
        };
        let event = provider.event_of_server(EventKind::LevelChanged);
        let decided = provider.order_level(order, event).await.unwrap();
        assert!(matches!(decided, Decided::InForce(_)), "{decided:?}");
    };
    let anywhere = Browser::new(&scene.house);
    sealed(LevelScope::Server).await;
    let nothing = anywhere.get(&scene.link).await;
    assert_eq!(nothing.status, StatusCode::SERVICE_UNAVAILABLE);
    scene.house.advance(Duration::from_secs(601)).await;

    let everybody = Cohort {
        made_before: Some(scene.house.now()),
        ..Cohort::default()
    };
    sealed(LevelScope::Cohort(everybody)).await;
    let silent = request(&scene.app.id, &[("prompt", "none")]);
    for browser in [&scene.thief, &scene.owner] {
        let asked = browser.get(&silent).await;
        assert_eq!(asked.answer_if_any("code"), None);
    }
    let own = scene.owner.get("/not-me?event=0_0").await;
    assert_eq!(own.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(anywhere.get(&scene.link).await.status, StatusCode::OK);
    let done = deny(&anywhere, &scene.link, false).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert_eq!(scene.reports().await.len(), 1);

    // What it stopped stays stopped when the cohort is open again.
    scene.house.advance(Duration::from_secs(601)).await;
    assert!(!scene.is_in(&scene.thief).await);
    assert_eq!(scene.refresh_status().await, StatusCode::BAD_REQUEST);
    assert!(scene.is_in(&scene.owner).await);
    scene.house.close().await;
}
