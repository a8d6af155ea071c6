//! Keeping somebody out, or never: how it is decided (S5). What counts is asked where requests, acts and
//! guesses are counted.

use std::sync::Arc;

use ipnet::IpNet;
use sekisho_guard::{Blocks, RequestLook, overlap};
use sekisho_model::{Block, BlockEffect, BlockTarget, Event, EventKind, RequestShape, Timestamp};
use sekisho_store::{StoreError, Tx};

use crate::{Failure, Provider};

/// More blocks than these are not kept by rules: an attack from everywhere is answered by an incident level.
const MOST_BY_RULES: usize = 10_000;
/// What the names of rules begin with where they stand for operators.
pub(crate) const BY_RULE: &str = "rule:";
/// The longest reason, name or part of a shape.
const LONGEST: usize = 1_000;
/// The widest networks that can be kept out: bits of IPv4, of IPv6.
const WIDEST: (u8, u8) = (8, 16);
/// More fields than these are not asked for.
const MOST_FIELDS: usize = 10;
/// The shortest part of a user agent, query or header.
const SHORTEST_PART: usize = 3;

/// A block an operator wants.
#[derive(Debug, Clone)]
pub struct BlockOrder {
    /// By whom.
    pub operator: String,
    /// Whom or what it is about.
    pub target: BlockTarget,
    /// What is done.
    pub effect: BlockEffect,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockDecided {
    /// It counts, on every node within a second.
    InForce(i64),
    /// A trusted proxy is in it: everybody would be kept out.
    Proxy,
    /// So wide a network is a matter of an incident level.
    TooWide,
    /// The shape fits every request, or so short a part fits too many.
    FitsAll,
    /// This cannot be done about that.
    NotThatEffect,
    /// The end is over.
    EndsBeforeItBegins,
    /// A name, reason or part is missing, too long, or holds control characters.
    BadText,
}

impl Provider {
    /// Whom operators and rules keep out.
    pub fn blocks(&self) -> Arc<Blocks> {
        Arc::clone(&self.situation().blocks)
    }

    /// The number of the block that keeps this whole request out.
    pub fn blocked(&self, look: &RequestLook<'_>) -> Option<i64> {
        let (blocks, now) = (self.blocks(), self.now());
        let block = blocks.of_request(look, now)?;
        Some(counted(block))
    }

    /// Whether a block may keep this request out by its body.
    pub fn body_decides(&self, look: &RequestLook<'_>) -> bool {
        self.blocks().ask_for_body(look, self.now())
    }

    /// The number of the block that keeps a request with this body out.
    pub fn blocked_by_body(&self, look: &RequestLook<'_>, body: &[u8]) -> Option<i64> {
        let (blocks, now) = (self.blocks(), self.now());
        let block = blocks.of_body(look, body, now)?;
        Some(counted(block))
    }

    /// Keeps somebody out, or never.
    pub async fn order_block(
        &self,
        order: BlockOrder,
        mut event: Event,
    ) -> Result<BlockDecided, Failure> {
        let now = self.now();
        if let Some(refused) = refused(&order, &self.settings.unblockable, now) {
            return Ok(refused);
        }
        let made = order.made(now);
        let place = move |tx: &mut Tx<'_>| placed(tx, &made, &mut event);
        let number = self.store.write(place).await?;
        self.spread().await?;
        Ok(BlockDecided::InForce(number))
    }

    /// Ends a block. `false` if none of this number holds.
    pub async fn lift_block(
        &self,
        number: i64,
        (operator, reason): (&str, &str),
        event: Event,
    ) -> Result<bool, Failure> {
        let now = self.now();
        let (operator, reason) = (operator.trim().to_owned(), reason.trim().to_owned());
        let lift = move |tx: &mut Tx<'_>| {
            let by = (&*operator, &*reason);
            lifted(
                tx,
                number,
                by,
                &Event {
                    at: now,
                    ..event.clone()
                },
            )
        };
        let lifted = self.store.write(lift).await?;
        self.spread().await?;
        Ok(lifted)
    }

    /// What a rule does about a network: strangers from there are kept out until then; owners at their own
    /// browsers go on. Nothing, if that is so already, an operator allowed some of it, a proxy is in it, or rules
    /// have made too many blocks.
    pub(crate) fn block_by_rule(
        &self,
        network: IpNet,
        (rule, reason): (&str, &str),
        until: Timestamp,
    ) -> Option<(Block, Event)> {
        let (blocks, now) = (self.blocks(), self.now());
        let network = network.trunc();
        let kept_out = blocks.keeps_out_until(&network, until, now);
        let by_rules = |block: &&Block| block.operator.starts_with(BY_RULE);
        let too_many = blocks.holding(now).filter(by_rules).count() >= MOST_BY_RULES;
        if kept_out || too_many || blocks.allows_some_of(&network, now) {
            return None;
        }
        let order = BlockOrder {
            operator: format!("{BY_RULE}{rule}"),
            target: BlockTarget::Network(network),
            effect: BlockEffect::Strangers,
            reason: reason.to_owned(),
            until: Some(until),
        };
        if refused(&order, &self.settings.unblockable, now).is_some() {
            return None;
        }
        let event = self.event_of_server(EventKind::BlockChanged);
        Some((order.made(now), event))
    }
}

impl BlockOrder {
    fn made(self, now: Timestamp) -> Block {
        Block {
            number: 0,
            at: now,
            operator: self.operator.trim().to_owned(),
            target: self.target,
            effect: self.effect,
            reason: self.reason.trim().to_owned(),
            until: self.until,
        }
    }
}

/// Places a block, and records it.
pub(crate) fn placed(tx: &mut Tx<'_>, made: &Block, event: &mut Event) -> Result<i64, StoreError> {
    let number = tx.add_block(made)?;
    event.detail = detail(made, number);
    match &made.target {
        BlockTarget::Client(id) => event.client_id = Some(id.clone()),
        BlockTarget::Account(id) => event.user_id = Some(*id),
        _ => {}
    }
    tx.record(event)?;
    Ok(number)
}

/// Ends a block at the moment of the event, and records it. `false` if none of this number holds.
pub(crate) fn lifted(
    tx: &mut Tx<'_>,
    number: i64,
    (operator, reason): (&str, &str),
    event: &Event,
) -> Result<bool, StoreError> {
    let Some(held) = tx.lift_block(number, event.at)? else {
        return Ok(false);
    };
    let detail = serde_json::json!({
        "number": number, "lifted": true, "operator": operator, "reason": reason,
        "target": held.target, "made_by": held.operator,
    });
    tx.record(&Event {
        detail,
        ..event.clone()
    })?;
    Ok(true)
}

fn counted(block: &Block) -> i64 {
    metrics::counter!("sekisho_blocked_requests_total").increment(1);
    block.number
}

fn refused(order: &BlockOrder, never: &[IpNet], now: Timestamp) -> Option<BlockDecided> {
    if order.until.is_some_and(|until| until <= now) {
        return Some(BlockDecided::EndsBeforeItBegins);
    }
    if [&order.operator, &order.reason]
        .into_iter()
        .any(|text| bad_text(text))
    {
        return Some(BlockDecided::BadText);
    }
    let denies = order.effect != BlockEffect::Allow;
    let whole = order.effect == BlockEffect::Everything;
    match &order.target {
        BlockTarget::Network(net) => {
            let widest = if net.addr().is_ipv4() {
                WIDEST.0
            } else {
                WIDEST.1
            };
            let proxy = never.iter().any(|kept| overlap(kept, net));
            (net.prefix_len() < widest)
                .then_some(BlockDecided::TooWide)
                .or((denies && proxy).then_some(BlockDecided::Proxy))
        }
        _ if !whole => Some(BlockDecided::NotThatEffect),
        BlockTarget::UserAgent(part) => part_refused(part),
        BlockTarget::Request(shape) => shape_refused(shape),
        BlockTarget::Client(_) | BlockTarget::Account(_) => None,
    }
}

fn part_refused(part: &str) -> Option<BlockDecided> {
    if part.trim().chars().count() < SHORTEST_PART {
        return Some(BlockDecided::FitsAll);
    }
    bad_text(part).then_some(BlockDecided::BadText)
}

fn shape_refused(shape: &RequestShape) -> Option<BlockDecided> {
    let path = shape.path.as_ref().filter(|path| path.len() > 1);
    let header = shape.header.as_ref();
    let parts = [shape.query.as_ref(), header.map(|(_, part)| part)];
    let parts: Vec<&String> = parts.into_iter().flatten().collect();
    // Bodies are read for blocks only where a path says so.
    if path.is_none() && (parts.is_empty() || !shape.fields.is_empty()) {
        return Some(BlockDecided::FitsAll);
    }
    let fields: Vec<String> = shape.fields.iter().map(ToString::to_string).collect();
    if fields.len() > MOST_FIELDS || fields.iter().any(|field| bad_text(field)) {
        return Some(BlockDecided::BadText);
    }
    let names = [
        shape.path.as_ref(),
        shape.method.as_ref(),
        header.map(|(name, _)| name),
    ];
    let bad_path = shape.path.as_ref().is_some_and(|p| !p.starts_with('/'));
    if bad_path || names.into_iter().flatten().any(|name| bad_text(name)) {
        return Some(BlockDecided::BadText);
    }
    parts.into_iter().find_map(|part| part_refused(part))
}

fn bad_text(text: &str) -> bool {
    text.trim().is_empty() || text.chars().count() > LONGEST || text.chars().any(char::is_control)
}

fn detail(made: &Block, number: i64) -> serde_json::Value {
    serde_json::json!({
        "number": number, "operator": made.operator, "target": made.target, "effect": made.effect,
        "reason": made.reason, "until": made.until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(10_000);

    fn order(target: BlockTarget, effect: BlockEffect) -> BlockOrder {
        BlockOrder {
            operator: "haruka".to_owned(),
            target,
            effect,
            reason: "test".to_owned(),
            until: None,
        }
    }

    fn net(text: &str, effect: BlockEffect) -> Option<BlockDecided> {
        let never = ["10.0.0.0/8".parse().unwrap()];
        let target = BlockTarget::Network(text.parse().unwrap());
        refused(&order(target, effect), &never, NOW)
    }

    #[test]
    fn s5_neither_a_proxy_nor_half_the_world_can_be_kept_out() {
        use BlockDecided::{Proxy, TooWide};
        let out = BlockEffect::Everything;
        for (network, expected) in [
            ("203.0.113.0/24", None),
            ("2001:db8::/32", None),
            ("10.1.2.3/32", Some(Proxy)),
            ("0.0.0.0/0", Some(TooWide)),
            ("2000::/3", Some(TooWide)),
        ] {
            assert_eq!(net(network, out), expected, "{network}");
        }
        assert_eq!(net("10.1.2.3/32", BlockEffect::Allow), None);
        assert_eq!(net("0.0.0.0/1", BlockEffect::Allow), Some(TooWide));
    }

    #[test]
    fn inc_06_a_shape_that_fits_everything_is_refused() {
        let of = |shape: RequestShape| {
            let target = BlockTarget::Request(shape);
            refused(&order(target, BlockEffect::Everything), &[], NOW)
        };
        let path = |path: &str| RequestShape {
            path: Some(path.to_owned()),
            ..RequestShape::default()
        };
        let query = |part: &str| RequestShape {
            query: Some(part.to_owned()),
            ..RequestShape::default()
        };
        assert_eq!(of(RequestShape::default()), Some(BlockDecided::FitsAll));
        assert_eq!(of(path("/")), Some(BlockDecided::FitsAll));
        assert_eq!(of(path("oauth2")), Some(BlockDecided::BadText));
        assert_eq!(of(path("/oauth2/par")), None);
        assert_eq!(of(query("e")), Some(BlockDecided::FitsAll));
        assert_eq!(of(query("a\nb\n")), Some(BlockDecided::BadText));
        assert_eq!(of(query("../..")), None);
        let fields = |path: Option<&str>, fields: &[&str]| RequestShape {
            path: path.map(str::to_owned),
            fields: fields.iter().map(|one| one.parse().unwrap()).collect(),
            ..RequestShape::default()
        };
        let token = Some("/oauth2/token");
        assert_eq!(of(fields(token, &["scope~'"])), None);
        let everywhere = fields(None, &["scope~admin"]);
        assert_eq!(of(everywhere), Some(BlockDecided::FitsAll));
        let bad = fields(token, &["scope~a\nb"]);
        assert_eq!(of(bad), Some(BlockDecided::BadText));
        let many = fields(token, &["scope"; 11]);
        assert_eq!(of(many), Some(BlockDecided::BadText));
        let agent = BlockTarget::UserAgent("sqlmap".to_owned());
        let strangers = refused(&order(agent, BlockEffect::Strangers), &[], NOW);
        assert_eq!(strangers, Some(BlockDecided::NotThatEffect));
    }
}
