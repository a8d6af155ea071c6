use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::command::{self, cargo, has_cargo};
use crate::keeper::Output;
use crate::servers::{self, Servers};

/// One selection of packages and features for every call, so that each thing is compiled once.
pub const EVERYTHING: [&str; 2] = ["--workspace", "--all-features"];

/// How every run of nextest begins.
const NEXTEST: [&str; 2] = ["nextest", "run"];

/// How many tests did what, over all runs.
#[derive(Default, Debug, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

/// Runs all tests (or those whose name contains a word of `filter`) against private servers: everything
/// once, with the journeys on the embedded stack, then the journeys again on the production stack.
pub fn run(root: &Path, filter: &[&str]) -> Result<(), String> {
    servers::provide_packages()?;
    build_programs(root)?;
    let servers = Servers::start(root)?;
    let runner = Runner {
        root,
        servers: &servers,
        filter,
    };
    let mut tally = Tally::default();
    let mut outcome = runner.all(&mut tally);
    outcome = outcome.and(runner.journeys_on_production(&mut tally));
    if filter.is_empty() {
        outcome = outcome.and(runner.documentation(&mut tally));
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally == Tally::default() {
        outcome = outcome.and(Err("no test ran".to_owned()));
    }
    outcome
}

/// Looks at every page as the tests do, and keeps what was seen for somebody to look at.
pub fn take_pictures(root: &Path) -> Result<(), String> {
    let arguments = if has_cargo("nextest") {
        let looks = ["-E", "test(/^gallery::every_page/)"];
        [&NEXTEST, EVERYTHING.as_slice(), &looks].concat()
    } else {
        let looks = ["--test", "e2e", "gallery::every_page"];
        [&["test"], EVERYTHING.as_slice(), &looks].concat()
    };
    servers::provide_packages()?;
    let servers = Servers::start(root)?;
    let mut command = cargo(root, &arguments);
    command
        .envs(servers.environment())
        .env("TEST_PICTURES", "1");
    command::run(&command)
}

/// Runs a program with the servers up and the `TEST_…` variables set.
pub fn run_with_servers(root: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    servers::provide_packages()?;
    let servers = Servers::start(root)?;
    let mut command = match program {
        "cargo" => cargo(root, arguments),
        _ => Command::new(program),
    };
    if program != "cargo" {
        command.args(arguments);
    }
    command.env("TEST_SEKISHO", built_program(root));
    command.envs(servers.environment());
    command::run(&command)
}

/// Builds the programs and examples, with the features that tests are built with.
pub fn build_programs(root: &Path) -> Result<(), String> {
    let arguments = [&["build"], EVERYTHING.as_slice(), &["--bins", "--examples"]].concat();
    command::run(&cargo(root, &arguments))
}

/// Where [`build_programs`] leaves the server.
pub fn built_program(root: &Path) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root.join(target).join("debug/sekisho")
}

struct Runner<'a> {
    root: &'a Path,
    servers: &'a Servers,
    filter: &'a [&'a str],
}

impl Runner<'_> {
    fn all(&self, tally: &mut Tally) -> Result<(), String> {
        let arguments = if has_cargo("nextest") {
            [&NEXTEST, EVERYTHING.as_slice(), self.filter].concat()
        } else {
            [
                &["test"],
                EVERYTHING.as_slice(),
                &["--lib", "--bins", "--tests"],
                self.filter,
            ]
            .concat()
        };
        self.run(&arguments, "embedded", tally)
    }

    fn journeys_on_production(&self, tally: &mut Tally) -> Result<(), String> {
        // Pages look the same on whatever they are kept, and the verdicts of the laboratory need no server.
        let only = [
            "-E",
            "binary(e2e) - test(/^gallery::/) - test(/^keyboard::every_page/) - test(/^attack_laboratory::verdicts::/)",
        ];
        let arguments = if !has_cargo("nextest") {
            [
                &["test"],
                EVERYTHING.as_slice(),
                &["--test", "e2e"],
                self.filter,
            ]
            .concat()
        } else if self.filter.is_empty() {
            [&NEXTEST, EVERYTHING.as_slice(), &only].concat()
        } else {
            let may_be_none = ["--no-tests=pass"];
            [
                &NEXTEST,
                EVERYTHING.as_slice(),
                &only,
                &may_be_none,
                self.filter,
            ]
            .concat()
        };
        self.run(&arguments, "production", tally)
    }

    fn documentation(&self, tally: &mut Tally) -> Result<(), String> {
        let arguments = [&["test"], EVERYTHING.as_slice(), &["--doc"]].concat();
        self.run(&arguments, "embedded", tally)
    }

    fn run(&self, arguments: &[&str], stack: &str, tally: &mut Tally) -> Result<(), String> {
        println!("$ SEKISHO_TEST_STACK={stack} cargo {}", arguments.join(" "));
        let mut command = cargo(self.root, arguments);
        command
            .envs(self.servers.environment())
            .env("TEST_SEKISHO", built_program(self.root))
            .env("SEKISHO_TEST_STACK", stack)
            .env("NEXTEST_TEST_THREADS", at_once().to_string());
        // Who changes nothing must see nothing change: made-up inputs are new only when that is asked.
        if !["PROPTEST_RNG_SEED", "FUZZ_CASES"]
            .iter()
            .any(|name| std::env::var_os(name).is_some())
        {
            command.env("PROPTEST_RNG_SEED", "20131123");
        }
        if std::io::stderr().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        let mut kept = command::start(&command, Output::Pipe)?;
        let (out, err) = kept.take_output();
        let readers = [
            thread::spawn(move || echo(out)),
            thread::spawn(move || echo(err)),
        ];
        for reader in readers {
            let seen = reader
                .join()
                .map_err(|_| "a reader of test output panicked")?;
            tally.passed += seen.passed;
            tally.failed += seen.failed;
        }
        command::finish(&command, &mut kept)
    }
}

/// Tests wait about half of their time: for mails, browsers, and what happens once a second.
fn at_once() -> usize {
    thread::available_parallelism().map_or(2, |cores| cores.get() * 2)
}

/// Passes output on, line by line, and counts what the closing lines of the runners say.
fn echo(stream: Option<impl Read>) -> Tally {
    let mut tally = Tally::default();
    let lines = stream.map(|s| BufReader::new(s).split(b'\n'));
    for line in lines.into_iter().flatten().map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        eprintln!("{line}");
        tally.add(&line);
    }
    tally
}

impl Tally {
    fn add(&mut self, line: &str) {
        let plain = without_colours(line);
        let plain = plain.trim();
        if !plain.starts_with("test result:") && !plain.starts_with("Summary [") {
            return;
        }
        let words: Vec<&str> = plain
            .split([' ', ',', ';'])
            .filter(|w| !w.is_empty())
            .collect();
        for pair in words.windows(2) {
            let count = pair[0].parse().unwrap_or(0);
            match pair[1] {
                "passed" => self.passed += count,
                "failed" | "timed" => self.failed += count,
                _ => {}
            }
        }
    }
}

/// `line` without the terminal's colour codes.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_both_runners_are_counted() {
        let mut tally = Tally::default();
        for line in [
            "\u{1b}[32;1m     Summary\u{1b}[0m [   0.532s] \u{1b}[1m27\u{1b}[0m tests run: 25 passed (1 slow), 1 failed, 1 timed out, 3 skipped",
            "test result: ok. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "100 passed, says a test",
        ] {
            tally.add(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 30,
                failed: 4
            }
        );
    }
}
