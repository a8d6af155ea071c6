//! From windows of load to lines of a table.

use std::time::Duration;

use crate::generator::{Window, float};

/// One line of the table.
#[derive(Debug, Default)]
pub struct Line {
    pub name: String,
    pub cells: [String; 8],
    pub goal: String,
    pub verdict: &'static str,
    pub notes: Vec<String>,
}

/// What is asked: a floor that must be kept and a target to reach.
#[derive(Clone, Copy)]
pub enum Goal {
    /// Shares of the ceiling's rate.
    OfCeiling { floor: f64, target: f64 },
    /// Microseconds of CPU for one request.
    Micros { floor: f64, target: f64 },
    /// The slowest of a hundred.
    P99 { floor: Duration, target: Duration },
    /// Nothing is asked; the line explains others.
    None,
}

const HEAD: [&str; 8] = [
    "ours/s",
    "ceiling/s",
    "ratio",
    "by CPU",
    "µs CPU",
    "p50 ms",
    "p99 ms",
    "busy",
];

/// The median of several windows.
#[derive(Clone)]
pub struct Median {
    pub per_second: f64,
    pub micros: f64,
    pub busy: f64,
    pub p50: f64,
    pub p99: f64,
    noisy: bool,
    pub notes: Vec<String>,
}

impl Median {
    /// Over the windows in which nobody else worked, if there are some.
    pub fn of(windows: &[Window]) -> Self {
        let quiet: Vec<&Window> = windows.iter().filter(|w| w.is_quiet()).collect();
        let (total, noisy) = (windows.len(), quiet.len() < 2);
        let (used, mut notes) = if noisy {
            let note = format!(
                "NOISY: others worked in all but {} of {total} rounds",
                quiet.len()
            );
            (windows.iter().collect(), vec![note])
        } else {
            (quiet, Vec::new())
        };
        let errors: usize = windows.iter().map(|w| w.errors).sum();
        if let Some(first) = windows.iter().find_map(|w| w.first_error.as_ref()) {
            let first: String = first.chars().take(200).collect();
            notes.push(format!("{errors} ERRORS, the first: {first}"));
        }
        let median = |value: fn(&Window) -> f64| middle(used.iter().map(|w| value(w)).collect());
        Self {
            per_second: median(|w| w.per_second),
            micros: median(|w| w.micros),
            busy: median(|w| w.busy),
            p50: median(|w| w.p50.as_secs_f64() * 1e3),
            p99: median(|w| w.p99.as_secs_f64() * 1e3),
            noisy,
            notes,
        }
    }

    /// What one core gives: measured if the core was full, else reckoned from the CPU of one request
    /// (the generator was then the narrow place).
    fn capacity(&self) -> f64 {
        if self.busy >= 0.9 || self.micros <= 0.0 {
            self.per_second
        } else {
            1e6 / self.micros
        }
    }
}

/// A line from rounds of load.
pub fn line(name: &str, ours: &[Window], ceiling: &[Window], goal: Goal) -> Line {
    let (ours, bare) = (Median::of(ours), Median::of(ceiling));
    let by_cpu = bare.micros / ours.micros.max(0.001);
    // Others take the core away, but not the microseconds that one request needs.
    let ratio = if ours.noisy || bare.noisy {
        by_cpu
    } else {
        ours.per_second / bare.capacity()
    };
    let compares_nothing = matches!(goal, Goal::Micros { .. });
    let (goal, verdict) = match goal {
        Goal::OfCeiling { floor, target } => (
            format!(
                ">= {:.0} / {:.0} % of the ceiling",
                floor * 100.0,
                target * 100.0
            ),
            verdict(ratio >= floor, ratio >= target),
        ),
        Goal::Micros { floor, target } => (
            format!("<= {floor:.0} / {target:.0} µs CPU"),
            verdict(ours.micros <= floor, ours.micros <= target),
        ),
        Goal::P99 { floor, target } => {
            let limit = |limit: Duration| limit.as_secs_f64() * 1e3;
            (
                format!("p99 <= {:.1} / {:.1} ms", limit(floor), limit(target)),
                verdict(ours.p99 <= limit(floor), ours.p99 <= limit(target)),
            )
        }
        Goal::None => (String::new(), ""),
    };
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let mut cells = [
        format!("{:.0}", ours.per_second),
        format!("{:.0}", bare.capacity()),
        percent(ours.per_second / bare.capacity()),
        percent(by_cpu),
        format!("{:.1}", ours.micros),
        format!("{:.2}", ours.p50),
        format!("{:.2}", ours.p99),
        format!("{:.0} %", ours.busy * 100.0),
    ];
    if compares_nothing {
        cells[1..4].fill(String::new());
    }
    let told = |who: &str, notes: Vec<String>| -> Vec<String> {
        notes
            .into_iter()
            .map(|note| format!("{who}: {note}"))
            .collect()
    };
    Line {
        name: name.to_owned(),
        cells,
        goal,
        verdict,
        notes: [told("ours", ours.notes), told("ceiling", bare.notes)].concat(),
    }
}

/// A line from single values, where less is better.
pub fn fact(
    name: &str,
    ours: f64,
    ceiling: Option<f64>,
    (floor, target): (f64, f64),
    unit: &str,
) -> Line {
    let mut cells: [String; 8] = Default::default();
    cells[0] = format!("{ours:.1} {unit}");
    cells[1] = ceiling
        .map(|value| format!("{value:.1} {unit}"))
        .unwrap_or_default();
    Line {
        name: name.to_owned(),
        cells,
        goal: format!("<= {floor} / {target} {unit}"),
        verdict: verdict(ours <= floor, ours <= target),
        notes: Vec::new(),
    }
}

fn verdict(floor: bool, target: bool) -> &'static str {
    match (floor, target) {
        (_, true) => "target met",
        (true, false) => "floor met",
        (false, false) => "MISSED",
    }
}

/// The middle of `values`.
pub fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Prints the table as Markdown, and the notes below it.
pub fn print(lines: &[Line]) {
    let widest = lines
        .iter()
        .map(|line| line.name.chars().count())
        .max()
        .unwrap_or(0);
    let row = |name: &str, cells: &[String; 8], goal: &str, verdict: &str| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>9}")).collect();
        println!(
            "| {name:<widest$} | {} | {goal:<34} | {verdict:<10} |",
            cells.join(" | ")
        );
    };
    println!();
    row("work", &HEAD.map(str::to_owned), "goal: floor / target", "");
    let rules = std::array::from_fn(|_| "-".repeat(9));
    row(
        &"-".repeat(widest),
        &rules,
        &"-".repeat(34),
        &"-".repeat(10),
    );
    for line in lines {
        row(&line.name, &line.cells, &line.goal, line.verdict);
    }
    println!();
    for line in lines {
        for note in &line.notes {
            println!("{}: {note}", line.name);
        }
    }
    let met = lines
        .iter()
        .filter(|line| line.verdict.ends_with("met"))
        .count();
    let asked = lines.iter().filter(|line| !line.verdict.is_empty()).count();
    println!(
        "{met} of {asked} goals met ({:.0} %)",
        100.0 * float(met) / float(asked.max(1))
    );
}
