//! The authorization request, from a browser and pushed (RFC 6749 §4.1.2.1, OpenID Connect Core
//! §3.1.2.6, RFC 9126 §2.3).

use reqwest::StatusCode;
use serde_json::json;

use super::direct::{caller, judged};
use super::remains::Remains;
use super::without_watch;
use super::wrongs::{Case, Row, Told, cases};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::tokens::App;

/// What the browser and the app's server may send alike.
const COMMON: [Row; 19] = [
    Row::strict("response_type", "code", "unsupported_response_type").absent("invalid_request"),
    Row::strict("scope", "openid email", "invalid_scope"),
    Row::lax("state", "a state").long("invalid_request"),
    Row::lax("nonce", "n").long("invalid_request"),
    Row::strict(
        "code_challenge",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "invalid_request",
    ),
    Row::strict("code_challenge_method", "S256", "invalid_request"),
    Row::lax("prompt", "none"),
    Row::strict("response_mode", "", "invalid_request").optional(),
    Row::strict("max_age", "", "invalid_request").optional(),
    Row::lax("login_hint", ""),
    Row::lax("acr_values", ""),
    Row::strict("claims", "", "invalid_request")
        .optional()
        .object_is_fine(),
    Row::lax("claims_locales", ""),
    Row::lax("ui_locales", ""),
    Row::lax("display", ""),
    Row::strict("resource", "", "invalid_target").optional(),
    Row::strict("authorization_details", "", "invalid_authorization_details").optional(),
    Row::strict("dpop_jkt", "", "invalid_request").optional(),
    Row::lax("unknown", ""),
];

/// AZ-04: only the first two are told by a page.
const FROM_A_BROWSER: [Row; 5] = [
    Row::strict("id_token_hint", "", "login_required").optional(),
    Row::page("client_id", ""),
    Row::page("redirect_uri", "https://app.example/cb"),
    Row::strict("request", "", "invalid_request_object").optional(),
    Row::strict("request_uri", "", "request_uri_not_supported").optional(),
];

/// RFC 9126 §2: the client proved who it is, so what else it says of that must agree (TK-04).
const PUSHED: [Row; 5] = [
    Row::lax("id_token_hint", ""),
    Row::strict("client_id", "", "invalid_client").optional(),
    Row::strict("redirect_uri", "https://app.example/cb", "invalid_request"),
    Row::strict("request", "", "invalid_request_object").optional(),
    Row::strict("request_uri", "", "invalid_request").optional(),
];

fn rows(own: &[Row]) -> Vec<Row> {
    own.iter().chain(&COMMON).copied().collect()
}

/// What a browser got: nothing but a code, an error for the app, or a page that says no.
fn told(page: &Page, case: &Case, house: &TestHouse) -> Told {
    let Some(to) = &page.location else {
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{case}");
        assert!(!page.text.contains("<script>"), "{case}");
        return Told::Page;
    };
    assert!(to.starts_with("https://app.example/cb?"), "{case}: {to}");
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{case}");
    assert_eq!(
        page.answer("iss").as_deref(),
        Some(&*house.issuer),
        "{case}: RFC 9207"
    );
    if case.keeps("state") {
        assert_eq!(
            page.answer("state").as_deref(),
            Some("a state"),
            "{case}: AZ-09"
        );
    }
    match (page.answer("code"), page.answer("error")) {
        (Some(_), None) => Told::Served,
        (None, Some(error)) => Told::Error(error.leak()),
        both => panic!("{case}: {both:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_04_az_10_az_18_every_wrong_parameter_of_an_authorization_request_gets_its_error() {
    let house = TestHouse::open_with(without_watch).await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let to_consent = browser.sign_in(&house, &request(&app.id, &[])).await;
    assert!(browser.allow(&to_consent).await.answer("code").is_some());
    let all = cases(&rows(&FROM_A_BROWSER), &[("client_id", &app.id)]);
    let (served, refused): (Vec<Case>, Vec<Case>) = all
        .into_iter()
        .partition(|case| case.expected == Told::Served);
    let before = Remains::of(&house);
    let mut wrong = Vec::new();
    for case in refused.iter().chain(&served) {
        if std::ptr::eq(case, &served[0]) {
            assert_eq!(
                Remains::of(&house),
                before,
                "a refusal left something behind"
            );
        }
        let page = browser
            .get(&format!("/oauth2/authorize?{}", case.query))
            .await;
        let told = told(&page, case, &house);
        if told != case.expected {
            wrong.push(format!("{case}: {told:?}, not {:?}", case.expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ro_01_every_wrong_parameter_of_a_pushed_request_gets_its_error() {
    let house = caller::house().await;
    let app = App::of(&house, json!({})).await;
    judged(
        &house,
        &app,
        "/oauth2/par",
        &rows(&PUSHED),
        &[("client_id", &app.id)],
    )
    .await;
    house.close().await;
}
