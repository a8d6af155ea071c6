//! The tour of the README in a real Chromium: playground, sign-in, code, consent, tokens, history.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::chromium::{Chromium, Window};
use crate::support::processes::Process;
use crate::support::wait;

struct Tour {
    browser: Chromium,
    base: String,
    name: String,
}

impl Tour {
    /// Waits for the page whose address holds `part`, then looks.
    async fn arrive(&self, part: &str, page: &str) {
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

    async fn code(&self) -> String {
        wait::until("the code mail", async || {
            let url = format!("{}/_dev/mail.json?to=haruka@mobile.example", self.base);
            let mails: Value = reqwest::get(url).await.ok()?.json().await.ok()?;
            Some(mails.get(0)?.get("code")?.as_str()?.to_owned())
        })
        .await
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
async fn tour(window: Window) {
    // The house does this itself; here it runs as a process of its own.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let data = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = listener.local_addr().unwrap().to_string();
    drop(listener);
    let banner = data.path().join("banner");
    let folder = data.path().join("data");
    let _server = Process::start_printing(
        &[
            "dev",
            "--listen",
            &listen,
            "--data",
            folder.to_str().unwrap(),
        ],
        &banner,
    );
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
        base: format!("http://{listen}"),
        name,
    };
    tour.walk(&password).await;
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
