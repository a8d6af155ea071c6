//! Measures the server against a bare ceiling. Started by `cargo xtask bench`; what the table means and
//! how to read it is in `docs/contributing/benchmarks.md`.
//!
//! Where to start: `work/mod.rs` for the rows, `generator.rs` for how load is made, `ceiling.rs` for what
//! it is compared with.

mod ceiling;
mod comparison;
mod containment;
mod enumeration;
mod generator;
mod machine;
mod mailbox;
mod person;
mod population;
mod report;
mod seed;
mod server;
mod wire;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use work::Plan;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve-ceiling", address] => ceiling::serve(address).map_err(|error| error.to_string()),
        ["serve-cheaply", config] => server::serve_cheaply(config),
        ["containment"] => on_one_thread(containment::measure()),
        ["enumeration"] => on_one_thread(enumeration::measure()),
        ["population", words @ ..] => population_plan(words)
            .and_then(|plan| on_one_thread(async { population::measure(&plan).await })),
        words => plan(words).and_then(|plan| on_one_thread(async { work::measure(&plan).await })),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn plan(words: &[&str]) -> Result<Plan, String> {
    let mut plan = Plan {
        rows: Vec::new(),
        rounds: 5,
        length: Duration::from_secs(2),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let next = words.next().and_then(|text| text.parse::<u32>().ok());
            let next = next.filter(|number| *number > 0);
            next.ok_or_else(|| format!("{word} needs a number"))
        };
        match *word {
            "--rounds" => plan.rounds = number()?,
            "--seconds" => plan.length = Duration::from_secs(number()?.into()),
            // What cargo adds when it runs a benchmark.
            "--bench" => {}
            row if work::ROWS.contains(&row) => plan.rows.push(row.to_owned()),
            _ => {
                return Err(format!(
                    "no such row: {word}; there are {}",
                    work::ROWS.join(" ")
                ));
            }
        }
    }
    Ok(plan)
}

/// `population [ACCOUNTS] [--rounds N] [--seconds N]`.
fn population_plan(words: &[&str]) -> Result<population::Plan, String> {
    let (accounts, words) = match words {
        [first, rest @ ..] if !first.starts_with('-') => (first.parse().ok(), rest),
        words => (Some(4_000_000), words),
    };
    let usual = plan(words)?;
    Ok(population::Plan {
        accounts: accounts.ok_or("population takes a number of accounts")?,
        rounds: usual.rounds,
        length: usual.length,
    })
}

fn on_one_thread(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    machine::move_to_generators_core()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?
        .block_on(work)
}
