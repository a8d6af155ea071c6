use std::fmt;
use std::sync::Mutex;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::Digest;

/// Where randomness comes from. Production asks the operating system; tests replay a seed.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `out` with random bytes.
    fn fill(&self, out: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A whole number below `bound`, every value equally likely (OTP-01: rejection, no modulo bias).
    pub fn below(&self, bound: u64) -> u64 {
        let zone = u64::MAX - u64::MAX % bound.max(1);
        loop {
            let draw = u64::from_le_bytes(self.bytes());
            if draw < zone {
                return draw % bound.max(1);
            }
        }
    }
}

/// The system's cryptographic generator (AWS-LC, seeded by the operating system).
#[derive(Debug, Default)]
pub struct OsEntropy(SystemRandom);

impl OsEntropy {
    /// Opens the generator and draws once, so that no request pays for seeding.
    pub fn new() -> Self {
        let entropy = Self(SystemRandom::new());
        let mut first = [0; 32];
        entropy.fill(&mut first);
        entropy
    }
}

impl Entropy for OsEntropy {
    fn fill(&self, out: &mut [u8]) {
        if self.0.fill(out).is_err() {
            // Nothing may be issued without randomness: a guessable secret is worse than no server.
            std::process::abort();
        }
    }
}

/// A reproducible stream for tests: SHA-256 of a seed and a counter. Never for production.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededEntropy {
    /// The stream that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            counter: Mutex::new(0),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        let mut counter = self
            .counter
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in out.chunks_mut(32) {
            *counter += 1;
            let block = Digest::of_parts(&[&self.seed.to_le_bytes(), &counter.to_le_bytes()]);
            for (to, from) in chunk.iter_mut().zip(block.as_bytes()) {
                *to = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otp_01_digits_are_spread_evenly() {
        let entropy: &dyn Entropy = &SeededEntropy::new(7);
        let mut seen = [0_u32; 10];
        for _ in 0..100_000 {
            seen[usize::try_from(entropy.below(10)).unwrap()] += 1;
        }
        // chi squared with 9 degrees of freedom: p > 0.001 below 27.88
        let chi: f64 = seen
            .iter()
            .map(|n| (f64::from(*n) - 10_000.0).powi(2) / 10_000.0)
            .sum();
        assert!(chi < 27.88, "chi squared {chi}");
    }

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let (a, b): (&dyn Entropy, &dyn Entropy) = (&SeededEntropy::new(1), &SeededEntropy::new(1));
        assert_eq!(a.bytes::<70>(), b.bytes::<70>());
        assert_ne!(a.bytes::<32>(), [0; 32]);
    }
}
