use proptest::prelude::*;
use sekisho_fuzz::config;
use unicode_normalization::UnicodeNormalization as _;

use super::{target, text};
use crate::rules::device::UserCode;

#[test]
fn rfc_8628_6_1_a_user_code_is_eight_letters_and_nothing_else_but_blanks_and_dashes() {
    target(
        "user_code",
        &[
            "ＷＤＪＢ",
            "\u{3000}",
            "\u{2013}",
            "ー",
            "bcdf",
            "A",
            "0",
            "\u{212a}",
        ],
    )
    .run(|input| {
        let typed = text(input);
        let Some(code) = UserCode::read(&typed) else {
            return false;
        };
        assert!(typed.len() <= 256);
        let plain: String = typed.nfkc().collect();
        let letters: String = plain.chars().filter(char::is_ascii_alphanumeric).collect();
        assert_eq!(letters.to_ascii_uppercase(), code.letters());
        assert!(
            code.letters()
                .bytes()
                .all(|b| b"BCDFGHJKLMNPQRSTVWXZ".contains(&b))
        );
        let odd = |c: &char| !c.is_ascii_alphanumeric() && !c.is_whitespace();
        let dashes = "-_.‐‑‒–—―−ー";
        assert!(
            plain.chars().filter(odd).all(|c| dashes.contains(c)),
            "{typed}"
        );
        assert_eq!(UserCode::read(&code.shown()), Some(code));
        true
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn thr_17_every_code_is_read_however_it_is_typed(number in 0..UserCode::ALL, lower: bool, gaps in prop::collection::vec(0_usize..5, 8)) {
        let code = UserCode::of(number);
        let typed: Vec<String> = code
            .letters()
            .chars()
            .zip(gaps)
            .map(|(letter, gap)| {
                let letter = if lower { letter.to_ascii_lowercase() } else { letter };
                format!("{letter}{}", ["", " ", "-", "\u{3000}", "\u{2013}"][gap])
            })
            .collect();
        prop_assert_eq!(UserCode::read(&typed.concat()), Some(code));
    }
}
