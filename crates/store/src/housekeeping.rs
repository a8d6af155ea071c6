//! Clean-up in paced batches, so that requests hardly notice it.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use sekisho_model::Timestamp;

use crate::calendar::oldest_kept;
use crate::grants::count;
use crate::schema::{access_tokens, codes, grants, refresh_tokens};
use crate::{DatabaseKind, Store, StoreError, Tx};

/// Rows of one transaction.
const BATCH: usize = 1000;
/// The breath between two batches.
const PAUSE: Duration = Duration::from_millis(5);
/// How long codes, ended sessions and sent letters can still be asked about.
const DAY: Duration = Duration::from_hours(24);

/// Rows of one table that may go once `column` lies before some moment.
#[derive(Clone, Copy)]
struct Broom {
    table: &'static str,
    key: &'static str,
    column: &'static str,
    /// How long rows stay beyond that moment.
    grace: Duration,
    /// Whether the rows belong to a grant that may go with the last of them.
    grant: bool,
}

const fn broom(table: &'static str, key: &'static str, column: &'static str) -> Broom {
    Broom {
        table,
        key,
        column,
        grace: Duration::ZERO,
        grant: false,
    }
}

const BROOMS: [Broom; 9] = [
    // A used code is remembered for a day, so that a replay is recognised as one (TK-09).
    Broom {
        grace: DAY,
        grant: true,
        ..broom("codes", "digest", "expires_at")
    },
    Broom {
        grant: true,
        ..broom("refresh_tokens", "digest", "expires_at")
    },
    Broom {
        grant: true,
        ..broom("access_tokens", "digest", "expires_at")
    },
    broom("revoked_tokens", "digest", "expires_at"),
    broom("spent_challenges", "id", "expires_at"),
    broom("browser_sessions", "id", "expires_at"),
    Broom {
        grace: DAY,
        ..broom("browser_sessions", "id", "ended_at")
    },
    Broom {
        grace: DAY,
        ..broom("outbox", "id", "sent_at")
    },
    // A code that came too late is of no use to anybody (OTP-15); for a day the operator sees it.
    Broom {
        grace: DAY,
        ..broom("outbox", "id", "not_after")
    },
];

pub(crate) async fn keep_house(
    store: &Store,
    now: Timestamp,
    retention: Duration,
) -> Result<u64, StoreError> {
    let mut gone = 0;
    for broom in BROOMS {
        gone += sweep(store, broom, now - broom.grace).await?;
    }
    let loose = match store.database_kind() {
        DatabaseKind::Postgres => {
            store
                .write(move |tx| tx.keep_event_partitions(now, retention))
                .await?;
            "events_default"
        }
        DatabaseKind::Sqlite => "events",
    };
    let events = broom(loose, "(at, id)", "at");
    gone += sweep(store, events, oldest_kept(now, retention)).await?;
    Ok(gone)
}

async fn sweep(store: &Store, broom: Broom, before: Timestamp) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let rows = store.write(move |tx| tx.sweep_batch(broom, before)).await?;
        gone += count(rows);
        if rows < BATCH {
            return Ok(gone);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a background chore leaves room for requests"
        )]
        tokio::time::sleep(PAUSE).await;
    }
}

#[derive(QueryableByName)]
struct Swept {
    #[diesel(sql_type = Nullable<Text>)]
    grant_id: Option<String>,
}

impl Tx<'_> {
    fn sweep_batch(&mut self, broom: Broom, before: Timestamp) -> Result<usize, StoreError> {
        let Broom {
            table, key, column, ..
        } = broom;
        let grant = if broom.grant {
            "grant_id"
        } else {
            "NULL AS grant_id"
        };
        let swept = diesel::sql_query(format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {columns} FROM {table}
             WHERE {column} < $1 ORDER BY {column} LIMIT {BATCH}) RETURNING {grant}",
            columns = key.trim_matches(['(', ')']),
        ))
        .bind::<BigInt, _>(before.micros())
        .load::<Swept>(self.conn)?;
        let rows = swept.len();
        self.drop_empty_grants(swept.into_iter().filter_map(|row| row.grant_id).collect())?;
        Ok(rows)
    }

    /// A grant is born with a code and goes with the last code or token that belongs to it.
    fn drop_empty_grants(&mut self, candidates: Vec<String>) -> Result<(), StoreError> {
        if candidates.is_empty() {
            return Ok(());
        }
        let code = codes::table.filter(codes::grant_id.eq(grants::id));
        let refresh = refresh_tokens::table.filter(refresh_tokens::grant_id.eq(grants::id));
        let access = access_tokens::table.filter(access_tokens::grant_id.eq(grants::id.nullable()));
        diesel::delete(grants::table)
            .filter(grants::id.eq_any(candidates))
            .filter(diesel::dsl::not(diesel::dsl::exists(code)))
            .filter(diesel::dsl::not(diesel::dsl::exists(refresh)))
            .filter(diesel::dsl::not(diesel::dsl::exists(access)))
            .execute(self.conn)?;
        Ok(())
    }
}
