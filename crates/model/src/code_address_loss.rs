use crate::{Digest, Timestamp, UserId};

/// Somebody who proved the password and the sign-in mailbox says that the code address is lost (REC-04, `ux.md` 6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeAddressLoss {
    /// Whose account.
    pub user_id: UserId,
    /// Digest of what the link carries that stops it.
    pub digest: Digest,
    /// When it was said.
    pub asked_at: Timestamp,
    /// From when another address can be set.
    pub due_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When the password had been chosen that was proved.
    pub password_at: Option<Timestamp>,
}
