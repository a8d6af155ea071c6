//! Which events operators are yet to be told of. Rows come with the events, in their transactions.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{AlertTopic, Event, Timestamp};

use crate::backend::on_each;
use crate::column::{Stored as _, time};
use crate::schema::operator_alerts;
use crate::{Once, StoreError, Tx};

/// What operators are yet to be told of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingAlerts {
    /// How many events.
    pub count: u64,
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

    /// Everything of a topic that nobody was told of; `None` if that is nothing.
    pub fn waiting_alerts(
        &mut self,
        topic: AlertTopic,
        shown: u32,
    ) -> Result<Option<WaitingAlerts>, StoreError> {
        let waiting = || {
            operator_alerts::table
                .filter(operator_alerts::topic.eq(topic.stored()))
                .filter(sql::<Bool>("told_at IS NULL"))
        };
        let (count, first, last): (i64, Option<i64>, Option<i64>) = waiting()
            .select((
                diesel::dsl::count_star(),
                diesel::dsl::min(operator_alerts::at),
                diesel::dsl::max(operator_alerts::at),
            ))
            .first(self.conn)?;
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(None);
        };
        let newest: Vec<(String, i64)> = waiting()
            .order((operator_alerts::at.desc(), operator_alerts::event_id.desc()))
            .limit(i64::from(shown))
            .select((operator_alerts::event_id, operator_alerts::at))
            .load(self.conn)?;
        Ok(Some(WaitingAlerts {
            count: u64::try_from(count).unwrap_or_default(),
            first: time(first),
            last: time(last),
            newest: self.events_of_ids(&newest)?,
        }))
    }

    /// Notes that operators are told of a topic up to a moment. `Once::Again` if somebody else did.
    pub fn alerts_told(
        &mut self,
        topic: AlertTopic,
        up_to: Timestamp,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let noted = diesel::update(operator_alerts::table)
            .filter(operator_alerts::topic.eq(topic.stored()))
            .filter(operator_alerts::told_at.is_null())
            .filter(operator_alerts::at.le(up_to.micros()))
            .set(operator_alerts::told_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(if noted > 0 { Once::First } else { Once::Again })
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
