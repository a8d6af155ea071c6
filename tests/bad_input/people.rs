//! What browsers and bearers of tokens send: userinfo (RFC 6750 §3.1), sign-out (RP-Initiated Logout
//! 1.0 §2, §4), the page for devices (RFC 8628 §3.3).

use reqwest::StatusCode;
use serde_json::json;

use super::remains::Remains;
use super::without_watch;
use super::wrongs::{Row, cases};
use crate::authorization::request;
use crate::device::person;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::tokens::{App, with_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_06_userinfo_says_in_a_challenge_what_is_wrong_with_a_token() {
    let (house, app, code) = with_code(json!({})).await;
    let tokens: serde_json::Value = app.redeem(&code).await.json().await.unwrap();
    let token = tokens["access_token"].as_str().unwrap();
    let (long, bearer) = ("x".repeat(6000), format!("Bearer {token}"));
    let before = Remains::of(&house);
    for (headers, body, status, error) in [
        (vec![], "", 401, None),
        (vec![String::new()], "", 400, Some("invalid_request")),
        (vec!["Bearer".to_owned()], "", 400, Some("invalid_request")),
        (vec!["Bearer ".to_owned()], "", 400, Some("invalid_request")),
        (
            vec![format!("Basic {token}")],
            "",
            400,
            Some("invalid_request"),
        ),
        (
            vec![bearer.clone(), bearer.clone()],
            "",
            400,
            Some("invalid_request"),
        ),
        (
            vec![format!("Bearer {token}x")],
            "",
            401,
            Some("invalid_token"),
        ),
        (
            vec![format!("Bearer {long}")],
            "",
            401,
            Some("invalid_token"),
        ),
        (
            vec!["Bearer {\"a\":[]}".to_owned()],
            "",
            401,
            Some("invalid_token"),
        ),
        (
            vec!["Bearer é".to_owned()],
            "",
            400,
            Some("invalid_request"),
        ),
        (vec![bearer], "access_token=t", 400, Some("invalid_request")),
        (vec![], "access_token=", 401, None),
        (
            vec![],
            "access_token=t&access_token=t",
            400,
            Some("invalid_request"),
        ),
        (vec![], "access_token=%FF", 400, Some("invalid_request")),
        (vec![], "access_token=%E", 400, Some("invalid_request")),
        (vec![], "access_token=a%00b", 400, Some("invalid_request")),
        (vec![], "access_token=t", 401, Some("invalid_token")),
    ] {
        let mut request = app.http.post(&app.userinfo_url).body(body);
        if !body.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for header in &headers {
            request = request.header("authorization", header.as_bytes());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{headers:?} {body}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        let named = challenge
            .split("error=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        assert_eq!(named, error, "{headers:?} {body}: {challenge}");
    }
    assert_eq!(Remains::of(&house), before);
    assert_eq!(app.userinfo(token).await, StatusCode::OK);
    let in_query = app
        .http
        .get(format!("{}?access_token={token}", app.userinfo_url));
    assert_eq!(
        in_query.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    house.close().await;
}

/// What a sign-out may say; `id_token_hint` comes from the run.
const SIGN_OUT: [Row; 7] = [
    Row::lax("id_token_hint", ""),
    Row::lax("client_id", ""),
    Row::lax("post_logout_redirect_uri", "https://app.example/bye"),
    Row::lax("state", "s"),
    Row::lax("logout_hint", ""),
    Row::lax("ui_locales", ""),
    Row::lax("unknown", ""),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_01_lo_02_nothing_wrong_in_a_sign_out_ends_a_session_or_leads_elsewhere() {
    let house = TestHouse::open_with(without_watch).await;
    let app = App::of(&house, json!({})).await;
    let browser = person(&house).await;
    // Without a hint of ours every request is a question.
    let known = [("id_token_hint", "a.b.c"), ("client_id", &*app.id)];
    let before = Remains::of(&house);
    for case in cases(&SIGN_OUT, &known) {
        let path = format!("/oauth2/end_session?{}", case.query);
        let page = browser.get(&path).await;
        assert_eq!(
            (page.status, &page.location),
            (StatusCode::OK, &None),
            "{case}"
        );
        assert!(!page.text.contains("<script>"), "{case}");
        let stranger = Browser::new(&house).get(&path).await;
        assert_eq!(
            (stranger.status, &stranger.location),
            (StatusCode::OK, &None),
            "{case}"
        );
        let posted = browser.http.post(house.url("/oauth2/end_session"));
        let kind = "application/x-www-form-urlencoded";
        let posted = posted.header("content-type", kind).body(case.query.clone());
        let posted = posted.send().await.unwrap();
        assert_eq!(posted.status(), StatusCode::OK, "{case}");
    }
    assert_eq!(Remains::of(&house), before);
    assert_eq!(
        browser.get("/account").await.status,
        StatusCode::OK,
        "still signed in"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lo_01_a_genuine_sign_out_with_one_wrong_parameter_is_only_a_question() {
    let house = TestHouse::open_with(without_watch).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let answer = browser.sign_in(&house, &request(&app.id, &[])).await;
    let code = answer.answer("code").unwrap();
    let tokens: serde_json::Value = app.redeem(&code).await.json().await.unwrap();
    let hint = tokens["id_token"].as_str().unwrap();
    let base = "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye";
    let path = |more: &str| format!("/oauth2/end_session?id_token_hint={hint}&{base}&{more}");
    for wrong in [
        "state=a&state=b",
        "state=%FF",
        "state=%E",
        "state=a%00b",
        "client_id=other",
    ] {
        let page = browser.get(&path(wrong)).await;
        assert_eq!(
            (page.status, &page.location),
            (StatusCode::OK, &None),
            "{wrong}"
        );
        assert_eq!(
            browser.get("/account").await.status,
            StatusCode::OK,
            "{wrong}"
        );
    }
    let page = browser.get(&path("state=a")).await;
    assert_eq!(page.location(), "https://app.example/bye?state=a");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_17_nothing_typed_on_the_page_for_devices_is_more_than_a_wrong_code() {
    let house = TestHouse::open_with(|config| {
        without_watch(config);
        config.limits.device.account.max = 1000;
        config.limits.device.address.max = 1000;
    })
    .await;
    let browser = person(&house).await;
    let rows = [Row::lax("user_code", "WDJB-MJHT"), Row::lax("unknown", "")];
    let before = Remains::of(&house);
    for case in cases(&rows, &[]) {
        let shown = browser.get(&format!("/device?{}", case.query)).await;
        assert_eq!(
            (shown.status, &shown.location),
            (StatusCode::OK, &None),
            "{case}"
        );
        assert!(!shown.text.contains("<script>"), "{case}");
        let csrf = shown.hidden("csrf");
        let kind = "application/x-www-form-urlencoded";
        for (token, status) in [(&*csrf, 200), ("x", 403), ("", 403)] {
            let request = browser
                .http
                .post(house.url("/device"))
                .header("origin", &browser.base);
            let body = format!("csrf={token}&{}", case.query);
            let answer = request
                .header("content-type", kind)
                .body(body)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), status, "{case}");
            let text = answer.text().await.unwrap();
            assert!(
                !text.contains("<script>") && !text.contains("name=\"decision\""),
                "{case}"
            );
        }
    }
    assert_eq!(Remains::of(&house), before);
    house.close().await;
}
