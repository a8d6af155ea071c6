//! The tour of the README in a real Chromium: playground, sign-in, code, consent, tokens, history.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::chromium::{Chromium, Window};
use crate::support::house::variable;
use crate::support::ports::free_address;
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::{App, body};

/// A browser at a dev server.
pub struct Tour {
    pub browser: Chromium,
    pub base: String,
    name: String,
}

impl Tour {
    /// Waits for the page whose address holds `part`, then looks.
    pub async fn arrive(&self, part: &str, page: &str) {
        wait::until(part, async || {
            let there = self.browser.url().await.contains(part) && self.browser.is_complete().await;
            there.then_some(())
        })
        .await;
        self.look(page).await;
    }

    /// Looks at the page: no complaint of the browser, nothing wider than the window, a picture.
    async fn look(&self, page: &str) {
        let complaints = self.browser.complaints().await;
        assert!(
            complaints.is_empty(),
            "{page} {}: {complaints:?}",
            self.name
        );
        assert!(
            !self.browser.scrolls_sideways().await,
            "{page} {} scrolls sideways",
            self.name
        );
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        self.browser
            .screenshot(&file.join(format!("{}-{page}.png", self.name)))
            .await;
    }

    pub async fn code(&self) -> String {
        wait::until("the code mail", async || {
            let url = format!("{}/_dev/mail.json?to=haruka@mobile.example", self.base);
            let mails: Value = reqwest::get(url).await.ok()?.json().await.ok()?;
            Some(mails.get(0)?.get("code")?.as_str()?.to_owned())
        })
        .await
    }

    /// Address, password and code, on the way to wherever the browser was sent from.
    pub async fn sign_in(&self, password: &str, page: &str) {
        self.arrive("/login?", &format!("{page}1-login")).await;
        self.browser.fill("#email", "haruka@example.jp").await;
        self.browser.fill("#password", password).await;
        self.browser.click("main form button[type=submit]").await;
        self.arrive("/login/code", &format!("{page}2-code")).await;
        let code = self.code().await;
        self.browser.fill("#code", &code).await;
        self.browser.click("main form button.btn--primary").await;
    }

    /// Signs in on the way to `/device` and allows a device there.
    async fn connect_a_device(&self, password: &str, device: &App) {
        let form = [
            ("client_id", &*device.id),
            ("scope", "openid email offline_access"),
        ];
        let url = format!("{}/oauth2/device_authorization", self.base);
        let codes = device.http.post(url).form(&form).send().await.unwrap();
        let codes: Value = codes.json().await.unwrap();
        let complete = codes["verification_uri_complete"].as_str().unwrap();
        self.browser.go(complete).await;
        self.sign_in(password, "d").await;
        self.arrive("/device?user_code=", "d3-device").await;
        self.browser.fill("#user_code", "BBBB-BBBB").await;
        self.browser.click("main form button[type=submit]").await;
        self.say('止', "d4-wrong").await;
        let user_code = codes["user_code"].as_str().unwrap();
        self.browser
            .fill("#user_code", &user_code.to_lowercase())
            .await;
        self.browser.click("main form button[type=submit]").await;
        self.say('問', "d5-confirm").await;
        let words = self.browser.words().await;
        assert!(words.contains(user_code), "{words}");
        self.browser
            .click("button[name=decision][value=allow]")
            .await;
        self.say('通', "d6-done").await;
        let poll = [
            ("grant_type", crate::device::GRANT),
            ("device_code", codes["device_code"].as_str().unwrap()),
        ];
        let tokens = body(device.ask(&poll).await).await;
        assert!(tokens["refresh_token"].is_string(), "{tokens}");
    }

    /// Waits for the page with this stamp, then looks.
    pub async fn say(&self, stamp: char, page: &str) {
        wait::until(page, async || {
            let there =
                self.browser.is_complete().await && self.browser.words().await.contains(stamp);
            there.then_some(())
        })
        .await;
        self.look(page).await;
    }

    async fn walk(&self, password: &str) {
        self.browser
            .go(&format!("{}/_dev/playground", self.base))
            .await;
        self.look("1-playground").await;
        self.browser.click("main button[type=submit]").await;
        self.arrive("/login?", "2-login").await;
        self.browser.fill("#email", "haruka@example.jp").await;
        self.browser.fill("#password", "not this one").await;
        self.browser.click("main form button[type=submit]").await;
        wait::until("the refusal", async || {
            self.browser.words().await.contains('止').then_some(())
        })
        .await;
        self.look("3-wrong").await;
        self.browser.fill("#password", password).await;
        self.browser.click("main form button[type=submit]").await;
        self.arrive("/login/code", "4-code").await;
        let code = self.code().await;
        self.browser.fill("#code", &code).await;
        self.browser.click("main form button.btn--primary").await;
        self.arrive("/consent", "5-consent").await;
        self.browser
            .click("button[name=decision][value=allow]")
            .await;
        self.arrive("/_dev/playground/callback", "6-tokens").await;
        let words = self.browser.words().await;
        assert!(
            words.contains("通") && !words.contains("止"),
            "every check passed: {words}"
        );
        for (page, path) in [
            ("7-history", "/account/history"),
            ("8-security", "/account/security"),
            ("9-mail", "/_dev/mail"),
        ] {
            self.browser.go(&format!("{}{path}", self.base)).await;
            assert!(self.browser.url().await.ends_with(path));
            self.look(page).await;
        }
        self.browser
            .go(&format!("{}/oauth2/authorize?client_id=nobody", self.base))
            .await;
        self.look("10-error").await;
    }
}

/// One dev server for each tour, on a data folder of its own.
pub async fn begin(window: Window) -> (Tour, String, DevServer) {
    // The house does this itself; here it runs as a process of its own.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let data = tempfile::tempdir().unwrap();
    let listen = free_address();
    let banner = data.path().join("banner");
    let folder = data.path().join("data");
    let process = Process::start_printing(
        &[
            "dev",
            "--listen",
            &listen,
            "--data",
            folder.to_str().unwrap(),
        ],
        &banner,
    );
    // The doors open at once; the banner comes when the keys of the first start are made.
    let base = format!("http://{listen}");
    let document = format!("{base}/.well-known/openid-configuration");
    wait::until("discovery", async || reqwest::get(&document).await.ok()).await;
    let password = wait::until("the banner", async || {
        let text = std::fs::read_to_string(&banner).ok()?;
        text.contains("Stop with").then_some(())?;
        Some(
            text.split("password ")
                .nth(1)?
                .split_whitespace()
                .next()?
                .to_owned(),
        )
    })
    .await;
    let brightness = if window.dark { "dark" } else { "light" };
    let script = if window.script { "" } else { "-noscript" };
    let name = format!("{}-{brightness}-{}{script}", window.language, window.width);
    let tour = Tour {
        browser: Chromium::open(window).await,
        base,
        name,
    };
    let server = DevServer {
        _process: process,
        data,
    };
    (tour, password, server)
}

/// A server that runs as long as this lives.
pub struct DevServer {
    _process: Process,
    data: tempfile::TempDir,
}

impl DevServer {
    /// Registers an app by the command line, beside the running server.
    pub async fn register(&self, tour: &Tour, client: &Value) -> App {
        let file = self.data.path().join("client.json");
        std::fs::write(&file, client.to_string()).unwrap();
        let folder = self.data.path().join("data");
        let done = std::process::Command::new(variable("TEST_SEKISHO"))
            .args(["client", "create", "--output", "json", "--data"])
            .arg(folder)
            .arg("--file")
            .arg(file)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        let made: Value = serde_json::from_slice(&done.stdout).unwrap();
        App {
            id: made["client_id"].as_str().unwrap().to_owned(),
            secret: made["client_secret"].as_str().map(str::to_owned),
            http: reqwest::Client::new(),
            token_url: format!("{}/oauth2/token", tour.base),
            userinfo_url: format!("{}/oauth2/userinfo", tour.base),
        }
    }
}

async fn tour(window: Window) {
    let (tour, password, _server) = begin(window).await;
    tour.walk(&password).await;
    tour.browser.close().await;
}

async fn device_tour(window: Window) {
    let (tour, password, server) = begin(window).await;
    let device = server.register(&tour, &crate::device::television()).await;
    tour.connect_a_device(&password, &device).await;
    tour.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_in_japanese_at_a_desk() {
    tour(Window {
        width: 1280,
        dark: false,
        language: "ja",
        script: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_in_english_in_the_dark_on_a_phone() {
    tour(Window {
        width: 390,
        dark: true,
        language: "en",
        script: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_13_the_tour_without_javascript_on_the_smallest_screen() {
    tour(Window {
        width: 320,
        dark: false,
        language: "ja",
        script: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8628_3_3_a_device_is_connected_in_japanese_without_javascript() {
    device_tour(Window {
        width: 320,
        dark: false,
        language: "ja",
        script: false,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8628_3_3_a_device_is_connected_in_english_in_the_dark() {
    device_tour(Window {
        width: 320,
        dark: true,
        language: "en",
        script: true,
    })
    .await;
}
