use std::fmt;

use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};

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

    /// Whether guessing at it costs less than at `other` (PW-17).
    pub fn is_weaker_than(self, other: Self) -> bool {
        self.work() < other.work()
    }

    fn work(self) -> u64 {
        u64::from(self.memory_kib).saturating_mul(u64::from(self.iterations))
    }

    /// What is to be added to the work of a weaker cost so that it takes as long as this one (PW-20).
    pub(super) fn rest_of(self, weaker: Self) -> Option<Self> {
        let rest = self.work().saturating_sub(weaker.work());
        let passes = rest.checked_div(u64::from(self.memory_kib))?;
        let iterations = u32::try_from(passes).ok().filter(|passes| *passes > 0)?;
        Some(Self { iterations, ..self })
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
    fn pw_20_a_weaker_cost_and_its_rest_are_as_much_work_as_the_present_one() {
        let cost = |memory_kib, iterations| Cost {
            memory_kib,
            iterations,
            parallelism: 1,
        };
        let present = cost(38_912, 6);
        let rest = present.rest_of(Cost::FLOOR).unwrap();
        assert_eq!(rest.work() + Cost::FLOOR.work(), present.work());
        assert_eq!(present.rest_of(present), None);
        assert_eq!(Cost::FLOOR.rest_of(present), None);
        assert!(Cost::FLOOR.is_weaker_than(present) && !present.is_weaker_than(Cost::FLOOR));
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
