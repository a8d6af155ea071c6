use std::fmt;
use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{HashFunction, base64_forms, md5_crypt};

/// Bytes of a scheme, base64 when written; never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bytes(Vec<u8>);

/// Which Argon2 (RFC 9106 §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Argon2Kind {
    /// Argon2d.
    D,
    /// Argon2i.
    I,
    /// Argon2id.
    Id,
}

/// How a foreign hash was made, with everything but the password. Names are stored: add, never rename.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scheme {
    /// bcrypt. As everywhere, it looks at the first 72 bytes only.
    Bcrypt {
        /// Base-2 logarithm of the rounds.
        cost: u32,
        /// 16 bytes.
        salt: Bytes,
        /// Django hashes the password first and gives bcrypt the hexadecimal digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<HashFunction>,
    },
    /// Argon2 (RFC 9106).
    Argon2 {
        /// Which one.
        kind: Argon2Kind,
        /// 0x10 or 0x13.
        version: u32,
        /// Memory.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
        /// At least 8 bytes.
        salt: Bytes,
        /// Bytes it gives.
        length: usize,
    },
    /// scrypt (RFC 7914).
    Scrypt {
        /// Base-2 logarithm of the cost.
        log_n: u8,
        /// Block size.
        r: u32,
        /// Parallelisation.
        p: u32,
        /// Any length.
        salt: Bytes,
        /// Bytes it gives.
        length: usize,
    },
    /// Firebase: the signer key of the project, encrypted under scrypt of the password.
    FirebaseScrypt {
        /// `mem_cost` of the project.
        log_n: u8,
        /// `rounds` of the project.
        r: u32,
        /// Of the user, with the project's separator after it.
        salt: Bytes,
        /// Of the project.
        signer_key: Bytes,
    },
    /// PBKDF2 (RFC 8018 §5.2); only its first block is compared.
    Pbkdf2 {
        /// Of the HMAC.
        function: HashFunction,
        /// How often.
        iterations: u32,
        /// Any length.
        salt: Bytes,
        /// Bytes compared.
        length: usize,
    },
    /// A plain hash of `before`, the password and `after`.
    Plain {
        /// Which.
        function: HashFunction,
        /// What stands before the password.
        #[serde(default, skip_serializing_if = "Bytes::is_empty")]
        before: Bytes,
        /// What stands after it.
        #[serde(default, skip_serializing_if = "Bytes::is_empty")]
        after: Bytes,
    },
    /// HMAC of the password under a key that lies beside it.
    Hmac {
        /// Of which function.
        function: HashFunction,
        /// The key.
        key: Bytes,
    },
    /// `$1$` of crypt(3).
    Md5Crypt {
        /// At most 8 bytes.
        salt: Bytes,
    },
    /// `$5$` and `$6$` of crypt(3).
    ShaCrypt {
        /// SHA-256 or SHA-512.
        function: HashFunction,
        /// How often.
        rounds: u32,
        /// At most 16 bytes.
        salt: Bytes,
    },
}

impl Scheme {
    /// Bytes of a password that bcrypt looks at.
    pub(crate) const BCRYPT_LOOKS_AT: usize = 72;

    /// Memory it needs, in KiB; next to nothing for most.
    pub(crate) fn memory_kib(&self) -> u64 {
        match self {
            Self::Argon2 { memory_kib, .. } => u64::from(*memory_kib),
            Self::Scrypt { log_n, r, .. } | Self::FirebaseScrypt { log_n, r, .. } => {
                scrypt_kib(*log_n, *r)
            }
            Self::Bcrypt { .. }
            | Self::Pbkdf2 { .. }
            | Self::Plain { .. }
            | Self::Hmac { .. }
            | Self::Md5Crypt { .. }
            | Self::ShaCrypt { .. } => 0,
        }
    }

    /// What it is called in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bcrypt { .. } => "bcrypt",
            Self::Argon2 { .. } => "argon2",
            Self::Scrypt { .. } => "scrypt",
            Self::FirebaseScrypt { .. } => "firebase_scrypt",
            Self::Pbkdf2 { .. } => "pbkdf2",
            Self::Plain { function, .. } => function.name(),
            Self::Hmac { .. } => "hmac",
            Self::Md5Crypt { .. } => "md5_crypt",
            Self::ShaCrypt { .. } => "sha_crypt",
        }
    }

    /// Bytes of its digest.
    pub fn length(&self) -> usize {
        match self {
            Self::Bcrypt { .. } => 23,
            Self::Argon2 { length, .. }
            | Self::Scrypt { length, .. }
            | Self::Pbkdf2 { length, .. } => *length,
            Self::FirebaseScrypt { signer_key, .. } => signer_key.len(),
            Self::Plain { function, .. }
            | Self::Hmac { function, .. }
            | Self::ShaCrypt { function, .. } => function.length(),
            Self::Md5Crypt { .. } => 16,
        }
    }

    /// The scheme without its salts, as text, if it takes a time worth levelling (PW-20).
    pub fn template(&self) -> Option<String> {
        let mut bare = self.clone();
        match &mut bare {
            Self::Plain { .. } | Self::Hmac { .. } => return None,
            Self::FirebaseScrypt {
                salt, signer_key, ..
            } => {
                *salt = Bytes(vec![0; 16]);
                *signer_key = Bytes(vec![0; 64]);
            }
            Self::Bcrypt { salt, .. }
            | Self::Argon2 { salt, .. }
            | Self::Scrypt { salt, .. }
            | Self::Pbkdf2 { salt, .. } => *salt = Bytes(vec![0; 16]),
            Self::Md5Crypt { salt } | Self::ShaCrypt { salt, .. } => *salt = Bytes(vec![b'.'; 8]),
        }
        serde_json::to_string(&bare).ok()
    }

    pub(super) fn salt_length(&self) -> usize {
        match self {
            Self::Bcrypt { salt, .. }
            | Self::Argon2 { salt, .. }
            | Self::Scrypt { salt, .. }
            | Self::FirebaseScrypt { salt, .. }
            | Self::Pbkdf2 { salt, .. }
            | Self::Md5Crypt { salt }
            | Self::ShaCrypt { salt, .. } => salt.len(),
            Self::Plain { before, after, .. } => before.len() + after.len(),
            Self::Hmac { key, .. } => key.len(),
        }
    }

    /// What `password` gives; `None` if the scheme cannot be computed. A password with a NUL in it, which
    /// the C functions would have cut there, gives something no digest is equal to (PW-07).
    pub fn digest(&self, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = match self {
            Self::Bcrypt { cost, salt, over } => bcrypted(*cost, salt, *over, password)?,
            Self::Argon2 { .. } => self.argon2ed(password)?,
            Self::Scrypt {
                log_n,
                r,
                p,
                salt,
                length,
            } => scrypted((*log_n, *r, *p), salt, password, *length)?,
            Self::FirebaseScrypt {
                log_n,
                r,
                salt,
                signer_key,
            } => {
                let key = scrypted((*log_n, *r, 1), salt, password, 32)?;
                encrypted(&key, signer_key)?
            }
            Self::Pbkdf2 {
                function,
                iterations,
                salt,
                length,
            } => {
                let mut out = vec![0; *length];
                let iterations = NonZeroU32::new(*iterations)?;
                pbkdf2::derive(function.pbkdf2()?, iterations, salt, password, &mut out);
                out
            }
            Self::Plain {
                function,
                before,
                after,
            } => function.of(&[before, password, after]),
            Self::Hmac { function, key } => function.hmac(key, password),
            Self::Md5Crypt { salt } => md5_crypt::digest(password, salt).to_vec(),
            Self::ShaCrypt {
                function,
                rounds,
                salt,
            } => sha_crypted(*function, *rounds, salt, password)?,
        };
        if self.stops_at_nul() && password.contains(&0) {
            out.push(0);
        }
        Some(Zeroizing::new(out))
    }

    const fn stops_at_nul(&self) -> bool {
        matches!(
            self,
            Self::Bcrypt { .. } | Self::Md5Crypt { .. } | Self::ShaCrypt { .. }
        )
    }

    fn argon2ed(&self, password: &[u8]) -> Option<Vec<u8>> {
        let Self::Argon2 {
            kind,
            version,
            memory_kib,
            passes,
            lanes,
            salt,
            length,
        } = self
        else {
            return None;
        };
        let algorithm = match kind {
            Argon2Kind::D => Algorithm::Argon2d,
            Argon2Kind::I => Algorithm::Argon2i,
            Argon2Kind::Id => Algorithm::Argon2id,
        };
        let version = match version {
            0x10 => Version::V0x10,
            0x13 => Version::V0x13,
            _ => return None,
        };
        let params = Params::new(*memory_kib, *passes, *lanes, Some(*length)).ok()?;
        let mut out = vec![0; *length];
        Argon2::new(algorithm, version, params)
            .hash_password_into(password, salt, &mut out)
            .ok()?;
        Some(out)
    }
}

/// The C string with its NUL, cut at 72 bytes: what every bcrypt makes of a password.
fn bcrypted(
    cost: u32,
    salt: &Bytes,
    over: Option<HashFunction>,
    password: &[u8],
) -> Option<Vec<u8>> {
    let salt: [u8; 16] = salt.as_ref().try_into().ok()?;
    let mut key = Zeroizing::new(match over {
        None => password.to_vec(),
        Some(function) => hex(&function.of(&[password])),
    });
    key.push(0);
    key.truncate(Scheme::BCRYPT_LOOKS_AT);
    (4..=31).contains(&cost).then_some(())?;
    let out = bcrypt::bcrypt(cost, salt, &key);
    out.get(..23).map(<[u8]>::to_vec)
}

/// RFC 7914 §2: `128 r N` bytes; a few blocks for `p` do not count.
fn scrypt_kib(log_n: u8, r: u32) -> u64 {
    u64::from(r)
        .checked_shl(u32::from(log_n))
        .map_or(u64::MAX, |blocks| blocks / 8)
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|byte| format!("{byte:02x}").into_bytes())
        .collect()
}

fn scrypted(
    (log_n, r, p): (u8, u32, u32),
    salt: &[u8],
    password: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    let params = scrypt::Params::new(log_n, r, p).ok()?;
    let mut out = vec![0; length];
    scrypt::scrypt(password, salt, &params, &mut out).ok()?;
    Some(out)
}

fn sha_crypted(
    function: HashFunction,
    rounds: u32,
    salt: &Bytes,
    password: &[u8],
) -> Option<Vec<u8>> {
    let params = sha_crypt::Params::new(rounds).ok()?;
    match function {
        HashFunction::Sha256 => Some(sha_crypt::sha256_crypt(password, salt, params).to_vec()),
        HashFunction::Sha512 => Some(sha_crypt::sha512_crypt(password, salt, params).to_vec()),
        HashFunction::Md4
        | HashFunction::Md5
        | HashFunction::Sha1
        | HashFunction::Sha224
        | HashFunction::Sha384 => None,
    }
}

/// AES-256 in counter mode from zero.
fn encrypted(key: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, key).ok()?).ok()?;
    let mut out = plain.to_vec();
    let start = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    key.less_safe_encrypt(&mut out, start).ok()?;
    Some(out)
}

impl Bytes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        base64_forms::decode(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not base64"))
    }
}
