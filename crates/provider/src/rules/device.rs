//! Signing in on another device (RFC 8628): user codes, and what a poll is answered.

use std::time::Duration;

use sekisho_model::{ClientId, Entropy, GrantId, Origin, ScopeSet, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// RFC 8628 §6.1: no vowels, so no words; no digits, so nothing to mistake for a letter.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// 20⁸ codes: 34 bits, for ten minutes, with guesses throttled.
const LENGTH: usize = 8;

/// How long a device code can be allowed and fetched.
pub const LIFE: Duration = Duration::from_mins(10);
/// How long it is remembered, so that a late poll is told what happened.
pub const REMEMBERED: Duration = Duration::from_mins(15);
/// Seconds between two polls, unless the device is told to slow down.
pub const INTERVAL: u64 = 5;

/// Draws a user code.
pub fn draw(entropy: &dyn Entropy) -> String {
    let letter = |_| {
        let at = entropy.below(20);
        ALPHABET
            .get(usize::try_from(at).unwrap_or_default())
            .copied()
            .map_or('B', char::from)
    };
    (0..LENGTH).map(letter).collect()
}

/// The code that a person typed: without blanks and hyphens, in capitals; `None` if it cannot be one.
pub fn typed(text: &str) -> Option<String> {
    if text.len() > 64 {
        return None;
    }
    let code: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let letters = code.bytes().all(|b| ALPHABET.contains(&b));
    (code.len() == LENGTH && letters).then_some(code)
}

/// As people read it: `XXXX-XXXX`.
pub fn shown(code: &str) -> String {
    match code.split_at_checked(LENGTH / 2) {
        Some((front, back)) => format!("{front}-{back}"),
        None => code.to_owned(),
    }
}

/// One device that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// For what.
    pub scope: ScopeSet,
    /// For which resources.
    pub resources: Vec<String>,
    /// In detail.
    pub authorization_details: Vec<Value>,
    /// What the person types.
    pub user_code: String,
    /// From where the device asked, shown to the person.
    pub origin: Origin,
    /// When it asked.
    pub asked_at: Timestamp,
    /// Until when it can be allowed and fetched.
    pub expires_at: Timestamp,
    /// Seconds between two polls.
    pub interval: u64,
    /// When it last polled.
    pub polled_at: Option<Timestamp>,
    /// What the person decided.
    pub state: DeviceState,
}

/// What the person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceState {
    /// Nothing yet.
    Pending,
    /// Yes; the grant that was written.
    Allowed(GrantId),
    /// No.
    Denied,
}

/// What a poll is answered (RFC 8628 §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// Not this client's, or unknown.
    Unknown,
    /// Too late.
    Expired,
    /// Not yet; remember that it asked.
    Pending,
    /// Too early; from now on five seconds more.
    TooOften,
    /// The person said no.
    Denied,
    /// Take it: the first to do so gets tokens.
    Take(GrantId),
}

/// Decides about a poll of `client`.
pub fn poll(request: &DeviceRequest, client: &ClientId, now: Timestamp) -> Poll {
    if request.client_id != *client {
        return Poll::Unknown;
    }
    if now >= request.expires_at {
        return Poll::Expired;
    }
    match request.state {
        DeviceState::Denied => Poll::Denied,
        DeviceState::Allowed(grant) => Poll::Take(grant),
        DeviceState::Pending => {
            let interval = Duration::from_secs(request.interval);
            match request.polled_at {
                Some(before) if now < before + interval => Poll::TooOften,
                _ => Poll::Pending,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_model::SeededEntropy;

    const NOW: Timestamp = Timestamp::from_seconds(1000);

    fn waiting() -> DeviceRequest {
        DeviceRequest {
            client_id: ClientId::new("tv"),
            scope: ScopeSet::parse("openid").unwrap(),
            resources: vec![],
            authorization_details: vec![],
            user_code: "BCDFGHJK".to_owned(),
            origin: Origin::default(),
            asked_at: NOW,
            expires_at: NOW + LIFE,
            interval: INTERVAL,
            polled_at: None,
            state: DeviceState::Pending,
        }
    }

    #[test]
    fn user_codes_are_letters_that_nobody_mistakes() {
        let entropy = SeededEntropy::new(7);
        for _ in 0..500 {
            let code = draw(&entropy);
            assert_eq!(typed(&code).as_deref(), Some(code.as_str()));
            assert_eq!(typed(&shown(&code).to_lowercase()), Some(code));
        }
        assert_eq!(typed(" bcdf - ghjk ").as_deref(), Some("BCDFGHJK"));
        for bad in [
            "",
            "BCDFGHJ",
            "BCDFGHJKL",
            "AEIOUBCD",
            "BCDFGHJ1",
            &"B".repeat(100),
        ] {
            assert_eq!(typed(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_poll_is_answered_by_what_the_person_decided_and_by_the_clock() {
        let tv = ClientId::new("tv");
        let later = |seconds| NOW + Duration::from_secs(seconds);
        let mut request = waiting();
        assert_eq!(poll(&request, &ClientId::new("other"), NOW), Poll::Unknown);
        assert_eq!(poll(&request, &tv, NOW), Poll::Pending);
        request.polled_at = Some(NOW);
        assert_eq!(poll(&request, &tv, later(4)), Poll::TooOften);
        assert_eq!(poll(&request, &tv, later(5)), Poll::Pending);
        assert_eq!(poll(&request, &tv, later(600)), Poll::Expired);
        request.state = DeviceState::Denied;
        assert_eq!(poll(&request, &tv, later(1)), Poll::Denied);
        let grant = GrantId::new(NOW, &SeededEntropy::new(1));
        request.state = DeviceState::Allowed(grant);
        assert_eq!(poll(&request, &tv, later(1)), Poll::Take(grant));
        assert_eq!(poll(&request, &tv, later(600)), Poll::Expired);
    }
}
