//! Words and passwords that everybody tries first.

use std::sync::LazyLock;

/// Passwords of at least eight characters that are widely used, lower case, sorted. Composed from words,
/// dates, keyboard walks and the usual decorations; not taken from any leak (PW-09).
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Japanese names, places, seasons and everyday words in Latin letters, kana and kanji, which the English lists
/// of the estimator lack. Folded, sorted.
static JAPANESE: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("japanese.txt").lines().collect());

/// Whether a folded password (NFKC, lower case) is on the list.
pub(super) fn is_common(folded: &str) -> bool {
    COMMON.binary_search(&folded).is_ok()
}

pub(super) fn japanese_words() -> &'static [&'static str] {
    &JAPANESE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pw_09_japanese_words_are_there_in_every_script() {
        assert!(JAPANESE.len() >= 1_000, "{}", JAPANESE.len());
        assert!(JAPANESE.is_sorted_by(|a, b| a < b), "each is there once");
        for known in [
            "yokohama",
            "よこはま",
            "ヨコハマ",
            "横浜",
            "鈴木",
            "suzuki",
            "卯月",
        ] {
            assert!(JAPANESE.contains(&known), "{known}");
        }
        let folded = |word: &&str| super::super::folded(word) == **word;
        assert!(JAPANESE.iter().all(folded));
    }

    #[test]
    fn pw_09_the_list_has_more_than_3000_passwords_that_the_length_would_let_pass() {
        assert!(COMMON.len() > 3_000);
        assert!(COMMON.iter().all(|password| password.chars().count() >= 8));
        assert!(COMMON.is_sorted(), "it is searched by halves");
        for known in [
            "password123",
            "qwertyuiop",
            "sakura2020",
            "1qaz2wsx",
            "あいうえおかきくけこ",
        ] {
            assert!(is_common(known), "{known}");
        }
        assert!(!is_common("correct-horse-battery-7"));
    }
}
