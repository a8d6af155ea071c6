//! What somebody is told at the door of the pages that change passwords. Pure: the place in, words for it out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::networks;

/// How many people are let in to change their password, so that a rush cannot slow down sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmissionSettings {
    /// Whether there is a door at all.
    pub on: bool,
    /// How long a wave lasts; who waits comes back once a wave.
    pub wave: Duration,
    /// How many people are let in with a wave.
    pub wave_people: u32,
    /// How many people may wait.
    pub most_waiting: u32,
    /// How long who was let in has for it.
    pub pass: Duration,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self {
            on: true,
            wave: Duration::from_secs(10),
            wave_people: 200,
            most_waiting: 500_000,
            pass: Duration::from_mins(20),
        }
    }
}

/// What the door answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Come in.
    Inside,
    /// Wait: so many are ahead, it takes about so long, come back after so long.
    Wait {
        /// The place in the queue, from 1.
        position: u64,
        /// About how long it takes.
        about: Duration,
        /// When to show the ticket again.
        retry: Duration,
    },
    /// There is no room to wait; come back after so long.
    Full {
        /// When to try again.
        retry: Duration,
    },
}

/// Whose turn it takes to let in somebody from `ip`, the narrowest first, and how many turns each has in a
/// round. A home has one; the network around it a few, so that neighbours of one who takes all places of a
/// home still have theirs, and nobody has more for having many addresses in one place (IPv6).
pub(crate) fn turns_of(ip: &str) -> Vec<(String, u32)> {
    let from = networks(ip);
    match (from.delegated, from.site) {
        (Some(delegated), Some(site)) => vec![(from.household, 1), (delegated, 2), (site, 4)],
        _ if from.household == from.network => vec![(from.household, 1)],
        _ => vec![(from.household, 1), (from.network, 4)],
    }
}

impl AdmissionSettings {
    /// Who misses three waves has gone.
    pub fn absent(&self) -> Duration {
        self.wave * 3 + Duration::from_secs(5)
    }

    /// What to tell somebody who has so many ahead.
    pub fn wait(&self, ahead: u64) -> Admission {
        let waves = (ahead / u64::from(self.wave_people.max(1))).saturating_add(1);
        let waves = u32::try_from(waves).unwrap_or(u32::MAX);
        Admission::Wait {
            position: ahead.saturating_add(1),
            about: self.wave.saturating_mul(waves),
            retry: self.wave,
        }
    }

    /// What to tell somebody for whom there is no room.
    pub const fn full(&self) -> Admission {
        Admission::Full {
            retry: self.wave.saturating_mul(6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_14_people_are_told_their_place_and_about_how_long() {
        let settings = AdmissionSettings {
            wave_people: 100,
            ..AdmissionSettings::default()
        };
        let told = |ahead| settings.wait(ahead);
        let wait = |position, seconds| Admission::Wait {
            position,
            about: Duration::from_secs(seconds),
            retry: Duration::from_secs(10),
        };
        assert_eq!(told(0), wait(1, 10));
        assert_eq!(told(99), wait(100, 10));
        assert_eq!(told(100), wait(101, 20));
        assert_eq!(told(25_000), wait(25_001, 2_510));
        assert!(matches!(settings.full(), Admission::Full { .. }));
        let none = AdmissionSettings {
            wave_people: 0,
            ..settings
        };
        let _no_division = none.wait(u64::MAX);
    }

    #[test]
    fn thr_14_a_home_has_one_turn_and_the_networks_around_it_a_few() {
        let told = |ip| {
            let turns = turns_of(ip).into_iter();
            let turns: Vec<String> = turns
                .map(|(whom, turns)| format!("{whom} {turns}"))
                .collect();
            turns.join(", ")
        };
        assert_eq!(told("192.0.2.77"), "192.0.2.77 1, 192.0.2.0/24 4");
        assert_eq!(
            told("2001:db8:1:234::5"),
            "2001:db8:1:234::/64 1, 2001:db8:1:200::/56 2, 2001:db8:1::/48 4"
        );
        assert_eq!(told("::ffff:192.0.2.77"), told("192.0.2.77"));
        assert_eq!(told("unix:"), "none 1");
    }

    #[test]
    fn who_comes_back_once_a_wave_is_not_taken_for_absent() {
        let settings = AdmissionSettings::default();
        assert!(settings.absent() > settings.wave * 3);
    }
}
