use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{EventKind, SessionId};
use serde_json::json;

use super::{PHONE, all_hidden, csrf, press};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::tokens::{App, body};

const HERE: &str = "/account/sessions";

/// A house with an app, and the owner at two browsers: a computer and a phone.
struct Scene {
    house: TestHouse,
    app: App,
    computer: Browser,
    phone: Browser,
}

impl Scene {
    async fn open() -> Self {
        let house = TestHouse::open().await;
        let app = App::of(&house, json!({"skip_consent": true})).await;
        let phone = Browser::new(&house).called(PHONE);
        phone.sign_in(&house, &request(&app.id, &[])).await;
        let computer = Browser::new(&house);
        computer.sign_in(&house, &request(&app.id, &[])).await;
        Self {
            house,
            app,
            computer,
            phone,
        }
    }

    /// What a silent request of the app says at `browser`.
    async fn silent(&self, browser: &Browser) -> Page {
        let silent = request(&self.app.id, &[("prompt", "none")]);
        browser.get(&silent).await
    }

    async fn is_in(&self, browser: &Browser) -> bool {
        self.silent(browser).await.answer("code").is_some()
    }

    async fn events(&self, kind: EventKind) -> Vec<serde_json::Value> {
        let store = &self.house.house.services.store;
        let events = store.read(move |tx| tx.events_of_kind(kind, 20)).await;
        events.unwrap().into_iter().map(|e| e.detail).collect()
    }
}

async fn end(browser: &Browser, fields: &[(&str, &str)]) -> Page {
    press(browser, (HERE, HERE), fields).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_one_browser_signs_the_other_out_and_its_refresh_token_dies() {
    let scene = Scene::open().await;
    let answer = scene.silent(&scene.phone).await;
    let code = answer.answer("code").unwrap();
    let tokens = body(scene.app.redeem(&code).await).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let shown = scene.computer.get(HERE).await;
    let words = shown.words();
    for expected in [
        "Safari on iPhone",
        "Chrome on Windows",
        "Aozora Mail",
        "127.0.0.1",
        "This device",
        "2 devices",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    let others = all_hidden(&shown, "session");
    assert_eq!(others.len(), 1, "the present one has no button");
    let done = end(
        &scene.computer,
        &[("end", "session"), ("session", &others[0])],
    )
    .await;
    assert_eq!(done.location(), "/account/sessions?done=session");
    let told = scene.computer.get(done.location()).await.words();
    assert!(told.contains("was signed out"), "{told}");
    assert!(told.contains("up to 5 minutes"), "{told}");
    assert!(!scene.is_in(&scene.phone).await);
    assert!(scene.is_in(&scene.computer).await);
    let dead = scene.app.refresh(refresh).await;
    assert_eq!(dead.status(), StatusCode::BAD_REQUEST);
    let events = scene.events(EventKind::SessionEnded).await;
    assert_eq!(events, [json!({"by": "person"})]);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_everywhere_else_ends_sessions_trust_and_sign_ins_on_their_way() {
    let scene = Scene::open().await;
    // A third browser that is trusted, and a fourth in the middle of a sign-in.
    let trusted = Browser::new(&scene.house);
    let before = scene.house.last_code();
    let page = trusted
        .password(&scene.house, &request(&scene.app.id, &[]))
        .await;
    let code = scene.house.code_but(&before).await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("code", &code),
        ("trust_browser", "on"),
    ];
    trusted.post("/login/code", &form).await;
    let halfway = Browser::new(&scene.house);
    let code_page = halfway
        .password(&scene.house, &request(&scene.app.id, &[]))
        .await;
    let last = scene.house.code_but(&code).await;

    let listed = scene.computer.get(HERE).await;
    assert!(listed.words().contains("3 devices"), "{}", listed.words());
    assert!(listed.words().contains("Until "), "{}", listed.words());
    let question = scene.computer.get("/account/sessions/others").await;
    assert!(question.words().contains("Trust in 1 browser"));
    assert!(question.words().contains("Safari on iPhone"));
    let path = ("/account/sessions/others", HERE);
    let done = press(&scene.computer, path, &[("end", "others")]).await;
    assert_eq!(done.location(), "/account/sessions?done=others");
    assert!(scene.is_in(&scene.computer).await);
    for browser in [&scene.phone, &trusted] {
        assert!(!scene.is_in(browser).await);
    }
    let form = [("csrf", &*code_page.hidden("csrf")), ("code", &*last)];
    let late = halfway.post("/login/code", &form).await;
    assert!(late.location.is_none_or(|to| !to.contains("code=")));
    // The password alone no longer suffices there.
    let again = trusted
        .password(&scene.house, &request(&scene.app.id, &[]))
        .await;
    assert!(again.words().contains("code"), "{}", again.words());
    let alone = scene.computer.get(HERE).await.words();
    assert!(alone.contains("1 device "), "{alone}");
    assert!(alone.contains("No browser is trusted"), "{alone}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_nothing_ends_without_a_fresh_step_nor_for_a_stranger() {
    let scene = Scene::open().await;
    let page = scene.computer.get(HERE).await;
    let other = all_hidden(&page, "session").remove(0);
    let wish = [("end", "session"), ("session", &*other)];
    // Without our token, from a browser without a session, from another site.
    let bare = scene.computer.post(HERE, &wish).await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN, "{}", bare.words());
    let token = csrf(&page);
    let stranger = Browser::new(&scene.house);
    let mut form = vec![("csrf", &*token)];
    form.extend_from_slice(&wish);
    let sent = stranger.post(HERE, &form).await;
    assert!(sent.location().starts_with("/login"), "{}", sent.location());
    let sent = scene.phone.post(HERE, &form).await;
    assert_eq!(sent.status, StatusCode::FORBIDDEN, "a token of another's");
    assert!(scene.is_in(&scene.phone).await);
    // Nobody learns which ids exist: unknown ones are answered like known ones.
    let unknown = SessionId::new(scene.house.now(), &sekisho_model::OsEntropy::new()).to_string();
    let answer = end(
        &scene.computer,
        &[("end", "session"), ("session", &unknown)],
    )
    .await;
    assert_eq!(answer.location(), "/account/sessions?done=session");
    for odd in ["", "0", "../../x", "\u{202e}"] {
        let answer = end(&scene.computer, &[("end", "session"), ("session", odd)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{odd:?}");
    }
    let own = scene.computer.get(HERE).await;
    assert!(own.words().contains("2 devices"), "{}", own.words());
    assert!(scene.events(EventKind::SessionEnded).await.is_empty());
    // Eleven minutes later the person is asked again, for password and code.
    scene.house.advance(Duration::from_secs(601)).await;
    let stale = end(&scene.computer, &wish).await;
    assert!(stale.location().starts_with("/login?flow="));
    assert!(scene.is_in(&scene.phone).await);
    let before = scene.house.last_code();
    let login = scene.computer.get(stale.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*scene.house.login_address),
        ("password", PASSWORD),
    ];
    let sent = scene.computer.post("/login", &form).await;
    let page = scene.computer.get(sent.location()).await;
    let code = scene.house.code_but(&before).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &code)];
    let back = scene.computer.post("/login/code", &form).await;
    assert_eq!(back.location(), HERE);
    end(&scene.computer, &wish).await;
    assert!(!scene.is_in(&scene.phone).await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_08_two_browsers_that_end_each_other_at_once_leave_no_half_of_it() {
    let scene = Scene::open().await;
    let of_computer = csrf(&scene.computer.get("/account/sessions/others").await);
    let of_phone = csrf(&scene.phone.get("/account/sessions/others").await);
    let computer = [("csrf", &*of_computer), ("end", "others")];
    let phone = [("csrf", &*of_phone), ("end", "others")];
    let answers = tokio::join!(
        scene.computer.post(HERE, &computer),
        scene.phone.post(HERE, &phone),
        scene.computer.post(HERE, &computer),
        scene.phone.post(HERE, &phone),
    );
    for answer in [&answers.0, &answers.1, &answers.2, &answers.3] {
        assert!(answer.status.is_redirection() || answer.status == StatusCode::FORBIDDEN);
    }
    let left = [
        scene.is_in(&scene.computer).await,
        scene.is_in(&scene.phone).await,
    ];
    assert!(left.iter().filter(|is_in| **is_in).count() <= 1, "{left:?}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_a_browser_loses_its_trust_and_stays_known() {
    let scene = Scene::open().await;
    let start = request(&scene.app.id, &[]);
    let before = scene.house.last_code();
    let trusted = Browser::new(&scene.house);
    let page = trusted.password(&scene.house, &start).await;
    let code = scene.house.code_but(&before).await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("code", &code),
        ("trust_browser", "on"),
    ];
    trusted.post("/login/code", &form).await;
    let listed = trusted.get(HERE).await;
    let browser = all_hidden(&listed, "browser").remove(0);
    let done = end(&trusted, &[("end", "browser"), ("browser", &browser)]).await;
    assert_eq!(done.location(), "/account/sessions?done=trust");
    assert!(scene.is_in(&trusted).await, "the session goes on");
    let fresh = request(&scene.app.id, &[("prompt", "login")]);
    let asked = trusted.password(&scene.house, &fresh).await;
    assert!(asked.words().contains("Tally"), "{}", asked.words());
    let told = trusted.get("/account/history").await.words();
    assert!(told.contains("Stopped trusting a browser"), "{told}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_08_an_operator_sees_sessions_and_ends_one_or_all() {
    let scene = Scene::open().await;
    let file = scene.house.folder.path().join("config.toml");
    scene.house.write_config(&file, "127.0.0.1:0");
    let config = ["--output", "json", "--config", file.to_str().unwrap()];
    let who = scene.house.login_address.as_str();
    let listed = ["user", "sessions", who];
    let listed = Process::run(&[&listed[..], &config].concat(), "");
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    // Both began at the same moment of the test's clock, so that either may stand first.
    let called = |device: &str| listed.iter().find(|session| session["device"] == device);
    assert!(called("Chrome on Windows").is_some(), "{listed:?}");
    let phone = called("Safari on iPhone").unwrap()["id"].as_str().unwrap();
    let all = ["user", "revoke", who, "--reason", "lost"];
    let all = [&all[..], &config].concat();
    let one = ["--session", phone];
    let end = [&all[..], &one].concat();
    Process::run(&end, "");
    assert!(!scene.is_in(&scene.phone).await);
    assert!(scene.is_in(&scene.computer).await);
    let again = Process::refused(&end, "").unwrap();
    assert!(again.contains("no such session"), "{again}");
    Process::run(&all, "");
    assert!(!scene.is_in(&scene.computer).await);
    let events = scene.events(EventKind::SessionEnded).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["reason"], "lost");
    scene.house.close().await;
}
