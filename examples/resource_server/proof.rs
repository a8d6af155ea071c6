//! Proofs that the caller holds the key a token is bound to (RFC 9449 §4.3, §7.1), each good for one call.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::refusal::Refusal;

/// What proofs may be signed with.
pub(crate) const ALGORITHMS: [(&str, Algorithm); 3] = [
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
    ("PS256", Algorithm::PS256),
];
/// How old a proof may be, in seconds, and how far its maker's clock may be ahead.
const OLD: i64 = 60;
const AHEAD: i64 = 10;
/// A longer proof is not read.
const LONGEST: usize = 8 * 1024;
/// How many proofs are remembered at most. A caller needs a token for each, so nobody can fill this for
/// everyone without a name.
const MOST: usize = 100_000;

/// The call that a proof has to fit.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// As it is configured, never as the request says of itself.
    pub(crate) address: &'a Url,
    pub(crate) token: &'a str,
    /// Thumbprint of the key that the token is bound to.
    pub(crate) key: &'a str,
    pub(crate) now: i64,
}

/// The proofs seen lately. Several instances of an API need one such memory between them, in Redis for
/// instance; this one is for a single process.
pub(crate) struct Proofs {
    since: i64,
    seen: Mutex<HashMap<[u8; 32], i64>>,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Map<String, Value>,
    crit: Option<Value>,
}

#[derive(Clone, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    ath: String,
    iat: i64,
}

impl Proofs {
    /// An empty memory. What was seen before `since` is not in it, so proofs from before do not count.
    pub(crate) fn since(since: i64) -> Self {
        Self {
            since,
            seen: Mutex::default(),
        }
    }

    /// Checks the one `DPoP` header of the request.
    pub(crate) fn check(&self, request: &HttpRequest, call: &Call<'_>) -> Result<(), Refusal> {
        let mut all = request.headers().get_all("dpop");
        let (Some(header), None) = (all.next(), all.next()) else {
            return wrong("one DPoP header is needed");
        };
        let Ok(text) = header.to_str() else {
            return wrong("the proof is not text");
        };
        let claims = signed(text, call)?;
        if claims.htm != call.method || !is_address(&claims.htu, call.address) {
            return wrong("the proof is for another call");
        }
        if claims.ath != hash(call.token.as_bytes()) {
            return wrong("the proof is for another token");
        }
        let oldest = self.since.max(call.now.saturating_sub(OLD));
        if claims.iat < oldest || claims.iat > call.now.saturating_add(AHEAD) {
            return wrong("the proof was not made just now");
        }
        if claims.jti.is_empty() || claims.jti.len() > 256 {
            return wrong("the proof has no usable jti");
        }
        // Last, so that only genuine proofs are remembered.
        self.first_use(&claims, call)
    }

    fn first_use(&self, claims: &Claims, call: &Call<'_>) -> Result<(), Refusal> {
        let id = digest(&SHA256, format!("{}\n{}", call.key, claims.jti).as_bytes());
        let id = <[u8; 32]>::try_from(id.as_ref()).map_err(|_length| Refusal::Unavailable)?;
        let until = claims.iat.saturating_add(OLD);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, until| *until >= call.now);
        }
        if seen.len() >= MOST {
            return Err(Refusal::Unavailable);
        }
        let before = seen.insert(id, until);
        if before.is_some_and(|until| until >= call.now) {
            return wrong("the proof was used before");
        }
        Ok(())
    }
}

/// The claims of a proof that is signed with the key the token is bound to.
fn signed(proof: &str, call: &Call<'_>) -> Result<Claims, Refusal> {
    const MALFORMED: Refusal = Refusal::InvalidProof("the proof is malformed");
    if proof.len() > LONGEST {
        return Err(MALFORMED);
    }
    let header = proof.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).ok();
    let header = header.and_then(|json| serde_json::from_slice::<Header>(&json).ok());
    let header = header.ok_or(MALFORMED)?;
    if header.typ != "dpop+jwt" || header.crit.is_some() {
        return Err(MALFORMED);
    }
    let algorithm = ALGORITHMS.iter().find(|(name, _)| *name == header.alg);
    let Some((_, algorithm)) = algorithm else {
        return wrong("the proof is signed with an algorithm that is not taken here");
    };
    // Members of private keys, and of symmetric ones.
    if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
        .iter()
        .any(|private| header.jwk.contains_key(*private))
    {
        return wrong("the proof shows a private key");
    }
    let key: Jwk = serde_json::from_value(header.jwk.into()).map_err(|_unknown| MALFORMED)?;
    let thumbprint = key.thumbprint(ThumbprintHash::SHA256);
    if thumbprint.ok().as_deref() != Some(call.key) {
        return wrong("the token is bound to another key");
    }
    let key = DecodingKey::from_jwk(&key).map_err(|_unusable| MALFORMED)?;
    let mut rules = Validation::new(*algorithm);
    // A proof has none of these; its own times are checked above.
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let proof = decode::<Claims>(proof, &key, &rules).map_err(|_refused| MALFORMED)?;
    Ok(proof.claims)
}

/// RFC 9449 §4.3, check 9: query and fragment do not count, nor does how host and scheme are written.
fn is_address(htu: &str, address: &Url) -> bool {
    let Ok(mut htu) = Url::parse(htu) else {
        return false;
    };
    htu.set_query(None);
    htu.set_fragment(None);
    htu == *address
}

fn hash(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}

const fn wrong<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Refusal::InvalidProof(why))
}
