use std::time::Duration;

/// How a [`Store`](crate::Store) uses its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Connections to PostgreSQL, or readers of SQLite (which has one writer beside them).
    pub max_connections: u32,
    /// How long one statement may take on PostgreSQL, or wait for another process on SQLite.
    pub statement_timeout: Duration,
    /// How long a unit of work waits for a free connection, and then again for a new one.
    pub patience: Duration,
    /// How long events are kept; they leave a whole month at a time (AU-05).
    pub event_retention: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_connections: 8,
            statement_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(1),
            event_retention: Duration::from_hours(180 * 24),
        }
    }
}
