//! Recovery codes: 80 random bits as sixteen letters and digits (REC-05).

use sekisho_model::{Digest, UserId};
use unicode_normalization::UnicodeNormalization as _;

/// How many are in a set.
pub const SET: usize = 10;
/// Random bytes of one.
pub const BYTES: usize = 10;
/// Letters and digits of one.
const LENGTH: usize = 16;
/// Crockford's alphabet: nothing that is mistaken for something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code with these random bytes, as it is shown: four groups of four.
pub fn spelled(random: [u8; BYTES]) -> String {
    let mut text = String::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in random {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            let place = usize::try_from((bits >> held) & 31).unwrap_or(0);
            if !text.is_empty() && text.len() % 5 == 4 {
                text.push('-');
            }
            text.extend(ALPHABET.get(place).map(|letter| char::from(*letter)));
        }
        bits &= 31;
    }
    text
}

/// What was typed without hyphens, spaces and case, with what is easily mistaken set right; `None` if it
/// cannot be a code.
pub fn normalised(typed: &str) -> Option<String> {
    let mut code = String::new();
    for letter in typed.chars().take(100).nfkc() {
        let letter = match letter.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            '-' | '‐' | '‑' | '–' | '—' | 'ー' | '−' => continue,
            letter if letter.is_whitespace() => continue,
            letter => letter,
        };
        let known = u8::try_from(letter).is_ok_and(|byte| ALPHABET.contains(&byte));
        if !known {
            return None;
        }
        code.push(letter);
    }
    (code.len() == LENGTH).then_some(code)
}

/// What is stored of a code, bound to its owner.
pub fn digest(key: &Digest, user: UserId, normalised: &str) -> Digest {
    let user = user.to_string();
    let parts = [
        b"recovery-code".as_slice(),
        user.as_bytes(),
        normalised.as_bytes(),
    ];
    Digest::keyed(key.as_bytes(), &parts)
}

#[cfg(test)]
mod tests {
    use sekisho_model::{SeededEntropy, Timestamp};

    use super::*;

    #[test]
    fn rec_05_a_code_holds_eighty_bits_and_is_read_back() {
        assert_eq!(spelled([0; BYTES]), "0000-0000-0000-0000");
        assert_eq!(spelled([255; BYTES]), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        let code = spelled([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(code, "0410-6105-0R3G-G28A");
        let plain = code.replace('-', "");
        assert_eq!(normalised(&code).as_deref(), Some(plain.as_str()));
    }

    #[test]
    fn rec_05_typing_is_forgiven_and_nothing_else() {
        let right = "04106105OR3GG28A".replace('O', "0");
        for typed in [
            "o4i06l05 0r3g-g28a",
            "０４１０ー６１０５ー０Ｒ３Ｇ－Ｇ２８Ａ",
            "  04106105-0R3G-G28A\n",
        ] {
            assert_eq!(
                normalised(typed).as_deref(),
                Some(right.as_str()),
                "{typed}"
            );
        }
        for wrong in [
            "",
            "0410",
            "0410-6105-0R3G-G28U",
            "0410-6105-0R3G-G28A-0",
            "あ",
        ] {
            assert_eq!(normalised(wrong), None, "{wrong}");
        }
        assert_eq!(normalised(&"0".repeat(100_000)), None);
    }

    #[test]
    fn rec_05_a_code_is_stored_for_its_owner_alone() {
        let (key, entropy) = (Digest::of(b"key"), SeededEntropy::new(1));
        let user = |s| UserId::new(Timestamp::from_seconds(s), &entropy);
        let (a, b) = (user(1), user(2));
        assert_ne!(digest(&key, a, "X"), digest(&key, b, "X"));
        assert_ne!(digest(&key, a, "X"), Digest::of(b"X"));
    }
}
