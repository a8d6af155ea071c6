//! The twin migrations: the same names for both databases, compiled in.

use std::time::Duration;

use diesel::QueryResult;
use diesel::migration::Migration;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use crate::backend::{self, AnyConnection, Location, Role, on_each};
use crate::{StoreError, StoreOptions};

#[cfg(feature = "sqlite")]
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// A migration may rewrite a table, so statements get longer than those of requests.
const PATIENCE: Duration = Duration::from_mins(30);

/// Applies what is pending, all of it or nothing on SQLite, and names it.
pub(crate) fn up(location: &Location, _options: &StoreOptions) -> Result<Vec<String>, StoreError> {
    let mut conn = alone(location)?;
    let applied = on_each!(
        &mut conn,
        |c| c.immediate_transaction(|c| {
            let names = named(&c.pending_migrations(SQLITE)?);
            c.run_pending_migrations(SQLITE).map(|_versions| names)
        }),
        |c| c.pending_migrations(POSTGRES).and_then(|pending| {
            let names = named(&pending);
            c.run_pending_migrations(POSTGRES).map(|_versions| names)
        }),
    );
    applied.map_err(StoreError::Failed)
}

/// Names what is pending.
pub(crate) fn pending(
    location: &Location,
    options: &StoreOptions,
) -> Result<Vec<String>, StoreError> {
    let mut conn = backend::connect(location, Role::Writer, options.statement_timeout)?;
    let waiting = on_each!(
        &mut conn,
        |c| c.pending_migrations(SQLITE).map(|list| named(&list)),
        |c| c.pending_migrations(POSTGRES).map(|list| named(&list))
    );
    waiting.map_err(StoreError::Failed)
}

/// Undoes everything and says how many migrations that were.
pub(crate) fn down(location: &Location, _options: &StoreOptions) -> Result<usize, StoreError> {
    let mut conn = alone(location)?;
    let undone = on_each!(
        &mut conn,
        |c| c.immediate_transaction(|c| c.revert_all_migrations(SQLITE).map(|list| list.len())),
        |c| c.revert_all_migrations(POSTGRES).map(|list| list.len())
    );
    undone.map_err(StoreError::Failed)
}

fn named<DB: diesel::backend::Backend>(migrations: &[Box<dyn Migration<DB>>]) -> Vec<String> {
    migrations
        .iter()
        .map(|migration| migration.name().to_string())
        .collect()
}

/// A connection on which no other node migrates at the same time; on SQLite the transaction around all
/// migrations sees to that.
fn alone(location: &Location) -> Result<AnyConnection, StoreError> {
    let mut conn = backend::connect(location, Role::Writer, PATIENCE)?;
    let locked: QueryResult<()> = on_each!(&mut conn, |_c| Ok(()), |c| {
        diesel::connection::SimpleConnection::batch_execute(
            c,
            "SELECT pg_advisory_lock(7305041900421)",
        )
    });
    locked?;
    Ok(conn)
}
