//! Incident levels, switches and epochs from the command line to what apps and people see (INC-*).

mod signed_in;

use reqwest::{Method, Response, StatusCode};
use sekisho_model::{
    ClientId, Cohort, EpochKind, EventKind, Level, LevelScope, OperatorText, Timestamp,
};
use sekisho_provider::incidents::{Decided, EpochScope, LevelOrder};
use sekisho_server::config::Config;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::{App, body};

/// Every route, and the lowest level that stops looking at it and acting on it (`-`: none does).
const ROUTES: &str = include_str!("incident_levels/routes.txt");

pub struct Scene {
    pub house: TestHouse,
    pub app: App,
    pub browser: Browser,
    pub access: String,
    pub refresh: String,
    pub config: String,
}

impl Scene {
    pub async fn open() -> Self {
        Self::open_with(|_| {}, json!({})).await
    }

    /// With a house and an app of some kind.
    pub async fn open_with(change: impl FnOnce(&mut Config), extra: Value) -> Self {
        let house = TestHouse::open_with(change).await;
        let mut members = json!({"skip_consent": true});
        for (name, value) in extra.as_object().unwrap() {
            members[name] = value.clone();
        }
        let app = App::of(&house, members).await;
        let browser = Browser::new(&house);
        let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
        let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
        let member = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        Self {
            access: member("access_token"),
            refresh: member("refresh_token"),
            config: file.to_str().unwrap().to_owned(),
            house,
            app,
            browser,
        }
    }

    /// Runs `sekisho incident …` beside the server, which then hears of it.
    async fn incident(&self, arguments: &[&str]) -> String {
        let config = ["--config", &self.config];
        let said = Process::run(&[&["incident"], arguments, &config].concat(), "");
        self.house.house.services.provider.hear().await.unwrap();
        said
    }

    /// Orders a level for some, as whoever may only raise.
    pub async fn level_for(&self, scope: LevelScope, level: Level, until: Option<Timestamp>) {
        let provider = &self.house.house.services.provider;
        let order = LevelOrder {
            operator: "haruka".to_owned(),
            scope,
            level,
            reason: "test".to_owned(),
            from: None,
            until,
            text: OperatorText::default(),
            may_lower: false,
            proved: None,
        };
        let event = provider.event_of_server(EventKind::LevelChanged);
        let decided = provider.order_level(order, event).await.unwrap();
        assert!(matches!(decided, Decided::InForce(_)), "{decided:?}");
    }

    /// Everybody whose account exists by now.
    pub fn everybody(&self) -> LevelScope {
        LevelScope::Cohort(Cohort {
            made_before: Some(self.house.now() + std::time::Duration::from_millis(1)),
            ..Cohort::default()
        })
    }

    async fn level(&self, level: u8) {
        let (level, number) = (level.to_string(), self.newest().await + 1);
        let order = ["level", &level, "--operator", "haruka", "--reason", "test"];
        self.incident(&order).await;
        let made = self.decision(number).await;
        if made["state"] == "waits" {
            let number = number.to_string();
            self.incident(&["confirm", &number, "--operator", "minoru"])
                .await;
        }
    }

    async fn status(&self) -> Value {
        let shown = self.incident(&["status", "--output", "json"]).await;
        serde_json::from_str(&shown).unwrap()
    }

    async fn newest(&self) -> i64 {
        let store = &self.house.house.services.store;
        let all = store.read(|tx| tx.level_decisions()).await.unwrap();
        all.iter().map(|made| made.number).max().unwrap_or(0)
    }

    async fn decision(&self, number: i64) -> Value {
        let status = self.status().await;
        let all = status["decisions"].as_array().unwrap();
        let found = all.iter().find(|made| made["number"] == number);
        found.cloned().unwrap_or(Value::Null)
    }

    async fn ask(&self, method: Method, path: &str) -> Response {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let request = client.request(method, self.house.url(path));
        request.send().await.unwrap()
    }

    async fn refreshes(&self) -> StatusCode {
        self.app.refresh(&self.refresh).await.status()
    }
}

/// A request that fits the pattern of a route.
fn path_of(pattern: &str) -> String {
    let mut path = String::new();
    for part in pattern.split('/').skip(1) {
        let filled = match part.split_once('}') {
            Some((_, rest)) => format!("x{rest}"),
            None => part.to_owned(),
        };
        path.push('/');
        path.push_str(&filled);
    }
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_02_every_route_answers_at_every_level_as_the_table_says() {
    let scene = Scene::open().await;
    let halted = async |method: Method, path: &str| {
        let answer = scene.ask(method, path).await;
        let is_503 = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
        let told_when = answer.headers().contains_key("retry-after");
        assert!(!is_503 || told_when, "{path} says when to come again");
        is_503
    };
    for level in 0..=5u8 {
        scene.level(level).await;
        for line in ROUTES.lines().filter(|line| line.starts_with('/')) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [pattern, looking, acting, ..] = columns[..] else {
                panic!("{line}");
            };
            if pattern.starts_with("/_dev") || pattern == "/metrics" {
                continue;
            }
            let stopped = |from: &str| from.parse::<u8>().is_ok_and(|from| level >= from);
            let path = path_of(pattern);
            let looked = halted(Method::GET, &path).await;
            assert_eq!(looked, stopped(looking), "GET {path} at {level}");
            let acted = halted(Method::POST, &path).await;
            assert_eq!(acted, stopped(acting), "POST {path} at {level}");
        }
        let unknown = scene.ask(Method::GET, "/nowhere").await.status();
        assert_eq!(unknown == StatusCode::SERVICE_UNAVAILABLE, level == 5);
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_04_apps_are_told_to_wait_and_people_read_the_operators_words() {
    let scene = Scene::open().await;
    let text = "<b>Back</b> at noon";
    let order = ["level", "4", "--reason", "test", "--text-en", text];
    scene
        .incident(&[&order[..], &["--text-ja", "正午に再開"]].concat())
        .await;
    let answer = scene.app.refresh(&scene.refresh).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(body(answer).await["error"], "temporarily_unavailable");
    let page = scene.browser.get(&request(&scene.app.id, &[])).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("&#60;b&#62;Back") || page.text.contains("&lt;b&gt;Back"));
    assert!(!page.text.contains(text));
    let status = scene.browser.get("/status?ui_locales=ja").await;
    assert_eq!(status.status, StatusCode::OK);
    assert!(status.text.contains("正午に再開"));
    assert_eq!(
        scene.browser.get("/oauth2/jwks").await.status,
        StatusCode::OK
    );
    // What was issued is not lost: it works again afterwards.
    scene.level(0).await;
    assert_eq!(scene.refreshes().await, StatusCode::OK);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_03_an_apps_level_stops_that_app_and_ends_by_itself() {
    let scene = Scene::open().await;
    let other = App::of(&scene.house, json!({"skip_consent": true})).await;
    let until = scene.house.now() + std::time::Duration::from_secs(3600);
    let until = sekisho_mail::when::rfc3339(until, "UTC");
    let order = ["level", "4", "--client", &scene.app.id, "--until", &until];
    scene
        .incident(&[&order[..], &["--reason", "test"]].concat())
        .await;
    assert_eq!(scene.refreshes().await, StatusCode::SERVICE_UNAVAILABLE);
    let userinfo = scene.app.userinfo(&scene.access).await;
    assert_eq!(userinfo, StatusCode::SERVICE_UNAVAILABLE);
    let answer = scene.browser.get(&request(&other.id, &[])).await;
    assert!(answer.answer("code").is_some(), "another app goes on");
    scene
        .house
        .advance(std::time::Duration::from_secs(3601))
        .await;
    assert_eq!(scene.refreshes().await, StatusCode::OK);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_03_a_level_for_some_accounts_stops_them_and_nobody_else() {
    let scene = Scene::open().await;
    let everybody = scene.everybody();
    scene.house.clock.advance(std::time::Duration::from_secs(1));
    let email = scene.house.login_address.replace("haruka-", "sora-");
    let words = [
        "user",
        "create",
        "--email",
        &email,
        "--password-stdin",
        "--config",
        &scene.config,
    ];
    let _made = Process::run(&words, PASSWORD);
    let until = scene.house.now() + std::time::Duration::from_secs(600);
    scene.level_for(everybody, Level::Silent, Some(until)).await;

    let waits = scene.app.refresh(&scene.refresh).await;
    assert_eq!(waits.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told = waits.headers()["retry-after"].to_str().unwrap();
    assert_eq!(told, "600", "INC-04: until their level ends");
    let password = async |email: &str| {
        let browser = Browser::new(&scene.house);
        let to_login = browser.get(&request(&scene.app.id, &[])).await;
        let login = browser.get(to_login.location()).await;
        let csrf = login.hidden("csrf");
        let form = [("csrf", &*csrf), ("email", email), ("password", PASSWORD)];
        (browser.post("/login", &form).await, browser)
    };
    let before = scene.house.last_code();
    let (sent, browser) = password(&scene.house.login_address).await;
    let page = browser.get(sent.location()).await;
    let csrf = page.hidden("csrf");
    let code = scene.house.code_but(&before).await;
    let form = [("csrf", &*csrf), ("code", &*code)];
    let stopped = browser.post("/login/code", &form).await;
    assert_eq!(
        stopped.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "told once everything is proved (OTP-07)"
    );
    let (sent, _) = password(&email).await;
    assert!(
        sent.location().starts_with("/login/code"),
        "of another age: {}",
        sent.words()
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_a_grant_is_switched_off_while_the_server_runs_and_on_again() {
    let scene = Scene::open().await;
    let switch = ["switch", "refresh_token", "off", "--reason", "test"];
    scene.incident(&switch).await;
    assert_eq!(scene.refreshes().await, StatusCode::SERVICE_UNAVAILABLE);
    scene
        .incident(&["switch", "password_reset", "off", "--reason", "test"])
        .await;
    let page = scene.browser.get("/password/forgot").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    scene
        .incident(&["switch", "refresh_token", "on", "--reason", "test"])
        .await;
    assert_eq!(scene.refreshes().await, StatusCode::OK);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_01_a_level_survives_a_restart_and_reaches_a_node_by_itself() {
    let mut scene = Scene::open().await;
    let config = ["--config", &scene.config];
    let order = ["incident", "level", "3", "--reason", "test"];
    Process::run(&[&order[..], &config].concat(), "");
    wait::until("the node to hear of the level", async || {
        let page = scene.ask(Method::GET, "/login").await;
        (page.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    scene.house = scene.house.reopened().await;
    let page = scene.ask(Method::GET, "/login").await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(scene.refreshes().await, StatusCode::OK);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_07_a_moved_epoch_voids_what_one_app_holds() {
    let scene = Scene::open().await;
    let order = [
        "epoch",
        "token",
        "--client",
        &scene.app.id,
        "--reason",
        "test",
    ];
    let told = scene.incident(&[&order[..], &["--dry-run"]].concat()).await;
    assert!(told.contains("At most 1 apps would lose"), "{told}");
    let all = ["epoch", "session", "--all", "--reason", "test", "--dry-run"];
    let told = scene.incident(&all).await;
    assert!(told.contains("At most 1 sessions would end"), "{told}");
    let userinfo = scene.app.userinfo(&scene.access).await;
    assert_eq!(userinfo, StatusCode::OK, "nothing was done");
    scene.incident(&order).await;
    assert_eq!(scene.refreshes().await, StatusCode::BAD_REQUEST);
    let userinfo = scene.app.userinfo(&scene.access).await;
    assert_eq!(userinfo, StatusCode::UNAUTHORIZED);
    let page = scene.browser.get("/account").await;
    assert_eq!(page.status, StatusCode::OK, "the session is another kind");
    scene
        .incident(&["epoch", "session", "--all", "--reason", "test"])
        .await;
    let page = scene.browser.get("/account").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_07_after_a_move_of_tokens_whoever_is_signed_in_gets_new_ones_and_no_others() {
    let scene = Scene::open().await;
    let asks_first = App::of(&scene.house, json!({})).await;
    let to_consent = scene.browser.get(&request(&asks_first.id, &[])).await;
    let (id, address) = (scene.app.id.clone(), scene.house.login_address.clone());
    let code = async || {
        let answer = scene.browser.get(&request(&scene.app.id, &[])).await;
        answer.answer("code").expect("a code without a prompt")
    };
    for whose in [
        &["--all"][..],
        &["--client", &id],
        &["--user", &address],
        &[],
    ] {
        let on_its_way = code().await;
        if whose.is_empty() {
            let LevelScope::Cohort(cohort) = scene.everybody() else {
                unreachable!()
            };
            let provider = &scene.house.house.services.provider;
            let event = provider.event_of_server(EventKind::EpochMoved);
            let (scope, who) = (EpochScope::Cohort(cohort), ("haruka", "test"));
            let moved = provider.move_epoch(scope, EpochKind::Token, who, event);
            moved.await.unwrap();
        } else {
            let order = [&["epoch", "token", "--reason", "test"], whose].concat();
            scene.incident(&order).await;
        }
        let void = scene.app.redeem(&on_its_way).await.status();
        assert_eq!(void, StatusCode::BAD_REQUEST, "{whose:?}: in flight");
        let new = scene.app.redeem(&code().await).await;
        assert_eq!(new.status(), StatusCode::OK, "{whose:?}: asked afterwards");
        let access = body(new).await["access_token"].as_str().unwrap().to_owned();
        assert_eq!(scene.app.userinfo(&access).await, StatusCode::OK);
    }
    // The consent page was shown before the moves: what it ends in is void, and asking again is not.
    let allowed = scene.browser.allow(&to_consent).await;
    let void = asks_first.redeem(&allowed.answer("code").unwrap()).await;
    assert_eq!(void.status(), StatusCode::BAD_REQUEST);
    let again = scene.browser.get(&request(&asks_first.id, &[])).await;
    let again = asks_first.redeem(&again.answer("code").unwrap()).await;
    assert_eq!(again.status(), StatusCode::OK);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_04_an_app_that_asks_silently_waits_while_nobody_can_sign_in() {
    let scene = Scene::open().await;
    scene.level(3).await;
    let silent = request(&scene.app.id, &[("prompt", "none")]);
    let stranger = Browser::new(&scene.house).get(&silent).await;
    let error = stranger.answer("error");
    assert_eq!(error.as_deref(), Some("temporarily_unavailable"));
    let known = scene.browser.get(&silent).await;
    assert!(known.answer("code").is_some(), "sessions go on");
    scene.house.close().await;
}

/// Types the password, and the code if it is asked; ticks trust in any case. Whether it was asked.
async fn signs_in(scene: &Scene, browser: &Browser) -> bool {
    let before = scene.house.last_code();
    let start = request(&scene.app.id, &[("prompt", "login")]);
    let to_login = browser.get(&start).await;
    let login = browser.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*scene.house.login_address),
        ("password", PASSWORD),
    ];
    let sent = browser.post("/login", &form).await;
    if sent.answer("code").is_some() {
        return false;
    }
    let page = browser.get(sent.location()).await;
    let code = scene.house.code_but(&before).await;
    let csrf = page.hidden("csrf");
    let form = [("csrf", &*csrf), ("code", &code), ("trust_browser", "1")];
    let done = browser.post("/login/code", &form).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_02_no_trust_outlives_a_level_and_none_is_gained_by_a_hand_made_form() {
    let scene = Scene::open().await;
    let (browser, hour) = (&scene.browser, std::time::Duration::from_secs(3600));
    let again = async || {
        scene
            .house
            .advance(std::time::Duration::from_secs(60))
            .await;
        signs_in(&scene, browser).await
    };
    assert!(again().await);
    assert!(!again().await, "trusted");
    // A level of the app: trust is void there, and no form brings it back while the level lasts.
    let until = Some(scene.house.now() + hour);
    let app = LevelScope::Client(ClientId::new(scene.app.id.as_str()));
    scene.level_for(app, Level::Watch, until).await;
    assert!(again().await);
    assert!(again().await);
    scene.house.advance(hour).await;
    assert!(again().await, "what was ticked during the level is nothing");
    assert!(!again().await, "ticked afterwards");
    // A planned level, after it began and ended.
    let provider = &scene.house.house.services.provider;
    let (from, until) = (scene.house.now() + hour, scene.house.now() + hour * 2);
    let moment = |at| sekisho_mail::when::rfc3339(at, "UTC");
    let (from, until) = (moment(from), moment(until));
    let order = ["level", "1", "--from", &from, "--until", &until];
    scene
        .incident(&[&order[..], &["--reason", "test"]].concat())
        .await;
    assert!(!again().await, "it has not begun");
    scene.house.advance(hour).await;
    provider.see_levels_begin().await.unwrap();
    scene.house.advance(hour).await;
    assert!(again().await, "it began and ended meanwhile");
    assert!(!again().await);
    provider.see_levels_begin().await.unwrap();
    assert!(!again().await, "once");
    // The level file.
    let file = |level| {
        let text = OperatorText::default();
        sekisho_guard::FileLevel { level, text }
    };
    for level in [Level::Watch, Level::Frozen] {
        provider.tell_level_file(Some(file(level)));
        provider.see_levels_begin().await.unwrap();
    }
    provider.tell_level_file(None);
    provider.see_levels_begin().await.unwrap();
    assert!(again().await, "the file rose and is gone");
    scene.house.close().await;
}
