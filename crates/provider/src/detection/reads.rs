//! Budgets for reading the data of many people (INC-10): cut at the limit, and recorded.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use sekisho_model::{ClientId, EventKind, Origin, Outcome, Timestamp, UserId};
use sekisho_store::Tx;

use super::lock;
use crate::{Failure, Provider};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Apps that are counted at a time.
const MOST: usize = 10_000;

/// How much of people's data may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budgets {
    /// People whose data one app may read through userinfo in an hour, at each node; 0 for any number.
    pub userinfo_people_hour: u32,
    /// Accounts that may be written to files in a day; 0 for any number.
    pub exported_accounts_day: u64,
}

/// Whose data each app read within its hour.
#[derive(Debug, Default)]
pub(crate) struct Reads(Mutex<HashMap<ClientId, Hour>>);

#[derive(Debug)]
struct Hour {
    ends: Timestamp,
    people: HashSet<UserId>,
    told: bool,
}

/// What the budget says of one more person.
enum Budget {
    Within,
    /// Used up until then; whether this is the first to learn it.
    Over(Timestamp, bool),
}

impl Reads {
    fn count(&self, client: &ClientId, user: UserId, limit: u32, now: Timestamp) -> Budget {
        let mut all = lock(&self.0);
        if all.len() >= MOST {
            all.retain(|_, hour| now < hour.ends);
        }
        let fresh = || Hour {
            ends: now + HOUR,
            people: HashSet::new(),
            told: false,
        };
        let hour = all.entry(client.clone()).or_insert_with(fresh);
        if hour.ends <= now {
            *hour = fresh();
        }
        let room = u32::try_from(hour.people.len()).unwrap_or(u32::MAX) < limit;
        if hour.people.contains(&user) || room {
            hour.people.insert(user);
            return Budget::Within;
        }
        let first = !std::mem::replace(&mut hour.told, true);
        Budget::Over(hour.ends, first)
    }
}

impl Provider {
    /// Counts a person whose data an app reads. Beyond its budget it waits.
    pub(crate) fn count_read(&self, client: &ClientId, user: UserId) -> Result<(), Failure> {
        let limit = self.settings.budgets.userinfo_people_hour;
        if limit == 0 {
            return Ok(());
        }
        let now = self.now();
        match self.watch.reads.count(client, user, limit, now) {
            Budget::Within => Ok(()),
            Budget::Over(ends, first) => {
                if first {
                    self.tell_used_up(client, limit);
                }
                Err(Failure::Busy(ends.since(now)))
            }
        }
    }

    fn tell_used_up(&self, client: &ClientId, limit: u32) {
        let origin = Origin::default();
        let mut event = self.event(EventKind::BulkRead, Outcome::Blocked, &origin);
        event.client_id = Some(client.clone());
        event.detail = serde_json::json!({ "what": "userinfo", "limit": limit });
        if let Err(error) = self.machine_events.record(event) {
            tracing::error!(%error, %client, "that a budget is used up was not recorded");
        }
    }

    /// Counts accounts that are about to leave by a file, and records which. Beyond the budget of the day
    /// nothing leaves.
    pub(crate) async fn count_export(&self, page: &[UserId]) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return Ok(());
        };
        let limit = self.settings.budgets.exported_accounts_day;
        let more = u64::try_from(page.len()).unwrap_or(u64::MAX);
        let now = self.now();
        let ids: (String, String) = (first.to_string(), last.to_string());
        let mut event = self.event(EventKind::BulkRead, Outcome::Passed, &Origin::default());
        let over = self
            .store
            .write(move |tx| {
                let before = exported(tx, now)?;
                let over = limit > 0 && before.saturating_add(more) > limit;
                event.detail = serde_json::json!({
                    "what": "export", "accounts": if over { 0 } else { more },
                    "from": ids.0, "to": ids.1, "before": before, "limit": limit,
                });
                event.outcome = if over {
                    Outcome::Blocked
                } else {
                    Outcome::Passed
                };
                tx.record(&event)?;
                Ok(over)
            })
            .await?;
        if over {
            return Err(Failure::OverBudget("guard.exported_accounts_day"));
        }
        Ok(())
    }
}

/// Accounts that left in the last day.
fn exported(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, sekisho_store::StoreError> {
    const PAGE: u32 = 1_000;
    let (mut sum, mut after) = (0_u64, None);
    loop {
        let page = tx.events_between(now - DAY, now, &[EventKind::BulkRead], (after, PAGE))?;
        for event in &page {
            let accounts = event
                .detail
                .get("accounts")
                .and_then(serde_json::Value::as_u64);
            sum = sum.saturating_add(accounts.unwrap_or(0));
        }
        after = page.last().map(|event| (event.at, event.id));
        if u32::try_from(page.len()).unwrap_or(PAGE) < PAGE {
            return Ok(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    #[test]
    fn inc_10_an_app_reads_so_many_people_an_hour_and_each_as_often_as_it_likes() {
        let at = Timestamp::from_seconds;
        let (entropy, reads, app) = (
            SeededEntropy::new(1),
            Reads::default(),
            ClientId::new("app"),
        );
        let people: Vec<UserId> = (0..4).map(|_| UserId::new(at(0), &entropy)).collect();
        let count = |n: usize, second| match reads.count(&app, people[n], 2, at(second)) {
            Budget::Within => None,
            Budget::Over(ends, first) => Some((ends, first)),
        };
        for n in [0, 1, 0, 1, 1] {
            assert_eq!(count(n, 1), None);
        }
        assert_eq!(count(2, 2), Some((at(3_601), true)));
        assert_eq!(count(3, 2), Some((at(3_601), false)));
        assert_eq!(count(1, 2), None, "whom it knows it may ask again");
        assert_eq!(count(2, 3_601), None);
    }
}
