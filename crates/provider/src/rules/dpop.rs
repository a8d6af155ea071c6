//! One proof of possession of a key (RFC 9449 §4.3; DP-01, DP-02, DP-04, DP-05). Whether the proof
//! was used before is for the caller to ask of what is shared.

use std::time::Duration;

use sekisho_model::{Digest, SigningAlgorithm, Timestamp};
use url::Url;

use super::oauth_error::TokenError;
use crate::jwt::compact::Compact;
use crate::jwt::public_key::PublicKey;

/// What a proof has to fit.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The method of the request, in capitals.
    pub method: &'a str,
    /// The endpoint as it is configured; never what the request says of itself (DP-02).
    pub url: &'a str,
    /// The same endpoint at another configured origin (RFC 8705 §5).
    pub alias: Option<&'a str>,
    /// The access token presented with the proof.
    pub access_token: Option<&'a str>,
    /// The nonces that count.
    pub nonces: Nonces<'a>,
    /// The present moment.
    pub now: Timestamp,
}

/// The server's nonces: a keyed digest of the number of a five-minute window, so nothing is kept
/// (RFC 9449 §8; DP-04).
#[derive(Debug, Clone, Copy)]
pub struct Nonces<'a> {
    /// What they are made with.
    pub key: &'a Digest,
    /// Whether a proof must carry one.
    pub required: bool,
}

/// A valid proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Thumbprint of the key (RFC 7638).
    pub key: String,
    /// What must not be seen again: key, address and `jti` (DP-03).
    pub id: Digest,
    /// Until when it could be accepted again.
    pub remember_until: Timestamp,
}

/// Bytes of a proof at most (DP-01).
const MAX_LENGTH: usize = 8 * 1024;
const ALGORITHMS: [SigningAlgorithm; 3] = [
    SigningAlgorithm::ES256,
    SigningAlgorithm::EdDSA,
    SigningAlgorithm::PS256,
];
/// How old a proof may be (DP-02).
const MAX_AGE: Duration = Duration::from_mins(1);
/// How far the clock of its maker may be ahead.
const MAX_AHEAD: Duration = Duration::from_secs(10);
/// One window of nonces. The present and the previous one count.
const WINDOW: Duration = Duration::from_mins(5);

impl Nonces<'_> {
    /// The nonce to hand out now.
    pub fn fresh(&self, now: Timestamp) -> String {
        self.of(window(now))
    }

    fn of(&self, window: i64) -> String {
        Digest::keyed(self.key.as_bytes(), &[&window.to_be_bytes()]).to_base64url()
    }

    fn accept(&self, nonce: &str, now: Timestamp) -> bool {
        let presented = Digest::of(nonce.as_bytes());
        [window(now), window(now) - 1]
            .into_iter()
            .any(|window| Digest::of(self.of(window).as_bytes()) == presented)
    }
}

fn window(now: Timestamp) -> i64 {
    let length = i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
    now.seconds().div_euclid(length)
}

/// Checks the `DPoP` headers of one request. `None` if there is none.
pub fn check(headers: &[String], expected: &Expected<'_>) -> Result<Option<Proof>, TokenError> {
    match headers {
        [] => Ok(None),
        [header] => proof(header, expected).map(Some),
        [_, _, ..] => Err(TokenError::InvalidDpopProof(
            "there is more than one DPoP header",
        )),
    }
}

fn proof(header: &str, expected: &Expected<'_>) -> Result<Proof, TokenError> {
    if header.len() > MAX_LENGTH {
        return wrong("the DPoP proof is too long");
    }
    let Ok(jwt) = Compact::read(header) else {
        return wrong("the DPoP proof is malformed");
    };
    if jwt.header_text("typ") != Some("dpop+jwt") {
        return wrong("the type of the DPoP proof is not dpop+jwt");
    }
    if jwt
        .algorithm()
        .is_none_or(|named| !ALGORITHMS.contains(&named))
    {
        return wrong("the algorithm of the DPoP proof is not offered");
    }
    // The one place where a key comes from a header (JW-03).
    let Some(Ok(key)) = jwt.header.get("jwk").map(PublicKey::read) else {
        return wrong("the jwk of the DPoP proof is not a public key that is taken here");
    };
    if !jwt.is_signed_by(&key, &ALGORITHMS) {
        return wrong("the signature of the DPoP proof does not fit");
    }
    if jwt.text("htm") != Some(expected.method) {
        return wrong("htm of the DPoP proof is another method");
    }
    if !jwt.text("htu").is_some_and(|htu| is_address(htu, expected)) {
        return wrong("htu of the DPoP proof is another address");
    }
    let Some(id) = jwt
        .text("jti")
        .filter(|id| (1..=256).contains(&id.chars().count()))
    else {
        return wrong("jti of the DPoP proof needs 1 to 256 characters");
    };
    if let Some(token) = expected.access_token
        && jwt.text("ath") != Some(&*Digest::of(token.as_bytes()).to_base64url())
    {
        return wrong("ath of the DPoP proof does not fit the access token");
    }
    let remember_until = in_time(&jwt, expected)?;
    let parts = [key.thumbprint(), expected.url, id];
    Ok(Proof {
        key: key.thumbprint().to_owned(),
        id: Digest::of(parts.join("\n").as_bytes()),
        remember_until,
    })
}

/// The time of a proof is its nonce's, if it has one of ours (RFC 9449 §11.1), and `iat`.
fn in_time(jwt: &Compact<'_>, expected: &Expected<'_>) -> Result<Timestamp, TokenError> {
    let now = expected.now;
    let max_age = match jwt.claims.get("nonce") {
        None if expected.nonces.required => return Err(TokenError::UseDpopNonce),
        None => MAX_AGE,
        Some(nonce) => {
            let ours = |nonce: &str| expected.nonces.accept(nonce, now);
            if !nonce.as_str().is_some_and(ours) {
                return Err(TokenError::UseDpopNonce);
            }
            WINDOW * 2
        }
    };
    let (Ok(Some(issued)), Ok(not_before), Ok(ends)) =
        (jwt.time("iat"), jwt.time("nbf"), jwt.time("exp"))
    else {
        return wrong("a time of the DPoP proof is missing or malformed");
    };
    if now > issued + max_age || issued > now + MAX_AHEAD {
        return wrong("iat of the DPoP proof is too far from the present time");
    }
    if not_before.is_some_and(|begin| begin > now + MAX_AHEAD) || ends.is_some_and(|end| now >= end)
    {
        return wrong("the DPoP proof is not valid at this time");
    }
    Ok(issued + max_age + Duration::from_secs(1))
}

/// RFC 9449 §4.3, check 9: without query and fragment; letter case of scheme and host and the default
/// port do not matter (RFC 3986 §6.2.2, §6.2.3).
fn is_address(htu: &str, expected: &Expected<'_>) -> bool {
    if !is_uri(htu) {
        return false;
    }
    let Ok(mut htu) = Url::parse(htu) else {
        return false;
    };
    htu.set_query(None);
    htu.set_fragment(None);
    let mut configured = [Some(expected.url), expected.alias].into_iter().flatten();
    configured.any(|url| Url::parse(url).is_ok_and(|url| url == htu))
}

/// RFC 3986 §3 for an address with a host; browsers would read backslashes and missing slashes into
/// one.
fn is_uri(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let after_scheme = text.split_once("://").map_or("/", |(_, rest)| rest);
    plain && !after_scheme.starts_with('/')
}

const fn wrong<T>(why: &'static str) -> Result<T, TokenError> {
    Err(TokenError::InvalidDpopProof(why))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    };
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const URL: &str = "https://id.example/oauth2/token";

    struct Maker {
        pair: EcdsaKeyPair,
        jwk: Value,
    }

    impl Maker {
        fn new() -> Self {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            let point = pair.public_key().as_ref().to_vec();
            let at = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
            let jwk = json!({"kty": "EC", "crv": "P-256", "x": at(1), "y": at(33)});
            Self { pair, jwk }
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", part(header), part(claims));
            let signature = self
                .pair
                .sign(&SystemRandom::new(), message.as_bytes())
                .unwrap();
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
        }

        fn header(&self) -> Value {
            json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk})
        }

        /// A proof with these members changed; `null` takes a member away.
        fn with(&self, header: &Value, claims: &Value) -> String {
            self.sign(
                &changed(self.header(), header),
                &changed(claims_now(), claims),
            )
        }
    }

    fn claims_now() -> Value {
        json!({"jti": "1", "htm": "POST", "htu": URL, "iat": NOW.seconds()})
    }

    fn changed(mut base: Value, by: &Value) -> Value {
        for (name, value) in by.as_object().unwrap() {
            match value {
                Value::Null => drop(base.as_object_mut().unwrap().remove(name)),
                value => base[name] = value.clone(),
            }
        }
        base
    }

    fn key() -> Digest {
        Digest::of(b"nonce key")
    }

    fn ask(proof: String, change: impl FnOnce(&mut Expected<'_>)) -> Result<Proof, TokenError> {
        let key = key();
        let mut expected = Expected {
            method: "POST",
            url: URL,
            alias: None,
            access_token: None,
            nonces: Nonces {
                key: &key,
                required: false,
            },
            now: NOW,
        };
        change(&mut expected);
        check(&[proof], &expected).map(Option::unwrap)
    }

    fn refused(proof: String) -> bool {
        matches!(ask(proof, |_| {}), Err(TokenError::InvalidDpopProof(_)))
    }

    #[test]
    fn dp_01_a_good_proof_names_its_key_and_extra_members_do_not_matter() {
        let maker = Maker::new();
        let thumbprint = PublicKey::read(&maker.jwk).unwrap().thumbprint().to_owned();
        let proof = ask(maker.with(&json!({}), &json!({})), |_| {}).unwrap();
        assert_eq!(proof.key, thumbprint);
        let extra = maker.with(
            &json!({"kid": "k"}),
            &json!({"x": [1], "ath": "of no token"}),
        );
        assert_eq!(ask(extra, |_| {}).unwrap().key, thumbprint);
    }

    #[test]
    fn dp_01_what_is_not_one_signed_proof_is_refused() {
        let maker = Maker::new();
        let other = Maker::new();
        let mut private = maker.jwk.clone();
        private["d"] = json!("AAAA");
        let rs256 = json!({"alg": "RS256"});
        let hmac = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}});
        for (what, header) in [
            ("no typ", json!({"typ": null})),
            ("another typ", json!({"typ": "JWT"})),
            ("no alg", json!({"alg": null})),
            ("none", json!({"alg": "none"})),
            ("NoNe", json!({"alg": "NoNe"})),
            ("RS256", rs256),
            ("another algorithm of the list", json!({"alg": "EdDSA"})),
            ("HMAC", hmac),
            ("no key", json!({"jwk": null})),
            ("a private key", json!({"jwk": private})),
            ("another key", json!({"jwk": other.jwk})),
            (
                "a key by address",
                json!({"jwk": null, "jku": "https://a.example/jwks"}),
            ),
            ("critical", json!({"crit": ["x"], "x": 1})),
        ] {
            assert!(refused(maker.with(&header, &json!({}))), "{what}");
        }
        let good = maker.with(&json!({}), &json!({}));
        let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
        let long = maker.with(&json!({}), &json!({"x": "x".repeat(MAX_LENGTH)}));
        for bad in [
            unsigned,
            long,
            String::new(),
            "a.b.c".to_owned(),
            format!("{good}, {good}"),
        ] {
            assert!(refused(bad));
        }
    }

    #[test]
    fn dp_01_several_headers_are_refused_and_none_is_no_proof() {
        let maker = Maker::new();
        let good = maker.with(&json!({}), &json!({}));
        let key = key();
        let expected = Expected {
            method: "POST",
            url: URL,
            alias: None,
            access_token: None,
            nonces: Nonces {
                key: &key,
                required: true,
            },
            now: NOW,
        };
        assert_eq!(check(&[], &expected), Ok(None));
        let twice = check(&[good.clone(), good], &expected).unwrap_err();
        assert_eq!(twice.code(), "invalid_dpop_proof");
    }

    #[test]
    fn dp_01_ed25519_goes_by_both_of_its_names() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        for name in ["EdDSA", "Ed25519"] {
            let header = json!({
                "typ": "dpop+jwt", "alg": name, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x},
            });
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", part(&header), part(&claims_now()));
            let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
            assert!(
                ask(format!("{message}.{signature}"), |_| {}).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn dp_02_a_proof_is_for_one_method_and_one_address() {
        let maker = Maker::new();
        for (what, claims) in [
            ("no htm", json!({"htm": null})),
            ("another method", json!({"htm": "GET"})),
            ("method in small letters", json!({"htm": "post"})),
            ("no htu", json!({"htu": null})),
            (
                "another path",
                json!({"htu": "https://id.example/oauth2/userinfo"}),
            ),
            (
                "another host",
                json!({"htu": "https://id.example.evil/oauth2/token"}),
            ),
            (
                "another scheme",
                json!({"htu": "http://id.example/oauth2/token"}),
            ),
            (
                "another port",
                json!({"htu": "https://id.example:444/oauth2/token"}),
            ),
            (
                "a user",
                json!({"htu": "https://a@id.example/oauth2/token"}),
            ),
            (
                "path in capitals",
                json!({"htu": "https://id.example/OAUTH2/token"}),
            ),
            ("no URL", json!({"htu": "/oauth2/token"})),
        ] {
            assert!(refused(maker.with(&json!({}), &claims)), "{what}");
        }
        let alias = "https://mtls.id.example/oauth2/token";
        let elsewhere = || maker.with(&json!({}), &json!({"htu": alias}));
        assert!(refused(elsewhere()));
        assert!(ask(elsewhere(), |expected| expected.alias = Some(alias)).is_ok());
        for htu in [
            "https://id.example/oauth2/token?x=1#y",
            "HTTPS://ID.Example/oauth2/token",
            "https://id.example:443/oauth2/token",
        ] {
            let proof = maker.with(&json!({}), &json!({"htu": htu}));
            assert!(ask(proof, |_| {}).is_ok(), "{htu}");
        }
    }

    #[test]
    fn dp_02_jw_07_a_proof_is_for_one_moment() {
        let maker = Maker::new();
        let now = NOW.seconds();
        for (fits, claims) in [
            (true, json!({"iat": now - 60})),
            (false, json!({"iat": now - 61})),
            (true, json!({"iat": now + 10})),
            (false, json!({"iat": now + 11})),
            (false, json!({"iat": now - 3600})),
            (false, json!({"iat": now + 3600})),
            (false, json!({"iat": null})),
            (false, json!({"iat": now.to_string()})),
            (true, json!({"nbf": now, "exp": now + 1})),
            (true, json!({"nbf": now + 8})),
            (false, json!({"nbf": now + 60})),
            (false, json!({"exp": now})),
            (false, json!({"exp": "soon"})),
            (false, json!({"nbf": {}})),
            (true, json!({"jti": "j".repeat(256)})),
            (false, json!({"jti": "j".repeat(257)})),
            (false, json!({"jti": ""})),
            (false, json!({"jti": 1})),
            (false, json!({"jti": null})),
        ] {
            let proof = maker.with(&json!({}), &claims);
            assert_eq!(!refused(proof), fits, "{claims}");
        }
    }

    #[test]
    fn dp_03_a_proof_is_remembered_by_key_address_and_jti_as_long_as_it_could_be_accepted() {
        let maker = Maker::new();
        let of = |maker: &Maker, jti: &str| {
            let proof = maker.with(&json!({}), &json!({"jti": jti}));
            ask(proof, |_| {}).unwrap()
        };
        let first = of(&maker, "1");
        assert_eq!(first.id, of(&maker, "1").id);
        assert_ne!(first.id, of(&maker, "2").id);
        assert_ne!(first.id, of(&Maker::new(), "1").id);
        let last = NOW + MAX_AGE;
        assert!(first.remember_until > last);
        let proof = maker.with(&json!({}), &json!({}));
        assert!(ask(proof, |expected| expected.now = last).is_ok());
    }

    #[test]
    fn dp_04_a_nonce_counts_for_its_window_and_the_next() {
        let maker = Maker::new();
        let key = key();
        let nonces = Nonces {
            key: &key,
            required: true,
        };
        let nonce = nonces.fresh(NOW);
        let at = |after: u64, nonce: Value, required: bool| {
            let now = NOW + Duration::from_secs(after);
            let claims = json!({"nonce": nonce, "iat": now.seconds()});
            let proof = maker.with(&json!({}), &claims);
            ask(proof, |expected| {
                expected.now = now;
                expected.nonces.required = required;
            })
        };
        // NOW begins a window.
        assert_eq!(NOW.seconds() % 300, 0);
        for required in [true, false] {
            for (after, fits) in [(0, true), (299, true), (599, true), (600, false)] {
                let error = at(after, json!(nonce), required).err();
                let told = (!fits).then_some(TokenError::UseDpopNonce);
                assert_eq!(error, told, "{after}");
            }
            for wrong in [json!("wrong"), json!(""), json!(7), json!([nonce])] {
                let answer = at(0, wrong, required);
                assert_eq!(answer.unwrap_err(), TokenError::UseDpopNonce);
            }
        }
        assert_eq!(
            at(0, Value::Null, true).unwrap_err(),
            TokenError::UseDpopNonce
        );
        assert!(at(0, Value::Null, false).is_ok());
    }

    #[test]
    fn dp_04_with_a_nonce_of_ours_a_proof_may_be_older_but_not_endlessly() {
        let maker = Maker::new();
        let key = key();
        let nonces = Nonces {
            key: &key,
            required: false,
        };
        let aged = |seconds: i64| {
            let claims = json!({"nonce": nonces.fresh(NOW), "iat": NOW.seconds() - seconds});
            ask(maker.with(&json!({}), &claims), |_| {})
        };
        assert!(aged(500).is_ok_and(|proof| proof.remember_until > NOW));
        assert!(aged(3600).is_err() && aged(-60).is_err());
    }

    #[test]
    fn dp_05_with_an_access_token_the_proof_names_it() {
        let maker = Maker::new();
        let hash = Digest::of(b"token").to_base64url();
        for (ath, fits) in [
            (json!(hash), true),
            (json!(Digest::of(b"other").to_base64url()), false),
            (json!("token"), false),
            (json!(null), false),
        ] {
            let proof = maker.with(&json!({}), &json!({"ath": ath}));
            let answer = ask(proof, |expected| expected.access_token = Some("token"));
            assert_eq!(answer.is_ok(), fits, "{ath}");
        }
    }
}
