//! Which new passwords are accepted (decisions: passwords; PW-01..11). One function decides for pages,
//! apps and the command line. Checking a password at sign-in never asks it.

mod context;
mod lists;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization as _;

pub use context::{About, words};

/// Length, characters and strength asked of a new password. There are no rules of composition, no hints
/// and no expiry (PW-08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest code points after NFC.
    pub min_length: usize,
    /// Fewest when no second step is asked of the account.
    pub min_length_alone: usize,
    /// Most code points after NFC; longer is refused, never cut (PW-04).
    pub max_length: usize,
    /// Which characters.
    pub allowed: AllowedCharacters,
    /// The least zxcvbn score, 0 to 4.
    pub min_score: u8,
    /// Whether the built-in list of common passwords is asked.
    pub common_list: bool,
}

/// Which characters a new password may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AllowedCharacters {
    /// Any printable character, spaces included.
    Printable,
    /// The 85 printable ASCII characters of the 2013 notice.
    #[serde(rename = "notice-2013")]
    Notice2013,
}

impl PasswordPolicy {
    /// 8 to 128, any printable character, zxcvbn at least 3; 15 without a second step.
    pub const STANDARD: Self = Self {
        min_length: 8,
        min_length_alone: 15,
        max_length: 128,
        allowed: AllowedCharacters::Printable,
        min_score: 3,
        common_list: true,
    };
    /// What the notice of 2013 offers: 6 to 32 of 85 characters; also requires the second step.
    pub const NOTICE_2013: Self = Self {
        min_length: 6,
        min_length_alone: 6,
        max_length: 32,
        allowed: AllowedCharacters::Notice2013,
        min_score: 0,
        common_list: false,
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
    /// On the list of leaked passwords that the operator gave (PW-10).
    #[error("it has appeared in a leak of passwords")]
    Breached,
    /// Contains the address or the service's name.
    #[error("it contains your address, your name or our name")]
    Context,
    /// Too easy to guess.
    #[error("it is too easy to guess")]
    Weak,
}

impl PasswordRefusal {
    /// The name in JSON and for texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short { .. } => "short",
            Self::Long { .. } => "long",
            Self::Character => "character",
            Self::Common => "common",
            Self::Breached => "breached",
            Self::Context => "context",
            Self::Weak => "weak",
        }
    }
}

/// What the decision needs besides the password.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// Words it must not contain, from [`words`].
    pub words: &'a [String],
    /// Whether a second step is asked of the account.
    pub second_step: bool,
    /// Whether it is on the operator's list of leaked passwords.
    pub breached: bool,
}

/// The one normalisation: NFC, once, before every hash and compare (PW-05).
pub fn normalised(password: &str) -> String {
    password.nfc().collect()
}

/// NFKC and lower case, for looking up in lists only: as a password it would merge distinct secrets.
pub(super) fn folded(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

/// Every reason against a new password, the plainest first; none if it is accepted. Longer than the
/// maximum is looked at no further: somebody may have sent a book.
pub fn judge(
    policy: &PasswordPolicy,
    password: &str,
    about: &Circumstances<'_>,
) -> Vec<PasswordRefusal> {
    let password = normalised(password);
    let length = password.chars().count();
    if length > policy.max_length {
        return vec![PasswordRefusal::Long {
            max: policy.max_length,
        }];
    }
    let mut reasons = Vec::new();
    let min = if about.second_step {
        policy.min_length
    } else {
        policy.min_length_alone.max(policy.min_length)
    };
    if length < min {
        reasons.push(PasswordRefusal::Short { min, length });
    }
    if !password.chars().all(|c| is_allowed(policy.allowed, c)) {
        reasons.push(PasswordRefusal::Character);
    }
    if about.breached {
        reasons.push(PasswordRefusal::Breached);
    }
    let folded = folded(&password);
    let common = policy.common_list && lists::is_common(&folded);
    if common {
        reasons.push(PasswordRefusal::Common);
    }
    if about
        .words
        .iter()
        .any(|word| folded.contains(word.as_str()))
    {
        reasons.push(PasswordRefusal::Context);
    }
    // Who is told that it is short or known need not hear that it is weak as well.
    if reasons.is_empty() && !is_strong(policy, &folded, about.words) {
        reasons.push(PasswordRefusal::Weak);
    }
    reasons
}

/// The first reason against it.
pub fn check(
    policy: &PasswordPolicy,
    password: &str,
    about: &Circumstances<'_>,
) -> Result<(), PasswordRefusal> {
    judge(policy, password, about)
        .first()
        .map_or(Ok(()), |reason| Err(*reason))
}

/// The estimator is given at most 64 characters, because its cost grows fast with length.
fn is_strong(policy: &PasswordPolicy, folded: &str, context: &[String]) -> bool {
    if policy.min_score == 0 {
        return true;
    }
    let head: String = folded.chars().take(64).collect();
    let context = context.iter().map(String::as_str);
    let words: Vec<&str> = context
        .chain(lists::japanese_words().iter().copied())
        .collect();
    u8::from(zxcvbn::zxcvbn(&head, &words).score()) >= policy.min_score
}

/// PW-07: no controls, nothing unassigned or private, nothing that cannot be seen.
fn is_allowed(allowed: AllowedCharacters, c: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned,
    };
    match allowed {
        AllowedCharacters::Printable => !matches!(
            get_general_category(c),
            Control
                | Format
                | LineSeparator
                | ParagraphSeparator
                | PrivateUse
                | Surrogate
                | Unassigned
        ),
        AllowedCharacters::Notice2013 => c.is_ascii_graphic() && !"\"'\\`,:;<>".contains(c),
    }
}
