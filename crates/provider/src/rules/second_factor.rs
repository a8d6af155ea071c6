//! Second steps that are stronger than a mailed code: authenticator apps (RFC 6238) and passkeys (OTP-26).

use std::time::Duration;

use sekisho_model::{Factor, FactorKind, FactorLoss, Timestamp};
use totp_rs::{Builder, Totp};
use unicode_normalization::UnicodeNormalization as _;

use super::sign_in::Stronger;

/// Bytes of an app's secret (RFC 4226 §4 R6).
pub const SECRET_BYTES: usize = 20;
/// Digits of an app's code.
pub const DIGITS: u8 = 6;
/// Longest name of a passkey, in characters.
pub const LONGEST_NAME: usize = 60;
/// How many passkeys an account may have.
pub const MOST_PASSKEYS: usize = 20;
/// How long a reported loss waits before a mailed code is accepted: the owner is told meanwhile.
pub const LOSS_DELAY: Duration = Duration::from_hours(72);
/// How long a mailed code is accepted then.
pub const LOSS_LIFE: Duration = Duration::from_hours(24 * 7);

fn totp(secret: &[u8]) -> Option<Builder> {
    let builder = Builder::new().with_digits(DIGITS).with_skew(1);
    (secret.len() >= SECRET_BYTES).then(|| builder.with_step_duration(30).with_secret(secret))
}

/// The time step whose code `code` is: the present one, or the one before or after it. Codes of 30 seconds by
/// HMAC-SHA-1, which is all that every app knows (RFC 6238 §4).
pub fn matched_step(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.micros().div_euclid(1_000_000)).ok()?;
    let step = totp(secret)?.build().ok()?.check(code, seconds)?;
    i64::try_from(step).ok()
}

/// The address an authenticator app reads from the picture; `None` if it cannot be made.
pub fn app_address(secret: &[u8], service: &str, account: &str) -> Option<String> {
    // A colon would end the name of the service.
    let plain = |text: &str| text.replace(':', " ");
    let named = totp(secret)?
        .with_issuer(Some(plain(service)))
        .with_account_name(plain(account));
    named.build().as_ref().map(Totp::to_url).ok()?.ok()
}

/// The secret in letters and digits, in groups of four, for whoever cannot scan.
pub fn spelled_secret(secret: &[u8]) -> String {
    let letters: Vec<char> = totp_rs::Secret::from(secret).to_base32().chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

/// A name somebody gave a passkey, tidied; `None` if there is none or it is too long.
pub fn clean_name(typed: &str) -> Option<String> {
    let folded: String = typed
        .chars()
        .take(1_000)
        .nfc()
        .filter(|c| !c.is_control())
        .collect();
    let name = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    (1..=LONGEST_NAME)
        .contains(&name.chars().count())
        .then_some(name)
}

/// What is asked for after the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A mailed code.
    Mailed,
    /// What the account has that is stronger.
    Stronger(Stronger),
    /// A mailed code, because the stronger one was reported lost long ago and nobody objected.
    MailedForLost,
    /// Nothing could be asked for: no address, and nothing stronger.
    Nothing,
}

/// What is asked for. Once something stronger is there, a mailed code is not offered beside it (OTP-26).
pub fn asked(
    factors: &[Factor],
    loss: Option<&FactorLoss>,
    code_address: bool,
    now: Timestamp,
) -> Asked {
    let has = |kind| factors.iter().any(|factor| factor.kind == kind);
    let stronger = Stronger {
        app: has(FactorKind::Totp),
        passkey: has(FactorKind::Passkey),
    };
    if !stronger.app && !stronger.passkey {
        return if code_address {
            Asked::Mailed
        } else {
            Asked::Nothing
        };
    }
    if code_address && loss.is_some_and(|loss| is_due(loss, now)) {
        return Asked::MailedForLost;
    }
    Asked::Stronger(stronger)
}

/// Whether a mailed code counts now in the place of what was reported lost.
pub fn is_due(loss: &FactorLoss, now: Timestamp) -> bool {
    loss.due_at <= now && now < loss.ends_at
}

/// Who says that the second step stays on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// The operator, for everybody.
    Everybody,
    /// An app the person lets in; by name.
    App(String),
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Digest, FactorId, Sealed, SeededEntropy, SessionId, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_111_111_109);
    /// RFC 6238 appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn factor(kind: FactorKind) -> Factor {
        let entropy = SeededEntropy::new(1);
        Factor {
            id: FactorId::new(NOW, &entropy),
            user_id: UserId::new(NOW, &entropy),
            kind,
            sealed: Sealed::from_bytes(Vec::new()),
            credential: None,
            made_in: SessionId::new(NOW, &entropy),
            made_at: NOW,
            last_used_at: None,
            mark: 0,
        }
    }

    #[test]
    fn otp_26_an_app_s_code_is_that_of_rfc_6238_and_names_its_step() {
        // The vectors have eight digits; six are their end.
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            let step = matched_step(SECRET, code, Timestamp::from_seconds(at));
            assert_eq!(step, Some(at / 30), "{code}");
        }
        let at = |seconds| matched_step(SECRET, "081804", NOW + Duration::from_secs(seconds));
        assert_eq!(at(30), at(0), "a slow thumb");
        assert_eq!(at(61), None);
        assert_eq!(matched_step(SECRET, "081805", NOW), None);
        for odd in ["", "81804", "0818040", "08180a", "０８１８０４"] {
            assert_eq!(matched_step(SECRET, odd, NOW), None, "{odd}");
        }
        assert_eq!(matched_step(b"short", "081804", NOW), None);
    }

    #[test]
    fn otp_26_what_is_stronger_is_never_joined_by_a_mailed_code() {
        let both = [factor(FactorKind::Totp), factor(FactorKind::Passkey)];
        let stronger = |app, passkey| Asked::Stronger(Stronger { app, passkey });
        assert_eq!(asked(&[], None, true, NOW), Asked::Mailed);
        assert_eq!(asked(&[], None, false, NOW), Asked::Nothing);
        assert_eq!(asked(&both, None, true, NOW), stronger(true, true));
        assert_eq!(asked(&both[1..], None, true, NOW), stronger(false, true));
        assert_eq!(asked(&both[..1], None, false, NOW), stronger(true, false));
    }

    #[test]
    fn otp_26_a_loss_counts_after_three_days_for_a_week_and_only_with_an_address() {
        let factors = [factor(FactorKind::Totp)];
        let loss = FactorLoss {
            user_id: factors[0].user_id,
            digest: Digest::of(b"link"),
            asked_at: NOW,
            due_at: NOW + LOSS_DELAY,
            ends_at: NOW + LOSS_DELAY + LOSS_LIFE,
        };
        let hours = |hours| {
            let at = NOW + Duration::from_hours(hours);
            asked(&factors, Some(&loss), true, at) == Asked::MailedForLost
        };
        assert!(!hours(0) && !hours(71));
        assert!(hours(72) && hours(72 + 24 * 7 - 1));
        assert!(!hours(72 + 24 * 7));
        let without = asked(&factors, Some(&loss), false, NOW + LOSS_DELAY);
        assert!(matches!(without, Asked::Stronger(_)));
        // Without anything to lose it is of no account.
        assert_eq!(
            asked(&[], Some(&loss), true, NOW + LOSS_DELAY),
            Asked::Mailed
        );
    }

    #[test]
    fn the_picture_and_the_letters_hold_the_same_secret() {
        assert_eq!(
            spelled_secret(SECRET),
            "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
        );
        let address = app_address(SECRET, "Aozora: ID", "haruka@example.jp").unwrap();
        assert!(address.starts_with("otpauth://totp/"), "{address}");
        assert!(
            address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{address}"
        );
        assert!(!address.contains("Aozora:"), "{address}");
    }

    #[test]
    fn names_are_tidied_and_neither_empty_nor_endless() {
        assert_eq!(
            clean_name("  わたしの\u{7}  鍵 ").as_deref(),
            Some("わたしの 鍵")
        );
        for odd in ["", "  ", "\u{0}\n", &"あ".repeat(61), &"x".repeat(100_000)] {
            assert_eq!(clean_name(odd), None);
        }
        assert!(clean_name(&"あ".repeat(60)).is_some());
    }
}
