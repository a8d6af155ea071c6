//! Forced resets of many accounts at once, started at the command line beside a running server.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::{App, body};

/// Somebody who is signed in, and an app that holds tokens.
struct Scene {
    house: TestHouse,
    app: App,
    browser: Browser,
    access: String,
    refresh: String,
    config: String,
}

impl Scene {
    async fn open() -> Self {
        let house = TestHouse::open().await;
        let app = App::of(&house, json!({"skip_consent": true})).await;
        let browser = Browser::new(&house);
        let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
        let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
        let member = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let file = house.folder.path().join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        Self {
            access: member("access_token"),
            refresh: member("refresh_token"),
            config: file.to_str().unwrap().to_owned(),
            house,
            app,
            browser,
        }
    }

    /// Runs `sekisho user …` against the data of the running server.
    fn user(&self, arguments: &[&str]) -> String {
        let config = ["--config", &self.config];
        Process::run(&[&["user"], arguments, &config].concat(), "")
    }

    /// What a running server does by itself twice a second.
    async fn hears(&self) {
        self.house.house.services.provider.hear().await.unwrap();
    }

    async fn is_signed_in(&self) -> bool {
        self.browser.get("/account").await.status == StatusCode::OK
    }

    async fn ends(&self, what: &str) {
        wait::until(what, async || {
            let ended = self.app.userinfo(&self.access).await == StatusCode::UNAUTHORIZED;
            ended.then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_08_a_cohort_loses_what_it_holds_and_nobody_else_does() {
    let scene = Scene::open().await;
    // Nobody's account, and nobody's password, is that old.
    scene.user(&[
        "force-reset",
        "--made-before",
        "2026-01-01",
        "--reason",
        "drill",
    ]);
    scene.user(&[
        "force-reset",
        "--chosen-before",
        "2026-01-01",
        "--reason",
        "drill",
    ]);
    // Both are in force once the third is, which ends nothing.
    scene.user(&[
        "force-reset",
        "--all",
        "--keep-sessions",
        "--reason",
        "stolen backup",
    ]);
    scene.hears().await;
    assert_eq!(scene.app.userinfo(&scene.access).await, StatusCode::OK);
    assert!(scene.is_signed_in().await);

    let tomorrow = "2999-01-01";
    scene.user(&[
        "force-reset",
        "--chosen-before",
        tomorrow,
        "--reason",
        "stolen backup",
    ]);
    scene.ends("the end of the tokens").await;
    assert!(!scene.is_signed_in().await);
    let refused = scene.app.refresh(&scene.refresh).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body(refused).await["error"], "invalid_grant");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_08_resets_are_counted_listed_and_lifted() {
    let scene = Scene::open().await;
    let read = |printed: String| serde_json::from_str::<Value>(&printed).unwrap();
    let count = |arguments: &[&str]| {
        let dry = [
            "force-reset",
            "--reason",
            "-",
            "--dry-run",
            "--output",
            "json",
        ];
        read(scene.user(&[&dry, arguments].concat()))["accounts"].clone()
    };
    assert_eq!(count(&["--all"]), 1);
    assert_eq!(count(&["--tag", "old-portal"]), 0);
    assert_eq!(count(&["--made-before", "2026-01-01"]), 0);
    let halves = [
        count(&["--all", "--wave", "1/2"]),
        count(&["--all", "--wave", "2/2"]),
    ];
    assert!(halves == [json!(0), json!(1)] || halves == [json!(1), json!(0)]);
    let list = || read(scene.user(&["resets", "--output", "json"]));
    assert_eq!(list(), json!([]), "a dry run marks nobody");

    scene.user(&["force-reset", "--all", "--reason", "stolen backup"]);
    let reset = &list()[0];
    assert_eq!(reset["who"], "everyone");
    assert_eq!(reset["reason"], "stolen backup");
    assert_eq!(
        (&reset["waiting"], &reset["changed"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(reset["asks"], true);
    scene.ends("the end of the tokens").await;

    let number = reset["number"].to_string();
    scene.user(&["lift-reset", &number]);
    assert_eq!(list()[0]["asks"], false);
    scene.hears().await;
    assert_eq!(
        scene.app.userinfo(&scene.access).await,
        StatusCode::UNAUTHORIZED
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_30_one_account_can_be_asked_by_its_address() {
    let scene = Scene::open().await;
    let address = scene.house.login_address.clone();
    scene.user(&[
        "force-reset",
        &address,
        "--reason",
        "their laptop was stolen",
    ]);
    scene.ends("the end of the tokens").await;
    assert!(!scene.is_signed_in().await);
    scene.house.close().await;
}
