//! Redirect URIs: which may be registered (REG-02..04), which may be used (AZ-01..03), and the one
//! type that can be redirected to.
//!
//! Source: RFC 6749 §3.1.2, RFC 9700 §2.1, RFC 8252 §7. Stricter than RFC 6749: the comparison is
//! byte for byte, without any normalisation.

use std::net::IpAddr;

use sekisho_model::{ApplicationType, Client};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;
use url::{Host, Url};

use super::oauth_error::AuthorizationError;

/// A redirect URI that was checked against the client's registration. Only this file makes one, so
/// an unverified URI cannot be redirected to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    uri: String,
    state: Option<String>,
}

impl Callback {
    /// The client's answer address, if `presented` is one of its registered URIs.
    pub fn verify(client: &Client, presented: &str, state: Option<&str>) -> Option<Self> {
        let matches = |registered: &String| {
            registered == presented || loopback_port_differs_only(client, registered, presented)
        };
        client.redirect_uris.iter().any(matches).then(|| Self {
            uri: presented.to_owned(),
            state: state.map(str::to_owned),
        })
    }

    /// The URI as the client sent it.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The origin for `form-action` (WEB-05); the bare scheme for private-use schemes.
    pub fn form_action(&self) -> String {
        match Url::parse(&self.uri) {
            Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
            Ok(url) => format!("{}:", url.scheme()),
            Err(_) => "'none'".to_owned(),
        }
    }

    /// The host to show to the person; the scheme for private-use schemes.
    pub fn display_host(&self) -> String {
        match Url::parse(&self.uri) {
            Ok(url) => url
                .host_str()
                .map_or_else(|| format!("{}:", url.scheme()), str::to_owned),
            Err(_) => String::new(),
        }
    }

    /// Whether going there leaves the web: loopback or a private-use scheme (`ux.md` 6.14).
    pub fn leaves_the_web(&self) -> bool {
        is_loopback_uri(&self.uri) || !self.uri.starts_with("https://")
    }

    /// The fields of an answer with an authorization code (RFC 6749 §4.1.2, RFC 9207 §2).
    pub fn with_code(&self, code: &str, issuer: &str) -> Vec<(String, String)> {
        self.with(&[("code", code)], issuer)
    }

    /// The fields of an answer with an error (RFC 6749 §4.1.2.1).
    pub fn with_error(&self, error: AuthorizationError, issuer: &str) -> Vec<(String, String)> {
        self.with(
            &[
                ("error", error.code()),
                ("error_description", error.description()),
            ],
            issuer,
        )
    }

    fn with(&self, pairs: &[(&str, &str)], issuer: &str) -> Vec<(String, String)> {
        let state = self.state.as_deref().map(|state| ("state", state));
        pairs
            .iter()
            .copied()
            .chain(state)
            .chain([("iss", issuer)])
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// The URI with `fields` added to its query.
    pub fn with_query(&self, fields: &[(String, String)]) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(fields);
        let joint = if self.uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.uri, query.finish())
    }
}

/// RFC 8252 §7.3: for a native client's loopback IP literal the port may vary, nothing else (AZ-02).
fn loopback_port_differs_only(client: &Client, registered: &str, presented: &str) -> bool {
    let native = client.application_type == ApplicationType::Native;
    match (split_loopback(registered), split_loopback(presented)) {
        (Some(a), Some(b)) => native && a == b,
        _ => false,
    }
}

/// Splits `http://127.0.0.1:4711/path?query` into host and the bytes after the port.
fn split_loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, tail) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    let host = ["127.0.0.1", "[::1]"]
        .into_iter()
        .find(|host| authority.starts_with(host))?;
    let port = authority.strip_prefix(host)?;
    let port_is_plain = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.parse::<u16>().is_ok() && digits.bytes().all(|b| b.is_ascii_digit())
        });
    port_is_plain.then_some((host, tail))
}

/// Whether the URI points at this computer by IP literal.
pub fn is_loopback_uri(uri: &str) -> bool {
    split_loopback(uri).is_some()
}

/// Why a redirect URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriRefusal {
    /// Not an absolute URI, or two parsers read it differently (REG-04).
    #[error("not an absolute URI that every parser reads alike")]
    Unreadable,
    /// Has a fragment (RFC 6749 §3.1.2).
    #[error("the part after # cannot be used")]
    Fragment,
    /// Has a user name or password.
    #[error("user name and password cannot be used")]
    UserInfo,
    /// Has a wildcard.
    #[error("wildcards are not allowed: register each address")]
    Wildcard,
    /// Has dot segments or encoded ones.
    #[error("dot segments are not allowed in the path")]
    DotSegment,
    /// `http` that is not a native client's loopback address.
    #[error("use https; http is only for 127.0.0.1 and [::1] of native applications")]
    PlainHttp,
    /// A scheme that browsers run or that is not reverse-domain (RFC 8252 §7.1).
    #[error("this scheme cannot be used")]
    Scheme,
    /// `localhost` is not an address literal (RFC 8252 §8.3).
    #[error("use 127.0.0.1 or [::1] instead of localhost")]
    Localhost,
}

/// Whether `uri` may be registered by a client of this kind (REG-02..05).
pub fn registrable(uri: &str, kind: ApplicationType) -> Result<(), RedirectUriRefusal> {
    if uri.len() > 2048
        || !uri.bytes().all(|b| b.is_ascii_graphic())
        || uri.contains(['\\', '"', '<', '>', '^', '`', '{', '|', '}'])
    {
        return Err(RedirectUriRefusal::Unreadable);
    }
    if uri.contains('#') {
        return Err(RedirectUriRefusal::Fragment);
    }
    if uri.contains('*') {
        return Err(RedirectUriRefusal::Wildcard);
    }
    let url = Url::parse(uri).map_err(|_unreadable| RedirectUriRefusal::Unreadable)?;
    if !url.username().is_empty() || url.password().is_some() || authority_of(uri).contains('@') {
        return Err(RedirectUriRefusal::UserInfo);
    }
    if has_dot_segment(uri) {
        return Err(RedirectUriRefusal::DotSegment);
    }
    scheme_allowed(uri, &url, kind)
}

fn scheme_allowed(uri: &str, url: &Url, kind: ApplicationType) -> Result<(), RedirectUriRefusal> {
    let host = url.host_str().unwrap_or_default();
    if host.eq_ignore_ascii_case("localhost") || host.ends_with(".localhost") {
        return Err(RedirectUriRefusal::Localhost);
    }
    match url.scheme() {
        // REG-04: the WHATWG parser must see exactly the authority a byte-wise reader sees.
        "https" if authority_reads_alike(uri, url) => Ok(()),
        "http" if kind == ApplicationType::Native && is_loopback_uri(uri) => Ok(()),
        "https" => Err(RedirectUriRefusal::Unreadable),
        "http" => Err(RedirectUriRefusal::PlainHttp),
        scheme if kind == ApplicationType::Native && scheme.contains('.') => Ok(()),
        _ => Err(RedirectUriRefusal::Scheme),
    }
}

fn authority_of(uri: &str) -> &str {
    let after = uri.split_once("://").map_or("", |(_, rest)| rest);
    after.split(['/', '?']).next().unwrap_or_default()
}

fn authority_reads_alike(uri: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let numeric = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    is_plain_host(url)
        && authority_of(uri) == format!("{host}{port}")
        && (!numeric || uri.contains(host))
}

/// Whether the host is a name of letters, digits, dots and hyphens, or an address: other characters
/// that RFC 3986 §3.2.2 allows have a meaning in headers and in DNS none.
pub(crate) fn is_plain_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_')),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

fn has_dot_segment(uri: &str) -> bool {
    let path = uri
        .split('?')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .replace("%2e", ".");
    path.split('/')
        .skip(1)
        .any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::{native, web};

    fn accepts(client: &Client, uri: &str) -> bool {
        Callback::verify(client, uri, None).is_some()
    }

    #[test]
    fn az_01_reg_05_only_the_same_bytes_match() {
        let client = web("https://app.example/cb?a=1");
        assert!(accepts(&client, "https://app.example/cb?a=1"));
        for near in [
            "https://app.example/cb",
            "https://app.example/cb/",
            "https://APP.example/cb?a=1",
            "https://app.example:443/cb?a=1",
            "https://app.example/cb?a=1&b=2",
            "https://app.example/%63b?a=1",
            "http://app.example/cb?a=1",
            "https://app.example/x/../cb?a=1",
            "https://app.example/cb?a=1#",
            "",
        ] {
            assert!(!accepts(&client, near), "{near}");
        }
    }

    #[test]
    fn az_02_a_native_loopback_port_may_vary_and_nothing_else() {
        let client = native("http://127.0.0.1/cb");
        assert!(accepts(&client, "http://127.0.0.1:50123/cb"));
        for near in [
            "http://127.0.0.1:50123/cb/",
            "http://127.0.0.1:50123/other",
            "http://[::1]:50123/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1.evil.example:80/cb",
            "http://127.0.0.1@evil.example/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "https://127.0.0.1:50123/cb",
            "http://127.0.0.1:+80/cb",
            "http://127.0.0.11/cb",
        ] {
            assert!(!accepts(&client, near), "{near}");
        }
        assert!(!accepts(
            &web("https://127.0.0.1/cb"),
            "https://127.0.0.1:9/cb"
        ));
    }

    #[test]
    fn az_03_localhost_is_not_127_0_0_1() {
        assert!(!accepts(
            &native("http://127.0.0.1/cb"),
            "http://localhost:80/cb"
        ));
        assert_eq!(
            registrable("http://localhost/cb", ApplicationType::Native),
            Err(RedirectUriRefusal::Localhost)
        );
    }

    #[test]
    fn reg_02_reg_04_dangerous_uris_cannot_be_registered() {
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "http://app.example/cb",
            "https://a@b.example/",
            "https://app.example/#f",
            "https://*.example/cb",
            "https://app.example/a/../b",
            "https://app.example/%2e%2e/b",
            "https://app.example\\@evil.example/",
            "file:///etc/passwd",
            "intent://x",
            "myapp://cb",
            "/relative",
            "https://",
            "https:/app.example/cb",
            "https:app.example/cb",
            "https://app.example /cb",
            "https://日本.example/cb",
            "https://0x7f.1/cb",
            "https://a;b.example/cb",
            "https://a,b'.example/cb",
        ] {
            assert!(registrable(bad, ApplicationType::Web).is_err(), "{bad}");
        }
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/cb?x=1",
            "https://app.example",
        ] {
            assert_eq!(registrable(good, ApplicationType::Web), Ok(()), "{good}");
        }
    }

    #[test]
    fn reg_03_private_schemes_need_a_dot_and_a_native_client() {
        assert_eq!(
            registrable("com.example.app:/cb", ApplicationType::Native),
            Ok(())
        );
        assert!(registrable("com.example.app:/cb", ApplicationType::Web).is_err());
        assert!(registrable("exampleapp:/cb", ApplicationType::Native).is_err());
    }

    #[test]
    fn az_08_az_09_the_answer_keeps_the_query_and_carries_state_and_iss() {
        let client = web("https://app.example/cb?a=1");
        let state = "x y&<\"%\\é";
        let callback =
            Callback::verify(&client, "https://app.example/cb?a=1", Some(state)).unwrap();
        let fields = callback.with_code("C", "https://id.example");
        let url = Url::parse(&callback.with_query(&fields)).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let want = [
            ("a", "1"),
            ("code", "C"),
            ("state", state),
            ("iss", "https://id.example"),
        ];
        assert_eq!(pairs, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(callback.form_action(), "https://app.example");
    }
}
