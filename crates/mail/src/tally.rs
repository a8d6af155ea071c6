//! Tally words (合札): they tie a code page to its mail. Not a secret, and never checked.

use sekisho_model::{Entropy, Locale};

/// How many words there are.
pub const WORDS: u8 = 24;

const TABLE: [(&str, &str); 24] = [
    ("松", "Pine"),
    ("竹", "Bamboo"),
    ("梅", "Plum"),
    ("桜", "Cherry"),
    ("藤", "Wisteria"),
    ("楓", "Maple"),
    ("柳", "Willow"),
    ("蓮", "Lotus"),
    ("椿", "Camellia"),
    ("杉", "Cedar"),
    ("桃", "Peach"),
    ("柿", "Persimmon"),
    ("鶴", "Crane"),
    ("雁", "Goose"),
    ("鷹", "Hawk"),
    ("鷺", "Heron"),
    ("燕", "Swallow"),
    ("雀", "Sparrow"),
    ("鳩", "Dove"),
    ("鴨", "Duck"),
    ("雉", "Pheasant"),
    ("鶯", "Warbler"),
    ("鴎", "Gull"),
    ("梟", "Owl"),
];

/// Draws a word (below [`WORDS`]) and a number of two digits.
pub fn draw(entropy: &dyn Entropy) -> (u8, u8) {
    let word = u8::try_from(entropy.below(u64::from(WORDS))).unwrap_or_default();
    let number = u8::try_from(entropy.below(90) + 10).unwrap_or(10);
    (word, number)
}

/// The word of an index; indexes beyond the table wrap around.
pub fn word(index: u8, locale: Locale) -> &'static str {
    let (ja, en) = TABLE
        .get(usize::from(index % WORDS))
        .copied()
        .unwrap_or_default();
    match locale {
        Locale::Ja => ja,
        Locale::En => en,
    }
}

/// Word and number as they are shown: `松 47`, `Pine 47`.
pub fn words(index: u8, number: u8, locale: Locale) -> String {
    format!("{} {number:02}", word(index, locale))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sekisho_model::SeededEntropy;

    use super::*;

    #[test]
    fn all_words_differ_in_both_languages() {
        for locale in Locale::ALL {
            let seen: BTreeSet<&str> = (0..WORDS).map(|index| word(index, locale)).collect();
            assert_eq!(seen.len(), usize::from(WORDS));
            assert!(!seen.contains(""));
        }
        assert_eq!(words(0, 47, Locale::Ja), "松 47");
        assert_eq!(words(24, 5, Locale::En), "Pine 05");
    }

    #[test]
    fn a_drawn_number_has_two_digits() {
        let entropy = SeededEntropy::new(1);
        for _ in 0..1000 {
            let (word, number) = draw(&entropy);
            assert!(word < WORDS && (10..=99).contains(&number));
        }
    }
}
