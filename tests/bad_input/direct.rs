//! The endpoints that apps call themselves (RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 7662 §2.3, RFC 8628
//! §3.1, RFC 8693 §2.2.2): the error as JSON that no cache keeps.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::remains::Remains;
use super::wrongs::{Case, Row, Told, cases};
use crate::authorization::request;
use crate::device::television;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::tokens::App;

/// Callers from many addresses, so that no throttle answers instead.
pub mod caller {
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::support::house::TestHouse;

    static CALLS: AtomicU32 = AtomicU32::new(0);

    pub async fn house() -> TestHouse {
        TestHouse::open_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            config.protocol.registration = true;
            config.protocol.open_registration = true;
        })
        .await
    }

    /// An `X-Forwarded-For` that was not used before.
    pub fn next() -> String {
        let [_, a, b, c] = CALLS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        format!("10.{a}.{c}.{b}")
    }
}

const CODE: [Row; 6] = [
    Row::strict("grant_type", "authorization_code", "unsupported_grant_type")
        .absent("invalid_request"),
    Row::strict(
        "code",
        "ccccccccccccccccccccccccccccccccccccccccccc",
        "invalid_grant",
    )
    .absent("invalid_request"),
    Row::strict("redirect_uri", "https://app.example/cb", "invalid_grant"),
    Row::strict(
        "code_verifier",
        "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv",
        "invalid_grant",
    ),
    Row::strict("resource", "", "invalid_grant"),
    Row::strict("client_id", "", "invalid_client").absent("invalid_grant"),
];
const REFRESH: [Row; 5] = [
    Row::strict("grant_type", "refresh_token", "unsupported_grant_type").absent("invalid_request"),
    Row::strict("refresh_token", "", "invalid_grant").absent("invalid_request"),
    Row::strict("scope", "openid", "invalid_scope").optional(),
    Row::strict("resource", "", "invalid_target").optional(),
    Row::lax("unknown", ""),
];
const MACHINE: [Row; 5] = [
    Row::strict("grant_type", "client_credentials", "unsupported_grant_type")
        .absent("invalid_request"),
    Row::strict("scope", "orders:read", "invalid_scope").optional(),
    Row::strict("resource", "", "invalid_target").optional(),
    Row::strict("authorization_details", "", "invalid_authorization_details").optional(),
    Row::lax("unknown", ""),
];
const EXCHANGE: [Row; 9] = [
    Row::strict(
        "grant_type",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "unsupported_grant_type",
    )
    .absent("invalid_request"),
    Row::strict("subject_token", "", "invalid_request"),
    Row::strict("subject_token_type", ACCESS_TOKEN, "invalid_request"),
    Row::strict("requested_token_type", ACCESS_TOKEN, "invalid_request").optional(),
    Row::strict("scope", "openid", "invalid_scope").optional(),
    Row::strict("resource", "https://orders.example", "invalid_target").optional(),
    Row::strict("audience", "", "invalid_target").optional(),
    Row::strict("actor_token", "", "invalid_request").optional(),
    Row::strict("actor_token_type", "", "invalid_request").optional(),
];
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const POLL: [Row; 3] = [
    Row::strict(
        "grant_type",
        "urn:ietf:params:oauth:grant-type:device_code",
        "unsupported_grant_type",
    )
    .absent("invalid_request"),
    Row::strict(
        "device_code",
        "ddddddddddddddddddddddddddddddddddddddddddd",
        "invalid_grant",
    )
    .absent("invalid_request"),
    Row::strict("client_id", "", "invalid_client"),
];
const DEVICE: [Row; 5] = [
    Row::strict("client_id", "", "invalid_client"),
    Row::strict("scope", "openid", "invalid_scope"),
    Row::strict("resource", "", "invalid_target").optional(),
    Row::strict("authorization_details", "", "invalid_authorization_details").optional(),
    Row::lax("unknown", ""),
];
/// RFC 7009 §2.2: a token that is none is no error.
const ONE_TOKEN: [Row; 3] = [
    Row::lax("token", "t").absent("invalid_request"),
    Row::lax("token_type_hint", "access_token"),
    Row::lax("unknown", ""),
];
/// RFC 6749 §2.3.1, RFC 7521 §4.2.
const BY_FORM: [Row; 5] = [
    Row::strict("grant_type", "client_credentials", "unsupported_grant_type")
        .absent("invalid_request"),
    Row::strict("client_id", "", "invalid_client"),
    Row::strict("client_secret", "", "invalid_client"),
    Row::strict("client_assertion", "", "invalid_request").optional(),
    Row::strict("client_assertion_type", "", "invalid_request").optional(),
];

/// Sends every wrong request to `path` and compares what is told; refusals first, and nothing may be
/// left of them.
pub async fn judged(
    house: &TestHouse,
    app: &App,
    path: &str,
    rows: &[Row],
    known: &[(&str, &str)],
) {
    let (served, refused): (Vec<Case>, Vec<Case>) = cases(rows, known)
        .into_iter()
        .partition(|case| case.expected == Told::Served);
    let mut wrong = Vec::new();
    let before = Remains::of(house);
    for case in &refused {
        let told = told(send(house, app, path, &case.query).await, case).await;
        if told != case.expected {
            wrong.push(format!("{case}: {told:?}, not {:?}", case.expected));
        }
    }
    assert_eq!(
        Remains::of(house),
        before,
        "{path}: a refusal left something behind"
    );
    for case in &served {
        let told = told(send(house, app, path, &case.query).await, case).await;
        if told != Told::Served {
            wrong.push(format!("{case}: {told:?}, not served"));
        }
    }
    assert!(wrong.is_empty(), "{path} {}: {wrong:#?}", rows[0].right);
}

async fn send(house: &TestHouse, app: &App, path: &str, body: &str) -> Response {
    let request = app.http.post(house.url(path));
    let request = match &app.secret {
        Some(secret) => request.basic_auth(&app.id, Some(secret)),
        None => request,
    };
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", caller::next())
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
}

/// RFC 6749 §5.2, RFC 9110 §15.5.2: 400 or, for the client itself, 401.
async fn told(answer: Response, case: &Case) -> Told {
    let status = answer.status();
    assert_eq!(answer.headers()["cache-control"], "no-store", "{case}");
    if status.is_success() {
        let text = answer.text().await.unwrap();
        assert!(!text.contains("\"active\":true"), "{case}");
        return Told::Served;
    }
    let body: Value = answer
        .json()
        .await
        .unwrap_or_else(|error| panic!("{case}: {status} {error}"));
    let error = body["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{case}: {body}"));
    let expected = if error == "invalid_client" { 401 } else { 400 };
    assert_eq!(status, expected, "{case}: {error}");
    let description = body["error_description"].as_str().unwrap_or_default();
    let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    assert!(description.bytes().all(allowed), "{case}: {description}");
    Told::Error(error.to_owned().leak())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_01_every_wrong_parameter_of_a_code_or_a_refresh_gets_its_error() {
    let house = caller::house().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let answer = Browser::new(&house)
        .sign_in(
            &house,
            &request(
                &app.id,
                &[("scope", "openid email offline_access"), ("prompt", "")],
            ),
        )
        .await;
    let code = answer.answer("code").unwrap();
    let tokens: Value = app.redeem(&code).await.json().await.unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    judged(&house, &app, "/oauth2/token", &CODE, &[]).await;
    judged(
        &house,
        &app,
        "/oauth2/token",
        &REFRESH,
        &[("refresh_token", refresh)],
    )
    .await;
    assert_eq!(
        app.refresh(refresh).await.status(),
        StatusCode::OK,
        "it still works"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_13_rfc_8693_every_wrong_parameter_of_a_machine_gets_its_error() {
    let house = caller::house().await;
    let machine = json!({
        "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [], "scope": "orders:read",
    });
    let app = App::of(&house, machine.clone()).await;
    judged(&house, &app, "/oauth2/token", &MACHINE, &[]).await;
    let front = App::of(&house, json!({"skip_consent": true})).await;
    let answer = Browser::new(&house)
        .sign_in(&house, &request(&front.id, &[]))
        .await;
    let tokens: Value = front
        .redeem(&answer.answer("code").unwrap())
        .await
        .json()
        .await
        .unwrap();
    let gateway = json!({
        "grant_types": [EXCHANGE[0].right], "redirect_uris": [], "post_logout_redirect_uris": [], "scope": "openid email",
        "token_exchange": {"subject_clients": [front.id], "audiences": ["https://orders.example"]},
    });
    let gateway = App::of(&house, gateway).await;
    let subject = tokens["access_token"].as_str().unwrap();
    judged(
        &house,
        &gateway,
        "/oauth2/token",
        &EXCHANGE,
        &[("subject_token", subject)],
    )
    .await;
    let mut by_form = machine;
    by_form["token_endpoint_auth_method"] = json!("client_secret_post");
    let mut app = App::of(&house, by_form).await;
    let secret = app.secret.take().unwrap();
    let known = [("client_id", &*app.id), ("client_secret", &*secret)];
    judged(&house, &app, "/oauth2/token", &BY_FORM, &known).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8628_every_wrong_parameter_of_a_device_gets_its_error() {
    let house = caller::house().await;
    let app = App::of(&house, television()).await;
    let known = [("client_id", &*app.id)];
    judged(&house, &app, "/oauth2/token", &POLL, &known).await;
    judged(
        &house,
        &app,
        "/oauth2/device_authorization",
        &DEVICE,
        &known,
    )
    .await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_01_in_04_every_wrong_parameter_about_a_token_gets_its_error() {
    let house = caller::house().await;
    let app = App::of(&house, json!({})).await;
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        judged(&house, &app, path, &ONE_TOKEN, &[]).await;
    }
    house.close().await;
}
