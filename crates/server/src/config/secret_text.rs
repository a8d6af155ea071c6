use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A configured text that may hold a password, such as a URL. Shown as `…` wherever it is printed.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one that opens it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text with what stands between `://` and `@` hidden.
    pub fn hidden(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return self.0.clone();
        };
        match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None => self.0.clone(),
        }
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.hidden())
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hidden())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cfg_01_passwords_in_urls_are_never_shown() {
        let url = SecretText::new("postgres://sekisho:geheim@db.example/sekisho");
        assert!(!format!("{url:?}").contains("geheim"));
        assert_eq!(url.hidden(), "postgres://…@db.example/sekisho");
    }
}
