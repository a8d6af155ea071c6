//! Readers of SQLite and all connections to PostgreSQL: as many blocking threads as connections.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{Connection, TransactionManager};
use diesel::r2d2::{ManageConnection, NopErrorHandler, Pool as Connections, R2D2Connection as _};
use tokio::sync::Semaphore;

use crate::backend::{self, AnyConnection, Location, Role};
use crate::doorway::{Closing, Doorway};
use crate::{Outage, StoreError, StoreOptions, Tx, transaction};

type Manager = <AnyConnection as Connection>::TransactionManager;

#[derive(Clone)]
pub(crate) struct Pool {
    connections: Connections<Connector>,
    permits: Arc<Semaphore>,
    size: u32,
    patience: Duration,
    _closing: Arc<Closing>,
}

/// Makes connections for the pool.
struct Connector {
    location: Location,
    timeout: Duration,
    doorway: Arc<Doorway>,
}

/// A pooled connection and whether it is known to be dead.
pub(crate) struct Pooled {
    conn: AnyConnection,
    broken: bool,
}

impl ManageConnection for Connector {
    type Connection = Pooled;
    type Error = StoreError;

    fn connect(&self) -> Result<Pooled, StoreError> {
        let inside = self.doorway.enter().ok_or(Outage::Closed)?;
        let conn = backend::connect(&self.location, Role::Reader, self.timeout)?;
        if inside.is_last() {
            return Err(Outage::Closed.into());
        }
        Ok(Pooled {
            conn,
            broken: false,
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), StoreError> {
        Ok(pooled.conn.ping()?)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.broken || std::thread::panicking() || pooled.conn.is_broken()
    }
}

/// Whether a unit of work gets a transaction of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each statement sees what is committed when it starts.
    Read,
    /// All or nothing.
    Write,
}

/// Why a try failed: `Spent` failures must not be tried again, because the commit may have happened.
enum Failure {
    Retry(StoreError),
    Spent(StoreError),
}

impl Pool {
    pub(crate) fn open(location: Location, options: &StoreOptions) -> Self {
        let size = options.max_connections.max(1);
        let doorway = Arc::<Doorway>::default();
        let connections = Connections::builder()
            .max_size(size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(options.patience)
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(Connector {
                location,
                timeout: options.statement_timeout,
                doorway: Arc::clone(&doorway),
            });
        let permits = usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            connections,
            permits: Arc::new(Semaphore::new(permits)),
            size,
            patience: options.patience,
            _closing: Arc::new(Closing(doorway)),
        }
    }

    /// Runs `work` on a blocking thread; it goes on to its end even if the caller goes away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        mode: Mode,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_elapsed| Outage::Overloaded)?
            .map_err(|_closed| Outage::Closed)?;
        let pool = self.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "one blocking hop for a unit of work, bounded by the permits"
        )]
        let unit = tokio::task::spawn_blocking(move || {
            let answer = pool.try_until_settled(mode, &mut work);
            drop(permit);
            answer
        });
        unit.await.unwrap_or_else(|stopped| {
            Err(if stopped.is_panic() {
                StoreError::Panicked
            } else {
                Outage::Closed.into()
            })
        })
    }

    /// Waits for what is running and lets nothing new in.
    pub(crate) async fn close(&self) {
        drop(self.permits.acquire_many(self.size).await);
        self.permits.close();
    }

    /// After a restart of the server every pooled connection is dead: each is found out once. Other
    /// failures that a second try may cure get exactly one.
    fn try_until_settled<T>(
        &self,
        mode: Mode,
        work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut second_try = false;
        for _ in 0..=self.size {
            let mut pooled = self
                .connections
                .get_timeout(self.patience)
                .map_err(|error| Outage::Unreachable(error.to_string()))?;
            match attempt(&mut pooled.conn, mode, work) {
                Ok(value) => return Ok(value),
                Err(Failure::Spent(error)) => {
                    pooled.broken = true;
                    return Err(error);
                }
                Err(Failure::Retry(StoreError::Unavailable(Outage::Broken(_)))) => {
                    pooled.broken = true;
                }
                Err(Failure::Retry(StoreError::Contention(_))) if !second_try => {
                    second_try = true;
                }
                Err(Failure::Retry(error)) => return Err(error),
            }
        }
        Err(Outage::Unreachable("every connection was dead".to_owned()).into())
    }
}

fn attempt<T>(
    conn: &mut AnyConnection,
    mode: Mode,
    work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    if mode == Mode::Read {
        return transaction::run(conn, work).map_err(Failure::Retry);
    }
    backend::begin_write(conn).map_err(|error| Failure::Retry(error.into()))?;
    match transaction::run(conn, work) {
        Ok(value) => match Manager::commit_transaction(conn).map_err(StoreError::from) {
            Ok(()) => Ok(value),
            Err(error @ StoreError::Contention(_)) => Err(Failure::Retry(error)),
            Err(error) => Err(Failure::Spent(error)),
        },
        Err(error) => {
            // If this fails the connection is broken, which the pool finds out by itself.
            let _rolled_back = Manager::rollback_transaction(conn);
            Err(Failure::Retry(error))
        }
    }
}
