//! Clean-up in paced batches, so that requests hardly notice it.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use sekisho_model::Timestamp;

use crate::calendar::oldest_kept;
use crate::grants::count;
use crate::schema::{access_tokens, browser_sessions, codes, grants, refresh_tokens};
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
    /// Which grants may go with the last of the rows.
    grants: Grants,
}

/// How swept rows belong to grants.
#[derive(Clone, Copy)]
enum Grants {
    None,
    /// The row names its grant.
    OfRow,
    /// The row is the session that gave them.
    OfSession,
}

const fn broom(table: &'static str, key: &'static str, column: &'static str) -> Broom {
    Broom {
        table,
        key,
        column,
        grace: Duration::ZERO,
        grants: Grants::None,
    }
}

const BROOMS: [Broom; 24] = [
    broom("address_quarantine", "blind_index", "until"),
    // A used code is remembered for a day, so that a replay is recognised as one (TK-09).
    Broom {
        grace: DAY,
        grants: Grants::OfRow,
        ..broom("codes", "digest", "expires_at")
    },
    Broom {
        grants: Grants::OfRow,
        ..broom("refresh_tokens", "digest", "expires_at")
    },
    Broom {
        grants: Grants::OfRow,
        ..broom("access_tokens", "digest", "expires_at")
    },
    broom("revoked_tokens", "digest", "expires_at"),
    broom("spent_challenges", "id", "expires_at"),
    broom("former_browser_values", "(user_id, digest)", "expires_at"),
    Broom {
        grants: Grants::OfSession,
        ..broom("browser_sessions", "id", "expires_at")
    },
    Broom {
        grace: DAY,
        grants: Grants::OfSession,
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
    // A used link says so for a day.
    Broom {
        grace: DAY,
        ..broom("password_resets", "digest", "expires_at")
    },
    Broom {
        grace: DAY,
        ..broom("not_me_links", "digest", "expires_at")
    },
    Broom {
        grace: DAY.saturating_mul(14),
        ..broom("reset_waits", "user_id", "asked_at")
    },
    broom("code_address_losses", "user_id", "ends_at"),
    // A run of wrong passwords (THR-02) is over after ninety quiet days.
    Broom {
        grace: DAY.saturating_mul(90),
        ..broom("password_runs", "digest", "last_at")
    },
    // With its row goes the reservation of an address (REC-07).
    Broom {
        grace: DAY,
        ..broom("address_changes", "id", "undo_until")
    },
    // An invitation that was used, or came to its end, can be looked up for a month.
    Broom {
        grace: DAY.saturating_mul(30),
        ..broom("invitations", "id", "expires_at")
    },
    // The ledger of sign-outs: long enough to look into a complaint.
    Broom {
        grace: DAY.saturating_mul(7),
        ..broom("logout_deliveries", "id", "done_at")
    },
    Broom {
        grace: DAY.saturating_mul(30),
        ..broom("logout_deliveries", "id", "dead_at")
    },
    Broom {
        grace: DAY.saturating_mul(90),
        ..broom("operator_alerts", "event_id", "told_at")
    },
    Broom {
        grace: DAY.saturating_mul(30),
        ..broom("webhook_deliveries", "id", "ended_at")
    },
    // What was found and told before the nodes stopped is not told again when they start (THR-15).
    Broom {
        grace: DAY.saturating_mul(7),
        ..broom("rule_firings", "mark", "until_at")
    },
    Broom {
        grace: DAY.saturating_mul(7),
        ..broom("canary_touches", "mark", "until_at")
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
    belongs_to: Option<String>,
}

impl Tx<'_> {
    fn sweep_batch(&mut self, broom: Broom, before: Timestamp) -> Result<usize, StoreError> {
        let Broom {
            table, key, column, ..
        } = broom;
        let belongs_to = match broom.grants {
            Grants::None => "NULL",
            Grants::OfRow => "grant_id",
            Grants::OfSession => "id",
        };
        let swept = diesel::sql_query(format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {columns} FROM {table}
             WHERE {column} < $1 ORDER BY {column} LIMIT {BATCH})
             RETURNING {belongs_to} AS belongs_to",
            columns = key.trim_matches(['(', ')']),
        ))
        .bind::<BigInt, _>(before.micros())
        .load::<Swept>(self.conn)?;
        let rows = swept.len();
        let mut candidates: Vec<String> =
            swept.into_iter().filter_map(|row| row.belongs_to).collect();
        if matches!(broom.grants, Grants::OfSession) && !candidates.is_empty() {
            candidates = grants::table
                .filter(grants::session_id.eq_any(candidates))
                .select(grants::id)
                .load(self.conn)?;
        }
        self.drop_empty_grants(candidates)?;
        Ok(rows)
    }

    /// A grant is born with a code and goes with the last code or token that belongs to it, but not
    /// before its session: an end of the session is told to every app that had a part in it.
    fn drop_empty_grants(&mut self, candidates: Vec<String>) -> Result<(), StoreError> {
        if candidates.is_empty() {
            return Ok(());
        }
        let code = codes::table.filter(codes::grant_id.eq(grants::id));
        let refresh = refresh_tokens::table.filter(refresh_tokens::grant_id.eq(grants::id));
        let access = access_tokens::table.filter(access_tokens::grant_id.eq(grants::id.nullable()));
        let session = browser_sessions::table.filter(browser_sessions::id.eq(grants::session_id));
        diesel::delete(grants::table)
            .filter(grants::id.eq_any(candidates))
            .filter(diesel::dsl::not(diesel::dsl::exists(session)))
            .filter(diesel::dsl::not(diesel::dsl::exists(code)))
            .filter(diesel::dsl::not(diesel::dsl::exists(refresh)))
            .filter(diesel::dsl::not(diesel::dsl::exists(access)))
            .execute(self.conn)?;
        Ok(())
    }
}
