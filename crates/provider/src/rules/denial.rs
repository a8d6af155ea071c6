//! What "this was not me" takes back at once, and what it does not. Whoever has the password and a mailbox could
//! say it as well, so that what has guarded an account for a while does not fall by a mail alone (OTP-26, TD-08).

use std::time::Duration;

use sekisho_model::{AuthenticationMethod, Factor, FactorKind, Timestamp};

/// How long something new can be taken back at once.
pub const YOUNG: Duration = Duration::from_hours(24);

/// Whether something that was done at `at` is so new that it falls at once.
pub fn is_young(at: Timestamp, now: Timestamp) -> bool {
    now <= at + YOUNG
}

/// Whether a second step falls at once: it is new, and nobody signed in with it outside of the sessions that are
/// denied. Otherwise its loss counts as reported: three days, in which the owner can object.
pub fn falls_at_once(factor: &Factor, used_elsewhere: bool, now: Timestamp) -> bool {
    is_young(factor.made_at, now) && !(used_elsewhere && factor.last_used_at.is_some())
}

/// Whether a sign-in with these methods can have been one with a second step of this kind. A recovery code looks like
/// an app: in doubt it was the app.
pub fn can_be_by(kind: FactorKind, amr: &[&str]) -> bool {
    let has = |method: AuthenticationMethod| amr.contains(&method.name());
    match kind {
        FactorKind::Totp => has(AuthenticationMethod::Otp),
        FactorKind::Passkey => has(AuthenticationMethod::Hwk) || has(AuthenticationMethod::Swk),
    }
}

/// One change of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed<T> {
    /// When.
    pub at: Timestamp,
    /// Whether it was made in a session that is denied.
    pub denied: bool,
    /// What was before.
    pub before: T,
}

/// The changes that a denial undoes, newest first: those that nobody else followed, of the last day if there are any.
/// The last of them tells what was before.
pub fn undone<T>(newest_first: &[Changed<T>], now: Timestamp) -> &[Changed<T>] {
    let run = |wanted: &dyn Fn(&Changed<T>) -> bool| {
        let end = newest_first.iter().position(|change| !wanted(change));
        newest_first
            .get(..end.unwrap_or(newest_first.len()))
            .unwrap_or_default()
    };
    let young = run(&|change| change.denied && is_young(change.at, now));
    if young.is_empty() {
        run(&|change| change.denied)
    } else {
        young
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::{FactorId, Sealed, SeededEntropy, SessionId, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    const fn hours(hours: u64) -> Duration {
        Duration::from_hours(hours)
    }

    fn factor(age: Duration, used: bool) -> Factor {
        let entropy = SeededEntropy::new(1);
        Factor {
            id: FactorId::new(NOW, &entropy),
            user_id: UserId::new(NOW, &entropy),
            kind: FactorKind::Totp,
            sealed: Sealed::from_bytes(Vec::new()),
            credential: None,
            made_in: SessionId::new(NOW, &entropy),
            made_at: NOW - age,
            last_used_at: used.then_some(NOW),
            mark: 0,
        }
    }

    #[test]
    fn otp_26_only_a_new_second_step_that_nobody_else_uses_falls_at_once() {
        for (age, used, elsewhere, falls) in [
            (1, false, false, true),
            (24, false, false, true),
            (25, false, false, false),
            (1, true, false, true),
            (1, true, true, false),
            // Somebody signed in with a recovery code; the app has never been used.
            (1, false, true, true),
            (25, true, true, false),
        ] {
            let found = falls_at_once(&factor(hours(age), used), elsewhere, NOW);
            assert_eq!(found, falls, "{age} {used} {elsewhere}");
        }
    }

    #[test]
    fn the_methods_of_a_sign_in_tell_what_it_can_have_been() {
        assert!(can_be_by(FactorKind::Totp, &["pwd", "otp"]));
        assert!(!can_be_by(FactorKind::Totp, &["pwd"]));
        assert!(!can_be_by(FactorKind::Totp, &["pwd", "hwk", "user"]));
        assert!(can_be_by(FactorKind::Passkey, &["pwd", "swk", "user"]));
        assert!(!can_be_by(FactorKind::Passkey, &["pwd", "otp"]));
    }

    #[test]
    fn td_08_what_is_undone_ends_where_somebody_else_changed_it_or_a_day_ago() {
        let change = |age, denied, before| Changed {
            at: NOW - hours(age),
            denied,
            before,
        };
        let last = |changes: &[Changed<u8>]| undone(changes, NOW).last().map(|one| one.before);
        assert_eq!(last(&[]), None);
        assert_eq!(last(&[change(1, true, 3), change(2, true, 2)]), Some(2));
        assert_eq!(last(&[change(1, false, 3), change(2, true, 2)]), None);
        assert_eq!(last(&[change(1, true, 3), change(2, false, 2)]), Some(3));
        assert_eq!(last(&[change(1, true, 3), change(99, true, 2)]), Some(3));
        assert_eq!(last(&[change(98, true, 3), change(99, true, 2)]), Some(2));
    }
}
