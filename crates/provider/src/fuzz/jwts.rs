use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_fuzz::json::is_strict_object;
use serde_json::{Map, Value};

use super::base64url::{self, URL};
use super::{target, text};
use crate::jwt::compact::{Compact, MAX_LENGTH};
use crate::jwt::strict_json;

const WORDS: [&str; 14] = [
    "{",
    "}",
    "\"alg\":\"ES256\"",
    "\"alg\":\"none\",",
    "\"crit\":[\"x\"],",
    "\"b64\":false,",
    "\"zip\":\"DEF\",",
    "\"kid\":7,",
    "\"kid\":\"k\",",
    "\"\\u0061lg\":1,",
    "\\ud800",
    "1e999",
    "e30",
    ".",
];

/// The object again, from what was read of it.
fn written(object: &Map<String, Value>) -> Map<String, Value> {
    strict_json::object(&serde_json::to_vec(object).unwrap()).unwrap()
}

#[test]
fn jw_05_strict_json_is_what_a_second_reader_calls_so() {
    target("strict_json", &WORDS).run(|input| {
        let read = strict_json::object(input);
        assert_eq!(read.is_ok(), is_strict_object(input));
        let Ok(object) = read else { return false };
        // Every member is there, and with its own value: a lax reader agrees.
        let lax: Map<String, Value> = serde_json::from_slice(input).unwrap();
        assert_eq!(lax, object);
        assert!(written(&object).keys().eq(object.keys()));
        true
    });
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = base64url::read(part, URL)?;
    let strict = is_strict_object(&bytes);
    strict.then(|| serde_json::from_slice(&bytes).unwrap())
}

/// RFC 7515 §7.1 by a second reader: the header and the claims.
fn second_reading(jwt: &str) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let parts: Vec<&str> = jwt.split('.').collect();
    let &[header, claims, signature] = parts.as_slice() else {
        return None;
    };
    let signed = !signature.is_empty() && base64url::read(signature, URL).is_some();
    let (header, claims) = (object(header)?, object(claims)?);
    let mut critical = ["crit", "b64", "zip"].iter();
    let critical = critical.any(|name| header.contains_key(*name));
    let named = header
        .get("kid")
        .is_none_or(|kid| kid.as_str().is_some_and(|kid| kid.len() <= 128));
    let fits = jwt.len() <= MAX_LENGTH;
    (signed && !critical && named && fits).then_some((header, claims))
}

fn judge(jwt: &str) -> bool {
    let expected = second_reading(jwt);
    let read = Compact::read(jwt);
    assert_eq!(read.is_ok(), expected.is_some(), "{jwt:.200}");
    let (Ok(read), Some((header, claims))) = (read, expected) else {
        return false;
    };
    let signature = URL_SAFE_NO_PAD.encode(read.signature());
    assert_eq!(format!("{}.{signature}", read.message()), jwt);
    assert_eq!((&read.header, &read.claims), (&header, &claims));
    for name in ["exp", "nbf", "iat"] {
        let time = read.time(name);
        assert_eq!(claims.contains_key(name), time != Ok(None), "{name}");
        if let Ok(Some(time)) = time {
            let whole: f64 = time.seconds().to_string().parse().unwrap();
            let cut_off = claims[name].as_f64().unwrap() - whole;
            assert!((0.0..1.0).contains(&cut_off), "{cut_off}");
        }
    }
    if let Some(algorithm) = read.algorithm() {
        let name = algorithm.name();
        assert!(name != "none" && !name.starts_with("HS"), "{name}");
    }
    true
}

#[test]
fn jw_06_a_jwt_is_read_exactly_when_a_second_reader_can_write_it_again() {
    target("jwt", &WORDS).run(|input| judge(&text(input)));
}

#[test]
fn jw_05_jw_07_jw_11_what_is_inside_a_jwt_is_read_alike_by_two_readers() {
    target("jwt_parts", &WORDS).run(|input| {
        let mut lines = input.splitn(2, |byte| *byte == b'\n');
        let mut part = || URL_SAFE_NO_PAD.encode(lines.next().unwrap_or_default());
        judge(&format!("{}.{}.c2lnbmF0dXJl", part(), part()))
    });
}
