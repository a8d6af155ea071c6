//! House rules and chores of the repository; `cargo xtask help` lists them.
//!
//! Standard library only, so that `cargo xtask tidy` builds in seconds. Where to start: `tidy/mod.rs`
//! for the house rules, `servers/mod.rs` for what tests run against, `ci.rs` for the whole.

mod bench;
mod ci;
mod command;
mod docs;
mod keeper;
mod manifest;
mod migration;
mod servers;
mod source;
mod test;
mod tidy;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask tidy                  check the house rules a compiler cannot see
cargo xtask test [FILTER...]      run all tests against private servers started for the run
cargo xtask pictures              picture every page in every state in target/screenshots/gallery
cargo xtask with-servers COMMAND  run COMMAND with those servers and their TEST_… variables
cargo xtask ci                    everything that must hold before a change lands
cargo xtask bench [ROW...]        measure the release build against a bare ceiling
cargo xtask docs [--check]        write (or compare) the generated pages of docs/reference
cargo xtask migration NAME        make a pair of empty migrations for both databases";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    let root = repository()?;
    match words {
        ["tidy"] => tidy::run(&root),
        ["test", filter @ ..] => test::run(&root, filter),
        ["pictures"] => test::take_pictures(&root),
        ["with-servers", program, arguments @ ..] => {
            test::run_with_servers(&root, program, arguments)
        }
        ["bench", words @ ..] => bench::run(&root, words),
        ["ci"] => ci::run(&root),
        ["docs"] => docs::write(&root),
        ["docs", "--check"] => docs::check(&root),
        ["migration", name] => migration::make(&root, name),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(format!("no such chore: {}\n\n{HELP}", words.join(" "))),
    }
}

/// The repository's top level: the nearest folder upwards that holds this crate.
fn repository() -> Result<PathBuf, String> {
    let here = std::env::current_dir().map_err(|e| format!("current folder: {e}"))?;
    here.ancestors()
        .find(|folder| folder.join("crates/xtask/Cargo.toml").is_file())
        .map(PathBuf::from)
        .ok_or_else(|| "run this inside the repository".to_owned())
}
