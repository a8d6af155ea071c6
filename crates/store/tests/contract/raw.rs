//! Looking at, and spoiling, a database behind the store's back.

use diesel::connection::SimpleConnection as _;
#[cfg(feature = "postgres")]
use diesel::pg::PgConnection;
#[cfg(feature = "sqlite")]
use diesel::sqlite::SqliteConnection;
use diesel::{
    Connection as _, QueryableByName, RunQueryDsl as _, sql_types::Bool, sql_types::Text,
};

/// Table, column, type, whether it must be there.
#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Column {
    #[diesel(sql_type = Text)]
    tab: String,
    #[diesel(sql_type = Text)]
    col: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    needed: bool,
}

impl Column {
    pub(crate) fn table(&self) -> &str {
        &self.tab
    }

    pub(crate) fn name(&self) -> &str {
        &self.col
    }

    pub(crate) fn holds_bytes(&self) -> bool {
        self.kind == "BLOB"
    }
}

/// An index that a migration named.
#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Index {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
}

/// Runs statements.
pub(crate) fn execute(url: &str, statements: &str) {
    match url.strip_prefix("sqlite://") {
        #[cfg(feature = "sqlite")]
        Some(path) => sqlite(path).batch_execute(statements).unwrap(),
        #[cfg(feature = "postgres")]
        None => postgres(url).batch_execute(statements).unwrap(),
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => panic!("{url}"),
    }
}

/// Every column of every table, in one order and one vocabulary.
pub(crate) fn columns(url: &str) -> Vec<Column> {
    let mut found: Vec<Column> = match url.strip_prefix("sqlite://") {
        #[cfg(feature = "sqlite")]
        Some(path) => diesel::sql_query(
            "SELECT m.name AS tab, p.name AS col, p.type AS kind, p.\"notnull\" AS needed
             FROM sqlite_master m JOIN pragma_table_info(m.name) p
             WHERE m.type = 'table' AND m.name NOT GLOB '__*' AND m.name NOT GLOB 'sqlite*'",
        )
        .load(&mut sqlite(path))
        .unwrap(),
        #[cfg(feature = "postgres")]
        None => diesel::sql_query(
            "SELECT table_name::text AS tab, column_name::text AS col,
                 CASE data_type WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB'
                     WHEN 'bigint' THEN 'INTEGER' WHEN 'boolean' THEN 'INTEGER'
                     ELSE data_type::text END AS kind,
                 is_nullable = 'NO' AS needed
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name !~ '^(__|events_)'",
        )
        .load(&mut postgres(url))
        .unwrap(),
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => panic!("{url}"),
    };
    found.sort();
    found
}

/// Every index that a migration named.
pub(crate) fn indexes(url: &str) -> Vec<Index> {
    let mut found: Vec<Index> = match url.strip_prefix("sqlite://") {
        #[cfg(feature = "sqlite")]
        Some(path) => diesel::sql_query(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT GLOB 'sqlite*'",
        )
        .load(&mut sqlite(path))
        .unwrap(),
        #[cfg(feature = "postgres")]
        None => diesel::sql_query(
            "SELECT indexname::text AS name FROM pg_indexes WHERE schemaname = 'public'
             AND indexname !~ '(_pkey|_key)$' AND indexname !~ '^events_default'",
        )
        .load(&mut postgres(url))
        .unwrap(),
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => panic!("{url}"),
    };
    found.sort();
    found
}

/// How SQLite would answer a query: a line for each step.
#[cfg(feature = "sqlite")]
pub(crate) fn plan(url: &str, query: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let path = url.strip_prefix("sqlite://").expect("a file");
    let steps = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}"));
    let steps: Vec<Step> = steps.load(&mut sqlite(path)).unwrap();
    steps.into_iter().map(|step| step.detail).collect()
}

/// Whether a unit of work waits for another one.
#[cfg(feature = "postgres")]
pub(crate) fn somebody_waits(url: &str) -> bool {
    #[derive(QueryableByName)]
    struct Waits {
        #[diesel(sql_type = Bool)]
        any: bool,
    }
    let waits = diesel::sql_query(
        "SELECT count(*) > 0 AS any FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    waits.get_result::<Waits>(&mut postgres(url)).unwrap().any
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(path).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    conn
}

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}
