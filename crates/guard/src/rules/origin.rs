use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where a request comes from, at the sizes attackers and neighbours come in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Networks {
    /// The address itself.
    pub(crate) address: String,
    /// IPv4 /24, IPv6 /64.
    pub(crate) network: String,
    /// IPv6 /56, what one home is often given as a whole; nothing for IPv4.
    pub(crate) delegated: Option<String>,
    /// IPv6 /48; nothing for IPv4.
    pub(crate) site: Option<String>,
    /// The smallest thing that is one household: the IPv4 address, the IPv6 /64.
    pub(crate) household: String,
}

/// The networks of `ip`. All that is no address counts as one.
pub(crate) fn networks(ip: &str) -> Networks {
    match ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => Networks {
            address: ip.to_string(),
            network: v4_prefix(ip, 24),
            delegated: None,
            site: None,
            household: ip.to_string(),
        },
        Ok(IpAddr::V6(ip)) => Networks {
            address: ip.to_string(),
            network: v6_prefix(ip, 64),
            delegated: Some(v6_prefix(ip, 56)),
            site: Some(v6_prefix(ip, 48)),
            household: v6_prefix(ip, 64),
        },
        Err(_not_an_address) => Networks {
            address: "none".to_owned(),
            network: "none".to_owned(),
            delegated: None,
            site: None,
            household: "none".to_owned(),
        },
    }
}

fn v4_prefix(ip: Ipv4Addr, bits: u32) -> String {
    let kept = u32::MAX
        .checked_shl(32_u32.saturating_sub(bits))
        .unwrap_or(0);
    format!("{}/{bits}", Ipv4Addr::from_bits(ip.to_bits() & kept))
}

fn v6_prefix(ip: Ipv6Addr, bits: u32) -> String {
    let kept = u128::MAX
        .checked_shl(128_u32.saturating_sub(bits))
        .unwrap_or(0);
    format!("{}/{bits}", Ipv6Addr::from_bits(ip.to_bits() & kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_01_addresses_belong_to_networks() {
        let v4 = networks("192.0.2.77");
        assert_eq!(
            (v4.address.as_str(), v4.network.as_str()),
            ("192.0.2.77", "192.0.2.0/24")
        );
        assert_eq!(v4.site, None);
        let v6 = networks("2001:db8:1:2:3:4:5:6");
        assert_eq!(v6.address, "2001:db8:1:2:3:4:5:6");
        assert_eq!(v6.network, "2001:db8:1:2::/64");
        assert_eq!(v6.delegated.as_deref(), Some("2001:db8:1::/56"));
        assert_eq!(v6.site.as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(v6.household, v6.network);
    }

    #[test]
    fn thr_05_an_address_has_one_form() {
        assert_eq!(networks("::ffff:192.0.2.77"), networks("192.0.2.77"));
        assert_eq!(networks("2001:DB8::1"), networks("2001:db8:0:0:0:0:0:1"));
    }

    #[test]
    fn thr_01_what_is_no_address_still_counts() {
        assert_eq!(networks(""), networks("unix:"));
    }
}
