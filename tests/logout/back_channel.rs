use std::collections::BTreeSet;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use sekisho_model::{Origin, UserState};
use sekisho_store::{LogoutDelivery, LogoutState};
use serde_json::{Value, json};

use super::{BYE, STATE, Scene, discovery, sign_in};
use crate::support::app_server::AppServer;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::processes::Process;
use crate::support::wait;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

async fn told(app: &AppServer, path: &str, times: usize) -> Vec<String> {
    wait::until("the app to be told", async || {
        let seen = app.seen(path);
        (seen.len() >= times).then_some(())
    })
    .await;
    let seen = app.seen(path);
    seen.iter()
        .map(|post| {
            assert_eq!(post.method, "POST");
            assert_eq!(post.content_type, "application/x-www-form-urlencoded");
            let fields = post.fields();
            assert_eq!(fields.len(), 1, "{fields:?}");
            assert_eq!(fields[0].0, "logout_token");
            fields[0].1.clone()
        })
        .collect()
}

/// Verifies a logout token as an app does, and returns what it says.
async fn verified(house: &TestHouse, token: &str) -> Value {
    let jwks = reqwest::get(house.url("/oauth2/jwks")).await.unwrap();
    let jwks: JwkSet = jwks.json().await.unwrap();
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
    assert_eq!(header.alg, Algorithm::RS256);
    let key = jwks.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.validate_exp = false;
    rules.validate_aud = false;
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &rules)
        .unwrap()
        .claims
}

async fn ledger(house: &TestHouse) -> Vec<LogoutDelivery> {
    let store = &house.house.services.store;
    store
        .read(|tx| tx.list_logouts(None, None, 99))
        .await
        .unwrap()
}

/// Waits until the try with this number was answered with this status, and noted.
async fn noted(
    house: &TestHouse,
    attempts: u32,
    state: LogoutState,
    status: Option<u16>,
) -> LogoutDelivery {
    wait::until("the ledger", async || {
        let found = ledger(house).await.pop()?;
        let fits = (found.attempts, found.state, found.last_status) == (attempts, state, status);
        (fits && (status.is_some() || found.last_error.is_some())).then_some(found)
    })
    .await
}

async fn with_app(app: &AppServer) -> Scene {
    let members = back(app, "/out");
    Scene::signed_in_to(TestHouse::open().await, members).await
}

fn back(app: &AppServer, path: &str) -> Value {
    json!({
        "backchannel_logout_uri": app.url(path), "backchannel_logout_session_required": true,
        "application_type": "native",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    let house = TestHouse::open().await;
    let document = discovery(&house).await;
    assert_eq!(document["backchannel_logout_supported"], json!(true));
    assert_eq!(
        document["backchannel_logout_session_supported"],
        json!(true)
    );
    house.close().await;
    let off = TestHouse::open_with(|config| config.protocol.backchannel_logout = false).await;
    let document = discovery(&off).await;
    assert_eq!(document.get("backchannel_logout_supported"), None);
    off.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_backchannel_rp_initiated_logout() {
    let app = AppServer::start().await;
    let scene = with_app(&app).await;
    let (hint, id_token) = (scene.hint(), scene.claims());
    let done = scene
        .end(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", BYE),
            ("state", STATE),
        ])
        .await;
    assert_eq!(done.answer("state").as_deref(), Some(STATE));
    scene.is_over().await;
    let tokens = told(&app, "/out", 1).await;
    let claims = verified(&scene.house, &tokens[0]).await;
    let now = scene.house.now().seconds();
    assert_eq!(claims["iss"], json!(scene.house.issuer));
    assert_eq!(claims["aud"], json!(scene.id()));
    assert_eq!(claims["sub"], id_token["sub"]);
    assert_eq!(claims["sid"], id_token["sid"]);
    assert_eq!(claims["events"], json!({ EVENT: {} }));
    assert_eq!(claims["iat"], json!(now));
    assert_eq!(claims["exp"], json!(now + 120));
    assert!(claims["jti"].as_str().unwrap().len() >= 22);
    assert_eq!(claims.get("nonce"), None);
    assert_eq!(claims.as_object().unwrap().len(), 8, "{claims}");
    noted(&scene.house, 1, LogoutState::Done, Some(200)).await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_the_token_names_the_person_as_the_app_knows_them() {
    let app = AppServer::start().await;
    let mut members = back(&app, "/out");
    members["subject_type"] = json!("pairwise");
    let scene = Scene::signed_in_to(TestHouse::open().await, members).await;
    let hint = scene.hint();
    scene.end(&[("id_token_hint", &hint)]).await;
    let tokens = told(&app, "/out", 1).await;
    let claims = verified(&scene.house, &tokens[0]).await;
    assert_eq!(claims["sub"], scene.claims()["sub"]);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_an_app_that_fails_twice_is_told_the_third_time_with_a_new_token() {
    let app = AppServer::start().await;
    // A redirect is not followed.
    app.answer_posts(&[503, 302]);
    let scene = with_app(&app).await;
    let hint = scene.hint();
    scene.end(&[("id_token_hint", &hint)]).await;
    let first = noted(&scene.house, 1, LogoutState::Waiting, Some(503)).await;
    assert_eq!(
        first.next_attempt_at,
        scene.house.now() + Duration::from_secs(5)
    );
    scene.house.advance(Duration::from_secs(5)).await;
    let second = noted(&scene.house, 2, LogoutState::Waiting, Some(302)).await;
    assert_eq!(
        second.next_attempt_at,
        scene.house.now() + Duration::from_secs(30)
    );
    scene.house.advance(Duration::from_secs(30)).await;
    noted(&scene.house, 3, LogoutState::Done, Some(200)).await;
    let tokens = told(&app, "/out", 3).await;
    assert_eq!(tokens.len(), 3);
    let mut once = BTreeSet::new();
    for token in &tokens {
        let claims = verified(&scene.house, token).await;
        once.insert(claims["jti"].as_str().unwrap().to_owned());
    }
    assert_eq!(once.len(), 3);
    assert!(app.seen("/elsewhere").is_empty());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_an_app_that_refuses_is_left_alone_and_the_operator_reads_it() {
    let app = AppServer::start().await;
    app.answer_posts(&[400]);
    let scene = with_app(&app).await;
    let hint = scene.hint();
    scene.end(&[("id_token_hint", &hint)]).await;
    noted(&scene.house, 1, LogoutState::Dead, Some(400)).await;
    let file = scene.house.folder.path().join("sekisho.toml");
    scene.house.write_config(&file, "127.0.0.1:0");
    let file = file.to_str().unwrap();
    let arguments = [
        "client",
        "logouts",
        "--config",
        file,
        "--client",
        scene.id(),
    ];
    let listed = Process::run(&[&arguments[..], &["--output", "json"]].concat(), "");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["state"], "dead");
    assert_eq!(listed[0]["attempts"], 1);
    assert_eq!(listed[0]["last_status"], 400);
    assert_eq!(listed[0]["uri"], json!(app.url("/out")));
    assert_eq!(listed[0]["session_id"], scene.claims()["sid"]);
    let table = Process::run(&arguments, "");
    assert!(table.contains("dead") && table.contains("400"), "{table}");
    let other = ["client", "logouts", "--config", file, "--client", "other"];
    assert!(!Process::run(&other, "").contains("dead"));
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_is_read_a_page_at_a_time() {
    let app = AppServer::start().await;
    let scene = with_app(&app).await;
    sign_in(&scene.house, &scene.browser, back(&app, "/other")).await;
    let hint = scene.hint();
    scene.end(&[("id_token_hint", &hint)]).await;
    told(&app, "/out", 1).await;
    told(&app, "/other", 1).await;
    let file = scene.house.folder.path().join("config.toml");
    scene.house.write_config(&file, "127.0.0.1:0");
    let file = file.to_str().unwrap();
    let page = |more: &[&str]| -> Vec<Value> {
        let words = ["client", "logouts", "--output", "json", "--config", file];
        let printed = Process::run(&[&words, more].concat(), "");
        serde_json::from_str(&printed).unwrap()
    };
    let all = page(&[]);
    let place = |row: &Value| row["place"].as_str().unwrap().to_owned();
    let first = page(&["--limit", "1"]);
    let second = page(&["--limit", "1", "--after", &place(&first[0])]);
    assert_eq!(
        [first[0]["uri"].clone(), second[0]["uri"].clone()],
        [all[0]["uri"].clone(), all[1]["uri"].clone()]
    );
    assert!(page(&["--after", &place(&second[0])]).is_empty());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_nobody_waits_for_an_app_that_does_not_answer() {
    let silent = AppServer::start().await;
    silent.hold("/out");
    let scene = with_app(&silent).await;
    let hint = scene.hint();
    let done = scene
        .end(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])
        .await;
    assert_eq!(done.location(), BYE);
    told(&silent, "/out", 1).await;
    let delivery = &ledger(&scene.house).await[0];
    assert_eq!(
        delivery.state,
        LogoutState::Waiting,
        "the app has not answered"
    );
    silent.let_go("/out");
    noted(&scene.house, 1, LogoutState::Done, Some(200)).await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_an_app_that_is_away_holds_up_neither_the_browser_nor_the_others() {
    let (gone, here) = (AppServer::start().await, AppServer::start().await);
    let scene = with_app(&gone).await;
    drop(gone);
    let (other, ..) = sign_in(&scene.house, &scene.browser, back(&here, "/other")).await;
    let hint = scene.hint();
    let done = scene
        .end(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])
        .await;
    assert_eq!(done.location(), BYE);
    let tokens = told(&here, "/other", 1).await;
    let claims = verified(&scene.house, &tokens[0]).await;
    assert_eq!(claims["aud"], json!(other.client_id));
    assert_eq!(claims["sid"], scene.claims()["sid"]);
    let failed = wait::until("the failure", async || {
        let all = ledger(&scene.house).await;
        all.into_iter()
            .find(|delivery| delivery.last_error.is_some())
    })
    .await;
    assert_eq!(failed.client_id, scene.client.client_id);
    assert_eq!(
        failed.last_error.as_deref(),
        Some("the address could not be fetched")
    );
    assert_eq!(failed.last_status, None);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_every_app_of_a_session_is_told_and_no_app_of_another() {
    let app = AppServer::start().await;
    let scene = with_app(&app).await;
    let (second, ..) = sign_in(&scene.house, &scene.browser, back(&app, "/out")).await;
    let elsewhere = Browser::new(&scene.house);
    sign_in(&scene.house, &elsewhere, back(&app, "/not-me")).await;
    let page = scene.browser.get("/logout").await;
    let form = [("csrf", &*page.hidden("csrf")), ("decision", "yes")];
    scene.browser.post("/logout", &form).await;
    let mut audiences = BTreeSet::new();
    for token in told(&app, "/out", 2).await {
        let claims = verified(&scene.house, &token).await;
        audiences.insert(claims["aud"].as_str().unwrap().to_owned());
    }
    let expected = [
        scene.client.client_id.to_string(),
        second.client_id.to_string(),
    ];
    assert_eq!(audiences, BTreeSet::from(expected));
    assert!(app.seen("/not-me").is_empty());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_stopping_an_account_tells_the_apps_of_all_its_sessions() {
    let app = AppServer::start().await;
    let scene = with_app(&app).await;
    let other = Browser::new(&scene.house);
    sign_in(&scene.house, &other, back(&app, "/out")).await;
    let provider = &scene.house.house.services.provider;
    provider
        .set_account_state(scene.house.user, UserState::Disabled, &Origin::default())
        .await
        .unwrap();
    assert_eq!(told(&app, "/out", 2).await.len(), 2);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_what_is_switched_off_tells_nobody_and_says_so() {
    let app = AppServer::start().await;
    let house = TestHouse::open_with(|config| config.protocol.backchannel_logout = false).await;
    let scene = Scene::signed_in_to(house, back(&app, "/out")).await;
    let hint = scene.hint();
    scene.end(&[("id_token_hint", &hint)]).await;
    let delivery = noted(&scene.house, 1, LogoutState::Dead, None).await;
    let reason = delivery.last_error.unwrap();
    assert!(reason.contains("switched off"), "{reason}");
    assert!(app.seen("/out").is_empty());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_03_what_could_not_be_told_is_told_after_a_restart() {
    let app = AppServer::start().await;
    app.answer_posts(&[503]);
    let Scene {
        mut house,
        browser,
        tokens,
        ..
    } = with_app(&app).await;
    let hint = openidconnect::TokenResponse::id_token(&tokens)
        .unwrap()
        .to_string();
    browser
        .get(&super::end_session(&[("id_token_hint", &hint)]))
        .await;
    noted(&house, 1, LogoutState::Waiting, Some(503)).await;
    house = house.reopened().await;
    assert_eq!(ledger(&house).await[0].state, LogoutState::Waiting);
    house.advance(Duration::from_secs(5)).await;
    noted(&house, 2, LogoutState::Done, Some(200)).await;
    assert_eq!(told(&app, "/out", 2).await.len(), 2);
    house.close().await;
}
