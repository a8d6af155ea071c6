//! The two databases behind one connection type. Together with `migrate` and `lib` the only file
//! that asks which databases were compiled in.

use std::path::PathBuf;
use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::{AnsiTransactionManager, SimpleConnection as _};
#[cfg(feature = "postgres")]
use diesel::pg::PgConnection;
#[cfg(feature = "sqlite")]
use diesel::sqlite::SqliteConnection;

use crate::{Outage, StoreError};

/// Which database a store speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// One file, one server.
    Sqlite,
    /// Any number of servers.
    Postgres,
}

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// Expands the same expression for the database at hand, or one for SQLite and one for PostgreSQL: for
/// what is not typed for both at once (`ON CONFLICT`, batches, `SKIP LOCKED`).
macro_rules! on_each {
    ($conn:expr, |$c:ident| $body:expr) => {
        on_each!($conn, |$c| $body, |$c| $body)
    };
    ($conn:expr, |$c:ident| $sqlite:expr, |$d:ident| $postgres:expr $(,)?) => {
        match &mut *$conn {
            #[cfg(feature = "sqlite")]
            $crate::backend::AnyConnection::Sqlite($c) => $sqlite,
            #[cfg(feature = "postgres")]
            $crate::backend::AnyConnection::Postgres($d) => $postgres,
        }
    };
}
pub(crate) use on_each;

/// Where a database is, read from its URL.
#[derive(Clone)]
pub(crate) enum Location {
    Sqlite(PathBuf),
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "read only by builds that speak to PostgreSQL")
    )]
    Postgres(String),
}

impl Location {
    /// The scheme decides; nothing else is guessed, or an outage would open a file named like a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let scheme = url.split(':').next().unwrap_or_default();
        let refused = |hint| StoreError::UrlNotSupported {
            scheme: scheme.to_owned(),
            hint,
        };
        match scheme {
            "sqlite" if !cfg!(feature = "sqlite") => {
                Err(refused("this build was made without the feature sqlite"))
            }
            "postgres" | "postgresql" if !cfg!(feature = "postgres") => {
                Err(refused("this build was made without the feature postgres"))
            }
            "sqlite" => match url.strip_prefix("sqlite://") {
                Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
                _ => Err(refused("write sqlite:// and the path of the file")),
            },
            "postgres" | "postgresql" => Ok(Self::Postgres(url.to_owned())),
            _ => Err(refused("write sqlite:// or postgres://")),
        }
    }

    pub(crate) const fn kind(&self) -> DatabaseKind {
        match self {
            Self::Sqlite(_) => DatabaseKind::Sqlite,
            Self::Postgres(_) => DatabaseKind::Postgres,
        }
    }
}

/// What a connection is for; PostgreSQL makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Refuses to write on SQLite.
    Reader,
    Writer,
}

/// Opens a connection and sets it up.
#[cfg_attr(
    not(feature = "sqlite"),
    expect(
        unused_variables,
        reason = "PostgreSQL makes no difference between roles"
    )
)]
pub(crate) fn connect(
    location: &Location,
    role: Role,
    timeout: Duration,
) -> Result<AnyConnection, StoreError> {
    let unreachable = |error: diesel::ConnectionError| Outage::Unreachable(error.to_string());
    match location {
        #[cfg(feature = "sqlite")]
        Location::Sqlite(path) => {
            let path = path.to_str().ok_or(StoreError::Corrupt("file name"))?;
            let mut conn = SqliteConnection::establish(path).map_err(unreachable)?;
            conn.batch_execute(&sqlite_setup(role, timeout))?;
            Ok(AnyConnection::Sqlite(conn))
        }
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => {
            let url = with_time_limits(url);
            let mut conn = PgConnection::establish(&url).map_err(unreachable)?;
            conn.batch_execute(&postgres_setup(timeout))?;
            Ok(AnyConnection::Postgres(conn))
        }
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => Err(Outage::Unreachable("not in this build".to_owned()).into()),
    }
}

/// WAL lets readers go on beside the writer; FULL keeps a commit through a power cut; what is deleted is
/// overwritten, so that erased accounts leave nothing in the file.
#[cfg(feature = "sqlite")]
fn sqlite_setup(role: Role, timeout: Duration) -> String {
    let query_only = match role {
        Role::Reader => "ON",
        Role::Writer => "OFF",
    };
    format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = {query_only};",
        timeout.as_millis()
    )
}

#[cfg(feature = "postgres")]
fn postgres_setup(timeout: Duration) -> String {
    let millis = timeout.as_millis();
    format!(
        "SET TIME ZONE 'UTC'; SET statement_timeout = {millis};
         SET idle_in_transaction_session_timeout = {millis}; SET client_min_messages = warning;"
    )
}

/// A server that vanished from the network must not hold a request; what the URL says wins.
#[cfg(feature = "postgres")]
fn with_time_limits(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in [("connect_timeout", "2"), ("tcp_user_timeout", "5000")] {
        if !url.contains(name) {
            let sign = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{sign}{name}={value}");
        }
    }
    url
}

/// Begins a transaction that is going to write. SQLite takes its lock at once: a later upgrade could
/// fail where waiting would have helped.
pub(crate) fn begin_write(conn: &mut AnyConnection) -> diesel::QueryResult<()> {
    on_each!(
        conn,
        |c| AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
        |c| {
            <AnsiTransactionManager as diesel::connection::TransactionManager<_>>::begin_transaction(
                c,
            )
        }
    )
}
