//! Attempts that are stopped cannot fill the record, however many they are, and owners see theirs (THR-09, AU-01).

use std::time::Duration;

use sekisho_model::{BlockEffect, BlockTarget, Event, EventKind, Outcome};
use sekisho_provider::blocks::BlockOrder;
use sekisho_store::HistoryFilter;
use serde_json::json;

use crate::detection::Scene;
use crate::support::house::PASSWORD;
use crate::tokens::App;

impl Scene {
    async fn stopped(&self) -> Vec<Event> {
        let store = &self.house.house.services.store;
        let read = store.read(|tx| tx.events_of_kind(EventKind::SignIn, 1_000));
        let mut all = read.await.unwrap();
        all.retain(|event| event.outcome == Outcome::Blocked);
        all
    }

    async fn keep_out(&self, network: &str) {
        let order = BlockOrder {
            operator: "mei".to_owned(),
            target: BlockTarget::Network(network.parse().unwrap()),
            effect: BlockEffect::Strangers,
            reason: "by hand".to_owned(),
            until: None,
        };
        let provider = &self.house.house.services.provider;
        let event = provider.event_of_server(EventKind::BlockChanged);
        provider.order_block(order, event).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_09_a_flood_of_stopped_attempts_is_a_few_rows_and_its_owner_sees_hers() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    scene.keep_out("192.0.2.0/24").await;
    scene.keep_out("198.51.100.0/24").await;
    let mail = scene.house.login_address.clone();
    for n in 0..20 {
        let stranger = scene.from(&format!("192.0.2.{}", n + 1));
        let name = format!("nobody-{n}@example.jp");
        let page = scene.try_password(&stranger, &app, &name, "wrong-1").await;
        assert!(
            page.words().contains("connection is stopped"),
            "{}",
            page.words()
        );
        if n < 3 {
            scene.try_password(&stranger, &app, &mail, PASSWORD).await;
        }
    }
    let stopped = scene.stopped().await;
    let of_owners = stopped.iter().filter(|event| event.user_id.is_some());
    assert_eq!(
        (stopped.len(), of_owners.count()),
        (2, 1),
        "the first there, and the owner's first"
    );
    assert!(
        stopped
            .iter()
            .all(|e| e.detail["network"] == "192.0.2.0/24")
    );

    let other = scene.from("198.51.100.5");
    scene.try_password(&other, &app, &mail, PASSWORD).await;
    let user = scene.house.user;
    let filter = HistoryFilter {
        outcomes: vec![Outcome::Blocked],
        ..HistoryFilter::default()
    };
    let store = &scene.house.house.services.store;
    let read = store.read(move |tx| tx.history_of(user, &filter, None, 50));
    let history = read.await.unwrap().into_iter();
    let mut history: Vec<String> = history.map(|event| event.origin.ip).collect();
    history.sort();
    assert_eq!(
        history,
        ["192.0.2.1", "198.51.100.5"],
        "from where, each once"
    );

    scene.house.advance(Duration::from_mins(11)).await;
    scene.watched().await;
    let stopped = scene.stopped().await;
    let [told] = &stopped
        .iter()
        .filter(|e| e.detail["count"].is_u64())
        .collect::<Vec<_>>()[..]
    else {
        panic!("{stopped:?}");
    };
    assert_eq!(told.user_id, None);
    assert_eq!(told.detail["network"], "192.0.2.0/24");
    assert_eq!(
        (&told.detail["count"], &told.detail["names"]),
        (&json!(21), &json!(20))
    );
    let words = ["events", "--kind", "sign_in", "--until", "2100-01-01"];
    assert!(
        scene.run(&words).contains("\"names\":20"),
        "operators see it"
    );

    let stranger = scene.from("192.0.2.9");
    scene
        .try_password(&stranger, &app, "x@example.jp", "wrong-1")
        .await;
    assert_eq!(
        scene.stopped().await.len(),
        5,
        "the next is told at once again"
    );
}
