//! Ids that may be used once: `jti` of assertions and proofs.

use sekisho_model::{Digest, Timestamp};

use crate::{Session, SessionError, on_backend};

impl Session {
    /// Whether this is the first use of `id` among those of `kind`. It is remembered until
    /// `expires_at`; an id that has already expired is not accepted at all.
    pub async fn first_use(
        &self,
        kind: &'static str,
        id: &Digest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, SessionError> {
        if expires_at <= now {
            return Ok(false);
        }
        on_backend!(self, first_use(kind, id, expires_at, now))
    }
}
