use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// 32 bytes that stand for a secret or a text: SHA-256 or HMAC-SHA-256. Equality takes constant time.
#[derive(Clone, Copy, Eq, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// SHA-256 over the concatenation of `parts`.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        Self::from_slice(context.finish().as_ref()).unwrap_or(Self([0; 32]))
    }

    /// SHA-256 of everything `reader` gives, in constant memory.
    pub fn of_reader(reader: &mut impl std::io::Read) -> std::io::Result<Self> {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => context.update(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self::from_slice(context.finish().as_ref()).unwrap_or(Self([0; 32])))
    }

    /// HMAC-SHA-256 under `key`; each part is preceded by its length, so parts cannot run together.
    pub fn keyed(key: &[u8], parts: &[&[u8]]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        Self::from_slice(context.sign().as_ref()).unwrap_or(Self([0; 32]))
    }

    /// Plain HMAC-SHA-256 of a message (RFC 2104), for what others verify.
    pub fn hmac(key: &[u8], message: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Self::from_slice(hmac::sign(&key, message).as_ref()).unwrap_or(Self([0; 32]))
    }

    /// A digest read back from storage; `None` unless it has exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Unpadded base64url, 43 characters.
    pub fn to_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest that `text` (43 base64url characters) spells, if it does.
    pub fn from_base64url(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| Self::from_slice(&bytes))
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for Digest {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha_256_of_abc_is_the_published_one() {
        assert_eq!(
            Digest::of(b"abc").to_base64url(),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
    }

    /// RFC 4231 §4.3.
    #[test]
    fn hmac_is_what_others_reckon() {
        let mac = Digest::hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            mac.as_bytes()[..8],
            [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]
        );
    }

    #[test]
    fn keyed_parts_do_not_run_together() {
        assert_ne!(
            Digest::keyed(b"k", &[b"ab", b"c"]),
            Digest::keyed(b"k", &[b"a", b"bc"])
        );
    }
}
