//! Levels and the forms of whoever is signed in: the gate before the handler and what the act itself asks must agree.

use std::collections::BTreeMap;

use reqwest::StatusCode;

use super::{ROUTES, Scene};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};

/// What is sent to each address, from its own page. What comes of it does not matter here, but it has to get as far
/// as the act, and to change nothing that a later one needs.
const FORMS: [(&str, &[(&str, &str)]); 14] = [
    ("/account/security/recovery-codes", &[]),
    ("/account/security/networks", &[("networks", "no network")]),
    ("/account/security", &[("alert", "every")]),
    ("/account/security/second-step", &[("action", "on")]),
    ("/account/security/second-step/app", &[("code", "000000")]),
    ("/account/security/address", &[("email", "nothing")]),
    ("/account/security/code-address", &[("email", "nothing")]),
    (
        "/account/password",
        &[("present", ""), ("password", "short")],
    ),
    ("/account/data", &[("format", "json")]),
    ("/account/data/delete", &[("address", "other@example.jp")]),
    ("/account/sessions", &[("end", "trust")]),
    ("/account/apps", &[("client", "no-app")]),
    (
        "/account/profile",
        &[("zone", "Asia/Tokyo"), ("language", "en")],
    ),
    ("/language", &[]),
];

/// What only shows, and what needs an act on its way (whose first step is asked above).
const WITHOUT: [&str; 9] = [
    "/account",
    "/account/history",
    "/account/history.csv",
    "/account/apps/remove",
    "/account/sessions/others",
    "/account/keep",
    // Passkeys need a host with a name, and tests run at an address.
    "/account/security/second-step/passkey",
    "/account/security/address/confirm",
    "/account/security/code-address/confirm",
];

/// The token of the form that goes there.
fn token(page: &Page, path: &str) -> String {
    let form = format!("action=\"{path}\"");
    let rest = page.text.split(&form).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no form to {path}: {} {}", page.status, page.text));
    let value = rest.split("name=\"csrf\" value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_02_what_the_signed_in_send_is_answered_at_every_level_as_the_table_says() {
    let scene = Scene::open().await;
    let acting: BTreeMap<&str, &str> = ROUTES
        .lines()
        .filter(|line| line.starts_with("/account") || line.starts_with("/language"))
        .map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            (columns[0], columns[2])
        })
        .collect();
    for path in acting.keys() {
        let sent = FORMS.iter().any(|(form, _)| form == path);
        assert!(sent || WITHOUT.contains(path), "{path} is not asked");
    }
    // Networks can be chosen by whoever has recovery codes.
    let codes = "/account/security/recovery-codes";
    let csrf = token(&scene.browser.get(codes).await, codes);
    let made = scene.browser.post(codes, &[("csrf", &*csrf)]).await;
    assert_eq!(made.status, StatusCode::OK);
    let elsewhere = Browser::new(&scene.house);
    let start = request(&scene.app.id, &[]);
    let _another_session = elsewhere.sign_in(&scene.house, &start).await;
    let app = format!("/account/apps/remove?client={}", scene.app.id);
    let mut tokens = BTreeMap::new();
    for (path, _) in FORMS {
        let shown = match path {
            "/language" => "/account",
            "/account/apps" => &app,
            path => path,
        };
        let page = scene.browser.get(shown).await;
        tokens.insert(path, token(&page, path));
    }
    for level in 0..=5u8 {
        scene.level(level).await;
        for (path, fields) in FORMS {
            let name = format!("Haruka {level}");
            let mut form = vec![("csrf", &*tokens[path])];
            form.extend(fields);
            match path {
                "/account/profile" => form.push(("name", &name)),
                // Another one each time.
                "/language" => form.extend([("to", ["ja", "en"][usize::from(level) % 2])]),
                _ => {}
            }
            let answer = scene.browser.post_once(path, &form).await;
            let is_503 = answer.status == StatusCode::SERVICE_UNAVAILABLE;
            let from = acting[path].parse::<u8>();
            let stopped = from.is_ok_and(|from| level >= from);
            assert_eq!(is_503, stopped, "{path} at {level}: {}", answer.words());
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert!(!refused, "{path} at {level}: {}", answer.words());
        }
    }
    scene.house.close().await;
}
