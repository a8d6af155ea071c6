use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::command::{cargo, has_cargo, run as execute};
use crate::test::EVERYTHING;
use crate::{docs, servers, test, tidy};

type Step = fn(&Path) -> Result<Outcome, String>;

enum Outcome {
    Done,
    LeftOut(&'static str),
}

/// Cheap before dear. The first failure ends the run.
const STEPS: [(&str, Step); 10] = [
    ("packages", |_| servers::provide_packages().map(done)),
    ("format", |root| call(root, &["fmt", "--all", "--check"])),
    ("tidy", |root| tidy::run(root).map(done)),
    ("lints", lints),
    ("lints, default features", |root| {
        call(
            root,
            &[
                "clippy",
                "--package",
                "sekisho-server",
                "--",
                "-D",
                "warnings",
            ],
        )
    }),
    ("rustdoc", rustdoc),
    ("generated docs and examples", |root| {
        docs::check(root).map(done)
    }),
    ("tests", |root| test::run(root, &[]).map(done)),
    ("dependencies", deny),
    ("advisories", advisories),
];

/// Everything that must hold before a change lands.
pub fn run(root: &Path) -> Result<(), String> {
    let mut rows = Vec::new();
    let mut failure = None;
    for (name, step) in STEPS {
        println!("\n== {name}");
        let began = Instant::now();
        let result = step(root);
        let said = match &result {
            Ok(Outcome::Done) => "ok".to_owned(),
            Ok(Outcome::LeftOut(why)) => format!("LEFT OUT: {why}"),
            Err(_) => "FAILED".to_owned(),
        };
        rows.push(row(name, began.elapsed(), &said));
        if let Err(why) = result {
            failure = Some(format!("{name}: {why}"));
            break;
        }
    }
    println!("\n== summary\n{}", rows.join("\n"));
    failure.map_or(Ok(()), Err)
}

fn row(name: &str, took: Duration, said: &str) -> String {
    format!("{name:<28}{:>7.1} s  {said}", took.as_secs_f64())
}

fn done((): ()) -> Outcome {
    Outcome::Done
}

fn call(root: &Path, arguments: &[&str]) -> Result<Outcome, String> {
    execute(&cargo(root, arguments)).map(done)
}

fn lints(root: &Path) -> Result<Outcome, String> {
    let tail = ["--all-targets", "--", "-D", "warnings"];
    call(root, &[&["clippy"], EVERYTHING.as_slice(), &tail].concat())
}

/// Examples are among the targets because they bring the features that tests are built with: what
/// clippy has checked is then not checked again.
fn rustdoc(root: &Path) -> Result<Outcome, String> {
    let targets = ["--no-deps", "--lib", "--bins", "--examples"];
    let arguments = [&["doc"], EVERYTHING.as_slice(), &targets].concat();
    let mut command = cargo(root, &arguments);
    command.env("RUSTDOCFLAGS", "-D warnings");
    execute(&command).map(done)
}

fn deny(root: &Path) -> Result<Outcome, String> {
    if !has_cargo("deny") {
        return Ok(Outcome::LeftOut(
            "cargo-deny is not installed (cargo install cargo-deny --locked)",
        ));
    }
    call(root, &["deny", "check", "bans", "licenses", "sources"])
}

/// SUP-01: known weaknesses of what we depend on. The list comes over the network.
fn advisories(root: &Path) -> Result<Outcome, String> {
    if !has_cargo("deny") {
        return Ok(Outcome::LeftOut(
            "cargo-deny is not installed (cargo install cargo-deny --locked)",
        ));
    }
    if !reaches(ADVISORIES) {
        return Ok(Outcome::LeftOut(
            "no network: nobody looked whether a dependency has a known weakness",
        ));
    }
    call(root, &["deny", "check", "advisories"])
}

/// Where the list of advisories is kept.
const ADVISORIES: &str = "github.com:443";
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

fn reaches(place: &str) -> bool {
    let found = place.to_socket_addrs();
    found.is_ok_and(|mut addresses| {
        addresses.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_row_has_name_time_and_outcome() {
        let text = row("tidy", Duration::from_millis(1250), "ok");
        assert_eq!(text, "tidy                            1.2 s  ok");
    }
}
