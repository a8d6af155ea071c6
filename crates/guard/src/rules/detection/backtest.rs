//! Who a rule would have stopped, found by the rule itself over what was recorded.

use std::collections::{BTreeMap, HashMap, HashSet};

use sekisho_model::Timestamp;
use serde::Serialize;

use super::detector::{Detector, Firing};
use super::observation::{Observation, What};
use super::rule::DetectionRules;
use super::subject::Subject;

/// One subject that would have been stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// A network, an account, an app, or everybody.
    pub subject: String,
    /// How often the rule fired.
    pub firings: u64,
    /// Attempts that would not have been answered.
    pub attempts: u64,
    /// How many of those were really stopped then, by whatever rule, block or limit.
    pub stopped: u64,
    /// At how many accounts. Of most attempts that were stopped the record does not say.
    pub accounts: u64,
    /// How many of those were tried by their owners: later both steps, or a known browser, from there; of attempts
    /// that were stopped, before as well.
    pub owners: u64,
}

/// Everything together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    /// Attempts that were looked at.
    pub looked_at: u64,
    /// How often the rule fired.
    pub firings: u64,
    /// Attempts that would not have been answered.
    pub attempts: u64,
    /// How many of those were really stopped then.
    pub stopped: u64,
    /// Accounts whose owners were among them.
    pub owners: u64,
}

#[derive(Debug, Default)]
struct Count {
    firings: u64,
    attempts: u64,
    stopped: u64,
    accounts: HashSet<u64>,
    owners: HashSet<u64>,
}

impl Count {
    /// Counts an attempt while the rule holds; `came` is whether its owner came in from there before.
    fn attempt(&mut self, seen: &Observation, came: bool) {
        let weight = u64::from(seen.weight);
        self.attempts = self.attempts.saturating_add(weight);
        if seen.what != What::Stopped {
            self.accounts.insert(seen.account);
            return;
        }
        self.stopped = self.stopped.saturating_add(weight);
        if seen.user.is_some() {
            self.accounts.insert(seen.account);
        }
        // Nobody comes in while they are stopped: whoever did before may be the owner.
        if came {
            self.owners.insert(seen.account);
        }
    }
}

/// A rule that is tried on what was recorded.
#[derive(Debug)]
pub struct BackTest {
    detector: Detector,
    rule: String,
    holding: HashMap<Subject, Timestamp>,
    counts: BTreeMap<Subject, Count>,
    /// Which owners came in from where.
    came: HashSet<(Subject, u64)>,
    looked_at: u64,
}

impl BackTest {
    /// `None` if there is no such rule.
    pub fn new(rules: &DetectionRules, id: &str) -> Option<Self> {
        Some(Self {
            detector: Detector::new(rules.alone(id)?),
            rule: id.to_owned(),
            holding: HashMap::new(),
            counts: BTreeMap::new(),
            came: HashSet::new(),
            looked_at: 0,
        })
    }

    /// Takes what happened next.
    pub fn observe(&mut self, seen: &Observation) {
        self.looked_at = self.looked_at.saturating_add(1);
        self.stop(seen);
        for firing in self.detector.observe(seen) {
            if firing.rule == self.rule {
                self.fired(firing);
            }
        }
    }

    fn fired(&mut self, firing: Firing) {
        let count = self.counts.entry(firing.subject.clone()).or_default();
        count.firings = count.firings.saturating_add(1);
        self.holding.insert(firing.subject, firing.until);
    }

    fn stop(&mut self, seen: &Observation) {
        let rule = self.detector.rules().get(&self.rule);
        let Some((rule, subject)) = rule.and_then(|rule| Some((rule, rule.per.of(seen)?))) else {
            return;
        };
        // Who is kept out comes to no mail; who signs in is counted there.
        let attempt = seen.what == rule.kind.hit()
            || matches!(
                seen.what,
                What::WrongPassword | What::RightPassword | What::WrongCode | What::Stopped
            );
        if seen.owner {
            self.came.insert((subject.clone(), seen.account));
        }
        let Some(count) = self.counts.get_mut(&subject) else {
            return;
        };
        let holding = self.holding.get(&subject);
        if attempt && !seen.known && holding.is_some_and(|until| seen.at < *until) {
            let came = self.came.contains(&(subject, seen.account));
            count.attempt(seen, came);
        }
        // Whoever shows later that they are the owner was one before.
        if seen.owner && count.accounts.contains(&seen.account) {
            count.owners.insert(seen.account);
        }
    }

    /// Who would have been stopped, most attempts first, and everything together.
    pub fn result(&self) -> (Vec<Stopped>, Totals) {
        let size = |set: &HashSet<u64>| u64::try_from(set.len()).unwrap_or(u64::MAX);
        let told = |(subject, count): (&Subject, &Count)| Stopped {
            subject: subject.to_string(),
            firings: count.firings,
            attempts: count.attempts,
            stopped: count.stopped,
            accounts: size(&count.accounts),
            owners: size(&count.owners),
        };
        let mut all: Vec<Stopped> = self.counts.iter().map(told).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.attempts));
        let owners: HashSet<&u64> = self.counts.values().flat_map(|c| &c.owners).collect();
        let totals = Totals {
            looked_at: self.looked_at,
            firings: all.iter().map(|one| one.firings).sum(),
            attempts: all.iter().map(|one| one.attempts).sum(),
            stopped: all.iter().map(|one| one.stopped).sum(),
            owners: u64::try_from(owners.len()).unwrap_or(u64::MAX),
        };
        (all, totals)
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::{
        Event, EventId, EventKind, Origin, Outcome, SeededEntropy, Timestamp, UserId,
    };
    use serde_json::{Value, json};

    use super::*;

    struct Record(SeededEntropy, BackTest);

    impl Record {
        fn new() -> Self {
            let rules = DetectionRules::built_in();
            let test = BackTest::new(&rules, "stuffing-address").unwrap();
            Self(SeededEntropy::new(3), test)
        }

        fn user(&self) -> UserId {
            UserId::new(Timestamp::from_seconds(0), &self.0)
        }

        fn add(&mut self, second: i64, outcome: Outcome, user: Option<UserId>, detail: Value) {
            let at = Timestamp::from_seconds(second);
            let event = Event {
                id: EventId::new(at, &self.0),
                at,
                kind: EventKind::SignIn,
                outcome,
                user_id: user,
                client_id: None,
                session_id: None,
                origin: Origin {
                    ip: "203.0.113.77".to_owned(),
                    ..Origin::default()
                },
                detail,
            };
            for seen in Observation::of(&event) {
                self.1.observe(&seen);
            }
        }

        /// As many wrong passwords as make the rule fire.
        fn attack(&mut self, second: i64) {
            for n in 0..20 {
                let user = self.user();
                self.add(second + n, Outcome::WrongPassword, Some(user), json!({}));
            }
        }
    }

    #[test]
    fn thr_15_owners_whom_a_rule_really_stopped_are_seen_by_its_test() {
        let mut record = Record::new();
        let [before, later, never] = [(); 3].map(|()| record.user());
        let both = || json!({ "amr": ["pwd", "otp"], "new_browser": true });
        record.add(1_000, Outcome::Passed, Some(before), both());
        record.attack(2_000);
        for user in [before, later, never] {
            record.add(2_100, Outcome::Blocked, Some(user), json!({}));
        }
        // What was gathered while the rule held is told later.
        let since = Timestamp::from_seconds(2_200);
        let gathered = json!({ "count": 7, "names": 3, "since": since });
        record.add(9_000, Outcome::Blocked, None, gathered);
        record.add(10_000, Outcome::Passed, Some(later), both());
        let (stopped, totals) = record.1.result();
        let [one] = &stopped[..] else {
            panic!("{stopped:?}");
        };
        assert_eq!((one.attempts, one.stopped), (10, 10));
        assert_eq!(one.accounts, 3, "of the others there is a number only");
        assert_eq!(one.owners, 2, "who came before, and who came later");
        assert_eq!((totals.stopped, totals.owners), (10, 2));
    }

    #[test]
    fn thr_15_what_was_stopped_while_the_rule_did_not_hold_is_none_of_its_own() {
        let mut record = Record::new();
        let user = record.user();
        record.add(1_000, Outcome::Blocked, Some(user), json!({}));
        record.attack(2_000);
        record.add(9_000, Outcome::Blocked, Some(user), json!({}));
        let (stopped, totals) = record.1.result();
        assert_eq!((stopped.len(), totals.stopped, totals.attempts), (1, 0, 0));
    }
}
