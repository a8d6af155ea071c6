//! A seal under what stood when an incident was found, before anything is cleaned up (INC-11).

use sekisho_model::{Digest, SigningAlgorithm, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::jwt::compact::Compact;
use crate::jwt::public_key::PublicKey;
use crate::{Failure, Provider};

/// Says what the JWT is, so that it passes for nothing else.
const TYP: &str = "evidence+jwt";
const ALGORITHM: SigningAlgorithm = SigningAlgorithm::ES256;

#[derive(Serialize)]
struct Seal<'a> {
    iss: &'a str,
    iat: i64,
    sha256: &'a str,
}

/// What a seal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    /// Who made the file.
    pub issuer: String,
    /// When.
    pub at: Timestamp,
    /// Which key signed it.
    pub kid: String,
}

impl Provider {
    /// A JWT that says that this server made the file now. It can be checked with the published keys.
    pub fn seal_evidence(&self, file: &[u8]) -> Result<String, Failure> {
        let now = self.now();
        let seal = Seal {
            iss: &self.settings.issuer,
            iat: now.seconds(),
            sha256: &Digest::of(file).to_base64url(),
        };
        self.keys.current().sign(ALGORITHM, TYP, &seal, now)
    }

    /// The published keys, as they stand in the file.
    pub fn published_keys(&self) -> Value {
        serde_json::from_slice(self.keys.current().jwks()).unwrap_or_default()
    }
}

/// What the seal says, if it is one of this very file, made with one of these keys.
pub fn sealing(seal: &str, file: &[u8], jwks: &Value) -> Option<Sealing> {
    let seal = Compact::read(seal.trim()).ok()?;
    let is_seal = seal.header_text("typ") == Some(TYP);
    let of_file = seal.text("sha256") == Some(&*Digest::of(file).to_base64url());
    let kid = seal.header_text("kid")?.to_owned();
    let keys = jwks.get("keys")?.as_array()?;
    let named = |jwk: &&Value| jwk.get("kid").and_then(Value::as_str) == Some(&*kid);
    let key = PublicKey::read(keys.iter().find(named)?).ok()?;
    if !is_seal || !of_file || !seal.is_signed_by(&key, &[ALGORITHM]) {
        return None;
    }
    Some(Sealing {
        issuer: seal.text("iss")?.to_owned(),
        at: Timestamp::from_seconds(seal.claims.get("iat")?.as_i64()?),
        kid,
    })
}
