//! The mailed one-time code: how it is made, typed and authenticated (OTP-01, OTP-02, OTP-14, OTP-16).

use sekisho_model::{ChallengeId, Digest, UserId};

/// What a code is for; a code of one purpose is refused for another (OTP-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodePurpose {
    /// Signing in.
    SignIn,
}

impl CodePurpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::SignIn => b"sign-in",
        }
    }
}

/// The code with the number `draw`, in `digits` digits with leading zeros.
pub fn spelled(draw: u64, digits: u8) -> String {
    format!("{draw:0width$}", width = usize::from(digits))
}

/// How many codes of `digits` digits there are.
pub fn count(digits: u8) -> u64 {
    10_u64.saturating_pow(u32::from(digits))
}

/// Why a typed text cannot be a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedRefusal {
    /// Nothing was typed.
    Empty,
    /// Another number of digits.
    Length(usize),
    /// Something that is neither digit, space nor hyphen.
    Character,
}

/// Folds full-width digits, spaces and hyphens; nothing else passes (OTP-16).
pub fn normalised(typed: &str, digits: u8) -> Result<String, TypedRefusal> {
    let mut code = String::new();
    for c in typed.chars().take(200) {
        match c {
            '0'..='9' => code.push(c),
            '０'..='９' => code.extend(char::from_digit(u32::from(c) - u32::from('０'), 10)),
            '-' | '－' | '‐' | '‑' | '–' | '—' | 'ー' | '−' => {}
            c if c.is_whitespace() => {}
            _ => return Err(TypedRefusal::Character),
        }
    }
    match code.len() {
        0 => Err(TypedRefusal::Empty),
        length if length == usize::from(digits) => Ok(code),
        length => Err(TypedRefusal::Length(length)),
    }
}

/// What is stored of a code: an HMAC bound to challenge, account and purpose (OTP-14).
pub fn mac(
    key: &Digest,
    purpose: CodePurpose,
    id: &ChallengeId,
    user: UserId,
    code: &str,
) -> Digest {
    let user = user.to_string();
    let parts = [
        purpose.label(),
        id.as_str().as_bytes(),
        user.as_bytes(),
        code.as_bytes(),
    ];
    Digest::keyed(key.as_bytes(), &parts)
}

#[cfg(test)]
mod tests {
    use sekisho_model::{SeededEntropy, Timestamp};

    use super::*;

    #[test]
    fn otp_02_codes_keep_leading_zeros() {
        assert_eq!(spelled(42, 8), "00000042");
        assert_eq!(count(8), 100_000_000);
    }

    #[test]
    fn otp_16_only_digits_spaces_and_hyphens_pass() {
        for good in [
            "48291537",
            "4829 1537",
            "4829-1537",
            "４８２９　１５３７",
            " 48291537\n",
        ] {
            assert_eq!(normalised(good, 8).as_deref(), Ok("48291537"), "{good}");
        }
        assert_eq!(normalised("", 8), Err(TypedRefusal::Empty));
        assert_eq!(normalised("482915", 8), Err(TypedRefusal::Length(6)));
        for bad in [
            "4829153a",
            "null",
            "[48291537]",
            "true",
            "+8291537",
            "٤٨٢٩١٥٣٧",
        ] {
            assert_eq!(normalised(bad, 8), Err(TypedRefusal::Character), "{bad}");
        }
    }

    #[test]
    fn otp_09_the_mac_binds_challenge_account_and_code() {
        let key = Digest::of(b"key");
        let entropy = SeededEntropy::new(1);
        let user = |s| UserId::new(Timestamp::from_seconds(s), &entropy);
        let (a, b) = (user(1), user(2));
        let id = ChallengeId::new("c");
        let base = mac(&key, CodePurpose::SignIn, &id, a, "12345678");
        assert_ne!(base, mac(&key, CodePurpose::SignIn, &id, b, "12345678"));
        assert_ne!(
            base,
            mac(
                &key,
                CodePurpose::SignIn,
                &ChallengeId::new("d"),
                a,
                "12345678"
            )
        );
        assert_ne!(base, mac(&key, CodePurpose::SignIn, &id, a, "12345679"));
    }
}
