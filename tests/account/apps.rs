use reqwest::StatusCode;
use sekisho_model::{ClientId, EventKind};
use serde_json::json;

use super::{csrf, press};
use crate::authorization::request;
use crate::support::app_server::AppServer;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::support::wait;
use crate::tokens::{App, body};

const HERE: &str = "/account/apps";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn con_05_an_app_is_listed_and_loses_everything_at_once() {
    let house = TestHouse::open().await;
    let server = AppServer::start().await;
    let members = json!({
        "opaque_access_tokens": true,
        "backchannel_logout_uri": server.url("/out"), "application_type": "native",
    });
    let app = App::of(&house, members).await;
    let browser = Browser::new(&house);
    let scope = ("scope", "openid email offline_access");
    let asked = browser.sign_in(&house, &request(&app.id, &[scope])).await;
    let code = browser.allow(&asked).await.answer("code").unwrap();
    let tokens = body(app.redeem(&code).await).await;
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    let listed = browser.get(HERE).await.words();
    for expected in [
        "Aozora Mail",
        "app.example",
        "Your email address",
        "Works on after you sign out",
        "Last used",
    ] {
        assert!(listed.contains(expected), "{expected}: {listed}");
    }
    let ask = format!("/account/apps/remove?client={}", app.id);
    let question = browser.get(&ask).await;
    assert!(question.words().contains("may stay with the app"));
    assert_eq!(
        app.userinfo(access).await,
        StatusCode::OK,
        "asking ends nothing"
    );
    let waiting = browser.get(&request(&app.id, &[])).await;
    let waiting = waiting.answer("code").expect("allowed before");

    let done = press(&browser, (&ask, HERE), &[("client", &app.id)]).await;
    assert_eq!(done.location(), "/account/apps?done=1");
    assert_eq!(app.userinfo(access).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.refresh(refresh).await.status(), StatusCode::BAD_REQUEST);
    let late = app.redeem(&waiting).await;
    assert_eq!(late.status(), StatusCode::BAD_REQUEST, "a code on its way");
    let after = browser.get(HERE).await.words();
    assert!(after.contains("No app is connected"), "{after}");
    let history = browser.get("/account/history").await.words();
    assert!(history.contains("Ended the access of an app"), "{history}");
    wait::until("the app to be told", async || {
        (!server.seen("/out").is_empty()).then_some(())
    })
    .await;
    // It has to ask again.
    let again = browser.get(&request(&app.id, &[])).await;
    assert!(
        again.location().starts_with("/consent"),
        "{}",
        again.location()
    );
    let silent = browser.get(&request(&app.id, &[("prompt", "none")])).await;
    assert_eq!(silent.answer("error").as_deref(), Some("consent_required"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_18_the_list_says_of_the_publisher_what_the_consent_page_said() {
    let house = TestHouse::open().await;
    let provider = &house.house.services.provider;
    let vouch = async |app: &App, name: &str| {
        let event = provider.event_of_server(EventKind::ClientChanged);
        let id = ClientId::new(&*app.id);
        provider.vouch_for(&id, Some(name), event).await.unwrap();
        provider.hear().await.unwrap();
    };
    let browser = Browser::new(&house);
    let app = App::of(&house, json!({})).await;
    vouch(&app, "Aozora Software Inc.").await;
    let said = "Publisher verified: Aozora Software Inc.";
    let asked = browser.sign_in(&house, &request(&app.id, &[])).await;
    let consent = browser.get(asked.location()).await;
    assert!(consent.words().contains(said), "{}", consent.words());
    browser.allow(&asked).await;
    let listed = browser.get(HERE).await.words();
    assert!(listed.contains(said), "{listed}");

    // To skip the question is no word on who makes it.
    let plain = App::of(&house, json!({"skip_consent": true, "client_name": "Map"})).await;
    let bait = json!({"skip_consent": true, "client_name": "Bait", "origin": "dynamic"});
    let bait = App::of(&house, bait).await;
    for app in [&plain, &bait] {
        let to = browser.get(&request(&app.id, &[])).await;
        let answer = if to.location().starts_with("/consent") {
            browser.allow(&to).await
        } else {
            to
        };
        app.redeem(&answer.answer("code").unwrap()).await;
    }
    let listed = browser.get(HERE).await.words();
    let of = |name: &str| {
        let rest = listed.split(name).nth(1).unwrap();
        rest.split("What it may do").next().unwrap().to_owned()
    };
    assert!(of("Map").contains("Added by the operator"), "{listed}");
    assert!(of("Bait").contains("Publisher not verified"), "{listed}");
    assert!(listed.contains(said), "{listed}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn con_05_only_the_own_access_ends_and_only_by_a_form_of_ours() {
    let house = TestHouse::open().await;
    let (one, other) = (
        App::of(&house, json!({"skip_consent": true})).await,
        App::of(&house, json!({"skip_consent": true, "client_name": "Map"})).await,
    );
    let browser = Browser::new(&house);
    let answer = browser.sign_in(&house, &request(&one.id, &[])).await;
    let first = body(one.redeem(&answer.answer("code").unwrap()).await).await;
    let answer = browser.get(&request(&other.id, &[])).await;
    let second = body(other.redeem(&answer.answer("code").unwrap()).await).await;
    let listed = browser.get(HERE).await.words();
    assert!(listed.contains("Aozora Mail") && listed.contains("Map"));
    assert!(listed.contains("Works only while you are signed in"));
    let ask = format!("/account/apps/remove?client={}", one.id);
    let token = csrf(&browser.get(&ask).await);
    let bare = browser.post(HERE, &[("client", &one.id)]).await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN);
    let foreign = Browser::new(&house);
    let sent = foreign
        .post(HERE, &[("csrf", &token), ("client", &one.id)])
        .await;
    assert!(sent.location().starts_with("/login"));
    for nobody in ["nobody", "<script>", "https://app.example/none"] {
        let form = [("csrf", &*token), ("client", nobody)];
        let answer = browser.post(HERE, &form).await;
        assert_eq!(answer.location(), "/account/apps?done=1", "{nobody:?}");
    }
    let empty = browser
        .post(HERE, &[("csrf", &token), ("client", "")])
        .await;
    assert_eq!(empty.status, StatusCode::FORBIDDEN);
    let gone = browser.get("/account/apps/remove?client=nobody").await;
    assert_eq!(gone.location(), HERE);
    let refresh = |tokens: &serde_json::Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    let (first, second) = (refresh(&first), refresh(&second));
    let form = [("csrf", &*token), ("client", &*one.id)];
    let sent = tokio::join!(
        browser.post(HERE, &form),
        browser.post(HERE, &form),
        one.refresh(&first),
    );
    assert_eq!(sent.0.location(), sent.1.location());
    assert_eq!(one.refresh(&first).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(other.refresh(&second).await.status(), StatusCode::OK);
    house.close().await;
}
