//! What every answer has in common: a reference that leads to the record, security headers, pages for people, no page that a
//! link can make say what did not happen, and no form that a reload sends twice.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use reqwest::{Method, StatusCode};
use sekisho_model::{Origin, UserState};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::tokens::App;

/// The reference that stands on a page, which must be the one of the answer's header.
fn reference(page: &Page) -> String {
    let header = page.headers["x-request-id"].to_str().unwrap().to_owned();
    let words = page.words();
    let at = words
        .find("SK-")
        .unwrap_or_else(|| panic!("no reference: {words}"));
    assert_eq!(words[at..at + 12], header, "{words}");
    header
}

async fn typed(browser: &Browser, house: &TestHouse, start: &str) -> Page {
    let to_login = browser.get(start).await;
    let login = browser.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    browser.post("/login", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ux_5_6_the_reference_on_a_page_is_in_the_header_the_event_and_the_command() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let provider = &house.house.services.provider;
    provider
        .set_account_state(house.user, UserState::Disabled, &Origin::default())
        .await
        .unwrap();
    let page = typed(&Browser::new(&house), &house, &request(&app.id, &[])).await;
    let found = reference(&page);
    let file = house.folder.path().join("sekisho.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap();
    let read = |reference: &str| {
        Process::run(
            &["events", "--config", config, "--reference", reference],
            "",
        )
    };
    let printed = read(&found);
    let event: Value = serde_json::from_str(printed.lines().next().unwrap()).unwrap();
    assert_eq!(event["kind"], "sign_in");
    assert_eq!(event["outcome"], "disabled");
    assert_eq!(event["request_id"], *found);
    assert_eq!(read(&found.to_lowercase().replace('-', "")), printed);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ux_5_6_pages_that_only_refuse_carry_the_reference_of_their_answer() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    for path in [
        "/nothing",
        "/login?flow=x",
        "/oauth2/authorize?client_id=nobody",
    ] {
        reference(&browser.get(path).await);
    }
    reference(&browser.post("/login", &[("csrf", "x")]).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_14_what_is_not_taken_is_a_page_for_people_and_json_for_apps() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    for (method, path, body, expected) in [
        (Method::DELETE, "/login", 0, StatusCode::METHOD_NOT_ALLOWED),
        (Method::PUT, "/account", 0, StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/help", 0, StatusCode::METHOD_NOT_ALLOWED),
        (
            Method::POST,
            "/login",
            99_000,
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            Method::GET,
            "/oauth2/token",
            0,
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::POST,
            "/oauth2/token",
            99_000,
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            Method::POST,
            "/oauth2/jwks",
            0,
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::POST,
            "/csp-report",
            9_000,
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let sent = browser.http.request(method.clone(), house.url(path));
        let sent = sent.header("accept-language", "en").body("x".repeat(body));
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status(), expected, "{method} {path}");
        let headers = answer.headers().clone();
        let (id, policy) = (
            &headers["x-request-id"],
            &headers["content-security-policy"],
        );
        assert!(policy.to_str().unwrap().starts_with("default-src 'none'"));
        assert_eq!(headers["cache-control"], "no-store");
        let text = answer.text().await.unwrap();
        assert!(
            text.contains(id.to_str().unwrap()),
            "{method} {path}: {text}"
        );
        if path.starts_with("/oauth2") {
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(body["error"], "invalid_request");
        } else {
            assert!(text.starts_with("<!DOCTYPE html>") || text.starts_with("<!doctype html>"));
        }
    }
    house.close().await;
}

/// Sends the head of a request and less of a body than it says; what comes back.
fn dripped(house: &TestHouse, path: &str, language: &str) -> String {
    let address = house.issuer.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAccept-Language: {language}\r\nContent-Length: 100\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf="
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn net_10_who_sends_drop_by_drop_gets_a_whole_answer_and_is_seen() {
    let house = TestHouse::open_with(|config| config.server.max_request_seconds = 1).await;
    for (path, language, words) in [
        ("/login", "en", "That took too long"),
        ("/login", "ja", "時間がかかりすぎました"),
        ("/oauth2/token", "en", "\"error\":\"invalid_request\""),
    ] {
        let answer = dripped(&house, path, language);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 408"), "{head}");
        for header in [
            "content-security-policy: default-src 'none'",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "WEB-04, WEB-06: {head}");
        }
        assert!(body.contains(words), "{body}");
        let id = head.split("x-request-id: ").nth(1).unwrap();
        let id = id.lines().next().unwrap().to_uppercase();
        assert!(body.contains(&id), "{id}: {body}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_link_makes_a_page_say_what_did_not_happen() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let owner = Browser::new(&house);
    let waiting = owner.password(&house, &request(&app.id, &[])).await;
    let flow = waiting.text.split("/login?flow=").nth(1).unwrap();
    let flow = flow.split('"').next().unwrap().to_owned();
    for lie in ["sent=again", "sent=expired", "said=tried"] {
        let page = owner.get(&format!("/login/code?flow={flow}&{lie}")).await;
        assert_eq!(page.words(), waiting.words(), "{lie}");
    }
    let owner = Browser::new(&house);
    owner.sign_in(&house, &request(&app.id, &[])).await;
    for lie in [
        "/account/security?changed=password",
        "/account/security?changed=address",
        "/account/security?saved=1",
        "/account/sessions?done=others",
        "/account/apps?done=1",
        "/device?said=allowed",
        "/logout?said=stayed",
        "/logout?said=done",
    ] {
        let page = owner.get(lie).await;
        let plain = owner.get(lie.split('?').next().unwrap()).await;
        assert_eq!(page.status, StatusCode::OK, "{lie}");
        assert_eq!(page.words(), plain.words(), "{lie}");
    }
    let stranger = Browser::new(&house);
    let later = house.now().seconds() + 1_000_000;
    let left = stranger.get(&format!("/leaving?on={later}")).await;
    assert_eq!(left.location(), "/account");
    let forgot = stranger.get("/password/forgot?said=asked").await;
    assert!(
        !forgot.words().contains("Look at your mail"),
        "{}",
        forgot.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_is_shown_once_in_the_browser_that_earned_it() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let owner = Browser::new(&house);
    owner.sign_in(&house, &request(&app.id, &[])).await;
    let page = owner.get("/account/security").await;
    let form = [("csrf", &*crate::account::csrf(&page)), ("alert", "every")];
    let saved = owner.post_once("/account/security", &form).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let flash = owner.cookies(&house);
    let first = owner.get(saved.location()).await;
    assert!(first.text.contains("role=\"status\""), "{}", first.words());
    let again = owner.get(saved.location()).await;
    assert_ne!(first.words(), again.words(), "the second look says nothing");
    // The same cookie says nothing at another address, and nothing two minutes later.
    let thief = owner.clone().holding(&house, &flash, "sekisho_flash");
    let elsewhere = thief.get("/account/security?changed=password").await;
    assert_eq!(elsewhere.words(), again.words());
    house.advance(std::time::Duration::from_secs(121)).await;
    let late = owner.holding(&house, &flash, "sekisho_flash");
    assert_eq!(late.get(saved.location()).await.words(), again.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loading_again_sends_no_form_twice() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let code_page = browser.password(&house, &request(&app.id, &[])).await;
    let code = house.code().await;
    let wrong = format!("{:08}", (code.parse::<u64>().unwrap() + 1) % 100_000_000);
    let form = [("csrf", &*code_page.hidden("csrf")), ("code", &wrong)];
    let tried = browser.post_once("/login/code", &form).await;
    assert_eq!(tried.status, StatusCode::SEE_OTHER);
    assert!(!tried.location().contains(&wrong), "no code in an address");
    let told = browser.get(tried.location()).await;
    assert!(told.words().contains("4 tries"), "{}", told.words());
    let again = browser.get(tried.location()).await;
    assert!(!again.words().contains("3 tries"), "{}", again.words());
    let form = [("csrf", &*again.hidden("csrf")), ("code", &code)];
    let done = browser.post_once("/login/code", &form).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    // Signing out, and staying.
    let ask = browser.get("/logout").await;
    let csrf = ask.hidden("csrf");
    let stay = browser
        .post_once("/logout", &[("csrf", &csrf), ("decision", "no")])
        .await;
    assert_eq!(stay.location(), "/logout?said=stayed");
    for _ in 0..2 {
        let page = browser.get(stay.location()).await;
        assert!(!page.text.contains("name=\"decision\""), "{}", page.words());
    }
    let out = browser
        .post_once("/logout", &[("csrf", &csrf), ("decision", "yes")])
        .await;
    assert_eq!(out.location(), "/logout?said=done");
    assert_eq!(
        out.headers["clear-site-data"], "\"cache\", \"storage\"",
        "SES-14"
    );
    for _ in 0..2 {
        let page = browser.get(out.location()).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    }
    let forgot = browser.get("/password/forgot").await;
    let form = [
        ("csrf", &*forgot.hidden("csrf")),
        ("email", "nobody@example.jp"),
    ];
    let asked = browser.post_once("/password/forgot", &form).await;
    assert_eq!(asked.location(), "/password/forgot?said=asked");
    let page = browser.get(asked.location()).await;
    assert!(
        page.words().contains("nobody@example.jp"),
        "{}",
        page.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_04_pages_name_where_browsers_report_and_anybody_may() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    let page = browser.get("/help").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("report-uri /csp-report"), "{policy}");
    let report =
        json!({"csp-report": {"violated-directive": "script-src", "blocked-uri": "inline"}});
    for body in [report.to_string(), "nonsense".to_owned(), String::new()] {
        let sent = browser.http.post(house.url("/csp-report"));
        let sent = sent.header("content-type", "application/csp-report");
        let answer = sent.body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    house.close().await;
}
