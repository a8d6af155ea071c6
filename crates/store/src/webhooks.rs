//! The ledger of webhooks: what is to be posted where, and what became of it.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use sekisho_model::Timestamp;

use crate::backend::on_each;
use crate::column::{Stored as _, micros, time};
use crate::schema::webhook_deliveries;
use crate::{StoreError, Tx};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookState {
    /// To be posted, perhaps again.
    Waiting,
    /// Posted.
    Done,
    /// Given up.
    Dead,
}

impl WebhookState {
    /// The name operators read.
    pub fn name(self) -> &'static str {
        self.stored()
    }
}

/// A message for a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// The same at every try, so that the receiver can leave repetitions out.
    pub id: String,
    /// The name of the webhook in the configuration.
    pub hook: String,
    /// What is posted: JSON.
    pub body: String,
}

/// A message on its way to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// The same at every try, so that the receiver can leave repetitions out.
    pub id: String,
    /// The name of the webhook in the configuration.
    pub hook: String,
    /// What is posted: JSON.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it may be tried next.
    pub next_attempt_at: Timestamp,
    /// Where it stands.
    pub state: WebhookState,
    /// The HTTP status of the last answer.
    pub last_status: Option<u16>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was posted, or given up.
    pub ended_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct WebhookRow {
    id: String,
    hook: String,
    body: String,
    created_at: i64,
    attempts: i64,
    next_attempt_at: i64,
    state: String,
    last_status: Option<i64>,
    last_error: Option<String>,
    ended_at: Option<i64>,
}

impl TryFrom<WebhookRow> for WebhookDelivery {
    type Error = StoreError;
    fn try_from(row: WebhookRow) -> Result<Self, StoreError> {
        let status = row.last_status;
        Ok(Self {
            id: row.id,
            hook: row.hook,
            body: row.body,
            created_at: time(row.created_at),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_attempt_at: time(row.next_attempt_at),
            state: WebhookState::read(&row.state)?,
            last_status: status.and_then(|status| u16::try_from(status).ok()),
            last_error: row.last_error,
            ended_at: row.ended_at.map(time),
        })
    }
}

impl Tx<'_> {
    /// Puts a message down to be posted, in the transaction of what it tells about.
    pub fn post_webhook(&mut self, new: &NewWebhook, now: Timestamp) -> Result<(), StoreError> {
        diesel::insert_into(webhook_deliveries::table)
            .values((
                webhook_deliveries::id.eq(&new.id),
                webhook_deliveries::hook.eq(&new.hook),
                webhook_deliveries::body.eq(&new.body),
                webhook_deliveries::created_at.eq(now.micros()),
                webhook_deliveries::attempts.eq(0),
                webhook_deliveries::next_attempt_at.eq(now.micros()),
                webhook_deliveries::state.eq(WebhookState::Waiting.stored()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Whether a message waits to be posted. Cheaper than a claim that finds nothing.
    pub fn webhooks_are_due(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let due = webhook_deliveries::table
            .filter(sql::<Bool>("state = 'waiting'"))
            .filter(webhook_deliveries::next_attempt_at.le(now.micros()));
        Ok(diesel::select(diesel::dsl::exists(due)).get_result(self.conn)?)
    }

    /// Takes messages that are due, each for one caller only until its lease ends; counts the try.
    pub fn claim_webhooks(
        &mut self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let due = webhook_deliveries::table
            .filter(sql::<Bool>("state = 'waiting'"))
            .filter(webhook_deliveries::next_attempt_at.le(now.micros()))
            .order(webhook_deliveries::next_attempt_at)
            .select(webhook_deliveries::id)
            .limit(i64::from(limit));
        let ids = on_each!(self.conn, |c| due.load::<String>(c), |c| due
            .for_update()
            .skip_locked()
            .load::<String>(c))?;
        diesel::update(webhook_deliveries::table)
            .filter(webhook_deliveries::id.eq_any(ids))
            .set((
                webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1),
                webhook_deliveries::next_attempt_at.eq((now + lease).micros()),
            ))
            .returning(webhook_deliveries::all_columns)
            .load::<WebhookRow>(self.conn)?
            .into_iter()
            .map(WebhookDelivery::try_from)
            .collect()
    }

    /// Notes what became of a claimed message.
    pub fn note_webhook(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError> {
        diesel::update(webhook_deliveries::table.find(&delivery.id))
            .filter(webhook_deliveries::state.eq(WebhookState::Waiting.stored()))
            .set((
                webhook_deliveries::state.eq(delivery.state.stored()),
                webhook_deliveries::next_attempt_at.eq(delivery.next_attempt_at.micros()),
                webhook_deliveries::last_status.eq(delivery.last_status.map(i64::from)),
                webhook_deliveries::last_error.eq(&delivery.last_error),
                webhook_deliveries::ended_at.eq(micros(delivery.ended_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The newest messages, newest first.
    pub fn webhook_deliveries(&mut self, limit: u32) -> Result<Vec<WebhookDelivery>, StoreError> {
        webhook_deliveries::table
            .order((
                webhook_deliveries::created_at.desc(),
                webhook_deliveries::id.desc(),
            ))
            .limit(i64::from(limit))
            .load::<WebhookRow>(self.conn)?
            .into_iter()
            .map(WebhookDelivery::try_from)
            .collect()
    }
}
