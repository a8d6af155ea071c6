use std::path::Path;

use sekisho_model::Timestamp;

use crate::backend::{DatabaseKind, Location};
use crate::pool::{Mode, Pool};
use crate::writer::Writer;
use crate::{Outage, ServerLock, StoreError, StoreOptions, Tx, housekeeping, migrate};

/// The durable state of the house; cheap to clone.
#[derive(Clone)]
pub struct Store {
    location: Location,
    options: StoreOptions,
    pool: Pool,
    writer: Option<Writer>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.database_kind())
    }
}

impl Store {
    /// Opens `sqlite://PATH` (made if missing) or `postgres://…`, and fails if it cannot be reached.
    /// Tables are made by [`Store::migrate`].
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let location = Location::parse(url)?;
        if let Location::Sqlite(path) = &location {
            make_private_file(path)?;
        }
        let writer = match location.kind() {
            DatabaseKind::Sqlite => {
                Some(Writer::start(location.clone(), options.statement_timeout)?)
            }
            DatabaseKind::Postgres => None,
        };
        let pool = Pool::open(location.clone(), &options);
        let store = Self {
            location,
            options,
            pool,
            writer,
        };
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method alone is not general over the transaction's lifetime"
        )]
        store.read(|tx| tx.ping()).await?;
        Ok(store)
    }

    /// Which database this is.
    pub const fn database_kind(&self) -> DatabaseKind {
        self.location.kind()
    }

    /// Claims the database for one server; a no-op on PostgreSQL. Commands need no claim (REP-04).
    pub fn claim_single_server(&self) -> Result<ServerLock, StoreError> {
        match &self.location {
            Location::Sqlite(path) => ServerLock::claim(path),
            Location::Postgres(_) => Ok(ServerLock::not_needed()),
        }
    }

    /// Brings the tables up to date and names the migrations that were applied.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.on_own_connection(migrate::up).await
    }

    /// The migrations that [`Store::migrate`] would apply.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        self.on_own_connection(migrate::pending).await
    }

    /// Undoes every migration and says how many: all data is gone. For development and tests.
    pub async fn undo_migrations(&self) -> Result<usize, StoreError> {
        self.on_own_connection(migrate::down).await
    }

    /// Runs a unit of work that only reads. Each statement sees what is committed when it starts.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.pool.run(Mode::Read, work).await
    }

    /// Runs a unit of work in a transaction: kept durably if it answers `Ok`, undone if `Err`.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(writer) = &self.writer {
            return writer.run(work).await;
        }
        self.pool.run(Mode::Write, work).await
    }

    /// Deletes what has expired and prepares for what comes; call it every few minutes. Returns how
    /// many rows left.
    pub async fn keep_house(&self, now: Timestamp) -> Result<u64, StoreError> {
        housekeeping::keep_house(self, now, self.options.event_retention).await
    }

    /// Finishes what is running and lets nothing new in.
    pub async fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
        self.pool.close().await;
    }

    async fn on_own_connection<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Location, &StoreOptions) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (location, options) = (self.location.clone(), self.options.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "migrations run on a thread and a connection of their own"
        )]
        let task = tokio::task::spawn_blocking(move || work(&location, &options));
        task.await
            .unwrap_or_else(|_stopped| Err(Outage::Closed.into()))
    }
}

/// Makes the database file readable to nobody else; SQLite gives its side files the same mode.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::File::options();
    options.create(true).truncate(false).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(_made) => Ok(()),
        Err(error) => {
            Err(Outage::Unreachable(format!("cannot open {}: {error}", path.display())).into())
        }
    }
}
