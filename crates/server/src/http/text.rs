//! Words: the texts of a language, and names from outside in a harmless form (WEB-18).

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, langid, static_loader};
use sekisho_model::Locale;

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "ja",
        // Isolation marks around values would be copied along with codes and addresses.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const JA: LanguageIdentifier = langid!("ja");
const EN: LanguageIdentifier = langid!("en");

/// The texts of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translator {
    locale: Locale,
}

impl Translator {
    /// Speaks `locale`.
    pub const fn new(locale: Locale) -> Self {
        Self { locale }
    }

    /// The language spoken.
    pub const fn locale(self) -> Locale {
        self.locale
    }

    /// The text of `key`.
    pub fn t(self, key: &str) -> String {
        self.look_up(key, None)
    }

    /// The text of `key` with texts in its places.
    pub fn with(self, key: &str, values: &[(&'static str, &str)]) -> String {
        let text = |value: &str| FluentValue::String(Cow::Owned(value.to_owned()));
        let values = values
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), text(value)));
        self.look_up(key, Some(&values.collect()))
    }

    /// The text of `key` for a number `n`; it chooses singular or plural.
    pub fn count(self, key: &str, n: u64) -> String {
        let values = HashMap::from([(Cow::Borrowed("n"), FluentValue::from(n))]);
        self.look_up(key, Some(&values))
    }

    /// A key without a text shows as `⟦key⟧`, and the page tests fail.
    fn look_up(
        self,
        key: &str,
        values: Option<&HashMap<Cow<'static, str>, FluentValue<'static>>>,
    ) -> String {
        let language = match self.locale {
            Locale::Ja => &JA,
            Locale::En => &EN,
        };
        LOCALES
            .lookup_single_language(language, key, values)
            .unwrap_or_else(|_missing| format!("⟦{key}⟧"))
    }
}

/// Longest name of an app or a person on a page.
const LONGEST_NAME: usize = 60;

/// A name from outside as it may stand on a page: one line, nothing that is invisible or turns the
/// writing direction, at most 60 characters.
pub fn clean_name(name: &str) -> String {
    clean(name, LONGEST_NAME)
}

/// Text from outside as it may stand on a page, cut to `longest` characters.
pub fn clean(text: &str, longest: usize) -> String {
    let spaced = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<String> = spaced
        .map(|word| word.chars().filter(|c| !is_hidden(*c)).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let line = words.join(" ");
    if line.chars().count() <= longest {
        return line;
    }
    let kept: String = line.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Characters without a shape of their own: bidi controls, zero-width, fillers, tags, variation
/// selectors.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The keys of a file, and for each the values it wants.
    fn keys(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut found = BTreeSet::new();
        let mut current: Option<(String, BTreeSet<String>)> = None;
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let named = line.split_once(" =").filter(|_| !line.starts_with(' '));
            if let Some((key, _)) = named {
                found.extend(current.replace((key.to_owned(), BTreeSet::new())));
            }
            let wanted = line.split('$').skip(1);
            let name = |rest: &str| {
                rest.split(|c: char| !c.is_alphanumeric())
                    .next()
                    .unwrap()
                    .to_owned()
            };
            if let Some((_, values)) = &mut current {
                values.extend(wanted.map(name));
            }
        }
        found.extend(current);
        found
    }

    #[test]
    fn both_languages_have_the_same_keys_and_values() {
        let ja = keys(include_str!("../../locales/ja.ftl"));
        let en = keys(include_str!("../../locales/en.ftl"));
        assert!(ja.len() > 200);
        let only_ja: Vec<_> = ja.difference(&en).collect();
        let only_en: Vec<_> = en.difference(&ja).collect();
        assert!(
            only_ja.is_empty() && only_en.is_empty(),
            "{only_ja:?} {only_en:?}"
        );
    }

    #[test]
    fn no_key_is_written_twice() {
        for source in [
            include_str!("../../locales/ja.ftl"),
            include_str!("../../locales/en.ftl"),
        ] {
            let lines = source.lines().filter(|line| !line.starts_with([' ', '#']));
            let keys: Vec<&str> = lines
                .filter_map(|line| Some(line.split_once(" =")?.0))
                .collect();
            let unique: BTreeSet<&str> = keys.iter().copied().collect();
            assert_eq!(keys.len(), unique.len());
        }
    }

    #[test]
    fn every_text_of_every_key_is_found() {
        let all = keys(include_str!("../../locales/en.ftl"));
        for (locale, (key, values)) in Locale::ALL
            .iter()
            .flat_map(|locale| all.iter().map(move |key| (locale, key)))
        {
            let words = Translator::new(*locale);
            let values: Vec<(&'static str, &str)> = values
                .iter()
                .map(|name| (&*name.clone().leak(), "x"))
                .collect();
            let text = words.with(key, &values);
            assert!(!text.contains('⟦') && !text.contains("{$"), "{key}: {text}");
        }
    }

    /// What stands in quotation marks there, each with its line.
    fn quoted(source: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let lines = source.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let pieces = line.split(['"', '“', '”', '「', '」']);
            let inside = pieces.skip(1).step_by(2);
            found.extend(inside.map(|text| (text.to_owned(), line.to_owned())));
        }
        found
    }

    /// No label: examples, what is filled in, and signs that Fluent wants quoted.
    fn is_no_label(text: &str) -> bool {
        let examples = [
            "Pine 47",
            "松 47",
            "My phone",
            "自分のスマートフォン",
            "this was not me",
        ];
        text.contains('{') || text.trim().chars().count() < 2 || examples.contains(&text)
    }

    #[test]
    fn what_pages_and_mails_quote_is_a_label_of_the_pages() {
        let mail = [
            include_str!("../../../mail/locales/ja.ftl"),
            include_str!("../../../mail/locales/en.ftl"),
        ];
        let own = [
            include_str!("../../locales/ja.ftl"),
            include_str!("../../locales/en.ftl"),
        ];
        for (own, mail) in own.into_iter().zip(mail) {
            let labels: BTreeSet<&str> = own
                .lines()
                .filter_map(|line| Some(line.split_once(" = ")?.1))
                .collect();
            let mut looked_at = 0;
            for (text, line) in quoted(own).into_iter().chain(quoted(mail)) {
                looked_at += 1;
                // A page refers to the message of the label, so that it cannot drift; a mail cannot.
                let known = labels.contains(&*text) || is_no_label(&text);
                assert!(known, "{text} is no label: {line}");
                let drifts = own.contains(&line) && labels.contains(&*text);
                assert!(!drifts, "refer to the message of {text}: {line}");
            }
            assert!(looked_at > 20, "{looked_at}");
        }
    }

    #[test]
    fn a_missing_key_is_visible() {
        assert_eq!(
            Translator::new(Locale::En).t("no-such-key"),
            "⟦no-such-key⟧"
        );
    }

    #[test]
    fn web_18_names_lose_what_cannot_be_seen() {
        assert_eq!(
            clean_name("Ao\u{200b}zora\u{202e} Mail\u{feff}"),
            "Aozora Mail"
        );
        assert_eq!(clean_name(" a\r\nb\u{0}c\t d "), "a b c d");
        assert_eq!(clean_name("三浦 晴香"), "三浦 晴香");
        assert_eq!(clean_name("\u{202e}\u{2066}"), "");
        assert_eq!(clean_name("A & B 🦀"), "A & B 🦀");
    }

    #[test]
    fn long_names_are_cut_by_characters() {
        let cut = clean_name(&"関".repeat(100));
        assert_eq!(cut.chars().count(), 60);
        assert!(cut.ends_with('…'));
    }
}
