use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_model::{ClientId, UserId};
use serde::{Deserialize, Serialize};

use super::observation::Observation;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// One household: an IPv4 address, an IPv6 /64.
    Address,
    /// One network: an IPv4 /24, an IPv6 /48.
    Network,
    /// One account.
    Account,
    /// One app.
    Client,
    /// Everything together.
    Everywhere,
}

/// Whom a firing is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A network.
    Source(IpNet),
    /// An account.
    Account(UserId),
    /// An app.
    Client(ClientId),
    /// Everybody.
    Everywhere,
}

impl Per {
    /// To what of this kind something belongs; `None` if to nothing.
    pub(super) fn of(self, seen: &Observation) -> Option<Subject> {
        match self {
            Self::Address => prefix(seen.ip?, 32, 64).map(Subject::Source),
            Self::Network => prefix(seen.ip?, 24, 48).map(Subject::Source),
            Self::Account => seen.user.map(Subject::Account),
            Self::Client => seen.client.clone().map(Subject::Client),
            Self::Everywhere => Some(Subject::Everywhere),
        }
    }
}

/// The network that an address belongs to: an IPv4 /24, an IPv6 /48.
pub fn network_of(ip: &str) -> Option<IpNet> {
    prefix(ip.parse().ok()?, 24, 48)
}

fn prefix(ip: IpAddr, four: u8, six: u8) -> Option<IpNet> {
    let ip = ip.to_canonical();
    let bits = if ip.is_ipv4() { four } else { six };
    IpNet::new(ip, bits).ok().map(|net| net.trunc())
}

impl Subject {
    /// Whether what comes from there belongs to it.
    pub fn holds(&self, seen: &Observation) -> bool {
        match self {
            Self::Source(net) => seen.ip.is_some_and(|ip| net.contains(&ip.to_canonical())),
            Self::Account(user) => seen.user == Some(*user),
            Self::Client(client) => seen.client.as_ref() == Some(client),
            Self::Everywhere => true,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(net) if net.prefix_len() == net.max_prefix_len() => {
                write!(f, "{}", net.addr())
            }
            Self::Source(net) => write!(f, "{net}"),
            Self::Account(user) => write!(f, "account {user}"),
            Self::Client(client) => write!(f, "app {client}"),
            Self::Everywhere => f.write_str("everywhere"),
        }
    }
}
