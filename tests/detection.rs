//! Noticing attacks end to end: rules from a file, what they do and only watch, back-tests, canaries, probes
//! and budgets (THR-15, INC-10).

use std::path::PathBuf;

use reqwest::StatusCode;
use sekisho_guard::DetectionRules;
use sekisho_model::{Event, EventKind, Outcome};
use sekisho_server::config::Config;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::App;

pub const RULES: &str = r#"
[modes]
probes-address = "on"

[[rule]]
id = "stuffing-address"
kind = "credential_stuffing"
per = "address"
window = "10m"
attempts = 3
accounts = 3
mode = "on"
action = "block_source"
ttl = "1h"
reason = { ja = "試し", en = "a trial" }

[[rule]]
id = "only-watching"
kind = "credential_stuffing"
per = "network"
window = "10m"
attempts = 2
accounts = 2
mode = "shadow"
action = "block_source"
ttl = "1h"
reason = { ja = "試し", en = "a trial" }
"#;

pub struct Scene {
    pub house: TestHouse,
    config: String,
    pub rules: PathBuf,
}

impl Scene {
    pub async fn open() -> Self {
        Self::open_by(async |change| TestHouse::open_with(change).await).await
    }

    /// On PostgreSQL, Redis and SMTP whatever this run is on.
    pub async fn open_on_production() -> Self {
        Self::open_by(async |change| TestHouse::open_on_production(change).await).await
    }

    async fn open_by(open: impl AsyncFnOnce(Box<dyn FnOnce(&mut Config)>) -> TestHouse) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let rules = folder.join("rules.toml");
        std::fs::write(&rules, RULES).unwrap();
        let given = rules.clone();
        let house = open(Box::new(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            config.guard.rules = Some(given);
            config.guard.exported_accounts_day = 2;
        }))
        .await;
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        let text = std::fs::read_to_string(&file).unwrap();
        let more = format!("[guard]\nrules = {rules:?}\nexported_accounts_day = 2\n");
        std::fs::write(&file, text + &more).unwrap();
        let config = file.to_str().unwrap().to_owned();
        Self {
            house,
            config,
            rules,
        }
    }

    pub fn run(&self, words: &[&str]) -> String {
        Process::run(&[words, &["--config", &self.config]].concat(), "")
    }

    pub fn from(&self, ip: &str) -> Browser {
        Browser::from_address(&self.house, ip)
    }

    pub async fn try_password(
        &self,
        browser: &Browser,
        app: &App,
        email: &str,
        word: &str,
    ) -> Page {
        let request = request(&app.id, &[("prompt", "login")]);
        let to_login = browser.get(&request).await;
        let login = browser.get(to_login.location()).await;
        let csrf = login.hidden("csrf");
        let form = [("csrf", &*csrf), ("email", email), ("password", word)];
        browser.post("/login", &form).await
    }

    pub async fn events(&self, kind: EventKind) -> Vec<Event> {
        let store = &self.house.house.services.store;
        let read = store.read(move |tx| tx.events_of_kind(kind, 50)).await;
        read.unwrap()
    }

    /// Writes the file of rules, and waits until they are in force.
    pub async fn tell_rules(&self, text: &str) {
        let wanted = DetectionRules::with(text).unwrap();
        std::fs::write(&self.rules, text).unwrap();
        let provider = &self.house.house.services.provider;
        wait::until("the new rules", async || {
            (*provider.detection_rules() == wanted).then_some(())
        })
        .await;
        self.watched().await;
    }

    pub async fn watched(&self) {
        let provider = &self.house.house.services.provider;
        provider.keep_watch().await.unwrap();
        provider.hear().await.unwrap();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let folder = self.rules.parent().map(std::fs::remove_dir_all);
        drop(folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_a_rule_keeps_strangers_out_a_shadow_does_nothing_and_a_back_test_tells_of_both() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let owner = scene.from("203.0.113.77");
    let answer = owner.sign_in(&scene.house, &request(&app.id, &[])).await;
    assert!(answer.answer("code").is_some());
    let mail = scene.house.login_address.clone();
    scene.house.advance(std::time::Duration::from_secs(1)).await;

    // Two names are enough for the shadow, which does nothing.
    let other = scene.from("198.51.100.9");
    for n in 0..2 {
        let name = format!("nobody-{n}@example.jp");
        scene.try_password(&other, &app, &name, "wrong-1").await;
    }
    for n in 0..3 {
        let name = format!("somebody-{n}@example.jp");
        let thief = scene.from("203.0.113.77");
        let page = scene.try_password(&thief, &app, &name, "wrong-2").await;
        assert!(
            !page.words().contains("connection is stopped"),
            "{}",
            page.words()
        );
    }
    scene.watched().await;
    // Of one moment the record has no order.
    scene.house.advance(std::time::Duration::from_secs(1)).await;
    let thief = scene.from("203.0.113.77");
    let page = scene.try_password(&thief, &app, &mail, PASSWORD).await;
    assert!(
        page.words().contains("connection is stopped"),
        "{}",
        page.words()
    );
    let page = scene.try_password(&other, &app, &mail, PASSWORD).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "a shadow stops nobody");
    let page = scene.try_password(&owner, &app, &mail, PASSWORD).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "the owner goes on");

    let fired = scene.events(EventKind::RuleFired).await;
    let told = |event: &Event| {
        let text = |name: &str| event.detail[name].as_str().unwrap().to_owned();
        (text("rule"), text("mode"), text("subject"))
    };
    let mut told: Vec<_> = fired.iter().map(told).collect();
    told.sort();
    let line = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(
        told,
        [
            line("only-watching", "shadow", "198.51.100.0/24"),
            line("only-watching", "shadow", "203.0.113.0/24"),
            line("stuffing-address", "on", "203.0.113.77"),
        ]
    );
    // A mark of the name, and how often the same password was seen; neither name nor password.
    let wrong = scene.events(EventKind::SignIn).await;
    let wrong: Vec<&Event> = wrong
        .iter()
        .filter(|event| event.outcome == Outcome::WrongPassword)
        .collect();
    let same = wrong
        .iter()
        .filter_map(|e| e.detail["same_password"].as_u64());
    assert_eq!(same.max(), Some(3));
    let written = format!("{wrong:?}");
    assert!(!written.contains("somebody") && !written.contains("wrong-2"));

    let rules: Value =
        serde_json::from_str(&scene.run(&["guard", "rules", "--output", "json"])).unwrap();
    let rule = |id: &str| {
        let all = rules.as_array().unwrap();
        all.iter().find(|rule| rule["id"] == id).unwrap().clone()
    };
    assert_eq!(rule("stuffing-address")["times"], 1);
    assert_eq!(rule("stuffing-address")["last_subject"], "203.0.113.77");
    assert_eq!(rule("only-watching")["mode"], "shadow");
    assert_eq!(rule("replay-client")["times"], 0);

    // Over what was recorded: the shadow would have stopped a third try.
    scene.house.advance(std::time::Duration::from_secs(5)).await;
    let provider = &scene.house.house.services.provider;
    provider.record_gathered(true).await.unwrap();
    let words = ["guard", "test", "only-watching", "--against", "24h"];
    let test = scene.run(&[&words[..], &["--output", "json"]].concat());
    let test: Value = serde_json::from_str(&test).unwrap();
    assert_eq!(test["totals"]["firings"], 2, "{test}");
    let of = |subject: &str| {
        let stopped = test["stopped"].as_array().unwrap();
        stopped
            .iter()
            .find(|one| one["subject"] == subject)
            .unwrap()
            .clone()
    };
    // The third name, and the right password that was stopped: its owner had come in from there before.
    let thieves = of("203.0.113.0/24");
    let figures = ["attempts", "stopped", "owners"].map(|name| thieves[name].as_u64());
    assert_eq!(figures, [Some(2), Some(1), Some(1)], "{test}");
    let table = scene.run(&words);
    assert!(table.contains("203.0.113.0/24"), "{table}");
    let refused = Process::refused(&["guard", "test", "none", "--config", &scene.config], "");
    assert!(refused.unwrap().contains("no rule"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_rules_are_read_anew_and_a_broken_file_keeps_the_old_ones_and_is_told() {
    let scene = Scene::open().await;
    let provider = &scene.house.house.services.provider;
    let before = provider.detection_rules();
    let broken = RULES.replace("ttl = \"1h\"", "ttl = \"1h\"\nnonsense = 1");
    std::fs::write(&scene.rules, broken).unwrap();
    let told = wait::until("word of the broken file", async || {
        scene.events(EventKind::RulesChanged).await.pop()
    })
    .await;
    assert_eq!(told.outcome, Outcome::Refused);
    let problem = told.detail["problem"].as_str().unwrap();
    assert!(
        problem.contains("line 15") && problem.contains("nonsense"),
        "{problem}"
    );
    assert_eq!(*provider.detection_rules(), *before);
    let (alerts, _) = provider.operator_alerts(10).await.unwrap();
    assert!(alerts.iter().any(|alert| alert.topic.name() == "rule"));
    let check = Process::run_failing(&["config", "check", "--config", &scene.config]);
    assert!(check.contains("guard.rules"), "{check}");

    std::fs::write(&scene.rules, RULES.replace("attempts = 3", "attempts = 7")).unwrap();
    wait::until("the new rules", async || {
        let rules = provider.detection_rules();
        (rules.get("stuffing-address").unwrap().attempts == 7).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_any_touch_of_a_canary_opens_an_incident_and_looks_like_any_other_name() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let tag = scene.house.login_address.replace("haruka-", "mizuno-");
    let id = scene.run(&["canary", "add", &tag, "--label", "backup-2026-11"]);
    let listed = scene.run(&["canary", "list"]);
    assert!(listed.contains(id.trim()) && listed.contains("backup-2026-11"));
    let again = [
        "canary",
        "add",
        &tag,
        "--label",
        "x",
        "--config",
        &scene.config,
    ];
    assert!(Process::refused(&again, "").is_some());

    let page = async |ip: &str, email: &str| {
        let page = scene
            .try_password(&scene.from(ip), &app, email, "wrong-1")
            .await;
        (page.status, page.words().replace(email, ""))
    };
    let canary = page("203.0.113.5", &tag).await;
    let nobody = page("203.0.113.6", "nobody@example.jp").await;
    let person = page("203.0.113.7", &scene.house.login_address.clone()).await;
    assert_eq!(canary, nobody);
    assert_eq!(canary, person);
    scene.watched().await;
    let touched = scene.events(EventKind::CanaryTouched).await;
    let [touch] = &touched[..] else {
        panic!("{touched:?}");
    };
    assert_eq!(touch.detail["label"], "backup-2026-11");
    assert_eq!(touch.detail["how"], "wrong password");
    assert_eq!(touch.detail["password_known"], false);
    assert_eq!(touch.origin.ip, "203.0.113.5");
    assert_eq!(
        touch.user_id, None,
        "the record does not tell which account it is"
    );
    let (alerts, _) = scene
        .house
        .house
        .services
        .provider
        .operator_alerts(10)
        .await
        .unwrap();
    let alert = alerts.iter().find(|a| a.topic.name() == "canary").unwrap();
    assert_eq!(alert.topic.severity().name(), "critical");

    // A reset, and mail to the address.
    let browser = scene.from("203.0.113.8");
    let form = browser.get("/password/forgot").await;
    let fields = [("csrf", &*form.hidden("csrf")), ("email", &*tag)];
    browser.post("/password/forgot", &fields).await;
    wait::until("the reset", async || {
        scene.watched().await;
        let all = scene.events(EventKind::CanaryTouched).await;
        all.iter()
            .any(|e| e.detail["how"] == "reset asked")
            .then_some(())
    })
    .await;
    scene.run(&["canary", "mailed", &tag]);
    let all = scene.events(EventKind::CanaryTouched).await;
    assert!(all.iter().any(|e| e.detail["how"] == "mail"));
    let other = [
        "canary",
        "mailed",
        &scene.house.login_address,
        "--config",
        &scene.config,
    ];
    assert!(Process::refused(&other, "").is_some());

    scene.run(&["canary", "remove", id.trim()]);
    assert!(!scene.run(&["canary", "list"]).contains("backup"));
    scene.run(&["canary", "add", &tag, "--label", "again"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_who_knows_the_password_of_a_canary_has_read_the_hashes() {
    let scene = Scene::open().await;
    let canary = scene.house.login_address.replace("haruka-", "mizuno-");
    scene.run(&["canary", "add", &canary, "--label", "backup-2026-11"]);
    // Nobody is told its password, also not this test: this is what the record has of one that was right.
    let services = &scene.house.house.services;
    let owner = scene.house.user;
    let mut asked = services.provider.event_of_server(EventKind::CodeAsked);
    asked.origin.ip = "203.0.113.9".to_owned();
    let work = move |tx: &mut sekisho_store::Tx<'_>| {
        let others = tx.list_users(None, 10)?;
        asked.user_id = others.iter().map(|user| user.id).find(|id| *id != owner);
        tx.record(&asked)
    };
    services.store.write(work).await.unwrap();
    scene.watched().await;
    let touched = scene.events(EventKind::CanaryTouched).await;
    let known: Vec<&Event> = touched
        .iter()
        .filter(|event| event.detail["password_known"] == true)
        .collect();
    assert_eq!(known.len(), 1, "{touched:?}");
    for event in known {
        assert_eq!(event.detail["how"], "right password");
        assert_eq!(event.detail["label"], "backup-2026-11");
        assert_eq!(event.origin.ip, "203.0.113.9");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_scanners_are_kept_out_and_exports_end_at_their_budget() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let scanner = scene.from("203.0.113.50");
    for path in [
        "/.env",
        "/.git/config",
        "/wp-login.php",
        "/login?x=${jndi:ldap}",
    ] {
        for _ in 0..3 {
            scanner.get(path).await;
        }
    }
    scene.watched().await;
    scene.watched().await;
    let mail = scene.house.login_address.clone();
    let page = scene
        .try_password(&scene.from("203.0.113.50"), &app, &mail, PASSWORD)
        .await;
    assert!(
        page.words().contains("connection is stopped"),
        "{}",
        page.words()
    );
    let seen = scene.events(EventKind::ProbesSeen).await;
    let counts = seen.iter().map(|e| e.detail["count"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), 12);

    let out = |name: &str| {
        let file = scene.house.folder.path().join(name);
        file.to_str().unwrap().to_owned()
    };
    scene.run(&["user", "export", "--out", &out("one")]);
    scene.run(&["user", "export", "--out", &out("two")]);
    scene.house.advance(std::time::Duration::from_secs(1)).await;
    let three = out("three");
    let more = ["user", "export", "--out", &three, "--config", &scene.config];
    let refused = Process::refused(&more, "").unwrap();
    assert!(refused.contains("exported_accounts_day"), "{refused}");
    assert!(!std::path::Path::new(&three).exists(), "nothing half-done");
    let reads = scene.events(EventKind::BulkRead).await;
    let cut = reads.iter().filter(|e| e.outcome == Outcome::Blocked);
    assert_eq!(cut.count(), 1, "{reads:?}");
}
