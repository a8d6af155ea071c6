//! Whom operators and rules keep out, and whom they never do (S5).

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use crate::{BodyField, ClientId, Timestamp, UserId};

/// What is done about a target, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockEffect {
    /// Never kept out, and not counted by where it comes from: a large office, a monitoring probe.
    Allow,
    /// Browsers that the account does not know cannot try passwords or codes; owners at theirs go on.
    Strangers,
    /// Nothing is answered.
    Everything,
}

impl BlockEffect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Strangers, Self::Everything];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Strangers => "strangers",
            Self::Everything => "everything",
        }
    }

    /// The effect of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.name() == name)
    }
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockTarget {
    /// Where requests come from.
    Network(IpNet),
    /// A part of the `User-Agent` header, in small letters.
    UserAgent(String),
    /// An app.
    Client(ClientId),
    /// An account.
    Account(UserId),
    /// Requests of a certain shape: a virtual patch.
    Request(RequestShape),
}

/// What requests look like. All parts that are given must fit; small letters fit large ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestShape {
    /// The method.
    pub method: Option<String>,
    /// How the path begins.
    pub path: Option<String>,
    /// What the query contains, after percent-decoding.
    pub query: Option<String>,
    /// The name of a header, and what it contains.
    pub header: Option<(String, String)>,
    /// What fields of the body are like: of a form, or of a JSON object. Each must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<BodyField>,
}

/// A decision to keep somebody out or never to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number, given in order.
    pub number: i64,
    /// When it was made.
    pub at: Timestamp,
    /// By whom: an operator, or `rule:` and the id of a rule.
    pub operator: String,
    /// Whom or what it is about.
    pub target: BlockTarget,
    /// What is done.
    pub effect: BlockEffect,
    /// Why.
    pub reason: String,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

impl Block {
    /// Whether it keeps somebody out, instead of letting them in.
    pub fn keeps_out(&self) -> bool {
        self.effect != BlockEffect::Allow
    }

    /// Whether it counts now.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Reads a network, or one address. IPv4 in IPv6 is folded (NET-04), host bits are dropped.
pub fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let whole = text.parse::<IpAddr>().map(IpNet::from);
    let net = whole.or_else(|_not_one| text.parse::<IpNet>()).ok()?;
    Some(folded(net).trunc())
}

fn folded(net: IpNet) -> IpNet {
    let IpNet::V6(six) = net else { return net };
    let four = six.addr().to_ipv4_mapped();
    let bits = six.prefix_len().checked_sub(96);
    match four.zip(bits) {
        Some((address, bits)) => Ipv4Net::new(address, bits).map_or(net, IpNet::V4),
        None => net,
    }
}

impl fmt::Display for BlockTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(net) if net.prefix_len() == net.max_prefix_len() => {
                write!(f, "network {}", net.addr())
            }
            Self::Network(net) => write!(f, "network {net}"),
            Self::UserAgent(part) => write!(f, "user agent with {part:?}"),
            Self::Client(id) => write!(f, "app {id}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Request(shape) => write!(f, "requests {shape}"),
        }
    }
}

impl fmt::Display for RequestShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method.as_deref().unwrap_or("*");
        write!(f, "{method} {}", self.path.as_deref().unwrap_or("/"))?;
        if let Some(query) = &self.query {
            write!(f, " with {query:?} in the query")?;
        }
        if let Some((name, part)) = &self.header {
            write!(f, " with {part:?} in {name}")?;
        }
        for field in &self.fields {
            write!(f, " with {:?} in the body", field.to_string())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_04_networks_are_read_in_one_form() {
        for (written, read) in [
            ("203.0.113.24", Some("203.0.113.24/32")),
            (" 203.0.113.24/24 ", Some("203.0.113.0/24")),
            ("::ffff:203.0.113.24", Some("203.0.113.24/32")),
            ("::ffff:203.0.113.0/120", Some("203.0.113.0/24")),
            ("2001:db8::1", Some("2001:db8::1/128")),
            ("2001:db8:1:2:3::/64", Some("2001:db8:1:2::/64")),
            ("::/0", Some("::/0")),
            ("203.0.113", None),
            ("203.0.113.24/33", None),
            ("fe80::1%eth0", None),
            ("", None),
        ] {
            let net = network(written).map(|net| net.to_string());
            assert_eq!(net.as_deref(), read, "{written}");
        }
    }

    #[test]
    fn targets_are_stored_and_told_in_words() {
        let shape = RequestShape {
            method: Some("POST".to_owned()),
            path: Some("/oauth2/token".to_owned()),
            query: Some("../".to_owned()),
            header: Some(("x-probe".to_owned(), "1".to_owned())),
            fields: Vec::new(),
        };
        let field = RequestShape {
            path: Some("/oauth2/token".to_owned()),
            fields: vec!["scope~admin".parse().unwrap()],
            ..RequestShape::default()
        };
        for (target, words) in [
            (
                BlockTarget::Network("203.0.113.0/24".parse().unwrap()),
                "network 203.0.113.0/24",
            ),
            (
                BlockTarget::Network("2001:db8::1/128".parse().unwrap()),
                "network 2001:db8::1",
            ),
            (
                BlockTarget::UserAgent("sqlmap".to_owned()),
                "user agent with \"sqlmap\"",
            ),
            (BlockTarget::Client(ClientId::new("app")), "app app"),
            (
                BlockTarget::Request(shape),
                "requests POST /oauth2/token with \"../\" in the query with \"1\" in x-probe",
            ),
            (
                BlockTarget::Request(field),
                "requests * /oauth2/token with \"scope~admin\" in the body",
            ),
        ] {
            assert_eq!(target.to_string(), words);
            let stored = serde_json::to_string(&target).unwrap();
            assert_eq!(
                serde_json::from_str::<BlockTarget>(&stored).unwrap(),
                target
            );
        }
    }
}
