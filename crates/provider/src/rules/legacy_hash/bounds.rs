//! PW-19: what an imported hash may ask of the server at every sign-in.

use super::{HashFunction, HashRefusal, Scheme};

/// Longest text of a hash that is looked at.
pub(super) const LONGEST_TEXT: usize = 4096;
const MEMORY_KIB: u32 = 262_144;
const PASSES: u32 = 10;
const LANES: u32 = 4;
const BCRYPT_COST: u32 = 14;
const PBKDF2_ITERATIONS: u32 = 2_000_000;
const CRYPT_ROUNDS: u32 = 1_000_000;
const SALT: usize = 1024;
/// Below this a wrong password would pass by chance.
const SHORTEST_DIGEST: usize = 16;
const LONGEST_DIGEST: usize = 64;

impl Scheme {
    /// Refuses a scheme whose parameters are outside what is accepted.
    pub fn check_bounds(&self) -> Result<(), HashRefusal> {
        at_most("the salt, in bytes,", self.salt_length(), SALT)?;
        if !self.is_computable() {
            return Err(HashRefusal::Malformed(
                "the parameters of the scheme do not fit it",
            ));
        }
        match self {
            Self::Bcrypt { cost, .. } => {
                at_least("the bcrypt cost", *cost, 4)?;
                at_most("the bcrypt cost", *cost, BCRYPT_COST)
            }
            Self::Argon2 {
                memory_kib,
                passes,
                lanes,
                length,
                salt,
                ..
            } => {
                at_most("the Argon2 memory, in KiB,", *memory_kib, MEMORY_KIB)?;
                at_most("the Argon2 passes", *passes, PASSES)?;
                at_most("the Argon2 lanes", *lanes, LANES)?;
                at_least("the Argon2 lanes", *lanes, 1)?;
                at_least("the Argon2 passes", *passes, 1)?;
                at_least("the Argon2 memory, in KiB,", *memory_kib, lanes * 8)?;
                at_least("the Argon2 salt, in bytes,", salt.len(), 8)?;
                digest_length(*length)
            }
            Self::Scrypt {
                log_n,
                r,
                p,
                length,
                ..
            } => {
                scrypt(*log_n, *r, *p)?;
                digest_length(*length)
            }
            Self::FirebaseScrypt {
                log_n,
                r,
                signer_key,
                ..
            } => {
                scrypt(*log_n, *r, 1)?;
                digest_length(signer_key.len())
            }
            Self::Pbkdf2 {
                iterations, length, ..
            } => {
                at_least("the PBKDF2 iterations", *iterations, 1)?;
                at_most("the PBKDF2 iterations", *iterations, PBKDF2_ITERATIONS)?;
                digest_length(*length)
            }
            Self::ShaCrypt { rounds, .. } => {
                at_least("the rounds of crypt(3)", *rounds, 1000)?;
                at_most("the rounds of crypt(3)", *rounds, CRYPT_ROUNDS)
            }
            Self::Plain { .. } | Self::Hmac { .. } | Self::Md5Crypt { .. } => Ok(()),
        }
    }
}

impl Scheme {
    /// Whether a digest can come out at all; what was exported and altered need not have been parsed.
    fn is_computable(&self) -> bool {
        match self {
            Self::Bcrypt { salt, .. } => salt.len() == 16,
            Self::Pbkdf2 { function, .. } => function.pbkdf2().is_some(),
            Self::Md5Crypt { salt } => salt.len() <= 8,
            Self::ShaCrypt { function, salt, .. } => {
                matches!(function, HashFunction::Sha256 | HashFunction::Sha512) && salt.len() <= 16
            }
            Self::Argon2 { version, .. } => matches!(version, 0x10 | 0x13),
            Self::Scrypt { .. }
            | Self::FirebaseScrypt { .. }
            | Self::Plain { .. }
            | Self::Hmac { .. } => true,
        }
    }
}

fn scrypt(log_n: u8, r: u32, p: u32) -> Result<(), HashRefusal> {
    at_least("the scrypt ln", log_n, 1)?;
    at_least("the scrypt r", r, 1)?;
    at_least("the scrypt p", p, 1)?;
    at_most("the scrypt r", r, 32)?;
    at_most("the scrypt p", p, LANES)?;
    at_most("the scrypt ln", log_n, 21)?;
    let kib = (u64::from(r) << log_n) / 8;
    at_most("the scrypt memory, in KiB,", kib, u64::from(MEMORY_KIB))
}

fn digest_length(length: usize) -> Result<(), HashRefusal> {
    at_least("the digest, in bytes,", length, SHORTEST_DIGEST)?;
    at_most("the digest, in bytes,", length, LONGEST_DIGEST)
}

fn at_most<N: TryInto<u64>>(what: &'static str, value: N, max: N) -> Result<(), HashRefusal> {
    let (value, max) = (wide(value), wide(max));
    if value > max {
        return Err(HashRefusal::TooCostly { what, max });
    }
    Ok(())
}

fn at_least<N: TryInto<u64>>(what: &'static str, value: N, min: N) -> Result<(), HashRefusal> {
    let (value, min) = (wide(value), wide(min));
    if value < min {
        return Err(HashRefusal::TooLittle { what, min });
    }
    Ok(())
}

fn wide<N: TryInto<u64>>(number: N) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}
