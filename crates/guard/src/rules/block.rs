//! Whom operators and rules keep out, found fast. Pure.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_model::{Block, BlockEffect, BlockTarget, RequestShape, Timestamp};

use super::body_fields::BodyFields;
use super::situation::Concerned;

/// All blocks, as a node knows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocks {
    list: Vec<Block>,
    /// Places in the list, oldest first.
    by_network: HashMap<IpNet, Vec<usize>>,
    /// Lengths of prefixes there are, the longest first when read backwards.
    lengths: BTreeSet<u8>,
    /// What is not about networks.
    others: Vec<usize>,
}

/// What a request looks like from outside.
#[derive(Debug, Clone, Copy)]
pub struct RequestLook<'a> {
    /// The client address, as the server decided (NET-01).
    pub ip: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path, as it was sent.
    pub path: &'a str,
    /// The query, as it was sent.
    pub query: &'a str,
    /// Name (in small letters) and value of each header.
    pub headers: &'a [(&'a str, Cow<'a, str>)],
}

impl Blocks {
    /// Of all that was decided, oldest first. What touches a network in `never` (the proxies) is left out:
    /// blocking a proxy would block everybody (S5).
    pub fn new(list: Vec<Block>, never: &[IpNet]) -> Self {
        let mut blocks = Self::default();
        for block in list {
            let place = blocks.list.len();
            match &block.target {
                BlockTarget::Network(net) if block.keeps_out() && touches(net, never) => continue,
                BlockTarget::Network(net) => {
                    blocks.lengths.insert(net.prefix_len());
                    blocks.by_network.entry(*net).or_default().push(place);
                }
                _ => blocks.others.push(place),
            }
            blocks.list.push(block);
        }
        blocks
    }

    /// Whether nothing was decided: no request need be looked at.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Those that hold, oldest first.
    pub fn holding(&self, now: Timestamp) -> impl Iterator<Item = &Block> {
        self.list.iter().filter(move |block| block.holds(now))
    }

    /// What was decided about an address. A permission excepts from what is about wider networks, and from older
    /// decisions about its own; of all that keep out nevertheless the strictest counts, and then the one that
    /// lasts longest. So a block never lets anybody in whom another one kept out.
    pub fn of_source(&self, ip: &str, now: Timestamp) -> Option<&Block> {
        if self.lengths.is_empty() {
            return None;
        }
        let mut strictest: Option<&Block> = None;
        for block in self.about(ip.parse().ok()?, now) {
            if !block.keeps_out() {
                return strictest.or(Some(block));
            }
            if strictest.is_none_or(|known| strength(block) > strength(known)) {
                strictest = Some(block);
            }
        }
        strictest
    }

    /// What holds about the networks of an address: the most narrow one first, and of one network the newest
    /// decision first.
    fn about(&self, ip: IpAddr, now: Timestamp) -> impl Iterator<Item = &Block> {
        let ip = ip.to_canonical();
        let lengths = self.lengths.iter().rev();
        let nets = lengths.filter_map(move |bits| IpNet::new(ip, *bits).ok());
        nets.filter_map(|net| self.by_network.get(&net.trunc()))
            .flat_map(|places| places.iter().rev())
            .filter_map(|place| self.list.get(*place))
            .filter(move |block| block.holds(now))
    }

    /// Whether strangers from this whole network are kept out until then, if nothing within or around it is
    /// allowed.
    pub fn keeps_out_until(&self, net: &IpNet, until: Timestamp, now: Timestamp) -> bool {
        self.about(net.addr(), now).any(|block| {
            let whole = matches!(&block.target, BlockTarget::Network(there) if there.contains(net));
            whole && block.keeps_out() && block.until.is_none_or(|end| end >= until)
        })
    }

    /// Whether strangers from there are kept out; until when, if that is known.
    pub fn keeps_strangers_out(&self, ip: &str, now: Timestamp) -> Option<&Block> {
        self.of_source(ip, now).filter(|block| block.keeps_out())
    }

    /// Whether an operator said never to keep anybody from there out.
    pub fn allows(&self, ip: &str, now: Timestamp) -> bool {
        self.of_source(ip, now)
            .is_some_and(|block| !block.keeps_out())
    }

    /// Whether any network within or around this one is allowed: a rule must not block it.
    pub fn allows_some_of(&self, net: &IpNet, now: Timestamp) -> bool {
        self.holding(now).any(|block| match &block.target {
            BlockTarget::Network(allowed) => !block.keeps_out() && overlap(allowed, net),
            _ => false,
        })
    }

    /// The block that keeps a whole request out. A network that is allowed stays open to its user agents,
    /// but not to requests of a shape: those are about a hole, not about who comes.
    pub fn of_request(&self, look: &RequestLook<'_>, now: Timestamp) -> Option<&Block> {
        let source = self.of_source(look.ip, now);
        if let Some(block) = source
            && block.effect == BlockEffect::Everything
        {
            return Some(block);
        }
        let allowed = source.is_some_and(|block| !block.keeps_out());
        self.others().find(|block| {
            let fits = match &block.target {
                BlockTarget::UserAgent(part) => {
                    !allowed && header_has(look.headers, "user-agent", part)
                }
                BlockTarget::Request(shape) => shape.fields.is_empty() && fits(shape, look),
                _ => false,
            };
            fits && block.holds(now)
        })
    }

    /// Whether the body must be looked at: all else of some shape fits.
    pub fn ask_for_body(&self, look: &RequestLook<'_>, now: Timestamp) -> bool {
        self.by_body(look, now).next().is_some()
    }

    /// The block that keeps a request with this body out.
    pub fn of_body(&self, look: &RequestLook<'_>, body: &[u8], now: Timestamp) -> Option<&Block> {
        let sent = BodyFields::read(body);
        let mut shapes = self.by_body(look, now);
        let (block, _) = shapes.find(|(_, shape)| sent.fit(&shape.fields))?;
        Some(block)
    }

    /// Shapes that ask for fields, and fit a request but for them.
    fn by_body<'a>(
        &'a self,
        look: &RequestLook<'_>,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a Block, &'a RequestShape)> {
        let holding = self.others().filter(move |block| block.holds(now));
        holding.filter_map(|block| match &block.target {
            BlockTarget::Request(shape) if !shape.fields.is_empty() && fits(shape, look) => {
                Some((block, shape))
            }
            _ => None,
        })
    }

    /// The newest block of an app or an account.
    pub fn of(&self, whom: Concerned<'_>, now: Timestamp) -> Option<&Block> {
        let about = |block: &&Block| match &block.target {
            BlockTarget::Client(id) => Some(id) == whom.client,
            BlockTarget::Account(id) => whom.user.is_some_and(|user| user.id == *id),
            _ => false,
        };
        self.others().rev().filter(about).find(|b| b.holds(now))
    }

    /// Whether any block that counts now is about an account.
    pub fn tells_people_apart(&self, now: Timestamp) -> bool {
        let about_one = |block: &Block| matches!(block.target, BlockTarget::Account(_));
        self.others()
            .any(|block| about_one(block) && block.holds(now))
    }

    fn others(&self) -> impl DoubleEndedIterator<Item = &Block> {
        self.others.iter().filter_map(|place| self.list.get(*place))
    }
}

/// Whether one of them lies within the other.
pub fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// How strict it is, and then how long it lasts.
fn strength(block: &Block) -> (BlockEffect, bool, Option<Timestamp>) {
    (block.effect, block.until.is_none(), block.until)
}

fn touches(net: &IpNet, never: &[IpNet]) -> bool {
    never.iter().any(|kept| overlap(kept, net))
}

fn fits(shape: &RequestShape, look: &RequestLook<'_>) -> bool {
    let decoded = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text);
        decoded.decode_utf8_lossy().into_owned()
    };
    let method = shape.method.as_deref();
    let path = shape.path.as_deref();
    let query = shape.query.as_deref();
    method.is_none_or(|method| method.eq_ignore_ascii_case(look.method))
        && path.is_none_or(|path| {
            decoded(look.path)
                .to_lowercase()
                .starts_with(&path.to_lowercase())
        })
        && query.is_none_or(|part| {
            has(&decoded(look.query), part)
                || has(&decoded(&look.query.replace('+', " ")), part)
                || has(look.query, part)
        })
        && shape
            .header
            .as_ref()
            .is_none_or(|(name, part)| header_has(look.headers, name, part))
}

fn header_has(headers: &[(&str, Cow<'_, str>)], name: &str, part: &str) -> bool {
    headers
        .iter()
        .any(|(there, value)| there.eq_ignore_ascii_case(name) && has(value, part))
}

fn has(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_model::ClientId;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(10_000);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(10_000 + seconds)
    }

    fn made(number: i64, target: BlockTarget, effect: BlockEffect) -> Block {
        Block {
            number,
            at: NOW,
            operator: "haruka".to_owned(),
            target,
            effect,
            reason: "test".to_owned(),
            until: None,
        }
    }

    fn net(number: i64, text: &str, effect: BlockEffect) -> Block {
        made(number, BlockTarget::Network(text.parse().unwrap()), effect)
    }

    fn look<'a>(ip: &'a str, path: &'a str, query: &'a str) -> RequestLook<'a> {
        RequestLook {
            ip,
            method: "GET",
            path,
            query,
            headers: &[],
        }
    }

    #[test]
    fn s5_the_most_narrow_permission_counts_and_then_the_newest_decision() {
        let list = vec![
            net(1, "203.0.113.0/24", BlockEffect::Strangers),
            net(2, "203.0.113.64/26", BlockEffect::Allow),
            net(3, "203.0.113.70/32", BlockEffect::Everything),
            net(4, "198.51.100.0/24", BlockEffect::Everything),
            Block {
                until: Some(at(60)),
                ..net(5, "198.51.100.0/24", BlockEffect::Allow)
            },
            net(6, "2001:db8:1::/48", BlockEffect::Strangers),
        ];
        let blocks = Blocks::new(list, &[]);
        let number = |ip, now| blocks.of_source(ip, now).map(|block| block.number);
        assert_eq!(number("203.0.113.1", NOW), Some(1));
        assert_eq!(number("203.0.113.65", NOW), Some(2));
        assert_eq!(number("203.0.113.70", NOW), Some(3));
        assert_eq!(number("::ffff:203.0.113.70", NOW), Some(3));
        assert_eq!(number("203.0.114.1", NOW), None);
        assert_eq!(number("198.51.100.9", NOW), Some(5));
        assert_eq!(number("198.51.100.9", at(60)), Some(4));
        assert_eq!(number("2001:db8:1:ffff::1", NOW), Some(6));
        assert_eq!(number("2001:db8:2::1", NOW), None);
        assert_eq!(number("unknown", NOW), None);
        assert!(blocks.allows("203.0.113.65", NOW));
        assert!(blocks.keeps_strangers_out("203.0.113.65", NOW).is_none());
        assert!(blocks.allows_some_of(&"203.0.113.0/24".parse().unwrap(), NOW));
        assert!(!blocks.allows_some_of(&"192.0.2.0/24".parse().unwrap(), NOW));
        assert!(
            blocks
                .of_request(&look("203.0.113.1", "/", ""), NOW)
                .is_none()
        );
        assert!(
            blocks
                .of_request(&look("203.0.113.70", "/", ""), NOW)
                .is_some()
        );
    }

    #[test]
    fn s5_a_narrower_block_never_weakens_a_wider_one() {
        let rule = Block {
            until: Some(at(60)),
            ..net(2, "203.0.113.9/32", BlockEffect::Strangers)
        };
        let sealed = net(1, "203.0.113.0/24", BlockEffect::Everything);
        let office = net(3, "203.0.113.8/30", BlockEffect::Allow);
        let number = |list: &[&Block]| {
            let list = list.iter().map(|block| (*block).clone()).collect();
            let blocks = Blocks::new(list, &[]);
            blocks.of_source("203.0.113.9", NOW).map(|b| b.number)
        };
        assert_eq!(number(&[&sealed, &rule]), Some(1));
        assert_eq!(number(&[&rule, &sealed]), Some(1));
        // A permission excepts from what is wider, not from what is narrower.
        assert_eq!(number(&[&sealed, &office]), Some(3));
        assert_eq!(number(&[&office, &sealed]), Some(3));
        assert_eq!(number(&[&sealed, &rule, &office]), Some(2));
        // Nor does a newer block of the same network weaken an older one.
        let milder = net(4, "203.0.113.0/24", BlockEffect::Strangers);
        assert_eq!(number(&[&sealed, &milder]), Some(1));
        let allowed = net(5, "203.0.113.0/24", BlockEffect::Allow);
        assert_eq!(number(&[&sealed, &allowed]), Some(5));
        assert_eq!(number(&[&allowed, &sealed]), Some(1));
        assert_eq!(number(&[&sealed, &allowed, &milder]), Some(4));
        // Of two that are as strict, the end that people are told of is the later one.
        assert_eq!(number(&[&milder, &rule]), Some(4));
    }

    #[test]
    fn s5_a_network_is_kept_out_until_then_if_one_block_around_it_lasts() {
        let short = Block {
            until: Some(at(60)),
            ..net(1, "203.0.113.0/24", BlockEffect::Everything)
        };
        let long = Block {
            until: Some(at(120)),
            ..net(2, "203.0.0.0/16", BlockEffect::Strangers)
        };
        let blocks = Blocks::new(vec![short, long], &[]);
        let kept = |text: &str, until| {
            let net = text.parse().unwrap();
            blocks.keeps_out_until(&net, at(until), NOW)
        };
        assert!(kept("203.0.113.9/32", 120) && kept("203.0.113.0/24", 60));
        assert!(!kept("203.0.113.9/32", 121), "it ends before");
        assert!(!kept("203.0.0.0/15", 60), "only a part of it");
        assert!(!kept("198.51.100.0/24", 60));
    }

    /// How much of an address is kept out.
    fn kept(list: &[Block], ip: &str) -> BlockEffect {
        let blocks = Blocks::new(list.to_vec(), &[]);
        let block = blocks.of_source(ip, NOW);
        block.map_or(BlockEffect::Allow, |block| block.effect)
    }

    /// Decisions about the networks of sixteen addresses, some of them over.
    fn decision(effects: &'static [BlockEffect]) -> impl Strategy<Value = Block> {
        let parts = (0..16_u8, 24..=32_u8, 0..effects.len(), -1..3_i64);
        parts.prop_map(|(host, bits, effect, until)| {
            let text = format!("203.0.113.{host}/{bits}");
            let network = text.parse::<IpNet>().unwrap().trunc();
            Block {
                until: (until < 2).then(|| at(until)),
                ..made(0, BlockTarget::Network(network), effects[effect])
            }
        })
    }

    proptest! {
        #[test]
        fn s5_to_add_a_block_lets_nobody_in(
            list in prop::collection::vec(decision(&BlockEffect::ALL), 0..12),
            added in decision(&[BlockEffect::Strangers, BlockEffect::Everything]),
            place in 0..12_usize,
        ) {
            let mut after = list.clone();
            after.insert(place.min(list.len()), added);
            for host in 0..16 {
                let ip = format!("203.0.113.{host}");
                prop_assert!(kept(&list, &ip) <= kept(&after, &ip), "{ip}: {after:?}");
            }
        }
    }

    #[test]
    fn s5_a_proxy_is_never_blocked() {
        let never = ["10.1.0.0/16".parse().unwrap()];
        for kept in ["10.1.2.3/32", "10.1.0.0/16", "10.0.0.0/8"] {
            let blocks = Blocks::new(vec![net(1, kept, BlockEffect::Everything)], &never);
            assert!(blocks.of_source("10.1.2.3", NOW).is_none(), "{kept}");
        }
        let beside = Blocks::new(vec![net(1, "10.2.0.0/16", BlockEffect::Everything)], &never);
        assert!(beside.of_source("10.2.0.1", NOW).is_some());
    }

    #[test]
    fn inc_06_requests_of_a_shape_are_kept_out_in_whatever_way_they_are_written() {
        let shape = RequestShape {
            method: Some("get".to_owned()),
            path: Some("/oauth2/Authorize".to_owned()),
            query: Some("<Script".to_owned()),
            ..RequestShape::default()
        };
        let allowed = net(2, "203.0.113.0/24", BlockEffect::Allow);
        let patch = made(1, BlockTarget::Request(shape), BlockEffect::Everything);
        let blocks = Blocks::new(vec![patch, allowed], &[]);
        let kept = |path, query| {
            let look = look("203.0.113.1", path, query);
            blocks.of_request(&look, NOW).is_some()
        };
        assert!(kept("/oauth2/authorize", "a=%3CsCRIPT%3E"));
        assert!(kept("/oauth2/%61uthorize", "a=<script"));
        assert!(!kept("/oauth2/authorize", "a=script"));
        assert!(!kept("/oauth2/token", "a=%3Cscript%3E"));
        let post = RequestLook {
            method: "POST",
            ..look("203.0.113.1", "/oauth2/authorize", "%3Cscript")
        };
        assert!(blocks.of_request(&post, NOW).is_none());
    }

    #[test]
    fn inc_06_a_body_is_asked_for_only_where_all_else_of_a_shape_fits() {
        let shape = RequestShape {
            method: Some("POST".to_owned()),
            path: Some("/oauth2/token".to_owned()),
            fields: vec!["scope~admin".parse().unwrap(), "code".parse().unwrap()],
            ..RequestShape::default()
        };
        let patch = Block {
            until: Some(at(60)),
            ..made(1, BlockTarget::Request(shape), BlockEffect::Everything)
        };
        let blocks = Blocks::new(vec![patch], &[]);
        let post = RequestLook {
            method: "POST",
            ..look("203.0.113.1", "/oauth2/token", "")
        };
        let get = look("203.0.113.1", "/oauth2/token", "");
        assert!(blocks.ask_for_body(&post, NOW) && !blocks.ask_for_body(&get, NOW));
        assert!(!blocks.ask_for_body(&post, at(60)), "it is over");
        assert!(
            blocks.of_request(&post, NOW).is_none(),
            "not without its body"
        );
        let kept = |body: &str, now| blocks.of_body(&post, body.as_bytes(), now).is_some();
        assert!(kept("code=&scope=an+ADMIN", NOW));
        assert!(!kept("code=&scope=an+ADMIN", at(60)));
        assert!(!kept("scope=admin", NOW), "each field must be there");
        assert!(blocks.of_body(&get, b"code=&scope=admin", NOW).is_none());
    }

    #[test]
    fn s5_user_agents_are_kept_out_except_from_networks_that_are_allowed() {
        let agent = BlockTarget::UserAgent("sqlmap".to_owned());
        let allowed = net(2, "203.0.113.0/24", BlockEffect::Allow);
        let blocks = Blocks::new(vec![made(1, agent, BlockEffect::Everything), allowed], &[]);
        let headers = [("user-agent", Cow::Borrowed("SQLMap/1.8"))];
        let kept = |ip| {
            let look = RequestLook {
                headers: &headers,
                ..look(ip, "/", "")
            };
            blocks.of_request(&look, NOW).is_some()
        };
        assert!(kept("192.0.2.1"));
        assert!(!kept("203.0.113.1"));
    }

    #[test]
    fn s5_an_app_is_kept_out_until_the_end() {
        let app = ClientId::new("app");
        let block = Block {
            until: Some(at(60)),
            ..made(1, BlockTarget::Client(app.clone()), BlockEffect::Everything)
        };
        let blocks = Blocks::new(vec![block], &[]);
        let whom = |client| Concerned { client, user: None };
        assert!(blocks.of(whom(Some(&app)), at(59)).is_some());
        assert!(blocks.of(whom(Some(&app)), at(60)).is_none());
        assert!(blocks.of(whom(None), NOW).is_none());
        assert!(!blocks.tells_people_apart(NOW));
    }
}
