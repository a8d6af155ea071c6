//! Telling people about an incident, from the command line to the mail and the page that proves it real.

use std::fmt::Write as _;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::processes::Process;
use crate::support::wait;

const FACTS: [(&str, &str, &str); 8] = [
    (
        "summary",
        "ログイン情報の盗難",
        "a theft of <b>sign-in</b> data",
    ),
    ("what", "控えが写し取られました", "A backup was copied"),
    ("items", "アドレス", "Addresses"),
    ("cause", "委託先の鍵", "A key of a supplier"),
    ("harm", "確かめられていません", "None known"),
    ("done", "再設定を必須にしました", "Asked for new passwords"),
    ("contact", "03-0000-0000", "03-0000-0000"),
    ("hours", "9時から18時", "9 to 18"),
];

struct Desk {
    house: TestHouse,
    config: String,
    facts: String,
}

impl Desk {
    async fn open() -> Self {
        let house = TestHouse::open().await;
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        let mut text = "happened = \"2026-11-20\"\n".to_owned();
        for (language, of) in [("ja", 1), ("en", 2)] {
            writeln!(text, "[{language}]").unwrap();
            for (name, ja, en) in FACTS {
                writeln!(text, "{name} = '{}'", if of == 1 { ja } else { en }).unwrap();
            }
        }
        let facts = house.folder.path().join("facts.toml");
        std::fs::write(&facts, text).unwrap();
        Self {
            config: file.to_str().unwrap().to_owned(),
            facts: facts.to_str().unwrap().to_owned(),
            house,
        }
    }

    /// Brings people in, each with a Japanese account.
    fn bring(&self, addresses: &[String]) {
        let mut lines = String::new();
        for address in addresses {
            let person = json!({"email": address, "email_verified": true, "locale": "ja", "claims": {"name": "山田 太郎"}});
            writeln!(lines, "{person}").unwrap();
        }
        let file = self.house.folder.path().join("people.jsonl");
        std::fs::write(&file, lines).unwrap();
        let arguments = ["import", file.to_str().unwrap(), "--tag", "old-portal"];
        Process::run(
            &[&["user"], &arguments[..], &["--config", &self.config]].concat(),
            "",
        );
    }

    fn incident(&self, arguments: &[&str]) -> String {
        let config = ["--config", &self.config];
        Process::run(&[&["incident"], arguments, &config].concat(), "")
    }

    fn notices(&self) -> Value {
        let shown = self.incident(&["notices", "--output", "json"]);
        serde_json::from_str(&shown).unwrap()
    }

    /// Waits until everyone was told.
    async fn through(&self) -> Value {
        wait::until("everyone was told", async || {
            let newest = self.notices()[0].clone();
            (newest["state"] == "done").then_some(newest)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_12_everyone_concerned_is_told_at_every_address_in_their_language() {
    let desk = Desk::open().await;
    let house = &desk.house;
    let taro = format!("taro-{}", house.login_address);
    desk.bring(std::slice::from_ref(&taro));
    desk.incident(&["notice", "--all", "--file", &desk.facts]);
    let told = desk.through().await;
    assert_eq!(
        (&told["told"], &told["who"]),
        (&json!(2), &json!("everyone"))
    );
    let subject = "Important: a security notice";
    for address in [&house.login_address, &house.code_address] {
        let letter = house.told(address, subject).await;
        for words in [
            "A backup was copied",
            "20 Nov 2026",
            "/notice",
            "03-0000-0000",
        ] {
            assert!(letter.contains(words), "{words}: {letter}");
        }
        assert!(!letter.contains("http"), "no link: {letter}");
    }
    let letter = wait::until("the Japanese letter", async || {
        house.letters_to(&taro).into_iter().next()
    })
    .await;
    if house.house.services.catcher.is_some() {
        assert!(letter.contains("山田 太郎 さん"), "{letter}");
        assert!(letter.contains("控えが写し取られました"), "{letter}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_12_the_page_shows_what_was_told_and_nothing_before() {
    let desk = Desk::open().await;
    let browser = Browser::new(&desk.house);
    let page = browser.get("/notice?ui_locales=en").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.words().contains("There has been no notice"));
    let counted = desk.incident(&[
        "notice",
        "--all",
        "--file",
        &desk.facts,
        "--dry-run",
        "--output",
        "json",
    ]);
    assert_eq!(
        serde_json::from_str::<Value>(&counted).unwrap()["people"],
        1
    );
    assert_eq!(desk.notices(), json!([]), "a dry run tells nobody");
    desk.incident(&[
        "notice",
        "--made-before",
        "2001-01-01",
        "--file",
        &desk.facts,
    ]);
    assert_eq!(desk.through().await["told"], 0);
    let page = browser.get("/notice").await;
    assert!(
        page.words().contains("A backup was copied"),
        "{}",
        page.text
    );
    assert!(page.text.contains("&#60;b&#62;sign-in") || page.text.contains("&lt;b&gt;sign-in"));
    assert!(desk.house.letters_to(&desk.house.login_address).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_12_a_file_that_says_too_little_tells_nobody() {
    let desk = Desk::open().await;
    let text = std::fs::read_to_string(&desk.facts).unwrap();
    for (part, instead, why) in [
        ("cause = 'A key of a supplier'", "", "cause"),
        (
            "harm = 'None known'",
            "harm = ''",
            "en.harm: use 1 to 400 characters",
        ),
        ("2026-11-20", "yesterday", "happened"),
        (
            "summary = 'a theft",
            "extra = 'x'\nsummary = 'a theft",
            "extra",
        ),
    ] {
        assert!(text.contains(part));
        std::fs::write(&desk.facts, text.replace(part, instead)).unwrap();
        let arguments = [
            "incident",
            "notice",
            "--all",
            "--file",
            &desk.facts,
            "--config",
            &desk.config,
        ];
        let refused = Process::refused(&arguments, "").unwrap();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(desk.notices(), json!([]));
}
