//! What people do once, or in a hurry, with JavaScript off: making an account, choosing a new password, stopping a
//! stranger by a mailed link (WEB-13, `ux.md` 2.7).

use sekisho_provider::rules::sign_up::SignUpMode;

use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Window};
use crate::support::house::TestHouse;
use crate::support::wait;

const PASSWORD: &str = "umbrella-octopus-lantern-41";
const NEXT: &str = "main form button.btn--primary";

struct Tour {
    house: TestHouse,
    browser: Chromium,
}

impl Tour {
    async fn open() -> Self {
        let house = TestHouse::open_with(|config| {
            config.accounts.registration = SignUpMode::Open;
        })
        .await;
        let browser = Chromium::open(Window {
            width: 320,
            dark: false,
            language: "en",
            script: false,
        })
        .await;
        Self { house, browser }
    }

    async fn go(&self, path: &str) {
        self.browser.go(&self.house.url(path)).await;
    }

    /// Waits for the page with these words; the browser complains of nothing there.
    async fn reads(&self, words: &str) {
        wait::until(words, async || {
            let there = self.browser.is_complete().await;
            (there && self.browser.words().await.contains(words)).then_some(())
        })
        .await;
        let complaints = self.browser.complaints().await;
        assert!(complaints.is_empty(), "{words}: {complaints:?}");
        assert!(!self.browser.scrolls_sideways().await, "{words}");
    }

    /// Fills a field and sends its form.
    async fn send(&self, field: &str, text: &str) {
        self.browser.fill(field, text).await;
        self.browser.click(NEXT).await;
    }

    async fn registers(&self) {
        let login = self.house.login_address.replace("haruka", "new-haruka");
        let code = self.house.code_address.replace("haruka", "new-haruka");
        self.go("/register").await;
        self.send("#email", &login).await;
        self.reads("digits").await;
        self.send("#code", &self.house.code_after(0, &login).await)
            .await;
        self.reads("Your name and password").await;
        self.send("#password", PASSWORD).await;
        self.reads("Your code address").await;
        self.send("#code_address", &code).await;
        self.reads("digits").await;
        self.send("#code", &self.house.code_after(0, &code).await)
            .await;
        self.reads("Your account is ready").await;
    }

    async fn resets(&self) {
        let login = &self.house.login_address;
        self.go("/password/forgot").await;
        self.send("#email", login).await;
        self.reads("If there is an account").await;
        let link = self.house.link_after(0, login).await;
        self.go(&link).await;
        self.reads("Choose a new password").await;
        self.send("#password", PASSWORD).await;
        self.reads("Your password is changed").await;
        self.browser.go(&self.browser.url().await).await;
        self.reads("Your password is changed").await;
    }

    async fn denies(&self, letter: &str) {
        let path = letter.split("/not-me/").nth(1).unwrap();
        let token: String = path
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
            .collect();
        self.go(&format!("/not-me/{token}")).await;
        self.reads("A sign-in you do not know").await;
        self.browser.click("main form button.btn--stop").await;
        self.reads("Stopped").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_13_an_account_a_new_password_and_a_stopped_stranger_without_javascript() {
    let tour = Tour::open().await;
    let stranger = Browser::new(&tour.house);
    let start = "/login?return_to=%2Faccount";
    stranger.sign_in(&tour.house, start).await;
    let address = &tour.house.login_address;
    let letter = tour.house.told(address, "new device").await;
    tour.denies(&letter).await;
    let out = stranger.get("/account").await;
    assert!(out.location().starts_with("/login"), "{}", out.location());
    tour.resets().await;
    tour.registers().await;
    tour.browser.close().await;
    tour.house.close().await;
}
