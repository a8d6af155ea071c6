//! Which passwords are taken, and what their hashes cost.

use sekisho_provider::password::PoolSettings;

use super::Problems;
use crate::config::{Config, Preset};

pub(super) fn passwords(config: &Config, found: &mut Problems) {
    password_policy(config, found);
    let password = &config.password;
    let floor = sekisho_provider::password::Cost::FLOOR;
    found.unless(
        password.argon2_memory_kib >= floor.memory_kib,
        format!(
            "password.argon2_memory_kib: use at least {}",
            floor.memory_kib
        ),
    );
    found.unless(
        password.argon2_memory_kib <= 262_144,
        "password.argon2_memory_kib: use at most 262144",
    );
    found.unless(
        (floor.iterations..=10).contains(&password.argon2_iterations),
        "password.argon2_iterations: use 2 to 10",
    );
    found.unless(
        (1..=4).contains(&password.argon2_parallelism),
        "password.argon2_parallelism: use 1 to 4",
    );
    found.unless(
        (50..=1_000).contains(&password.calibrate_goal_ms),
        "password.calibrate_goal_ms: use 50 to 1000",
    );
    found.unless(
        password
            .hash_slots
            .is_none_or(|slots| (1..=1_024).contains(&slots)),
        "password.hash_slots: use 1 to 1024",
    );
    hash_memory(config, found);
    found.unless(
        (100..=10_000).contains(&password.max_wait_ms),
        "password.max_wait_ms: use 100 to 10000",
    );
}

fn password_policy(config: &Config, found: &mut Problems) {
    let password = &config.password;
    let floor = match password.preset {
        Preset::Standard => 8,
        Preset::Notice2013 => 6,
    };
    if let Some(min) = password.min_length {
        found.unless(
            min >= floor,
            format!("password.min_length = {min}: use at least {floor}"),
        );
    }
    if let Some(min) = password.min_length_without_code {
        found.unless(
            min >= floor,
            format!("password.min_length_without_code = {min}: use at least {floor}"),
        );
    }
    found.unless(
        password.strength.is_none_or(|score| score <= 4),
        "password.strength: use 0 to 4",
    );
    let policy = config.password_policy();
    found.unless(
        policy.max_length >= policy.min_length,
        "password.max_length is below password.min_length",
    );
    found.unless(
        password.max_length.is_none_or(|max| max <= 1024),
        "password.max_length: use at most 1024",
    );
    if password.preset == Preset::Standard {
        found.unless(
            password.max_length.is_none_or(|max| max >= 64),
            "password.max_length: use at least 64",
        );
    }
}

/// PW-21: as many hashes as there are slots must fit at once.
fn hash_memory(config: &Config, found: &mut Problems) {
    let password = &config.password;
    let Some(mib) = password.hash_memory_mib else {
        return;
    };
    let slots = password.hash_slots;
    let slots = slots
        .unwrap_or_else(|| PoolSettings::default().slots)
        .max(1);
    let least = u64::try_from(slots)
        .unwrap_or(u64::MAX)
        .saturating_mul(u64::from(password.argon2_memory_kib))
        .div_ceil(1024);
    found.unless(
        (least..=1_048_576).contains(&mib),
        format!(
            "password.hash_memory_mib = {mib}: {slots} hashes at once with {} KiB each need {least} to 1048576",
            password.argon2_memory_kib
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::dev;

    #[test]
    fn pw_21_as_many_hashes_as_there_are_slots_must_fit_in_their_memory() {
        let with = |slots, mib| {
            let mut config = dev();
            config.password.hash_slots = Some(slots);
            config.password.hash_memory_mib = Some(mib);
            config.problems().join("\n")
        };
        assert_eq!(with(4, 76), "");
        assert!(with(4, 75).contains("password.hash_memory_mib = 75"));
        assert!(with(4, u64::MAX).contains("password.hash_memory_mib"));
        for slots in [0, 100_000, usize::MAX] {
            assert!(with(slots, 76).contains("password.hash_slots"), "{slots}");
        }
    }

    #[test]
    fn pw_13_hash_cost_below_the_floor_is_refused() {
        let mut config = dev();
        config.password.argon2_memory_kib = 1024;
        assert!(config.problems().join("").contains("argon2_memory_kib"));
    }
}
