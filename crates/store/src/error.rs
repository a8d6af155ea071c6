use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// Why a unit of work did not happen.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be reached, or did not answer in time.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Outage),
    /// A record with the same key exists already.
    #[error("a record with this key exists already")]
    Conflict,
    /// Parallel units of work got in each other's way, also on the second try.
    #[error("parallel changes got in each other's way: {0}")]
    Contention(String),
    /// A stored value cannot be read; the text names it.
    #[error("a stored {0} cannot be read")]
    Corrupt(&'static str),
    /// The URL names a database this build cannot speak to.
    #[error("a database URL with scheme {scheme:?} is not supported: {hint}")]
    UrlNotSupported {
        /// The part before `:`; never the rest, which may hold a password.
        scheme: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// Another server has claimed this database (REP-04).
    #[error("another server is using this database")]
    Claimed,
    /// The unit of work panicked; nothing of it was kept.
    #[error("a unit of work panicked")]
    Panicked,
    /// The database refused a statement.
    #[error("the database refused: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// In which way the database is away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// No connection could be made.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// A connection broke while it was in use.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// A statement, or the wait for a lock, took too long.
    #[error("no answer in time: {0}")]
    TimedOut(String),
    /// More work is waiting than can be done in time.
    #[error("too much is waiting")]
    Overloaded,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl From<Outage> for StoreError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(outage)
    }
}

impl From<Diesel> for StoreError {
    fn from(error: Diesel) -> Self {
        let Diesel::DatabaseError(kind, ref information) = error else {
            return Self::from_handling(error);
        };
        let message = information.message();
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Conflict,
            DatabaseErrorKind::SerializationFailure => Self::Contention(message.to_owned()),
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Outage::Broken(message.to_owned()).into()
            }
            // The partition of this month was made in the same moment: a second try finds it.
            DatabaseErrorKind::CheckViolation
                if information.table_name() == Some("events_default") =>
            {
                Self::Contention(message.to_owned())
            }
            _ if says(message, &["deadlock", "デッドロック"]) => {
                Self::Contention(message.to_owned())
            }
            _ if says(message, &["is locked", "timeout", "タイムアウト"]) => {
                Outage::TimedOut(message.to_owned()).into()
            }
            _ => Self::Failed(Box::new(error)),
        }
    }
}

impl StoreError {
    fn from_handling(error: Diesel) -> Self {
        match error {
            Diesel::BrokenTransactionManager => Outage::Broken(error.to_string()).into(),
            other => Self::Failed(Box::new(other)),
        }
    }
}

/// Neither database hands diesel a code for deadlocks and time-outs, and PostgreSQL may be set to
/// speak Japanese.
fn says(message: &str, words: &[&str]) -> bool {
    words.iter().any(|word| message.contains(word))
}
