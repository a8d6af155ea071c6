use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::{self, cargo};
use crate::servers::{self, Servers};

/// The program as it ships, and the one that measures it. Built in one call, so that both are made of
/// the same parts.
const BUILD: [&str; 13] = [
    "build",
    "--release",
    "--package",
    "sekisho-server",
    "--package",
    "sekisho",
    "--features",
    "sekisho-server/production",
    "--bin",
    "sekisho",
    "--bench",
    "load",
    "--message-format=json-render-diagnostics",
];

/// Asks for PostgreSQL and Redis instead of the embedded stack.
const ON_SERVERS: &str = "--on-servers";

/// Builds what ships and measures it; `words` are rows and options of the benchmark.
pub fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let (program, bench) = build(root)?;
    let mut measure = Command::new(bench);
    measure.env("BENCH_SEKISHO", program).current_dir(root);
    measure.args(words.iter().filter(|word| **word != ON_SERVERS));
    // Both or none: the embedded stack must not be half replaced by what happens to be set.
    measure.env_remove("TEST_DATABASE_URL");
    measure.env_remove("TEST_REDIS_URL");
    if !words.contains(&ON_SERVERS) {
        return command::run(&measure);
    }
    servers::provide_packages()?;
    share_the_servers_core()?;
    let servers = Servers::start(root)?;
    measure.envs(servers.environment());
    command::run(&measure)
}

/// What is started from now on runs on the first core, beside the server under test; the benchmark
/// itself moves to the second.
fn share_the_servers_core() -> Result<(), String> {
    let here = std::process::id().to_string();
    let mut pin = Command::new("taskset");
    pin.args(["--all-tasks", "--pid", "--cpu-list", "0", &here]);
    command::output(pin).map(|_said| ())
}

fn build(root: &Path) -> Result<(String, String), String> {
    println!("$ cargo {}", BUILD.join(" "));
    let mut build = cargo(root, &BUILD);
    let built = build
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cargo: {e}"))?;
    if !built.status.success() {
        return Err(format!("the release build failed: {}", built.status));
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let program = executable(&messages, "sekisho").ok_or("cargo built no server")?;
    let bench = executable(&messages, "load").ok_or("cargo built no benchmark")?;
    Ok((program, bench))
}

/// Where cargo says that it put the target `name`.
fn executable(messages: &str, name: &str) -> Option<String> {
    let target = format!("\"name\":\"{name}\"");
    messages
        .lines()
        .filter(|line| line.contains(&target))
        .find_map(|line| {
            let (_, rest) = line.split_once("\"executable\":\"")?;
            rest.split('"').next().map(str::to_owned)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_programs_are_found_in_what_cargo_says() {
        let messages = r#"{"target":{"kind":["lib"],"name":"sekisho"},"executable":null}
{"target":{"kind":["bin"],"name":"sekisho"},"executable":"/t/release/sekisho","fresh":true}
{"target":{"kind":["bench"],"name":"load"},"executable":"/t/release/deps/load-1","fresh":false}"#;
        let found = |name| executable(messages, name);
        assert_eq!(found("sekisho").as_deref(), Some("/t/release/sekisho"));
        assert_eq!(found("load").as_deref(), Some("/t/release/deps/load-1"));
        assert_eq!(found("absent"), None);
    }
}
