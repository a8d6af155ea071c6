//! Signing keys: old ones get successors in time, one that may have leaked counts for nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use sekisho_model::{EventKind, KeyId, SigningAlgorithm};
use sekisho_provider::rules::key_rotation::KeyState;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::ports::free_address;
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::App;

const DAY: Duration = Duration::from_hours(24);

async fn jwks(house: &TestHouse) -> Vec<Value> {
    let answer = reqwest::get(house.url("/oauth2/jwks")).await.unwrap();
    let set: Value = answer.json().await.unwrap();
    set["keys"].as_array().unwrap().clone()
}

fn kids(keys: &[Value], alg: &str) -> Vec<String> {
    let own = keys.iter().filter(|key| key["alg"] == alg);
    own.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn kid_of(jwt: &Value) -> String {
    let header = jwt.as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn tokens(house: &TestHouse, app: &App, browser: &Browser) -> Value {
    let mut page = browser.get(&request(&app.id, &[])).await;
    if page.location().starts_with("/login") {
        page = browser.sign_in(house, &request(&app.id, &[])).await;
    }
    if page.location().starts_with("/consent") {
        page = browser.allow(&page).await;
    }
    let answer = app.redeem(&page.answer("code").unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_02_old_keys_get_successors_that_are_published_before_they_sign() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let provider = &house.house.services.provider;
    let browser = Browser::new(&house);
    let before = kid_of(&tokens(&house, &app, &browser).await["id_token"]);
    let young = provider.keep_keys(Some(90 * DAY)).await.unwrap();
    assert!(young.is_empty());
    house.advance(91 * DAY).await;
    // Two nodes at once: one makes them.
    let (one, two) = tokio::join!(
        provider.keep_keys(Some(90 * DAY)),
        provider.keep_keys(Some(90 * DAY)),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.len() + two.len(), one.len().min(two.len())), (4, 0));
    let published = kids(&jwks(&house).await, "RS256");
    assert_eq!(published.len(), 2, "the old key and the next");
    let meanwhile = tokens(&house, &app, &browser).await;
    assert_eq!(
        kid_of(&meanwhile["id_token"]),
        before,
        "the next one does not sign yet"
    );
    house.advance(2 * DAY).await;
    let after = tokens(&house, &app, &browser).await;
    assert_ne!(kid_of(&after["id_token"]), before);
    // What the old key signed still names the person.
    let hint = meanwhile["id_token"].as_str().unwrap();
    let silent = [("prompt", "none"), ("id_token_hint", hint)];
    let silent = browser.get(&request(&app.id, &silent)).await;
    assert!(silent.answer("code").is_some());
    house.advance(3 * DAY).await;
    provider.keep_keys(None).await.unwrap();
    assert!(!kids(&jwks(&house).await, "RS256").contains(&before));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_02_a_node_is_ready_when_every_key_is_there() {
    let house = TestHouse::open().await;
    let ready = async || {
        let answer = reqwest::get(house.url("/health/ready")).await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        (status, body["keys"].as_str().unwrap().to_owned())
    };
    assert_eq!(ready().await, (StatusCode::OK, "up".to_owned()));
    // As on a first start, when the slow key is still being made.
    let kid = kids(&jwks(&house).await, "RS256").remove(0);
    let (kid, now) = (sekisho_model::KeyId::new(kid), house.now());
    let services = &house.house.services;
    let gone = services.store.write(move |tx| tx.remove_key(&kid, now));
    let _first = gone.await.unwrap();
    house.advance(Duration::ZERO).await;
    let down = (StatusCode::SERVICE_UNAVAILABLE, "down".to_owned());
    assert_eq!(ready().await, down);
    assert_eq!(
        reqwest::get(house.url("/oauth2/jwks"))
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
    let entropy = &*services.surroundings.entropy;
    let made = services.provider.keys.make_missing(entropy, now).await;
    made.unwrap();
    assert_eq!(ready().await, (StatusCode::OK, "up".to_owned()));
    house.close().await;
}

/// The first start of the dev mode: not ready, though it answers, until the banner says that it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_02_the_banner_of_the_dev_mode_comes_when_every_key_is_there() {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let listen = free_address();
    let (banner, data) = (folder.path().join("banner"), folder.path().join("data"));
    let data = data.to_str().unwrap();
    let arguments = ["dev", "--listen", &listen, "--data", data];
    let _server = Process::start_printing(&arguments, &banner);
    let (ready, jwks) = (
        format!("http://{listen}/health/ready"),
        format!("http://{listen}/oauth2/jwks"),
    );
    let is_open = || {
        std::fs::read_to_string(&banner)
            .unwrap()
            .contains("Sekisho is open")
    };
    let before = wait::until("the first answer", async || reqwest::get(&ready).await.ok()).await;
    if !before.status().is_success() {
        let body: Value = before.json().await.unwrap();
        assert_eq!(body["keys"], "down", "{body}");
    }
    wait::until("the banner", async || is_open().then_some(())).await;
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), StatusCode::OK);
    let keys: Value = reqwest::get(&jwks).await.unwrap().json().await.unwrap();
    let keys = keys["keys"].as_array().unwrap();
    for algorithm in ["ES256", "EdDSA", "RS256", "PS256"] {
        assert_eq!(kids(keys, algorithm).len(), 1, "{algorithm} in {keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_04_a_compromised_key_counts_for_nothing_at_once() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let got = tokens(&house, &app, &browser).await;
    let userinfo = async |token: &Value| {
        let request = app.http.get(&app.userinfo_url);
        let request = request.bearer_auth(token.as_str().unwrap());
        request.send().await.unwrap().status()
    };
    assert_eq!(userinfo(&got["access_token"]).await, StatusCode::OK);
    let kid = kid_of(&got["access_token"]);
    let file = house.folder.path().join("sekisho.toml");
    house.write_config(&file, "127.0.0.1:0");
    let file = file.to_str().unwrap();
    let arguments = [
        "keys",
        "compromise",
        &kid,
        "--reason",
        "drill",
        "--config",
        file,
    ];
    Process::run(&arguments, "");
    house.advance(Duration::ZERO).await;
    let left = kids(&jwks(&house).await, SigningAlgorithm::ES256.name());
    assert!(left.len() == 1 && left[0] != kid, "{left:?}");
    assert_eq!(
        userinfo(&got["access_token"]).await,
        StatusCode::UNAUTHORIZED
    );
    // The grant itself goes on, under the successor.
    let again = app.refresh(got["refresh_token"].as_str().unwrap()).await;
    assert_eq!(again.status(), StatusCode::OK);
    let again: Value = again.json().await.unwrap();
    assert_eq!(kid_of(&again["access_token"]), left[0]);
    assert_eq!(userinfo(&again["access_token"]).await, StatusCode::OK);
    house.close().await;
}

/// What will stop counting is told before it does: while the command cannot write yet, its words are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_04_the_command_states_its_effects_before_it_acts() {
    let house = TestHouse::open().await;
    let file = house.folder.path().join("sekisho.toml");
    house.write_config(&file, "127.0.0.1:0");
    let file = file.to_str().unwrap();
    let services = &house.house.services;
    let in_force = async |kid: &str| {
        let kid = KeyId::new(kid);
        let keys = services.store.read(|tx| tx.keys()).await.unwrap();
        keys.iter().any(|key| key.kid == kid)
    };
    let published = jwks(&house).await;
    for (alg, effect) in [
        ("ES256", "Every access token it signed stops counting here"),
        ("RS256", "ID tokens it signed no longer count as hints here"),
    ] {
        let kid = kids(&published, alg).remove(0);
        let (held, holds) = tokio::sync::oneshot::channel();
        let (let_go, until) = std::sync::mpsc::channel::<()>();
        let mut held = Some(held);
        let work = move |tx: &mut sekisho_store::Tx<'_>| {
            tx.claim_keys()?;
            held.take().map(|held| held.send(()));
            // Ends when the other side is dropped.
            let _end = until.recv();
            Ok(())
        };
        let store = services.store.clone();
        let holding = tokio::spawn(async move { store.write(work).await });
        holds.await.unwrap();
        let paper = house.folder.path().join(alg);
        let arguments = [
            "keys",
            "compromise",
            &kid,
            "--reason",
            "drill",
            "--config",
            file,
        ];
        let command = Process::start_telling(&arguments, &paper);
        let printed = || std::fs::read_to_string(&paper).unwrap();
        let said = format!("{alg} key {kid} (active) is withdrawn now. {effect}");
        wait::until("its effects", async || {
            printed().contains(&said).then_some(())
        })
        .await;
        assert!(in_force(&kid).await && !printed().contains("destroyed"));
        drop(let_go);
        holding.await.unwrap().unwrap();
        assert!(command.finish());
        assert!(!in_force(&kid).await);
        let told = printed();
        let (effects, done) = (told.find(&said).unwrap(), told.find("destroyed").unwrap());
        assert!(effects < done, "{told}");
    }
    // Nothing is told, and nothing is done, for a key that is not there.
    let paper = house.folder.path().join("unknown");
    let arguments = [
        "keys",
        "compromise",
        "nobody",
        "--reason",
        "drill",
        "--config",
        file,
    ];
    assert!(!Process::start_telling(&arguments, &paper).finish());
    let told = std::fs::read_to_string(&paper).unwrap();
    assert!(
        told.contains("no signing key") && !told.contains("withdrawn"),
        "{told}"
    );
    house.close().await;
}

/// A successor that may have leaked is taken back: the key in force signs on until another is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_04_without_the_next_key_signing_goes_on() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let provider = &house.house.services.provider;
    let browser = Browser::new(&house);
    let first = kid_of(&tokens(&house, &app, &browser).await["access_token"]);
    house.advance(91 * DAY).await;
    assert_eq!(provider.keep_keys(Some(90 * DAY)).await.unwrap().len(), 4);
    let mut next = kids(&jwks(&house).await, "ES256");
    next.retain(|kid| *kid != first);
    let entropy = &*house.house.services.surroundings.entropy;
    let (kid, event) = (
        KeyId::new(next[0].as_str()),
        provider.event_of_server(EventKind::KeyChanged),
    );
    let withdrawn = provider
        .keys
        .compromise(&kid, entropy, provider.now(), event);
    let withdrawn = withdrawn.await.unwrap().unwrap();
    assert_eq!(withdrawn.was, KeyState::Next);
    house.advance(Duration::ZERO).await;
    assert!(!kids(&jwks(&house).await, "ES256").contains(&next[0]));
    // Past the moment at which the lost one was to take over.
    house.advance(Duration::from_hours(23)).await;
    let before = tokens(&house, &app, &browser).await;
    assert_eq!(kid_of(&before["access_token"]), first);
    house.advance(Duration::from_hours(3)).await;
    let after = tokens(&house, &app, &browser).await;
    let now = kid_of(&after["access_token"]);
    assert!(now != first && now != next[0], "{now}");
    house.close().await;
}

/// KEY-10: what became of a key can be read in the events, and its private part is nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_10_a_key_that_has_served_is_destroyed_and_that_is_recorded() {
    let house = TestHouse::open().await;
    let provider = &house.house.services.provider;
    let first = kids(&jwks(&house).await, "ES256").remove(0);
    house.advance(91 * DAY).await;
    provider.keep_keys(Some(90 * DAY)).await.unwrap();
    house.advance(2 * DAY).await;
    provider.keep_keys(None).await.unwrap();
    assert!(
        kids(&jwks(&house).await, "ES256").contains(&first),
        "still verifies"
    );
    house.advance(2 * DAY).await;
    provider.keep_keys(None).await.unwrap();
    provider.keep_keys(None).await.unwrap();
    assert!(!kids(&jwks(&house).await, "ES256").contains(&first));
    let read = |tx: &mut sekisho_store::Tx<'_>| tx.events_of_kind(EventKind::KeyChanged, 100);
    let events = house.house.services.store.read(read).await.unwrap();
    let destroyed: Vec<_> = events
        .iter()
        .filter(|event| event.detail["destroyed"].is_array())
        .collect();
    assert_eq!(destroyed.len(), 1, "recorded once: {events:?}");
    assert_eq!(
        destroyed[0].detail["destroyed"].as_array().unwrap().len(),
        4
    );
    house.close().await;
}
