//! Request parameters as they came: repeated ones are an error (RFC 6749 §3.1), empty ones absent.

use std::fmt;

/// A parameter that may stand once stood twice (AZ-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated;

/// Decoded form or query parameters, in order. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Takes decoded pairs.
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Decodes `application/x-www-form-urlencoded` text.
    pub fn decode(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of `name`; `None` if it is absent or empty.
    pub fn single(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self
            .0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, v)| v.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated);
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The first value of `name`, when a repetition must not hide it (the error's own channel).
    pub fn first(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, _)| key == name)?;
        Some(pair.1.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether any parameter stands twice; `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1) may.
    pub fn any_repeated(&self) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        self.0
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "resource" | "audience"))
            .any(|(key, _)| !seen.insert(key.as_str()))
    }

    /// All values of `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, v)| v.as_str())
    }

    /// All but those named.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = |pair: &&(String, String)| !names.contains(&pair.0.as_str());
        Self(self.0.iter().filter(kept).cloned().collect())
    }

    /// The decoded pairs.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// How many parameters there are (NET-10 allows 100).
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(key, _)| key))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_10_repeated_is_an_error_and_empty_is_absent() {
        let p = Parameters::decode(b"a=1&b=&c=1&c=1&resource=x&resource=y");
        assert_eq!(p.single("a"), Ok(Some("1")));
        assert_eq!(p.single("b"), Ok(None));
        assert_eq!(p.single("c"), Err(Repeated));
        assert!(p.any_repeated());
        assert!(!Parameters::decode(b"resource=x&resource=y").any_repeated());
    }
}
