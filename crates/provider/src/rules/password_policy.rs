//! Which new passwords are accepted (decisions: passwords; PW-01..11). Checking a password at sign-in
//! never asks this rule.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Length, characters and strength asked of a new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest code points after NFC.
    pub min_length: usize,
    /// Most code points after NFC; longer is refused, never cut (PW-04).
    pub max_length: usize,
    /// Which characters.
    pub allowed: AllowedCharacters,
    /// The least zxcvbn score, 0 to 4.
    pub min_score: u8,
}

/// Which characters a new password may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedCharacters {
    /// Any printable character, spaces included.
    Printable,
    /// The 85 printable ASCII characters of the 2013 notice.
    Notice2013,
}

impl PasswordPolicy {
    /// 8 to 128, any printable character, zxcvbn at least 3.
    pub const STANDARD: Self = Self {
        min_length: 8,
        max_length: 128,
        allowed: AllowedCharacters::Printable,
        min_score: 3,
    };
    /// What the notice of 2013 offers: 6 to 32 of 85 characters; also requires the second step.
    pub const NOTICE_2013: Self = Self {
        min_length: 6,
        max_length: 32,
        allowed: AllowedCharacters::Notice2013,
        min_score: 0,
    };
}

/// Why a new password is refused, in words a page can show (PW-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Too few characters.
    #[error("use at least {min} characters; this has {length}")]
    Short {
        /// Fewest.
        min: usize,
        /// As typed.
        length: usize,
    },
    /// Too many characters.
    #[error("use at most {max} characters")]
    Long {
        /// Most.
        max: usize,
    },
    /// A character that is not allowed.
    #[error("it has a character that is not allowed")]
    Character,
    /// On the list of common passwords.
    #[error("it is on a list of common passwords")]
    Common,
    /// Contains the address or the service's name.
    #[error("it contains your address, your name or our name")]
    Context,
    /// Too easy to guess.
    #[error("it is too easy to guess")]
    Weak,
}

/// The one normalisation: NFC, once, before every hash and compare (PW-05).
pub fn normalised(password: &str) -> String {
    password.nfc().collect()
}

/// Decides about a new password; `context` are words it must not contain (service, address parts).
pub fn check(
    policy: &PasswordPolicy,
    password: &str,
    context: &[&str],
) -> Result<(), PasswordRefusal> {
    let password = normalised(password);
    let length = password.chars().count();
    if length < policy.min_length {
        return Err(PasswordRefusal::Short {
            min: policy.min_length,
            length,
        });
    }
    if length > policy.max_length {
        return Err(PasswordRefusal::Long {
            max: policy.max_length,
        });
    }
    if !password.chars().all(|c| is_allowed(policy.allowed, c)) {
        return Err(PasswordRefusal::Character);
    }
    let folded: String = password.nfkc().collect::<String>().to_lowercase();
    if context
        .iter()
        .any(|word| word.chars().count() >= 4 && folded.contains(&word.to_lowercase()))
    {
        return Err(PasswordRefusal::Context);
    }
    strength(policy, &folded, context)
}

/// zxcvbn brings the list of common passwords; it is given at most 64 characters, because its cost
/// grows fast with length.
fn strength(
    policy: &PasswordPolicy,
    folded: &str,
    context: &[&str],
) -> Result<(), PasswordRefusal> {
    if policy.min_score == 0 {
        return Ok(());
    }
    let head: String = folded.chars().take(64).collect();
    let estimate = zxcvbn::zxcvbn(&head, context);
    if u8::from(estimate.score()) >= policy.min_score {
        return Ok(());
    }
    if estimate.guesses_log10() <= 5.0 {
        Err(PasswordRefusal::Common)
    } else {
        Err(PasswordRefusal::Weak)
    }
}

/// PW-07: no controls, nothing unassigned or private.
fn is_allowed(allowed: AllowedCharacters, c: char) -> bool {
    match allowed {
        AllowedCharacters::Printable => {
            let code = u32::from(c);
            let private = matches!(code, 0xE000..=0xF8FF | 0xF0000.. | 0xFDD0..=0xFDEF)
                || code & 0xFFFE == 0xFFFE;
            (c == ' ' || is_combining_mark(c) || !(c.is_control() || private))
                && !matches!(code, 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF)
        }
        AllowedCharacters::Notice2013 => c.is_ascii_graphic() && !"\"'\\`,:;<>".contains(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: PasswordPolicy = PasswordPolicy::STANDARD;

    #[test]
    fn pw_04_longer_than_the_maximum_is_refused() {
        let long = "correct horse battery staple ".repeat(5);
        assert_eq!(
            check(&STANDARD, &long, &[]),
            Err(PasswordRefusal::Long { max: 128 })
        );
    }

    #[test]
    fn pw_06_canonically_equal_passwords_are_one_and_others_differ() {
        assert_eq!(normalised("が"), normalised("か\u{3099}"));
        assert_eq!(normalised("é"), normalised("e\u{301}"));
        assert_ne!(normalised("A"), normalised("Ａ"));
        assert_ne!(normalised("a"), normalised("a "));
    }

    #[test]
    fn pw_03_length_counts_code_points() {
        let policy = PasswordPolicy {
            min_score: 0,
            ..STANDARD
        };
        assert_eq!(
            check(&policy, "あいうえおかき", &[]),
            Err(PasswordRefusal::Short { min: 8, length: 7 })
        );
        assert_eq!(check(&policy, "あいうえおかきく", &[]), Ok(()));
    }

    #[test]
    fn pw_07_controls_are_refused() {
        let policy = PasswordPolicy {
            min_score: 0,
            ..STANDARD
        };
        for bad in [
            "abcdefgh\0",
            "abcdefgh\n",
            "abcdefgh\u{200b}",
            "abcdefgh\u{e000}",
        ] {
            assert_eq!(
                check(&policy, bad, &[]),
                Err(PasswordRefusal::Character),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn pw_09_common_and_context_words_are_refused_by_name() {
        assert_eq!(
            check(&STANDARD, "password1", &[]),
            Err(PasswordRefusal::Common)
        );
        assert_eq!(
            check(&STANDARD, "ｐａｓｓｗｏｒｄ1", &[]),
            Err(PasswordRefusal::Common)
        );
        assert_eq!(
            check(&STANDARD, "xx-Haruka.M-99", &["haruka.m"]),
            Err(PasswordRefusal::Context)
        );
        assert_eq!(
            check(&STANDARD, "correct-horse-battery-7", &["haruka.m"]),
            Ok(())
        );
    }

    /// S9: 8 to 32 characters is "about 200 x 10^44 times harder": 85^24.
    #[test]
    fn the_notice_s_figure_is_85_to_the_24th() {
        let allowed = (0_u8..128)
            .filter(|b| is_allowed(AllowedCharacters::Notice2013, char::from(*b)))
            .count();
        assert_eq!(allowed, 85);
        let harder = 85_f64.powi(32 - 8);
        assert!((harder / 1e44 - 200.0).abs() < 5.0, "{harder:e}");
    }
}
