use sekisho_model::{Digest, Timestamp};

use super::{Memory, lock};
use crate::SessionError;

impl Memory {
    pub(crate) fn first_use(
        &self,
        kind: &'static str,
        id: &Digest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, SessionError> {
        let key = (kind, *id.as_bytes());
        let mut table = lock(&self.replays);
        if table.get_mut(&key, now).is_some() {
            return Ok(false);
        }
        if table.put(key, (), expires_at, now) {
            return Ok(true);
        }
        Err(SessionError::Unavailable(
            "too many replay ids are in use".to_owned(),
        ))
    }
}
