//! Whether a session proved its person lately, and with enough, to change what matters (REC-07, SES-10,
//! `ux.md` 5.7).

use std::time::Duration;

use sekisho_model::{AuthenticationMethod, BrowserSession, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a sign-in is fresh.
pub const FRESH: Duration = Duration::from_mins(10);

/// What has to be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// Password and second step, whether or not sign-ins ask for both: who knows the password must not take over
    /// the rest.
    BothSteps,
    /// The password, of whoever has nothing to prove a second step with.
    Password,
}

/// What an account has to prove: everything it has, and both steps while everybody is asked for them.
pub const fn wanted(has_second_step: bool, asked_of_everybody: bool) -> Wanted {
    if has_second_step || asked_of_everybody {
        Wanted::BothSteps
    } else {
        Wanted::Password
    }
}

/// Whether `session` proved that, lately.
pub fn is_fresh(session: &BrowserSession, wanted: Wanted, now: Timestamp) -> bool {
    let proved = match wanted {
        Wanted::BothSteps => AuthenticationMethod::prove_second_step(&session.methods),
        Wanted::Password => true,
    };
    proved && now.since(session.auth_time) < FRESH
}

#[cfg(test)]
mod tests {
    use sekisho_model::{BrowserId, Digest, Epoch, SeededEntropy, SessionId, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(10_000);

    fn session(methods: &[AuthenticationMethod], age: u64) -> BrowserSession {
        let entropy = SeededEntropy::new(1);
        let auth_time = NOW - Duration::from_secs(age);
        BrowserSession {
            id: SessionId::new(NOW, &entropy),
            digest: Digest::of(b"cookie"),
            user_id: UserId::new(NOW, &entropy),
            browser_id: BrowserId::new(NOW, &entropy),
            created_at: auth_time,
            last_seen_at: NOW,
            expires_at: NOW + FRESH,
            auth_time,
            methods: methods.to_vec(),
            epoch: Epoch(0),
            ip: String::new(),
            user_agent: String::new(),
        }
    }

    #[test]
    fn rec_07_what_the_account_has_is_asked_whether_or_not_sign_ins_ask_it() {
        use AuthenticationMethod::{Hwk, Otp, Pwd, User};
        let fresh = |methods: &[_], has, everybody| {
            is_fresh(&session(methods, 599), wanted(has, everybody), NOW)
        };
        assert!(fresh(&[Pwd, Otp], true, false));
        assert!(fresh(&[Pwd, Hwk, User], true, true));
        assert!(!fresh(&[Pwd], true, false));
        assert!(!fresh(&[Pwd], false, true), "a level asks it of everybody");
        assert!(fresh(&[Pwd], false, false), "there is nothing else");
        let old = session(&[Pwd, Otp], 600);
        assert!(!is_fresh(&old, wanted(true, false), NOW));
        assert!(!is_fresh(&old, wanted(false, false), NOW));
    }
}
