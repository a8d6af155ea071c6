//! Rules that are switched on, changed and taken away while an attack goes on, and what is found late because
//! nothing could be written or nobody was there (THR-15, INC-10).

use std::time::Duration;

use sekisho_model::{
    BlockEffect, BlockTarget, EmailAddress, Event, EventKind, Origin, Outcome, UserId,
};
use sekisho_provider::blocks::BlockOrder;
use sekisho_server::wiring::open_store;
use serde_json::json;

use crate::detection::{RULES, Scene};
use crate::support::databases::psql;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::wait;
use crate::tokens::App;

const SLOW: &str = r#"
[[rule]]
id = "slow-down"
kind = "credential_stuffing"
per = "address"
window = "10m"
attempts = 6
mode = "on"
action = "slow"
ttl = "1h"
reason = { ja = "試し", en = "a trial" }
"#;

impl Scene {
    /// Tries wrong passwords of names nobody has from one address, and lets time go on a little.
    async fn attack(&self, app: &App, ip: &str, names: std::ops::Range<u32>) {
        for n in names {
            let name = format!("nobody-{n}@example.jp");
            self.try_password(&self.from(ip), app, &name, "wrong-1")
                .await;
        }
        self.let_go_on().await;
    }

    /// The same from as many addresses of one network.
    async fn attack_from_all_over(&self, app: &App, network: &str, names: std::ops::Range<u32>) {
        for n in names {
            let (name, ip) = (format!("nobody-{n}@example.jp"), format!("{network}.{n}"));
            self.try_password(&self.from(&ip), app, &name, "wrong-1")
                .await;
        }
        self.let_go_on().await;
    }

    async fn let_go_on(&self) {
        self.watched().await;
        self.house.advance(Duration::from_secs(20)).await;
        self.watched().await;
    }

    /// Errs so many times at one name.
    async fn wrong(&self, app: &App, ip: &str, times: u32) {
        for _ in 0..times {
            let name = "nobody@example.jp";
            self.try_password(&self.from(ip), app, name, "wrong-1")
                .await;
        }
    }

    /// Whether strangers from there are kept out.
    pub async fn keeps_out(&self, app: &App, ip: &str) -> bool {
        let mail = self.house.login_address.clone();
        let page = self
            .try_password(&self.from(ip), app, &mail, PASSWORD)
            .await;
        let words = page.words();
        let held_up = ["Wait until", "connection is stopped"];
        held_up.iter().any(|told| words.contains(told))
    }

    async fn fired(&self, rule: &str) -> Vec<String> {
        let mut fired = self.events(EventKind::RuleFired).await;
        fired.retain(|event| event.detail["rule"] == rule);
        let told = |event: &Event| event.detail["mode"].as_str().unwrap().to_owned();
        fired.iter().rev().map(told).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_a_rule_that_is_switched_on_during_an_attack_acts_at_the_next_attempt() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let (ip, network) = ("198.51.100.99", "198.51.100");
    scene.attack_from_all_over(&app, network, 0..2).await;
    assert_eq!(scene.fired("only-watching").await, ["shadow"]);
    let on = RULES.replace("mode = \"shadow\"", "mode = \"on\"");
    scene.tell_rules(&on).await;
    assert!(!scene.keeps_out(&app, ip).await, "nothing happened since");
    scene.attack_from_all_over(&app, network, 2..3).await;
    assert_eq!(scene.fired("only-watching").await, ["shadow", "on"]);
    assert!(
        scene.keeps_out(&app, ip).await,
        "at once, not after its hour"
    );
    scene.tell_rules(&on.replace("a trial", "said anew")).await;
    assert!(scene.keeps_out(&app, ip).await, "words change nothing");
    // As a new rule, and from another network.
    let added = on.replace("only-watching", "newly-added");
    scene.attack_from_all_over(&app, "192.0.2", 0..1).await;
    scene.tell_rules(&added).await;
    scene.attack_from_all_over(&app, "192.0.2", 1..2).await;
    assert_eq!(scene.fired("newly-added").await, ["on"]);
    assert!(scene.keeps_out(&app, "192.0.2.99").await);
    assert!(!scene.keeps_out(&app, ip).await, "its rule is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_a_rule_that_is_taken_away_takes_back_what_it_did_and_nothing_else() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let rules = format!("{RULES}{SLOW}");
    scene.tell_rules(&rules).await;
    let order = BlockOrder {
        operator: "mei".to_owned(),
        target: BlockTarget::Network("203.0.113.0/24".parse().unwrap()),
        effect: BlockEffect::Strangers,
        reason: "by hand".to_owned(),
        until: None,
    };
    let provider = &scene.house.house.services.provider;
    let event = provider.event_of_server(EventKind::BlockChanged);
    provider.order_block(order, event).await.unwrap();
    let (blocked, slowed, by_hand) = ("192.0.2.77", "198.51.100.9", "203.0.113.5");
    scene.attack(&app, blocked, 0..3).await;
    scene.wrong(&app, slowed, 6).await;
    scene.watched().await;
    assert!(!scene.keeps_out(&app, slowed).await, "three in a minute");
    scene.wrong(&app, slowed, 3).await;
    assert!(scene.keeps_out(&app, slowed).await);
    assert!(scene.keeps_out(&app, blocked).await);

    // A changed rule begins anew; a shadow and a rule that is gone do nothing.
    scene
        .tell_rules(&rules.replace("attempts = 3", "attempts = 9"))
        .await;
    assert!(
        !scene.keeps_out(&app, blocked).await,
        "it takes nine by now"
    );
    scene.tell_rules(&rules).await;
    scene.attack(&app, blocked, 3..4).await;
    assert!(scene.keeps_out(&app, blocked).await, "and three again");
    let quiet = SLOW.replace("\"on\"", "\"shadow\"");
    let gone = RULES.replace("mode = \"on\"\naction", "mode = \"off\"\naction");
    scene.tell_rules(&format!("{gone}{quiet}")).await;
    assert!(!scene.keeps_out(&app, blocked).await);
    assert!(!scene.keeps_out(&app, slowed).await);
    assert!(
        scene.keeps_out(&app, by_hand).await,
        "an operator placed it"
    );
    let lifted = scene.events(EventKind::BlockChanged).await;
    let lifted = lifted.iter().filter(|e| e.detail["lifted"] == true);
    let told: Vec<&str> = lifted.flat_map(|e| e.detail["operator"].as_str()).collect();
    assert_eq!(told, ["rule:stuffing-address", "rule:stuffing-address"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_03_what_is_found_while_nothing_can_be_written_is_told_and_done_later() {
    let scene = Scene::open_on_production().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let provider = &scene.house.house.services.provider;
    let canary = scene.house.login_address.replace("haruka-", "mizuno-");
    let canary = EmailAddress::parse(&canary).unwrap();
    provider
        .add_canary(canary.clone(), "one")
        .await
        .unwrap()
        .unwrap();
    scene.watched().await;
    let hide = |from: &str, to: &str| {
        let url = scene.house.database_url();
        psql(&url, &format!("alter table {from} rename to {to}"));
    };
    hide("rule_firings", "a");
    hide("canary_touches", "b");
    let ip = "192.0.2.77";
    for name in [
        canary.to_string(),
        "x@example.jp".into(),
        "y@example.jp".into(),
    ] {
        scene
            .try_password(&scene.from(ip), &app, &name, "wrong-1")
            .await;
    }
    for _ in 0..2 {
        assert!(provider.keep_watch().await.is_err());
        scene.house.advance(Duration::from_mins(2)).await;
    }
    assert!(!scene.keeps_out(&app, ip).await);
    hide("a", "rule_firings");
    hide("b", "canary_touches");
    scene.watched().await;
    assert!(scene.keeps_out(&app, ip).await);
    assert_eq!(scene.fired("stuffing-address").await, ["on"]);
    let touched = scene.events(EventKind::CanaryTouched).await;
    assert_eq!(touched.len(), 1, "{touched:?}");
    scene.watched().await;
    assert_eq!(scene.events(EventKind::CanaryTouched).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_a_touch_that_nobody_watched_is_found_hours_later_and_told_once() {
    let house = TestHouse::open().await;
    let provider = &house.house.services.provider;
    let canary = EmailAddress::parse(&house.login_address.replace("haruka-", "mizuno-")).unwrap();
    provider.add_canary(canary, "one").await.unwrap().unwrap();
    provider.keep_watch().await.unwrap();
    let owner = house.user;
    let list = move |tx: &mut sekisho_store::Tx<'_>| tx.list_users(None, 10);
    let all = house.house.services.store.read(list).await.unwrap();
    let canary: UserId = all
        .iter()
        .map(|user| user.id)
        .find(|id| *id != owner)
        .unwrap();
    let origin = Origin {
        ip: "203.0.113.9".to_owned(),
        ..Origin::default()
    };
    let mut touch = provider.event_of_server(EventKind::SignIn);
    (touch.outcome, touch.user_id, touch.origin) = (Outcome::WrongPassword, Some(canary), origin);
    let clock = house.clock.clone();
    // As if a node had been stopped between the attempt and the next look at the record.
    let house = house
        .reopened_after(async |config| {
            let store = open_store(config).await.unwrap();
            store.write(move |tx| tx.record(&touch)).await.unwrap();
            store.close().await;
            clock.advance(Duration::from_hours(3));
        })
        .await;
    let services = &house.house.services;
    let touched = async || {
        let read = |tx: &mut sekisho_store::Tx<'_>| tx.events_of_kind(EventKind::CanaryTouched, 9);
        services.store.read(read).await.unwrap()
    };
    let found = wait::until("the touch", async || touched().await.pop()).await;
    assert_eq!(found.origin.ip, "203.0.113.9");
    let house = house.reopened().await;
    house.house.services.provider.keep_watch().await.unwrap();
    let read = |tx: &mut sekisho_store::Tx<'_>| tx.events_of_kind(EventKind::CanaryTouched, 9);
    let told = house.house.services.store.read(read).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
}
