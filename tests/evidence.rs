//! What stood before anything was cleaned up, sealed, from the command line (INC-11).

use std::process::Command;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use sekisho_model::{Digest, EventKind};
use serde_json::Value;

use crate::support::house::{TestHouse, on_production_stack};
use crate::support::processes::Process;

struct Desk {
    house: TestHouse,
    config: String,
}

impl Desk {
    async fn open() -> Self {
        let house = TestHouse::open().await;
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        let config = file.to_str().unwrap().to_owned();
        let this = Self { house, config };
        // What is younger than half a minute is not sealed yet.
        let services = &this.house.house.services;
        for minutes in [30, 20, 10] {
            let mut event = services.provider.event_of_server(EventKind::AlertTested);
            event.at = event.at - Duration::from_mins(minutes);
            let record = services.store.write(move |tx| tx.record(&event));
            record.await.unwrap();
        }
        this
    }

    fn path(&self, name: &str) -> String {
        let path = self.house.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    fn run(&self, words: &[&str]) -> String {
        Process::run(&[words, &["--config", &self.config]].concat(), "")
    }

    fn refused(&self, words: &[&str]) -> Option<String> {
        Process::refused(&[words, &["--config", &self.config]].concat(), "")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_11_a_snapshot_holds_what_stands_and_anybody_can_check_its_seal() {
    let desk = Desk::open().await;
    let file = desk.path("evidence.json");
    desk.run(&[
        "incident",
        "switch",
        "device_flow",
        "off",
        "--reason",
        "drill",
    ]);
    let take = ["incident", "snapshot", &file, "--reason", "canary touched"];
    desk.run(&[&take[..], &["--operator", "haruka"]].concat());
    let text = std::fs::read(&file).unwrap();
    let facts: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(facts["issuer"], desk.house.issuer);
    assert_eq!(facts["operator"], "haruka");
    assert_eq!(facts["reason"], "canary touched");
    assert_eq!(facts["incident"]["switches"][0]["feature"], "device_flow");
    assert_eq!(facts["signing_keys"].as_array().unwrap().len(), 4);
    for member in ["sessions", "grants", "trusted_browsers"] {
        assert!(facts["in_force"][member].is_u64(), "{member}");
    }
    let days = facts["events"].as_array().unwrap();
    let sealed = days.iter().map(|day| day["events"].as_u64().unwrap());
    assert!(sealed.sum::<u64>() >= 3);
    assert!(
        facts["configuration"]["shown"]
            .as_str()
            .unwrap()
            .contains("[server]")
    );
    // Nothing that opens something, and nobody's data.
    let shown = String::from_utf8(text.clone()).unwrap();
    let keys = std::fs::read_to_string(&desk.house.config.keys.file).unwrap();
    let secrets = keys.split('"').filter(|part| part.len() > 40);
    for secret in secrets.chain([&*desk.house.login_address]) {
        assert!(!shown.contains(secret));
    }

    // With nothing of ours: the published keys, and any library.
    let seal = std::fs::read_to_string(format!("{file}.jws")).unwrap();
    let keys = reqwest::get(desk.house.url("/oauth2/jwks")).await.unwrap();
    let keys: JwkSet = keys.json().await.unwrap();
    let header = jsonwebtoken::decode_header(&seal).unwrap();
    assert_eq!(header.typ.as_deref(), Some("evidence+jwt"));
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.set_required_spec_claims(&["iss"]);
    rules.set_issuer(&[&desk.house.issuer]);
    rules.validate_exp = false;
    let key = DecodingKey::from_jwk(key).unwrap();
    let claims = jsonwebtoken::decode::<Value>(&seal, &key, &rules)
        .unwrap()
        .claims;
    assert_eq!(claims["sha256"], Digest::of(&text).to_base64url());

    let store = &desk.house.house.services.store;
    let taken = store.read(|tx| tx.events_of_kind(EventKind::EventsRead, 9));
    let taken = taken.await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].detail["sha256"], claims["sha256"]);
    desk.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_11_what_was_changed_since_is_found() {
    let desk = Desk::open().await;
    let (file, check) = (desk.path("evidence.json"), "check-snapshot");
    let take = ["incident", "snapshot", &file, "--reason", "drill"];
    desk.run(&take);
    assert!(desk.refused(&take).is_some(), "it overwrites nothing");
    desk.run(&["incident", check, &file]);
    // Cleaning up afterwards changes nothing about it.
    desk.run(&["incident", "epoch", "token", "--all", "--reason", "drill"]);
    desk.run(&["incident", check, &file]);

    // A letter of the file, or a seal of another one.
    let (text, copy) = (
        std::fs::read_to_string(&file).unwrap(),
        desk.path("copy.json"),
    );
    std::fs::write(&copy, text.replace("drill", "dr1ll")).unwrap();
    std::fs::copy(format!("{file}.jws"), format!("{copy}.jws")).unwrap();
    let told = desk.refused(&["incident", check, &copy]).unwrap();
    assert!(told.contains("was changed"), "{told}");

    // A row of the record, by somebody who may write to the database.
    if on_production_stack() {
        let change = "update events set detail = '{\"command\":\"nothing\"}' \
                      where id = (select id from events order by at limit 1)";
        let url = desk.house.database_url();
        let done = Command::new("psql").args([&*url, "-qc", change]).status();
        assert!(done.unwrap().success());
        let told = desk.refused(&["incident", check, &file]).unwrap();
        assert!(told.contains("is not what it was"), "{told}");
    }
    desk.house.close().await;
}
