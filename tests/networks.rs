//! Accounts that can be signed in to from some networks only (S14).

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;

const PAGE: &str = "/account/security/networks";
const HOME: &str = "203.0.113.9";
const ELSEWHERE: &str = "198.51.100.7";

struct Scene {
    house: TestHouse,
    app: String,
    owner: Browser,
}

impl Scene {
    /// The owner, at home, signed in with both steps in a trusted browser.
    async fn open() -> Self {
        let house = TestHouse::open_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let (client, _) = house.client(json!({"skip_consent": true})).await;
        let app = client.client_id.to_string();
        let owner = Browser::from_address(&house, HOME);
        let page = owner.password(&house, &request(&app, &[])).await;
        let code = house.code().await;
        let form = [
            ("csrf", &*page.hidden("csrf")),
            ("code", &code),
            ("trust_browser", "1"),
        ];
        owner.post("/login/code", &form).await;
        Self { house, app, owner }
    }

    async fn recovery_codes(&self) -> Vec<String> {
        let made = self.send("/account/security/recovery-codes", &[]).await;
        let codes = made.text.split("<li><code>").skip(1);
        codes
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect()
    }

    /// Posts a form of the account pages with its token.
    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.owner.get(path).await;
        let form = page.text.split("<main").nth(1).unwrap();
        let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let csrf = csrf.split('"').next().unwrap();
        let form = [&[("csrf", csrf)], fields].concat();
        self.owner.post(path, &form).await
    }

    async fn choose(&self, networks: &str) -> Page {
        self.send(PAGE, &[("networks", networks)]).await
    }

    /// The answer to the right address and password.
    async fn password(&self, browser: &Browser) -> Page {
        let request = request(&self.app, &[("prompt", "login")]);
        let to_login = browser.get(&request).await;
        let login = browser.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*self.house.login_address),
            ("password", PASSWORD),
        ];
        browser.post("/login", &form).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s14_outside_of_the_networks_only_a_recovery_code_goes_on() {
    let scene = Scene::open().await;
    let codes = scene.recovery_codes().await;
    let saved = scene.choose("203.0.113.0/24\r\n2001:db8:1::/48").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.words());
    let shown = scene.owner.get(saved.location()).await;
    assert!(shown.text.contains("2001:db8:1::/48"), "{}", shown.words());
    let told = "the networks you sign in from were chosen";
    scene.house.told(&scene.house.login_address, told).await;
    scene.house.told(&scene.house.code_address, told).await;

    // At home nothing changed, trust in the browser included.
    let at_home = scene.password(&scene.owner).await;
    assert!(at_home.answer("code").is_some(), "{}", at_home.location());

    // Elsewhere the right password gets nowhere, and no code is mailed.
    let mailed = scene.house.codes_so_far().len();
    let away = Browser::from_address(&scene.house, ELSEWHERE);
    let page = scene.password(&away).await;
    let to_code = away.get(page.location()).await;
    assert!(
        to_code.location().starts_with("/login/recovery"),
        "{}",
        to_code.words()
    );
    let page = away.get(to_code.location()).await;
    assert!(
        page.words().contains("cannot sign in from this network"),
        "{}",
        page.words()
    );
    let csrf = page.hidden("csrf");
    for form in [
        vec![("csrf", &*csrf), ("action", "resend")],
        vec![("csrf", &*csrf), ("code", "12345678")],
    ] {
        let refused = away.post("/login/code", &form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let told = "typed in a network you do not allow";
    scene.house.told(&scene.house.login_address, told).await;
    assert_eq!(scene.house.codes_so_far().len(), mailed);

    // The owner on the way has recovery codes.
    let page = scene.password(&away).await;
    let page = away.get(page.location()).await;
    let page = away.get(page.location()).await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("recovery_code", &codes[0]),
    ];
    let used = away.post("/login/recovery", &form).await;
    let done = away.after_recovery_code(&used).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    let history = scene.owner.get("/account/history").await;
    let words = history.words();
    assert!(words.contains("from a network you do not allow"), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s14_neither_trust_nor_a_second_step_switched_off_lets_anybody_in_from_elsewhere() {
    let scene = Scene::open().await;
    scene.recovery_codes().await;
    scene.choose("203.0.113.0/24").await;
    let cookies = scene.owner.cookies(&scene.house);
    let thief = Browser::from_address(&scene.house, ELSEWHERE);
    let thief = thief.holding(&scene.house, &cookies, "browser");
    let user = scene.house.user;
    for second_step in [true, false] {
        let store = &scene.house.house.services.store;
        let switch = move |tx: &mut sekisho_store::Tx<'_>| tx.set_second_step(user, second_step);
        store.write(switch).await.unwrap();
        let page = scene.password(&thief).await;
        assert!(
            page.location().starts_with("/login/code"),
            "{second_step}: {}",
            page.location()
        );
        let page = thief.get(page.location()).await;
        assert!(page.location().starts_with("/login/recovery"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s14_nobody_locks_themselves_out_and_an_operator_can_open() {
    let scene = Scene::open().await;
    let without = scene.owner.get(PAGE).await;
    assert!(without.words().contains("Make recovery codes first"));
    let codes = scene.recovery_codes().await;
    assert_eq!(codes.len(), 10);
    for (typed, said) in [
        ("198.51.100.0/24", "would lock yourself out"),
        ("home", "is not an address or a network"),
        ("0.0.0.0/0", "allows everybody"),
    ] {
        let page = scene.choose(typed).await;
        assert!(page.words().contains(said), "{typed}: {}", page.words());
        assert!(page.text.contains(typed), "what was typed is not lost");
    }
    scene.choose("203.0.113.9").await;
    let away = Browser::from_address(&scene.house, ELSEWHERE);
    let refused = away.get(scene.password(&away).await.location()).await;
    assert!(refused.location().starts_with("/login/recovery"));

    let file = scene.house.folder.path().join("config.toml");
    scene.house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap();
    let who = &*scene.house.login_address;
    let run = |words: &[&str]| {
        let base = ["user", "networks", who, "--config", config];
        Process::run(&[&base, words].concat(), "")
    };
    assert_eq!(run(&[]).trim(), "203.0.113.9");
    run(&["--clear", "--reason", "id card seen"]);
    assert_eq!(run(&[]).trim(), "From anywhere.");
    scene.house.advance(Duration::from_secs(120)).await;
    let told = "you can sign in from anywhere again";
    scene.house.told(&scene.house.code_address, told).await;
    let let_in = scene.password(&away).await;
    let page = away.get(let_in.location()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_10_s14_an_old_session_cannot_change_the_networks() {
    let scene = Scene::open().await;
    scene.recovery_codes().await;
    scene.choose("203.0.113.9").await;
    let page = scene.owner.get(PAGE).await;
    let form = page.text.split("<main").nth(1).unwrap();
    let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap().to_owned();
    scene.house.advance(Duration::from_secs(11 * 60)).await;
    let form = [("csrf", &*csrf), ("networks", "")];
    let sent = scene.owner.post(PAGE, &form).await;
    assert!(sent.location().starts_with("/login"), "{}", sent.words());
    let away = Browser::from_address(&scene.house, ELSEWHERE);
    let refused = away.get(scene.password(&away).await.location()).await;
    assert!(refused.location().starts_with("/login/recovery"));
}
