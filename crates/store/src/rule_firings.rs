//! What detection rules found, while it holds (THR-15), and the touches of canaries that were told (INC-10).
//! Claimed in the transaction that records them: what could not be written is found again.

use diesel::prelude::*;
use sekisho_model::{Digest, Timestamp};

use crate::backend::on_each;
use crate::column::{read_digest, time};
use crate::schema::{canary_touches, rule_firings};
use crate::{Once, StoreError, Tx};

/// A firing, as all nodes know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFiring {
    /// Keyed digest of all below but the end.
    pub mark: Digest,
    /// The rule.
    pub rule: String,
    /// Which version of the rule.
    pub content: Digest,
    /// What is done.
    pub action: String,
    /// To whom, as JSON.
    pub subject: String,
    /// Until when.
    pub until: Timestamp,
    /// The block that was placed.
    pub block: Option<i64>,
}

type Row = (Vec<u8>, String, Vec<u8>, String, String, i64, Option<i64>);

fn firing(row: Row) -> Result<RuleFiring, StoreError> {
    let (mark, rule, content, action, subject, until, block) = row;
    Ok(RuleFiring {
        mark: read_digest(&mark)?,
        rule,
        content: read_digest(&content)?,
        action,
        subject,
        until: time(until),
        block,
    })
}

impl Tx<'_> {
    /// Claims a firing of that moment; `Again` if what an earlier one did lasts longer.
    pub fn claim_firing(&mut self, made: &RuleFiring, at: Timestamp) -> Result<Once, StoreError> {
        let mark = made.mark.as_bytes().as_slice();
        let over = rule_firings::table
            .find(mark)
            .filter(rule_firings::until_at.le(at.micros()));
        let anew = (
            rule_firings::until_at.eq(made.until.micros()),
            rule_firings::block.eq(made.block),
        );
        if diesel::update(over).set(anew).execute(self.conn)? > 0 {
            return Ok(Once::First);
        }
        let row = (
            rule_firings::mark.eq(mark),
            rule_firings::rule.eq(&made.rule),
            rule_firings::content.eq(made.content.as_bytes().as_slice()),
            rule_firings::action.eq(&made.action),
            rule_firings::subject.eq(&made.subject),
            rule_firings::until_at.eq(made.until.micros()),
            rule_firings::block.eq(made.block),
        );
        let rows = on_each!(self.conn, |c| diesel::insert_into(rule_firings::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(Once::of(rows))
    }

    /// Notes which block a firing placed.
    pub fn note_block_of(&mut self, mark: &Digest, block: i64) -> Result<(), StoreError> {
        diesel::update(rule_firings::table.find(mark.as_bytes().as_slice()))
            .set(rule_firings::block.eq(Some(block)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Every firing that holds.
    pub fn holding_firings(&mut self, now: Timestamp) -> Result<Vec<RuleFiring>, StoreError> {
        rule_firings::table
            .filter(rule_firings::until_at.gt(now.micros()))
            .order(rule_firings::mark)
            .load::<Row>(self.conn)?
            .into_iter()
            .map(firing)
            .collect()
    }

    /// Forgets a firing, so that its like counts again.
    pub fn forget_firing(&mut self, mark: &Digest) -> Result<Once, StoreError> {
        let gone = diesel::delete(rule_firings::table.find(mark.as_bytes().as_slice()));
        Ok(Once::of(gone.execute(self.conn)?))
    }

    /// Claims the telling of a touch of that moment, for as long as its like is not told again.
    pub fn claim_touch(
        &mut self,
        mark: &Digest,
        (at, until): (Timestamp, Timestamp),
    ) -> Result<Once, StoreError> {
        let mark = mark.as_bytes().as_slice();
        let over = canary_touches::table
            .find(mark)
            .filter(canary_touches::until_at.le(at.micros()));
        let end = canary_touches::until_at.eq(until.micros());
        if diesel::update(over).set(end).execute(self.conn)? > 0 {
            return Ok(Once::First);
        }
        let row = (canary_touches::mark.eq(mark), end);
        let rows = on_each!(self.conn, |c| diesel::insert_into(canary_touches::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(Once::of(rows))
    }
}
