//! What must hold of what this crate reads of a request itself, whatever it is fed: cookies, headers,
//! form tokens. The rest is in the provider. Longer runs: `docs/contributing/tests.md`.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use sekisho_fuzz::Target;
use sekisho_model::{Digest, Locale};

use crate::http::call::certificate_in;
use crate::http::client_ip::ClientIp;
use crate::http::cookies::{BrowserMarks, Cookies, Found, Use};
use crate::http::csrf;
use crate::http::headers::form_target;
use crate::http::locale::Wishes;
use crate::http::pages::local_path;

fn target<'a>(name: &'a str, words: &'a [&'a str]) -> Target<'a> {
    Target {
        manifest_dir: env!("CARGO_MANIFEST_DIR"),
        name,
        words,
    }
}

/// One header line for each line of the input; `None` if HTTP itself cannot carry it.
fn headers(name: &HeaderName, input: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        headers.append(name.clone(), HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

#[test]
fn ses_13_a_cookie_is_one_plain_value_or_it_is_refused() {
    let cookies = Cookies::new(true);
    let name = cookies.name(Use::Session);
    let words = [
        name,
        "; ",
        "=",
        "__Host-sekisho_sessionx=1",
        "sekisho_session=1",
        "\"a\"",
        "\n",
    ];
    target("cookies", &words).run(|input| {
        let Some(headers) = headers(&COOKIE, input) else {
            return false;
        };
        let pairs = input.split(|byte| [b'\n', b';'].contains(byte));
        let mut values = pairs.filter_map(|pair| {
            let (key, value) = std::str::from_utf8(pair)
                .ok()?
                .trim_ascii()
                .split_once('=')?;
            (key == name).then(|| value.to_owned())
        });
        let read = cookies.read(Use::Session, &headers);
        let (first, second) = (values.next(), values.next());
        let of_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        match &read {
            Found::Value(value) => {
                assert_eq!((Some(value), &None), (first.as_ref(), &second));
                assert!(value.chars().all(of_token) && !value.is_empty());
                assert!(value.len() + name.len() <= 4096);
                assert!(BrowserMarks::read(value).into_tokens().len() <= BrowserMarks::MOST);
            }
            Found::Nothing => assert_eq!(first, None),
            Found::Refused => {}
        }
        read.value().is_some()
    });
}

#[test]
fn tk_18_a_certificate_header_is_one_byte_sequence_of_rfc_8941() {
    target(
        "certificate_header",
        &[":", "::", "=", "MIIB", "\"", " ", "%2B"],
    )
    .run(|input| {
        let line = String::from_utf8_lossy(input);
        let Some(certificate) = certificate_in(&line) else {
            return false;
        };
        let inside = line.trim().trim_matches(':');
        let bare = inside.trim_end_matches('=');
        assert!(
            bare.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
        );
        assert!(inside.len().is_multiple_of(4) && inside.len() - bare.len() < 3);
        assert_eq!(certificate.der().len(), bare.len() * 3 / 4);
        assert!(!certificate.der().is_empty());
        true
    });
}

#[test]
fn net_03_net_04_the_address_of_a_client_is_the_proxy_s_or_one_that_it_named() {
    let peer = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let trusted = ["10.0.0.0/8".parse().unwrap()];
    let name = HeaderName::from_static("x-forwarded-for");
    let words = [
        "10.0.0.2",
        "192.0.2.7:80",
        "[2001:db8::1]:443",
        "::ffff:192.0.2.7",
        ", ",
        "unknown",
        "fe80::1%eth0",
        "\n",
    ];
    target("forwarded_for", &words).run(|input| {
        let Some(headers) = headers(&name, input) else {
            return false;
        };
        let stranger = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
        assert_eq!(ClientIp::decide(stranger, &headers, &trusted).ip, stranger);
        let decided = ClientIp::decide(peer, &headers, &trusted);
        assert!(!decided.malformed || decided.ip == peer);
        let spoken = String::from_utf8_lossy(input);
        let inner = |text: &str| text.parse::<IpAddr>().ok();
        let named = spoken.split([',', '\n']).map(str::trim).any(|hop| {
            let bare = hop.strip_prefix('[').and_then(|hop| hop.split(']').next());
            let short = hop.rsplit_once(':').map_or(hop, |(host, _)| host);
            [hop, bare.unwrap_or(hop), short]
                .into_iter()
                .filter_map(inner)
                .any(|ip| ip.to_canonical() == decided.ip)
        });
        assert!(named || decided.ip == peer, "{spoken}: {decided:?}");
        // What the nearest proxy adds decides, whatever the client wrote before it.
        let mut longer = headers;
        longer.append(name.clone(), HeaderValue::from_static("198.51.100.4"));
        let added = ClientIp::decide(peer, &longer, &trusted);
        assert_eq!(added.ip, IpAddr::V4(Ipv4Addr::new(198, 51, 100, 4)));
        !decided.malformed && decided.ip != peer
    });
}

#[test]
fn a_language_is_one_of_ours_that_was_asked_for() {
    target(
        "accept_language",
        &["ja", "en;q=0.9", ";q=", "0.", "*", "JA-jp", ", ", "1.000"],
    )
    .run(|input| {
        let header = String::from_utf8_lossy(input);
        let wishes = |server| Wishes {
            accept_language: Some(&header),
            server,
            ..Wishes::default()
        };
        let (ja, en) = (wishes(Locale::Ja).answer(), wishes(Locale::En).answer());
        let asked = ja == en;
        let tag = if ja == Locale::Ja { "ja" } else { "en" };
        assert!(
            !asked || header.to_ascii_lowercase().contains(tag),
            "{header}"
        );
        asked
    });
}

#[test]
fn web_01_a_form_token_is_ours_to_the_last_byte() {
    let key = Digest::of(b"key");
    let ours = csrf::issue(&key, "flow-1", "browser", "login");
    let words = [&*ours, "flow-2", ".", "login"];
    target("form_token", &words).run(|input| {
        let token = String::from_utf8_lossy(input);
        // The seed of that name stands for a genuine one.
        let token = token.replace("GENUINE", &ours);
        let handle = csrf::check(&key, &token, "browser", "login");
        assert_eq!(handle.is_some(), token == ours, "{token}");
        assert_eq!(csrf::check(&key, &token, "browser", "code"), None);
        assert_eq!(csrf::check(&key, &token, "", "login"), None);
        handle.is_some()
    });
}

#[test]
fn web_07_a_way_back_stays_on_this_host_and_a_target_adds_nothing_to_a_header() {
    let words = [
        "//",
        "/\\",
        "https://evil.example",
        "/account",
        "?a=b",
        "javascript:",
        ";",
        "'unsafe-inline'",
        "@",
    ];
    target("local_path", &words).run(|input| {
        let text = String::from_utf8_lossy(input);
        if let Some(target) = form_target(&text) {
            let plain = |b: u8| b.is_ascii_graphic() && !b";,'\"*".contains(&b);
            assert!(target.as_str().bytes().all(plain));
        }
        let Some(path) = local_path(&text) else {
            return false;
        };
        let base = url::Url::parse("https://id.example/here").unwrap();
        assert_eq!(base.join(path).unwrap().origin(), base.origin(), "{path}");
        assert!(HeaderValue::from_str(path).is_ok());
        true
    });
}
