use crate::{Digest, FactorId, Sealed, SessionId, Timestamp, UserId};

/// The kinds of second step that are stronger than a mailed code (OTP-26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactorKind {
    /// Codes of an authenticator app (RFC 6238).
    Totp,
    /// A passkey (Web Authentication).
    Passkey,
}

impl FactorKind {
    /// The name in storage, events and the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
        }
    }
}

/// A stronger second step of an account, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// Whose.
    pub user_id: UserId,
    /// Which kind.
    pub kind: FactorKind,
    /// Its name and what it is checked with, sealed under the account's data key.
    pub sealed: Sealed,
    /// Keyed digest of a passkey's credential id; no two accounts share one.
    pub credential: Option<Digest>,
    /// In which session it was added.
    pub made_in: SessionId,
    /// When it was added.
    pub made_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// The time step or signature counter that was last accepted: it only ever grows.
    pub mark: i64,
}

/// Somebody who proved the password says that the stronger second step is lost (OTP-26).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorLoss {
    /// Whose account.
    pub user_id: UserId,
    /// Digest of what the link carries that stops it.
    pub digest: Digest,
    /// When it was said.
    pub asked_at: Timestamp,
    /// From when a mailed code is accepted in its place.
    pub due_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}
