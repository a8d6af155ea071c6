use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader as _, langid, static_loader};
use sekisho_model::Locale;

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "ja",
        // Isolation marks would stand in subjects and logs (U+2068, U+2069).
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const JA: LanguageIdentifier = langid!("ja");
const EN: LanguageIdentifier = langid!("en");

/// The texts of one language, and the values that stand in their places.
pub(crate) struct Words {
    locale: Locale,
    values: HashMap<Cow<'static, str>, FluentValue<'static>>,
}

impl Words {
    pub(crate) fn of(locale: Locale) -> Self {
        Self {
            locale,
            values: HashMap::new(),
        }
    }

    pub(crate) const fn locale(&self) -> Locale {
        self.locale
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.put(name, value);
        self
    }

    pub(crate) fn put(&mut self, name: &'static str, value: impl Into<String>) {
        let value = FluentValue::String(Cow::Owned(value.into()));
        self.values.insert(Cow::Borrowed(name), value);
    }

    pub(crate) fn number(mut self, name: &'static str, value: u64) -> Self {
        self.values.insert(Cow::Borrowed(name), value.into());
        self
    }

    /// The text of `key`; a key that is missing is an error, so that no letter leaves with a hole.
    pub(crate) fn say(&self, key: &str) -> Result<String, askama::Error> {
        let language = match self.locale {
            Locale::Ja => &JA,
            Locale::En => &EN,
        };
        LOCALES
            .try_lookup_with_args(language, key, &self.values)
            .ok_or_else(|| askama::Error::custom(MissingText(key.to_owned())))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no text for key {0}")]
struct MissingText(String);
