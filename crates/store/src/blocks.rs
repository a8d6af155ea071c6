//! Whom operators and rules keep out, and whom they never do (S5).

use diesel::prelude::*;
use sekisho_model::{Block, BlockEffect, Timestamp};

use crate::column::{Stored as _, json, micros, read_json, time};
use crate::schema::blocks;
use crate::{StoreError, Topic, Tx};

type Row = (i64, i64, String, String, String, String, Option<i64>);

fn block(row: Row) -> Result<Block, StoreError> {
    let (number, at, operator, target, effect, reason, until) = row;
    Ok(Block {
        number,
        at: time(at),
        operator,
        target: read_json(&target)?,
        effect: BlockEffect::read(&effect)?,
        reason,
        until: until.map(time),
    })
}

impl Tx<'_> {
    /// Every block that is not deleted, oldest first; some may be over.
    pub fn blocks(&mut self) -> Result<Vec<Block>, StoreError> {
        let rows = blocks::table.order(blocks::number);
        let rows = rows.load::<Row>(self.conn)?;
        rows.into_iter().map(block).collect()
    }

    /// Adds a block under the next number, which is answered, and deletes those that are over. The number in
    /// `made` does not count. Every node hears of it.
    pub fn add_block(&mut self, made: &Block) -> Result<i64, StoreError> {
        self.bump_revision(Topic::Blocks)?;
        let last = blocks::table
            .select(diesel::dsl::max(blocks::number))
            .first::<Option<i64>>(self.conn)?;
        let number = last.unwrap_or(0) + 1;
        diesel::insert_into(blocks::table)
            .values((
                blocks::number.eq(number),
                blocks::at.eq(made.at.micros()),
                blocks::operator.eq(&made.operator),
                blocks::target.eq(json(&made.target)?),
                blocks::effect.eq(made.effect.stored()),
                blocks::reason.eq(&made.reason),
                blocks::until_at.eq(micros(made.until)),
            ))
            .execute(self.conn)?;
        let over = blocks::until_at.le(made.at.micros());
        // Numbers are not given twice: the newest stays.
        let over = over.and(blocks::number.ne(number));
        diesel::delete(blocks::table.filter(over)).execute(self.conn)?;
        Ok(number)
    }

    /// Ends a block, if one of this number holds, and answers it as it was. Every node hears of it.
    pub fn lift_block(&mut self, number: i64, now: Timestamp) -> Result<Option<Block>, StoreError> {
        self.bump_revision(Topic::Blocks)?;
        let found = blocks::table.find(number).first::<Row>(self.conn);
        let Some(row) = found.optional()? else {
            return Ok(None);
        };
        let held = block(row)?;
        if !held.holds(now) {
            return Ok(None);
        }
        // Over by every node's clock, also one that is behind.
        diesel::update(blocks::table.find(number))
            .set(blocks::until_at.eq(Some(0)))
            .execute(self.conn)?;
        Ok(Some(held))
    }
}
