//! Request parameters as they came: repeated ones are an error (RFC 6749 §3.1), empty ones absent.

use std::collections::BTreeSet;
use std::fmt;

use percent_encoding::percent_decode;

/// A parameter that may stand once stood twice (AZ-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated;

/// Decoded form or query parameters, in order. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    garbled: bool,
}

/// NET-10.
const MOST: usize = 100;

impl Parameters {
    /// Takes decoded pairs.
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self {
            pairs,
            garbled: false,
        }
    }

    /// Decodes `application/x-www-form-urlencoded` text. What is not that, or not UTF-8 (RFC 6749
    /// appendix B), is remembered for [`Self::fault`].
    pub fn decode(text: &[u8]) -> Self {
        Self {
            pairs: url::form_urlencoded::parse(text).into_owned().collect(),
            garbled: !escapes_are_whole(text) || percent_decode(text).decode_utf8().is_err(),
        }
    }

    /// What makes the request as a whole malformed, whatever its parameters mean: `invalid_request`
    /// at every endpoint (AZ-10, NET-10).
    pub fn fault(&self) -> Option<&'static str> {
        let unprintable = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        let printable = |text: &str| !text.chars().any(unprintable);
        let mut pairs = self.pairs.iter();
        if self.pairs.len() > MOST {
            Some("more than 100 parameters")
        } else if self.garbled {
            Some("a parameter is not percent-encoded UTF-8")
        } else if !pairs.all(|(name, value)| printable(name) && printable(value)) {
            Some("a parameter holds control characters")
        } else if self.any_repeated() {
            Some("a parameter is repeated")
        } else {
            None
        }
    }

    /// The value of `name`; `None` if it is absent or empty.
    pub fn single(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self
            .pairs
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
        let pair = self.pairs.iter().find(|(key, _)| key == name)?;
        Some(pair.1.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether any parameter stands twice; `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1) may.
    fn any_repeated(&self) -> bool {
        let mut seen = BTreeSet::new();
        self.pairs
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "resource" | "audience"))
            .any(|(key, _)| !seen.insert(key.as_str()))
    }

    /// All values of `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, v)| v.as_str())
    }

    /// All but those named.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = |pair: &&(String, String)| !names.contains(&pair.0.as_str());
        Self {
            pairs: self.pairs.iter().filter(kept).cloned().collect(),
            garbled: self.garbled,
        }
    }

    /// The decoded pairs.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.pairs
    }

    /// How many parameters there are (NET-10 allows 100).
    pub const fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// Whether two hexadecimal digits follow every percent sign.
pub(super) fn escapes_are_whole(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'%').skip(1).all(|after| {
        let digits = after.get(..2).unwrap_or_default();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.pairs.iter().map(|(key, _)| key))
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
        assert_eq!(p.fault(), Some("a parameter is repeated"));
        assert_eq!(Parameters::decode(b"resource=x&resource=y").fault(), None);
    }

    #[test]
    fn az_10_rfc_6749_b_what_is_not_percent_encoded_utf_8_is_a_fault() {
        for good in ["", "a=%E2%82%AC&b=\u{20ac}&c=x+y%0A%09", "&&a&=b&"] {
            assert_eq!(Parameters::decode(good.as_bytes()).fault(), None, "{good}");
        }
        for bad in [
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%FF",
            "a=%C3=%A9",
            "%E2%82=a",
            "a=%00",
            "a=%7F",
        ] {
            assert!(
                Parameters::decode(bad.as_bytes()).fault().is_some(),
                "{bad}"
            );
        }
        assert!(Parameters::decode(b"a=\xff").fault().is_some());
        let many: Vec<String> = (0..101).map(|number| format!("p{number}=")).collect();
        let kept = many[..100].join("&");
        assert_eq!(Parameters::decode(kept.as_bytes()).fault(), None);
        assert!(
            Parameters::decode(many.join("&").as_bytes())
                .fault()
                .is_some()
        );
    }
}
