use diesel::prelude::*;
use sekisho_model::{
    ClientId, Event, EventId, EventKind, Origin, Outcome, SessionId, Timestamp, UserId,
};

use crate::backend::{MultiBackend, on_each};
use crate::column::{Stored as _, read_id, time};
use crate::schema::events;
use crate::{StoreError, Tx};

/// Rows of one statement; PostgreSQL takes 65,535 values at most.
const BATCH: usize = 1000;

/// Which events of a user to show; what is empty does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryFilter {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Of these kinds.
    pub kinds: Vec<EventKind>,
    /// With these outcomes.
    pub outcomes: Vec<Outcome>,
    /// From this source address.
    pub ip: Option<String>,
    /// Through this client.
    pub client: Option<ClientId>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = events)]
struct EventRow {
    id: String,
    at: i64,
    kind: String,
    outcome: String,
    user_id: Option<String>,
    client_id: Option<String>,
    session_id: Option<String>,
    ip: String,
    user_agent: String,
    request_id: String,
    detail: String,
}

impl From<&Event> for EventRow {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: event.at.micros(),
            kind: event.kind.stored().to_owned(),
            outcome: event.outcome.stored().to_owned(),
            user_id: event.user_id.map(|id| id.to_string()),
            client_id: event.client_id.as_ref().map(|id| id.as_str().to_owned()),
            session_id: event.session_id.map(|id| id.to_string()),
            ip: event.origin.ip.clone(),
            user_agent: event.origin.user_agent.clone(),
            request_id: event.origin.request_id.clone(),
            detail: event.detail.to_string(),
        }
    }
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;
    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read_id!(EventId, &row.id)?,
            at: time(row.at),
            kind: EventKind::read(&row.kind)?,
            outcome: Outcome::read(&row.outcome)?,
            user_id: row.user_id.map(|id| read_id!(UserId, &id)).transpose()?,
            client_id: row.client_id.map(ClientId::new),
            session_id: row
                .session_id
                .map(|id| read_id!(SessionId, &id))
                .transpose()?,
            origin: Origin {
                ip: row.ip,
                user_agent: row.user_agent,
                request_id: row.request_id,
            },
            detail: serde_json::from_str(&row.detail)
                .map_err(|_malformed| StoreError::Corrupt("event detail"))?,
        })
    }
}

impl Tx<'_> {
    /// Records an event, in the transaction of the act (AU-02).
    pub fn record(&mut self, event: &Event) -> Result<(), StoreError> {
        diesel::insert_into(events::table)
            .values(EventRow::from(event))
            .execute(self.conn)?;
        self.alert_operators(std::slice::from_ref(event))
    }

    /// Records many events at once.
    pub fn record_many(&mut self, many: &[Event]) -> Result<(), StoreError> {
        for batch in many.chunks(BATCH) {
            let rows: Vec<EventRow> = batch.iter().map(EventRow::from).collect();
            on_each!(self.conn, |c| diesel::insert_into(events::table)
                .values(&rows)
                .execute(c))?;
            self.alert_operators(batch)?;
        }
        Ok(())
    }

    /// These events, oldest first.
    pub(crate) fn events_of_ids(
        &mut self,
        ids: &[(String, i64)],
    ) -> Result<Vec<Event>, StoreError> {
        let times = || ids.iter().map(|(_, at)| *at);
        let (Some(first), Some(last)) = (times().min(), times().max()) else {
            return Ok(Vec::new());
        };
        events::table
            .filter(events::id.eq_any(ids.iter().map(|(id, _)| id)))
            // So that only the partitions of those days are looked at.
            .filter(events::at.between(first, last))
            .order((events::at, events::id))
            .load::<EventRow>(self.conn)?
            .into_iter()
            .map(Event::try_from)
            .collect()
    }

    /// The newest events of a kind, newest first: for operators, not for request paths.
    pub fn events_of_kind(
        &mut self,
        kind: EventKind,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        events::table
            .filter(events::kind.eq(kind.stored()))
            .order((events::at.desc(), events::id.desc()))
            .limit(i64::from(limit))
            .load::<EventRow>(self.conn)?
            .into_iter()
            .map(Event::try_from)
            .collect()
    }

    /// One event of a user.
    pub fn event_of(
        &mut self,
        user: UserId,
        (at, id): (Timestamp, EventId),
    ) -> Result<Option<Event>, StoreError> {
        events::table
            .filter(events::user_id.eq(user.to_string()))
            .filter(events::at.eq(at.micros()))
            .filter(events::id.eq(id.to_string()))
            .first::<EventRow>(self.conn)
            .optional()?
            .map(Event::try_from)
            .transpose()
    }

    /// What happened from one moment on until before another, of these kinds (all if none is named), in
    /// the order it happened: at most so many, after that one.
    pub fn events_between(
        &mut self,
        from: Timestamp,
        until: Timestamp,
        kinds: &[EventKind],
        (after, limit): (Option<(Timestamp, EventId)>, u32),
    ) -> Result<Vec<Event>, StoreError> {
        let mut query = events::table
            .filter(events::at.ge(from.micros()))
            .filter(events::at.lt(until.micros()))
            .order((events::at, events::id))
            .limit(i64::from(limit))
            .into_boxed::<MultiBackend>();
        if let Some((at, id)) = after {
            let later = events::at.gt(at.micros());
            let beside = events::at
                .eq(at.micros())
                .and(events::id.gt(id.to_string()));
            query = query.filter(events::at.ge(at.micros()).and(later.or(beside)));
        }
        if !kinds.is_empty() {
            query = query.filter(events::kind.eq_any(kinds.iter().map(|kind| kind.stored())));
        }
        query
            .load::<EventRow>(self.conn)?
            .into_iter()
            .map(Event::try_from)
            .collect()
    }

    /// What was recorded of the request with this reference, in the order it happened; at most so many.
    pub fn events_of_reference(
        &mut self,
        reference: &str,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        events::table
            .filter(events::request_id.eq(reference))
            // The index of references leaves out what has none.
            .filter(events::request_id.ne(""))
            .order((events::at, events::id))
            .limit(i64::from(limit))
            .load::<EventRow>(self.conn)?
            .into_iter()
            .map(Event::try_from)
            .collect()
    }

    /// The same, of these kinds or replayed whatever the kind: what detection rules look at.
    pub fn events_watched(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        kinds: &[EventKind],
        (after, limit): (Option<(Timestamp, EventId)>, u32),
    ) -> Result<Vec<Event>, StoreError> {
        let of_kind = events::kind.eq_any(kinds.iter().map(|kind| kind.stored()));
        let replayed = events::outcome.eq(Outcome::Replayed.stored());
        let mut query = events::table
            .filter(events::at.ge(from.micros()))
            .filter(events::at.lt(until.micros()))
            .filter(of_kind.or(replayed))
            .order((events::at, events::id))
            .limit(i64::from(limit))
            .into_boxed::<MultiBackend>();
        if let Some((at, id)) = after {
            let later = events::at.gt(at.micros());
            let beside = events::at
                .eq(at.micros())
                .and(events::id.gt(id.to_string()));
            query = query.filter(events::at.ge(at.micros()).and(later.or(beside)));
        }
        query
            .load::<EventRow>(self.conn)?
            .into_iter()
            .map(Event::try_from)
            .collect()
    }

    /// From when on [`Self::events_watched`] has no more than `most`: `from`, or the moment of the last that is too
    /// much.
    pub fn watched_from(
        &mut self,
        from: Timestamp,
        kinds: &[EventKind],
        most: u32,
    ) -> Result<Timestamp, StoreError> {
        let of_kind = events::kind.eq_any(kinds.iter().map(|kind| kind.stored()));
        let replayed = events::outcome.eq(Outcome::Replayed.stored());
        let beyond: Option<i64> = events::table
            .filter(events::at.ge(from.micros()))
            .filter(of_kind.or(replayed))
            .order((events::at.desc(), events::id.desc()))
            .offset(i64::from(most))
            .limit(1)
            .select(events::at)
            .first(self.conn)
            .optional()?;
        // Those of the same moment go as well.
        Ok(beyond.map_or(from, |at| Timestamp::from_micros(at.saturating_add(1))))
    }

    /// The clients that a user's events name: at most so many.
    pub fn clients_in_history(
        &mut self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<ClientId>, StoreError> {
        let named = events::table
            .filter(events::user_id.eq(user.to_string()))
            .filter(events::client_id.is_not_null())
            .select(events::client_id.assume_not_null())
            .distinct()
            .order(events::client_id.assume_not_null())
            .limit(i64::from(limit))
            .load::<String>(self.conn)?;
        Ok(named.into_iter().map(ClientId::new).collect())
    }

    /// A page of a user's events, newest first; `before` is the last one of the page before.
    pub fn history_of(
        &mut self,
        user: UserId,
        filter: &HistoryFilter,
        before: Option<(Timestamp, EventId)>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let mut query = events::table
            .filter(events::user_id.eq(user.to_string()))
            .order((events::at.desc(), events::id.desc()))
            .limit(i64::from(limit))
            .into_boxed::<MultiBackend>();
        if let Some((at, id)) = before {
            let earlier = events::at.lt(at.micros());
            let beside = events::at
                .eq(at.micros())
                .and(events::id.lt(id.to_string()));
            query = query.filter(events::at.le(at.micros()).and(earlier.or(beside)));
        }
        if let Some(from) = filter.from {
            query = query.filter(events::at.ge(from.micros()));
        }
        if let Some(to) = filter.to {
            query = query.filter(events::at.lt(to.micros()));
        }
        if !filter.kinds.is_empty() {
            query =
                query.filter(events::kind.eq_any(filter.kinds.iter().map(|kind| kind.stored())));
        }
        if !filter.outcomes.is_empty() {
            let outcomes = filter.outcomes.iter().map(|outcome| outcome.stored());
            query = query.filter(events::outcome.eq_any(outcomes));
        }
        if let Some(ip) = &filter.ip {
            query = query.filter(events::ip.eq(ip));
        }
        if let Some(client) = &filter.client {
            query = query.filter(events::client_id.eq(client.as_str()));
        }
        query
            .load::<EventRow>(self.conn)?
            .into_iter()
            .map(Event::try_from)
            .collect()
    }
}
