//! The cookie of a trusted browser, which every sign-in replaces (TD-01).

use std::time::Duration;

use sekisho_model::{KnownBrowser, Timestamp};

/// How long the former value may still be on its way: a form that was sent twice, an answer that was not waited for.
pub const IN_FLIGHT: Duration = Duration::from_mins(1);

/// Whether a former value of the cookie of `browser` tells that there is a copy of it. Who has the copy cannot be told:
/// the one who shows the former value, or the one who had it replaced at `replaced_at`.
pub fn is_copied(
    browser: &KnownBrowser,
    replaced_at: Timestamp,
    user_agent: &str,
    now: Timestamp,
) -> bool {
    let trusted = browser.trusted_until.is_some_and(|until| now < until);
    // What is on its way comes from the same browser.
    let in_flight = now.since(replaced_at) < IN_FLIGHT && browser.user_agent == user_agent;
    trusted && !in_flight
}

#[cfg(test)]
mod tests {
    use sekisho_model::{BrowserId, Digest, Epoch, SeededEntropy, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn browser(trusted_until: Option<Timestamp>) -> KnownBrowser {
        let entropy = SeededEntropy::new(1);
        KnownBrowser {
            id: BrowserId::new(NOW, &entropy),
            user_id: UserId::new(NOW, &entropy),
            digest: Digest::of(b"value"),
            first_seen_at: NOW,
            last_seen_at: NOW,
            trusted_until,
            epoch: Epoch(1),
            user_agent: "Firefox".to_owned(),
        }
    }

    #[test]
    fn td_01_a_former_value_tells_of_a_copy_but_not_while_it_may_be_on_its_way() {
        let trusted = browser(Some(NOW + Duration::from_hours(1)));
        let second = Duration::from_secs(1);
        for (after, agent, copied) in [
            (Duration::ZERO, "Firefox", false),
            (IN_FLIGHT.saturating_sub(second), "Firefox", false),
            (IN_FLIGHT, "Firefox", true),
            (Duration::ZERO, "Safari", true),
            (Duration::from_mins(59), "Safari", true),
            (Duration::from_hours(1), "Safari", false),
        ] {
            let found = is_copied(&trusted, NOW, agent, NOW + after);
            assert_eq!(found, copied, "{after:?} {agent}");
        }
        // A clock that runs behind that of another node.
        assert!(!is_copied(&trusted, NOW, "Firefox", NOW - second));
        let plain = browser(None);
        assert!(!is_copied(&plain, NOW, "Safari", NOW + IN_FLIGHT));
    }
}
