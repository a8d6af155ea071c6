//! What somebody is told at the door of the pages that change passwords. Pure: the place in, words for it out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::networks;

/// How many people are let in to change their password, so that a rush cannot slow down sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmissionSettings {
    /// Whether there is a door at all.
    pub on: bool,
    /// How long a wave lasts; who waits comes back once a wave, or when it is their turn.
    pub wave: Duration,
    /// How many people are let in with a wave, little by little ([`AdmissionSettings::openings`]).
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
            wave_people: 100,
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

/// Whose turn is so many waves away asks a little less often: of those there are most, and each asking takes
/// from the core that lets people in.
const FAR: u32 = 6;
/// A door that opens for fewer would make people wait whom nobody crowds.
const LEAST_AT_ONCE: u32 = 5;

impl AdmissionSettings {
    /// How often the door opens, and for how many each time. A wave that came in at once would keep everybody
    /// else waiting for as long as its hashes take (INC-09).
    pub fn openings(&self) -> (Duration, u32) {
        let seconds = u32::try_from(self.wave.as_secs()).unwrap_or(u32::MAX);
        let parts = (self.wave_people / LEAST_AT_ONCE).clamp(1, seconds.max(1));
        let people = (self.wave_people / parts).max(1);
        let every = self.wave.saturating_mul(people) / self.wave_people.max(1);
        (every.min(self.wave), people)
    }

    /// Who misses three waves has gone.
    pub fn absent(&self) -> Duration {
        self.wave * 3 + Duration::from_secs(5)
    }

    /// What to tell somebody who has so many ahead.
    pub fn wait(&self, ahead: u64) -> Admission {
        let (every, people) = self.openings();
        let before = u32::try_from(ahead / u64::from(people)).unwrap_or(u32::MAX);
        // Rather a little early than late: a place that nobody takes at its opening is lost.
        let opens = every.saturating_mul(before.max(1));
        Admission::Wait {
            position: ahead.saturating_add(1),
            about: every.saturating_mul(before.saturating_add(1)),
            retry: if opens > self.wave * FAR {
                self.wave * 3 / 2
            } else {
                opens.min(self.wave)
            },
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
        let wait = |position, seconds, retry| Admission::Wait {
            position,
            about: Duration::from_secs(seconds),
            retry: Duration::from_secs(retry),
        };
        assert_eq!(told(0), wait(1, 1, 1));
        assert_eq!(told(25), wait(26, 3, 2));
        assert_eq!(told(99), wait(100, 10, 9));
        assert_eq!(told(100), wait(101, 11, 10));
        assert_eq!(told(600), wait(601, 61, 10));
        assert_eq!(told(25_000), wait(25_001, 2_501, 15));
        assert!(matches!(settings.full(), Admission::Full { .. }));
        let none = AdmissionSettings {
            wave_people: 0,
            ..settings
        };
        let _no_division = none.wait(u64::MAX);
    }

    #[test]
    fn inc_09_a_wave_is_let_in_little_by_little_and_loses_nobody() {
        let door = |seconds, wave_people| {
            let wave = Duration::from_secs(seconds);
            let settings = AdmissionSettings {
                wave,
                wave_people,
                ..AdmissionSettings::default()
            };
            let (every, people) = settings.openings();
            (every.as_millis(), people)
        };
        assert_eq!(door(10, 200), (1_000, 20));
        assert_eq!(door(5, 30), (1_000, 6));
        assert_eq!(door(5, 33), (909, 6), "33 in five seconds all the same");
        assert_eq!(door(10, 12), (5_000, 6));
        assert_eq!(door(10, 2), (10_000, 2), "too few to divide");
        assert_eq!(door(0, 5), (0, 5));
        assert_eq!(
            door(10, 0),
            (10_000, 1),
            "a door that the configuration refuses"
        );
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
    fn who_comes_back_when_asked_is_not_taken_for_absent_nor_after_missing_once() {
        let settings = AdmissionSettings::default();
        let Admission::Wait { retry, .. } = settings.wait(100_000) else {
            panic!("there is room");
        };
        assert!(settings.absent() > retry * 2);
        assert!(settings.absent() > settings.wave * 3);
    }
}
