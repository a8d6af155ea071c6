//! Accounts that move in from another system by the file, and out again (PW-18, REC-09, REC-10).
//!
//! Reading files is the command line's work, what a record says is read in `rules::newcomer`. Here the
//! records are sealed, wrapped and kept, a batch in one transaction with its event and the mark of how
//! far the file has got: an interrupted import goes on where it was, and nothing is there twice.

mod arrivals;
mod departures;
mod keeping;
mod schemes;

use sekisho_store::ImportedUser;

use crate::rules::newcomer::{AddressTrust, Newcomer, RecordRefusal};

/// Where a record stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its number, from 1.
    pub record: u64,
    /// A line of it, from 1.
    pub line: u64,
}

/// A record of a file.
#[derive(Debug)]
pub struct Arrival {
    /// Where it stands.
    pub place: Place,
    /// Who it is about, if it can be read.
    pub newcomer: Result<Box<Newcomer>, RecordRefusal>,
}

/// What holds for every record of one file.
#[derive(Debug, Clone)]
pub struct ImportTerms {
    /// The cohort tag of all of them; without it what each record says.
    pub tag: Option<String>,
    /// Whether addresses count as verified.
    pub trust: AddressTrust,
    /// What to do about addresses and subjects that have an account.
    pub existing: OnExisting,
    /// How the file is read; whoever goes on with it must read it the same way.
    pub reading: String,
}

/// What to do about a record whose address or subject has an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExisting {
    /// Report it and go on; the account stays as it is.
    Skip,
    /// Stop before its batch.
    Fail,
}

/// Why a record made no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Its address has an account, or an earlier record has the address.
    #[error("the address already has an account")]
    AddressTaken,
    /// Its subject belongs to an account, or to an earlier record.
    #[error("the subject belongs to another account")]
    SubjectTaken,
    /// It cannot be used.
    #[error("{0}")]
    Refused(#[from] RecordRefusal),
}

impl Problem {
    /// Whether the account is there already, as after a second import of one file.
    pub const fn is_existing(&self) -> bool {
        matches!(self, Self::AddressTaken | Self::SubjectTaken)
    }
}

/// What is said about one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Which.
    pub place: Place,
    /// What is wrong with it.
    pub problem: Problem,
}

/// A batch, sealed and ready to be kept.
#[derive(Debug, Default)]
pub struct ReadyBatch {
    accounts: Vec<(Place, ImportedUser)>,
    /// What is wrong with the others.
    pub remarks: Vec<Remark>,
    schemes: std::collections::BTreeSet<String>,
    /// Number of its last record; 0 if it has none.
    pub last_record: u64,
}

impl ReadyBatch {
    /// The foreign schemes of its passwords, as stored texts.
    pub fn schemes(&self) -> impl Iterator<Item = &String> {
        self.schemes.iter()
    }

    /// How many accounts it would make.
    pub const fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether it would make none.
    pub const fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

pub(crate) use departures::moment;
pub use departures::{DeparturePage, Hashes, Losses};
pub use keeping::KeptBatch;
