use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::backend::AnyConnection;
use crate::{DatabaseKind, StoreError};

/// An open transaction. Its methods are in the files named like tables.
pub struct Tx<'a> {
    pub(crate) conn: &'a mut AnyConnection,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl Tx<'_> {
    /// Which database this is, for the few texts that differ.
    pub(crate) const fn kind(&self) -> DatabaseKind {
        match self.conn {
            #[cfg(feature = "sqlite")]
            AnyConnection::Sqlite(_) => DatabaseKind::Sqlite,
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(_) => DatabaseKind::Postgres,
        }
    }
}

/// What a single-use change found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Once {
    /// This call did it.
    First,
    /// It was done before, or there was nothing to do it to.
    Again,
}

impl Once {
    /// What `rows` changed rows tell.
    pub(crate) const fn of(rows: usize) -> Self {
        if rows == 0 { Self::Again } else { Self::First }
    }
}

/// Runs one unit of work. A panic becomes an error, so that it ends neither the writer thread nor
/// leaves a transaction open.
pub(crate) fn run<T>(
    conn: &mut AnyConnection,
    work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(|| work(&mut Tx { conn })))
        .unwrap_or_else(|_panic| Err(StoreError::Panicked))
}
