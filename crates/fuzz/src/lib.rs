//! Feeds parsers of untrusted text: first the seeds in the repository as they are, then seeds that
//! were cut, doubled, spliced and salted, as many as `FUZZ_CASES` says. A failure is shrunk to the
//! fewest edits and shown as bytes to keep as a seed.
//!
//! Only tests depend on this crate. The parsers and what must hold of them live beside the parsers,
//! the seeds in `seeds/<target>/` of the same crate. Start at [`Target`].

mod edit;
pub mod json;

use std::cell::Cell;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use edit::any_edit;

/// How many inputs are made from the seeds when `FUZZ_CASES` does not say.
const CASES: u32 = 2000;

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The crate it belongs to: `env!("CARGO_MANIFEST_DIR")`.
    pub manifest_dir: &'a str,
    /// Names the folder of its seeds.
    pub name: &'a str,
    /// Words of its language; some that trouble every parser are added.
    pub words: &'a [&'a str],
}

impl Target<'_> {
    /// Runs `check`, which panics when something does not hold and says whether the input was taken.
    /// Some seeds must be taken and some refused: else nothing was looked at.
    pub fn run(&self, check: impl Fn(&[u8]) -> bool) {
        self.run_one_in(1, check);
    }

    /// The same with one input in `share`, for a parser that takes its time.
    pub fn run_one_in(&self, share: u32, check: impl Fn(&[u8]) -> bool) {
        let seeds = self.seeds();
        let taken = seeds.iter().filter(|(name, seed)| {
            println!("seed {name}");
            check(seed)
        });
        let taken = taken.count();
        let name = self.name;
        assert!(taken > 0, "{name}: no seed is taken");
        assert!(taken < seeds.len(), "{name}: no seed is refused");
        let taken = Cell::new(0_u32);
        let texts: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
        let inputs = (0..texts.len(), vec(any_edit(), 0..6)).prop_map(|(seed, edits)| {
            let mut input = texts[seed].clone();
            for edit in &edits {
                edit.apply(&mut input, self.words, &texts);
            }
            Input(input)
        });
        let cases = cases() / share;
        let mut runner = TestRunner::new(Config { cases, ..config() });
        let outcome = runner.run(&inputs, |Input(bytes)| {
            taken.set(taken.get() + u32::from(check(&bytes)));
            Ok(())
        });
        match outcome {
            Ok(()) => println!("{name}: {} of {cases} inputs taken", taken.get()),
            Err(TestError::Fail(why, Input(bytes))) => {
                let shown = bytes.escape_ascii();
                panic!("{name}: {why}\nkeep this as a seed: b\"{shown}\"");
            }
            Err(error @ TestError::Abort(_)) => panic!("{name}: {error}"),
        }
    }

    fn seeds(&self) -> Vec<(String, Vec<u8>)> {
        let folder = PathBuf::from(self.manifest_dir)
            .join("seeds")
            .join(self.name);
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| {
            panic!("{}: {error}", folder.display());
        });
        let mut seeds: Vec<(String, Vec<u8>)> = entries
            .map(|entry| {
                let path = entry.expect("an entry of the folder").path();
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                (name, std::fs::read(&path).expect("a readable seed"))
            })
            .collect();
        seeds.sort();
        seeds
    }
}

/// For properties of values that a strategy makes, as many as [`Target::run`] makes.
pub fn config() -> Config {
    Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    }
}

fn cases() -> u32 {
    match std::env::var("FUZZ_CASES") {
        Ok(text) => text.parse().expect("FUZZ_CASES is a number"),
        Err(_unset) => CASES,
    }
}

/// Shown as text where it is text.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}
