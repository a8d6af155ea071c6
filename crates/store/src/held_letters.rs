//! Letters that leave at a given time unless something happens before: a sign-in whose password was right is
//! finished (TD-07), an address is lost no more (REC-04).

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{Digest, Timestamp, UserId};

use crate::outbox::LetterRow;
use crate::schema::outbox;
use crate::{OutboxLetter, StoreError, Tx};

/// Of held letters about one account at most one set leaves in this time.
pub const HELD_LETTERS_EVERY: Duration = Duration::from_hours(1);

/// What letters are held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// About whose account.
    pub user: UserId,
    /// What takes them back: the digest of the cookie that a sign-in is bound to, or of the link that stops it.
    pub key: Digest,
}

impl Tx<'_> {
    /// Posts letters that leave at their time unless [`Tx::drop_held`] takes them back. If letters are held for
    /// `former`, those are held for the new key from now on, at their own time, and none are added: whoever begins
    /// again puts nothing off.
    pub fn hold_letters(
        &mut self,
        hold: &Hold,
        former: Option<&Digest>,
        letters: &[OutboxLetter],
    ) -> Result<(), StoreError> {
        let user = hold.user.to_string();
        let key = hold.key.as_bytes().as_slice();
        if let Some(former) = former {
            let moved = diesel::update(outbox::table)
                .filter(outbox::held_of.eq(&user))
                .filter(outbox::held_for.eq(former.as_bytes().as_slice()))
                .filter(sql::<Bool>("state = 'waiting'"))
                .set(outbox::held_for.eq(key))
                .execute(self.conn)?;
            if moved > 0 {
                return Ok(());
            }
        }
        letters
            .iter()
            .try_for_each(|letter| self.insert_letter(letter, Some(hold), None))
    }

    /// Takes back the letters that are held for this; how many there were.
    pub fn drop_held(&mut self, hold: &Hold) -> Result<usize, StoreError> {
        let rows = diesel::delete(outbox::table)
            .filter(outbox::held_of.eq(hold.user.to_string()))
            .filter(outbox::held_for.eq(hold.key.as_bytes().as_slice()))
            .filter(sql::<Bool>("state = 'waiting'"))
            .execute(self.conn)?;
        Ok(rows)
    }

    /// Lets the letters that are held for this leave now.
    pub fn release_held(&mut self, hold: &Hold, now: Timestamp) -> Result<usize, StoreError> {
        let rows = diesel::update(outbox::table)
            .filter(outbox::held_of.eq(hold.user.to_string()))
            .filter(outbox::held_for.eq(hold.key.as_bytes().as_slice()))
            .filter(sql::<Bool>("state = 'waiting'"))
            .filter(outbox::attempts.eq(0))
            .set(outbox::next_attempt_at.eq(now.micros()))
            .execute(self.conn)?;
        Ok(rows)
    }

    /// Of letters that were just taken to be sent, those that say something new: a held one says the same as another
    /// of its kind and account within [`HELD_LETTERS_EVERY`], and is gone.
    pub(crate) fn without_repeats(
        &mut self,
        mut taken: Vec<LetterRow>,
    ) -> Result<Vec<LetterRow>, StoreError> {
        taken.sort_by(|a, b| (a.created_at, &a.held_for).cmp(&(b.created_at, &b.held_for)));
        let mut kept: Vec<LetterRow> = Vec::new();
        let batch: Vec<String> = taken.iter().map(|row| row.id.clone()).collect();
        for row in taken {
            let said = kept.iter().any(|other| says_the_same(other, &row));
            if said || self.was_said(&row, &batch)? {
                diesel::delete(outbox::table.find(&row.id)).execute(self.conn)?;
            } else {
                kept.push(row);
            }
        }
        Ok(kept)
    }

    fn was_said(&mut self, row: &LetterRow, batch: &[String]) -> Result<bool, StoreError> {
        let (Some(user), Some(key)) = (&row.held_of, &row.held_for) else {
            return Ok(false);
        };
        if row.attempts > 1 {
            return Ok(false);
        }
        let told = outbox::table
            .filter(outbox::held_of.eq(user))
            .filter(outbox::held_for.ne(key))
            .filter(outbox::kind.eq(&row.kind))
            .filter(outbox::attempts.gt(0))
            .filter(outbox::created_at.gt(row.created_at - window()))
            .filter(outbox::created_at.lt(row.created_at + window()))
            .filter(outbox::id.ne_all(batch));
        Ok(diesel::select(diesel::dsl::exists(told)).get_result(self.conn)?)
    }
}

fn says_the_same(one: &LetterRow, other: &LetterRow) -> bool {
    let near = (one.created_at - other.created_at).abs() < window();
    let of_one_kind =
        one.held_of.is_some() && one.held_of == other.held_of && one.kind == other.kind;
    of_one_kind && one.held_for != other.held_for && near
}

fn window() -> i64 {
    i64::try_from(HELD_LETTERS_EVERY.as_micros()).unwrap_or(i64::MAX)
}
