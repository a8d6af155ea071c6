//! Millions of accounts beside ten thousand: import, size, sign-in, a forced reset of everyone and the
//! rush that follows (S9, S10, S13; INC-08).

mod capacity;
mod marks;
mod people;
mod rush;
mod town;

use std::time::Duration;

use crate::generator::{Window, float, load};
use crate::report::Median;
use town::Town;

/// What the many are compared with.
const FEW: u32 = 10_000;
/// Enough to keep the hash thread at work without waiting too long for it.
const SIGNING_IN: usize = 6;

/// How long people arrive when everybody must change the password.
const RUSH: Duration = Duration::from_secs(150);
/// Accounts with a weak hash, which the import wraps.
const WEAK: u32 = 2_000;

/// What is measured, on how many accounts.
pub struct Plan {
    pub accounts: u32,
    pub rounds: u32,
    pub length: Duration,
}

/// Measures and prints.
pub async fn measure(plan: &Plan) -> Result<(), String> {
    let few = Town::found(FEW).await?;
    let mut many = Town::found(plan.accounts).await?;
    println!("\n| accounts | imported in | a second | database | for each |");
    println!("| --- | --- | --- | --- | --- |");
    for town in [&few, &many] {
        let (count, seconds) = (f64::from(town.accounts), town.import.as_secs_f64());
        println!(
            "| {} | {seconds:.1} s | {:.0} | {:.1} MiB | {:.0} bytes |",
            town.accounts,
            count / seconds,
            megabytes(town.bytes),
            megabytes(town.bytes) * 1_048_576.0 / count,
        );
    }
    println!(
        "{WEAK} accounts with salted SHA-1 hashes, wrapped in Argon2id: {:.0} a second",
        f64::from(WEAK) / many.import_weak(WEAK)?.as_secs_f64()
    );
    let mut goals = vec![sign_in(plan, &few, &many).await?];
    let calm = rush::pace(&many, RUSH).await?;
    let busy = rush::pace_beside_sign_ins(&many, RUSH).await?;
    goals.push(marks::measure(&many).await?);
    // A mark is in force everywhere within a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    goals.extend(rush::measure(&many, RUSH, (&calm, &busy)).await?);
    capacity::measure(&mut many).await?;
    println!("\n| goal | |\n| --- | --- |");
    for Goal { what, met } in &goals {
        println!("| {what} | {} |", if *met { "met" } else { "MISSED" });
    }
    goals
        .iter()
        .all(|goal| goal.met)
        .then_some(())
        .ok_or_else(|| "a goal was missed".to_owned())
}

/// Something that is promised, with the figure that was measured.
pub struct Goal {
    what: String,
    met: bool,
}

impl Goal {
    fn new(what: String, met: bool) -> Self {
        Self { what, met }
    }
}

async fn sign_in(plan: &Plan, few: &Town, many: &Town) -> Result<Goal, String> {
    let mut windows: [Vec<Window>; 2] = [Vec::new(), Vec::new()];
    for round in 1..=plan.rounds {
        eprintln!("sign-in: round {round}");
        for (index, town) in [few, many].into_iter().enumerate() {
            // New connections each time: a server closes those that nobody uses for long.
            let crowd = town.crowd(SIGNING_IN).await?;
            let (_crowd, window) = load(crowd, town.server.id(), plan.length).await;
            windows[index].push(window);
        }
    }
    let [few, many] = windows.map(|windows| Median::of(&windows));
    println!("\n| whole sign-in, password | a second | µs CPU | p50 ms | p99 ms |");
    println!("| --- | --- | --- | --- | --- |");
    for (name, m) in [("few", &few), ("many", &many)] {
        println!(
            "| {name} | {:.1} | {:.0} | {:.1} | {:.1} |",
            m.per_second, m.micros, m.p50, m.p99
        );
    }
    let ratio = many.p50 / few.p50;
    println!("many to few: p50 {ratio:.2}, p99 {:.2}", many.p99 / few.p99);
    for note in few.notes.iter().chain(&many.notes) {
        println!("{note}");
    }
    let what = format!("a sign-in among many takes at most 1.15 x one among few: {ratio:.2}");
    Ok(Goal::new(what, ratio <= 1.15))
}

fn megabytes(bytes: u64) -> f64 {
    float(usize::try_from(bytes / 1024).unwrap_or(usize::MAX)) / 1024.0
}
