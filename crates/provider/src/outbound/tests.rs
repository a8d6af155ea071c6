use std::sync::atomic::{AtomicUsize, Ordering};

use sekisho_model::{ManualClock, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Answers every connection with the same bytes, and leaves it open if it is told to.
struct Wire {
    url: String,
    asked: Arc<AtomicUsize>,
}

async fn wire(answer: &str, stays_open: bool) -> Wire {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (answer, counter) = (answer.to_owned(), Arc::clone(&asked));
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 4096];
            let _read = stream.read(&mut head).await;
            let _sent = stream.write_all(answer.as_bytes()).await;
            if stays_open {
                open.push(stream);
            }
        }
    });
    Wire { url, asked }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting_at(Timestamp::from_seconds(0)))
}

fn outbound(loopback: bool, clock: Arc<ManualClock>) -> Outbound {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = OutboundSettings {
        loopback,
        ..OutboundSettings::default()
    };
    Outbound::new(settings, clock).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n\
                  cache-control: max-age=60\r\nconnection: close\r\n\r\n{}";

#[tokio::test]
async fn reg_10_a_json_document_is_fetched_with_its_life() {
    let server = wire(OK, false).await;
    let fetched = outbound(true, clock())
        .get_json(&server.url, Limits::default())
        .await;
    let expected = Fetched {
        body: b"{}".to_vec(),
        content_type: "application/json".to_owned(),
        max_age: Some(Duration::from_mins(1)),
    };
    assert_eq!(fetched, Ok(expected));
}

#[tokio::test]
async fn reg_11_this_machine_is_not_reached_unless_it_is_allowed() {
    let server = wire(OK, false).await;
    let outbound = outbound(false, clock());
    let https = server.url.replace("http:", "https:");
    for url in [&server.url, &https] {
        let answer = outbound.get_json(url, Limits::default()).await;
        assert_eq!(answer, Err(FetchRefusal), "{url}");
        assert_eq!(outbound.post_form(url, &[]).await, Err(FetchRefusal));
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn reg_11_a_name_with_an_address_that_may_not_be_reached_is_not_resolved() {
    let resolved = async |loopback| {
        let listed = Vec::new();
        let names = CheckedNames(Arc::new(Reachable { listed, loopback }));
        names.resolve("localhost".parse().unwrap()).await.is_ok()
    };
    assert!(resolved(true).await);
    assert!(!resolved(false).await);
}

#[tokio::test]
async fn reg_10_a_server_that_does_not_answer_is_not_waited_for() {
    for begun in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    ] {
        let server = wire(begun, true).await;
        let limits = Limits {
            total: Duration::from_millis(100),
            ..Limits::default()
        };
        let answer = outbound(true, clock()).get_json(&server.url, limits).await;
        assert_eq!(answer, Err(FetchRefusal), "{begun}");
    }
}

#[tokio::test]
async fn reg_10_a_body_longer_than_the_limit_is_refused_with_or_without_its_length() {
    let (limit, outbound) = (Limits::default(), outbound(true, clock()));
    for length in [limit.body, limit.body + 1] {
        let body = "x".repeat(length);
        for frame in [
            "connection: close".to_owned(),
            format!("content-length: {length}"),
        ] {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
            let server = wire(&format!("{head}\r\n{frame}\r\n\r\n{body}"), false).await;
            let answer = outbound.get_json(&server.url, limit).await;
            assert_eq!(answer.is_ok(), length == limit.body, "{length} {frame}");
        }
    }
}

#[tokio::test]
async fn reg_10_redirects_are_not_followed_and_cookies_not_kept() {
    let behind = wire(OK, false).await;
    let head = "connection: close\r\nset-cookie: a=b\r\ncontent-length: 0";
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\n{head}\r\n\r\n",
        behind.url
    );
    let server = wire(&answer, false).await;
    let outbound = outbound(true, clock());
    assert_eq!(
        outbound.post_form(&server.url, &[("a", "b")]).await,
        Ok(302)
    );
    let fetched = outbound.get_json(&server.url, Limits::default()).await;
    assert_eq!(fetched, Err(FetchRefusal));
    assert_eq!(behind.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn reg_12_a_host_that_keeps_failing_is_left_alone_for_a_minute() {
    let failing = "HTTP/1.1 500 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = wire(failing, false).await;
    let clock = clock();
    let outbound = outbound(true, Arc::clone(&clock));
    for _ in 0..8 {
        let answer = outbound.get_json(&server.url, Limits::default()).await;
        assert_eq!(answer, Err(FetchRefusal));
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 5);
    clock.advance(Duration::from_mins(1));
    // The one that tries is answered; the others stay here.
    for expected in [Ok(500), Err(FetchRefusal), Err(FetchRefusal)] {
        assert_eq!(outbound.post_form(&server.url, &[]).await, expected);
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 6);
}

#[test]
fn reg_13_a_refusal_says_nothing_of_what_was_seen() {
    assert_eq!(FetchRefusal.to_string(), "the address could not be fetched");
}

#[test]
fn reg_10_a_file_of_authorities_must_hold_certificates() {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let settings = OutboundSettings {
        extra_authorities: Some(broken.to_vec()),
        ..OutboundSettings::default()
    };
    assert!(Outbound::new(settings, clock()).is_err());
}
