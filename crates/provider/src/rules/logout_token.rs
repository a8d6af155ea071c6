//! Telling an app that a session ended, server to server: the logout token and what follows from the
//! answer (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5, §2.8; LO-03).

use std::time::Duration;

use sekisho_model::{ClientId, SessionId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// The event that a logout token speaks of (§2.4).
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The token's `typ` (§2.4).
pub const TYPE: &str = "logout+jwt";

/// How long a token is good for (LO-03: at most two minutes).
const LIFE: Duration = Duration::from_mins(2);

/// After a failed try; the failure after the last of them is final.
const RETRIES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];

/// The claims of a logout token. There is no `nonce`, so that it can never pass for an ID token.
#[derive(Debug, Serialize)]
pub struct LogoutToken {
    iss: String,
    aud: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    sid: String,
    iat: i64,
    exp: i64,
    jti: String,
    events: Value,
}

impl LogoutToken {
    /// For one app; `subject` is the person as this app knows them, unless the account is gone.
    pub fn new(
        issuer: &str,
        client: &ClientId,
        subject: Option<String>,
        session: SessionId,
        now: Timestamp,
        jti: String,
    ) -> Self {
        Self {
            iss: issuer.to_owned(),
            aud: client.to_string(),
            sub: subject,
            sid: session.to_string(),
            iat: now.seconds(),
            exp: (now + LIFE).seconds(),
            jti,
            events: json!({ EVENT: {} }),
        }
    }
}

/// What follows from a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The app knows.
    Told,
    /// Once more at this moment.
    Again(Timestamp),
    /// Never again.
    Never,
}

/// What follows from try number `attempt` that ended at `now` with this status, or without an answer.
/// 400 is the app's own word that it could not sign the person out (§2.8): it will say so again.
pub fn verdict(status: Option<u16>, attempt: u32, now: Timestamp) -> Verdict {
    match status {
        Some(200..=299) => Verdict::Told,
        Some(400) => Verdict::Never,
        _ => {
            let done = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
            RETRIES
                .get(done)
                .map_or(Verdict::Never, |pause| Verdict::Again(now + *pause))
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_392_000);

    #[test]
    fn lo_03_a_logout_token_has_these_members_and_no_others() {
        let session = SessionId::new(NOW, &SeededEntropy::new(3));
        let token = |subject: Option<&str>| {
            let token = LogoutToken::new(
                "https://id.example",
                &ClientId::new("app"),
                subject.map(str::to_owned),
                session,
                NOW,
                "once".to_owned(),
            );
            serde_json::to_value(token).unwrap()
        };
        let expected = json!({
            "iss": "https://id.example", "aud": "app", "sub": "s", "sid": session.to_string(),
            "iat": NOW.seconds(), "exp": NOW.seconds() + 120, "jti": "once",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        assert_eq!(token(Some("s")), expected);
        assert_eq!(token(None).get("sub"), None);
    }

    #[test]
    fn lo_03_a_failed_try_is_repeated_five_times_with_growing_pauses() {
        let after = |attempt| verdict(Some(503), attempt, NOW);
        for (attempt, seconds) in [(1, 5), (2, 30), (3, 120), (4, 600), (5, 3600)] {
            let then = NOW + Duration::from_secs(seconds);
            assert_eq!(after(attempt), Verdict::Again(then));
            assert_eq!(verdict(None, attempt, NOW), Verdict::Again(then));
        }
        assert_eq!(after(6), Verdict::Never);
        assert_eq!(after(u32::MAX), Verdict::Never);
    }

    #[test]
    fn lo_03_success_and_refusal_are_final_and_a_redirect_is_neither() {
        assert_eq!(verdict(Some(200), 1, NOW), Verdict::Told);
        assert_eq!(verdict(Some(204), 6, NOW), Verdict::Told);
        assert_eq!(verdict(Some(400), 1, NOW), Verdict::Never);
        for status in [302, 401, 404, 429, 500] {
            let again = matches!(verdict(Some(status), 1, NOW), Verdict::Again(_));
            assert!(again, "{status}");
        }
    }
}
