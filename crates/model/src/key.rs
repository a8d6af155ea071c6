use serde::{Deserialize, Serialize};

use crate::{KeyId, Sealed, Timestamp};

/// Algorithms we sign with (RFC 7518 §3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, the default of ID tokens.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256, the default of access tokens.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl SigningAlgorithm {
    /// The `alg` value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of an `alg` value, if we sign with it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::RS256, Self::PS256, Self::ES256, Self::EdDSA]
            .into_iter()
            .find(|a| a.name() == name)
    }
}

/// A signing key as it is stored (KEY-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// The key's thumbprint (KEY-06).
    pub kid: KeyId,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The private key (PKCS #8), sealed.
    pub private: Sealed,
    /// The public key as a JWK, with `kid`, `alg` and `use`.
    pub public_jwk: String,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// From when it signs.
    pub active_from: Timestamp,
    /// From when it no longer signs, once a successor is set.
    pub retired_at: Option<Timestamp>,
    /// From when it is no longer published.
    pub gone_at: Option<Timestamp>,
}
