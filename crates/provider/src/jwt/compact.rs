//! JWTs of others, read strictly (RFC 7515 §7.1, RFC 8725): client assertions, request objects, `DPoP`
//! proofs, software statements. Each use has a verifier of its own that starts here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_model::{SigningAlgorithm, Timestamp};
use serde_json::{Map, Value};

use super::JwtRefusal;
use super::public_key::PublicKey;
use super::strict_json;

/// A JWT that was taken apart and not verified yet.
#[derive(Debug)]
pub(crate) struct Compact<'a> {
    /// The protected header.
    pub(crate) header: Map<String, Value>,
    /// The claims. Believe none of them before [`Compact::is_signed_by`] said yes.
    pub(crate) claims: Map<String, Value>,
    message: &'a str,
    signature: &'a str,
}

/// The longest JWT that is read at all, in bytes.
pub(crate) const MAX_LENGTH: usize = 16 * 1024;

impl<'a> Compact<'a> {
    /// JW-05, JW-06: three parts of canonical base64url, strict JSON, nothing critical in the header.
    pub(crate) fn read(text: &'a str) -> Result<Self, JwtRefusal> {
        if text.len() > MAX_LENGTH {
            return Err(JwtRefusal);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(JwtRefusal)?;
        let (header, claims) = message.split_once('.').ok_or(JwtRefusal)?;
        if claims.contains('.') || signature.is_empty() {
            return Err(JwtRefusal);
        }
        let _signature = decoded(signature)?;
        let header = strict_json::object(&decoded(header)?).map_err(|_loose| JwtRefusal)?;
        let claims = strict_json::object(&decoded(claims)?).map_err(|_loose| JwtRefusal)?;
        if ["crit", "b64", "zip"]
            .iter()
            .any(|name| header.contains_key(*name))
        {
            return Err(JwtRefusal);
        }
        let this = Self {
            header,
            claims,
            message,
            signature,
        };
        let kid_is_plain = match this.header.get("kid") {
            None => true,
            Some(Value::String(kid)) => kid.len() <= 128,
            Some(_) => false,
        };
        if kid_is_plain {
            Ok(this)
        } else {
            Err(JwtRefusal)
        }
    }

    /// `alg`, if it is an asymmetric one that we know. `Ed25519` is the name of RFC 9864 §2.2.
    pub(crate) fn algorithm(&self) -> Option<SigningAlgorithm> {
        match self.header_text("alg")? {
            "Ed25519" => Some(SigningAlgorithm::EdDSA),
            name => SigningAlgorithm::from_name(name),
        }
    }

    /// A text member of the header.
    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A text claim.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A time claim in whole seconds: `Ok(None)` if it is absent; a wrong type is an error (JW-07).
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, JwtRefusal> {
        let Some(value) = self.claims.get(name) else {
            return Ok(None);
        };
        let seconds = value.as_i64().or_else(|| whole_seconds(value));
        let sane = seconds.filter(|seconds| (0..=MAX_SECONDS).contains(seconds));
        sane.map(|seconds| Some(Timestamp::from_seconds(seconds)))
            .ok_or(JwtRefusal)
    }

    /// Whether `key` made the signature, with exactly the algorithm the header names, which must be
    /// one of `allowed` (JW-02).
    pub(crate) fn is_signed_by(&self, key: &PublicKey, allowed: &[SigningAlgorithm]) -> bool {
        let Some(algorithm) = self.algorithm().filter(|named| allowed.contains(named)) else {
            return false;
        };
        key.verifies(algorithm, self.message.as_bytes(), self.signature)
    }

    /// What was signed, for HMAC.
    pub(crate) const fn message(&self) -> &str {
        self.message
    }

    /// The signature's bytes.
    pub(crate) fn signature(&self) -> Vec<u8> {
        decoded(self.signature).unwrap_or_default()
    }
}

/// The year 9999, in seconds.
const MAX_SECONDS: i64 = 253_402_300_799;

/// RFC 7519 §2 lets a `NumericDate` have a fraction; it is cut off.
fn whole_seconds(value: &Value) -> Option<i64> {
    let text = value.as_f64()?.trunc().to_string();
    text.parse().ok()
}

fn decoded(part: &str) -> Result<Vec<u8>, JwtRefusal> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_not_canonical| JwtRefusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(header: &str, claims: &str, signature: &str) -> String {
        format!(
            "{}.{}.{signature}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn jw_06_only_three_canonical_parts_are_read() {
        let good = text(r#"{"alg":"ES256"}"#, "{}", "AAAA");
        assert!(Compact::read(&good).is_ok());
        for bad in [
            format!("{good}="),
            format!("{good} "),
            format!("{good}.AAAA"),
            format!(".{good}"),
            text(r#"{"alg":"none"}"#, "{}", ""),
            // The last character carries bits that are cut off.
            text(r#"{"alg":"ES256"}"#, "{}", "AB"),
            text(r#"{"alg":"ES256"}"#, "[]", "AAAA"),
            "a.b.c".to_owned(),
            String::new(),
            ".".repeat(3),
            "A".repeat(MAX_LENGTH + 1),
        ] {
            assert!(Compact::read(&bad).is_err(), "{bad:.80}");
        }
    }

    #[test]
    fn jw_04_jw_05_jw_11_critical_or_packed_members_and_long_key_ids_are_refused() {
        let long = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(129));
        for header in [
            r#"{"alg":"ES256","crit":["exp"]}"#,
            r#"{"alg":"ES256","b64":false}"#,
            r#"{"alg":"ES256","zip":"DEF"}"#,
            r#"{"alg":"ES256","alg":"ES256"}"#,
            r#"{"alg":"ES256","kid":7}"#,
            &long,
        ] {
            assert!(
                Compact::read(&text(header, "{}", "AAAA")).is_err(),
                "{header}"
            );
        }
    }

    #[test]
    fn jw_07_a_time_of_a_wrong_type_is_an_error_and_not_absent() {
        let jwt = text(
            r#"{"alg":"ES256"}"#,
            r#"{"exp":"5","nbf":-1,"iat":7.9,"far":1e300,"null":null}"#,
            "AAAA",
        );
        let read = Compact::read(&jwt).unwrap();
        for wrong in ["exp", "nbf", "far", "null"] {
            assert_eq!(read.time(wrong), Err(JwtRefusal), "{wrong}");
        }
        assert_eq!(read.time("iat"), Ok(Some(Timestamp::from_seconds(7))));
        assert_eq!(read.time("absent"), Ok(None));
    }

    #[test]
    fn jw_02_none_and_hmac_are_no_algorithms_of_key_pairs() {
        for name in ["none", "None", "NONE", "HS256", "", "es256"] {
            let jwt = text(&format!(r#"{{"alg":"{name}"}}"#), "{}", "AAAA");
            assert_eq!(Compact::read(&jwt).unwrap().algorithm(), None, "{name}");
        }
    }
}
