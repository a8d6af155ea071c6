//! Password hashes other systems made: read, bounded and computed (PW-18, PW-19). Nothing is decided
//! here about storing them: `password` wraps what this module reads.
//!
//! Begin with [`ForeignHash::parse`]; [`Scheme::digest`] computes what a typed password would have given.

mod base64_forms;
mod bounds;
mod costliest;
mod django;
mod function;
mod keycloak;
mod ldap;
mod md4;
mod md5_crypt;
mod modular;
mod ory;
mod plain;
mod refusal;
mod scheme;

use std::fmt;

use zeroize::Zeroizing;

pub use costliest::costliest;
pub use function::HashFunction;
pub use keycloak::KeycloakCredential;
pub use plain::{PlainHash, SaltSide, salt_of};
pub use refusal::HashRefusal;
pub use scheme::{Argon2Kind, Bytes, Scheme};

/// A hash another system made: how, and what came out.
pub struct ForeignHash {
    /// How it was made, salt included.
    pub scheme: Scheme,
    /// What came out; never stored as it is (PW-18).
    pub digest: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ForeignHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignHash({})", self.scheme.name())
    }
}

impl ForeignHash {
    /// Reads a hash that names its own scheme: `$2b$…`, `$argon2id$…`, `$pbkdf2-sha256$…`, `$scrypt$…`,
    /// `$1$ $5$ $6$`, LDAP's `{SSHA}…`, Django's `pbkdf2_sha256$…` and the forms of Ory.
    pub fn parse(text: &str) -> Result<Self, HashRefusal> {
        let text = text.trim();
        if text.len() > bounds::LONGEST_TEXT {
            return Err(HashRefusal::Malformed("the hash is too long"));
        }
        let read = match text.bytes().next() {
            None => return Err(HashRefusal::Malformed("the hash is empty")),
            Some(b'{') => ldap::parse(text)?,
            Some(b'$') => modular::parse(text)?,
            Some(_) if text.contains('$') => django::parse(text)?,
            Some(_) => return Err(HashRefusal::Unnamed),
        };
        read.bounded()
    }

    /// Refuses what would cost too much, or proves too little, to check at a sign-in (PW-19).
    pub(super) fn bounded(self) -> Result<Self, HashRefusal> {
        self.scheme.check_bounds()?;
        if self.digest.len() != self.scheme.length() {
            return Err(HashRefusal::Malformed(
                "the digest has the wrong length for its scheme",
            ));
        }
        Ok(self)
    }

    fn new(scheme: Scheme, digest: Vec<u8>) -> Self {
        Self {
            scheme,
            digest: Zeroizing::new(digest),
        }
    }
}

#[cfg(test)]
mod tests;
