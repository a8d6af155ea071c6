//! The address a request comes from (NET-01 to NET-04). The only reader of `X-Forwarded-For`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderValue};
use ipnet::IpNet;

/// More hops than this are not read: no honest chain has them.
const MOST_HOPS: usize = 32;

/// What was decided about a request's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp {
    /// The client's address; IPv4-mapped IPv6 is folded (NET-04).
    pub ip: IpAddr,
    /// A trusted proxy sent something unreadable, so this is the proxy's own address: worth a log
    /// line (NET-03).
    pub malformed: bool,
}

impl ClientIp {
    /// Decides from a request.
    pub fn of_request(request: &HttpRequest, trusted: &[IpNet]) -> Self {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let peer = request.peer_addr().map_or(unknown, |peer| peer.ip());
        Self::decide(peer, request.headers(), trusted)
    }

    /// Decides from the peer address and the headers: the right-most hop that is not a trusted
    /// proxy. From a peer outside `trusted` no header is read; `Forwarded` never is.
    pub fn decide(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let peer = peer.to_canonical();
        let from_peer = |malformed| Self {
            ip: peer,
            malformed,
        };
        if !is_trusted(peer, trusted) {
            return from_peer(false);
        }
        // Bytes: what the client wrote before the hop that counts must not make that hop unreadable.
        let lines: Vec<&[u8]> = headers
            .get_all("x-forwarded-for")
            .map(HeaderValue::as_bytes)
            .collect();
        let hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        let mut client = peer;
        for hop in hops.take(MOST_HOPS) {
            let Some(ip) = address(hop) else {
                return from_peer(true);
            };
            client = ip;
            if !is_trusted(ip, trusted) {
                break;
            }
        }
        Self {
            ip: client,
            malformed: false,
        }
    }
}

/// Whether a request comes straight from a trusted proxy.
pub fn is_from_proxy(request: &HttpRequest, trusted: &[IpNet]) -> bool {
    request
        .peer_addr()
        .is_some_and(|peer| is_trusted(peer.ip().to_canonical(), trusted))
}

fn is_trusted(ip: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&ip))
}

/// One hop: an address, with or without port or brackets. Zone ids are refused (NET-04).
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    if hop.contains('%') {
        return None;
    }
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    let ip = bare
        .unwrap_or(hop)
        .parse()
        .or_else(|_not_bare| hop.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    ip.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn nets() -> Vec<IpNet> {
        vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8:ffff::/48".parse().unwrap(),
        ]
    }

    fn decide(peer: &str, lines: &[&str]) -> ClientIp {
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            headers.append(HeaderName::from_static("x-forwarded-for"), value);
        }
        let forged = HeaderValue::from_static("for=192.0.2.99");
        headers.append(HeaderName::from_static("forwarded"), forged);
        ClientIp::decide(peer.parse().unwrap(), &headers, &nets())
    }

    fn ip(peer: &str, lines: &[&str]) -> String {
        let decided = decide(peer, lines);
        assert!(!decided.malformed, "{lines:?}");
        decided.ip.to_string()
    }

    #[test]
    fn net_01_headers_of_a_stranger_are_not_read() {
        assert_eq!(ip("203.0.113.5", &["198.51.100.1"]), "203.0.113.5");
        assert_eq!(ip("203.0.113.5", &["nonsense"]), "203.0.113.5");
    }

    #[test]
    fn net_01_the_right_most_untrusted_hop_is_the_client() {
        assert_eq!(
            ip("10.0.0.1", &["1.1.1.1, 203.0.113.5, 10.2.3.4"]),
            "203.0.113.5"
        );
        assert_eq!(
            ip("10.0.0.1", &["1.1.1.1", "203.0.113.5", "10.2.3.4"]),
            "203.0.113.5"
        );
        assert_eq!(
            ip("2001:db8:ffff::1", &["2001:db8:41::9a"]),
            "2001:db8:41::9a"
        );
        assert_eq!(ip("10.0.0.1", &["10.0.0.7, 10.0.0.8"]), "10.0.0.7");
        assert_eq!(ip("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ports_and_brackets_are_understood() {
        assert_eq!(ip("10.0.0.1", &["203.0.113.5:4711"]), "203.0.113.5");
        assert_eq!(ip("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(ip("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn net_03_a_malformed_hop_falls_back_to_the_peer() {
        let lines = [
            "",
            "unknown",
            "203.0.113.5,",
            "203.0.113.5, x",
            "300.1.1.1",
            "a\u{e9}",
            ",,,",
        ];
        for line in lines {
            let decided = decide("10.0.0.1", &[line]);
            assert_eq!(
                (decided.ip.to_string().as_str(), decided.malformed),
                ("10.0.0.1", true),
                "{line}"
            );
        }
        // What stands left of the client is the client's own word and does not matter.
        assert_eq!(ip("10.0.0.1", &["nonsense, 203.0.113.5"]), "203.0.113.5");
    }

    #[test]
    fn net_04_mapped_addresses_are_folded_and_zones_refused() {
        assert_eq!(
            ip("::ffff:10.0.0.1", &["::ffff:203.0.113.5"]),
            "203.0.113.5"
        );
        assert_eq!(ip("::ffff:203.0.113.9", &[]), "203.0.113.9");
        for zone in ["fe80::1%eth0", "[fe80::1%3]:80", "[fe80::1%3]"] {
            assert!(decide("10.0.0.1", &[zone]).malformed, "{zone}");
        }
    }

    #[test]
    fn an_endless_chain_is_cut() {
        let chain = vec!["10.9.9.9"; 10_000].join(",");
        assert_eq!(ip("10.0.0.1", &[&chain]), "10.9.9.9");
    }
}
