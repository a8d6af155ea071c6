//! How passwords are hashed on this machine: at which cost, how many at once, in how much memory (PW-13, PW-21).

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{Clock, Entropy, KeyRing};
use sekisho_provider::password::{Cost, Passwords, PoolSettings, calibrated, time_of};

use crate::config::Config;
use crate::wiring::Letters;

const fn configured_cost(config: &Config) -> Cost {
    Cost {
        memory_kib: config.password.argon2_memory_kib,
        iterations: config.password.argon2_iterations,
        parallelism: config.password.argon2_parallelism,
    }
}

/// What a hash costs in a server here (PW-13). With `calibrate` it is measured, which takes a second.
pub(crate) fn hash_cost(config: &Config) -> Cost {
    let configured = configured_cost(config);
    if !config.password.calibrate {
        return configured;
    }
    let goal = Duration::from_millis(config.password.calibrate_goal_ms);
    let cost = calibrated(configured, goal, memory_of_a_slot(config), time_of);
    tracing::info!(?cost, "the cost of password hashes is calibrated");
    cost
}

/// How many hashes at once, in how much memory.
pub(crate) fn hash_pool(config: &Config) -> PoolSettings {
    let password = &config.password;
    let mut pool = PoolSettings::default();
    if let Some(slots) = password.hash_slots {
        pool.slots = slots;
        pool.queue = slots.saturating_mul(64);
    }
    pool.max_wait = Duration::from_millis(password.max_wait_ms);
    pool.memory_kib = password.hash_memory_mib.map(|mib| mib.saturating_mul(1024));
    pool
}

/// What each slot may keep for itself, in KiB: no limit if none is set.
fn memory_of_a_slot(config: &Config) -> u64 {
    let pool = hash_pool(config);
    let slots = u64::try_from(pool.slots.max(1)).unwrap_or(u64::MAX);
    pool.memory_kib.map_or(u64::MAX, |all| all / slots)
}

pub(crate) fn passwords(
    config: &Config,
    letters: Letters,
    keyring: &Arc<KeyRing>,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
) -> Passwords {
    let cost = match letters {
        Letters::Send => hash_cost(config),
        // A command is over before that pays; the server renews its records at the first sign-in.
        Letters::Leave => configured_cost(config),
    };
    Passwords::new(
        hash_pool(config),
        cost,
        Arc::clone(keyring),
        Arc::clone(clock),
        Arc::clone(entropy),
    )
}
