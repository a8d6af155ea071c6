//! What the suite looks at in every document: sections 5.1 to 5.8.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Response;
use serde_json::{Map, Value};

use super::driver::Answered;
use crate::support::house::TestHouse;
use crate::support::signing::payload;

/// The suite's estimate of how hard a value is to guess.
pub fn is_unguessable(text: &str) {
    let length = f64::from(u32::try_from(text.len()).unwrap());
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|b| counts[usize::from(b)] += 1);
    let used = counts.iter().filter(|n| **n > 0);
    let shares = used.map(|n| f64::from(*n) / length);
    let bits: f64 = shares.map(|p| -p * p.log2()).sum();
    assert!(text.len() >= 16 && bits * length > 96.0, "{text}");
    assert!(text.bytes().all(|b| (0x20..=0x7E).contains(&b)));
}

/// 5.8
pub fn callback(answered: &Answered, state: Option<&str>, issuer: &str) {
    let fields = answered.callback.as_ref();
    let fields = fields.unwrap_or_else(|| panic!("no answer: {}", answered.page.words()));
    assert_eq!(answered.get("state"), state, "state goes back unchanged");
    assert_eq!(answered.get("iss"), Some(issuer));
    for name in fields.keys() {
        let known = [
            "code",
            "state",
            "iss",
            "session_state",
            "error",
            "error_description",
            "dummy1",
            "dummy2",
            "bar",
        ];
        assert!(known.contains(&name.as_str()), "{name} is not known");
    }
    match answered.get("code") {
        Some(code) => {
            is_unguessable(code);
            assert_eq!(answered.get("error"), None);
        }
        None => error_texts(answered.get("error"), answered.get("error_description")),
    }
}

pub fn error_texts(error: Option<&str>, description: Option<&str>) {
    let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    let error = error.expect("an error");
    assert!(!error.is_empty() && error.bytes().all(allowed));
    assert!(description.unwrap_or_default().bytes().all(allowed));
}

/// 5.5, success.
pub async fn token_answer(answer: Response) -> Value {
    let status = answer.status();
    let headers = answer.headers().clone();
    let tokens: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{tokens}");
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/json")
    );
    assert_eq!(headers["cache-control"], "no-store");
    is_unguessable(tokens["access_token"].as_str().unwrap());
    let kind = tokens["token_type"].as_str().unwrap();
    assert!(kind == "Bearer" || kind == "DPoP");
    assert!((1..=31_536_000).contains(&tokens["expires_in"].as_i64().expect("a number")));
    if let Some(refresh) = tokens.get("refresh_token") {
        is_unguessable(refresh.as_str().unwrap());
    }
    tokens
}

/// 5.5, errors.
pub async fn token_error(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/json")
    );
    assert_eq!(headers["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    let error = body["error"].as_str();
    error_texts(error, body["error_description"].as_str());
    let error = error.unwrap().to_owned();
    assert!(
        status == 400 || (status == 401 && error == "invalid_client"),
        "{status} {error}"
    );
    (status, error)
}

/// 5.2
pub async fn jwks(house: &TestHouse) -> Vec<Value> {
    let answer = reqwest::get(house.url("/oauth2/jwks")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let set: Value = answer.json().await.unwrap();
    let keys = set["keys"].as_array().unwrap().clone();
    let mut seen = std::collections::BTreeSet::new();
    for key in &keys {
        let kid = key["kid"].as_str().filter(|kid| !kid.trim().is_empty());
        assert!(
            seen.insert(kid.expect("a kid").to_owned()),
            "kids are distinct"
        );
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none());
        }
        let members: &[&str] = match key["kty"].as_str().unwrap() {
            "RSA" => &["n", "e"],
            "EC" => &["crv", "x", "y"],
            "OKP" => &["crv", "x"],
            other => panic!("{other}"),
        };
        for member in members {
            let text = key[*member].as_str().expect("a member");
            assert!(*member == "crv" || URL_SAFE_NO_PAD.decode(text).is_ok());
        }
    }
    keys
}

/// What an ID token must say.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub nonce: Option<&'a str>,
    pub access_token: Option<&'a str>,
    pub now: i64,
}

/// The claims of a JWT whose signature one published key made, and the algorithm.
pub fn verified(jwt: &str, keys: &[Value]) -> (Value, Algorithm) {
    let header = jsonwebtoken::decode_header(jwt).unwrap();
    let kid = header.kid.as_deref().expect("kid");
    let named: Vec<&Value> = keys.iter().filter(|key| key["kid"] == kid).collect();
    let [key] = named[..] else {
        panic!("{} keys fit", named.len())
    };
    let name = serde_json::to_value(header.alg).unwrap();
    assert_eq!(key["alg"], name, "the key's alg is the token's");
    assert_eq!(key["use"], "sig");
    let key: Jwk = serde_json::from_value(key.clone()).unwrap();
    let key = DecodingKey::from_jwk(&key).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Value>(jwt, &key, &rules)
        .unwrap()
        .claims;
    assert_eq!(claims, payload(jwt));
    (claims, header.alg)
}

/// 5.3
pub fn id_token(jwt: &str, keys: &[Value], expected: &Expected<'_>) -> Value {
    let (claims, alg) = verified(jwt, keys);
    assert_eq!(claims["iss"], expected.issuer);
    let audience = match &claims["aud"] {
        Value::Array(list) => list.iter().any(|aud| aud == expected.audience),
        one => one == expected.audience,
    };
    assert!(audience, "{claims}");
    let time = |name: &str| {
        claims[name]
            .as_i64()
            .unwrap_or_else(|| panic!("{name}: {claims}"))
    };
    assert!(time("exp") > expected.now);
    assert!((time("iat") - expected.now).abs() <= 300);
    assert!(time("auth_time") <= expected.now);
    assert_eq!(claims.get("nonce").and_then(Value::as_str), expected.nonce);
    let sub = claims["sub"].as_str().unwrap();
    assert!((1..=255).contains(&sub.len()) && sub.bytes().all(|b| b.is_ascii_graphic()));
    assert!(!claims["acr"].as_str().unwrap().is_empty());
    assert!(claims["sid"].is_string());
    let protocol = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "azp",
        "at_hash",
        "c_hash",
        "s_hash",
        "nbf",
        "jti",
        "sid",
        "txn",
    ];
    for name in claims.as_object().unwrap().keys() {
        assert!(
            protocol.contains(&name.as_str()),
            "{name} was not asked for"
        );
    }
    if let (Some(token), Some(hash)) = (expected.access_token, claims.get("at_hash")) {
        assert_eq!(hash.as_str().unwrap(), half_hash(alg, token));
    }
    claims
}

fn half_hash(alg: Algorithm, text: &str) -> String {
    use aws_lc_rs::digest::{SHA256, SHA512, digest};
    let kind = if alg == Algorithm::EdDSA {
        &SHA512
    } else {
        &SHA256
    };
    let hash = digest(kind, text.as_bytes());
    let bytes = hash.as_ref();
    URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() / 2])
}

/// 5.4
pub async fn userinfo(answer: Response, id_token: &Value) -> Value {
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(kind.starts_with("application/json"), "{kind}");
    let claims: Value = answer.json().await.unwrap();
    assert_eq!(claims["sub"], id_token["sub"]);
    types(claims.as_object().unwrap());
    claims
}

pub fn types(claims: &Map<String, Value>) {
    for (name, value) in claims {
        match name.as_str() {
            "email_verified" | "phone_number_verified" => assert!(value.is_boolean(), "{name}"),
            "updated_at" => assert!(value.as_i64().unwrap() > 631_152_000),
            "address" => {
                let address = value.as_object().unwrap();
                assert!(!address.is_empty() && address.values().all(Value::is_string));
            }
            _ => {
                let text = value.as_str().unwrap_or_else(|| panic!("{name}: {value}"));
                assert!(!text.trim().is_empty() && text != "null", "{name}");
            }
        }
    }
}

/// The claims of a scope, all of them and nothing else.
pub const fn claims_of(scope: &str) -> &'static [&'static str] {
    match scope.as_bytes() {
        b"profile" => &[
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
        b"email" => &["email", "email_verified"],
        b"address" => &["address"],
        b"phone" => &["phone_number", "phone_number_verified"],
        _ => &[],
    }
}
