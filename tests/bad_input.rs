//! Every parameter of every endpoint: repeated, missing, empty, huge, of a wrong type, in a wrong
//! encoding. Nothing may fail on our side, and what is refused leaves nothing behind.

use reqwest::{Response, StatusCode};
use sekisho_model::EventKind;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::tokens::App;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A value as it travels, already encoded.
type Pair = (&'static str, String);

/// What can be wrong with one parameter of `base`: how, and the whole query or body.
fn wrongs(base: &[Pair], name: &'static str) -> Vec<(&'static str, String)> {
    let without = || base.iter().filter(move |(key, _)| *key != name).cloned();
    let own = base.iter().find(|(key, _)| *key == name);
    let own = own.map_or_else(|| "x".to_owned(), |(_, value)| value.clone());
    let put = |values: &[String]| {
        let more = values.iter().map(|value| (name, value.clone()));
        let pairs: Vec<String> = without()
            .chain(more)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    };
    vec![
        ("repeated", put(&[own.clone(), own])),
        ("missing", put(&[])),
        ("empty", put(&[String::new()])),
        ("long", put(&["x".repeat(12_000)])),
        ("not UTF-8", put(&["%FF%FE%80".to_owned()])),
        ("half an escape", put(&["%E".to_owned()])),
        ("controls", put(&["a%00b%0D%0Ac%09".to_owned()])),
        ("JSON", put(&["%7B%22a%22%3A%5B%5D%7D".to_owned()])),
        ("number", put(&["-99999999999999999999".to_owned()])),
        ("markup", put(&["%22%3E%3Cscript%3E".to_owned()])),
    ]
}

fn base(client_id: &str) -> Vec<Pair> {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    [
        ("client_id", client_id),
        ("redirect_uri", "https://app.example/cb"),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("prompt", "none"),
    ]
    .map(|(name, value)| (name, encoded(value)))
    .to_vec()
}

const OPTIONAL: [&str; 15] = [
    "response_mode",
    "max_age",
    "login_hint",
    "id_token_hint",
    "acr_values",
    "claims",
    "claims_locales",
    "ui_locales",
    "display",
    "resource",
    "authorization_details",
    "dpop_jkt",
    "request",
    "request_uri",
    "unknown",
];

/// RFC 6749 §5.2: an error, as JSON, that no cache keeps.
async fn refused(answer: Response, what: &str) {
    let status = answer.status();
    assert!(status.is_client_error(), "{what}: {status}");
    assert_eq!(answer.headers()["cache-control"], "no-store", "{what}");
    let body: serde_json::Value = answer.json().await.unwrap();
    let error = body["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{what}: {body}"));
    assert!(!error.is_empty());
    let description = body["error_description"].as_str().unwrap_or_default();
    let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    assert!(description.bytes().all(allowed), "{what}: {description}");
}

/// A code, an error for the app, or a page: never anything else.
fn judged(page: &Page, what: &str) -> bool {
    assert!(page.status.as_u16() < 500, "{what}: {}", page.status);
    match &page.location {
        None => {
            assert!(!page.text.contains("<script>"), "{what}");
            false
        }
        Some(to) if to.starts_with("https://app.example/cb?") => {
            assert_eq!(page.status, StatusCode::SEE_OTHER);
            let (code, error) = (page.answer("code"), page.answer("error"));
            assert!(code.is_some() != error.is_some(), "{what}: {to}");
            code.is_some()
        }
        Some(to) => panic!("{what}: sent to {to}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_10_az_18_no_parameter_of_the_authorization_request_breaks_anything() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let to_consent = browser.sign_in(&house, &request(&app.id, &[])).await;
    let allowed = browser.allow(&to_consent).await;
    assert!(allowed.answer("code").is_some());
    let mut codes = 1;
    let base = base(&app.id);
    let names = base.iter().map(|(name, _)| *name).chain(OPTIONAL);
    for name in names.collect::<Vec<_>>() {
        for (how, query) in wrongs(&base, name) {
            let page = browser.get(&format!("/oauth2/authorize?{query}")).await;
            let what = format!("{name} {how}");
            if how == "repeated" && name != "resource" {
                let refused = page.location.is_none() || page.answer("error").is_some();
                assert!(refused, "{what}");
            }
            codes += usize::from(judged(&page, &what));
        }
    }
    let user = house.user;
    let all = move |tx: &mut sekisho_store::Tx<'_>| {
        tx.history_of(user, &sekisho_store::HistoryFilter::default(), None, 1000)
    };
    let events = house.house.services.store.read(all).await.unwrap();
    let issued = events
        .iter()
        .filter(|event| event.kind == EventKind::Authorization);
    assert_eq!(
        issued.count(),
        codes,
        "a code for each answer with one, and no other"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_15_no_parameter_of_the_direct_endpoints_breaks_anything() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let pair = |name, value: &str| (name, value.to_owned());
    let code = [
        pair("grant_type", "authorization_code"),
        pair("code", &"c".repeat(43)),
        pair("redirect_uri", "https%3A%2F%2Fapp.example%2Fcb"),
        pair("code_verifier", &"v".repeat(43)),
    ];
    let refresh = [
        pair("grant_type", "refresh_token"),
        pair("refresh_token", &"r".repeat(43)),
        pair("scope", "openid"),
        pair("resource", "https%3A%2F%2Fa.example"),
    ];
    let device = [
        pair(
            "grant_type",
            "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code",
        ),
        pair("device_code", &"d".repeat(43)),
    ];
    let machine = [
        pair("grant_type", "client_credentials"),
        pair("scope", "openid"),
    ];
    for base in [&code[..], &refresh, &device, &machine] {
        for (name, _) in base {
            for (how, body) in wrongs(base, name) {
                let what = format!("{}: {name} {how}", base[0].1);
                refused(send(&house, &app, "/oauth2/token", body).await, &what).await;
            }
        }
    }
    let mut push = base(&app.id);
    push.retain(|(name, _)| *name != "prompt");
    let names = push.iter().map(|(name, _)| *name).chain(OPTIONAL);
    for name in names.collect::<Vec<_>>() {
        for (how, body) in wrongs(&push, name) {
            let answer = send(&house, &app, "/oauth2/par", body).await;
            if answer.status() != StatusCode::CREATED {
                refused(answer, &format!("par: {name} {how}")).await;
            }
        }
    }
    let token = [pair("token", "t"), pair("token_type_hint", "access_token")];
    for path in ["/oauth2/revoke", "/oauth2/introspect"] {
        for (name, _) in &token {
            for (how, body) in wrongs(&token, name) {
                let answer = send(&house, &app, path, body).await;
                assert!(answer.status().as_u16() < 500, "{path}: {name} {how}");
                let text = answer.text().await.unwrap();
                assert!(!text.contains("\"active\":true"), "{path}: {name} {how}");
            }
        }
    }
    house.close().await;
}

async fn send(house: &TestHouse, app: &App, path: &str, body: String) -> Response {
    app.http
        .post(house.url(path))
        .basic_auth(&app.id, app.secret.as_deref())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn net_10_a_hundred_kilobytes_are_refused_before_they_are_read() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let huge = "x".repeat(100_000);
    for path in [
        "/oauth2/token",
        "/oauth2/par",
        "/oauth2/revoke",
        "/oauth2/introspect",
        "/login",
    ] {
        let answer = send(&house, &app, path, format!("token={huge}")).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    let browser = Browser::new(&house);
    let page = browser
        .get(&request(&app.id, &[("state", &huge[..40_000])]))
        .await;
    assert!(page.status.is_client_error(), "{}", page.status);
    assert_eq!(page.location, None);
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
    ] {
        let answer = app.http.post(house.url("/oauth2/token"));
        let answer = answer.basic_auth(&app.id, app.secret.as_deref());
        let answer = answer
            .header("content-type", kind)
            .body("grant_type=client_credentials");
        refused(answer.send().await.unwrap(), kind).await;
    }
    house.close().await;
}
