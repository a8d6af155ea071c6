//! The twin migrations: the same names for both databases, compiled in.

use std::time::Duration;

use diesel::QueryResult;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use crate::backend::{self, AnyConnection, Location, Role, on_each};
use crate::{StoreError, StoreOptions};

#[cfg(feature = "sqlite")]
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// A migration may rewrite a table, so statements get longer than those of requests.
const PATIENCE: Duration = Duration::from_mins(30);

pub(crate) fn up(location: &Location, _options: &StoreOptions) -> Result<Vec<String>, StoreError> {
    let mut conn = alone(location)?;
    let applied = on_each!(
        &mut conn,
        sqlite | c | c.run_pending_migrations(SQLITE).map(|list| named(&list)),
        postgres | c | c.run_pending_migrations(POSTGRES).map(|list| named(&list))
    );
    applied.map_err(StoreError::Failed)
}

pub(crate) fn pending(
    location: &Location,
    options: &StoreOptions,
) -> Result<Vec<String>, StoreError> {
    let mut conn = backend::connect(location, Role::Writer, options.statement_timeout)?;
    let waiting = on_each!(
        &mut conn,
        sqlite
            | c
            | c.pending_migrations(SQLITE)
                .map(|list| list.iter().map(|m| m.name().to_string()).collect()),
        postgres
            | c
            | c.pending_migrations(POSTGRES)
                .map(|list| list.iter().map(|m| m.name().to_string()).collect())
    );
    waiting.map_err(StoreError::Failed)
}

pub(crate) fn down(
    location: &Location,
    _options: &StoreOptions,
) -> Result<Vec<String>, StoreError> {
    let mut conn = alone(location)?;
    let undone = on_each!(
        &mut conn,
        sqlite | c | c.revert_all_migrations(SQLITE).map(|list| named(&list)),
        postgres | c | c.revert_all_migrations(POSTGRES).map(|list| named(&list))
    );
    undone.map_err(StoreError::Failed)
}

fn named(versions: &[diesel::migration::MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

/// A connection on which no other node migrates at the same time; SQLite locks the file by itself.
fn alone(location: &Location) -> Result<AnyConnection, StoreError> {
    let mut conn = backend::connect(location, Role::Writer, PATIENCE)?;
    let locked: QueryResult<()> = on_each!(
        &mut conn,
        sqlite | _c | Ok(()),
        postgres
            | c
            | diesel::connection::SimpleConnection::batch_execute(
                c,
                "SELECT pg_advisory_lock(7305041900421)",
            )
    );
    locked?;
    Ok(conn)
}
