use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_mail::when;
use sekisho_model::{AlertTopic, Event, Timestamp};
use serde_json::{Value, json};

/// What is told in one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    /// Who tells it.
    pub(super) issuer: &'a str,
    /// What it is about.
    pub(super) topic: AlertTopic,
    /// How many events.
    pub(super) count: u64,
    /// When the first of them happened, and the last.
    pub(super) between: (Timestamp, Timestamp),
    /// The newest of them.
    pub(super) newest: &'a [Event],
}

/// No less than this is told of a network, in bits of IPv4 and of IPv6: which it is says where to look, and not which
/// household it was.
const TOLD_BITS: (u8, u8) = (24, 48);

/// The body of a message. It names accounts by their ids only, and source addresses by their networks: it goes to chat
/// rooms and pagers. The record has the whole.
pub(super) fn body(told: &Told<'_>) -> String {
    let at = |moment: Timestamp| when::rfc3339(moment, "UTC");
    let events: Vec<Value> = told
        .newest
        .iter()
        .map(|event| {
            json!({
                "id": event.id.to_string(), "at": at(event.at), "kind": event.kind,
                "outcome": event.outcome, "user_id": event.user_id.map(|id| id.to_string()),
                "client_id": event.client_id, "detail": by_networks(&event.detail),
            })
        })
        .collect();
    let (first, last) = told.between;
    json!({
        "type": format!("sekisho.{}", told.topic.name()), "timestamp": at(last),
        "data": {
            "issuer": told.issuer, "topic": told.topic, "severity": told.topic.severity(),
            "count": told.count, "first_at": at(first), "last_at": at(last), "events": events,
        },
    })
    .to_string()
}

/// The same with each address in it, and each network that is narrower, as the network around it.
fn by_networks(detail: &Value) -> Value {
    match detail {
        Value::String(text) => network_around(text).map_or_else(|| detail.clone(), Value::from),
        Value::Array(all) => all.iter().map(by_networks).collect(),
        Value::Object(members) => {
            let told = |(name, value): (&String, &Value)| {
                let name = network_around(name).unwrap_or_else(|| name.clone());
                (name, by_networks(value))
            };
            Value::Object(members.iter().map(told).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => detail.clone(),
    }
}

fn network_around(text: &str) -> Option<String> {
    let one = text
        .parse::<IpAddr>()
        .map(|ip| IpNet::from(ip.to_canonical()));
    let net: IpNet = one.or_else(|_not_one| text.parse()).ok()?;
    let most = match net {
        IpNet::V4(_) => TOLD_BITS.0,
        IpNet::V6(_) => TOLD_BITS.1,
    };
    let around = IpNet::new(net.addr(), net.prefix_len().min(most)).ok()?;
    Some(around.trunc().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_10_messages_tell_networks_and_no_addresses() {
        let detail = json!({
            "rule": "probes-address", "subject": "203.0.113.60", "figures": { "2001:db8:1:2::3": 4 },
            "target": { "network": "2001:db8:1:2::/64" }, "networks": ["198.51.0.0/16", "::ffff:192.0.2.7"],
            "reason": { "en": "a scanner" }, "number": 7, "until": "2026-11-30T21:00:00Z",
        });
        let told = json!({
            "rule": "probes-address", "subject": "203.0.113.0/24", "figures": { "2001:db8:1::/48": 4 },
            "target": { "network": "2001:db8:1::/48" }, "networks": ["198.51.0.0/16", "192.0.2.0/24"],
            "reason": { "en": "a scanner" }, "number": 7, "until": "2026-11-30T21:00:00Z",
        });
        assert_eq!(by_networks(&detail), told);
    }
}
