//! Signing and verifying JWTs. One verifier per use, with fixed algorithm, type, key source, issuer
//! and audience (JW-01).

mod access_token;
pub(crate) mod client_keys;
pub(crate) mod compact;
mod kept_jwks;
mod kept_keys;
mod key_changes;
mod new_key;
pub(crate) mod public_key;
mod signing_keys;
pub mod strict_json;

pub use access_token::{AccessTokenVerifier, JwtRefusal, verify_any_of_ours, verify_id_token_hint};
pub use client_keys::check_jwks;
pub use key_changes::Withdrawn;
pub use new_key::{key_of, new_pair};
pub use public_key::KeyRefusal;
pub use signing_keys::{KeySet, SigningKeys};
