//! Levels of one app and of some accounts, asked by a real app, a session and tokens (INC-03).

use std::sync::Mutex;

use reqwest::{Method, StatusCode};
use sekisho_model::{BlockEffect, BlockTarget, ClientId, EventKind, Level, LevelScope};
use sekisho_provider::blocks::BlockOrder;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::incident_levels::Scene;
use crate::tokens::body;

const ROUTES: &str = include_str!("incident_levels/routes.txt");

/// The columns of the table from the fourth on.
fn rows() -> impl Iterator<Item = (&'static str, [&'static str; 3])> {
    let lines = ROUTES.lines().filter(|line| line.starts_with('/'));
    lines.map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [pattern, _, _, app, looking, acting] = columns[..] else {
            panic!("{line}");
        };
        (pattern, [app, looking, acting])
    })
}

fn stopped(from: &str, level: Level) -> bool {
    from.parse::<u8>().is_ok_and(|from| level.number() >= from)
}

async fn scene() -> Scene {
    let grants = [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ];
    let change = |config: &mut sekisho_server::config::Config| {
        config.protocol.registration = true;
        config.protocol.open_registration = true;
    };
    Scene::open_with(change, json!({"grant_types": grants})).await
}

/// An app that registered itself: its id, and what it manages itself with.
async fn self_registered(scene: &Scene) -> (String, String) {
    let asked = json!({"redirect_uris": ["https://app.example/cb"]});
    let url = scene.house.url("/oauth2/register");
    let made = scene.app.http.post(url).json(&asked).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    let made = body(made).await;
    let member = |name: &str| made[name].as_str().unwrap().to_owned();
    (member("client_id"), member("registration_access_token"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_03_every_route_asks_for_the_level_of_the_app() {
    let scene = scene().await;
    let (managed, token) = self_registered(&scene).await;
    let token = Mutex::new(token);
    let app = &scene.app;
    let post = async |path: &str, form: &[(&str, &str)]| {
        let sent = app.http.post(scene.house.url(path)).form(form);
        let sent = sent.basic_auth(&app.id, app.secret.as_deref());
        sent.send().await.unwrap().status()
    };
    let pushed = url::Url::parse(&format!("http://x{}", request(&app.id, &[]))).unwrap();
    let pushed: Vec<(String, String)> = pushed.query_pairs().into_owned().collect();
    let pushed: Vec<(&str, &str)> = pushed.iter().map(|(k, v)| (&**k, &**v)).collect();
    let manage = async || {
        let url = scene.house.url(&format!("/oauth2/register/{managed}"));
        let held = token.lock().unwrap().clone();
        let answer = app.http.get(url).bearer_auth(held).send().await.unwrap();
        let status = answer.status();
        if status == StatusCode::OK {
            let told: Value = body(answer).await;
            let next = told["registration_access_token"].as_str().unwrap();
            next.clone_into(&mut token.lock().unwrap());
        }
        status
    };
    for level in Level::ALL {
        if level > Level::Normal {
            for id in [&app.id, &managed] {
                let scope = LevelScope::Client(ClientId::new(id.as_str()));
                scene.level_for(scope, level, None).await;
            }
        }
        for (pattern, [from, ..]) in rows().filter(|(_, [from, ..])| *from != "-") {
            let status = match pattern {
                "/oauth2/authorize" => scene.browser.get(&request(&app.id, &[])).await.status,
                "/oauth2/device_authorization" => post(pattern, &[("scope", "openid")]).await,
                "/oauth2/introspect" | "/oauth2/revoke" => post(pattern, &[("token", "x")]).await,
                "/oauth2/par" => post(pattern, &pushed).await,
                "/oauth2/register/{client_id}" => manage().await,
                "/oauth2/token" => app.refresh(&scene.refresh).await.status(),
                "/oauth2/userinfo" => app.userinfo(&scene.access).await,
                other => panic!("nobody asks {other}"),
            };
            let halted = status == StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(
                halted,
                stopped(from, level),
                "{pattern} at {level:?}: {status}"
            );
            assert!(
                halted || status.as_u16() < 400,
                "{pattern} at {level:?}: {status}"
            );
        }
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_03_every_route_asks_for_the_level_of_its_owner() {
    let scene = scene().await;
    let everybody = scene.everybody();
    let ask = async |method: &Method, pattern: &str| match pattern {
        "/oauth2/token" => scene.app.refresh(&scene.refresh).await.status(),
        "/oauth2/userinfo" => scene.app.userinfo(&scene.access).await,
        "/oauth2/authorize" => scene.browser.get(&request(&scene.app.id, &[])).await.status,
        _ if *method == Method::GET => scene.browser.get(pattern).await.status,
        _ => scene.browser.post(pattern, &[]).await.status,
    };
    for level in Level::ALL {
        if level > Level::Normal {
            scene.level_for(everybody.clone(), level, None).await;
        }
        for (pattern, [_, looking, acting]) in rows() {
            for (method, from) in [(Method::GET, looking), (Method::POST, acting)] {
                if from == "-" {
                    continue;
                }
                let status = ask(&method, pattern).await;
                if status == StatusCode::METHOD_NOT_ALLOWED {
                    // Nothing can be done there, whatever the level.
                    continue;
                }
                let halted = status == StatusCode::SERVICE_UNAVAILABLE;
                let expected = stopped(from, level);
                assert_eq!(
                    halted, expected,
                    "{method} {pattern} at {level:?}: {status}"
                );
            }
        }
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_03_whoever_holds_a_session_of_a_blocked_account_reads_nothing_there() {
    let scene = Scene::open().await;
    let pages = [
        "/account",
        "/account/history",
        "/account/data",
        "/account/apps",
    ];
    for page in pages {
        assert_eq!(
            scene.browser.get(page).await.status,
            StatusCode::OK,
            "{page}"
        );
    }
    let provider = &scene.house.house.services.provider;
    let order = BlockOrder {
        operator: "haruka".to_owned(),
        target: BlockTarget::Account(scene.house.user),
        effect: BlockEffect::Everything,
        reason: "test".to_owned(),
        until: None,
    };
    let event = provider.event_of_server(EventKind::BlockChanged);
    provider.order_block(order, event).await.unwrap();
    for page in pages {
        let status = scene.browser.get(page).await.status;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    }
    scene.house.close().await;
}
