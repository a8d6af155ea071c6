//! What operators decided about incident levels and features. Rows are added, never changed.

use diesel::prelude::*;
use sekisho_model::{Feature, Level, LevelDecision, OperatorText, Standing, SwitchDecision};

use crate::backend::on_each;
use crate::column::{Stored as _, json, micros, read_json, time};
use crate::schema::{level_beginnings, level_decisions, switch_decisions};
use crate::{Once, StoreError, Topic, Tx};

type LevelRow = (
    i64,
    i64,
    String,
    String,
    i64,
    String,
    i64,
    Option<i64>,
    String,
    String,
    String,
    Option<i64>,
);
type SwitchRow = (i64, i64, String, String, bool, String, Option<i64>);

fn level(row: LevelRow) -> Result<LevelDecision, StoreError> {
    let (number, at, operator, scope, level, reason, from, until, ja, en, standing, confirms) = row;
    let level = u8::try_from(level).ok().and_then(Level::from_number);
    Ok(LevelDecision {
        number,
        at: time(at),
        operator,
        scope: read_json(&scope)?,
        level: level.ok_or(StoreError::Corrupt("incident level"))?,
        reason,
        from: time(from),
        until: until.map(time),
        text: OperatorText { ja, en },
        standing: Standing::read(&standing)?,
        confirms,
    })
}

fn switch(row: SwitchRow) -> Result<SwitchDecision, StoreError> {
    let (number, at, operator, feature, works, reason, until) = row;
    Ok(SwitchDecision {
        number,
        at: time(at),
        operator,
        feature: Feature::read(&feature)?,
        on: works,
        reason,
        until: until.map(time),
    })
}

impl Tx<'_> {
    /// Lets no other decision about levels be made until the commit. Call it before looking at what the
    /// new decision depends on: two operators at once are then one after the other.
    pub fn lock_levels(&mut self) -> Result<(), StoreError> {
        self.bump_revision(Topic::Levels)
    }

    /// Every decision about levels, oldest first.
    pub fn level_decisions(&mut self) -> Result<Vec<LevelDecision>, StoreError> {
        level_decisions::table
            .order(level_decisions::number)
            .load::<LevelRow>(self.conn)?
            .into_iter()
            .map(level)
            .collect()
    }

    /// Adds a decision under the next number, which is answered; the number in `made` does not count.
    pub fn decide_level(&mut self, made: &LevelDecision) -> Result<i64, StoreError> {
        self.lock_levels()?;
        let last = level_decisions::table
            .select(diesel::dsl::max(level_decisions::number))
            .first::<Option<i64>>(self.conn)?;
        let number = last.unwrap_or(0) + 1;
        diesel::insert_into(level_decisions::table)
            .values((
                level_decisions::number.eq(number),
                level_decisions::at.eq(made.at.micros()),
                level_decisions::operator.eq(&made.operator),
                level_decisions::scope.eq(json(&made.scope)?),
                level_decisions::level.eq(i64::from(made.level.number())),
                level_decisions::reason.eq(&made.reason),
                level_decisions::from_at.eq(made.from.micros()),
                level_decisions::until_at.eq(micros(made.until)),
                level_decisions::text_ja.eq(&made.text.ja),
                level_decisions::text_en.eq(&made.text.en),
                level_decisions::standing.eq(made.standing.stored()),
                level_decisions::confirms.eq(made.confirms),
            ))
            .execute(self.conn)?;
        Ok(number)
    }

    /// Notes that a planned level was seen to begin; `Again` if another node was faster.
    pub fn note_beginning(&mut self, number: i64) -> Result<Once, StoreError> {
        let row = level_beginnings::number.eq(number);
        let rows = on_each!(self.conn, |c| diesel::insert_into(level_beginnings::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(Once::of(rows))
    }

    /// Every decision about features, oldest first.
    pub fn switch_decisions(&mut self) -> Result<Vec<SwitchDecision>, StoreError> {
        switch_decisions::table
            .order(switch_decisions::number)
            .load::<SwitchRow>(self.conn)?
            .into_iter()
            .map(switch)
            .collect()
    }

    /// Adds a decision under the next number, which is answered; the number in `made` does not count.
    pub fn decide_switch(&mut self, made: &SwitchDecision) -> Result<i64, StoreError> {
        self.lock_levels()?;
        let last = switch_decisions::table
            .select(diesel::dsl::max(switch_decisions::number))
            .first::<Option<i64>>(self.conn)?;
        let number = last.unwrap_or(0) + 1;
        diesel::insert_into(switch_decisions::table)
            .values((
                switch_decisions::number.eq(number),
                switch_decisions::at.eq(made.at.micros()),
                switch_decisions::operator.eq(&made.operator),
                switch_decisions::feature.eq(made.feature.stored()),
                switch_decisions::works.eq(made.on),
                switch_decisions::reason.eq(&made.reason),
                switch_decisions::until_at.eq(micros(made.until)),
            ))
            .execute(self.conn)?;
        Ok(number)
    }
}
