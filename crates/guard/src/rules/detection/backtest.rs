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
    /// At how many accounts.
    pub accounts: u64,
    /// How many of those were tried by their owners: later both steps, or a known browser, from there.
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
    /// Accounts whose owners were among them.
    pub owners: u64,
}

#[derive(Debug, Default)]
struct Count {
    firings: u64,
    attempts: u64,
    accounts: HashSet<u64>,
    owners: HashSet<u64>,
}

/// A rule that is tried on what was recorded.
#[derive(Debug)]
pub struct BackTest {
    detector: Detector,
    rule: String,
    holding: HashMap<Subject, Timestamp>,
    counts: BTreeMap<Subject, Count>,
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
                What::WrongPassword | What::RightPassword | What::WrongCode
            );
        let Some(count) = self.counts.get_mut(&subject) else {
            return;
        };
        let holding = self.holding.get(&subject);
        if attempt && !seen.known && holding.is_some_and(|until| seen.at < *until) {
            count.attempts = count.attempts.saturating_add(u64::from(seen.weight));
            count.accounts.insert(seen.account);
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
            owners: u64::try_from(owners.len()).unwrap_or(u64::MAX),
        };
        (all, totals)
    }
}
