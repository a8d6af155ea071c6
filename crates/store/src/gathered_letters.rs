//! Letters of one kind to one person within a short time: the first leaves at once, those after it leave together
//! (TD-07).

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{Digest, LetterId, Timestamp, UserId};

use crate::backend::on_each;
use crate::column::{Stored as _, time};
use crate::outbox::LetterRow;
use crate::schema::{outbox, users};
use crate::{LetterState, OutboxLetter, StoreError, Tx};

/// Letters that leave as a part of one other. Of more only the number is lost: what they tell stands in the history.
pub const GATHERED_AT_MOST: u32 = 100;

/// What letters have in common, and how often such a letter leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathering {
    /// About whose account.
    pub user: UserId,
    /// A digest of the account, the kind and the address.
    pub key: Digest,
    /// At most one leaves in this time.
    pub every: Duration,
}

/// The newest set of letters of a gathering.
#[derive(Queryable)]
struct NewestSet {
    gathered_at: Option<i64>,
    state: String,
    attempts: i64,
}

/// What becomes of a new letter.
#[derive(Debug, PartialEq, Eq)]
enum Joining {
    /// It is the first of a set that leaves then.
    Begins(Timestamp),
    /// It leaves as a part of the set that leaves then.
    Joins(Timestamp),
}

impl Joining {
    fn of(newest: Option<&NewestSet>, every: Duration, now: Timestamp) -> Self {
        let Some((newest, at)) = newest.and_then(|set| Some((set, time(set.gathered_at?)))) else {
            return Self::Begins(now);
        };
        if newest.state == LetterState::Waiting.stored() && newest.attempts == 0 {
            return Self::Joins(at);
        }
        Self::Begins(now.max(at + every))
    }
}

impl Tx<'_> {
    /// From here on to the end no other unit of work gathers letters about this account. Take it before sessions and
    /// grants: others take them in this order.
    pub fn hold_gathering(&mut self, user: UserId) -> Result<(), StoreError> {
        let account = users::table.find(user.to_string()).select(users::id);
        let _found: Option<String> =
            on_each!(self.conn, |c| account.get_result(c).optional()?, |d| {
                account.for_no_key_update().get_result(d).optional()?
            },);
        Ok(())
    }

    /// Posts a letter that leaves at once if none of its gathering left within the time of it, and otherwise with
    /// those that wait for the end of that time.
    pub fn gather(
        &mut self,
        gathering: &Gathering,
        letter: &OutboxLetter,
    ) -> Result<(), StoreError> {
        self.hold_gathering(gathering.user)?;
        let key = &gathering.key;
        let newest = self.newest_set(key)?;
        match Joining::of(newest.as_ref(), gathering.every, letter.created_at) {
            Joining::Begins(at) => {
                let letter = OutboxLetter {
                    next_attempt_at: at,
                    ..letter.clone()
                };
                self.insert_letter(&letter, None, Some((key, at)))
            }
            Joining::Joins(at) if self.count_gathered(key, at)? >= i64::from(GATHERED_AT_MOST) => {
                Ok(())
            }
            Joining::Joins(at) => {
                let letter = OutboxLetter {
                    state: LetterState::Gathered,
                    not_after: letter.not_after.or(Some(at + KEPT)),
                    ..letter.clone()
                };
                self.insert_letter(&letter, None, Some((key, at)))
            }
        }
    }

    /// Nobody takes the letter to send it while it is looked at.
    fn newest_set(&mut self, key: &Digest) -> Result<Option<NewestSet>, StoreError> {
        let newest = outbox::table
            .filter(outbox::gathered_for.eq(key.as_bytes().as_slice()))
            .filter(outbox::state.ne(LetterState::Gathered.stored()))
            .order(outbox::gathered_at.desc())
            .select((outbox::gathered_at, outbox::state, outbox::attempts))
            .limit(1);
        Ok(on_each!(
            self.conn,
            |c| newest.get_result(c).optional()?,
            |d| newest.for_update().get_result(d).optional()?,
        ))
    }

    fn count_gathered(&mut self, key: &Digest, at: Timestamp) -> Result<i64, StoreError> {
        let set = outbox::table
            .filter(outbox::gathered_for.eq(key.as_bytes().as_slice()))
            .filter(outbox::gathered_at.eq(at.micros()))
            .filter(outbox::state.eq(LetterState::Gathered.stored()));
        Ok(set.count().get_result(self.conn)?)
    }

    /// The letters that leave as a part of this one, which was taken to be sent: oldest first.
    pub fn gathered_with(&mut self, id: LetterId) -> Result<Vec<OutboxLetter>, StoreError> {
        let Some((key, at)) = self.set_of(id)? else {
            return Ok(Vec::new());
        };
        outbox::table
            .filter(outbox::gathered_for.eq(key))
            .filter(outbox::gathered_at.eq(at))
            .filter(outbox::state.eq(LetterState::Gathered.stored()))
            .order((outbox::created_at, outbox::id))
            .load::<LetterRow>(self.conn)?
            .into_iter()
            .map(OutboxLetter::try_from)
            .collect()
    }

    pub(crate) fn drop_gathered_with(&mut self, id: LetterId) -> Result<(), StoreError> {
        if let Some((key, at)) = self.set_of(id)? {
            diesel::delete(outbox::table)
                .filter(outbox::gathered_for.eq(key))
                .filter(outbox::gathered_at.eq(at))
                .filter(outbox::state.eq(LetterState::Gathered.stored()))
                .execute(self.conn)?;
        }
        Ok(())
    }

    fn set_of(&mut self, id: LetterId) -> Result<Option<(Vec<u8>, i64)>, StoreError> {
        let found = outbox::table
            .find(id.to_string())
            .filter(sql::<Bool>("gathered_for IS NOT NULL"))
            .select((outbox::gathered_for, outbox::gathered_at))
            .first::<(Option<Vec<u8>>, Option<i64>)>(self.conn)
            .optional()?;
        Ok(found.and_then(|(key, at)| Some((key?, at?))))
    }
}

/// How long a part of a letter that never left lies there: as long as one that was given up.
const KEPT: Duration = Duration::from_hours(30 * 24);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_325_590);
    const EVERY: Duration = Duration::from_mins(10);

    fn set(at: Timestamp, state: LetterState, attempts: i64) -> NewestSet {
        NewestSet {
            gathered_at: Some(at.micros()),
            state: state.stored().to_owned(),
            attempts,
        }
    }

    #[test]
    fn td_07_the_first_leaves_at_once_and_the_next_at_the_end_of_the_time() {
        use LetterState::{Dead, Sent, Waiting};
        let minute = Duration::from_mins(1);
        let (past, soon) = (NOW - 4 * minute, NOW + 6 * minute);
        for (newest, expected) in [
            (None, Joining::Begins(NOW)),
            // One left four minutes ago: the next leaves six minutes from now.
            (Some(set(past, Sent, 1)), Joining::Begins(soon)),
            (Some(set(soon, Waiting, 0)), Joining::Joins(soon)),
            // Not taken yet, though it is time: it takes this one with it.
            (Some(set(past, Waiting, 0)), Joining::Joins(past)),
            // What is tried again, or was given up, was closed when it was first taken.
            (Some(set(past, Waiting, 1)), Joining::Begins(soon)),
            (Some(set(past, Dead, 8)), Joining::Begins(soon)),
            (Some(set(NOW - EVERY, Sent, 1)), Joining::Begins(NOW)),
            (Some(set(NOW - 5 * EVERY, Sent, 1)), Joining::Begins(NOW)),
        ] {
            assert_eq!(Joining::of(newest.as_ref(), EVERY, NOW), expected);
        }
    }
}
