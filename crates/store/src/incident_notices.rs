use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::{IncidentNotice, NoticeId, NoticeState, Urgency, UserId};

use crate::backend::MultiBackend;
use crate::cohorts::in_cohort;
use crate::column::{Stored as _, json, read_id, read_json, time};
use crate::schema::{incident_notices, outbox, users};
use crate::{Once, StoreError, Tx};

#[derive(Queryable)]
struct NoticeRow {
    id: String,
    cohort: String,
    texts: String,
    happened_at: i64,
    made_at: i64,
    state: String,
    told_to: Option<String>,
    told: i64,
}

impl TryFrom<NoticeRow> for IncidentNotice {
    type Error = StoreError;
    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        let told_to = row.told_to.map(|id| read_id!(UserId, &id));
        Ok(Self {
            id: read_id!(NoticeId, &row.id)?,
            cohort: read_json(&row.cohort)?,
            texts: read_json(&row.texts)?,
            happened_at: time(row.happened_at),
            made_at: time(row.made_at),
            state: NoticeState::read(&row.state)?,
            told_to: told_to.transpose()?,
            told: u64::try_from(row.told).unwrap_or(0),
        })
    }
}

impl Tx<'_> {
    /// Adds a notice; who it is for is told from then on.
    pub fn insert_notice(&mut self, notice: &IncidentNotice) -> Result<(), StoreError> {
        diesel::insert_into(incident_notices::table)
            .values((
                incident_notices::id.eq(notice.id.to_string()),
                incident_notices::cohort.eq(json(&notice.cohort)?),
                incident_notices::texts.eq(json(&notice.texts)?),
                incident_notices::happened_at.eq(notice.happened_at.micros()),
                incident_notices::made_at.eq(notice.made_at.micros()),
                incident_notices::state.eq(notice.state.stored()),
                incident_notices::told_to.eq(notice.told_to.map(|user| user.to_string())),
                incident_notices::told.eq(i64::try_from(notice.told).unwrap_or(i64::MAX)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The newest notices.
    pub fn notices(&mut self, limit: u32) -> Result<Vec<IncidentNotice>, StoreError> {
        incident_notices::table
            .order((
                incident_notices::made_at.desc(),
                incident_notices::id.desc(),
            ))
            .limit(i64::from(limit))
            .load::<NoticeRow>(self.conn)?
            .into_iter()
            .map(IncidentNotice::try_from)
            .collect()
    }

    /// The oldest notice that is not through.
    pub fn notice_to_send(&mut self) -> Result<Option<IncidentNotice>, StoreError> {
        incident_notices::table
            .filter(sql::<Bool>("state = 'sending'"))
            .order(incident_notices::made_at)
            .first::<NoticeRow>(self.conn)
            .optional()?
            .map(IncidentNotice::try_from)
            .transpose()
    }

    /// The next accounts a notice is for, in the order of their ids.
    pub fn people_to_tell(
        &mut self,
        notice: &IncidentNotice,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let mut query = in_cohort(users::table.into_boxed::<MultiBackend>(), &notice.cohort)
            .filter(users::created_at.le(notice.made_at.micros()))
            .order(users::id)
            .limit(i64::from(limit));
        if let Some(after) = notice.told_to {
            query = query.filter(users::id.gt(after.to_string()));
        }
        let ids = query.select(users::id).load::<String>(self.conn)?;
        ids.iter().map(|id| read_id!(UserId, id)).collect()
    }

    /// Moves a notice on from where `notice` stands; `Again` if somebody else did, or it was stopped.
    /// Post the letters in the same transaction: nobody is told twice, nobody is left out.
    pub fn notice_went_on(
        &mut self,
        notice: &IncidentNotice,
        to: Option<UserId>,
        people: usize,
    ) -> Result<Once, StoreError> {
        let state = match to {
            Some(_) => NoticeState::Sending,
            None => NoticeState::Done,
        };
        let to = to.or(notice.told_to).map(|user| user.to_string());
        let told = i64::try_from(notice.told).unwrap_or(i64::MAX);
        let people = i64::try_from(people).unwrap_or(i64::MAX);
        let rows = diesel::update(incident_notices::table.find(notice.id.to_string()))
            .filter(incident_notices::state.eq(NoticeState::Sending.stored()))
            .filter(incident_notices::told.eq(told))
            .set((
                incident_notices::state.eq(state.stored()),
                incident_notices::told_to.eq(to),
                incident_notices::told.eq(incident_notices::told + people),
            ))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Tells nobody more; `Again` if there is no such notice or it is through.
    pub fn stop_notice(&mut self, id: NoticeId) -> Result<Once, StoreError> {
        let rows = diesel::update(incident_notices::table.find(id.to_string()))
            .filter(incident_notices::state.eq(NoticeState::Sending.stored()))
            .set(incident_notices::state.eq(NoticeState::Stopped.stored()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// How many letters of no hurry wait, counted no further than `most`.
    pub fn bulk_letters(&mut self, most: u32) -> Result<u64, StoreError> {
        let mut waiting = 0;
        for lane in self.waiting_lanes()? {
            let some = outbox::table
                .filter(sql::<Bool>("state = 'waiting'"))
                .filter(outbox::lane.eq(lane))
                .filter(outbox::urgency.eq(Urgency::Bulk.rank()))
                .select(outbox::id)
                .limit(i64::from(most))
                .load::<String>(self.conn)?;
            waiting += u64::try_from(some.len()).unwrap_or(0);
        }
        Ok(waiting)
    }
}
