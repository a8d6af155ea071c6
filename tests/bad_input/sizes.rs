use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::house::TestHouse;
use crate::tokens::App;

/// The head of the answer to a GET of a path that no client would send.
fn head_of(house: &TestHouse, path: &str) -> String {
    let address = house.issuer.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut head = vec![0; 1024];
    let read = stream.read(&mut head).unwrap();
    String::from_utf8_lossy(&head[..read]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn net_10_a_hundred_kilobytes_are_refused_before_they_are_read() {
    let house = TestHouse::open_with(|config| config.protocol.registration = true).await;
    let app = App::of(&house, json!({})).await;
    let huge = "x".repeat(100_000);
    for path in [
        "/oauth2/authorize",
        "/oauth2/par",
        "/oauth2/token",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/oauth2/userinfo",
        "/oauth2/device_authorization",
        "/oauth2/register",
        "/oauth2/end_session",
        "/device",
        "/login",
        "/login/code",
        "/consent",
        "/logout",
    ] {
        let request = app
            .http
            .post(house.url(path))
            .basic_auth(&app.id, app.secret.as_ref());
        let kind = "application/x-www-form-urlencoded";
        let answer = request
            .header("content-type", kind)
            .body(format!("token={huge}"));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    for path in [
        request(&app.id, &[("state", &huge)]),
        request(&app.id, &[("state", &huge[..40_000])]),
        format!("/device?user_code={huge}"),
        format!("/oauth2/end_session?state={huge}"),
        format!("/login?return_to={huge}"),
    ] {
        let head = head_of(&house, &path);
        let status: u16 = head[9..12].parse().unwrap();
        assert!((400..500).contains(&status), "{path:.40} {status}");
        assert!(
            !head.to_ascii_lowercase().contains("\nlocation:"),
            "{path:.40} {head}"
        );
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_01_a_body_is_a_form_and_nothing_else_and_has_at_most_a_hundred_parameters() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let form = "application/x-www-form-urlencoded";
    let many: Vec<String> = (0..101).map(|number| format!("p{number}=x")).collect();
    for path in [
        "/oauth2/token",
        "/oauth2/par",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/oauth2/device_authorization",
    ] {
        for (place, kind, body) in [
            (
                "",
                "application/json",
                "{\"grant_type\":\"client_credentials\"}",
            ),
            ("", "multipart/form-data; boundary=x", "--x--"),
            ("", "text/plain", "grant_type=client_credentials"),
            ("", "", "grant_type=client_credentials"),
            ("?grant_type=client_credentials", form, "scope=email"),
            ("", form, &many.join("&")),
        ] {
            let request = app.http.post(house.url(&format!("{path}{place}")));
            let request = request.basic_auth(&app.id, app.secret.as_ref());
            let answer = request
                .header("content-type", kind)
                .body(body.to_owned())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} {kind}");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["error"], "invalid_request", "{path} {kind}");
        }
    }
    house.close().await;
}
