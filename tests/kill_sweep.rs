//! A server that is killed between any two messages to its database, in the middle of a sign-in, a consent, the
//! redemption of a code, a refresh: what is left is the state before or the state after (FAIL-08). Always on the
//! production stack; another node looks at what is left.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use sekisho_model::{Clock as _, SystemClock};
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::ports::free_address;
use crate::support::processes::{Cutter, Process};
use crate::support::wait;
use crate::tokens::{App, body};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// More messages than any of these requests sends, with what a node says meanwhile on its own.
const MOST: u32 = 160;
/// How far the first node is behind the second.
const BEHIND: Duration = Duration::from_secs(2);

/// Two nodes: one that is looked at, and one that dies.
struct Pair {
    house: TestHouse,
    cutter: Cutter,
    config: String,
    /// Where the second one listens.
    other: String,
}

impl Pair {
    async fn open() -> Self {
        let house = TestHouse::open_on_production(|config| {
            config.limits.code_mail.account.max = 200;
            config.limits.code_mail.account_day.max = 200;
        })
        .await;
        let database = url::Url::parse(house.config.database.url.expose()).unwrap();
        let target = format!(
            "{}:{}",
            database.host_str().unwrap(),
            database.port().unwrap()
        );
        let cutter = Cutter::before(target).await;
        let mut through = database.clone();
        through.set_port(Some(cutter.port)).unwrap();
        let listen = free_address();
        let file = house.folder.path().join("second.toml");
        house.write_config(&file, &listen);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(database.as_str(), through.as_str())).unwrap();
        Self {
            config: file.to_str().unwrap().to_owned(),
            other: format!("http://{listen}"),
            house,
            cutter,
        }
    }

    /// A new second node. The time of the first is a little behind, so that what it showed was looked at.
    async fn node(&self) -> Process {
        let node = Process::start(&["serve", "--config", &self.config]);
        let ready = format!("{}/health/ready", self.other);
        wait::within(Duration::from_secs(60), "the second node", async || {
            let answer = reqwest::get(&ready).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        wait::until("the time of the second node", async || {
            (SystemClock.now() >= self.house.now() + BEHIND).then_some(())
        })
        .await;
        let behind = SystemClock.now() - BEHIND;
        self.house.advance(behind.since(self.house.now())).await;
        node
    }

    /// A form for the second node, as one that a balancer sends there.
    async fn sends(
        &self,
        browser: &Browser,
        path: &str,
        form: &[(&str, &str)],
    ) -> Option<Response> {
        let host = self.house.issuer.strip_prefix("http://").unwrap();
        let sent = browser
            .http
            .post(format!("{}{path}", self.other))
            .header("host", host)
            .header("origin", &self.house.issuer)
            .header("cookie", browser.cookies(&self.house))
            .form(form);
        sent.send().await.ok()
    }

    async fn asks(&self, app: &App, form: &[(&str, &str)]) -> Option<Response> {
        let host = self.house.issuer.strip_prefix("http://").unwrap();
        let mut form = form.to_vec();
        form.push(("client_id", &app.id));
        let sent = app.http.post(format!("{}/oauth2/token", self.other));
        sent.header("host", host).form(&form).send().await.ok()
    }
}

/// Kills a node before its first, second, … message, until one lives to answer.
async fn sweep(pair: Pair, mut round: impl AsyncFnMut(&Pair, &Process, u32) -> Option<StatusCode>) {
    for messages in 0..MOST {
        let node = pair.node().await;
        let answered = round(&pair, &node, messages).await;
        if let Some(status) = answered {
            assert!(!status.is_server_error(), "{status}");
            assert!(messages > 2, "it was killed at least three times");
            pair.house.close().await;
            return;
        }
    }
    panic!("it never lived to answer");
}

/// What a public app got, if it got anything before the node died.
fn lived(pair: &Pair, answer: Option<Response>) -> Option<StatusCode> {
    let killed = pair.cutter.disarm();
    answer.map(|answer| answer.status()).filter(|_| !killed)
}

/// Whether this answer sends somebody back to the app with a code. Nothing else but silence is expected.
fn went_on(answer: Option<&Response>) -> bool {
    let Some(answer) = answer else { return false };
    let location = answer.headers().get("location");
    let location = location.map_or("", |location| location.to_str().unwrap());
    assert!(
        location.contains("?code="),
        "{} {location}",
        answer.status()
    );
    true
}

async fn code(pair: &Pair, browser: &Browser, app: &App) -> String {
    let start = request(&app.id, &[]);
    match browser.get(&start).await.answer("code") {
        Some(code) => code,
        None => {
            let answer = browser.sign_in(&pair.house, &start).await;
            answer.answer("code").unwrap()
        }
    }
}

fn public() -> serde_json::Value {
    json!({"skip_consent": true, "token_endpoint_auth_method": "none"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_08_a_node_killed_while_it_redeems_a_code_leaves_it_used_or_not() {
    let pair = Pair::open().await;
    let (app, browser) = (
        App::of(&pair.house, public()).await,
        Browser::new(&pair.house),
    );
    sweep(pair, async |pair, node, messages| {
        let code = code(pair, &browser, &app).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", "https://app.example/cb"),
            ("code_verifier", VERIFIER),
        ];
        pair.cutter.arm(node, messages);
        let answered = lived(pair, pair.asks(&app, &form).await);
        let then = app.redeem(&code).await.status();
        let used = then == StatusCode::BAD_REQUEST;
        assert!(used || then == StatusCode::OK, "{messages}: {then}");
        assert!(used || answered.is_none(), "{messages}: issued twice");
        let again = app.redeem(&code).await.status();
        assert_eq!(again, StatusCode::BAD_REQUEST, "{messages}");
        answered
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_08_a_node_killed_while_it_refreshes_loses_nobody_the_family() {
    let pair = Pair::open().await;
    let (app, browser) = (
        App::of(&pair.house, public()).await,
        Browser::new(&pair.house),
    );
    sweep(pair, async |pair, node, messages| {
        let first = code(pair, &browser, &app).await;
        let tokens = body(app.redeem(&first).await).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        pair.cutter.arm(node, messages);
        let answered = lived(pair, pair.asks(&app, &form).await);
        let again = app.refresh(refresh).await;
        assert_eq!(again.status(), StatusCode::OK, "{messages}");
        let successor = body(again).await["refresh_token"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_ne!(successor, refresh);
        let goes_on = app.refresh(&successor).await.status();
        assert_eq!(goes_on, StatusCode::OK, "{messages}");
        answered
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_08_a_node_killed_while_somebody_signs_in_leaves_them_in_or_out() {
    let pair = Pair::open().await;
    let app = App::of(&pair.house, public()).await;
    sweep(pair, async |pair, node, messages| {
        let browser = Browser::new(&pair.house);
        let former = pair.house.codes_so_far();
        let page = browser.password(&pair.house, &request(&app.id, &[])).await;
        let code = wait::until("a new code", async || {
            let codes = pair.house.codes_so_far();
            codes.into_iter().find(|code| !former.contains(code))
        })
        .await;
        let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
        pair.cutter.arm(node, messages);
        let sent = pair.sends(&browser, "/login/code", &form).await;
        let was_in = went_on(sent.as_ref());
        let answered = lived(pair, sent);
        let again = browser.post_once("/login/code", &form).await;
        let status = again.status;
        assert!(!status.is_server_error(), "{messages}: {status}");
        let let_in = again.answer_if_any("code").is_some();
        assert!(!(was_in && let_in), "{messages}: a code works once");
        let account = browser.get("/account").await.status;
        let is_in = account == StatusCode::OK;
        assert_eq!(is_in, was_in || let_in, "{messages}: {account}");
        answered
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_08_a_node_killed_while_somebody_allows_an_app_leaves_it_allowed_or_not() {
    let pair = Pair::open().await;
    let browser = Browser::new(&pair.house);
    let known = App::of(&pair.house, public()).await;
    let _signed_in = code(&pair, &browser, &known).await;
    sweep(pair, async |pair, node, messages| {
        let app = App::of(&pair.house, json!({"token_endpoint_auth_method": "none"})).await;
        let start = request(&app.id, &[]);
        let asked = browser.get(&start).await;
        let page = browser.get(asked.location()).await;
        let form = [("csrf", &*page.hidden("csrf")), ("decision", "allow")];
        pair.cutter.arm(node, messages);
        let sent = pair.sends(&browser, "/consent", &form).await;
        let allowed = went_on(sent.as_ref());
        let answered = lived(pair, sent);
        let again = browser.get(&start).await;
        let code = match again.answer("code") {
            Some(code) => code,
            None => {
                assert!(!allowed, "{messages}: what was allowed is forgotten");
                browser.allow(&again).await.answer("code").unwrap()
            }
        };
        let redeemed = app.redeem(&code).await.status();
        assert_eq!(redeemed, StatusCode::OK, "{messages}");
        answered
    })
    .await;
}
