//! What operators are told by themselves, by mail and by webhook (AU-10, INC-05).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_model::EventKind;
use serde_json::Value;

use crate::support::app_server::{AppServer, Seen};
use crate::support::house::TestHouse;
use crate::support::processes::Process;
use crate::support::wait;

const KEY: &[u8] = b"twenty-four bytes at least";
const GATHER: Duration = Duration::from_secs(600);

struct Scene {
    house: TestHouse,
    operators: AppServer,
    config: String,
    mailbox: String,
    _keys: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Self {
        let operators = AppServer::start().await;
        let url = operators.url("/hook");
        let host = operators.base.strip_prefix("http://").unwrap().to_owned();
        let keys = tempfile::tempdir().unwrap();
        let key_file = keys.path().join("key");
        std::fs::write(&key_file, format!("whsec_{}\n", STANDARD.encode(KEY))).unwrap();
        let mut mailbox = String::new();
        let house = TestHouse::open_with(|config| {
            let tag = config.session.prefix.trim_start_matches("e2e-");
            mailbox = format!("haruka-{tag}@operators.example");
            config.alerts.mail = vec![mailbox.clone()];
            config.alerts.language = sekisho_model::Locale::En;
            config.outbound.allow = vec![host];
            config.alerts.webhooks = vec![sekisho_server::config::WebhookFile {
                name: "duty".to_owned(),
                url,
                key_file,
            }];
        })
        .await;
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        let config = file.to_str().unwrap().to_owned();
        Self {
            house,
            operators,
            config,
            mailbox,
            _keys: keys,
        }
    }

    fn run(&self, words: &[&str]) -> String {
        Process::run(
            &[&["incident"], words, &["--config", &self.config]].concat(),
            "",
        )
    }

    async fn posts(&self, count: usize) -> Vec<Seen> {
        wait::until("the webhook", async || {
            let seen = self.operators.seen("/hook");
            (seen.len() >= count).then_some(seen)
        })
        .await
    }

    fn switch(&self, position: &str) {
        let words = ["switch", "device_flow", position, "--reason", "a drill"];
        self.run(&words);
    }
}

fn verified(seen: &Seen) -> Value {
    let header = |name| seen.header(name).unwrap();
    let (id, sent) = (header("webhook-id"), header("webhook-timestamp"));
    let signed = format!("{id}.{sent}.{}", seen.body);
    let mac = sekisho_model::Digest::hmac(KEY, signed.as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.as_bytes()));
    assert_eq!(header("webhook-signature"), expected);
    assert_eq!(seen.content_type, "application/json");
    serde_json::from_str(&seen.body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_05_operators_hear_of_a_level_by_mail_and_by_a_signed_webhook() {
    let scene = Scene::open().await;
    let order = [
        "level",
        "3",
        "--reason",
        "stolen-backup",
        "--operator",
        "haruka",
    ];
    scene.run(&order);
    let posts = scene.posts(1).await;
    let message = verified(&posts[0]);
    assert_eq!(message["type"], "sekisho.gate");
    assert_eq!(message["data"]["severity"], "critical");
    assert_eq!(message["data"]["count"], 1);
    let event = &message["data"]["events"][0];
    assert_eq!(event["kind"], "level_changed");
    assert_eq!(event["detail"]["operator"], "haruka");
    let mail = scene.house.told(&scene.mailbox, "[critical]").await;
    assert!(mail.contains("The gate level was changed"), "{mail}");
    assert!(mail.contains("operator=haruka"), "{mail}");
    // What was posted is noted after its answer.
    wait::until("the delivery to be noted", async || {
        let listed = scene.run(&["alerts", "--output", "json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(listed["alerts"][0]["topic"], "gate");
        (listed["webhooks"][0]["state"] == "done").then_some(())
    })
    .await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn au_10_more_of_the_same_is_gathered_and_another_topic_is_not_kept_waiting() {
    let scene = Scene::open().await;
    scene.switch("off");
    scene.posts(1).await;
    scene.switch("on");
    scene.switch("off");
    scene.run(&["test-alert"]);
    let posts = scene.posts(2).await;
    assert_eq!(verified(&posts[1])["type"], "sekisho.test");
    assert_eq!(posts.len(), 2, "the switches are gathered");
    scene.house.advance(GATHER + Duration::from_secs(1)).await;
    let posts = scene.posts(3).await;
    let message = verified(&posts[2]);
    assert_eq!(message["type"], "sekisho.feature");
    assert_eq!(message["data"]["count"], 2);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn au_10_a_webhook_that_fails_is_tried_again_under_the_same_id() {
    let scene = Scene::open().await;
    scene.operators.answer_posts(&[503, 500]);
    scene.run(&["test-alert"]);
    scene.posts(1).await;
    for (status, seconds, count) in [(503, 6, 2), (500, 31, 3)] {
        wait::until("the failure to be noted", async || {
            let store = &scene.house.house.services.store;
            let all = store.read(|tx| tx.webhook_deliveries(5)).await.unwrap();
            let noted = all[0].attempts + 1 == count && all[0].last_status == Some(status);
            noted.then_some(())
        })
        .await;
        scene.house.advance(Duration::from_secs(seconds)).await;
        scene.posts(usize::try_from(count).unwrap()).await;
    }
    let posts = scene.operators.seen("/hook");
    assert_eq!(posts.len(), 3);
    let ids: Vec<_> = posts.iter().map(|seen| seen.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    posts.iter().for_each(|seen| drop(verified(seen)));
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_27_operators_are_told_once_an_hour_while_mail_is_not_taken() {
    let scene = Scene::open().await;
    let house = &scene.house;
    let provider = &house.house.services.provider;
    let refused = async |numbers: std::ops::Range<u64>| {
        let now = house.now();
        let work = move |tx: &mut sekisho_store::Tx<'_>| {
            for number in numbers.clone() {
                let entropy = sekisho_model::SeededEntropy::new(number);
                let letter = sekisho_store::OutboxLetter {
                    id: sekisho_model::LetterId::new(now, &entropy),
                    kind: sekisho_model::LetterKind::Test,
                    sealed: sekisho_model::Sealed::from_bytes(vec![0; 8]),
                    created_at: now,
                    not_after: None,
                    attempts: 1,
                    next_attempt_at: now,
                    state: sekisho_store::LetterState::Dead,
                    last_error: Some("550 no".to_owned()),
                    lane: String::new(),
                };
                tx.post(&letter)?;
            }
            Ok(())
        };
        house.house.services.store.write(work).await.unwrap();
    };
    // The house looks once a minute by itself as well.
    let told = async || {
        provider.look_at_mail().await.unwrap();
        let read = |tx: &mut sekisho_store::Tx<'_>| tx.events_of_kind(EventKind::MailFailing, 9);
        house.house.services.store.read(read).await.unwrap().len()
    };
    refused(0..2).await;
    assert_eq!(told().await, 0, "two are nobody's trouble");
    refused(2..5).await;
    assert_eq!((told().await, told().await), (1, 1));
    let seen = scene.posts(1).await;
    let message = verified(&seen[0]);
    assert_eq!(message["type"], "sekisho.mail", "{message}");
    assert_eq!(message["data"]["severity"], "critical");
    assert_eq!(message["data"]["events"][0]["detail"]["refused"], 5);
    house
        .told(&scene.mailbox, "Mail is not getting through")
        .await;
    house.advance(Duration::from_secs(3601)).await;
    assert_eq!(told().await, 1, "it is over");
    refused(5..8).await;
    assert_eq!(told().await, 2, "and begins again");
    scene.house.close().await;
}
