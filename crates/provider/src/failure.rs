use std::time::Duration;

use sekisho_guard::{GuardFailure, Halt};
use sekisho_model::{OperatorText, Timestamp, Unsealable};
use sekisho_session::SessionError;
use sekisho_store::StoreError;

/// Something went wrong on our side. Opaque to the caller, logged once where it is handled.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Redis, or what stands in for it.
    #[error("the session store failed")]
    Session(#[from] SessionError),
    /// The throttles.
    #[error("the guard failed")]
    Guard(#[from] GuardFailure),
    /// Too much work at once; come again after this long (PW-21).
    #[error("too much to do at once")]
    Busy(Duration),
    /// The key file does not open what the database holds.
    #[error("a sealed value does not open: {0}")]
    Sealed(&'static str),
    /// A signature could not be made.
    #[error("signing failed: {0}")]
    Signing(String),
    /// This node cannot be sure of what it knows; it issues nothing (decisions: failing dependencies).
    #[error("this node has lost touch with the store")]
    OutOfTouch,
    /// A budget for reading people's data is used up (INC-10).
    #[error("the budget {0} is used up")]
    OverBudget(&'static str),
    /// So many changes of an account, or copies of its data, are not made (REC-06).
    #[error("too many {what:?} of one account")]
    TooOften {
        /// Of what.
        what: Often,
        /// Again from then.
        until: Timestamp,
        /// In how long that is.
        wait: Duration,
    },
    /// An operator has paused this (INC-04).
    #[error("an operator has paused this")]
    Halted(Box<Halted>),
    /// Stored data cannot be read.
    #[error("stored data cannot be read: {0}")]
    Corrupt(&'static str),
}

/// What is done only so often to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Often {
    /// Changes that are told to all its addresses.
    Changes,
    /// Copies of its data.
    Exports,
}

/// What people and apps are told of an act that an operator has paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halted {
    /// How far.
    pub halt: Halt,
    /// The operator's words.
    pub text: OperatorText,
    /// When to come again.
    pub wait: Duration,
}

impl From<Unsealable> for Failure {
    fn from(_: Unsealable) -> Self {
        Self::Sealed("unsealable")
    }
}

impl Failure {
    /// Whether trying again later may help: 503 with `Retry-After`, else 500.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy(wait) | Self::TooOften { wait, .. } => Some(*wait),
            Self::Halted(halted) => Some(halted.wait),
            Self::Session(SessionError::Unavailable(_)) | Self::Guard(_) | Self::OutOfTouch => {
                Some(Duration::from_secs(5))
            }
            Self::Store(StoreError::Unavailable(_)) => Some(Duration::from_secs(5)),
            Self::Store(_)
            | Self::Session(_)
            | Self::Sealed(_)
            | Self::Signing(_)
            | Self::OverBudget(_)
            | Self::Corrupt(_) => None,
        }
    }
}
