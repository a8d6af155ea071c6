//! When a signing key gets a successor, and who takes over when one is withdrawn at once (OpenID
//! Connect Core §10.1.1; KEY-02, KEY-04).

use std::time::Duration;

use sekisho_model::{KeyId, SigningAlgorithm, SigningKeyRecord, Timestamp};

/// How long a new key is published before it signs: twice the five minutes the JWKS may be kept, and a
/// wide margin for apps that keep it for a day (KEY-02).
pub const OVERLAP: Duration = Duration::from_hours(24);

/// How long a retired key is still published: the longest life of an ID token, twice.
pub const KEPT_TO_VERIFY: Duration = Duration::from_hours(48);

/// Algorithms that every server has a key of: RS256 is the default of ID tokens, ES256 of access
/// tokens, the others are for apps registered so.
pub const WANTED: [SigningAlgorithm; 4] = [
    SigningAlgorithm::ES256,
    SigningAlgorithm::EdDSA,
    SigningAlgorithm::RS256,
    SigningAlgorithm::PS256,
];

/// What a key does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, does not sign yet.
    Next,
    /// Signs.
    Active,
    /// Signs no more; what it signed is still verified.
    Retired,
}

impl KeyState {
    /// The state of `key` at `now`.
    pub fn of(key: &SigningKeyRecord, now: Timestamp) -> Self {
        match (key.active_from <= now, key.retired_at) {
            (_, Some(end)) if end <= now => Self::Retired,
            (false, _) => Self::Next,
            (true, _) => Self::Active,
        }
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

/// The algorithms whose newest key has signed for `every` and has no successor yet.
pub fn due(
    keys: &[SigningKeyRecord],
    every: Duration,
    now: Timestamp,
) -> impl Iterator<Item = SigningAlgorithm> {
    WANTED.into_iter().filter(move |algorithm| {
        let of_it = keys.iter().filter(|key| key.algorithm == *algorithm);
        let newest = of_it
            .filter(|key| key.retired_at.is_none())
            .map(|key| key.active_from)
            .max();
        newest.is_some_and(|from| from + every <= now)
    })
}

/// Whether nothing that `key` signed can still be valid.
pub fn has_served(key: &SigningKeyRecord, now: Timestamp) -> bool {
    key.retired_at.is_some_and(|end| end + KEPT_TO_VERIFY < now)
}

/// Who signs after a key was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Succession {
    /// A new key is needed, which signs from then on.
    pub make_from: Option<Timestamp>,
    /// A key that was to take over later takes over now: apps know it already.
    pub promote: Option<KeyId>,
    /// The key in force signs until then.
    pub until: Option<(KeyId, Timestamp)>,
}

/// KEY-04: what must change when `kid` stops counting at `now`, so that there is a key that signs at
/// every moment. `None` if there is no such key.
pub fn without(keys: &[SigningKeyRecord], kid: &KeyId, now: Timestamp) -> Option<Succession> {
    let gone = keys.iter().find(|key| key.kid == *kid)?;
    let others = || {
        let same = |key: &&SigningKeyRecord| key.algorithm == gone.algorithm && key.kid != *kid;
        keys.iter().filter(same)
    };
    let next = others()
        .filter(|key| KeyState::of(key, now) == KeyState::Next)
        .min_by_key(|key| key.active_from);
    let active = others()
        .filter(|key| KeyState::of(key, now) == KeyState::Active)
        .max_by_key(|key| key.active_from);
    Some(match (active, next) {
        (None, Some(next)) => Succession {
            promote: Some(next.kid.clone()),
            ..Succession::default()
        },
        (None, None) => Succession {
            make_from: Some(now),
            ..Succession::default()
        },
        (Some(active), next) => bridged(active, next, now),
    })
}

/// The key in force signs until the next one does, and there is a next one if it was to retire.
fn bridged(
    active: &SigningKeyRecord,
    next: Option<&SigningKeyRecord>,
    now: Timestamp,
) -> Succession {
    let Some(end) = active.retired_at else {
        return Succession::default();
    };
    match next {
        Some(next) if next.active_from <= end => Succession::default(),
        Some(next) => Succession {
            until: Some((active.kid.clone(), next.active_from)),
            ..Succession::default()
        },
        None => {
            let from = end.max(now + OVERLAP);
            Succession {
                make_from: Some(from),
                until: Some((active.kid.clone(), from)),
                ..Succession::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_model::Sealed;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn key(kid: &str, from: Timestamp, retired_at: Option<Timestamp>) -> SigningKeyRecord {
        SigningKeyRecord {
            kid: KeyId::new(kid),
            algorithm: SigningAlgorithm::ES256,
            private: Sealed::from_bytes(Vec::new()),
            public_jwk: "{}".to_owned(),
            created_at: from,
            active_from: from,
            retired_at,
            gone_at: None,
        }
    }

    fn days(n: u32) -> Duration {
        DAY * n
    }

    #[test]
    fn key_02_a_key_is_due_after_its_time_and_only_once() {
        let old = key("a", NOW, None);
        let all = |keys: &[SigningKeyRecord], now| due(keys, days(90), now).collect::<Vec<_>>();
        assert_eq!(all(std::slice::from_ref(&old), NOW + days(89)), []);
        let es256 = [SigningAlgorithm::ES256];
        assert_eq!(all(std::slice::from_ref(&old), NOW + days(90)), es256);
        let takes_over = NOW + days(91);
        let rotated = [key("a", NOW, Some(takes_over)), key("b", takes_over, None)];
        assert_eq!(all(&rotated, NOW + days(90)), [], "the successor waits");
        assert_eq!(all(&rotated, NOW + days(180)), []);
        assert_eq!(all(&rotated, NOW + days(181)), es256);
    }

    #[test]
    fn key_02_a_retired_key_is_kept_until_its_last_token_died() {
        let retired = key("a", NOW, Some(NOW + DAY));
        assert!(!has_served(&retired, NOW + DAY + KEPT_TO_VERIFY));
        assert!(has_served(&retired, NOW + DAY * 2 + KEPT_TO_VERIFY));
        assert!(!has_served(&key("a", NOW, None), NOW + days(900)));
    }

    #[test]
    fn key_04_a_key_that_signs_alone_gets_a_new_successor_at_once() {
        let keys = [key("a", NOW, None)];
        let now = NOW + DAY;
        let plan = without(&keys, &KeyId::new("a"), now).unwrap();
        assert_eq!(plan.make_from, Some(now));
        assert_eq!((plan.promote, plan.until), (None, None));
        assert_eq!(without(&keys, &KeyId::new("b"), now), None);
    }

    #[test]
    fn key_04_a_successor_that_apps_know_takes_over_at_once() {
        let takes_over = NOW + DAY;
        let keys = [key("a", NOW, Some(takes_over)), key("b", takes_over, None)];
        let plan = without(&keys, &KeyId::new("a"), NOW).unwrap();
        assert_eq!(plan.promote, Some(KeyId::new("b")));
        assert_eq!((plan.make_from, plan.until), (None, None));
    }

    #[test]
    fn key_04_without_the_next_key_the_active_one_signs_on_until_another_is_known() {
        let takes_over = NOW + DAY;
        let keys = [key("a", NOW, Some(takes_over)), key("b", takes_over, None)];
        let now = NOW + Duration::from_hours(23);
        let plan = without(&keys, &KeyId::new("b"), now).unwrap();
        let from = now + OVERLAP;
        assert_eq!(plan.make_from, Some(from));
        assert_eq!(plan.until, Some((KeyId::new("a"), from)));
        let later = key("c", takes_over + DAY, None);
        let with_later = [&keys[..], &[later]].concat();
        let plan = without(&with_later, &KeyId::new("b"), now).unwrap();
        assert_eq!(plan.make_from, None);
        assert_eq!(plan.until, Some((KeyId::new("a"), takes_over + DAY)));
    }

    #[test]
    fn key_04_a_retired_key_goes_without_consequence() {
        let then = NOW + DAY;
        let keys = [key("a", NOW, Some(then)), key("b", then, None)];
        let plan = without(&keys, &KeyId::new("a"), then).unwrap();
        assert_eq!(plan, Succession::default());
    }
}
