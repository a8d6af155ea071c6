//! When a client's `jwks_uri` is read, and how long what it said is kept (REG-12, REG-17). Pure: the
//! moment is an argument.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::Timestamp;

use super::public_key::PublicKey;

/// How long keys are fresh when their server does not say.
const FRESH: Duration = Duration::from_mins(5);
/// The least and the most that their server can say.
const LEAST: Duration = Duration::from_secs(30);
/// Also how long keys are used while their server does not answer.
const MOST: Duration = Duration::from_hours(1);
/// Between two refreshes that an unknown name forced, and after one that failed.
const PAUSE: Duration = Duration::from_secs(30);

/// Whether what is kept is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// It is, or nothing better can be had now.
    Use,
    /// Read the address.
    Fetch,
}

/// The keys of one address, and when it was read.
#[derive(Debug, Default)]
pub(super) struct KeptJwks {
    keys: Arc<[PublicKey]>,
    fetched_at: Option<Timestamp>,
    fresh_until: Option<Timestamp>,
    forced_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
}

impl KeptJwks {
    /// What may be used now.
    pub(super) fn keys(&self, now: Timestamp) -> Arc<[PublicKey]> {
        match self.fetched_at {
            Some(at) if now < at + MOST => Arc::clone(&self.keys),
            Some(_) | None => Arc::default(),
        }
    }

    /// Whether the address is to be read for a request whose key was `found` or not. Says so once in
    /// half a minute for unknown names, and not while a failure is fresh.
    pub(super) fn plan(&self, found: bool, now: Timestamp) -> Plan {
        let pausing = |at: Option<Timestamp>| at.is_some_and(|at| now < at + PAUSE);
        let fresh = self.fresh_until.is_some_and(|until| now < until);
        match (fresh, found) {
            _ if pausing(self.failed_at) => Plan::Use,
            (true, true) => Plan::Use,
            (true, false) if pausing(self.forced_at) => Plan::Use,
            (true, false) | (false, _) => Plan::Fetch,
        }
    }

    /// The address answered with `keys`, which it lets be kept for `max_age`.
    pub(super) fn fetched(
        &mut self,
        keys: Arc<[PublicKey]>,
        max_age: Option<Duration>,
        now: Timestamp,
    ) {
        if self.fresh_until.is_some_and(|until| now < until) {
            self.forced_at = Some(now);
        }
        let fresh = max_age.unwrap_or(FRESH).clamp(LEAST, MOST);
        self.keys = keys;
        self.fetched_at = Some(now);
        self.fresh_until = Some(now + fresh);
        self.failed_at = None;
    }

    /// The address did not answer, or not with acceptable keys.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.failed_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn keys() -> Arc<[PublicKey]> {
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        });
        vec![PublicKey::read(&jwk).unwrap()].into()
    }

    fn kept(max_age: Option<Duration>) -> KeptJwks {
        let mut kept = KeptJwks::default();
        assert_eq!(kept.plan(false, at(0)), Plan::Fetch);
        kept.fetched(keys(), max_age, at(0));
        kept
    }

    #[test]
    fn reg_12_keys_are_fresh_for_five_minutes_or_as_their_server_says_within_bounds() {
        for (max_age, seconds) in [
            (None, 300),
            (Some(Duration::from_mins(10)), 600),
            (Some(Duration::ZERO), 30),
            (Some(Duration::from_hours(24)), 3600),
        ] {
            let kept = kept(max_age);
            assert_eq!(kept.plan(true, at(seconds - 1)), Plan::Use, "{max_age:?}");
            assert_eq!(kept.plan(true, at(seconds)), Plan::Fetch, "{max_age:?}");
        }
    }

    #[test]
    fn reg_17_an_unknown_name_has_the_keys_read_again_once_in_half_a_minute() {
        let mut kept = kept(None);
        assert_eq!(kept.plan(false, at(1)), Plan::Fetch);
        kept.fetched(keys(), None, at(1));
        for second in 1..31 {
            assert_eq!(kept.plan(false, at(second)), Plan::Use, "{second}");
        }
        assert_eq!(kept.plan(false, at(31)), Plan::Fetch);
    }

    #[test]
    fn reg_12_a_failure_is_remembered_and_the_last_good_keys_serve_meanwhile() {
        let mut kept = kept(None);
        assert_eq!(kept.plan(true, at(300)), Plan::Fetch);
        kept.failed(at(300));
        assert_eq!(kept.plan(true, at(329)), Plan::Use);
        assert_eq!(kept.plan(false, at(329)), Plan::Use);
        assert_eq!(kept.keys(at(329)).len(), 1);
        assert_eq!(kept.plan(true, at(330)), Plan::Fetch);
        kept.failed(at(3590));
        assert_eq!(kept.keys(at(3599)).len(), 1);
        assert_eq!(kept.keys(at(3600)).len(), 0);
    }

    #[test]
    fn reg_12_without_any_answer_there_are_no_keys_and_no_storm() {
        let mut kept = KeptJwks::default();
        kept.failed(at(0));
        assert_eq!(kept.plan(false, at(29)), Plan::Use);
        assert_eq!(kept.keys(at(29)).len(), 0);
        assert_eq!(kept.plan(false, at(30)), Plan::Fetch);
    }
}
