//! Advisories about the program: what `sekisho doctor` says of them, and that what it names holds them off (SUP-04).

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use reqwest::StatusCode;
use sekisho_mail::when;
use sekisho_model::{Event, EventKind, Outcome};
use sekisho_server::wiring::services;
use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::processes::Process;
use crate::support::wait;

const OPEN: &str = r#"
[[advisory]]
id = "SEKISHO-2026-001"
severity = "critical"
affected = ">=0.1.0, <9.0.1"
fixed = "9.0.1"
title = { ja = "再設定のリンクが推測できます", en = "reset links can be guessed" }
features = ["password_reset"]

[[advisory.rule]]
id = "reset-links"
kind = "probes"
per = "address"
window = "1m"
attempts = 5
mode = "shadow"
action = "notify"
ttl = "1h"
reason = { ja = "推測", en = "guesses of reset links" }

[[advisory]]
id = "SEKISHO-2026-002"
severity = "moderate"
affected = "*"
title = { ja = "画面", en = "a page tells too much" }
deny = { path = "/help/code-address", query = "probe" }
"#;
const CLOSED: &str = r#"
[[advisory]]
id = "SEKISHO-2025-001"
severity = "critical"
affected = "<0.1.0"
fixed = "0.1.0"
title = { ja = "古い", en = "an old one" }

[[advisory]]
id = "SEKISHO-2099-001"
severity = "high"
affected = ">=99.0.0"
title = { ja = "先", en = "one to come" }
"#;

struct Scene {
    house: TestHouse,
    file: PathBuf,
    config: String,
}

impl Scene {
    /// With a signature by this key, if there is one.
    async fn open(key: Option<&Ed25519KeyPair>) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let file = folder.join("advisories.toml");
        std::fs::write(&file, format!("{OPEN}{CLOSED}")).unwrap();
        let public = key.map(|key| STANDARD.encode(key.public_key()));
        if let Some(key) = key {
            sign(key, &file);
        }
        let house = TestHouse::open_with(|config| {
            config.guard.advisories = Some(file.clone());
            config.guard.advisories_key = public.clone();
        })
        .await;
        let config = folder.join("config.toml");
        house.write_config(&config, "127.0.0.1:0");
        let mut more = std::fs::File::options().append(true).open(&config).unwrap();
        writeln!(more, "[guard]\nadvisories = {file:?}").unwrap();
        if let Some(public) = public {
            writeln!(more, "advisories_key = {public:?}").unwrap();
        }
        Self {
            house,
            file,
            config: config.to_str().unwrap().to_owned(),
        }
    }

    fn doctor(&self) -> Result<String, String> {
        let words = ["doctor", "--config", &self.config];
        match Process::refused(&words, "") {
            None => Ok(Process::run(&words, "")),
            Some(_) => Err(Process::run_failing(&words)),
        }
    }

    /// For two hours.
    fn switch_off(&self, feature: &str, reason: &str) {
        let until = when::rfc3339(self.house.now() + Duration::from_hours(2), "UTC");
        let off = ["incident", "switch", feature, "off", "--reason", reason];
        let more = ["--until", &until, "--config", &self.config];
        let _done = Process::run(&[off.as_slice(), &more].concat(), "");
    }

    async fn told(&self) -> Vec<Event> {
        let services = &self.house.house.services;
        services.provider.hear().await.unwrap();
        services.provider.look_at_advisories().await.unwrap();
        let read = |kind| services.store.read(move |tx| tx.events_of_kind(kind, 50));
        read(EventKind::Advisory).await.unwrap()
    }

    /// What was recorded of one, in order of the record, which a clock that stands still does not keep.
    async fn standings(&self, id: &str) -> Vec<String> {
        let events = self.told().await;
        let of_it = events.iter().filter(|event| event.detail["advisory"] == id);
        let said = |event: &Event| event.detail["standing"].as_str().unwrap().to_owned();
        of_it.map(said).collect()
    }
}

fn sign(key: &Ed25519KeyPair, file: &std::path::Path) {
    let signature = key.sign(&std::fs::read(file).unwrap());
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    std::fs::write(name, STANDARD.encode(signature.as_ref())).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sup_04_doctor_names_what_is_open_and_the_commands_that_hold_it_off() {
    let scene = Scene::open(None).await;
    let told = scene.doctor().unwrap_err();
    assert!(told.contains("[stop] SEKISHO-2026-001"), "{told}");
    assert!(
        told.contains("[mind] guard.advisories_key is not set"),
        "{told}"
    );
    assert!(
        told.contains("update to 9.0.1") && told.contains("there is no update yet"),
        "{told}"
    );
    assert!(
        told.contains("[ok] SEKISHO-2025-001: fixed in 0.1.0"),
        "{told}"
    );
    assert!(
        told.contains("[ok] SEKISHO-2099-001: 0.1.0 is not affected"),
        "{told}"
    );

    let browser = Browser::new(&scene.house);
    let hole = "/help/code-address?a=Probe";
    assert_eq!(browser.get(hole).await.status, StatusCode::OK);
    let commands: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split_once("until then: sekisho "))
        .map(|(_, command)| command)
        .collect();
    assert_eq!(commands.len(), 2, "{told}");
    for command in commands {
        let words: Vec<&str> = command
            .split(' ')
            .chain(["--config", &scene.config])
            .collect();
        let _done = Process::run(&words, "");
    }
    scene.house.house.services.provider.hear().await.unwrap();
    let told = scene.doctor().unwrap();
    assert!(told.contains("mitigated, password_reset is off"), "{told}");
    assert!(told.contains("mitigated, block 1 holds"), "{told}");
    assert_eq!(browser.get(hole).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        browser.get("/help/code-address").await.status,
        StatusCode::OK
    );
    let reset = browser.get("/password/forgot").await;
    assert_eq!(reset.status, StatusCode::SERVICE_UNAVAILABLE);

    let words = [
        "guard",
        "rules",
        "--config",
        &scene.config,
        "--output",
        "json",
    ];
    let rules: Value = serde_json::from_str(&Process::run(&words, "")).unwrap();
    let rules = rules.as_array().unwrap();
    assert!(
        rules.iter().any(|rule| rule["id"] == "reset-links"),
        "an advisory brings its rule"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sup_01_a_severe_advisory_is_told_once_and_again_when_nothing_holds_it_off_any_more() {
    let scene = Scene::open(None).await;
    let id = "SEKISHO-2026-001";
    assert_eq!(scene.standings(id).await, ["affected"]);
    assert_eq!(scene.standings(id).await, ["affected"], "once");
    assert_eq!(
        scene.told().await.len(),
        2,
        "and the other open one; no word of the rest"
    );
    let provider = &scene.house.house.services.provider;
    let (alerts, _) = provider.operator_alerts(10).await.unwrap();
    let told = alerts
        .iter()
        .filter(|alert| alert.topic.name() == "advisory");
    assert_eq!(told.count(), 1, "{alerts:?}");

    let scene = Scene {
        house: scene.house.reopened().await,
        ..scene
    };
    assert_eq!(
        scene.standings(id).await,
        ["affected"],
        "a restart is no news"
    );
    scene.house.advance(Duration::from_secs(1)).await;
    scene.switch_off("password_reset", id);
    let mut said = scene.standings(id).await;
    said.sort();
    assert_eq!(said, ["affected", "mitigated"]);
    scene.house.advance(Duration::from_hours(3)).await;
    let mut said = scene.standings(id).await;
    said.sort();
    assert_eq!(said, ["affected", "affected", "mitigated"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sup_01_nodes_that_look_at_the_same_moment_record_one_word_together() {
    let scene = Scene::open(None).await;
    let id = "SEKISHO-2026-001";
    assert_eq!(scene.standings(id).await, ["affected"]);
    scene.house.advance(Duration::from_secs(1)).await;
    scene.switch_off("password_reset", id);
    let provider = &scene.house.house.services.provider;
    provider.hear().await.unwrap();
    for look in join_all((0..8).map(|_| provider.look_at_advisories())).await {
        look.unwrap();
    }
    let mut said = scene.standings(id).await;
    said.sort();
    assert_eq!(said, ["affected", "mitigated"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sup_04_a_file_without_the_right_signature_is_not_believed() {
    let key = Ed25519KeyPair::generate().unwrap();
    let scene = Scene::open(Some(&key)).await;
    assert_eq!(scene.standings("SEKISHO-2026-001").await, ["affected"]);
    let provider = &scene.house.house.services.provider;
    let before = provider.detection_rules();

    let calmed = CLOSED;
    std::fs::write(&scene.file, calmed).unwrap();
    let told = wait::until("word of the file", async || {
        let store = &scene.house.house.services.store;
        let all = store
            .read(|tx| tx.events_of_kind(EventKind::RulesChanged, 5))
            .await;
        all.unwrap().pop()
    })
    .await;
    assert_eq!(told.outcome, Outcome::Refused);
    assert!(
        told.detail["problem"]
            .as_str()
            .unwrap()
            .contains("signature")
    );
    assert_eq!(
        *provider.detection_rules(),
        *before,
        "what was read before counts"
    );
    assert_eq!(scene.standings("SEKISHO-2026-001").await, ["affected"]);
    let told = scene.doctor().unwrap_err();
    assert!(
        told.contains("[stop] advisories") && told.contains("signature"),
        "{told}"
    );
    let check = Process::run_failing(&["config", "check", "--config", &scene.config]);
    assert!(check.contains("guard.advisories"), "{check}");

    sign(&Ed25519KeyPair::generate().unwrap(), &scene.file);
    assert!(scene.doctor().is_err(), "another key");
    sign(&key, &scene.file);
    assert!(scene.doctor().is_ok());
    wait::until("the new advisories", async || {
        provider
            .detection_rules()
            .get("reset-links")
            .is_none()
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sup_04_an_older_issue_that_was_signed_once_does_not_come_back() {
    let key = Ed25519KeyPair::generate().unwrap();
    let scene = Scene::open(Some(&key)).await;
    let issue = |serial: &str, text: &str| {
        std::fs::write(&scene.file, format!("{serial}\n{text}")).unwrap();
        sign(&key, &scene.file);
    };
    let provider = &scene.house.house.services.provider;
    let has_rule = async |has: bool| {
        wait::until("the advisories", async || {
            let rules = provider.detection_rules();
            (rules.get("reset-links").is_some() == has).then_some(())
        })
        .await;
    };
    has_rule(true).await;
    assert!(
        !scene.doctor().unwrap_err().contains("advisories_key"),
        "it is signed"
    );
    issue("serial = 7", CLOSED);
    has_rule(false).await;
    issue("serial = 8", OPEN);
    has_rule(true).await;
    for older in ["serial = 7", ""] {
        issue(older, CLOSED);
        let told = wait::until("word of the old file", async || {
            let store = &scene.house.house.services.store;
            let read = store.read(|tx| tx.events_of_kind(EventKind::RulesChanged, 9));
            let mut all = read.await.unwrap();
            let serial = format!("serial {}", older.chars().last().unwrap_or('0'));
            all.retain(|event| event.detail["problem"].to_string().contains(&serial));
            all.pop()
        })
        .await;
        assert_eq!(told.outcome, Outcome::Refused);
        assert!(provider.detection_rules().get("reset-links").is_some());
        let told = scene.doctor().unwrap_err();
        assert!(told.contains("8 was believed before"), "{told}");
    }
    issue("serial = 8", OPEN);
    let scene = Scene {
        house: scene.house.reopened().await,
        ..scene
    };
    assert_eq!(scene.standings("SEKISHO-2026-001").await, ["affected"]);
    // Also a server that starts believes no older one.
    std::fs::write(&scene.file, format!("serial = 7\n{CLOSED}")).unwrap();
    sign(&key, &scene.file);
    let (house, config) = (scene.house.house, scene.house.config);
    let surroundings = house.services.surroundings.clone();
    house.close().await;
    let refused = services(&config, surroundings).await;
    assert!(refused.err().unwrap().to_string().contains("serial 7"));
}
