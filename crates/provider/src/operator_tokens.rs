//! Tokens that programs of operators call the API with: made on the command line, shown once, for some acts,
//! for a while, from some networks (AD-10).

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use sekisho_model::{
    Digest, Event, EventKind, OperatorPermission, OperatorToken, OperatorTokenId, Origin, Outcome,
    Timestamp,
};
use sekisho_session::{CounterKey, Limit, Verdict};
use sekisho_store::{Once, OperatorTokenRecord, Tx};

use crate::{Failure, Provider};

/// Longest life of a token.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// The longest name of an operator.
const LONGEST_NAME: usize = 100;
/// The use of a token is noted so often.
const NOTED: Duration = Duration::from_mins(1);

/// A token that is wanted.
#[derive(Debug, Clone)]
pub struct OperatorTokenOrder {
    /// Whose it is, as decisions name them.
    pub operator: String,
    /// What it allows.
    pub permissions: Vec<OperatorPermission>,
    /// Where it may be used; empty for anywhere.
    pub networks: Vec<IpNet>,
    /// How long it works.
    pub life: Duration,
}

/// A token that was made.
#[derive(Debug)]
pub struct MadeOperatorToken {
    /// Its id.
    pub id: OperatorTokenId,
    /// The token; nobody can show it again.
    pub token: OperatorToken,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Under which token.
    pub token: OperatorTokenId,
    /// The operator's name.
    pub name: String,
    /// What the token allows.
    pub permissions: Vec<OperatorPermission>,
}

impl Operator {
    /// Whether the token allows it.
    pub fn may(&self, permission: OperatorPermission) -> bool {
        self.permissions.contains(&permission)
    }
}

impl Provider {
    /// Makes a token. `Err` in the answer names what of the order cannot be.
    pub async fn make_operator_token(
        &self,
        order: OperatorTokenOrder,
    ) -> Result<Result<MadeOperatorToken, &'static str>, Failure> {
        if let Some(fault) = fault(&order) {
            return Ok(Err(fault));
        }
        let now = self.now();
        let token = OperatorToken::generate(&*self.entropy);
        let record = OperatorTokenRecord {
            id: OperatorTokenId::new(now, &*self.entropy),
            digest: token.digest(),
            operator: order.operator.trim().to_owned(),
            permissions: order.permissions,
            networks: order.networks,
            created_at: now,
            expires_at: now + order.life,
            ended_at: None,
            used_at: None,
        };
        let mut event = self.event_of_server(EventKind::OperatorToken);
        event.detail = serde_json::json!({
            "step": "made", "token": record.id, "operator": record.operator,
            "permissions": record.permissions, "expires_at": record.expires_at,
        });
        let made = MadeOperatorToken {
            id: record.id,
            token,
            expires_at: record.expires_at,
        };
        let work = move |tx: &mut Tx<'_>| {
            tx.insert_operator_token(&record)?;
            tx.record(&event)
        };
        self.store.write(work).await?;
        Ok(Ok(made))
    }

    /// Tokens made before `before`, newest first.
    pub async fn operator_tokens(
        &self,
        before: Option<OperatorTokenId>,
        limit: u32,
    ) -> Result<Vec<OperatorTokenRecord>, Failure> {
        let page = move |tx: &mut Tx<'_>| tx.operator_tokens(before, limit);
        Ok(self.store.read(page).await?)
    }

    /// Ends a token at once, on every node; `Again` if it has ended or is not there.
    pub async fn end_operator_token(&self, id: OperatorTokenId) -> Result<Once, Failure> {
        let now = self.now();
        let mut event = self.event_of_server(EventKind::OperatorToken);
        event.detail = serde_json::json!({ "step": "ended", "token": id });
        let work = move |tx: &mut Tx<'_>| {
            let ended = tx.end_operator_token(id, now)?;
            if ended == Once::First {
                tx.record(&event)?;
            }
            Ok(ended)
        };
        Ok(self.store.write(work).await?)
    }

    /// Who shows this token; `None` if it does not count, which is recorded if it ever did.
    pub async fn operator_of(
        &self,
        token: &str,
        origin: &Origin,
    ) -> Result<Option<Operator>, Failure> {
        let Some(token) = OperatorToken::presented(token) else {
            return Ok(None);
        };
        let digest = token.digest();
        let found = move |tx: &mut Tx<'_>| tx.operator_token(&digest);
        let Some(record) = self.store.read(found).await? else {
            return Ok(None);
        };
        let now = self.now();
        if let Some(why) = refusal(&record, &origin.ip, now) {
            self.record_refusal(&record, why, origin).await?;
            return Ok(None);
        }
        let id = record.id;
        if record.used_at.is_none_or(|used| now.since(used) >= NOTED) {
            let noted = move |tx: &mut Tx<'_>| tx.operator_token_used(id, now);
            self.store.write(noted).await?;
        }
        Ok(Some(Operator {
            token: id,
            name: record.operator,
            permissions: record.permissions,
        }))
    }

    /// Somebody has a token who should not: told once in ten minutes, and always while nobody can count.
    async fn record_refusal(
        &self,
        record: &OperatorTokenRecord,
        why: &'static str,
        origin: &Origin,
    ) -> Result<(), Failure> {
        let limit = Limit {
            key: CounterKey {
                name: "operator-token-refused",
                digest: Digest::of(record.id.to_string().as_bytes()),
            },
            max: 1,
            window: Duration::from_mins(10),
        };
        let counted = self.session.count(&[limit], self.now()).await;
        if !matches!(counted, Ok(Verdict::Within) | Err(_)) {
            return Ok(());
        }
        let mut event: Event = self.event(EventKind::OperatorToken, Outcome::Refused, origin);
        event.detail = serde_json::json!({
            "step": "used", "token": record.id, "operator": record.operator, "why": why,
        });
        let work = move |tx: &mut Tx<'_>| tx.record(&event);
        Ok(self.store.write(work).await?)
    }
}

fn refusal(record: &OperatorTokenRecord, ip: &str, now: Timestamp) -> Option<&'static str> {
    let within = |ip: IpAddr| {
        record
            .networks
            .iter()
            .any(|net| net.contains(&ip.to_canonical()))
    };
    if record.ended_at.is_some() {
        Some("it has ended")
    } else if now >= record.expires_at {
        Some("it is over")
    } else if !record.networks.is_empty() && !ip.parse().is_ok_and(within) {
        Some("it comes from elsewhere")
    } else {
        None
    }
}

fn fault(order: &OperatorTokenOrder) -> Option<&'static str> {
    let name = order.operator.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control)
    {
        Some("operator: use 1 to 100 letters, without control characters")
    } else if order.permissions.is_empty() {
        Some("may: name at least one permission")
    } else if order.life.is_zero() || order.life > LONGEST {
        Some("days: use 1 to 366")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(networks: &[&str]) -> OperatorTokenRecord {
        let entropy = sekisho_model::SeededEntropy::new(1);
        let now = Timestamp::from_seconds(1_000);
        OperatorTokenRecord {
            id: OperatorTokenId::new(now, &entropy),
            digest: Digest::of(b"token"),
            operator: "haruka".to_owned(),
            permissions: vec![OperatorPermission::IncidentRead],
            networks: networks.iter().map(|net| net.parse().unwrap()).collect(),
            created_at: now,
            expires_at: Timestamp::from_seconds(2_000),
            ended_at: None,
            used_at: None,
        }
    }

    #[test]
    fn ad_10_a_token_counts_in_time_until_it_is_ended_and_from_its_networks() {
        let at = Timestamp::from_seconds;
        assert_eq!(refusal(&record(&[]), "198.51.100.7", at(1_999)), None);
        assert!(refusal(&record(&[]), "198.51.100.7", at(2_000)).is_some());
        let ended = OperatorTokenRecord {
            ended_at: Some(at(1_500)),
            ..record(&[])
        };
        assert!(refusal(&ended, "198.51.100.7", at(1_600)).is_some());
        let bound = record(&["192.0.2.0/24", "2001:db8::/32"]);
        for (ip, counts) in [
            ("192.0.2.9", true),
            ("::ffff:192.0.2.9", true),
            ("2001:db8::7", true),
            ("192.0.3.9", false),
            ("", false),
            ("nonsense", false),
        ] {
            assert_eq!(refusal(&bound, ip, at(1_500)).is_none(), counts, "{ip}");
        }
    }
}
