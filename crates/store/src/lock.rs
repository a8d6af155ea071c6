use std::fs::{File, TryLockError};
use std::path::Path;

use crate::{Outage, StoreError};

/// Held by the one server that uses an SQLite file; gives it back when dropped, or when the process
/// ends in whatever way.
#[derive(Debug)]
pub struct ServerLock {
    _file: Option<File>,
}

impl ServerLock {
    /// PostgreSQL serves any number of nodes.
    pub(crate) const fn not_needed() -> Self {
        Self { _file: None }
    }

    /// REP-04: a second server on the same file refuses to start.
    pub(crate) fn claim(database: &Path) -> Result<Self, StoreError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let unreachable = |error: std::io::Error| Outage::Unreachable(error.to_string());
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(unreachable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Claimed),
            Err(TryLockError::Error(error)) => Err(unreachable(error).into()),
        }
    }
}
