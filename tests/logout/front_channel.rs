use reqwest::StatusCode;
use sekisho_model::Feature;
use serde_json::{Value, json};

use super::{BYE, STATE, Scene, arrive, discovery, end_session, sign_in, sign_in_with, window};
use crate::authorization::request;
use crate::support::app_server::AppServer;
use crate::support::browser::Page;
use crate::support::chromium::Chromium;
use crate::support::house::TestHouse;
use crate::support::wait;
use crate::switches::switch;

fn front(uri: &str) -> Value {
    json!({"frontchannel_logout_uri": uri, "frontchannel_logout_session_required": true})
}

/// The addresses of the frames of a page.
fn frames(page: &Page) -> Vec<url::Url> {
    let texts = page.text.split("<iframe hidden src=\"").skip(1);
    texts
        .map(|text| super::unescape(text.split('"').next().unwrap()))
        .map(|address| address.parse().unwrap())
        .collect()
}

fn pairs(url: &url::Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

fn policy(page: &Page) -> &str {
    page.headers["content-security-policy"].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_frontchannel_logout_discovery_endpoint_verification() {
    let house = TestHouse::open().await;
    let document = discovery(&house).await;
    assert_eq!(document["frontchannel_logout_supported"], json!(true));
    assert_eq!(
        document["frontchannel_logout_session_supported"],
        json!(true)
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidcc_frontchannel_rp_initiated_logout() {
    let members = front("https://app.example/out?tenant=1");
    let scene = Scene::signed_in_to(TestHouse::open().await, members).await;
    let hint = scene.hint();
    let all = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", STATE),
    ];
    let page = scene.end(&all).await;
    assert_eq!((page.status, &page.location), (StatusCode::OK, &None));
    let shown = frames(&page);
    let sid = scene.claims()["sid"].as_str().unwrap().to_owned();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].path(), "/out");
    let expected = [
        ("tenant", "1"),
        ("iss", scene.house.issuer.as_str()),
        ("sid", sid.as_str()),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs(&shown[0]), expected);
    assert!(
        policy(&page).ends_with("; frame-src https://app.example"),
        "LO-05"
    );
    let refresh = page.text.split("content=\"3;url=").nth(1).unwrap();
    let next = super::unescape(refresh.split('"').next().unwrap());
    let next: url::Url = next.parse().unwrap();
    assert_eq!(pairs(&next), [("state".to_owned(), STATE.to_owned())]);
    assert!(page.text.contains("data-next"));
    scene.is_over().await;
    let again = scene.end(&all).await;
    assert_eq!(
        again.status,
        StatusCode::SEE_OTHER,
        "nobody is left to tell"
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_05_every_app_with_a_frame_is_told_and_those_with_no_channel_are_named() {
    let first = front("https://app.example/out");
    let scene = Scene::signed_in_to(TestHouse::open().await, first).await;
    let (house, browser) = (&scene.house, &scene.browser);
    let second = json!({
        "frontchannel_logout_uri": "https://second.example/out",
        "redirect_uris": ["https://app.example/cb", "https://second.example/cb"],
    });
    sign_in(house, browser, second).await;
    sign_in(house, browser, json!({"client_name": "Deaf <App>"})).await;
    let at_home = json!({"client_name": "Deaf too", "client_uri": "https://app.example/start"});
    sign_in(house, browser, at_home).await;
    let told_behind = json!({
        "client_name": "Other", "backchannel_logout_uri": "https://app.example/back",
    });
    sign_in(house, browser, told_behind).await;
    let page = browser.get("/logout").await;
    let form = [("csrf", &*page.hidden("csrf")), ("decision", "yes")];
    let done = browser.post("/logout", &form).await;
    let mut hosts: Vec<_> = frames(&done)
        .iter()
        .map(|url| url.host_str().unwrap().to_owned())
        .collect();
    hosts.sort();
    assert_eq!(hosts, ["app.example", "second.example"]);
    let sources = "; frame-src https://app.example https://second.example";
    assert!(policy(&done).ends_with(sources), "{}", policy(&done));
    let words = done.words();
    assert!(words.contains("We could not tell"), "{words}");
    assert!(
        done.text.contains("<li>Deaf &#60;App&#62;</li>"),
        "{}",
        done.text
    );
    // ux 6.12: a link where the app registered one.
    let link = "<a href=\"https://app.example/start\" rel=\"noreferrer\">Deaf too</a>";
    assert!(done.text.contains(link), "{}", done.text);
    assert!(!done.text.contains("<li>Other</li>"));
    assert!(
        !done.text.contains("http-equiv"),
        "there is nowhere to go on to"
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_05_frames_that_are_switched_off_are_not_shown() {
    let house = TestHouse::open_with(|config| config.protocol.frontchannel_logout = false).await;
    assert_eq!(
        discovery(&house).await.get("frontchannel_logout_supported"),
        None
    );
    let scene = Scene::signed_in_to(house, front("https://app.example/out")).await;
    let hint = scene.hint();
    let done = scene
        .end(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])
        .await;
    assert_eq!(done.location(), BYE);
    scene.house.close().await;
}

/// An app on a server of ours, a person signed in to it in Chromium, and the sign-out request.
async fn in_chromium(script: bool, held: bool) {
    let app = AppServer::start().await;
    if held {
        app.hold("/out");
    }
    let house = TestHouse::open().await;
    let members = json!({
        "skip_consent": true, "application_type": "native", "scope": "openid email",
        "redirect_uris": [app.url("/cb")], "post_logout_redirect_uris": [app.url("/bye")],
        "frontchannel_logout_uri": app.url("/out"),
    });
    let (client, _) = house.client(members).await;
    let id = client.client_id.as_str();
    let callback = app.url("/cb");
    let start = house.url(&request(id, &[("redirect_uri", &callback)]));
    let chromium = Chromium::open(window(script)).await;
    sign_in_with(&chromium, &house, &start).await;
    let bye = app.url("/bye");
    let end = end_session(&[
        ("client_id", id),
        ("post_logout_redirect_uri", &bye),
        ("state", STATE),
    ]);
    chromium.go(&house.url(&end)).await;
    chromium.click("button[name=decision][value=yes]").await;
    arrive(&chromium, "/bye?state=").await;
    let arrived: url::Url = chromium.url().await.parse().unwrap();
    assert_eq!(pairs(&arrived), [("state".to_owned(), STATE.to_owned())]);
    let told = wait::until("the frame", async || app.seen("/out").pop()).await;
    assert_eq!(told.method, "GET");
    assert_eq!(told.fields()[0], ("iss".to_owned(), house.issuer.clone()));
    assert_eq!(
        (told.fields().len(), told.fields()[1].0.as_str()),
        (2, "sid")
    );
    assert_eq!(app.seen("/out").len(), 1);
    let complaints = chromium.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    chromium.go(&house.url("/account")).await;
    arrive(&chromium, "/login").await;
    chromium.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_05_a_real_browser_loads_the_frame_and_goes_on() {
    in_chromium(true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_05_a_frame_that_never_loads_holds_nobody_up() {
    in_chromium(true, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_05_a_browser_without_script_goes_on_too() {
    in_chromium(false, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_without_frames_people_sign_out_and_read_whom_nobody_told() {
    let members = json!({
        "client_name": "Framed", "frontchannel_logout_uri": "https://app.example/out",
    });
    let scene = Scene::signed_in_to(TestHouse::open().await, members.clone()).await;
    let (house, browser) = (&scene.house, &scene.browser);
    let leaves = async || {
        let page = browser.get("/logout").await;
        let form = [("csrf", &*page.hidden("csrf")), ("decision", "yes")];
        browser.post("/logout", &form).await
    };
    switch(house, Feature::FrontchannelLogout, false).await;
    let done = leaves().await;
    assert!(frames(&done).is_empty());
    assert!(!policy(&done).contains("https://app.example"));
    assert!(done.text.contains("<li>Framed</li>"), "{}", done.words());
    scene.is_over().await;
    switch(house, Feature::FrontchannelLogout, true).await;
    sign_in(house, browser, members).await;
    assert_eq!(frames(&leaves().await).len(), 1);
    scene.house.close().await;
}
