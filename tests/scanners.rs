//! Scanners are kept out; people whom a page makes send such requests, and their neighbours, are not (THR-15).

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::EventKind;
use serde_json::json;

use crate::authorization::request;
use crate::detection::{RULES, Scene};
use crate::tokens::App;

const PICTURE: [(&str, &str); 3] = [
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "no-cors"),
    ("sec-fetch-dest", "image"),
];

impl Scene {
    async fn scans(&self, ip: &str, headers: &[(&str, &str)], times: u32) {
        let scanner = self.from(ip);
        for n in 0..times {
            let path = format!("/.env?{n}");
            scanner.get_with(&path, headers).await;
        }
        self.watched().await;
        self.watched().await;
    }

    /// The answer to what every app asks.
    async fn keys_for(&self, ip: &str) -> StatusCode {
        self.from(ip).get("/oauth2/jwks").await.status
    }

    /// What probes did about an address.
    async fn done_about(&self, ip: &str) -> Vec<String> {
        let mut fired = self.events(EventKind::RuleFired).await;
        fired.retain(|event| event.detail["subject"] == ip);
        let told = |name: &str| fired.iter().map(|e| e.detail[name].to_string()).collect();
        told("action")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_pictures_on_a_page_of_somebody_else_keep_none_of_its_readers_out() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let (reader, scanner) = ("203.0.113.60", "192.0.2.61");
    scene.scans(reader, &PICTURE, 30).await;
    assert!(!scene.keeps_out(&app, reader).await);
    assert!(scene.done_about(reader).await.is_empty());
    let seen = scene.events(EventKind::ProbesSeen).await;
    let sum = |name: &str| -> u64 { seen.iter().flat_map(|e| e.detail[name].as_u64()).sum() };
    assert_eq!((sum("by_pages"), sum("count")), (30, 0), "{seen:?}");

    scene.scans(scanner, &[], 9).await;
    assert!(!scene.keeps_out(&app, scanner).await);
    scene.scans(scanner, &[], 1).await;
    assert!(scene.keeps_out(&app, scanner).await, "as fast as ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_a_scanner_behind_the_address_of_owners_is_slowed_and_its_neighbours_come_in() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let shared = "203.0.113.62";
    let owner = scene.from(shared);
    let answer = owner.sign_in(&scene.house, &request(&app.id, &[])).await;
    assert!(answer.answer("code").is_some());
    scene.house.advance(Duration::from_secs(1)).await;
    scene.scans(shared, &[], 12).await;
    assert_eq!(scene.done_about(shared).await, ["\"slow\""]);
    assert!(!scene.keeps_out(&app, shared).await, "a new device there");
    for _ in 0..3 {
        let (stranger, name) = (scene.from(shared), "nobody@example.jp");
        scene.try_password(&stranger, &app, name, "wrong-1").await;
    }
    assert!(scene.keeps_out(&app, shared).await, "three tries a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_thr_15_what_a_rule_does_opens_nothing_that_an_operator_closed() {
    let scene = Scene::open().await;
    let sealed = ["guard", "block", "--network", "192.0.2.0/24"];
    let how = ["--everything", "--for", "30m", "--reason", "an attack"];
    scene.run(&[&sealed[..], &how].concat());
    scene.house.house.services.provider.hear().await.unwrap();
    let (scanner, inside) = ("192.0.2.61", StatusCode::FORBIDDEN);
    assert_eq!(scene.keys_for(scanner).await, inside);
    scene.scans(scanner, &[], 12).await;
    assert!(!scene.done_about(scanner).await.is_empty(), "a rule fired");
    assert_eq!(scene.keys_for(scanner).await, inside);
    assert_eq!(scene.keys_for("198.51.100.7").await, StatusCode::OK);
    // What the rule did lasts longer than what the operator did.
    let half_an_hour = Duration::from_secs(31 * 60);
    scene.house.advance(half_an_hour).await;
    assert_eq!(scene.keys_for(scanner).await, StatusCode::OK);
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    assert!(scene.keeps_out(&app, scanner).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_a_scanner_that_says_a_page_sent_it_is_slowed_and_nobody_is_kept_out_for_it() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let liar = "203.0.113.64";
    scene.scans(liar, &PICTURE, 99).await;
    assert!(scene.done_about(liar).await.is_empty());
    scene.scans(liar, &PICTURE, 1).await;
    assert_eq!(scene.done_about(liar).await, ["\"slow\""]);
    assert!(!scene.keeps_out(&app, liar).await, "its neighbours come in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_who_signed_in_from_an_address_is_remembered_when_the_record_is_counted_anew() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let shared = "203.0.113.65";
    let owner = scene.from(shared);
    let answer = owner.sign_in(&scene.house, &request(&app.id, &[])).await;
    assert!(answer.answer("code").is_some());
    scene.watched().await;
    scene.house.advance(Duration::from_hours(5)).await;
    scene.watched().await;
    scene
        .tell_rules(&RULES.replace("attempts = 2", "attempts = 4"))
        .await;
    scene.scans(shared, &[], 12).await;
    assert_eq!(scene.done_about(shared).await, ["\"slow\""]);
}
