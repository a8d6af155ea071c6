//! The networks a person allows their account to be signed in to from (S14).

use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_model::network;

/// How many can be named.
pub const MOST: usize = 20;

/// The networks of an account; none is everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedNetworks(Vec<IpNet>);

/// Why a list is not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworksRefusal {
    /// This line is no address or network.
    Unreadable(String),
    /// More than [`MOST`].
    TooMany,
    /// Where the person is now is not in it: they would lock themselves out.
    NotFromHere,
    /// It allows everybody; an empty list says so better.
    Everywhere,
    /// Without recovery codes nobody gets in from elsewhere, the owner included.
    NoWayOut,
}

impl AllowedNetworks {
    /// Reads a list as people type it: an address or network a line, or with commas or spaces between.
    /// Twins are dropped, and so is what lies within another one.
    pub fn read(text: &str) -> Result<Self, NetworksRefusal> {
        let between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '、' | '，');
        let mut all = Vec::new();
        for word in text.split(between).filter(|word| !word.is_empty()) {
            let shown: String = word.chars().take(60).collect();
            let net = network(word).ok_or(NetworksRefusal::Unreadable(shown))?;
            if net.prefix_len() == 0 {
                return Err(NetworksRefusal::Everywhere);
            }
            all.push(net);
            if all.len() > 10 * MOST {
                return Err(NetworksRefusal::TooMany);
            }
        }
        let all = IpNet::aggregate(&all);
        if all.len() > MOST {
            return Err(NetworksRefusal::TooMany);
        }
        if all.iter().any(|net| net.prefix_len() == 0) {
            return Err(NetworksRefusal::Everywhere);
        }
        Ok(Self(all))
    }

    /// Reads a list that was stored.
    pub fn stored(text: &str) -> Option<Self> {
        let all: Option<Vec<IpNet>> = text.lines().map(|line| line.parse().ok()).collect();
        all.map(Self)
    }

    /// Whether the account may be signed in to from everywhere.
    pub const fn is_everywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it may be signed in to from there. An address that cannot be read is nowhere.
    pub fn allows(&self, ip: &str) -> bool {
        let ip = ip.parse::<IpAddr>().map(|ip| ip.to_canonical());
        self.0.is_empty() || ip.is_ok_and(|ip| self.0.iter().any(|net| net.contains(&ip)))
    }

    /// A line each, as they are stored and shown.
    pub fn lines(&self) -> Vec<String> {
        let shown = self.0.iter().map(|net| {
            if net.prefix_len() == net.max_prefix_len() {
                net.addr().to_string()
            } else {
                net.to_string()
            }
        });
        shown.collect()
    }

    /// The text that is stored.
    pub fn text(&self) -> String {
        let nets: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        nets.join("\n")
    }

    /// Whether somebody at `ip` who has `recovery_codes` may choose this list without being locked out.
    pub fn can_be_chosen(&self, ip: &str, recovery_codes: u64) -> Result<(), NetworksRefusal> {
        if self.is_everywhere() {
            return Ok(());
        }
        if !self.allows(ip) {
            return Err(NetworksRefusal::NotFromHere);
        }
        if recovery_codes == 0 {
            return Err(NetworksRefusal::NoWayOut);
        }
        Ok(())
    }
}

/// What is offered to somebody at `ip`: this connection, and its surroundings. Homes get a whole IPv6 /64 and
/// change their IPv4 address now and then.
pub fn offers(ip: &str) -> Vec<String> {
    let Ok(ip) = ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) else {
        return Vec::new();
    };
    let bits = if ip.is_ipv4() { [32, 24] } else { [64, 48] };
    let nets = bits.iter().filter_map(|bits| IpNet::new(ip, *bits).ok());
    nets.flat_map(|net| AllowedNetworks(vec![net.trunc()]).lines())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> AllowedNetworks {
        AllowedNetworks::read(text).unwrap()
    }

    #[test]
    fn s14_lists_are_read_as_people_type_them() {
        let list = read(" 203.0.113.24/24\r\n198.51.100.7、2001:db8::1/64,, 203.0.113.9 ");
        assert_eq!(
            list.lines(),
            ["198.51.100.7", "203.0.113.0/24", "2001:db8::/64"]
        );
        assert_eq!(AllowedNetworks::stored(&list.text()), Some(list));
        assert!(read(" \n ").is_everywhere());
        assert_eq!(AllowedNetworks::stored(""), Some(read("")));
    }

    #[test]
    fn s14_what_is_no_list_is_refused_with_the_reason() {
        use NetworksRefusal::{Everywhere, TooMany, Unreadable};
        let refused = |text: &str| AllowedNetworks::read(text).unwrap_err();
        assert_eq!(refused("home"), Unreadable("home".to_owned()));
        assert_eq!(refused("10.0.0.1 x/8"), Unreadable("x/8".to_owned()));
        let long = "x".repeat(5_000);
        assert_eq!(refused(&long), Unreadable("x".repeat(60)));
        for everywhere in ["0.0.0.0/0", "::/0", "0.0.0.0/1 128.0.0.0/1"] {
            assert_eq!(refused(everywhere), Everywhere, "{everywhere}");
        }
        let many: Vec<String> = (0..=MOST).map(|n| format!("10.{n}.0.1")).collect();
        assert_eq!(refused(&many.join(" ")), TooMany);
        assert_eq!(refused(&"10.0.0.1 ".repeat(5_000)), TooMany);
    }

    #[test]
    fn s14_sign_ins_are_allowed_from_within_only() {
        let list = read("203.0.113.0/24 2001:db8:1::/48");
        for (ip, allowed) in [
            ("203.0.113.24", true),
            ("::ffff:203.0.113.24", true),
            ("203.0.114.24", false),
            ("2001:db8:1:2::3", true),
            ("2001:db8:2::3", false),
            ("", false),
            ("unknown", false),
        ] {
            assert_eq!(list.allows(ip), allowed, "{ip}");
        }
        assert!(read("").allows("unknown"));
    }

    #[test]
    fn s14_nobody_locks_themselves_out() {
        use NetworksRefusal::{NoWayOut, NotFromHere};
        let list = read("203.0.113.0/24");
        assert_eq!(list.can_be_chosen("203.0.113.9", 10), Ok(()));
        assert_eq!(list.can_be_chosen("198.51.100.9", 10), Err(NotFromHere));
        assert_eq!(list.can_be_chosen("203.0.113.9", 0), Err(NoWayOut));
        assert_eq!(read("").can_be_chosen("198.51.100.9", 0), Ok(()));
    }

    #[test]
    fn s14_the_present_connection_is_offered() {
        assert_eq!(offers("203.0.113.24"), ["203.0.113.24", "203.0.113.0/24"]);
        assert_eq!(
            offers("2001:db8:1:2:3:4:5:6"),
            ["2001:db8:1:2::/64", "2001:db8:1::/48"]
        );
        assert!(offers("unknown").is_empty());
    }
}
