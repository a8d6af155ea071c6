use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::{
    Act, Blocks, DetectionRules, Detector, DeviceClass, Firing, Limits, Measures, Observation,
    Subject, Throttle,
};
use sekisho_model::{
    Block, BlockEffect, BlockTarget, Digest, Event, EventId, EventKind, Origin, Outcome,
    SeededEntropy, Timestamp,
};
use sekisho_session::Session;
use serde_json::{Value, json};

use super::people::Person;
use super::steps::Typing;

const BEGIN: i64 = 1_800_000_000;
/// What is found takes force with the next round of the watch.
const ROUND: Duration = Duration::from_secs(1);

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The password was compared and right.
    Right,
    /// It was compared and wrong.
    Wrong,
    /// Nothing was compared.
    Stopped,
}

/// How owners fared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Owners {
    /// Sign-ins that were begun with the right password.
    pub came: u64,
    /// Stopped at a browser the account knows.
    pub hindered_known: u64,
    /// Stopped at a new device; they were let in by mail unless they are locked out.
    pub by_mail: u64,
    /// Not let in by mail either.
    pub locked_out: u64,
}

/// Throttles, rules and blocks of one server.
pub struct Laboratory {
    pub(super) throttle: Throttle,
    session: Session,
    detector: Detector,
    blocks: Vec<Block>,
    measures: Measures,
    entropy: SeededEntropy,
    waiting: Vec<Event>,
    last_round: Timestamp,
    /// Wrong passwords in a row, as the database keeps them (THR-02).
    pub(super) runs: HashMap<(Digest, DeviceClass), u32>,
    /// The newest reset link of an account.
    pub(super) links: HashMap<Digest, Timestamp>,
    /// Owners who have a code in their mail, in the order in which they will type it.
    pub(super) typing: VecDeque<Typing>,
    pub now: Timestamp,
    pub fired: Vec<Firing>,
    pub owners: Owners,
}

impl Laboratory {
    pub fn open() -> Self {
        let session = Session::in_memory();
        let now = Timestamp::from_seconds(BEGIN);
        Self {
            throttle: Throttle::new(session.clone(), Limits::default(), Digest::of(b"throttle")),
            session,
            detector: Detector::new(DetectionRules::built_in()),
            blocks: Vec::new(),
            measures: Measures::default(),
            entropy: SeededEntropy::new(7),
            waiting: Vec::new(),
            last_round: now,
            runs: HashMap::new(),
            links: HashMap::new(),
            typing: VecDeque::new(),
            now,
            fired: Vec::new(),
            owners: Owners::default(),
        }
    }

    /// Time goes on; owners type their codes and rounds of the watch are held meanwhile.
    pub async fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while self.typing.front().is_some_and(|next| next.at <= end) {
            if let Some(next) = self.typing.pop_front() {
                self.now = next.at;
                self.type_code(next).await;
            }
        }
        self.now = end;
        if self.now.since(self.last_round) >= ROUND {
            self.last_round = self.now;
            self.keep_watch();
        }
    }

    pub(super) async fn spread(&self, password: u64, account: &Digest) -> u32 {
        let what = Digest::of(&password.to_be_bytes());
        let hour = Duration::from_hours(1);
        let spread = self.session.spread(&what, account, hour, self.now).await;
        spread.expect("the session store is in memory")
    }

    /// Records what somebody did.
    pub(super) fn record(
        &mut self,
        (kind, outcome): (EventKind, Outcome),
        person: &Person,
        ip: &str,
        detail: Value,
    ) {
        self.waiting.push(Event {
            id: EventId::new(self.now, &self.entropy),
            at: self.now,
            kind,
            outcome,
            user_id: person.user,
            client_id: Some(person.app()),
            session_id: None,
            origin: Origin {
                ip: ip.to_owned(),
                ..Origin::default()
            },
            detail,
        });
    }

    /// Somebody's request looks a little like one of a scanner.
    pub fn odd_request(&mut self, person: &Person, ip: &str) {
        let kind = (EventKind::ProbesSeen, Outcome::Passed);
        self.record(kind, person, ip, json!({ "count": 1 }));
    }

    fn keep_watch(&mut self) {
        let blocks = self.blocks.len();
        for event in std::mem::take(&mut self.waiting) {
            for seen in Observation::of(&event) {
                for firing in self.detector.observe(&seen) {
                    self.follow(firing);
                }
            }
        }
        if blocks != self.blocks.len() {
            self.blocks.retain(|block| block.holds(self.now));
            let list = Blocks::new(self.blocks.clone(), &[]);
            self.throttle.tell_blocks(Arc::new(list));
            assert!(
                self.blocks.len() <= 10_000,
                "more blocks than rules may make"
            );
        }
    }

    fn follow(&mut self, firing: Firing) {
        self.measures.take(&firing);
        self.throttle.tell_measures(Arc::new(self.measures.clone()));
        if let (Act::BlockSource, Subject::Source(network)) = (firing.action, &firing.subject) {
            self.blocks.push(Block {
                number: 0,
                at: firing.at,
                operator: format!("rule:{}", firing.rule),
                target: BlockTarget::Network(*network),
                effect: BlockEffect::Strangers,
                reason: String::new(),
                until: Some(firing.until),
            });
        }
        self.fired.push(firing);
    }
}
