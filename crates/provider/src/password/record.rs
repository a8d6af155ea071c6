use std::fmt;

use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::rules::legacy_hash::{Argon2Kind, ForeignHash, Scheme};
use crate::rules::password_policy::normalised;

/// What an Argon2id hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB; at least 19,456 (PW-13).
    pub memory_kib: u32,
    /// Passes over the memory; at least 2.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Cost {
    /// The floor and default: 19 MiB, 2 passes, 1 lane.
    pub const FLOOR: Self = Self {
        memory_kib: 19_456,
        iterations: 2,
        parallelism: 1,
    };
    /// The most an imported record may ask for (PW-19).
    pub(super) const CEILING: Self = Self {
        memory_kib: 262_144,
        iterations: 10,
        parallelism: 4,
    };

    pub(super) fn argon2(self) -> Option<Argon2<'static>> {
        let params =
            Params::new(self.memory_kib, self.iterations, self.parallelism, Some(32)).ok()?;
        Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    /// 1 KiB blocks of memory one hash needs.
    pub(super) fn blocks(self) -> usize {
        self.argon2()
            .map_or(0, |argon2| argon2.params().block_count())
    }

    /// Memory one hash needs, in KiB.
    pub(super) fn kib(self) -> u64 {
        u64::from(self.memory_kib)
    }

    /// Whether guessing at it costs less than at `other` (PW-17).
    pub fn is_weaker_than(self, other: Self) -> bool {
        self.work() < other.work()
    }

    fn work(self) -> u64 {
        u64::from(self.memory_kib).saturating_mul(u64::from(self.iterations))
    }

    /// Whether nothing is cheaper about it than about `floor`.
    const fn reaches(self, floor: Self) -> bool {
        self.memory_kib >= floor.memory_kib
            && self.iterations >= floor.iterations
            && self.parallelism >= floor.parallelism
    }

    const fn is_payable(self) -> bool {
        self.memory_kib <= Self::CEILING.memory_kib
            && self.iterations <= Self::CEILING.iterations
            && self.parallelism <= Self::CEILING.parallelism
    }
}

/// A password record in PHC string form, opened.
pub(super) struct Phc {
    pub(super) cost: Cost,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl Phc {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hash = PasswordHash::new(text).ok()?;
        if hash.algorithm.as_str() != "argon2id" || hash.version != Some(0x13) {
            return None;
        }
        let params = Params::try_from(&hash).ok()?;
        let cost = Cost {
            memory_kib: params.m_cost(),
            iterations: params.t_cost(),
            parallelism: params.p_cost(),
        };
        cost.is_payable().then_some(())?;
        Some(Self {
            cost,
            salt: hash.salt?.to_vec(),
            output: hash.hash?.as_bytes().to_vec(),
        })
    }
}

impl fmt::Display for Phc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let argon2 = self.cost.argon2().ok_or(fmt::Error)?;
        let hash = PasswordHash {
            algorithm: Ident::new("argon2id").map_err(|_invalid| fmt::Error)?,
            version: Some(0x13),
            params: ParamsString::try_from(argon2.params()).map_err(|_invalid| fmt::Error)?,
            salt: Some(Salt::new(&self.salt).map_err(|_invalid| fmt::Error)?),
            hash: Some(Output::new(&self.output).map_err(|_invalid| fmt::Error)?),
        };
        hash.fmt(f)
    }
}

/// Fewest bytes of a salt that is kept (PW-14).
const LEAST_SALT: usize = 16;

/// What lies sealed: a hash, and over what it was made.
pub(super) struct Record {
    pub(super) phc: Phc,
    pub(super) made: Made,
}

/// Over what a hash was made (PW-05, PW-18).
pub(super) enum Made {
    /// The password in NFC.
    Here,
    /// The password as typed, by another system.
    Elsewhere,
    /// The digest another system made of the password as typed.
    Over(Box<Scheme>),
}

impl Record {
    /// A hash of another system that needs no wrapping: Argon2id at the floor or dearer, with a salt like ours.
    pub(super) fn as_good_as_ours(foreign: &ForeignHash) -> Option<Self> {
        let Scheme::Argon2 {
            kind: Argon2Kind::Id,
            version: 0x13,
            memory_kib,
            passes,
            lanes,
            salt,
            ..
        } = &foreign.scheme
        else {
            return None;
        };
        let cost = Cost {
            memory_kib: *memory_kib,
            iterations: *passes,
            parallelism: *lanes,
        };
        let phc = Phc {
            cost,
            salt: salt.to_vec(),
            output: foreign.digest.to_vec(),
        };
        // Written and read back, so that nothing is stored that a sign-in could not read.
        let readable = cost.reaches(Cost::FLOOR)
            && phc.output.len() == 32
            && phc.salt.len() >= LEAST_SALT
            && Phc::parse(&written(&phc)?).is_some();
        let made = Made::Elsewhere;
        readable.then_some(Self { phc, made })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (phc, made) = match text.split_once(' ') {
            None => (text, Made::Here),
            Some((phc, "raw")) => (phc, Made::Elsewhere),
            Some((phc, json)) => {
                let scheme: Scheme = serde_json::from_str(json).ok()?;
                scheme.check_bounds().ok()?;
                (phc, Made::Over(Box::new(scheme)))
            }
        };
        let phc = Phc::parse(phc)?;
        Some(Self { phc, made })
    }

    /// A record from another server of ours: not below the floor, and of our length.
    pub(super) fn parse_moved(text: &str) -> Option<Self> {
        let record = Self::parse(text)?;
        let sound = record.phc.cost.reaches(Cost::FLOOR) && record.phc.output.len() == 32;
        sound.then_some(record)
    }

    /// What of a typed password is tried. A password that is not in NFC is tried twice on every record,
    /// or the time would tell which records came from elsewhere (PW-20).
    pub(super) fn forms(&self, typed: &str) -> Vec<Zeroizing<Vec<u8>>> {
        let ours = Zeroizing::new(normalised(typed).into_bytes());
        if *ours == typed.as_bytes() {
            return vec![ours];
        }
        let first = match self.made {
            Made::Here => ours.clone(),
            Made::Elsewhere | Made::Over(_) => Zeroizing::new(typed.as_bytes().to_vec()),
        };
        vec![first, ours]
    }

    /// Whether the hash turned out, when it matched, to be one of the password in NFC: also if another system made
    /// it, of a password with one form. Nothing has to be hashed for a record of our own.
    pub(super) fn is_over_ours(&self, forms: u32) -> bool {
        match self.made {
            Made::Here => true,
            Made::Elsewhere => forms == 1,
            Made::Over(_) => false,
        }
    }

    /// Records that take equally long have the same.
    pub(super) fn kind(&self) -> String {
        let scheme = match &self.made {
            Made::Here | Made::Elsewhere => String::new(),
            Made::Over(scheme) => scheme
                .template()
                .unwrap_or_else(|| scheme.name().to_owned()),
        };
        format!("{:?} {scheme}", self.phc.cost)
    }

    /// Whether what was typed could be right without being all of the password: bcrypt looks at 72 bytes only.
    /// Hashed anew in full, a slip of the finger behind them would become the password.
    pub(super) fn may_be_cut(&self, forms: &[Zeroizing<Vec<u8>>]) -> bool {
        let Made::Over(scheme) = &self.made else {
            return false;
        };
        let long = |form: &Zeroizing<Vec<u8>>| form.len() >= Scheme::BCRYPT_LOOKS_AT;
        matches!(**scheme, Scheme::Bcrypt { over: None, .. }) && forms.iter().any(long)
    }

    pub(super) fn scheme(&self) -> Option<Scheme> {
        match &self.made {
            Made::Here | Made::Elsewhere => None,
            Made::Over(scheme) => Some(Scheme::clone(scheme)),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.phc)?;
        match &self.made {
            Made::Here => Ok(()),
            Made::Elsewhere => f.write_str(" raw"),
            Made::Over(scheme) => {
                let json = serde_json::to_string(scheme).map_err(|_unwritable| fmt::Error)?;
                write!(f, " {json}")
            }
        }
    }
}

/// `to_string` would panic on a salt that no PHC string can hold.
fn written(phc: &Phc) -> Option<String> {
    use fmt::Write as _;
    let mut text = String::new();
    write!(text, "{phc}").ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back() {
        let phc = Phc {
            cost: Cost::FLOOR,
            salt: vec![7; 16],
            output: vec![9; 32],
        };
        let text = phc.to_string();
        assert!(
            text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{text}"
        );
        let back = Phc::parse(&text).unwrap();
        assert_eq!(
            (back.cost, back.salt, back.output),
            (phc.cost, phc.salt, phc.output)
        );
    }

    #[test]
    fn pw_19_a_record_that_would_eat_the_memory_is_not_read() {
        let dear = Cost {
            memory_kib: 1_000_000,
            ..Cost::FLOOR
        };
        let text = Phc {
            cost: dear,
            salt: vec![7; 16],
            output: vec![9; 32],
        }
        .to_string();
        assert!(Phc::parse(&text).is_none());
        assert!(Phc::parse("$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA").is_none());
    }
}
