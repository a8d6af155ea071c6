use std::sync::Arc;

use jsonwebtoken::{Validation, decode, decode_header};
use moka::sync::Cache;
use sekisho_model::{Digest, KeyId, SigningAlgorithm, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::signing_keys::{KeySet, jws};
use crate::rules::claims::AccessTokenClaims;
use crate::rules::key_rotation::WANTED;

/// A JWT that is not one of ours for this use, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JwtRefusal;

/// Verifies our own JWT access tokens (RFC 9068 §4). Signatures are remembered by the token's digest:
/// looking a token up is dearer than nothing, but sixty times cheaper than verifying it again.
#[derive(Debug)]
pub struct AccessTokenVerifier {
    issuer: String,
    verified: Cache<Digest, Verified>,
}

/// What was verified, and with which key: it counts only while that key does (KEY-04).
#[derive(Debug, Clone)]
struct Verified {
    kid: KeyId,
    claims: Arc<AccessTokenClaims>,
}

impl AccessTokenVerifier {
    /// A verifier for tokens of `issuer` that remembers at most `capacity` of them.
    pub fn new(issuer: &str, capacity: u64) -> Self {
        Self {
            issuer: issuer.to_owned(),
            verified: Cache::new(capacity),
        }
    }

    /// The claims of `token`, if it is one of ours and has not expired. Revocation is another question.
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        now: Timestamp,
    ) -> Result<Arc<AccessTokenClaims>, JwtRefusal> {
        let digest = Digest::of(token.as_bytes());
        let remembered = self.verified.get(&digest);
        let claims = if let Some(known) =
            remembered.filter(|known| keys.by_kid(known.kid.as_str()).is_some())
        {
            known.claims
        } else {
            let rules = Rules {
                typ: "at+jwt",
                algorithms: &[SigningAlgorithm::ES256],
                issuer: &self.issuer,
            };
            let (kid, claims) = rules.verified::<AccessTokenClaims>(token, keys)?;
            let claims = Arc::new(claims);
            let verified = Verified {
                kid,
                claims: Arc::clone(&claims),
            };
            self.verified.insert(digest, verified);
            claims
        };
        if now.seconds() < claims.exp {
            Ok(claims)
        } else {
            Err(JwtRefusal)
        }
    }

    /// Forgets what it verified, after a key was withdrawn.
    pub fn forget(&self) {
        self.verified.invalidate_all();
    }
}

/// What is taken from an `id_token_hint`.
#[derive(Debug, Clone, Deserialize)]
pub struct HintClaims {
    /// Whose.
    pub sub: String,
    /// For which client.
    pub aud: Vec<String>,
    /// From which session.
    pub sid: String,
}

/// Verifies an ID token that comes back as a hint (RP-Initiated Logout §2): genuine, ours; it may have
/// expired (AZ-13).
pub fn verify_id_token_hint(
    token: &str,
    issuer: &str,
    keys: &KeySet,
) -> Result<HintClaims, JwtRefusal> {
    let rules = Rules {
        typ: "JWT",
        algorithms: &WANTED,
        issuer,
    };
    rules.verified(token, keys).map(|(_, claims)| claims)
}

/// Whether the signature of a JWT belongs to one of our published keys; nothing else is checked.
pub fn verify_any_of_ours(token: &str, keys: &KeySet) -> bool {
    let Ok(header) = decode_header(token) else {
        return false;
    };
    let Some(key) = header.kid.as_deref().and_then(|kid| keys.by_kid(kid)) else {
        return false;
    };
    let mut validation = Validation::new(jws(key.algorithm));
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    decode::<serde_json::Value>(token, &key.decoding, &validation).is_ok()
}

struct Rules<'a> {
    typ: &'a str,
    algorithms: &'a [SigningAlgorithm],
    issuer: &'a str,
}

impl Rules<'_> {
    fn verified<T: DeserializeOwned + Clone>(
        &self,
        token: &str,
        keys: &KeySet,
    ) -> Result<(KeyId, T), JwtRefusal> {
        if token.len() > 8192 {
            return Err(JwtRefusal);
        }
        let header = decode_header(token).map_err(|_unreadable| JwtRefusal)?;
        // JW-04: kid only selects among our own keys. JW-05: nothing critical is understood.
        let key = header
            .kid
            .as_deref()
            .and_then(|kid| keys.by_kid(kid))
            .ok_or(JwtRefusal)?;
        let expected = self.algorithms.contains(&key.algorithm) && header.alg == jws(key.algorithm);
        if !expected || header.crit.is_some() || header.typ.as_deref() != Some(self.typ) {
            return Err(JwtRefusal);
        }
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is checked against our own clock, the audience by the endpoint that is asked.
        validation.validate_exp = false;
        validation.validate_aud = false;
        decode::<T>(token, &key.decoding, &validation)
            .map(|data| (key.kid.clone(), data.claims))
            .map_err(|_refused| JwtRefusal)
    }
}
