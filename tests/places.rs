//! Where people sign in from (THR-15): with a database of places, a password alone does not do from a country
//! that is new to the account, and nobody is in two places at once.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use sekisho_model::{Event, EventKind, Outcome};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::places::{city, database};
use crate::support::processes::Process;
use crate::tokens::App;

const TOKYO: &str = "203.0.113.7";
const OSAKA: &str = "203.0.114.7";
const PARIS: &str = "198.51.100.7";
const NOWHERE: &str = "192.0.2.7";

struct Scene {
    house: TestHouse,
    app: App,
    folder: PathBuf,
}

impl Scene {
    /// `rules` is a file of detection rules. The person has switched the second step off.
    async fn open(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let (places, file) = (folder.join("places.mmdb"), folder.join("rules.toml"));
        let networks = [
            (Ipv4Addr::new(203, 0, 113, 0), city("JP", 35.7, 139.7)),
            (Ipv4Addr::new(203, 0, 114, 0), city("JP", 34.7, 135.5)),
            (Ipv4Addr::new(198, 51, 100, 0), city("FR", 48.9, 2.4)),
        ];
        std::fs::write(&places, database(&networks)).unwrap();
        std::fs::write(&file, rules).unwrap();
        let house = TestHouse::open_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            config.guard.places = Some(places);
            config.guard.rules = Some(file);
        })
        .await;
        let app = App::of(&house, json!({"skip_consent": true})).await;
        let user = house.user;
        let store = &house.house.services.store;
        store
            .write(move |tx| tx.set_second_step(user, false))
            .await
            .unwrap();
        Self { house, app, folder }
    }

    fn from(&self, ip: &str) -> Browser {
        Browser::from_address(&self.house, ip)
    }

    /// Whether the password alone does.
    async fn password_does(&self, browser: &Browser) -> bool {
        let start = request(&self.app.id, &[("prompt", "login")]);
        let to_login = browser.get(&start).await;
        let login = browser.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*self.house.login_address),
            ("password", PASSWORD),
        ];
        let answer = browser.post("/login", &form).await;
        let to = answer.location();
        let asked = to.starts_with("/login/code");
        assert!(asked || answer.answer("code").is_some(), "{to}");
        !asked
    }

    async fn later(&self, hours: u64) {
        self.house.advance(Duration::from_hours(hours)).await;
    }

    async fn sign_ins(&self) -> Vec<Event> {
        let store = &self.house.house.services.store;
        let read = store
            .read(|tx| tx.events_of_kind(EventKind::SignIn, 50))
            .await;
        let mut events = read.unwrap();
        events.retain(|event| event.outcome == Outcome::Passed);
        events
    }

    async fn firings(&self) -> Vec<Event> {
        let services = &self.house.house.services;
        services.provider.keep_watch().await.unwrap();
        let read = services
            .store
            .read(|tx| tx.events_of_kind(EventKind::RuleFired, 50));
        read.await.unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let gone = std::fs::remove_dir_all(&self.folder);
        drop(gone);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_from_a_new_country_a_password_alone_does_not_do() {
    let scene = Scene::open("").await;
    let home = scene.from(TOKYO);
    assert!(scene.password_does(&home).await, "nothing is known yet");
    scene.later(30).await;
    assert!(
        scene.password_does(&scene.from(OSAKA)).await,
        "the same country"
    );
    assert!(
        scene.password_does(&scene.from(NOWHERE)).await,
        "nobody knows where that is"
    );
    let thief = scene.from(PARIS);
    assert!(!scene.password_does(&thief).await);
    assert!(
        !scene.password_does(&scene.from(PARIS)).await,
        "asked again and again"
    );
    // The owner travels with a browser that the account knows.
    let abroad = home.now_from(&scene.house, PARIS);
    assert!(scene.password_does(&abroad).await);
    scene.later(30).await;
    assert!(
        scene.password_does(&scene.from(PARIS)).await,
        "no longer new"
    );

    let events = scene.sign_ins().await;
    let countries: Vec<&Value> = events
        .iter()
        .filter_map(|event| event.detail.pointer("/journey/place/country"))
        .collect();
    assert!(countries.contains(&&json!("JP")) && countries.contains(&&json!("FR")));
    let fired = scene.firings().await;
    let watches = |event: &Event| {
        event.detail["mode"] == "shadow" && event.detail["rule"] == "impossible-travel"
    };
    assert!(
        fired.iter().all(watches),
        "nobody got past, so nobody is told of a new country: {fired:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_nobody_is_in_two_places_within_an_hour() {
    let rules = "[modes]\nimpossible-travel = \"on\"\n";
    let scene = Scene::open(rules).await;
    let home = scene.from(TOKYO);
    assert!(scene.password_does(&home).await);
    scene.later(1).await;
    // A cookie that was copied: the browser is known, and in Paris an hour later.
    assert!(
        !scene
            .password_does(&home.now_from(&scene.house, PARIS))
            .await
    );
    scene.later(20).await;
    assert!(
        scene
            .password_does(&home.now_from(&scene.house, PARIS))
            .await,
        "a flight takes that long"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_a_shadow_only_tells_and_the_back_test_finds_it_again() {
    let scene = Scene::open("[modes]\nnew-country = \"shadow\"\n").await;
    assert!(scene.password_does(&scene.from(TOKYO)).await);
    scene.later(1).await;
    assert!(
        scene.password_does(&scene.from(PARIS)).await,
        "a shadow stops nobody"
    );
    let fired = scene.firings().await;
    let rules: Vec<&str> = fired
        .iter()
        .map(|event| event.detail["rule"].as_str().unwrap())
        .collect();
    assert!(
        rules.contains(&"new-country") && rules.contains(&"impossible-travel"),
        "{rules:?}"
    );

    let file = scene.folder.join("config.toml");
    scene.house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap();
    // The machine's clock is behind that of the house by what went by above.
    let test = [
        "guard",
        "test",
        "new-country",
        "--against",
        "30d",
        "--config",
        config,
        "-o",
        "json",
    ];
    scene.later(0).await;
    let told: Value = serde_json::from_str(&Process::run(&test, "")).unwrap();
    assert!(told["totals"]["looked_at"].is_u64(), "{told}");
}

#[test]
fn a_database_that_is_none_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("places.mmdb");
    std::fs::write(&file, "not a database").unwrap();
    let mut config = sekisho_server::config::Config::dev(folder.path(), "127.0.0.1:0");
    config.guard.places = Some(file);
    let problems = config.problems_here().join("\n");
    assert!(problems.contains("guard.places"), "{problems}");
}
