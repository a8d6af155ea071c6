use reqwest::StatusCode;
use sekisho_model::Feature;
use sekisho_provider::rules::session_state::session_state;
use serde_json::json;

use super::{Scene, arrive, discovery, end_session, sign_in_with, window};
use crate::authorization::request;
use crate::support::app_server::AppServer;
use crate::support::browser::Browser;
use crate::support::chromium::Chromium;
use crate::support::house::TestHouse;
use crate::support::wait;
use crate::switches::switch;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_session_management_discovery_endpoint_verification() {
    let house = TestHouse::open().await;
    let document = discovery(&house).await;
    let frame = house.url("/oauth2/check_session");
    assert_eq!(document["check_session_iframe"], json!(frame));
    assert!(document["end_session_endpoint"].is_string());
    house.close().await;
    let off = TestHouse::open_with(|config| config.protocol.session_management = false).await;
    assert_eq!(discovery(&off).await.get("check_session_iframe"), None);
    let gone = reqwest::get(off.url("/oauth2/check_session"))
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    let scene = Scene::signed_in_to(off, json!({})).await;
    assert_eq!(scene.answer.answer("session_state"), None);
    assert_eq!(state_cookie(&scene.browser, &scene.house), None);
    scene.house.close().await;
}

fn state_cookie(browser: &Browser, house: &TestHouse) -> Option<String> {
    let all = browser.cookies(house);
    let mut pairs = all.to_str().unwrap().split("; ");
    pairs.find_map(|pair| pair.strip_prefix("sekisho_state=").map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_carries_the_session_state_that_the_cookie_explains() {
    let scene = Scene::signed_in().await;
    let state = scene.answer.answer("session_state").unwrap();
    assert!(!state.contains(' '));
    let salt = state.split_once('.').unwrap().1;
    let kept = state_cookie(&scene.browser, &scene.house).unwrap();
    let expected = session_state(scene.id(), "https://app.example", &kept, salt);
    assert_eq!(state, expected);
    assert!(!kept.contains(scene.claims()["sid"].as_str().unwrap()));
    let silent = request(scene.id(), &[("prompt", "none")]);
    let again = scene.browser.get(&silent).await.answer("session_state");
    let again = again.unwrap();
    assert_ne!(again, state, "another salt");
    let salt = again.split_once('.').unwrap().1;
    assert_eq!(
        again,
        session_state(scene.id(), "https://app.example", &kept, salt)
    );
    let hint = scene.hint();
    scene.end(&[("id_token_hint", &hint)]).await;
    assert_eq!(state_cookie(&scene.browser, &scene.house), None);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_frame_may_be_shown_by_any_site() {
    let house = TestHouse::open().await;
    let frame = reqwest::get(house.url("/oauth2/check_session"))
        .await
        .unwrap();
    assert_eq!(frame.status(), StatusCode::OK);
    let policy = frame.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("frame-ancestors *"), "{policy}");
    assert!(frame.headers().get("x-frame-options").is_none());
    assert!(
        frame.headers().get("set-cookie").is_none(),
        "the same for everybody"
    );
    house.close().await;
}

/// A page of the app that asks the frame and writes down what it says.
fn watcher(frame: &str, id: &str) -> String {
    format!(
        "<!doctype html><title>app</title><p id=\"said\">nothing</p><iframe hidden src=\"{frame}\"></iframe>
         <script>
         const frame = document.querySelector('iframe'), said = document.getElementById('said');
         const messages = ['{id} ' + decodeURIComponent(location.hash.slice(1)), 'nonsense', '{id} a.b c', {{}}];
         const answers = [];
         addEventListener('message', (event) => {{
           answers.push(event.data + '@' + event.origin);
           said.textContent = answers.join(' ');
           next();
         }});
         const next = () => {{
           const message = messages.shift();
           if (message) frame.contentWindow.postMessage(message, new URL(frame.src).origin);
         }};
         addEventListener('load', next);
         </script>"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_session_management_rp_initiated_logout() {
    let app = AppServer::start().await;
    let house = TestHouse::open().await;
    let members = json!({
        "skip_consent": true, "application_type": "native", "scope": "openid email",
        "redirect_uris": [app.url("/cb")], "post_logout_redirect_uris": [app.url("/bye")],
    });
    let (client, _) = house.client(members).await;
    let id = client.client_id.as_str();
    app.put_page("/watch", watcher(&house.url("/oauth2/check_session"), id));
    let callback = app.url("/cb");
    let start = house.url(&request(id, &[("redirect_uri", &callback)]));
    let chromium = Chromium::open(window(true)).await;
    sign_in_with(&chromium, &house, &start).await;
    let answer: url::Url = chromium.url().await.parse().unwrap();
    let (_, state) = answer
        .query_pairs()
        .find(|(name, _)| name == "session_state")
        .unwrap();
    let says = async |first: &str| {
        let from = format!("@{}", house.issuer);
        let expected = [first, "error", "error", "error"].map(|word| format!("{word}{from}"));
        chromium.go("about:blank").await;
        chromium.go(&app.url(&format!("/watch#{state}"))).await;
        wait::until(first, async || {
            (chromium.words().await == expected.join(" ")).then_some(())
        })
        .await;
    };
    says("unchanged").await;
    says("unchanged").await;
    let bye = app.url("/bye");
    let end = end_session(&[("client_id", id), ("post_logout_redirect_uri", &bye)]);
    chromium.go(&house.url(&end)).await;
    chromium.click("button[name=decision][value=yes]").await;
    arrive(&chromium, "/bye").await;
    says("changed").await;
    let complaints = chromium.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    chromium.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_without_the_frame_apps_get_no_session_state_and_nobody_is_signed_out() {
    let house = TestHouse::open().await;
    switch(&house, Feature::SessionManagement, false).await;
    let frame = async |house: &TestHouse| {
        let asked = reqwest::get(house.url("/oauth2/check_session")).await;
        asked.unwrap().status()
    };
    assert_eq!(frame(&house).await, StatusCode::SERVICE_UNAVAILABLE);
    let scene = Scene::signed_in_to(house, json!({})).await;
    assert_eq!(scene.answer.answer("session_state"), None);
    scene.goes_on().await;
    switch(&scene.house, Feature::SessionManagement, true).await;
    assert_eq!(frame(&scene.house).await, StatusCode::OK);
    // Who signed in meanwhile is not told for ever that something changed: the cookie is there.
    let silent = request(scene.id(), &[("prompt", "none")]);
    let state = scene.browser.get(&silent).await.answer("session_state");
    let state = state.unwrap();
    let salt = state.split_once('.').unwrap().1;
    let kept = state_cookie(&scene.browser, &scene.house).unwrap();
    let expected = session_state(scene.id(), "https://app.example", &kept, salt);
    assert_eq!(state, expected);
    scene.house.close().await;
}
