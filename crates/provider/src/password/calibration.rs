//! What a hash takes on this machine, and the cost that takes as long as wished (PW-13).

use std::time::Duration;

use zeroize::Zeroizing;

use super::pool::{HashJob, hash};
use super::record::Cost;

/// More memory is spent on passes instead: a busy server holds a block for each core.
const MOST_MEMORY_KIB: u32 = 65_536;
/// The best of so many counts; others were disturbed.
const TRIES: u32 = 2;

/// What one hash at `cost` takes on one thread.
pub fn time_of(cost: Cost) -> Duration {
    let mut memory = Vec::new();
    let password = Zeroizing::new(b"how long does this take".to_vec());
    let job = HashJob::of(password, &[7; 16], cost);
    // A cost that cannot be computed takes no time; the configuration refuses it before.
    let mut took = || hash(&job, &mut memory).map_or(Duration::ZERO, |hashed| hashed.own);
    let tries = (0..TRIES).map(|_| took());
    tries.min().unwrap_or_default()
}

/// Passes that are tried. The steps are so wide that two starts on one machine seldom come to different ends: each
/// difference would make every record one of another cost, which is checked at both.
const PASSES: [u32; 4] = [2, 3, 5, 8];

/// The dearest cost, not below `floor` and in not more than `most_kib` of memory, of which one hash takes no
/// longer than `goal`.
pub fn calibrated(
    floor: Cost,
    goal: Duration,
    most_kib: u64,
    time_of: impl Fn(Cost) -> Duration,
) -> Cost {
    let most_kib = most_kib.min(u64::from(MOST_MEMORY_KIB));
    let mut cost = floor;
    loop {
        let memory_kib = cost.memory_kib.saturating_mul(2);
        let dearer = Cost { memory_kib, ..cost };
        if u64::from(memory_kib) > most_kib || time_of(dearer) > goal {
            break;
        }
        cost = dearer;
    }
    for iterations in PASSES
        .into_iter()
        .filter(|passes| *passes > floor.iterations)
    {
        let dearer = Cost { iterations, ..cost };
        if time_of(dearer) > goal {
            break;
        }
        cost = dearer;
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that needs so many microseconds for a MiB and pass.
    fn machine(micros: u64) -> impl Fn(Cost) -> Duration {
        move |cost| {
            let work = u64::from(cost.memory_kib) * u64::from(cost.iterations) / 1024;
            Duration::from_micros(work * micros)
        }
    }

    #[test]
    fn pw_13_calibration_comes_close_to_the_goal_and_never_goes_below_the_floor() {
        let goal = Duration::from_millis(250);
        for (micros, expected) in [
            (100_000, (19_456, 2)),
            (5_000, (19_456, 2)),
            (3_000, (38_912, 2)),
            (1_000, (38_912, 5)),
            (600, (38_912, 8)),
            (1, (38_912, 8)),
        ] {
            let machine = machine(micros);
            let cost = calibrated(Cost::FLOOR, goal, u64::MAX, &machine);
            assert_eq!((cost.memory_kib, cost.iterations), expected, "{micros}");
            assert!(machine(cost) <= goal || cost == Cost::FLOOR);
            assert!(!cost.is_weaker_than(Cost::FLOOR));
        }
        let configured = Cost {
            memory_kib: 131_072,
            iterations: 3,
            parallelism: 2,
        };
        let here = calibrated(configured, goal, u64::MAX, machine(100_000));
        assert_eq!(here, configured);
    }

    #[test]
    fn pw_21_calibration_keeps_within_the_memory_and_comes_to_the_same_end_again() {
        let goal = Duration::from_millis(250);
        let scarce = calibrated(Cost::FLOOR, goal, 38_911, machine(1));
        assert_eq!((scarce.memory_kib, scarce.iterations), (19_456, 8));
        // A tenth more or less load at the start makes no other cost.
        let ends = [850, 900, 950, 1_000, 1_100].map(|micros| {
            let cost = calibrated(Cost::FLOOR, goal, u64::MAX, machine(micros));
            (cost.memory_kib, cost.iterations)
        });
        assert_eq!(ends, [(38_912, 5); 5]);
    }

    #[test]
    fn pw_13_this_machine_is_measured() {
        let took = time_of(Cost::FLOOR);
        assert!(took > Duration::from_millis(1), "{took:?}");
    }
}
