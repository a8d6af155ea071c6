use percent_encoding::percent_decode_str;
use sekisho_model::{Digest, Timestamp};
use serde_json::{Map, Value};

use super::signer::Signer;
use super::{target, text};
use crate::rules::dpop::{Expected, Nonces, check};

const NOW: u32 = 1_800_000_000;
const URL: &str = "https://id.example/oauth2/token";
const TOKEN: &str = "the-access-token";
const WORDS: [&str; 18] = [
    "\"typ\":\"dpop+jwt\"",
    "\"typ\":\"JWT\"",
    "\"alg\":\"EdDSA\"",
    "\"alg\":\"none\"",
    "\"alg\":\"HS256\"",
    "\"d\":\"AA\",",
    "\"jti\":\"\"",
    "\"jti\":7",
    "\"iat\":1799999930",
    "\"iat\":1800000020",
    "\"iat\":\"1800000000\"",
    "\"exp\":1,",
    "\"nbf\":1900000000,",
    "\"nonce\":\"x\",",
    "\"nonce\":null,",
    "HTTPS://ID.EXAMPLE:443",
    "?q=1#f",
    "/./",
];

/// RFC 3986 §6.2.2 and §6.2.3 by hand: host, port and path of an https address.
fn normal(uri: &str) -> Option<(String, u16, String)> {
    let (scheme, rest) = uri.split_once("://")?;
    let plain = uri.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    (plain && scheme.eq_ignore_ascii_case("https")).then_some(())?;
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let port = if port.is_empty() {
        443
    } else {
        port.parse().ok()?
    };
    let host = percent_decode_str(host).decode_utf8().ok()?;
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match &*part.to_ascii_lowercase().replace("%2e", ".") {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(part),
        }
    }
    Some((host.to_ascii_lowercase(), port, kept.join("/")))
}

/// RFC 9449 §4.3 by a second reader.
fn may_be_taken(header: &Map<String, Value>, claims: &Map<String, Value>) -> bool {
    let jwk = header["jwk"].as_object().unwrap();
    let time = |name: &str| claims.get(name).map(|value| value.as_f64().unwrap());
    let now = f64::from(NOW);
    header["typ"] == "dpop+jwt"
        && ["EdDSA", "Ed25519"].contains(&header["alg"].as_str().unwrap())
        && !jwk.contains_key("d")
        && claims["htm"] == "POST"
        && normal(claims["htu"].as_str().unwrap()) == normal(URL)
        && (1..=256).contains(&claims["jti"].as_str().unwrap().chars().count())
        && claims["ath"] == *Digest::of(TOKEN.as_bytes()).to_base64url()
        && !claims.contains_key("nonce")
        && time("iat").is_some_and(|iat| (now - 60.0..now + 11.0).contains(&iat))
        && time("exp").is_none_or(|exp| exp > now)
        && time("nbf").is_none_or(|nbf| nbf < now + 11.0)
}

#[test]
fn dp_01_dp_02_a_signed_proof_is_taken_only_if_everything_in_it_fits() {
    let (signer, secret) = (Signer::new(), Digest::of(b"secret"));
    let expected = Expected {
        method: "POST",
        url: URL,
        alias: None,
        access_token: Some(TOKEN),
        nonces: Nonces {
            key: &secret,
            required: false,
        },
        now: Timestamp::from_seconds(NOW.into()),
    };
    target("dpop_proof", &WORDS).run(|input| {
        let input = text(input);
        let (header, claims) = input.split_once('\n').unwrap_or((&input, "{}"));
        let jwt = signer.signed(header, claims);
        let Ok(Some(proof)) = check(std::slice::from_ref(&jwt), &expected) else {
            return false;
        };
        let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        assert!(
            may_be_taken(&read(header), &read(claims)),
            "{header} {claims}"
        );
        assert!(jwt.len() <= 8192);
        assert_eq!(proof.key, signer.thumbprint());
        let life = proof.remember_until.seconds() - i64::from(NOW);
        assert!(
            (1..=71).contains(&life),
            "remembered for as long as it counts"
        );
        let twice = [jwt.clone(), jwt];
        assert!(check(&twice, &expected).is_err(), "DP-01: one header");
        true
    });
}
