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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_10_pw_11_a_leaked_password_is_refused_by_name_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let (list, filter) = (
        folder.path().join("list.txt"),
        folder.path().join("leaked.filter"),
    );
    // SHA-1 of the password of these tests, and of another one.
    std::fs::write(
        &list,
        format!("{}:12\n{}:3\n", sha1(PASSWORD), sha1("other")),
    )
    .unwrap();
    let (list, out) = (list.to_str().unwrap(), filter.to_str().unwrap());
    Process::run(&["passwords", "build-filter", list, "--out", out], "");

    let house = TestHouse::open().await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap();
    let check = |password| {
        let words = [
            "passwords",
            "check",
            "--email",
            "midori@tanpopo.jp",
            "--config",
            config,
        ];
        Process::refused(&words, password)
    };
    assert_eq!(check(PASSWORD), None, "nobody has given a list yet");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text += &format!("[password]\nbreached_filter = {out:?}\n");
    std::fs::write(&file, text).unwrap();
    let told = check(PASSWORD).unwrap();
    assert!(
        told.contains("it has appeared in a leak of passwords"),
        "{told}"
    );
    let told = check("tanpopo").unwrap();
    for reason in ["use at least 8 characters", "your address"] {
        assert!(told.contains(reason), "{told}");
    }
    assert_eq!(check("nine pelicans ate the moon"), None);
    let create = [
        "user",
        "create",
        "--email",
        "sora@example.jp",
        "--password-stdin",
        "--config",
        config,
    ];
    let told = Process::refused(&create, PASSWORD).unwrap();
    assert!(
        told.contains("it has appeared in a leak of passwords"),
        "{told}"
    );

    std::fs::write(&filter, "no filter").unwrap();
    let told = Process::refused(&["user", "list", "--config", config], "").unwrap();
    assert!(told.contains("not a whole filter"), "{told}");
    house.close().await;
}

fn sha1(text: &str) -> String {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hash.as_ref()
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
}
