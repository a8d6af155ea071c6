//! What breaks in the middle of something: a statement that fails, keys that are away, a disk that is full, a process
//! that is killed, a record that cannot be read. Nothing is issued that should not be, and nothing needs to be
//! mended by hand (FAIL-04 to FAIL-09).

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use sekisho_model::{EventKind, Outcome};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::{Limited, Process};
use crate::support::wait;
use crate::tokens::{App, body};

/// Runs a statement beside the server, on PostgreSQL.
fn sql(house: &TestHouse, text: &str) -> String {
    let url = house.database_url();
    let done = Command::new("psql").args([&*url, "-qAtc", text]).output();
    let done = done.expect("psql");
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{text}: {told}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// From now on no row can be added to this table.
fn break_table(house: &TestHouse, table: &str) {
    sql(
        house,
        &format!(
            "create or replace function broken() returns trigger language plpgsql as \
             $$ begin raise exception 'no space left'; end $$; \
             create trigger broken before insert on {table} for each row execute function broken()"
        ),
    );
}

fn mend_table(house: &TestHouse, table: &str) {
    sql(house, &format!("drop trigger broken on {table}"));
}

async fn code(house: &TestHouse, browser: &Browser, app: &App) -> String {
    let start = request(&app.id, &[]);
    let first = browser.get(&start).await;
    match first.answer("code") {
        Some(code) => code,
        None => {
            let answer = browser.sign_in(house, &start).await;
            answer.answer("code").unwrap()
        }
    }
}

fn machine() -> Value {
    json!({
        "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "orders:read",
    })
}

async fn token(machine: &App) -> StatusCode {
    let form = [("grant_type", "client_credentials")];
    machine.ask(&form).await.status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_04_a_code_whose_tokens_could_not_be_written_stays_used() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let members = json!({"skip_consent": true, "opaque_access_tokens": true});
    let app = App::of(&house, members).await;
    let browser = Browser::new(&house);
    let used = code(&house, &browser, &app).await;
    // The code is consumed in a transaction of its own; the access token cannot be written after it.
    break_table(&house, "access_tokens");
    let failed = app.redeem(&used).await;
    assert!(failed.status().is_server_error(), "{}", failed.status());
    let told = body(failed).await;
    assert!(told.get("access_token").is_none() && told.get("refresh_token").is_none());
    mend_table(&house, "access_tokens");
    let again = app.redeem(&used).await;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(again).await["error"], "invalid_grant");
    assert_eq!(sql(&house, "select count(*) from access_tokens"), "0");
    // The app begins anew and gets what it could not get.
    let fresh = code(&house, &browser, &app).await;
    assert_eq!(app.redeem(&fresh).await.status(), StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_04_a_code_that_could_not_be_consumed_whole_was_not_and_works_once() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let kept = code(&house, &browser, &app).await;
    break_table(&house, "refresh_tokens");
    for _ in 0..3 {
        let failed = app.redeem(&kept).await;
        assert!(failed.status().is_server_error(), "{}", failed.status());
    }
    mend_table(&house, "refresh_tokens");
    assert_eq!(app.redeem(&kept).await.status(), StatusCode::OK);
    let replayed = app.redeem(&kept).await.status();
    assert_eq!(replayed, StatusCode::BAD_REQUEST, "never issued twice");
    assert_eq!(sql(&house, "select count(*) from refresh_tokens"), "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_06_without_its_keys_no_server_starts_and_a_running_one_goes_on_and_tells() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let machine = App::of(&house, machine()).await;
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = ["--config", file.to_str().unwrap()];
    let keys = &house.config.keys.file;
    let away = keys.with_extension("away");
    std::fs::rename(keys, &away).unwrap();

    let said = Process::run_failing(&[&["serve"], &config[..]].concat());
    assert!(said.contains(keys.to_str().unwrap()), "{said}");
    let rotate = [&["keys", "rotate", "--kek"], &config[..]].concat();
    assert!(Process::refused(&rotate, "").is_some());
    let told = async || {
        let store = &house.house.services.store;
        let events = store.read(|tx| tx.events_of_kind(EventKind::KeyChanged, 50));
        let mut events = events.await.unwrap();
        events.retain(|event| event.detail["key_encryption_keys"] == "unreadable");
        events
    };
    let alarm = wait::until("the alarm", async || told().await.pop()).await;
    assert_eq!(alarm.outcome, Outcome::Refused);
    assert_eq!(token(&machine).await, StatusCode::OK, "signing goes on");
    let browser = Browser::new(&house);
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let redeemed = app.redeem(&code(&house, &browser, &app).await).await;
    assert_eq!(redeemed.status(), StatusCode::OK, "what is sealed opens");

    std::fs::rename(&away, keys).unwrap();
    let _added = Process::run(&rotate, "");
    assert_eq!(told().await.len(), 1, "it is told once");
    assert_eq!(token(&machine).await, StatusCode::OK);
    house.close().await;
}

/// A server on SQLite, as a process of its own in the place of one in this process.
struct Dev {
    process: Option<Limited>,
    base: String,
    data: PathBuf,
    browser: Browser,
    address: String,
    start: String,
    machine: App,
}

impl Dev {
    /// Does something with it.
    async fn with(work: impl AsyncFnOnce(Dev)) {
        let house = TestHouse::open_embedded(|_| {}).await;
        let app = App::of(&house, json!({"skip_consent": true})).await;
        let this = Self {
            process: None,
            base: house.issuer.clone(),
            data: house.folder.path().to_owned(),
            browser: Browser::new(&house),
            address: house.login_address.clone(),
            start: request(&app.id, &[]),
            machine: App::of(&house, machine()).await,
        };
        let house = house.reopened_after(async |_| {
            let mut this = this;
            this.start().await;
            work(this).await;
        });
        house.await.close().await;
    }

    /// Starts it, after it was killed if it runs.
    async fn start(&mut self) {
        drop(self.process.take());
        let listen = self.base.strip_prefix("http://").unwrap();
        let data = self.data.to_str().unwrap();
        let words = ["dev", "--listen", listen, "--data", data];
        // Its log lies on the same disk.
        let log = self.data.join("log");
        self.process = Some(Limited::start(&words, &log));
        let ready = format!("{}/health/ready", self.base);
        let limit = Duration::from_secs(60);
        wait::within(limit, "the server", async || {
            let answer = reqwest::get(&ready).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    fn largest_file(&self, bytes: &str) {
        self.process.as_ref().unwrap().largest_file(bytes);
    }

    /// The right password, after which a code is mailed: that is written down.
    async fn password(&self) -> StatusCode {
        let begun = self.browser.get(&self.start).await;
        let login = self.browser.get(begun.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*self.address),
            ("password", PASSWORD),
        ];
        self.browser.post_once("/login", &form).await.status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_07_on_a_full_disk_nothing_is_done_and_with_space_it_goes_on_by_itself() {
    Dev::with(async |dev| {
        assert_eq!(dev.password().await, StatusCode::SEE_OTHER);
        assert_eq!(token(&dev.machine).await, StatusCode::OK);
        dev.largest_file("4096");
        let full = StatusCode::SERVICE_UNAVAILABLE;
        let limit = Duration::from_secs(20);
        wait::within(limit, "the server to notice", async || {
            (token(&dev.machine).await == full).then_some(())
        })
        .await;
        for _ in 0..3 {
            assert_eq!(dev.password().await, full);
            assert_eq!(token(&dev.machine).await, full);
        }
        for path in [
            "/oauth2/jwks",
            "/.well-known/openid-configuration",
            "/status",
        ] {
            assert_eq!(dev.browser.get(path).await.status, StatusCode::OK, "{path}");
        }
        dev.largest_file("unlimited");
        wait::within(limit, "the disk to have space", async || {
            (token(&dev.machine).await == StatusCode::OK).then_some(())
        })
        .await;
        assert_eq!(dev.password().await, StatusCode::SEE_OTHER);
    })
    .await;
}

/// The kernel ends who takes too much memory with the same signal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_07_a_process_that_is_killed_comes_back_without_hand_work() {
    Dev::with(async |mut dev| {
        for _ in 0..3 {
            assert_eq!(dev.password().await, StatusCode::SEE_OTHER);
            dev.start().await;
        }
        assert_eq!(dev.password().await, StatusCode::SEE_OTHER);
    })
    .await;
}

/// Somebody who holds a table of the database, as a long transaction does.
struct Holder(Child);

impl Holder {
    fn of(house: &TestHouse, table: &str) -> Self {
        use std::io::{Read as _, Write as _};
        let mut command = Command::new("psql");
        command
            .args([&*house.database_url(), "-qAt"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("psql");
        let hold = format!("begin; lock table {table} in access exclusive mode; select 'held';\n");
        let stdin = child.stdin.as_mut().unwrap();
        stdin.write_all(hold.as_bytes()).unwrap();
        stdin.flush().unwrap();
        let mut told = [0; 4];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut told)
            .unwrap();
        assert_eq!(&told, b"held");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_07_with_every_connection_taken_answers_come_in_time_and_issue_nothing() {
    let house = TestHouse::open_on_production(|config| config.database.max_connections = 2).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let kept = code(&house, &browser, &app).await;
    let holder = Holder::of(&house, "codes");
    let began = Instant::now();
    let asked = (0..6).map(|_| app.redeem(&kept));
    for answer in futures_util::future::join_all(asked).await {
        assert!(answer.status().is_server_error(), "{}", answer.status());
    }
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
    for path in ["/oauth2/jwks", "/.well-known/openid-configuration"] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
    drop(holder);
    let app = &app;
    let redeemed = wait::until("a free connection", async || {
        let answer = app.redeem(&kept).await;
        (!answer.status().is_server_error()).then_some(answer.status())
    })
    .await;
    assert_eq!(
        redeemed,
        StatusCode::OK,
        "no request that failed used the code"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_07_an_app_whose_keys_no_dns_finds_is_not_believed() {
    let house = TestHouse::open().await;
    let members = json!({
        "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "orders:read", "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://keys.nowhere.invalid/jwks",
    });
    let (client, _) = house.client(members).await;
    let app = App::of_id(&house, client.client_id.as_str());
    let key = crate::support::signing::AppKey::new("k");
    let now = house.now().seconds();
    let assertion = key.sign(
        "JWT",
        &json!({
            "iss": app.id, "sub": app.id, "aud": house.issuer, "jti": "once",
            "iat": now, "exp": now + 60,
        }),
    );
    let form = [
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &*assertion),
    ];
    let began = Instant::now();
    let answer = app.ask(&form).await;
    assert!(!answer.status().is_success(), "{}", answer.status());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    let machine = App::of(&house, machine()).await;
    assert_eq!(
        token(&machine).await,
        StatusCode::OK,
        "others notice nothing"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_07_rep_03_a_node_whose_clock_is_ahead_takes_nothing_that_is_over() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let tokens = app.redeem(&code(&house, &browser, &app).await).await;
    let access = body(tokens).await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let late = code(&house, &browser, &app).await;
    assert_eq!(app.userinfo(&access).await, StatusCode::OK);
    house.advance(Duration::from_mins(6)).await;
    assert_eq!(app.userinfo(&access).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.redeem(&late).await.status(), StatusCode::BAD_REQUEST);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_09_a_decision_that_cannot_be_read_denies() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let (machine, app) = (
        App::of(&house, machine()).await,
        App::of(&house, json!({})).await,
    );
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    assert_eq!(token(&machine).await, StatusCode::OK);
    let provider = &house.house.services.provider;

    // A block, a level or a switch that this node cannot read: it does not know what is forbidden.
    for (table, spoil) in [
        (
            "blocks",
            "insert into blocks (number, at, operator, target, effect, reason) values (1, 1, 'x', 'no json', 'everything', 'x')",
        ),
        (
            "level_decisions",
            "insert into level_decisions (number, at, operator, scope, level, reason, from_at, text_ja, text_en, standing) values (1, 1, 'x', 'no json', 3, 'x', 1, '', '', 'in_force')",
        ),
    ] {
        let topic = table.split('_').next().unwrap();
        let topic = format!("{}s", topic.trim_end_matches('s'));
        sql(&house, spoil);
        sql(
            &house,
            &format!("update revisions set number = number + 1 where topic = '{topic}'"),
        );
        assert!(provider.hear().await.is_err(), "{table}");
        assert_eq!(
            token(&machine).await,
            StatusCode::SERVICE_UNAVAILABLE,
            "{table}"
        );
        let asked = browser.get(&request(&app.id, &[("prompt", "none")])).await;
        assert_eq!(asked.answer_if_any("code"), None, "{table}");
        assert_eq!(browser.get("/oauth2/jwks").await.status, StatusCode::OK);
        sql(&house, &format!("delete from {table}"));
        provider.hear().await.unwrap();
        assert_eq!(token(&machine).await, StatusCode::OK, "{table}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_09_a_rule_about_one_person_or_app_that_cannot_be_read_denies() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let start = request(&app.id, &[]);
    let page = browser.sign_in(&house, &start).await;
    let allowed = browser.allow(&page).await;
    assert!(allowed.answer("code").is_some());
    assert!(browser.get(&start).await.answer("code").is_some());
    // What the person allowed the app.
    sql(&house, "update consents set scope = '\"'");
    let asked = browser.get(&start).await;
    assert_eq!(asked.answer_if_any("code"), None);
    assert!(asked.status.is_server_error(), "{}", asked.status);
    sql(&house, "update consents set scope = 'openid'");

    // The networks that the person signs in from.
    let stranger = Browser::new(&house);
    sql(&house, "update users set networks = 'no seal'");
    let login = stranger.get(stranger.get(&start).await.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let refused = stranger.post_once("/login", &form).await;
    assert!(refused.status.is_server_error(), "{}", refused.status);
    sql(&house, "update users set networks = null");
    let let_in = Browser::new(&house).password(&house, &start).await;
    assert_eq!(let_in.status, StatusCode::OK);
    house.close().await;
}
