use proptest::prelude::*;
use sekisho_fuzz::config;
use sekisho_model::{ApplicationType, Client};
use url::Url;

use super::{target, text};
use crate::rules::client_metadata::sample::{native, web};
use crate::rules::redirect_uri::{Callback, registrable};

/// A URI as a byte-wise reader takes it apart.
struct Parts<'a> {
    scheme: &'a str,
    authority: Option<&'a str>,
    path: &'a str,
}

fn parts(uri: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = uri.split_once(':')?;
    let before_query = rest.split('?').next()?;
    let (authority, path) = match before_query.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (Some(authority), path)
        }
        None => (None, before_query),
    };
    Some(Parts {
        scheme,
        authority,
        path,
    })
}

/// What RFC 3986 §3.2.2 and DNS let a host be, and a port of digits.
fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => (host, port),
            None => return false,
        },
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let in_brackets = authority.starts_with('[');
    let host_is_plain = if in_brackets {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
    };
    host_is_plain && (port.is_empty() || is_port(port))
}

fn is_port(port: &str) -> bool {
    port.strip_prefix(':').is_some_and(|digits| {
        digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok()
    })
}

/// The authority of a loopback address, without its port.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = match authority {
        _ if authority.starts_with("127.0.0.1") => "127.0.0.1",
        _ if authority.starts_with("[::1]") => "[::1]",
        _ => return None,
    };
    let port = authority.strip_prefix(host)?;
    (port.is_empty() || is_port(port)).then_some((host, tail))
}

fn may_be_registered(uri: &str, kind: ApplicationType) -> bool {
    let forbidden = ['#', '*', '\\', '"', '<', '>', '^', '`', '{', '|', '}'];
    let plain = uri.bytes().all(|b| (0x21..=0x7e).contains(&b)) && !uri.contains(forbidden);
    let Some(Parts {
        scheme,
        authority,
        path,
    }) = parts(uri)
    else {
        return false;
    };
    let path = path.to_ascii_lowercase().replace("%2e", ".");
    let climbs = path
        .split('/')
        .skip(1)
        .any(|part| part == "." || part == "..");
    let is_native = kind == ApplicationType::Native;
    let by_scheme = match &*scheme.to_ascii_lowercase() {
        "https" => authority.is_some_and(is_host_and_port),
        "http" => is_native && loopback(uri).is_some(),
        private => is_native && private.contains('.'),
    };
    let no_user = authority.is_none_or(|authority| !authority.contains('@'));
    plain && !climbs && by_scheme && no_user && uri.len() <= 2048
}

fn client(kind: ApplicationType, uri: &str) -> Client {
    match kind {
        ApplicationType::Native => native(uri),
        ApplicationType::Web => web(uri),
    }
}

/// A registered URI matches itself, and another only where the loopback port differs.
fn matching(kind: ApplicationType, registered: &str, presented: &str) {
    let client = client(kind, registered);
    assert!(Callback::verify(&client, registered, None).is_some());
    let other_port = kind == ApplicationType::Native
        && loopback(registered).is_some()
        && loopback(registered) == loopback(presented);
    let found = Callback::verify(&client, presented, Some("s&=#"));
    assert_eq!(found.is_some(), registered == presented || other_port);
    let Some(callback) = found else { return };
    assert_eq!(callback.uri(), presented);
    let answer = callback.with_query(&callback.with_code("c", "https://id.example"));
    assert!(answer.starts_with(presented));
    let (answer, registered) = (
        Url::parse(&answer).unwrap(),
        Url::parse(registered).unwrap(),
    );
    assert_eq!(answer.scheme(), registered.scheme());
    assert_eq!(answer.host(), registered.host());
    assert_eq!(answer.path(), registered.path());
    assert_eq!(answer.fragment(), None);
    let state = answer
        .query_pairs()
        .filter(|(name, _)| name == "state")
        .last();
    assert_eq!(state.unwrap().1, "s&=#");
}

#[test]
fn az_01_az_02_reg_04_only_what_two_readers_read_alike_is_registered_and_matched() {
    let words = [
        "https://",
        "http://127.0.0.1",
        "http://[::1]:8080",
        "localhost",
        "com.example.app:/",
        "%2e%2e",
        ":443",
        ":0",
        "xn--",
        "evil.example",
        "?a=b",
        "[::ffff:127.0.0.1]",
        "0x7f.1",
        "//",
        "\n",
    ];
    target("redirect_uri", &words).run(|input| {
        let input = text(input);
        let mut lines = input.splitn(3, '\n');
        let kind = match lines.next() {
            Some("native") => ApplicationType::Native,
            _ => ApplicationType::Web,
        };
        let registered = lines.next().unwrap_or_default();
        let presented = lines.next().unwrap_or(registered);
        if registrable(registered, kind).is_err() {
            return false;
        }
        assert!(may_be_registered(registered, kind), "{registered}");
        matching(kind, registered, presented);
        true
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reg_05_plain_https_addresses_can_be_registered(
        host in "[a-z]{1,12}(\\.[a-z0-9]{1,8}){0,2}\\.example",
        port in prop_oneof![Just(String::new()), (444_u16..).prop_map(|port| format!(":{port}"))],
        path in "(/[A-Za-z0-9_~-]{1,8}){0,4}/?",
        query in "(\\?[a-z]{1,4}=[A-Za-z0-9%_.-]{0,8})?",
    ) {
        let uri = format!("https://{host}{port}{path}{query}");
        prop_assert_eq!(registrable(&uri, ApplicationType::Web), Ok(()));
        prop_assert!(may_be_registered(&uri, ApplicationType::Web));
    }
}
