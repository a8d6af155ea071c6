//! What is asked of an answer to our own requests, and what is kept of it (REG-10).

use std::time::Duration;

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap};

/// How much of an answer is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body; reading stops there.
    pub body: usize,
    /// From the first packet to the last byte; never more than five seconds.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            total: Duration::from_secs(5),
        }
    }
}

/// A JSON document from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The body, not parsed yet.
    pub body: Vec<u8>,
    /// Its media type, in small letters and without parameters.
    pub content_type: String,
    /// How long its server lets it be kept; zero if not at all.
    pub max_age: Option<Duration>,
}

/// The media type without parameters, if it is a kind of JSON.
pub(super) fn json_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let name = text.split(';').next().unwrap_or(text);
    let name = name.trim().to_ascii_lowercase();
    (name == "application/json" || (name.starts_with("application/") && name.ends_with("+json")))
        .then_some(name)
}

/// RFC 9111 §5.2.2: `no-store` and `no-cache` let nothing be kept.
pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    let directives = || text.split(',').map(str::trim);
    if directives()
        .any(|name| name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache"))
    {
        return Some(Duration::ZERO);
    }
    directives().find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        let seconds = seconds.trim_matches('"').parse().ok()?;
        name.eq_ignore_ascii_case("max-age")
            .then(|| Duration::from_secs(seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static(name),
            value.parse().unwrap(),
        )])
    }

    #[test]
    fn reg_10_only_json_is_taken() {
        let of = |value: &str| json_type(&headers("content-type", value));
        assert_eq!(
            of("Application/JSON; charset=utf-8").unwrap(),
            "application/json"
        );
        assert_eq!(
            of("application/jwk-set+json").unwrap(),
            "application/jwk-set+json"
        );
        for other in [
            "text/html",
            "text/plain",
            "application/jsonp",
            "text/x+json",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(json_type(&HeaderMap::new()), None);
    }

    #[test]
    fn reg_12_the_life_of_an_answer_is_what_its_server_says() {
        let of = |value: &str| max_age(&headers("cache-control", value));
        assert_eq!(of("public, Max-Age=60"), Some(Duration::from_mins(1)));
        assert_eq!(of("no-store, max-age=60"), Some(Duration::ZERO));
        assert_eq!(of("s-maxage=60"), None);
        assert_eq!(of("max-age=x"), None);
    }
}
