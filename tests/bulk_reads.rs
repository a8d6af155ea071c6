//! Budgets for reading the data of many people (INC-10): one for all nodes, and the record names every row.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;

use reqwest::StatusCode;
use sekisho_model::{EmailAddress, Entropy, Event, EventKind, OsEntropy, Outcome};
use sekisho_provider::detection::{Reading, ReadingWay};
use sekisho_server::wiring::{House, Surroundings, services};
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::support::wait;
use crate::token_exchange::introspected;
use crate::tokens::{App, body};

/// Makes people who need no code; answers their addresses.
async fn people(house: &TestHouse, count: usize) -> Vec<String> {
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = ["--config", file.to_str().unwrap()];
    let all: Vec<String> = (0..count).map(|n| format!("p{n}@example.jp")).collect();
    for address in &all {
        let words = ["user", "create", "--email", address, "--password-stdin"];
        let _made = Process::run(&[&words[..], &config].concat(), PASSWORD);
    }
    let store = &house.house.services.store;
    let freed = store.write(|tx| {
        for user in tx.list_users(None, 100)? {
            tx.set_second_step(user.id, false)?;
        }
        Ok(())
    });
    freed.await.unwrap();
    all
}

async fn access_token(house: &TestHouse, app: &App, email: &str) -> String {
    let browser = Browser::new(house);
    let to_login = browser.get(&request(&app.id, &[])).await;
    let login = browser.get(to_login.location()).await;
    let csrf = login.hidden("csrf");
    let form = [("csrf", &*csrf), ("email", email), ("password", PASSWORD)];
    let answer = browser.post("/login", &form).await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn bulk_reads(house: &TestHouse) -> Vec<Event> {
    let store = &house.house.services.store;
    let read = store.read(|tx| tx.events_of_kind(EventKind::BulkRead, 100));
    read.await.unwrap()
}

fn rows(events: &[Event]) -> BTreeSet<String> {
    let lists = events
        .iter()
        .filter_map(|event| event.detail.get("rows")?.as_array());
    let ids = lists.flatten().map(|id| id.as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_all_nodes_count_together_whose_data_an_app_reads() {
    let house = TestHouse::open_on_production(|config| config.guard.userinfo_people_hour = 3).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let mut tokens = Vec::new();
    for address in people(&house, 4).await {
        tokens.push(access_token(&house, &app, &address).await);
    }
    let surroundings = Surroundings {
        clock: Arc::<sekisho_model::ManualClock>::clone(&house.clock),
        entropy: Arc::<OsEntropy>::new(OsEntropy::new()) as Arc<dyn Entropy>,
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = format!("http://{}/oauth2/userinfo", listener.local_addr().unwrap());
    let node = services(&house.config, surroundings).await.unwrap();
    let node = House::open(&house.config, node, listener, None).unwrap();
    let host = house.issuer.strip_prefix("http://").unwrap().to_owned();
    let there = async |token: &str| {
        let asked = app
            .http
            .get(&second)
            .header("host", &host)
            .bearer_auth(token);
        asked.send().await.unwrap().status()
    };

    assert_eq!(app.userinfo(&tokens[0]).await, StatusCode::OK);
    assert_eq!(app.userinfo(&tokens[1]).await, StatusCode::OK);
    assert_eq!(there(&tokens[2]).await, StatusCode::OK);
    assert_eq!(
        there(&tokens[2]).await,
        StatusCode::OK,
        "as often as it likes"
    );
    let over = app.userinfo(&tokens[3]).await;
    assert_eq!(over, StatusCode::SERVICE_UNAVAILABLE, "the fourth, here");
    assert_eq!(there(&tokens[3]).await, over, "and there");
    assert_eq!(app.userinfo(&tokens[0]).await, StatusCode::OK);
    assert_eq!(app.userinfo(&tokens[2]).await, over, "not read about here");
    let events = wait::until("what was read to be recorded", async || {
        let events = bulk_reads(&house).await;
        (rows(&events).len() >= 3).then_some(events)
    })
    .await;
    let blocked = events
        .iter()
        .filter(|event| event.outcome == Outcome::Blocked);
    assert_eq!(blocked.count(), 2, "each node says so once");
    assert!(events.iter().all(|event| {
        event
            .client_id
            .as_ref()
            .is_some_and(|id| id.as_str() == app.id)
    }));
    assert_eq!(rows(&events).len(), 3, "and never whom it was refused");

    node.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_every_account_that_left_by_a_file_stands_in_the_record() {
    let house = TestHouse::open().await;
    let _people = people(&house, 47).await;
    let config = house.folder.path().join("config.toml");
    let out = house.folder.path().join("out.jsonl");
    let words = [
        "user",
        "export",
        "--out",
        out.to_str().unwrap(),
        "--config",
        config.to_str().unwrap(),
    ];
    let _done = Process::run(&words, "");
    let events = bulk_reads(&house).await;
    let store = &house.house.services.store;
    let all = store.read(|tx| tx.list_users(None, 100)).await.unwrap();
    let all: BTreeSet<String> = all.iter().map(|user| user.id.to_string()).collect();
    assert_eq!((rows(&events), all.len()), (all, 48));
    let longest = events
        .iter()
        .map(|event| event.detail.to_string().len())
        .max();
    assert!(longest.unwrap() <= 2_048, "an event holds 2 KiB");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_whom_an_app_asks_about_by_introspection_is_counted_and_told_and_goes_on() {
    let house = TestHouse::open_with(|config| config.guard.userinfo_people_hour = 2).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let mut tokens = Vec::new();
    for address in people(&house, 4).await {
        tokens.push(access_token(&house, &app, &address).await);
    }
    for token in &tokens {
        for _ in 0..2 {
            let answer = introspected(&house, &app, token).await;
            assert_eq!(answer["active"], true, "{answer}");
        }
    }
    let events = wait::until("word of the reads", async || {
        let events = bulk_reads(&house).await;
        (rows(&events).len() >= 2).then_some(events)
    })
    .await;
    let told: Vec<&Event> = events
        .iter()
        .filter(|event| event.outcome == Outcome::Blocked)
        .collect();
    let [told] = &told[..] else {
        panic!("{events:?}");
    };
    assert_eq!(told.detail["what"], "introspection");
    assert_eq!(told.client_id.as_ref().unwrap().as_str(), app.id);
    assert_eq!(
        app.userinfo(&tokens[3]).await,
        StatusCode::OK,
        "another budget"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_a_canary_among_rows_that_are_handed_out_names_who_read_it() {
    let house = TestHouse::open().await;
    let provider = &house.house.services.provider;
    let canary = house.login_address.replace("haruka-", "mizuno-");
    let address = EmailAddress::parse(&canary).unwrap();
    let made = provider.add_canary(address, "backup-2026-11").await;
    let _id = made.unwrap().unwrap();
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = ["--config", file.to_str().unwrap()];
    let run = |words: &[&str]| Process::run(&[words, &config].concat(), "");
    let out = house.folder.path().join("out.jsonl");
    run(&["user", "list", "--operator", "mei"]);
    run(&["user", "show", &canary, "--operator", "ren"]);
    run(&["user", "show", &house.login_address, "--operator", "sora"]);
    run(&[
        "user",
        "export",
        "--out",
        out.to_str().unwrap(),
        "--operator",
        "yui",
    ]);
    let touched = async || {
        provider.keep_watch().await.unwrap();
        let store = &house.house.services.store;
        let read = store.read(|tx| tx.events_of_kind(EventKind::CanaryTouched, 100));
        let touched = read.await.unwrap();
        let text = |event: &Event, name: &str| event.detail[name].as_str().unwrap().to_owned();
        let told = |event: &Event| (text(event, "how"), text(event, "reader"));
        touched.iter().map(told).collect::<BTreeSet<_>>()
    };
    // The commands tell the time by the clock of this machine.
    house.advance(std::time::Duration::from_mins(1)).await;
    let line = |how: &str, reader: &str| (how.to_owned(), reader.to_owned());
    assert_eq!(
        touched().await,
        BTreeSet::from([
            line("exported", "yui"),
            line("shown to an operator", "mei"),
            line("shown to an operator", "ren"),
        ])
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_what_operators_read_in_a_day_is_cut_and_goes_on_for_a_reason_that_is_told() {
    let house = TestHouse::open().await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let budgets =
        "[guard]\nexported_accounts_day = 1\nshown_accounts_day = 2\nread_events_day = 5\n";
    let text = std::fs::read_to_string(&file).unwrap() + budgets;
    std::fs::write(&file, text).unwrap();
    let out = house.folder.path().join("out.jsonl");
    let out = out.to_str().unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let address = house.login_address.clone();
    for (words, setting, times) in [
        (&["user", "show", &address][..], "shown_accounts_day", 1),
        (&["user", "list", "--limit", "1"], "shown_accounts_day", 1),
        (
            &["user", "export", "--out", out],
            "exported_accounts_day",
            1,
        ),
        (
            &["events", "--from", "2000-01-01", "--kind", "user_created"],
            "read_events_day",
            5,
        ),
    ] {
        for _ in 0..times {
            Process::run(&[words, &config].concat(), "");
        }
        let _gone = std::fs::remove_file(out);
        if setting == "shown_accounts_day" && words[1] == "show" {
            continue;
        }
        let refused = Process::refused(&[words, &config].concat(), "").expect(setting);
        assert!(refused.contains(setting), "{refused}");
        assert!(refused.contains("--beyond-budget"), "{refused}");
        assert!(!std::path::Path::new(out).exists(), "nothing half-done");
        let why = ["--beyond-budget", "we move out"];
        Process::run(&[words, &why, &config].concat(), "");
        let alerts = house
            .house
            .services
            .provider
            .operator_alerts(9)
            .await
            .unwrap();
        let told = alerts
            .0
            .iter()
            .filter(|one| one.event.detail["beyond"] == "we move out");
        assert!(told.count() > 0, "{setting}: {:?}", alerts.0);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_10_exports_at_the_same_moment_share_one_budget() {
    let house = TestHouse::open_with(|config| config.guard.exported_accounts_day = 3).await;
    let asked = (0..12).map(|_| {
        let (provider, user) = (Arc::clone(&house.house.services.provider), house.user);
        tokio::spawn(async move {
            let reading = Reading {
                way: ReadingWay::Export,
                reader: "mei",
                beyond: None,
            };
            provider.count_reading(reading, &[user]).await.is_ok()
        })
    });
    let mut passed = 0;
    for one in asked.collect::<Vec<_>>() {
        passed += usize::from(one.await.unwrap());
    }
    assert_eq!(passed, 3);
    house.close().await;
}
