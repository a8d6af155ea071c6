//! Public keys of others as JWKs (RFC 7517; REG-16, DP-01).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use sekisho_model::SigningAlgorithm;
use serde_json::Value;

use super::signing_keys::jws;

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    Ed25519,
}

/// A public key that may verify signatures.
#[derive(Clone)]
pub(crate) struct PublicKey {
    kid: Option<String>,
    kind: Kind,
    only: Option<SigningAlgorithm>,
    decoding: DecodingKey,
    thumbprint: String,
    jwk: Value,
}

/// Why a JWK is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// A kind of key that we verify nothing with, or one for encryption: to be passed over.
    #[error("a kind of key that is not used here")]
    NotUsed,
    /// A symmetric key or private members: it should never have left its owner.
    #[error("only public keys may be sent")]
    NotPublic,
    /// Members are missing, malformed, or describe a weak key.
    #[error("a key is malformed or too weak")]
    Weak,
    /// No list of keys, more than twenty, or two of one name for one algorithm.
    #[error("use a list of at most 20 keys with kids of their own")]
    Set,
}

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl PublicKey {
    /// Reads one JWK.
    pub(crate) fn read(jwk: &Value) -> Result<Self, KeyRefusal> {
        let members = jwk.as_object().ok_or(KeyRefusal::Weak)?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let kty = text("kty").ok_or(KeyRefusal::Weak)?;
        // Some libraries write null for what is not there.
        let mistyped = |name: &&str| {
            let value = members.get(*name).filter(|value| !value.is_null());
            value.is_some_and(|value| !value.is_string())
        };
        if ["kid", "use", "alg"].iter().any(mistyped) {
            return Err(KeyRefusal::Weak);
        }
        if kty == "oct" || PRIVATE.iter().any(|name| members.contains_key(*name)) {
            return Err(KeyRefusal::NotPublic);
        }
        let kind = match (kty, text("crv")) {
            ("RSA", _) => Kind::Rsa,
            ("EC", Some("P-256")) => Kind::P256,
            ("OKP", Some("Ed25519")) => Kind::Ed25519,
            _ => return Err(KeyRefusal::NotUsed),
        };
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return Err(KeyRefusal::NotUsed);
        }
        let only = match text("alg") {
            None => None,
            Some("Ed25519") => Some(SigningAlgorithm::EdDSA),
            Some(name) => Some(SigningAlgorithm::from_name(name).ok_or(KeyRefusal::NotUsed)?),
        };
        let bytes = |name: &str| -> Result<Vec<u8>, KeyRefusal> {
            let text = text(name).filter(|text| text.len() <= 2048);
            URL_SAFE_NO_PAD
                .decode(text.ok_or(KeyRefusal::Weak)?)
                .map_err(|_not_canonical| KeyRefusal::Weak)
        };
        let sound = match kind {
            Kind::Rsa => modulus_is_sound(&bytes("n")?) && exponent_is_sound(&bytes("e")?),
            Kind::P256 => bytes("x")?.len() == 32 && bytes("y")?.len() == 32,
            Kind::Ed25519 => bytes("x")?.len() == 32,
        };
        if !sound {
            return Err(KeyRefusal::Weak);
        }
        Self::ready(jwk, kind, only, text("kid"))
    }

    /// Members that say nothing about the key itself do not matter; `jsonwebtoken` would refuse some.
    fn ready(
        jwk: &Value,
        kind: Kind,
        only: Option<SigningAlgorithm>,
        name: Option<&str>,
    ) -> Result<Self, KeyRefusal> {
        let required: serde_json::Map<String, Value> = ["kty", "crv", "n", "e", "x", "y"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), jwk.get(name)?.clone())))
            .collect();
        let plain: Jwk = serde_json::from_value(Value::Object(required))
            .map_err(|_unreadable| KeyRefusal::Weak)?;
        let key = Self {
            kid: name.map(str::to_owned),
            kind,
            only,
            decoding: DecodingKey::from_jwk(&plain).map_err(|_unusable| KeyRefusal::Weak)?,
            thumbprint: plain
                .thumbprint(ThumbprintHash::SHA256)
                .map_err(|_unusable| KeyRefusal::Weak)?,
            jwk: jwk.clone(),
        };
        if key.is_on_curve(jwk) {
            Ok(key)
        } else {
            Err(KeyRefusal::Weak)
        }
    }

    fn is_on_curve(&self, jwk: &Value) -> bool {
        if self.kind != Kind::P256 {
            return true;
        }
        let coordinate = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str).unwrap_or_default();
            URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
        };
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        aws_lc_rs::signature::ParsedPublicKey::new(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED,
            point,
        )
        .is_ok()
    }

    /// `kid`, if it has one.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// As it came.
    pub(crate) const fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// RFC 7638 §3: over the required members only (DP-05).
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether the key can be used with `algorithm`.
    pub(crate) fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        let kind = match algorithm {
            SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => Kind::Rsa,
            SigningAlgorithm::ES256 => Kind::P256,
            SigningAlgorithm::EdDSA => Kind::Ed25519,
        };
        self.kind == kind && self.only.is_none_or(|only| only == algorithm)
    }

    pub(super) fn verifies(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &str,
    ) -> bool {
        self.fits(algorithm)
            && jsonwebtoken::crypto::verify(signature, message, &self.decoding, jws(algorithm))
                .unwrap_or(false)
    }
}

/// At least 2048 bits, odd, no leading zero.
fn modulus_is_sound(modulus: &[u8]) -> bool {
    let odd = modulus.last().is_some_and(|byte| byte % 2 == 1);
    let bits = match modulus.first() {
        Some(0) | None => 0,
        Some(first) => modulus.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(8),
    };
    odd && (2048..=8192).contains(&bits)
}

/// Odd, more than 1, at most 2³².
fn exponent_is_sound(exponent: &[u8]) -> bool {
    let odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
    odd && exponent.len() <= 4 && exponent.first() != Some(&0) && exponent != [1]
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({:?}, {})", self.kind, self.thumbprint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn p256() -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "ext": true,
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        })
    }

    #[test]
    fn dp_05_the_thumbprint_is_that_of_rfc_9449() {
        // RFC 9449 §6.1 names the thumbprint of this key.
        let key = PublicKey::read(&p256()).unwrap();
        assert_eq!(
            key.thumbprint(),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
        assert!(key.fits(SigningAlgorithm::ES256) && !key.fits(SigningAlgorithm::RS256));
    }

    #[test]
    fn reg_16_private_symmetric_and_weak_keys_are_refused() {
        let with = |name: &str, value: Value| {
            let mut key = p256();
            key[name] = value;
            PublicKey::read(&key).unwrap_err()
        };
        assert_eq!(with("d", json!("AA")), KeyRefusal::NotPublic);
        assert_eq!(with("kty", json!("oct")), KeyRefusal::NotPublic);
        assert_eq!(with("x", json!("AA")), KeyRefusal::Weak);
        // A point that is not on the curve.
        assert_eq!(
            with("y", json!("8VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA")),
            KeyRefusal::Weak
        );
        assert_eq!(with("crv", json!("P-521")), KeyRefusal::NotUsed);
        assert_eq!(with("use", json!("enc")), KeyRefusal::NotUsed);
        let rsa = |bits: usize, e: &str| {
            let mut modulus = vec![0xff_u8; bits / 8];
            modulus[0] = 0x80;
            let n = URL_SAFE_NO_PAD.encode(modulus);
            PublicKey::read(&json!({"kty": "RSA", "n": n, "e": e}))
        };
        assert!(rsa(2048, "AQAB").is_ok());
        for (bits, e) in [
            (1024, "AQAB"),
            (2048, "AQ"),
            (2048, "Ag"),
            (2048, "AQAAAAE"),
        ] {
            assert_eq!(rsa(bits, e).unwrap_err(), KeyRefusal::Weak, "{bits} {e}");
        }
    }
}
