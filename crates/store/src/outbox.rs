use std::collections::BTreeMap;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{Digest, LetterId, LetterKind, Sealed, Timestamp};

use crate::backend::{MultiBackend, on_each};
use crate::column::{Stored as _, micros, read_id, time};
use crate::grants::count;
use crate::schema::outbox;
use crate::{Hold, StoreError, Tx};

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterState {
    /// To be sent, perhaps again.
    Waiting,
    /// To be sent as a part of the letter it is gathered with.
    Gathered,
    /// Handed over; its body is gone (OTP-15).
    Sent,
    /// Given up; an operator may revive it.
    Dead,
}

/// A letter that waits to be sent, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxLetter {
    /// Its id.
    pub id: LetterId,
    /// What it is.
    pub kind: LetterKind,
    /// The letter itself.
    pub sealed: Sealed,
    /// When it was posted.
    pub created_at: Timestamp,
    /// After this moment it is of no use and is dropped.
    pub not_after: Option<Timestamp>,
    /// How often sending was tried.
    pub attempts: u32,
    /// When it may be tried next.
    pub next_attempt_at: Timestamp,
    /// Where it stands.
    pub state: LetterState,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// The mail domain whose rate it shares, as the configuration names it; empty: one without a rate.
    pub lane: String,
}

/// How many letters may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRoom {
    /// In all.
    pub total: u32,
    /// At most this many of a lane; a lane that is not listed has no bound of its own.
    pub lanes: BTreeMap<String, u32>,
}

impl LetterRoom {
    /// Room for letters of whatever lane.
    pub const fn of(total: u32) -> Self {
        Self {
            total,
            lanes: BTreeMap::new(),
        }
    }

    fn in_lane(&self, lane: &str) -> u32 {
        self.lanes
            .get(lane)
            .map_or(self.total, |room| self.total.min(*room))
    }
}

/// How much mail waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueFigures {
    /// Letters to be sent.
    pub waiting: u64,
    /// Letters given up.
    pub dead: u64,
    /// How long the oldest waiting letter has waited.
    pub oldest_waiting: Option<Duration>,
}

/// What became of letters within some time (OTP-27).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFigures {
    /// Handed over.
    pub sent: u64,
    /// Not taken so far, and tried again.
    pub deferred: u64,
    /// Given up.
    pub refused: u64,
}

#[derive(Queryable)]
pub(crate) struct LetterRow {
    pub(crate) id: String,
    pub(crate) kind: String,
    sealed: Vec<u8>,
    pub(crate) created_at: i64,
    not_after: Option<i64>,
    pub(crate) attempts: i64,
    next_attempt_at: i64,
    state: String,
    last_error: Option<String>,
    _sent_at: Option<i64>,
    lane: String,
    _urgency: i64,
    pub(crate) held_for: Option<Vec<u8>>,
    pub(crate) held_of: Option<String>,
    _gathered_for: Option<Vec<u8>>,
    _gathered_at: Option<i64>,
}

impl TryFrom<LetterRow> for OutboxLetter {
    type Error = StoreError;
    fn try_from(row: LetterRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: read_id!(LetterId, &row.id)?,
            kind: LetterKind::read(&row.kind)?,
            sealed: Sealed::from_bytes(row.sealed),
            created_at: time(row.created_at),
            not_after: row.not_after.map(time),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_attempt_at: time(row.next_attempt_at),
            state: LetterState::read(&row.state)?,
            last_error: row.last_error,
            lane: row.lane,
        })
    }
}

impl Tx<'_> {
    /// Posts a letter, in the transaction of what it tells about.
    pub fn post(&mut self, letter: &OutboxLetter) -> Result<(), StoreError> {
        self.insert_letter(letter, None, None)
    }

    pub(crate) fn insert_letter(
        &mut self,
        letter: &OutboxLetter,
        hold: Option<&Hold>,
        gathered: Option<(&Digest, Timestamp)>,
    ) -> Result<(), StoreError> {
        diesel::insert_into(outbox::table)
            .values((
                outbox::id.eq(letter.id.to_string()),
                outbox::kind.eq(letter.kind.stored()),
                outbox::sealed.eq(letter.sealed.as_bytes()),
                outbox::created_at.eq(letter.created_at.micros()),
                outbox::not_after.eq(micros(letter.not_after)),
                outbox::attempts.eq(i64::from(letter.attempts)),
                outbox::next_attempt_at.eq(letter.next_attempt_at.micros()),
                outbox::state.eq(letter.state.stored()),
                outbox::last_error.eq(&letter.last_error),
                outbox::lane.eq(&letter.lane),
                outbox::urgency.eq(letter.kind.urgency().rank()),
                outbox::held_for.eq(hold.map(|hold| hold.key.as_bytes().as_slice())),
                outbox::held_of.eq(hold.map(|hold| hold.user.to_string())),
                outbox::gathered_for.eq(gathered.map(|(key, _)| key.as_bytes().as_slice())),
                outbox::gathered_at.eq(gathered.map(|(_, at)| at.micros())),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Takes letters that are due, the most urgent first, each for one caller only until its lease
    /// ends; counts the try.
    pub fn claim_letters(
        &mut self,
        now: Timestamp,
        lease: Duration,
        room: &LetterRoom,
    ) -> Result<Vec<OutboxLetter>, StoreError> {
        let mut due = Vec::new();
        for lane in self.waiting_lanes()? {
            due.extend(self.due_in(&lane, now, room.in_lane(&lane))?);
        }
        due.sort();
        due.truncate(usize::try_from(room.total).unwrap_or(usize::MAX));
        let ids: Vec<String> = due.into_iter().map(|(_, _, id)| id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let taken = diesel::update(outbox::table)
            .filter(outbox::id.eq_any(ids))
            .set((
                outbox::attempts.eq(outbox::attempts + 1),
                outbox::next_attempt_at.eq((now + lease).micros()),
            ))
            .returning(outbox::all_columns)
            .load::<LetterRow>(self.conn)?;
        let mut letters: Vec<OutboxLetter> = self
            .without_repeats(taken)?
            .into_iter()
            .map(OutboxLetter::try_from)
            .collect::<Result<_, _>>()?;
        letters.sort_by_key(|letter| (letter.kind.urgency(), letter.id));
        Ok(letters)
    }

    /// The lanes in which letters wait: one step in the index for each, however many letters wait.
    pub(crate) fn waiting_lanes(&mut self) -> Result<Vec<String>, StoreError> {
        let mut lanes: Vec<String> = Vec::new();
        loop {
            // A literal, not a bound value: it is what the partial index is about.
            let mut next = outbox::table
                .filter(sql::<Bool>("state = 'waiting'"))
                .order(outbox::lane)
                .select(outbox::lane)
                .limit(1)
                .into_boxed::<MultiBackend>();
            if let Some(last) = lanes.last() {
                next = next.filter(outbox::lane.gt(last.clone()));
            }
            match next.first(self.conn).optional()? {
                Some(lane) => lanes.push(lane),
                None => return Ok(lanes),
            }
        }
    }

    fn due_in(
        &mut self,
        lane: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(i64, i64, String)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let due = outbox::table
            .filter(sql::<Bool>("state = 'waiting'"))
            .filter(outbox::lane.eq(lane))
            .filter(outbox::next_attempt_at.le(now.micros()))
            .order((outbox::urgency, outbox::next_attempt_at))
            .select((outbox::urgency, outbox::next_attempt_at, outbox::id))
            .limit(i64::from(limit));
        Ok(on_each!(self.conn, |c| due.load(c), |c| due
            .for_update()
            .skip_locked()
            .load(c))?)
    }

    /// Notes that a letter was handed over, and empties its body (OTP-15); what left as a part of it is gone.
    pub fn letter_sent(&mut self, id: LetterId, now: Timestamp) -> Result<(), StoreError> {
        self.drop_gathered_with(id)?;
        diesel::update(outbox::table.find(id.to_string()))
            .set((
                outbox::state.eq(LetterState::Sent.stored()),
                outbox::sent_at.eq(now.micros()),
                outbox::sealed.eq([].as_slice()),
                outbox::last_error.eq(None::<&str>),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes why a letter was not handed over, and when to try again.
    pub fn letter_failed(
        &mut self,
        id: LetterId,
        next_attempt_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        diesel::update(outbox::table.find(id.to_string()))
            .set((
                outbox::next_attempt_at.eq(next_attempt_at.micros()),
                outbox::last_error.eq(error),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives a letter up. It can be sent after all until `keep_until`, if it says nothing earlier itself.
    pub fn letter_dead(
        &mut self,
        id: LetterId,
        error: &str,
        keep_until: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::update(outbox::table.find(id.to_string()))
            .set((
                outbox::state.eq(LetterState::Dead.stored()),
                outbox::last_error.eq(error),
            ))
            .execute(self.conn)?;
        diesel::update(outbox::table.find(id.to_string()))
            .filter(outbox::not_after.is_null())
            .set(outbox::not_after.eq(keep_until.micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// How much mail waits; counts what is in the queue, so call it for operators and metrics only. Letters that are
    /// held do not wait.
    pub fn queue_figures(&mut self, now: Timestamp) -> Result<QueueFigures, StoreError> {
        let mut figures = QueueFigures::default();
        for (state, number, oldest) in outbox::table
            .filter(sql::<Bool>("state <> 'sent'"))
            .filter(outbox::state.ne(LetterState::Gathered.stored()))
            .filter(
                outbox::held_of
                    .is_null()
                    .or(outbox::next_attempt_at.le(now.micros())),
            )
            .group_by(outbox::state)
            .select((
                outbox::state,
                diesel::dsl::count_star(),
                diesel::dsl::min(outbox::created_at),
            ))
            .load::<(String, i64, Option<i64>)>(self.conn)?
        {
            let number = u64::try_from(number).unwrap_or(0);
            match LetterState::read(&state)? {
                LetterState::Waiting => {
                    figures.waiting = number;
                    figures.oldest_waiting = oldest.map(|at| now.since(time(at)));
                }
                LetterState::Dead => figures.dead = number,
                LetterState::Gathered | LetterState::Sent => {}
            }
        }
        Ok(figures)
    }

    /// What became of letters since then, as far as it is kept; for operators.
    pub fn delivery_figures(&mut self, since: Timestamp) -> Result<DeliveryFigures, StoreError> {
        let all = || outbox::table.count();
        let sent: i64 = all()
            .filter(outbox::sent_at.ge(since.micros()))
            .get_result(self.conn)?;
        let deferred: i64 = all()
            .filter(sql::<Bool>("state = 'waiting' AND last_error IS NOT NULL"))
            .get_result(self.conn)?;
        let refused: i64 = all()
            .filter(sql::<Bool>("state = 'dead' AND state <> 'sent'"))
            .filter(outbox::created_at.ge(since.micros()))
            .get_result(self.conn)?;
        let number = |rows: i64| u64::try_from(rows).unwrap_or(0);
        Ok(DeliveryFigures {
            sent: number(sent),
            deferred: number(deferred),
            refused: number(refused),
        })
    }

    /// The newest letters that were not sent.
    pub fn list_letters(&mut self, limit: u32) -> Result<Vec<OutboxLetter>, StoreError> {
        self.letters_before(None, limit)
    }

    /// A page of the letters that were not sent, newest first; `before` is the last one of the page before.
    pub fn letters_before(
        &mut self,
        before: Option<(Timestamp, &str)>,
        limit: u32,
    ) -> Result<Vec<OutboxLetter>, StoreError> {
        let mut query = outbox::table
            .filter(sql::<Bool>("state <> 'sent'"))
            .order((outbox::created_at.desc(), outbox::id.desc()))
            .limit(i64::from(limit))
            .into_boxed::<MultiBackend>();
        if let Some((at, id)) = before {
            let earlier = outbox::created_at.lt(at.micros());
            let beside = outbox::id.lt(id.to_owned());
            query = query.filter(outbox::created_at.le(at.micros()).and(earlier.or(beside)));
        }
        query
            .load::<LetterRow>(self.conn)?
            .into_iter()
            .map(OutboxLetter::try_from)
            .collect()
    }

    /// Some of the letters that were given up, in the order of their ids after `after`.
    pub fn dead_letters(
        &mut self,
        after: Option<LetterId>,
        limit: u32,
    ) -> Result<Vec<OutboxLetter>, StoreError> {
        let after = after.map_or_else(String::new, |id| id.to_string());
        outbox::table
            .filter(sql::<Bool>("state = 'dead' AND state <> 'sent'"))
            .filter(outbox::id.gt(after))
            .order(outbox::id)
            .limit(i64::from(limit))
            .load::<LetterRow>(self.conn)?
            .into_iter()
            .map(OutboxLetter::try_from)
            .collect()
    }

    /// Takes letters that were given up away for good.
    pub fn drop_dead_letters(&mut self, ids: &[LetterId]) -> Result<u64, StoreError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows = diesel::delete(outbox::table.filter(outbox::id.eq_any(ids)))
            .filter(sql::<Bool>("state = 'dead'"))
            .execute(self.conn)?;
        Ok(count(rows))
    }

    /// Puts the letters that were given up back into the queue, with all their tries.
    pub fn revive_dead_letters(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let rows = diesel::update(outbox::table)
            .filter(sql::<Bool>("state = 'dead' AND state <> 'sent'"))
            .set((
                outbox::state.eq(LetterState::Waiting.stored()),
                outbox::attempts.eq(0),
                outbox::next_attempt_at.eq(now.micros()),
            ))
            .execute(self.conn)?;
        Ok(count(rows))
    }
}
