//! Accounts of other systems: imported beside a running server, then signed in with through its pages.

use reqwest::StatusCode;
use serde_json::{Value, json};
use std::process::{Command, Stdio};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{TestHouse, variable};
use crate::support::processes::Process;
use crate::support::wait;

const BCRYPT_OF_ABC: &str = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
const MD5_OF_ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

struct Scene {
    house: TestHouse,
    app: String,
    config: String,
}

impl Scene {
    async fn open() -> Self {
        let house = TestHouse::open().await;
        let (client, _) = house.client(json!({"skip_consent": true})).await;
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        Self {
            app: client.client_id.to_string(),
            config: file.to_str().unwrap().to_owned(),
            house,
        }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.house.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn user(&self, arguments: &[&str]) -> Value {
        let more = ["--output", "json", "--config", &self.config];
        let told = Process::run(&[&["user"], arguments, &more].concat(), "");
        serde_json::from_str(&told).unwrap()
    }

    async fn types(&self, browser: &Browser, email: &str, password: &str) -> Page {
        let to_login = browser.get(&request(&self.app, &[])).await;
        let login = browser.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", email),
            ("password", password),
        ];
        browser.post("/login", &form).await
    }

    /// Signed in, sent to the code page, or led to a change: the password was right.
    async fn opens(&self, email: &str, password: &str) -> bool {
        let browser = Browser::new(&self.house);
        let page = self.types(&browser, email, password).await;
        page.status == StatusCode::SEE_OTHER
    }

    async fn export(&self, name: &str) -> String {
        let out = self.house.folder.path().join(name);
        let path = out.to_str().unwrap().to_owned();
        self.user(&["export", "--with-hashes", "--out", &path]);
        std::fs::read_to_string(out).unwrap()
    }
}

fn keycloak(email: &str) -> String {
    // PBKDF2-HMAC-SHA256, 1000 rounds, of "correct horse".
    let value =
        "cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4NQEC0GVAwWLSUGWbcye1xU+dO7fZFld1DsscNlAN1uxw==";
    let secret =
        json!({"value": value, "salt": "MDEyMzQ1Njc4OWFiY2RlZg==", "additionalParameters": {}});
    let told =
        json!({"hashIterations": 1000, "algorithm": "pbkdf2-sha256", "additionalParameters": {}});
    let user = json!({
        "id": "6f4c1f0e-0b5e-4b0e-9f0a-1d2c3b4a5968", "username": "k", "email": email,
        "emailVerified": true, "enabled": true, "firstName": "晴香", "lastName": "三浦",
        "credentials": [{"type": "password", "secretData": secret.to_string(), "credentialData": told.to_string()}],
    });
    json!({"realm": "r", "users": [user]}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_18_people_of_every_kind_of_file_sign_in_with_the_password_they_had() {
    let scene = Scene::open().await;
    let jsonl = json!({
        "email": "abc@moved.example", "email_verified": true, "password_hash": BCRYPT_OF_ABC,
        "subject": "old-4711", "second_step": false,
    });
    let csv = format!(
        "email,email_verified,password_hash,hash_scheme,second_step\nmd5@moved.example,true,{MD5_OF_ABC},md5,false\n"
    );
    let ory = json!([{
        "id": "ory-1", "traits": {"email": "ory@moved.example"},
        "verifiable_addresses": [{"value": "ory@moved.example", "verified": true, "via": "email"}],
        "credentials": {"password": {"config": {"hashed_password": "$md5$PLTnMmMfR+brlh80VUt83g=="}}},
    }]);
    for (name, text, format) in [
        ("people.jsonl", jsonl.to_string(), "jsonl"),
        ("people.csv", csv, "csv"),
        ("realm.json", keycloak("key@moved.example"), "keycloak"),
        ("ory.json", ory.to_string(), "ory"),
    ] {
        let file = scene.file(name, &text);
        let done = scene.user(&["import", &file, "--format", format, "--tag", "old-portal"]);
        assert_eq!(
            (&done["imported"], &done["refused"]),
            (&json!(1), &json!(0)),
            "{format}"
        );
    }
    let dump = scene.export("before").await;
    assert!(
        !dump.contains(MD5_OF_ABC) && !dump.contains("0YHzrHM6tf"),
        "PW-18"
    );
    let people = [
        ("abc@moved.example", "abc"),
        ("md5@moved.example", "abc"),
        ("key@moved.example", "correct horse"),
        ("ory@moved.example", "correct horse"),
    ];
    for (email, password) in people {
        assert!(!scene.opens(email, "wrong").await, "{email}");
        assert!(
            !scene.opens(email, MD5_OF_ABC).await,
            "{email}: the hex is no password"
        );
        assert!(scene.opens(email, password).await, "{email}");
    }
    // The first sign-in replaced what was wrapped; the new record opens as well.
    let dump = scene.export("after").await;
    for (email, password) in people {
        let line = dump.lines().find(|line| line.contains(email)).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        let record = line["password_record"].as_str().unwrap();
        assert!(!record.contains(' '), "{email}: {record}");
        assert!(scene.opens(email, password).await, "{email}");
    }
    let shown = scene.user(&["show", "old-4711"]);
    assert_eq!(shown["email"], "abc@moved.example");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_01_an_imported_account_and_nobody_read_the_same() {
    let scene = Scene::open().await;
    let line = json!({"email": "abc@moved.example", "email_verified": true, "password_hash": BCRYPT_OF_ABC});
    let file = scene.file("people.jsonl", &line.to_string());
    scene.user(&["import", &file]);
    let browser = Browser::new(&scene.house);
    let imported = scene.types(&browser, "abc@moved.example", "wrong").await;
    let nobody = scene.types(&browser, "nob@moved.example", "wrong").await;
    assert_eq!(imported.status, nobody.status);
    assert_eq!(imported.words(), nobody.words());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_import_goes_on_and_makes_nobody_twice() {
    const PEOPLE: usize = 1600;
    let scene = Scene::open().await;
    let lines: Vec<String> = (0..PEOPLE)
        .map(|n| {
            // The first batch costs no hash and the second one does: there is time to interrupt it.
            let costly = (500..1000).contains(&n) && n % 6 == 0;
            let hash = if costly { MD5_OF_ABC } else { "" };
            json!({"email": format!("p{n}@moved.example"), "email_verified": true,
                "password_hash": hash, "hash_scheme": "md5", "second_step": false})
            .to_string()
        })
        .collect();
    let file = scene.file("people.jsonl", &lines.join("\n"));
    let mut import = Command::new(variable("TEST_SEKISHO"))
        .args(["user", "import", &file, "--config", &scene.config])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let store = scene.house.house.services.store.clone();
    let count = async || {
        let users = store.read(|tx| tx.list_users(None, 10_000)).await;
        users.unwrap().len() - 1
    };
    wait::until("the first batch", async || {
        (count().await > 0).then_some(())
    })
    .await;
    import.kill().unwrap();
    import.wait().unwrap();
    let kept = count().await;
    assert!(kept < PEOPLE && kept % 500 == 0, "whole batches: {kept}");
    let done = scene.user(&["import", &file, "--resume"]);
    assert_eq!(done["imported"], json!(PEOPLE));
    assert_eq!(
        (&done["existing"], &done["refused"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(count().await, PEOPLE);
    assert!(scene.opens("p504@moved.example", "abc").await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_17_many_first_sign_ins_at_once_leave_one_record_that_opens() {
    let scene = Scene::open().await;
    let line = json!({"email": "abc@moved.example", "email_verified": true,
        "password_hash": BCRYPT_OF_ABC, "second_step": false});
    let file = scene.file("people.jsonl", &line.to_string());
    scene.user(&["import", &file]);
    let tries = (0..4).map(|_| scene.opens("abc@moved.example", "abc"));
    let opened = futures_util::future::join_all(tries).await;
    assert!(opened.iter().all(|opened| *opened), "{opened:?}");
    assert!(scene.opens("abc@moved.example", "abc").await);
    assert!(!scene.opens("abc@moved.example", "abd").await);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_29_a_weak_imported_password_opens_no_more_than_a_change() {
    let scene = Scene::open().await;
    let line = |email: &str, hash: &str| {
        json!({"email": email, "second_step": false, "password_hash": hash, "hash_scheme": "md5",
            "password_changed_at": 1_400_000_000, "created_at": 1_300_000_000})
        .to_string()
    };
    // MD5 of "abc", and of a long one that fits the policy.
    let strong = "e3a0184e6addc83237644222e1ce84d5";
    let lines = [
        line("weak@tanpopo.jp", MD5_OF_ABC),
        line("strong@tanpopo.jp", strong),
    ];
    let report = scene.user(&["import", &scene.file("weak.jsonl", &lines.join("\n"))]);
    assert_eq!(report["imported"], 2, "{report}");

    let browser = Browser::new(&scene.house);
    let led = scene.types(&browser, "weak@tanpopo.jp", "abc").await;
    assert!(
        led.location().starts_with("/login/new-password"),
        "{}",
        led.location()
    );
    let silent = browser
        .get(&request(&scene.app, &[("prompt", "none")]))
        .await;
    let error = silent.answer("error").unwrap();
    assert!(
        ["interaction_required", "login_required"].contains(&&*error),
        "{error}"
    );
    let page = browser.get(led.location()).await;
    let words = page.words();
    assert!(
        words.contains("At least 15 characters"),
        "no code is asked here: {words}"
    );
    let choose = async |password: &str| {
        let form = [("csrf", &*page.hidden("csrf")), ("password", password)];
        browser.post("/login/new-password", &form).await
    };
    let refused = choose("abc").await;
    assert!(
        refused.words().contains("Use at least"),
        "{}",
        refused.words()
    );
    let done = choose("nine pelicans ate the moon").await;
    assert!(done.answer("code").is_some(), "{}", done.location());

    let browser = Browser::new(&scene.house);
    let typed = "correct horse battery staple orbit";
    let done = scene.types(&browser, "strong@tanpopo.jp", typed).await;
    assert!(
        done.answer("code").is_some(),
        "it fits and may stay: {}",
        done.location()
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_23_with_nowhere_to_mail_a_code_the_password_alone_opens_nothing() {
    let scene = Scene::open().await;
    let line = json!({"email": "adrift@tanpopo.jp", "second_step": false,
        "password_hash": BCRYPT_OF_ABC});
    scene.user(&["import", &scene.file("adrift.jsonl", &line.to_string())]);
    let wants = json!({"skip_consent": true, "require_second_step": true});
    let (client, _) = scene.house.client(wants).await;
    let strict = Scene {
        app: client.client_id.to_string(),
        ..scene
    };
    let browser = Browser::new(&strict.house);
    let told = strict.types(&browser, "adrift@tanpopo.jp", "abc").await;
    let led = browser.get(told.location()).await;
    assert!(led.location().starts_with("/login/code-address/"));
    let page = browser.get(led.location()).await;
    assert!(
        page.words().contains("First show that you read the mail"),
        "{}",
        page.words()
    );
    let silent = request(&strict.app, &[("prompt", "none")]);
    let error = browser.get(&silent).await.answer("error");
    assert_eq!(error.as_deref(), Some("login_required"));
    let wrong = strict.types(&browser, "adrift@tanpopo.jp", "abd").await;
    assert_eq!(
        wrong.status,
        StatusCode::OK,
        "a stranger learns nothing of it"
    );
    assert_eq!(strict.house.codes_so_far().len(), 0);
    strict.house.close().await;
}
