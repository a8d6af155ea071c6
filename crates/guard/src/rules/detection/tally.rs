use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use sekisho_model::Timestamp;
use serde::Serialize;

/// Acts one tally remembers; when there are more, the oldest are forgotten early.
const MOST: usize = 20_000;

/// What a rule decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// What the rule looks for.
    pub hits: u64,
    /// At how many accounts something speaks against it: right passwords, right codes. One account of an
    /// attacker's own, however often it signs in, is one.
    pub reliefs: u64,
    /// At how many accounts the hits were.
    pub accounts: u64,
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    hit: bool,
    account: u64,
    weight: u32,
}

/// The acts of one subject within a window.
#[derive(Debug, Default)]
pub(super) struct Tally {
    entries: VecDeque<Entry>,
    figures: Figures,
    accounts: HashMap<u64, u32>,
    relieved: HashMap<u64, u32>,
}

impl Tally {
    /// Counts an act, and forgets what is older than the window.
    pub(super) fn add(&mut self, (hit, account, weight): (bool, u64, u32), at: Timestamp) {
        let list = if hit {
            let more = u64::from(weight);
            self.figures.hits = self.figures.hits.saturating_add(more);
            &mut self.accounts
        } else {
            &mut self.relieved
        };
        let times = list.entry(account).or_default();
        *times = times.saturating_add(1);
        self.entries.push_back(Entry {
            at,
            hit,
            account,
            weight,
        });
        if self.entries.len() > MOST {
            self.forget_first();
        }
    }

    /// The figures of the window that ends at `now`.
    pub(super) fn figures(&mut self, window: Duration, now: Timestamp) -> Figures {
        while self.entries.front().is_some_and(|e| e.at + window <= now) {
            self.forget_first();
        }
        let size = |list: &HashMap<u64, u32>| u64::try_from(list.len()).unwrap_or(u64::MAX);
        self.figures.accounts = size(&self.accounts);
        self.figures.reliefs = size(&self.relieved);
        self.figures
    }

    /// When the last act was.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.entries.back().map(|entry| entry.at)
    }

    fn forget_first(&mut self) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        let list = if entry.hit {
            let less = u64::from(entry.weight);
            self.figures.hits = self.figures.hits.saturating_sub(less);
            &mut self.accounts
        } else {
            &mut self.relieved
        };
        if let Some(times) = list.get_mut(&entry.account) {
            *times = times.saturating_sub(1);
            if *times == 0 {
                list.remove(&entry.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_15_a_tally_holds_one_window_and_no_more_than_its_room() {
        let at = Timestamp::from_seconds;
        let window = Duration::from_secs(10);
        let mut tally = Tally::default();
        tally.add((true, 1, 1), at(0));
        tally.add((true, 1, 2), at(5));
        tally.add((false, 0, 1), at(6));
        let figures = |hits, reliefs, accounts| Figures {
            hits,
            reliefs,
            accounts,
        };
        assert_eq!(tally.figures(window, at(9)), figures(3, 1, 1));
        assert_eq!(tally.figures(window, at(10)), figures(2, 1, 1));
        assert_eq!(tally.figures(window, at(16)), figures(0, 0, 0));
        assert!(tally.accounts.is_empty());
        for n in 0..30_000 {
            tally.add((true, n, 1), at(20));
        }
        assert_eq!(tally.figures(window, at(20)).accounts, 20_000);
    }
}
