//! Where our own requests may go: the URL, the port, and every address its host has (REG-10, REG-11,
//! REG-20). Pure.

use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::address::{Reach, reach};

/// A host the operator listed: `host`, `host:port`, `.suffix` or `.suffix:port`; without a port it is
/// 443. Compared on parsed hosts, exactly or by a suffix that begins with a dot (REG-20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Listed,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    Exactly(String),
    Below(String),
}

/// A text that is no host, host with port, or suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use HOST, HOST:PORT, .SUFFIX or .SUFFIX:PORT")]
pub struct NotAHost;

impl FromStr for AllowedHost {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<Self, NotAHost> {
        let bracketed = text.ends_with(']');
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !bracketed => (host, port.parse().map_err(|_named| NotAHost)?),
            Some(_) | None => (text, 443),
        };
        if host.contains('*') {
            return Err(NotAHost);
        }
        let domain = host.strip_prefix('.');
        let parsed = Host::parse(domain.unwrap_or(host)).map_err(|_named| NotAHost)?;
        let host = match (domain, &parsed) {
            (Some(_), Host::Domain(name)) => Listed::Below(format!(".{name}")),
            (Some(_), Host::Ipv4(_) | Host::Ipv6(_)) => return Err(NotAHost),
            (None, host) => Listed::Exactly(host.to_string()),
        };
        Ok(Self { host, port })
    }
}

impl AllowedHost {
    fn names(&self, host: &str) -> bool {
        match &self.host {
            Listed::Exactly(name) => name == host,
            Listed::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        }
    }
}

/// Why a request may not go out. For logs only (REG-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreachable {
    #[error("not a URL")]
    NotAUrl,
    #[error("not https")]
    NotHttps,
    #[error("user information in the URL")]
    UserInformation,
    #[error("a port that is not listed")]
    Port,
    #[error("an address that may not be reached")]
    Address,
}

/// What the operator allows beyond https to public hosts on port 443.
#[derive(Debug, Clone, Default)]
pub(super) struct Reachable {
    /// Listed hosts: on private networks, or on other ports. A listed host is reached on its listed
    /// ports alone.
    pub(super) listed: Vec<AllowedHost>,
    /// Whether this machine itself may be reached, on any port and without TLS: while trying out.
    pub(super) loopback: bool,
}

impl Reachable {
    /// The URL, if a request may go there. A name still has to be resolved, and each of its addresses
    /// asked of [`Reachable::admits`].
    pub(super) fn target(&self, text: &str) -> Result<Url, Unreachable> {
        let url = Url::parse(text).map_err(|_malformed| Unreachable::NotAUrl)?;
        let host = url.host().ok_or(Unreachable::NotAUrl)?;
        let literal = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        let here = self.loopback
            && literal.map_or(host == Host::Domain("localhost"), |ip| ip.is_loopback());
        if url.scheme() != "https" && !(here && url.scheme() == "http") {
            return Err(Unreachable::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unreachable::UserInformation);
        }
        let name = host.to_string();
        let port = url.port_or_known_default().ok_or(Unreachable::NotAUrl)?;
        if !here && !self.is_open(&name, port) {
            return Err(Unreachable::Port);
        }
        if literal.is_some_and(|address| !self.admits(&name, address)) {
            return Err(Unreachable::Address);
        }
        Ok(url)
    }

    /// Whether `host` may be reached at `address`.
    pub(super) fn admits(&self, host: &str, address: IpAddr) -> bool {
        match reach(address) {
            Reach::Public => true,
            Reach::Private => {
                (self.loopback && address.is_loopback()) || self.entries(host).next().is_some()
            }
            Reach::Never => false,
        }
    }

    fn is_open(&self, host: &str, port: u16) -> bool {
        let mut listed = self.entries(host).peekable();
        match listed.peek() {
            None => port == 443,
            Some(_) => listed.any(|entry| entry.port == port),
        }
    }

    fn entries(&self, host: &str) -> impl Iterator<Item = &AllowedHost> {
        let host = host.strip_suffix('.').unwrap_or(host).to_owned();
        self.listed.iter().filter(move |entry| entry.names(&host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(listed: &[&str]) -> Reachable {
        Reachable {
            listed: listed.iter().map(|text| text.parse().unwrap()).collect(),
            loopback: false,
        }
    }

    fn refusal(rules: &Reachable, url: &str) -> Option<Unreachable> {
        rules.target(url).err()
    }

    #[test]
    fn reg_10_only_https_on_443_without_user_information() {
        let none = Reachable::default();
        assert_eq!(refusal(&none, "https://app.example/jwks.json"), None);
        assert_eq!(refusal(&none, "https://app.example:443/jwks"), None);
        for (url, expected) in [
            ("http://app.example/", Unreachable::NotHttps),
            ("ftp://app.example/", Unreachable::NotHttps),
            ("file:///etc/passwd", Unreachable::NotAUrl),
            ("jwks.json", Unreachable::NotAUrl),
            ("https://u@app.example/", Unreachable::UserInformation),
            ("https://:p@app.example/", Unreachable::UserInformation),
            ("https://app.example:8443/", Unreachable::Port),
            ("https://app.example:80/", Unreachable::Port),
        ] {
            assert_eq!(refusal(&none, url), Some(expected), "{url}");
        }
    }

    #[test]
    fn reg_11_addresses_written_out_are_checked_in_every_spelling() {
        let none = Reachable::default();
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00:ec2::254]/",
            "https://[64:ff9b::a00:1]/",
        ] {
            assert_eq!(refusal(&none, url), Some(Unreachable::Address), "{url}");
        }
        assert_eq!(refusal(&none, "https://1.1.1.1/"), None);
        assert_eq!(
            refusal(&none, "http://127.0.0.1/"),
            Some(Unreachable::NotHttps)
        );
    }

    #[test]
    fn reg_20_the_list_is_exact_or_a_suffix_with_a_dot() {
        let rules = with(&["internal.example:8443", ".corp.example", "10.0.0.5:9443"]);
        let private = "10.1.2.3".parse().unwrap();
        assert!(rules.admits("internal.example", private));
        assert!(rules.admits("internal.example.", private));
        assert!(
            rules.admits("a.corp.example", private) && rules.admits("b.a.corp.example", private)
        );
        for other in [
            "corp.example",
            "evilcorp.example",
            "corp.example.evil.example",
            "a.internal.example",
            "xinternal.example",
            "internalxexample",
        ] {
            assert!(!rules.admits(other, private), "{other}");
        }
        assert_eq!(refusal(&rules, "https://INTERNAL.example:8443/"), None);
        // A listed host is reached on its listed ports alone.
        assert_eq!(
            refusal(&rules, "https://internal.example/"),
            Some(Unreachable::Port)
        );
        assert_eq!(refusal(&rules, "https://a.corp.example/"), None);
        assert_eq!(
            refusal(&rules, "https://a.corp.example:8443/"),
            Some(Unreachable::Port)
        );
        assert_eq!(refusal(&rules, "https://10.0.0.5:9443/"), None);
        assert_eq!(
            refusal(&rules, "https://10.0.0.6/"),
            Some(Unreachable::Address)
        );
    }

    #[test]
    fn reg_11_a_list_does_not_open_metadata_services_or_disguises() {
        let rules = with(&["metadata.example", "169.254.169.254", "[::ffff:10.0.0.1]"]);
        assert!(!rules.admits("metadata.example", "169.254.169.254".parse().unwrap()));
        for url in ["https://169.254.169.254/", "https://[::ffff:10.0.0.1]/"] {
            assert_eq!(refusal(&rules, url), Some(Unreachable::Address), "{url}");
        }
    }

    #[test]
    fn reg_10_this_machine_is_open_only_while_trying_out() {
        let trying = Reachable {
            listed: Vec::new(),
            loopback: true,
        };
        for url in [
            "http://127.0.0.1:8080/jwks",
            "https://127.0.0.1:8443/",
            "http://[::1]:1/",
            "http://localhost:3000/",
        ] {
            assert_eq!(refusal(&trying, url), None, "{url}");
        }
        for url in ["http://10.0.0.1/", "http://app.example/"] {
            assert_eq!(refusal(&trying, url), Some(Unreachable::NotHttps), "{url}");
        }
        assert!(!trying.admits("localhost", "10.0.0.1".parse().unwrap()));
        assert!(!Reachable::default().admits("localhost", "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn reg_20_what_is_no_host_is_refused() {
        for bad in [
            "",
            ".",
            ":443",
            "a b",
            "*.example",
            ".10.0.0.1",
            "a:99999",
            "a:x",
            "https://a",
        ] {
            assert!(bad.parse::<AllowedHost>().is_err(), "{bad}");
        }
        for good in [
            "127.0.0.1:8443",
            "[::1]",
            "[::1]:8443",
            "a",
            "例え.example",
            ".corp.example:8443",
        ] {
            assert!(good.parse::<AllowedHost>().is_ok(), "{good}");
        }
    }
}
