//! The tutorials as they are written: `sekisho dev`, the example beside it, and a person in Chromium.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::in_chromium::{DevServer, Tour, begin};
use crate::support::chromium::Window;
use crate::support::ports::free_address;
use crate::support::processes::Process;
use crate::support::wait;

/// A dev server, a browser, and room for what examples print.
struct Desk {
    tour: Tour,
    password: String,
    server: DevServer,
    papers: tempfile::TempDir,
}

impl Desk {
    async fn open() -> Self {
        let window = Window {
            width: 1280,
            dark: false,
            language: "en",
            script: true,
        };
        let (tour, password, server) = begin(window).await;
        Self {
            tour,
            password,
            server,
            papers: tempfile::tempdir().unwrap(),
        }
    }

    fn paper(&self, name: &str) -> PathBuf {
        self.papers.path().join(name)
    }

    async fn allow(&self) {
        self.tour.arrive("/consent", "q3-consent").await;
        let allow = "button[name=decision][value=allow]";
        self.tour.browser.click(allow).await;
    }

    /// Public apps on this device are handed the answer by a link, which the person has to follow.
    async fn go_on(&self, app: &str) {
        // In the language of the browser: nobody chose one for the account.
        self.reads(&format!("Return to {app}")).await;
        self.tour.browser.click("main a.btn--primary").await;
    }

    async fn reads(&self, text: &str) {
        let browser = &self.tour.browser;
        wait::until(text, async || {
            browser.words().await.contains(text).then_some(())
        })
        .await;
    }
}

/// The first printed line that begins with `start`, without it.
async fn printed(file: &Path, start: &str) -> String {
    wait::until(start, async || {
        let text = std::fs::read_to_string(file).ok()?;
        // Only lines that are written to their end.
        let whole = text.rsplit_once('\n')?.0;
        let found = whole.lines().find_map(|line| line.strip_prefix(start));
        found.map(str::to_owned)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quickstart_of_a_web_app_runs() {
    let desk = Desk::open().await;
    let listen = free_address();
    let base = format!("http://{listen}");
    let client = json!({
        "client_name": "Notes", "application_type": "native",
        "redirect_uris": [format!("{base}/callback")],
        "post_logout_redirect_uris": [format!("{base}/")],
        "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email",
    });
    let app = desk.server.register(&desk.tour, &client).await;
    let secret = app.secret.unwrap();
    let environment = [
        ("ISSUER", &*desk.tour.base),
        ("CLIENT_ID", &*app.id),
        ("CLIENT_SECRET", &*secret),
        ("LISTEN", &*listen),
    ];
    let paper = desk.paper("web");
    let _running = Process::example("relying_party", &[], &environment, &paper);
    answers(&base).await;
    desk.tour.browser.go(&base).await;
    desk.tour.browser.click("a[href='/login']").await;
    desk.tour.sign_in(&desk.password, "q-web-").await;
    desk.allow().await;
    desk.reads("haruka@example.jp").await;
    desk.tour.browser.click("form button").await;
    desk.reads("Sign in with Sekisho").await;
    desk.tour.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quickstart_of_a_single_page_app_runs() {
    let desk = Desk::open().await;
    let listen = free_address();
    let base = format!("http://{listen}/");
    let client = json!({
        "client_name": "Sketches", "application_type": "native", "token_endpoint_auth_method": "none",
        "redirect_uris": [base], "grant_types": ["authorization_code"], "scope": "openid email",
        "dpop_bound_access_tokens": true,
    });
    let app = desk.server.register(&desk.tour, &client).await;
    let environment = [
        ("ISSUER", &*desk.tour.base),
        ("CLIENT_ID", &*app.id),
        ("LISTEN", &*listen),
    ];
    let _running = Process::example("spa", &[], &environment, &desk.paper("spa"));
    answers(&base).await;
    desk.tour.browser.go(&base).await;
    desk.reads("Not signed in").await;
    desk.tour.browser.click("#sign-in").await;
    desk.tour.sign_in(&desk.password, "q-spa-").await;
    desk.allow().await;
    desk.go_on("Sketches").await;
    desk.reads("Signed in as haruka@example.jp").await;
    assert_eq!(
        desk.tour.browser.url().await,
        base,
        "the code is gone from the address"
    );
    let complaints = desk.tour.browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    desk.tour.browser.close().await;
}

/// The client of the tutorial about programs in a terminal.
async fn terminal(desk: &Desk) -> String {
    let client = json!({
        "client_name": "notes", "application_type": "native", "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/callback"], "scope": "openid email",
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
    });
    desk.server.register(&desk.tour, &client).await.id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quickstart_of_a_terminal_runs_with_this_machines_browser() {
    let desk = Desk::open().await;
    let id = terminal(&desk).await;
    let environment = [("ISSUER", &*desk.tour.base), ("CLIENT_ID", &*id)];
    let paper = desk.paper("terminal");
    let _running = Process::example("command_line", &[], &environment, &paper);
    let url = printed(&paper, "Open ").await;
    desk.tour.browser.go(&url).await;
    desk.tour.sign_in(&desk.password, "q-cli-").await;
    desk.allow().await;
    desk.go_on("notes").await;
    desk.reads("Go back to the terminal").await;
    assert_eq!(printed(&paper, "Signed in as ").await, "haruka@example.jp");
    desk.tour.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quickstart_of_a_terminal_runs_with_a_code() {
    let desk = Desk::open().await;
    let id = terminal(&desk).await;
    let environment = [("ISSUER", &*desk.tour.base), ("CLIENT_ID", &*id)];
    let paper = desk.paper("terminal");
    let _running = Process::example("command_line", &["--device"], &environment, &paper);
    let told = printed(&paper, "Open ").await;
    let (address, code) = told.split_once(" on any device and type ").unwrap();
    desk.tour.browser.go(address).await;
    desk.tour.sign_in(&desk.password, "q-device-").await;
    desk.tour.arrive("/device", "q-device-3").await;
    desk.tour.browser.fill("#user_code", code).await;
    desk.tour
        .browser
        .click("main form button[type=submit]")
        .await;
    desk.tour.say('問', "q-device-4").await;
    let allow = "button[name=decision][value=allow]";
    desk.tour.browser.click(allow).await;
    desk.tour.say('通', "q-device-5").await;
    assert_eq!(printed(&paper, "Signed in as ").await, "haruka@example.jp");
    desk.tour.browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quickstart_of_a_machine_and_its_api_runs() {
    let desk = Desk::open().await;
    let listen = free_address();
    let api = format!("http://{listen}");
    let client = json!({
        "client_name": "Nightly report", "grant_types": ["client_credentials"],
        "scope": "orders:read", "default_resource": api,
    });
    let app = desk.server.register(&desk.tour, &client).await;
    let secret = app.secret.unwrap();
    let resource = format!("{api}/orders");
    let issuer = ("ISSUER", &*desk.tour.base);
    let environment = [issuer, ("LISTEN", &*listen), ("AUDIENCE", &*api)];
    let paper = desk.paper("api");
    let _running = Process::example("resource_server", &[], &environment, &paper);
    answers(&resource).await;
    let refused = reqwest::get(&resource).await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    let environment = [
        issuer,
        ("CLIENT_ID", &*app.id),
        ("CLIENT_SECRET", &*secret),
        ("RESOURCE", &*resource),
    ];
    let paper = desk.paper("machine");
    let _running = Process::example("machine_to_machine", &[], &environment, &paper);
    printed(&paper, "a new token").await;
    wait::until("three answers", async || {
        let text = std::fs::read_to_string(&paper).ok()?;
        (text.lines().count() == 4).then_some(())
    })
    .await;
    desk.tour.browser.close().await;
}

/// Waits until something listens there.
async fn answers(url: &str) {
    wait::until(url, async || reqwest::get(url).await.ok()).await;
}
