//! The run-book, typed as it stands in the guide, with a look at what it promises (INC-14).

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::tokens::{App, body};

const GUIDE: &str = include_str!("../docs/guides/run-book.md");

/// A house on a bad day: somebody is signed in, and two apps hold tokens.
struct Day {
    house: TestHouse,
    app: App,
    other: App,
    browser: Browser,
    access: String,
    refresh: String,
    of_other: String,
    kid: String,
    config: String,
}

impl Day {
    async fn begin() -> Self {
        let house = TestHouse::open().await;
        let app = App::of(&house, json!({"skip_consent": true})).await;
        let other = App::of(&house, json!({"skip_consent": true})).await;
        let browser = Browser::new(&house);
        let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
        let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
        let again = browser.get(&request(&other.id, &[])).await;
        let others = body(other.redeem(&again.answer("code").unwrap()).await).await;
        let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
        let access = text(&tokens, "access_token");
        let header = jsonwebtoken::decode_header(&access).unwrap();
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        Self {
            refresh: text(&tokens, "refresh_token"),
            of_other: text(&others, "refresh_token"),
            kid: header.kid.unwrap(),
            config: file.to_str().unwrap().to_owned(),
            access,
            house,
            app,
            other,
            browser,
        }
    }

    /// Types every command of a section of the guide, in its order.
    async fn type_all(&self, section: &str) {
        let guide = format!("\n{GUIDE}");
        let (_, rest) = guide.split_once(&format!("\n{section}\n")).expect(section);
        let text = rest.split("\n## ").next().unwrap();
        let commands: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("$ sekisho "))
            .collect();
        assert!(commands.len() > 1, "{section} has commands");
        for command in commands {
            let words: Vec<String> = command
                .split(' ')
                .map(|word| self.in_place_of(word))
                .collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let _told = Process::run(&words, "");
        }
        // The clock of this house stood still while commands ran by that of the machine.
        self.house.advance(Duration::from_mins(1)).await;
    }

    fn in_place_of(&self, word: &str) -> String {
        let here = |name: &str| {
            let path = self.house.folder.path().join(name);
            path.to_str().unwrap().to_owned()
        };
        match word {
            "config.toml" => self.config.clone(),
            "demo-app" => self.app.id.clone(),
            "KID" => self.kid.clone(),
            "facts.toml" | "evidence.json" => here(word),
            other => other.to_owned(),
        }
    }

    async fn kids(&self) -> String {
        let keys = reqwest::get(self.house.url("/oauth2/jwks")).await.unwrap();
        keys.text().await.unwrap()
    }

    /// Whether the access token opens something, and what comes of the refresh tokens of both apps.
    async fn held(&self) -> (StatusCode, StatusCode, StatusCode) {
        (
            self.app.userinfo(&self.access).await,
            self.app.refresh(&self.refresh).await.status(),
            self.other.refresh(&self.of_other).await.status(),
        )
    }

    async fn is_signed_in(&self) -> bool {
        self.browser.get("/account").await.status == StatusCode::OK
    }

    /// Where the right password and the code lead now.
    async fn sign_in(&self) -> String {
        let start = request(&self.other.id, &[("prompt", "login")]);
        let page = Browser::new(&self.house).sign_in(&self.house, &start).await;
        page.location().to_owned()
    }
}

const VOID: StatusCode = StatusCode::BAD_REQUEST;
const CLOSED: StatusCode = StatusCode::UNAUTHORIZED;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_14_drill_evidence_comes_first() {
    let day = Day::begin().await;
    day.type_all("# The run-book").await;
    assert!(day.house.folder.path().join("evidence.json.jws").exists());
    assert_eq!(
        day.held().await,
        (StatusCode::OK, StatusCode::OK, StatusCode::OK)
    );
    day.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_14_drill_the_password_table_leaked() {
    let day = Day::begin().await;
    let mut facts = "happened = \"2026-11-20\"\n".to_owned();
    for language in ["ja", "en"] {
        writeln!(facts, "[{language}]").unwrap();
        for name in [
            "summary", "what", "items", "cause", "harm", "done", "contact", "hours",
        ] {
            writeln!(facts, "{name} = 'the {name} in {language}'").unwrap();
        }
    }
    std::fs::write(day.house.folder.path().join("facts.toml"), facts).unwrap();
    let keys = || std::fs::read_to_string(&day.house.config.keys.file).unwrap();
    let before = keys();
    day.type_all("## The password table leaked").await;
    assert_ne!(keys(), before, "a new key-encryption key");
    assert_eq!(day.held().await, (CLOSED, VOID, VOID));
    assert!(!day.is_signed_in().await);
    let to = day.sign_in().await;
    assert!(to.starts_with("/login/new-password"), "{to}");
    let provider = &day.house.house.services.provider;
    assert_eq!(provider.level_in_force().level.number(), 1);
    day.house
        .told(&day.house.login_address, "security notice")
        .await;
    day.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_14_drill_a_signing_key_leaked() {
    let day = Day::begin().await;
    assert!(day.kids().await.contains(&day.kid));
    day.type_all("## A signing key leaked").await;
    assert!(!day.kids().await.contains(&day.kid), "it is not published");
    assert_eq!(day.held().await, (CLOSED, VOID, VOID));
    assert!(day.is_signed_in().await, "sessions are not made with it");
    let again = day.browser.get(&request(&day.app.id, &[])).await;
    let tokens = body(day.app.redeem(&again.answer("code").unwrap()).await).await;
    let access = tokens["access_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(access).unwrap();
    assert_ne!(header.kid.unwrap(), day.kid);
    assert_eq!(day.app.userinfo(access).await, StatusCode::OK);
    day.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_14_drill_somebody_ran_code_on_the_server() {
    let day = Day::begin().await;
    day.type_all("## Somebody ran code on the server").await;
    // Open again, and nothing from before opens anything.
    let provider = &day.house.house.services.provider;
    assert_eq!(provider.level_in_force().level.number(), 0);
    let (access, refresh, other) = day.held().await;
    assert_eq!((access, other), (CLOSED, VOID));
    assert_eq!(refresh, CLOSED, "the old secret does not count");
    assert!(!day.is_signed_in().await);
    assert!(!day.kids().await.contains(&day.kid));
    let to = day.sign_in().await;
    assert!(to.starts_with("/login/new-password"), "{to}");
    day.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_14_drill_the_mail_provider_was_broken_into() {
    let day = Day::begin().await;
    let stranger = Browser::new(&day.house);
    let page = stranger.get("/password/forgot").await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &*day.house.login_address),
    ];
    let _asked = stranger.post("/password/forgot", &form).await;
    day.type_all("## The mail provider was broken into").await;
    let waits = StatusCode::SERVICE_UNAVAILABLE;
    for path in [
        "/password/forgot",
        "/password/reset/sks_mailed",
        "/register",
    ] {
        assert_eq!(stranger.get(path).await.status, waits, "{path}");
    }
    assert!(!day.is_signed_in().await);
    // The mailbox alone opens nothing; owner and password do.
    let to = day.sign_in().await;
    assert!(to.starts_with("https://app.example/cb"), "{to}");
    let wrong = Browser::new(&day.house);
    let start = request(&day.app.id, &[]);
    let login = wrong.get(wrong.get(&start).await.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*day.house.login_address),
        ("password", "not-the-password-1"),
    ];
    assert_ne!(form[2].1, PASSWORD);
    let page = wrong.post_once("/login", &form).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    day.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_14_drill_one_app_is_malicious() {
    let day = Day::begin().await;
    day.type_all("## One app is malicious").await;
    let (access, _, other) = day.held().await;
    assert_eq!(access, CLOSED);
    assert_eq!(other, StatusCode::OK, "other apps notice nothing");
    let refresh = day.app.refresh(&day.refresh).await.status();
    assert_eq!(refresh, CLOSED, "its secret does not count");
    let asked = day.browser.get(&request(&day.app.id, &[])).await;
    assert_eq!(asked.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(day.is_signed_in().await);
    day.house.close().await;
}
