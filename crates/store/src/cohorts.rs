//! Moves of epochs for cohorts: one row each, however many accounts they are about (INC-08).

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{Cohort, CohortMark, Epoch, EpochKind, Timestamp};

use crate::backend::MultiBackend;
use crate::column::{json, read_json, time};
use crate::schema::{cohort_marks, users};
use crate::{Once, StoreError, Topic, Tx};

type MarkRow = (i64, String, String, String, i64);

fn mark((epoch, kinds, cohort, reason, made_at): MarkRow) -> Result<CohortMark, StoreError> {
    Ok(CohortMark {
        epoch: Epoch(epoch),
        kinds: read_json(&kinds)?,
        cohort: read_json(&cohort)?,
        reason,
        made_at: time(made_at),
    })
}

impl Tx<'_> {
    /// Voids what the accounts of `cohort` hold of `kinds`, in constant time.
    pub fn mark_cohort(
        &mut self,
        cohort: &Cohort,
        kinds: &[EpochKind],
        reason: &str,
        now: Timestamp,
    ) -> Result<Epoch, StoreError> {
        let epoch = self.next_epoch()?;
        diesel::insert_into(cohort_marks::table)
            .values((
                cohort_marks::epoch.eq(epoch.0),
                cohort_marks::kinds.eq(json(&kinds)?),
                cohort_marks::cohort.eq(json(cohort)?),
                cohort_marks::reason.eq(reason),
                cohort_marks::made_at.eq(now.micros()),
            ))
            .execute(self.conn)?;
        Ok(epoch)
    }

    /// Every mark, oldest first.
    pub fn cohort_marks(&mut self) -> Result<Vec<CohortMark>, StoreError> {
        cohort_marks::table
            .order(cohort_marks::epoch)
            .load::<MarkRow>(self.conn)?
            .into_iter()
            .map(mark)
            .collect()
    }

    /// A page of the marks, newest first; `before` is the last one of the page before.
    pub fn cohort_marks_before(
        &mut self,
        before: Option<Epoch>,
        limit: u32,
    ) -> Result<Vec<CohortMark>, StoreError> {
        let before = before.map_or(i64::MAX, |epoch| epoch.0);
        cohort_marks::table
            .filter(cohort_marks::epoch.lt(before))
            .order(cohort_marks::epoch.desc())
            .limit(i64::from(limit))
            .load::<MarkRow>(self.conn)?
            .into_iter()
            .map(mark)
            .collect()
    }

    /// Asks nobody any more for a new password because of the mark `epoch`. What else it voided stays
    /// void. `Again` if no mark of this number asks for new passwords.
    pub fn lift_password_mark(&mut self, epoch: Epoch) -> Result<Once, StoreError> {
        let found = cohort_marks::table
            .find(epoch.0)
            .first::<MarkRow>(self.conn)
            .optional()?;
        let Some(mut lifted) = found.map(mark).transpose()? else {
            return Ok(Once::Again);
        };
        let asked = lifted.kinds.len();
        lifted.kinds.retain(|kind| *kind != EpochKind::Password);
        if lifted.kinds.len() == asked {
            return Ok(Once::Again);
        }
        diesel::update(cohort_marks::table.find(epoch.0))
            .set(cohort_marks::kinds.eq(json(&lifted.kinds)?))
            .execute(self.conn)?;
        self.bump_revision(Topic::Epochs)?;
        Ok(Once::First)
    }

    /// Whether any account was imported with this tag. One look into an index, however many there are.
    pub fn is_tag(&mut self, tag: &str) -> Result<bool, StoreError> {
        let tagged = users::table
            .filter(sql::<Bool>("cohort_tag <> ''"))
            .filter(users::cohort_tag.eq(tag));
        Ok(diesel::select(exists(tagged)).get_result(self.conn)?)
    }

    /// The first tags of imported accounts, in order. One look into an index for each.
    pub fn tags(&mut self, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut tags: Vec<String> = Vec::new();
        while tags.len() < limit {
            let last = tags.last().map_or("", String::as_str);
            let next = users::table
                .filter(sql::<Bool>("cohort_tag <> ''"))
                .filter(users::cohort_tag.gt(last))
                .order(users::cohort_tag)
                .select(users::cohort_tag)
                .first::<String>(self.conn)
                .optional()?;
            let Some(next) = next else { break };
            tags.push(next);
        }
        Ok(tags)
    }

    /// How many accounts are in `cohort`; with `since`, how many of them have not chosen a password
    /// under that epoch or a later one. Looks at every account when nothing narrows the cohort: for
    /// operators, never for a request.
    pub fn count_cohort(
        &mut self,
        cohort: &Cohort,
        since: Option<Epoch>,
    ) -> Result<u64, StoreError> {
        let mut query = in_cohort(users::table.into_boxed::<MultiBackend>(), cohort);
        if let Some(since) = since {
            query = query.filter(users::password_epoch.lt(since.0));
        }
        let number: i64 = query.count().get_result(self.conn)?;
        Ok(u64::try_from(number).unwrap_or(0))
    }
}

/// Only those of `cohort`.
pub(crate) fn in_cohort<'a>(
    mut query: users::BoxedQuery<'a, MultiBackend>,
    cohort: &Cohort,
) -> users::BoxedQuery<'a, MultiBackend> {
    if let Some(border) = cohort.made_before {
        query = query.filter(users::created_at.lt(border.micros()));
    }
    if let Some(border) = cohort.password_before {
        let old = users::password_at.lt(border.micros()).assume_not_null();
        query = query.filter(users::password_at.is_null().or(old));
    }
    if let Some(tag) = &cohort.tag {
        // The literal is what the partial index is about.
        query = query
            .filter(sql::<Bool>("cohort_tag <> ''"))
            .filter(users::cohort_tag.eq(tag.clone()));
    }
    if let Some(wave) = cohort.wave {
        let (from, before) = wave.last_bytes();
        // Ids are 36 characters and end in the hexadecimal digits of their last byte.
        let last = |border: u16| format!("{:02x}", border.min(256));
        query = query.filter(
            sql::<Bool>("substr(id, 35, 2) >= ").bind::<diesel::sql_types::Text, _>(last(from)),
        );
        if before <= 255 {
            query = query.filter(
                sql::<Bool>("substr(id, 35, 2) < ")
                    .bind::<diesel::sql_types::Text, _>(last(before)),
            );
        }
    }
    query
}
