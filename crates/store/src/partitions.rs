//! Monthly partitions of the events on PostgreSQL: made ahead, dropped when their time is over.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use sekisho_model::Timestamp;

use crate::calendar::{Month, oldest_kept};
use crate::{StoreError, Tx};

/// Months that have a partition beside the present one.
const AHEAD: usize = 2;

#[derive(QueryableByName)]
struct Partition {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Tx<'_> {
    /// Makes what is missing and drops what is over; says how many were dropped.
    pub(crate) fn keep_event_partitions(
        &mut self,
        now: Timestamp,
        retention: Duration,
    ) -> Result<u64, StoreError> {
        // One node at a time; the others have nothing left to do.
        self.conn
            .batch_execute("SELECT pg_advisory_xact_lock(7305041900422)")?;
        let present = self.event_partitions()?;
        let mut month = Month::of(now);
        for _ in 0..=AHEAD {
            if !present.contains(&name_of(month)) {
                self.conn.batch_execute(&making(month))?;
            }
            month = month.next();
        }
        let oldest = name_of(Month::of(oldest_kept(now, retention)));
        let mut dropped = 0;
        for name in present.iter().filter(|name| **name < oldest) {
            self.conn.batch_execute(&format!("DROP TABLE {name}"))?;
            dropped += 1;
        }
        Ok(dropped)
    }

    /// The names of the monthly partitions.
    fn event_partitions(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = diesel::sql_query(
            "SELECT c.relname::text AS name FROM pg_inherits i
             JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$'",
        )
        .load::<Partition>(self.conn)?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }
}

fn name_of(month: Month) -> String {
    format!("events_{}", month.name())
}

/// Events that came before their partition wait in the default one; they move along.
fn making(month: Month) -> String {
    let name = name_of(month);
    let (from, to) = (month.start().micros(), month.next().start().micros());
    format!(
        "CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
         WITH moved AS (DELETE FROM events_default WHERE at >= {from} AND at < {to} RETURNING *)
             INSERT INTO {name} SELECT * FROM moved;
         ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to});"
    )
}
