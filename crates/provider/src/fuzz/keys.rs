use sekisho_model::{Digest, SigningAlgorithm};
use serde_json::{Map, Value, json};

use super::base64url::{self, URL};
use super::target;
use crate::jwt::public_key::PublicKey;
use crate::jwt::{check_jwks, strict_json};

const WORDS: [&str; 16] = [
    "\"d\":\"AA\",",
    "\"k\":\"AA\",",
    "\"p\":0,",
    "\"use\":\"enc\",",
    "\"use\":7,",
    "\"alg\":\"ES256\",",
    "\"alg\":\"none\",",
    "\"kid\":\"a\",",
    "\"kid\":{},",
    "\"kty\":\"oct\"",
    "\"kty\":\"RSA\"",
    "\"crv\":\"P-256\"",
    "\"crv\":\"P-521\"",
    "AQAB",
    "\"x5u\":\"http://x/\",",
    "=",
];
const ALGORITHMS: [SigningAlgorithm; 4] = [
    SigningAlgorithm::RS256,
    SigningAlgorithm::PS256,
    SigningAlgorithm::ES256,
    SigningAlgorithm::EdDSA,
];
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// RFC 7517 §4, RFC 7518 §6 and RFC 7638 §3 by a second reader: the thumbprint of a sound public key.
fn thumbprint(jwk: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| base64url::read(text(name)?, URL);
    let mistyped = ["kid", "use", "alg"].iter().any(|name| {
        jwk.get(*name)
            .is_some_and(|value| !value.is_string() && !value.is_null())
    });
    if mistyped || PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return None;
    }
    let is_odd = |number: &[u8]| number[0] != 0 && number.last().unwrap() % 2 == 1;
    let text = match text("kty")? {
        "RSA" => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            assert!((256..=1024).contains(&n.len()) && is_odd(&n));
            assert!(e.len() <= 4 && is_odd(&e) && e != [1]);
            let (n, e) = (text("n")?, text("e")?);
            format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
        }
        "EC" => {
            assert!(bytes("x")?.len() == 32 && bytes("y")?.len() == 32);
            let (x, y) = (text("x")?, text("y")?);
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        "OKP" => {
            assert_eq!(bytes("x")?.len(), 32);
            let x = text("x")?;
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
        }
        _ => return None,
    };
    Some(Digest::of(text.as_bytes()).to_base64url())
}

/// JW-02: a key fits its own kind of signature, and only the one that it names.
fn judge_fit(jwk: &Map<String, Value>, key: &PublicKey) {
    let kind: &[&str] = match jwk["kty"].as_str() {
        Some("RSA") => &["RS256", "PS256"],
        Some("EC") => &["ES256"],
        _ => &["EdDSA"],
    };
    let named = jwk.get("alg").and_then(Value::as_str);
    let named = named.map(|name| if name == "Ed25519" { "EdDSA" } else { name });
    for algorithm in ALGORITHMS {
        let name = algorithm.name();
        let expected = kind.contains(&name) && named.is_none_or(|named| named == name);
        assert_eq!(key.fits(algorithm), expected, "{name}");
    }
}

#[test]
fn reg_16_dp_05_a_key_is_public_sound_and_known_by_its_required_members() {
    target("jwk", &WORDS).run(|input| {
        let Ok(jwk) = strict_json::object(input) else {
            return false;
        };
        let Ok(key) = PublicKey::read(&Value::Object(jwk.clone())) else {
            return false;
        };
        assert_eq!(thumbprint(&jwk).as_deref(), Some(key.thumbprint()));
        assert_eq!(jwk.get("kid").and_then(Value::as_str), key.kid());
        let purpose = jwk.get("use").and_then(Value::as_str);
        assert!(purpose.is_none_or(|purpose| purpose == "sig"));
        judge_fit(&jwk, &key);
        let mut decorated = jwk;
        decorated.insert("x5u".to_owned(), json!("http://169.254.169.254/"));
        let again = PublicKey::read(&Value::Object(decorated)).unwrap();
        assert_eq!(again.thumbprint(), key.thumbprint());
        true
    });
}

#[test]
fn reg_16_a_set_is_small_and_no_private_key_is_in_it() {
    target("jwks", &WORDS).run(|input| {
        let Ok(jwks) = strict_json::object(input) else {
            return false;
        };
        if check_jwks(&Value::Object(jwks.clone())).is_err() {
            return false;
        }
        let keys = jwks["keys"].as_array().unwrap();
        assert!(keys.len() <= 20);
        for key in keys {
            let members = key.as_object().unwrap();
            assert!(!PRIVATE.iter().any(|name| members.contains_key(*name)));
            assert_ne!(members["kty"], "oct");
            // Each key alone would be taken, or passed over, as well.
            assert!(check_jwks(&json!({"keys": [key]})).is_ok());
        }
        true
    });
}
