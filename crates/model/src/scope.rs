use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of scope tokens (RFC 6749 §3.3); order and repetition do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScopeSet(BTreeSet<String>);

/// Why a text is not a list of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeRefusal {
    /// A character RFC 6749 §3.3 does not allow.
    #[error("scope has a character that is not allowed")]
    Character,
    /// More than 64 tokens, or one longer than 128 characters.
    #[error("scope is too long")]
    TooLong,
}

impl ScopeSet {
    /// Reads a space-separated list; empty text is the empty set.
    pub fn parse(text: &str) -> Result<Self, ScopeRefusal> {
        let mut tokens = BTreeSet::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if !token
                .bytes()
                .all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
            {
                return Err(ScopeRefusal::Character);
            }
            tokens.insert(token.to_owned());
            if token.len() > 128 || tokens.len() > 64 {
                return Err(ScopeRefusal::TooLong);
            }
        }
        Ok(Self(tokens))
    }

    /// Whether `token` is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every token of this set is also in `other` (RT-03: scope only shrinks).
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The tokens that are in both.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The tokens that are in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The set without `token`.
    #[must_use]
    pub fn without(mut self, token: &str) -> Self {
        self.0.remove(token);
        self
    }

    /// The tokens, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{token}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ScopeSet {
    type Error = ScopeRefusal;
    fn try_from(text: String) -> Result<Self, ScopeRefusal> {
        Self::parse(&text)
    }
}

impl From<ScopeSet> for String {
    fn from(set: ScopeSet) -> Self {
        set.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_do_not_matter() {
        assert_eq!(
            ScopeSet::parse("email openid  email"),
            ScopeSet::parse("openid email")
        );
    }

    #[test]
    fn control_characters_and_quotes_are_refused() {
        for bad in ["a\tb", "a\"b", "a\\b", "あ"] {
            assert_eq!(ScopeSet::parse(bad), Err(ScopeRefusal::Character), "{bad}");
        }
    }
}
