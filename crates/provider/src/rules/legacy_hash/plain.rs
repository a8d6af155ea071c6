//! Digests that do not say what made them: the file tells beside them.

use super::{Bytes, ForeignHash, HashFunction, HashRefusal, Scheme, base64_forms};

/// Where a salt stood when the hash was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaltSide {
    /// Salt, then password.
    #[default]
    Before,
    /// Password, then salt.
    After,
}

/// A bare digest with what is told about it.
#[derive(Clone, Copy)]
pub struct PlainHash<'a> {
    /// Hexadecimal or base64.
    pub digest: &'a str,
    /// What made it.
    pub function: HashFunction,
    /// Empty if it is not salted.
    pub salt: &'a [u8],
    /// Where the salt stood.
    pub side: SaltSide,
}

impl std::fmt::Debug for PlainHash<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlainHash({})", self.function.name())
    }
}

impl PlainHash<'_> {
    /// Reads the digest.
    pub fn read(self) -> Result<ForeignHash, HashRefusal> {
        let length = self.function.length();
        let fits = |bytes: &Vec<u8>| bytes.len() == length;
        let text = self.digest.trim();
        let hex = base64_forms::decode_hex(text).filter(fits);
        let digest = hex
            .or_else(|| base64_forms::decode(text).filter(fits))
            .ok_or(HashRefusal::Malformed(
                "the digest has the wrong length for its scheme",
            ))?;
        let salt = Bytes::from(self.salt.to_vec());
        let (before, after) = match self.side {
            SaltSide::Before => (salt, Bytes::default()),
            SaltSide::After => (Bytes::default(), salt),
        };
        let scheme = Scheme::Plain {
            function: self.function,
            before,
            after,
        };
        ForeignHash::new(scheme, digest).bounded()
    }
}

/// Reads a salt that is written as hexadecimal digits or as base64.
pub fn salt_of(text: &str, encoding: &str) -> Option<Vec<u8>> {
    match encoding {
        "" | "text" => Some(text.as_bytes().to_vec()),
        "hex" => base64_forms::decode_hex(text),
        "base64" => base64_forms::decode(text),
        _ => None,
    }
}
