//! Epochs and blocks over the API of operators: what they do, who may, and what is recorded (INC-06, INC-07, S5).

use reqwest::StatusCode;
use sekisho_model::EventKind;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::operator_api::Scene;
use crate::support::browser::Browser;
use crate::tokens::{App, body};

const RAISE: [&str; 2] = ["--may", "incident:raise"];
const BOTH: [&str; 4] = ["--may", "incident:raise", "--may", "incident:lower"];
const READ: [&str; 2] = ["--may", "incident:read"];

/// An app with what it holds of somebody who is signed in.
async fn app_with_tokens(scene: &Scene, browser: &Browser) -> (App, String) {
    let app = App::of(&scene.house, json!({"skip_consent": true})).await;
    let start = request(&app.id, &[]);
    let first = browser.get(&start).await;
    let answer = match first.answer("code") {
        Some(code) => code,
        None => {
            let signed_in = browser.sign_in(&scene.house, &start).await;
            signed_in.answer("code").unwrap()
        }
    };
    let tokens = body(app.redeem(&answer).await).await;
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    (app, refresh)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_07_a_program_voids_what_one_app_one_person_a_cohort_or_everybody_holds() {
    let scene = Scene::open().await;
    let (pager, _) = scene.token("pager", &RAISE);
    let browser = Browser::new(&scene.house);
    let address = scene.house.login_address.clone();
    let (other, kept) = app_with_tokens(&scene, &browser).await;
    let (app, refresh) = app_with_tokens(&scene, &browser).await;
    let epochs = "/incident/epochs";

    let dry = json!({"kind": "token", "client": app.id, "reason": "leak", "dry_run": true});
    let (status, told) = scene.post(&pager, epochs, &dry).await;
    assert_eq!((status, &told), (StatusCode::OK, &json!({"at_most": 1})));
    assert_eq!(app.refresh(&refresh).await.status(), StatusCode::OK);
    assert!(scene.events(EventKind::EpochMoved).await.is_empty());

    let order = json!({"kind": "token", "client": app.id, "reason": "leak"});
    let (status, told) = scene.post(&pager, epochs, &order).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let first = told["epoch"].as_i64().unwrap();
    let void = StatusCode::BAD_REQUEST;
    assert_eq!(app.refresh(&refresh).await.status(), void);
    assert_eq!(other.refresh(&kept).await.status(), StatusCode::OK);

    for (whose, member) in [("user", json!(address)), ("all", json!(true))] {
        let (app, refresh) = app_with_tokens(&scene, &browser).await;
        let mut order = json!({"kind": "token", "reason": "leak"});
        order[whose] = member;
        let (status, told) = scene.post(&pager, epochs, &order).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        assert!(told["epoch"].as_i64().unwrap() > first);
        assert_eq!(app.refresh(&refresh).await.status(), void, "{whose}");
    }
    scene.import("old-portal");
    let cohort = json!({"kind": "session", "cohort": "old-portal", "reason": "leak"});
    assert_eq!(scene.post(&pager, epochs, &cohort).await.0, StatusCode::OK);
    let page = browser.get("/account").await;
    assert_eq!(page.status, StatusCode::OK, "this account has no such tag");
    let sessions = json!({"kind": "session", "all": true, "reason": "leak"});
    assert_eq!(
        scene.post(&pager, epochs, &sessions).await.0,
        StatusCode::OK
    );
    let page = browser.get("/account").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);

    let events = scene.events(EventKind::EpochMoved).await;
    assert_eq!(events.len(), 5);
    for event in &events {
        assert_eq!(event.detail["operator"], "pager");
        assert_eq!(event.detail["reason"], "leak");
        assert_eq!(event.origin.ip, "127.0.0.1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_06_an_epoch_that_is_not_understood_voids_nothing() {
    let scene = Scene::open().await;
    let (reader, _) = scene.token("reader", &READ);
    let (pager, _) = scene.token("pager", &RAISE);
    let all = json!({"kind": "token", "all": true, "reason": "leak"});
    let (status, told) = scene.post(&reader, "/incident/epochs", &all).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(told["type"], "urn:sekisho:problem:insufficient_scope");
    for wrong in [
        json!({"kind": "token", "reason": "leak"}),
        json!({"kind": "token", "all": false, "reason": "leak"}),
        json!({"kind": "token", "all": true, "client": "a", "reason": "leak"}),
        json!({"kind": "token", "all": true}),
        json!({"kind": "token", "all": true, "reason": " "}),
        json!({"kind": "token", "all": true, "reason": "x".repeat(3_000)}),
        json!({"kind": "everything", "all": true, "reason": "leak"}),
        json!({"kind": "token", "client": "nobody", "reason": "leak"}),
        json!({"kind": "session", "client": "nobody", "reason": "leak"}),
        json!({"kind": "token", "user": "nobody@example.jp", "reason": "leak"}),
        json!({"kind": "token", "cohort": "no-such-tag", "reason": "leak"}),
        json!({"kind": "token", "cohort": "no-such-tag", "reason": "leak", "dry_run": true}),
        json!({"kind": "token", "all": true, "reason": "leak", "operator": "haruka"}),
    ] {
        let (status, told) = scene.post(&pager, "/incident/epochs", &wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {told}");
    }
    assert!(scene.events(EventKind::EpochMoved).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_inc_06_a_program_keeps_requests_networks_and_apps_out_and_an_operator_lets_them_in() {
    let scene = Scene::open().await;
    let (pager, _) = scene.token("pager", &RAISE);
    let (haruka, _) = scene.token("haruka", &BOTH);
    let (reader, _) = scene.token("reader", &READ);
    let app = App::of(&scene.house, json!({})).await;
    let blocks = "/guard/blocks";
    let shape = json!({
        "request": {"method": "POST", "path": "/oauth2/token", "fields": ["code~probe"]},
        "reason": "advisory",
    });
    let (status, made) = scene.post(&pager, blocks, &shape).await;
    assert_eq!(
        (status, &made["state"]),
        (StatusCode::OK, &json!("in_force"))
    );
    let patched = made["number"].as_i64().unwrap();
    assert_eq!(app.redeem("a-Probe").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(app.redeem("other").await.status(), StatusCode::BAD_REQUEST);

    let of_network =
        json!({"network": "203.0.113.7/24", "effect": "everything", "reason": "probes"});
    assert_eq!(
        scene.post(&pager, blocks, &of_network).await.0,
        StatusCode::OK
    );
    let from = Browser::from_address(&scene.house, "203.0.113.9");
    assert_eq!(from.get("/login").await.status, StatusCode::FORBIDDEN);
    let allowed = json!({"network": "203.0.113.9", "effect": "allow", "reason": "office"});
    let (status, _) = scene.post(&pager, blocks, &allowed).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "that is opening");
    assert_eq!(from.get("/login").await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        scene.post(&haruka, blocks, &allowed).await.0,
        StatusCode::OK
    );
    assert_ne!(from.get("/login").await.status, StatusCode::FORBIDDEN);
    let of_app = json!({"client": app.id, "reason": "leak", "until": "2100-01-01"});
    assert_eq!(scene.post(&pager, blocks, &of_app).await.0, StatusCode::OK);
    assert_eq!(
        app.redeem("other").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );

    assert_eq!(
        scene.get(&pager, blocks).await.status(),
        StatusCode::FORBIDDEN
    );
    let listed: Value = scene.get(&reader, blocks).await.json().await.unwrap();
    let listed = listed["blocks"].as_array().unwrap();
    assert_eq!(listed.len(), 4);
    assert_eq!(listed[0]["number"], patched);
    assert_eq!(
        listed[0]["about"],
        "requests POST /oauth2/token with \"code~probe\" in the body"
    );
    assert_eq!(listed[0]["operator"], "pager");

    let lift = format!("{blocks}/{patched}/lift");
    let why = json!({"reason": "updated"});
    assert_eq!(
        scene.post(&pager, &lift, &why).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        scene.post(&haruka, &lift, &json!({})).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(scene.post(&haruka, &lift, &why).await.0, StatusCode::OK);
    assert_eq!(
        scene.post(&haruka, &lift, &why).await.0,
        StatusCode::CONFLICT,
        "once"
    );
    assert_eq!(
        app.redeem("a-probe").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    let events = scene.events(EventKind::BlockChanged).await;
    assert_eq!(events.len(), 5);
    let lifted = events.iter().filter(|event| event.detail["lifted"] == true);
    assert_eq!(lifted.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ad_06_a_block_that_is_not_understood_keeps_nobody_out() {
    let scene = Scene::open().await;
    let (token, _) = scene.token("haruka", &BOTH);
    for wrong in [
        json!({"reason": "x"}),
        json!({"network": "203.0.113.0/24"}),
        json!({"network": "203.0.113.0/24", "reason": ""}),
        json!({"network": "0.0.0.0/0", "reason": "x"}),
        json!({"network": "127.0.0.1", "reason": "x"}),
        json!({"network": "everywhere", "reason": "x"}),
        json!({"network": "203.0.113.0/24", "client": "a", "reason": "x"}),
        json!({"network": "203.0.113.0/24", "until": "2020-01-01", "reason": "x"}),
        json!({"client": "nobody", "reason": "x"}),
        json!({"user": "nobody@example.jp", "reason": "x"}),
        json!({"user_agent": "e", "reason": "x"}),
        json!({"request": {}, "reason": "x"}),
        json!({"request": {"path": "/"}, "reason": "x"}),
        json!({"request": {"fields": ["scope~admin"]}, "reason": "x"}),
        json!({"request": {"path": "/oauth2/token", "fields": ["scope~"]}, "reason": "x"}),
        json!({"request": {"path": "/oauth2/token", "body": "x"}, "reason": "x"}),
        json!({"request": {"path": "/oauth2/token"}, "effect": "strangers", "reason": "x"}),
        json!({"network": "203.0.113.0/24", "reason": "x", "operator": "pager"}),
    ] {
        let (status, told) = scene.post(&token, "/guard/blocks", &wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {told}");
    }
    for number in ["1", "x", "99999999999999999999"] {
        let path = format!("/guard/blocks/{number}/lift");
        let (status, _) = scene.post(&token, &path, &json!({"reason": "x"})).await;
        assert!(
            status == StatusCode::CONFLICT || status == StatusCode::NOT_FOUND,
            "{number}"
        );
    }
    assert!(scene.events(EventKind::BlockChanged).await.is_empty());
}
