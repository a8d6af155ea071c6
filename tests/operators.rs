//! What operators do at the command line beside a running server.

use serde_json::Value;

use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;

fn json(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_listed_page_by_page_and_found_by_address_or_subject() {
    let house = TestHouse::open().await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = ["--output", "json", "--config", file.to_str().unwrap()];
    let user = |arguments: &[&str], input: &str| {
        json(&Process::run(
            &[&["user"], arguments, &config].concat(),
            input,
        ))
    };
    for name in ["midori", "sora"] {
        let address = format!("{name}@example.jp");
        let made = user(
            &["create", "--email", &address, "--password-stdin"],
            PASSWORD,
        );
        let sub = made["sub"].as_str().unwrap();
        assert_eq!(user(&["show", sub], ""), made);
        assert_eq!(user(&["show", &address], ""), made);
    }

    let everyone = user(&["list"], "");
    let first = user(&["list", "--limit", "2"], "");
    let last = first[1]["id"].as_str().unwrap();
    let rest = user(&["list", "--limit", "2", "--after", last], "");
    let pages = [
        first.as_array().unwrap().as_slice(),
        rest.as_array().unwrap(),
    ]
    .concat();
    assert_eq!(everyone.as_array().unwrap(), &pages);
    assert_eq!(pages.len(), 3);
    house.close().await;
}
