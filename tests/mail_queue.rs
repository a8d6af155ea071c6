//! The queue of letters as the command line shows it.

use sekisho_model::{LetterId, LetterKind, OsEntropy, Sealed};
use sekisho_store::{LetterState, OutboxLetter};
use serde_json::Value;

use crate::support::house::TestHouse;
use crate::support::processes::Process;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_read_a_page_at_a_time() {
    let house = TestHouse::open().await;
    let now = house.now();
    let letters = [(); 3].map(|()| OutboxLetter {
        id: LetterId::new(now, &OsEntropy::new()),
        kind: LetterKind::SignInAlert,
        sealed: Sealed::from_bytes(Vec::new()),
        created_at: now,
        not_after: None,
        attempts: 1,
        next_attempt_at: now + std::time::Duration::from_hours(999),
        state: LetterState::Waiting,
        last_error: Some("451 later".to_owned()),
        lane: String::new(),
    });
    let mut expected = letters.each_ref().map(|letter| letter.id.to_string());
    expected.sort_by(|one, other| other.cmp(one));
    let post =
        move |tx: &mut sekisho_store::Tx<'_>| letters.iter().try_for_each(|letter| tx.post(letter));
    house.house.services.store.write(post).await.unwrap();
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let file = file.to_str().unwrap();
    let page = |more: &[&str]| -> Vec<Value> {
        let words = ["mail", "queue", "--output", "json", "--config", file];
        let printed = Process::run(&[&words, more].concat(), "");
        serde_json::from_str(&printed).unwrap()
    };
    let ids = |page: &[Value]| -> Vec<String> {
        let ids = page
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned());
        ids.collect()
    };
    assert_eq!(ids(&page(&[])), expected);
    let first = page(&["--limit", "2"]);
    assert_eq!(ids(&first), expected[..2]);
    assert_eq!(first[0]["last_error"], "451 later");
    let place = first[1]["place"].as_str().unwrap();
    assert_eq!(ids(&page(&["--after", place])), expected[2..]);
    let wrong = ["mail", "queue", "--after", "nonsense", "--config", file];
    assert!(
        Process::refused(&wrong, "")
            .unwrap()
            .contains("the place of a row")
    );
    house.close().await;
}
