use serde::{Deserialize, Serialize};

/// A number that only grows: each move of any epoch takes the next one.
///
/// What is issued carries the number its issuer knew; it is void once any epoch that applies to it
/// (server, client, user, cohort) has moved to a higher one. A node that has not yet heard of a move
/// issues under the old number, so what it issues is void too: stale knowledge fails closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub i64);

/// What a move of an epoch voids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EpochKind {
    /// Passwords set before must be changed.
    Password,
    /// Browser sessions and pending sign-ins.
    Session,
    /// Codes, access and refresh tokens.
    Token,
    /// Trusted browsers.
    Browser,
}

/// The epochs of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UserEpochs {
    /// See [`EpochKind::Password`].
    pub password: Epoch,
    /// See [`EpochKind::Session`].
    pub session: Epoch,
    /// See [`EpochKind::Token`].
    pub token: Epoch,
    /// See [`EpochKind::Browser`].
    pub browser: Epoch,
}

impl UserEpochs {
    /// The number to which the epoch of `kind` has moved.
    pub const fn of(&self, kind: EpochKind) -> Epoch {
        match kind {
            EpochKind::Password => self.password,
            EpochKind::Session => self.session,
            EpochKind::Token => self.token,
            EpochKind::Browser => self.browser,
        }
    }
}
