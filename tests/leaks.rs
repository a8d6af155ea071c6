//! Secrets used in a whole journey are searched for in everything that is kept (PW-25, OTP-14).

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse, on_production_stack, variable};
use crate::tokens::{App, body};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_25_otp_14_no_secret_is_in_logs_database_or_session_store() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).expect("one test in one process");
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&app.id, &[])).await;
    let mailed = house.code().await;
    let kept = kept(&house);
    let in_flight = Secrets(vec![
        PASSWORD.to_owned(),
        mailed.clone(),
        house.login_address.clone(),
        house.code_address.clone(),
    ]);
    in_flight.are_not_in("what is kept while the code waits", &kept);
    let answer = browser
        .post(
            "/login/code",
            &[("csrf", &page.hidden("csrf")), ("code", &mailed)],
        )
        .await;
    let code = answer.answer("code").unwrap();
    let tokens = body(app.redeem(&code).await).await;
    let value = |name: &str| tokens[name].as_str().unwrap().to_owned();
    app.userinfo(&value("access_token")).await;
    let session = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap().to_owned());
    let cookies =
        session.filter_map(|cookie| Some(cookie.split_once('=')?.1.split(';').next()?.to_owned()));
    let mut secrets = in_flight.0;
    secrets.extend([
        code,
        app.secret.clone().unwrap(),
        value("access_token"),
        value("refresh_token"),
        value("id_token"),
    ]);
    secrets.extend(cookies.filter(|cookie| cookie.len() > 20));
    let secrets = Secrets(secrets);
    secrets.are_not_in("the database and the session store", &self::kept(&house));
    let logs = captured.0.lock().unwrap().clone();
    assert!(logs.len() > 1000, "logs were captured");
    secrets.are_not_in("the logs", &logs);
    house.close().await;
}

struct Secrets(Vec<String>);

impl Secrets {
    fn are_not_in(&self, place: &str, bytes: &[u8]) {
        for secret in &self.0 {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{}… is in {place}", &secret[..4]);
        }
    }
}

/// Everything the server has written.
pub fn kept(house: &TestHouse) -> Vec<u8> {
    let mut bytes = Vec::new();
    if on_production_stack() {
        let url = house.database_url();
        let dump = Command::new("pg_dump")
            .args(["--data-only", "--inserts", &url])
            .output()
            .expect("pg_dump");
        assert!(
            dump.status.success(),
            "{}",
            String::from_utf8_lossy(&dump.stderr)
        );
        bytes.extend(dump.stdout);
        // Of this house: other tests keep theirs in the same Redis.
        let own = format!("{}*", house.config.session.prefix);
        let keys = Command::new("redis-cli")
            .args([
                "-u",
                &variable("TEST_REDIS_URL"),
                "--no-auth-warning",
                "--scan",
                "--pattern",
                &own,
            ])
            .output()
            .unwrap();
        for key in String::from_utf8_lossy(&keys.stdout).lines() {
            bytes.extend(key.as_bytes());
            let value = Command::new("redis-cli")
                .args([
                    "-u",
                    &variable("TEST_REDIS_URL"),
                    "--no-auth-warning",
                    "dump",
                    key,
                ])
                .output();
            bytes.extend(value.unwrap().stdout);
        }
    } else {
        for file in std::fs::read_dir(house.folder.path()).unwrap() {
            let path = file.unwrap().path();
            if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("sekisho.db"))
            {
                bytes.extend(std::fs::read(path).unwrap());
            }
        }
    }
    assert!(bytes.len() > 10_000, "something is kept");
    bytes
}
