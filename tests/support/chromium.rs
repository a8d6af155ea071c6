//! A real browser, by the WebDriver protocol (W3C WebDriver) over plain HTTP.

use std::cell::Cell;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use super::house::variable;
use super::ports::free_port;
use super::wait;

/// Keys without a letter, as WebDriver names them.
pub const TAB: char = '\u{E004}';
pub const ENTER: char = '\u{E007}';
pub const SHIFT: char = '\u{E008}';
pub const SPACE: char = ' ';

/// How the browser window is.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub width: u32,
    pub dark: bool,
    pub language: &'static str,
    pub script: bool,
}

/// A Chromium with one window.
pub struct Chromium {
    driver: Child,
    http: reqwest::Client,
    session: String,
    /// The theme that was asked for last.
    dark: Cell<Option<bool>>,
    _profile: tempfile::TempDir,
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Asked to end, the driver takes its browser along; killed, it would leave it behind.
        let id = self.driver.id().to_string();
        let _asked = Command::new("kill").args(["-TERM", &id]).status();
        let _reaped = self.driver.wait();
    }
}

impl Chromium {
    pub async fn open(window: Window) -> Self {
        let port = free_port();
        let driver = Command::new(variable("TEST_CHROMEDRIVER"))
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver");
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let base = format!("http://127.0.0.1:{port}");
        wait::until("chromedriver", async || {
            http.get(format!("{base}/status")).send().await.ok()
        })
        .await;
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--accept-lang={}", window.language));
        if window.dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let script = if window.script { 1 } else { 2 };
        let wish = json!({"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": variable("TEST_CHROMIUM"), "args": arguments,
                "prefs": {"intl.accept_languages": window.language, "profile.managed_default_content_settings.javascript": script},
            },
        }}});
        let answer: Value = http
            .post(format!("{base}/session"))
            .json(&wish)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let id = answer["value"]["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no browser: {answer}"));
        let this = Self {
            driver,
            session: format!("{base}/session/{id}"),
            http,
            dark: Cell::new(None),
            _profile: profile,
        };
        this.resize(window.width, window.dark).await;
        this
    }

    async fn call(&self, path: &str, body: Value) -> Value {
        let answer = self.answer(path, body).await;
        assert!(answer["error"].is_null(), "{path}: {answer}");
        answer
    }

    /// What the browser answers, or why it cannot.
    async fn answer(&self, path: &str, body: Value) -> Value {
        let request = self
            .http
            .post(format!("{}{path}", self.session))
            .json(&body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["value"].clone()
    }

    async fn read(&self, path: &str) -> Value {
        let answer: Value = self
            .http
            .get(format!("{}{path}", self.session))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["value"].clone()
    }

    async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.call(
            "/goog/cdp/execute",
            json!({"cmd": command, "params": parameters}),
        )
        .await
    }

    pub async fn go(&self, url: &str) {
        self.call("/url", json!({"url": url})).await;
    }

    pub async fn url(&self) -> String {
        self.read("/url").await.as_str().unwrap().to_owned()
    }

    /// Whether the page has loaded; asked without script, so that it works with script off.
    pub async fn is_complete(&self) -> bool {
        let wanted = json!({"using": "css selector", "value": "footer.ground"});
        // While one page gives way to the next there is nothing to look at.
        let found = self.answer("/elements", wanted).await;
        found.as_array().is_some_and(|found| !found.is_empty())
    }

    /// The element, as soon as the page that is on its way has it.
    async fn find(&self, selector: &str) -> String {
        let wanted = json!({"using": "css selector", "value": selector});
        wait::until(selector, async || {
            let found = self.answer("/elements", wanted.clone()).await;
            let first = found.as_array()?.first()?.as_object()?.values().next()?;
            Some(first.as_str()?.to_owned())
        })
        .await
    }

    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.call(&format!("/element/{element}/clear"), json!({}))
            .await;
        self.call(&format!("/element/{element}/value"), json!({"text": text}))
            .await;
    }

    pub async fn click(&self, selector: &str) {
        if selector.contains("[name=decision]") {
            // CON-06: a decision counts half a second after its page.
            wait::until("a look at the page", async || {
                let age = self.ask("arguments[0](performance.now())").await.as_f64()?;
                (age > 700.0).then_some(())
            })
            .await;
        }
        let element = self.find(selector).await;
        self.call(&format!("/element/{element}/click"), json!({}))
            .await;
    }

    /// Presses these keys together.
    pub async fn press(&self, keys: &[char]) {
        let key = |kind: &str, key: &char| json!({"type": kind, "value": key.to_string()});
        let down = keys.iter().map(|one| key("keyDown", one));
        let up = keys.iter().rev().map(|one| key("keyUp", one));
        let all: Vec<Value> = down.chain(up).collect();
        let board = json!({"actions": [{"type": "key", "id": "keyboard", "actions": all}]});
        self.call("/actions", board).await;
    }

    /// Types into whatever has the focus.
    pub async fn type_text(&self, text: &str) {
        for letter in text.chars() {
            self.press(&[letter]).await;
        }
    }

    pub async fn words(&self) -> String {
        let body = self.find("body").await;
        self.read(&format!("/element/{body}/text"))
            .await
            .as_str()
            // The page was left in between.
            .unwrap_or_default()
            .to_owned()
    }

    /// Whether something is wider than the window.
    pub async fn scrolls_sideways(&self) -> bool {
        let layout = self.cdp("Page.getLayoutMetrics", json!({})).await;
        let width = |of: &str| {
            layout[of]["clientWidth"]
                .as_f64()
                .or(layout[of]["width"].as_f64())
                .unwrap()
        };
        width("cssContentSize") > width("cssLayoutViewport") + 0.5
    }

    /// What the browser complained about: violations of the security policy, scripts, missing files.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.call("/se/log", json!({"type": "browser"})).await;
        // An error page answers with its status; that the browser logs this is no complaint about it.
        let status = |entry: &Value| {
            entry["message"]
                .as_str()
                .is_some_and(|m| m.contains("the server responded with a status of 4"))
        };
        let serious = |entry: &&Value| entry["level"] == "SEVERE" && !status(entry);
        log.as_array()
            .unwrap()
            .iter()
            .filter(serious)
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Plugs in an authenticator that always says yes; its id.
    pub async fn plug_in_authenticator(&self) -> String {
        let kind = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "isUserConsenting": true,
        });
        let id = self.call("/webauthn/authenticator", kind).await;
        id.as_str().unwrap().to_owned()
    }

    /// The passkeys in it.
    pub async fn credentials(&self, authenticator: &str) -> Vec<Value> {
        let path = format!("/webauthn/authenticator/{authenticator}/credentials");
        self.read(&path).await.as_array().unwrap().clone()
    }

    /// Puts a passkey in the place of the one with the same id.
    pub async fn replace_credential(&self, authenticator: &str, credential: &Value) {
        let place = format!("/webauthn/authenticator/{authenticator}");
        let id = credential["credentialId"].as_str().unwrap();
        let url = format!("{}{place}/credentials/{id}", self.session);
        self.http.delete(url).send().await.unwrap();
        self.call(&format!("{place}/credential"), credential.clone())
            .await;
    }

    /// Forgets who is signed in.
    pub async fn forget_cookies(&self) {
        let url = format!("{}/cookie", self.session);
        self.http.delete(url).send().await.unwrap();
    }

    /// All cookies of the present page, as they are sent.
    pub async fn cookies(&self) -> String {
        let all = self.read("/cookie").await;
        let pair = |one: &Value| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            format!("{}={}", text("name"), text("value"))
        };
        let all: Vec<String> = all.as_array().unwrap().iter().map(pair).collect();
        all.join("; ")
    }

    pub async fn title(&self) -> String {
        self.read("/title").await.as_str().unwrap().to_owned()
    }

    pub async fn value_of(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        let value = self
            .read(&format!("/element/{element}/property/value"))
            .await;
        value.as_str().unwrap().to_owned()
    }

    /// Another width of the window, and whether the person likes it dark.
    pub async fn resize(&self, width: u32, dark: bool) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        if self.dark.replace(Some(dark)) == Some(dark) {
            return;
        }
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.cdp("Emulation.setEmulatedMedia", media).await;
    }

    /// Runs a script in every page from now on, before its own.
    pub async fn bring_along(&self, script: &str) {
        let source = json!({"source": script});
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// Runs a script that answers through the function it gets last, whatever the page allows.
    pub async fn ask(&self, script: &str) -> Value {
        self.call("/execute/async", json!({"script": script, "args": []}))
            .await
    }

    pub async fn screenshot(&self, file: &Path) {
        let shot = self
            .cdp(
                "Page.captureScreenshot",
                json!({"captureBeyondViewport": true, "format": "png"}),
            )
            .await;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().unwrap())
            .unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    pub async fn close(self) {
        let _closed = self.http.delete(&self.session).send().await;
    }
}
