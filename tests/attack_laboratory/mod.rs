//! The attack laboratory: labelled mixes of attackers and honest people against the real throttles and the
//! built-in detection rules, on a clock of its own (THR-15, S6).
//!
//! It is a simulation at the level of the rules: 100,000 sign-ins over HTTP would hash 100,000 passwords. What
//! is left out is HTTP and the database; events, observations, rules, blocks and limits are those of the
//! server, and what rules find takes force a second later, as there. `detection.rs` shows the rest end to end.

mod mixes;
mod people;
mod table;

use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::{
    Act, Blocks, DetectionRules, Detector, DeviceClass, Firing, Limits, Measures, Observation,
    Pass, PasswordAttempt, ResetMail, Subject, Throttle,
};
use sekisho_model::{
    Block, BlockEffect, BlockTarget, Digest, Event, EventId, EventKind, Origin, Outcome,
    SeededEntropy, Timestamp,
};
use sekisho_session::Session;
use serde_json::json;

use people::Person;

const BEGIN: i64 = 1_800_000_000;
/// What is found takes force with the next round of the watch.
const ROUND: Duration = Duration::from_secs(1);

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The password was compared and right.
    In,
    /// It was compared and wrong.
    Wrong,
    /// Nothing was compared.
    Stopped,
}

/// Throttles, rules and blocks of one server.
pub struct Laboratory {
    throttle: Throttle,
    session: Session,
    detector: Detector,
    blocks: Vec<Block>,
    measures: Measures,
    entropy: SeededEntropy,
    waiting: Vec<Event>,
    last_round: Timestamp,
    pub now: Timestamp,
    pub fired: Vec<Firing>,
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
            now,
            fired: Vec::new(),
        }
    }

    /// Time goes on; rounds of the watch are held meanwhile.
    pub fn advance(&mut self, by: Duration) {
        self.now = self.now + by;
        if self.now.since(self.last_round) >= ROUND {
            self.last_round = self.now;
            self.keep_watch();
        }
    }

    /// Somebody types an address and a password. `password` stands for the text that was typed.
    pub async fn sign_in(&mut self, person: &Person, ip: &str, password: u64) -> Answer {
        let account = person.index();
        let attempt = PasswordAttempt {
            account: &account,
            device: person.device,
            ip,
            client: None,
        };
        let ticket = match self.throttle.before_password(attempt, self.now).await {
            Ok(Pass::Go(ticket)) => ticket,
            Ok(Pass::Wait { .. }) => return Answer::Stopped,
            Err(failure) => panic!("{failure}"),
        };
        let known = person.device != DeviceClass::Unknown;
        let mut event = self.event(EventKind::SignIn, ip);
        event.user_id = person.user;
        if person.user.is_some() && password == person.password() {
            self.throttle.after_success(ticket).await;
            event.detail = json!({ "amr": ["pwd", "otp"], "new_browser": !known });
            self.waiting.push(event);
            return Answer::In;
        }
        let same = self.spread(password, &account).await;
        event.outcome = Outcome::WrongPassword;
        event.detail = json!({
            "name": account.to_base64url(), "known": known, "same_password": same,
        });
        self.waiting.push(event);
        Answer::Wrong
    }

    /// Somebody asks for a reset link. Whether one was mailed.
    pub async fn reset(&mut self, person: &Person, ip: &str) -> bool {
        let account = person.index();
        let mail = ResetMail {
            account: &account,
            ip,
        };
        let pass = self.throttle.before_reset_mail(mail, self.now).await;
        if !matches!(pass, Ok(Pass::Go(_))) {
            return false;
        }
        let mut event = self.event(EventKind::ResetAsked, ip);
        event.user_id = person.user;
        self.waiting.push(event);
        true
    }

    async fn spread(&self, password: u64, account: &Digest) -> u32 {
        let what = Digest::of(&password.to_be_bytes());
        let hour = Duration::from_hours(1);
        let spread = self.session.spread(&what, account, hour, self.now).await;
        spread.expect("the session store is in memory")
    }

    fn event(&self, kind: EventKind, ip: &str) -> Event {
        Event {
            id: EventId::new(self.now, &self.entropy),
            at: self.now,
            kind,
            outcome: Outcome::Passed,
            user_id: None,
            client_id: None,
            session_id: None,
            origin: Origin {
                ip: ip.to_owned(),
                ..Origin::default()
            },
            detail: json!({}),
        }
    }

    fn keep_watch(&mut self) {
        let mut blocks = self.blocks.len();
        for event in std::mem::take(&mut self.waiting) {
            for seen in Observation::of(&event) {
                for firing in self.detector.observe(&seen) {
                    self.follow(firing);
                }
            }
        }
        if blocks != self.blocks.len() {
            self.blocks.retain(|block| block.holds(self.now));
            blocks = self.blocks.len();
            let list = Blocks::new(self.blocks.clone(), &[]);
            self.throttle.tell_blocks(Arc::new(list));
            assert!(blocks <= 10_000, "more blocks than rules may make");
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
