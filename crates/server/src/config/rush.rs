//! Whether the door before the pages that change passwords lets in more people than can be served (INC-09, THR-14).

use std::time::Duration;

use super::Config;

/// The hashes one person costs at most: the sign-in, the look whether the new password is the old one, the new one.
const HASHES: u64 = 3;
/// What a core takes for the least hash that is allowed, where nobody measured.
const USUAL: Duration = Duration::from_millis(25);

impl Config {
    /// What is wrong with how many are let in, if one hash takes `hash`: `None` if nothing is.
    pub fn too_many_let_in(&self, hash: Duration) -> Option<String> {
        let reset = &self.reset;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let share = u64::try_from(reset.hash_share).unwrap_or(u64::MAX);
        let wave = reset.admission_wave_seconds.saturating_mul(1000);
        // How long the hashes of one wave take, on the threads they may have.
        let people = u64::from(reset.admission_wave_people);
        let work = people.saturating_mul(HASHES).saturating_mul(millis(hash)) / share.max(1);
        let fits = wave / (HASHES * millis(hash).max(1)) * share;
        (reset.admission && work > wave).then(|| {
            format!(
                "reset.admission_wave_people = {people} is more than hash_share = {share} can serve in {} s at {} ms a hash: use at most {}",
                reset.admission_wave_seconds,
                millis(hash),
                fits.max(1),
            )
        })
    }

    /// The same without measuring: reckoned from the configured cost, on an ordinary core.
    pub fn too_many_let_in_as_reckoned(&self) -> Option<String> {
        let floor = sekisho_provider::password::Cost::FLOOR;
        let cost = |memory: u32, passes: u32| u64::from(memory) * u64::from(passes);
        let password = &self.password;
        let own = cost(password.argon2_memory_kib, password.argon2_iterations);
        let times = own.div_ceil(cost(floor.memory_kib, floor.iterations).max(1));
        let hash = USUAL.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX));
        self.too_many_let_in(hash)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn dev() -> Config {
        Config::dev(Path::new("/tmp/x"), "127.0.0.1:8080")
    }

    #[test]
    fn inc_09_the_defaults_let_in_no_more_than_they_can_serve() {
        let config = dev();
        assert_eq!(config.too_many_let_in_as_reckoned(), None);
        assert_eq!(config.too_many_let_in(USUAL), None);
    }

    #[test]
    fn inc_09_who_lets_in_too_many_is_told_how_many_fit() {
        let mut config = dev();
        config.reset.admission_wave_people = 200;
        let told = config.too_many_let_in_as_reckoned().unwrap();
        assert!(told.contains("at most 133"), "{told}");
        config.reset.hash_share = 2;
        assert_eq!(config.too_many_let_in_as_reckoned(), None);
        let slow = config.too_many_let_in(USUAL * 4).unwrap();
        assert!(slow.contains("100 ms"), "{slow}");
        config.reset.admission = false;
        assert_eq!(config.too_many_let_in(USUAL * 4), None);
    }
}
