//! Which events operators are yet to be told of. Rows come with the events, in their transactions.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{AlertTopic, Event, Timestamp};

use crate::backend::on_each;
use crate::column::{Stored as _, time};
use crate::schema::operator_alerts;
use crate::{Once, StoreError, Tx};

/// Events that one message is about at most.
const MOST_AT_ONCE: i64 = 20_000;
/// Ids that one statement names.
const IDS_AT_ONCE: usize = 500;

/// What operators are yet to be told of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingAlerts {
    /// Every one of them, oldest first.
    pub ids: Vec<String>,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// The newest of them, oldest first.
    pub newest: Vec<Event>,
}

/// One event that operators are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorAlert {
    /// What it is about.
    pub topic: AlertTopic,
    /// When it was told, or at least handed to whatever is configured.
    pub told_at: Option<Timestamp>,
    /// What happened.
    pub event: Event,
}

impl Tx<'_> {
    /// Puts down those of the events that operators are told of.
    pub(crate) fn alert_operators(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let told = |event: &Event| {
            let topic = AlertTopic::of(event)?;
            Some((
                operator_alerts::event_id.eq(event.id.to_string()),
                operator_alerts::topic.eq(topic.stored()),
                operator_alerts::at.eq(event.at.micros()),
            ))
        };
        let rows: Vec<_> = events.iter().filter_map(told).collect();
        if rows.is_empty() {
            return Ok(());
        }
        on_each!(self.conn, |c| diesel::insert_into(operator_alerts::table)
            .values(&rows)
            .execute(c))?;
        Ok(())
    }

    /// The topics that have something to tell, and of which nothing was told since `quiet_since`.
    pub fn topics_to_tell(
        &mut self,
        quiet_since: Timestamp,
    ) -> Result<Vec<AlertTopic>, StoreError> {
        let waiting: Vec<String> = operator_alerts::table
            .filter(sql::<Bool>("told_at IS NULL"))
            .select(operator_alerts::topic)
            .distinct()
            .load(self.conn)?;
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let told: Vec<String> = operator_alerts::table
            .filter(operator_alerts::topic.eq_any(&waiting))
            .filter(operator_alerts::told_at.gt(quiet_since.micros()))
            .select(operator_alerts::topic)
            .distinct()
            .load(self.conn)?;
        let due = waiting.iter().filter(|name| !told.contains(name));
        due.map(|name| AlertTopic::read(name)).collect()
    }

    /// Everything of a topic that nobody was told of, the oldest if that is too much for one message; `None`
    /// if that is nothing.
    pub fn waiting_alerts(
        &mut self,
        topic: AlertTopic,
        shown: u32,
    ) -> Result<Option<WaitingAlerts>, StoreError> {
        let rows: Vec<(String, i64)> = operator_alerts::table
            .filter(operator_alerts::topic.eq(topic.stored()))
            .filter(sql::<Bool>("told_at IS NULL"))
            .order((operator_alerts::at, operator_alerts::event_id))
            .limit(MOST_AT_ONCE)
            .select((operator_alerts::event_id, operator_alerts::at))
            .load(self.conn)?;
        let (Some((_, first)), Some((_, last))) = (rows.first(), rows.last()) else {
            return Ok(None);
        };
        let shown = usize::try_from(shown).unwrap_or(usize::MAX);
        let newest = rows.get(rows.len().saturating_sub(shown)..);
        Ok(Some(WaitingAlerts {
            first: time(*first),
            last: time(*last),
            newest: self.events_of_ids(newest.unwrap_or_default())?,
            ids: rows.into_iter().map(|(id, _)| id).collect(),
        }))
    }

    /// Notes that operators are told of these, and of nothing else: an event that was written down meanwhile
    /// waits, whenever it happened. `Once::Again`, with nothing noted, if they were told of any of them, or of
    /// anything else of the topic after `quiet_since`: whoever tells looks and writes one after the other.
    pub fn alerts_told(
        &mut self,
        (topic, quiet_since): (AlertTopic, Timestamp),
        ids: &[String],
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        self.take_turn(&format!("alerts {}", topic.stored()))?;
        if !self.topics_to_tell(quiet_since)?.contains(&topic) || self.any_told(ids)? {
            return Ok(Once::Again);
        }
        for some in ids.chunks(IDS_AT_ONCE) {
            diesel::update(operator_alerts::table)
                .filter(operator_alerts::event_id.eq_any(some))
                .set(operator_alerts::told_at.eq(now.micros()))
                .execute(self.conn)?;
        }
        Ok(Once::First)
    }

    fn any_told(&mut self, ids: &[String]) -> Result<bool, StoreError> {
        for some in ids.chunks(IDS_AT_ONCE) {
            let told = operator_alerts::table
                .filter(operator_alerts::event_id.eq_any(some))
                .filter(operator_alerts::told_at.is_not_null());
            let told: i64 = told.count().get_result(self.conn)?;
            if told > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The newest events that operators are told of, newest first.
    pub fn operator_alerts(&mut self, limit: u32) -> Result<Vec<OperatorAlert>, StoreError> {
        let rows: Vec<(String, String, i64, Option<i64>)> = operator_alerts::table
            .order((operator_alerts::at.desc(), operator_alerts::event_id.desc()))
            .limit(i64::from(limit))
            .load(self.conn)?;
        let ids: Vec<_> = rows.iter().map(|row| (row.0.clone(), row.2)).collect();
        let mut events = self.events_of_ids(&ids)?;
        let mut found = Vec::new();
        for (id, topic, _, told_at) in rows {
            // Events are kept for so long and no longer.
            if let Some(place) = events.iter().position(|event| event.id.to_string() == id) {
                found.push(OperatorAlert {
                    topic: AlertTopic::read(&topic)?,
                    told_at: told_at.map(time),
                    event: events.swap_remove(place),
                });
            }
        }
        Ok(found)
    }
}
