//! Budgets for what operators read of many people (INC-10): cut at the limit of a day, and recorded row by row.
//! Whoever has to read on says why; the record has it, and operators are told.

use std::time::Duration;

use sekisho_model::{EventKind, Outcome, Timestamp, UserId};
use sekisho_store::{StoreError, Tx};
use serde_json::{Value, json};

use super::reads::LONGEST_NAME;
use crate::{Failure, Provider};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// The longest reason that is kept.
pub(crate) const LONGEST_REASON: usize = 200;
/// Events read at once.
const PAGE: u32 = 1_000;

/// How an operator reads what concerns many people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingWay {
    /// A list of accounts.
    List,
    /// One account.
    Show,
    /// Accounts to a file.
    Export,
    /// The record of events.
    Events,
}

impl ReadingWay {
    const ALL: [Self; 4] = [Self::List, Self::Show, Self::Export, Self::Events];

    /// The name in events.
    const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Show => "show",
            Self::Export => "export",
            Self::Events => "events",
        }
    }

    /// The setting that limits it; lists and single accounts share one.
    const fn budget(self) -> &'static str {
        match self {
            Self::List | Self::Show => "guard.shown_accounts_day",
            Self::Export => "guard.exported_accounts_day",
            Self::Events => "guard.read_events_day",
        }
    }

    /// What the member of an event is called that says how much.
    const fn unit(self) -> &'static str {
        match self {
            Self::List | Self::Show | Self::Export => "accounts",
            Self::Events => "events",
        }
    }
}

/// Who reads, and how.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// How.
    pub way: ReadingWay,
    /// Who, as they say.
    pub reader: &'a str,
    /// Why more is read than the budget of the day, if it is.
    pub beyond: Option<&'a str>,
}

impl Provider {
    /// Counts accounts whose data an operator is about to see, and records which (AU-09): a canary among them is
    /// touched by whoever reads. Beyond the budget of the day nothing is to be shown.
    pub async fn count_reading(
        &self,
        reading: Reading<'_>,
        rows: &[UserId],
    ) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(());
        };
        let mut detail = self.detail_of(reading);
        put(&mut detail, "from", first.to_string().into());
        put(&mut detail, "to", last.to_string().into());
        let many = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.take_reading(reading, (many, rows), detail).await
    }

    /// Counts events that an operator is about to read. Beyond the budget of the day none is to be shown.
    pub async fn count_events_read(&self, reading: Reading<'_>, many: u64) -> Result<(), Failure> {
        if many == 0 {
            return Ok(());
        }
        let detail = self.detail_of(reading);
        self.take_reading(reading, (many, &[]), detail).await
    }

    fn limit_of(&self, way: ReadingWay) -> u64 {
        let budgets = &self.settings.budgets;
        match way {
            ReadingWay::List | ReadingWay::Show => budgets.shown_accounts_day,
            ReadingWay::Export => budgets.exported_accounts_day,
            ReadingWay::Events => budgets.read_events_day,
        }
    }

    fn detail_of(&self, reading: Reading<'_>) -> Value {
        let name: String = reading.reader.chars().take(LONGEST_NAME).collect();
        let mut detail = json!({
            "what": reading.way.name(), "reader": name, "limit": self.limit_of(reading.way),
        });
        if let Some(why) = reading.beyond {
            let why: String = why.chars().take(LONGEST_REASON).collect();
            put(&mut detail, "beyond", why.into());
        }
        detail
    }

    async fn take_reading(
        &self,
        reading: Reading<'_>,
        (many, rows): (u64, &[UserId]),
        detail: Value,
    ) -> Result<(), Failure> {
        let (way, limit, now) = (reading.way, self.limit_of(reading.way), self.now());
        let mut event = self.bulk_read(Outcome::Passed, detail);
        let rows = self.row_events(way.name(), Some(reading.reader), rows);
        let is_limited = limit > 0 && reading.beyond.is_none();
        let work = move |tx: &mut Tx<'_>| {
            // One after the other: on PostgreSQL nobody sees what others have not committed yet.
            tx.take_turn(way.budget())?;
            let before = if is_limited { used(tx, way, now)? } else { 0 };
            let over = is_limited && before.saturating_add(many) > limit;
            let counts = if over { 0 } else { many };
            put(&mut event.detail, way.unit(), counts.into());
            if is_limited {
                put(&mut event.detail, "before", before.into());
            }
            if over {
                event.outcome = Outcome::Blocked;
            }
            tx.record(&event)?;
            if !over {
                tx.record_many(&rows)?;
            }
            Ok(over)
        };
        if self.store.write(work).await? {
            return Err(Failure::OverBudget(way.budget()));
        }
        Ok(())
    }
}

fn put(detail: &mut Value, name: &str, value: Value) {
    if let Some(members) = detail.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// What was read of this budget in the last day, also by nodes whose clocks are ahead.
fn used(tx: &mut Tx<'_>, way: ReadingWay, now: Timestamp) -> Result<u64, StoreError> {
    let ways = ReadingWay::ALL.into_iter();
    let names: Vec<&str> = ways
        .filter(|other| other.budget() == way.budget())
        .map(ReadingWay::name)
        .collect();
    let (mut sum, mut after) = (0_u64, None);
    loop {
        let kinds = [EventKind::BulkRead];
        let page = tx.events_between(now - DAY, now + HOUR, &kinds, (after, PAGE))?;
        for event in &page {
            let member = |name: &str| event.detail.get(name);
            let what = member("what").and_then(Value::as_str);
            if what.is_some_and(|what| names.contains(&what)) {
                let many = member(way.unit()).and_then(Value::as_u64);
                sum = sum.saturating_add(many.unwrap_or(0));
            }
        }
        after = page.last().map(|event| (event.at, event.id));
        if u32::try_from(page.len()).unwrap_or(PAGE) < PAGE {
            return Ok(sum);
        }
    }
}
