//! Words and passwords that everybody tries first.

use std::sync::LazyLock;

/// Passwords of at least eight characters that are widely used, lower case, sorted. Composed from words,
/// dates, keyboard walks and the usual decorations; not taken from any leak (PW-09).
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Japanese words and names in Latin letters and kana, which the English lists of the estimator lack.
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
