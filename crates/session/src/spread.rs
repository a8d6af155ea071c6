//! How widely the same thing is seen: at how many places within a window. And a key for marking such things
//! that all nodes share and nobody keeps.

use std::time::Duration;

use sekisho_model::{Digest, Timestamp};

use crate::{Session, SessionError, on_backend};

impl Session {
    /// Notes that `what` was seen at `place`, and says at how many places it was seen since it was first seen,
    /// at most `window` ago. About: large numbers may be a percent off.
    pub async fn spread(
        &self,
        what: &Digest,
        place: &Digest,
        window: Duration,
        now: Timestamp,
    ) -> Result<u32, SessionError> {
        self.spread_all(what, std::slice::from_ref(place), window, now)
            .await
    }

    /// The same for many places, at most 1,000 of which travel at once.
    pub async fn spread_all(
        &self,
        what: &Digest,
        places: &[Digest],
        window: Duration,
        now: Timestamp,
    ) -> Result<u32, SessionError> {
        let mut count = 0;
        for some in places.chunks(1_000) {
            count = on_backend!(self, spread(what, some, window, now))?;
        }
        Ok(count)
    }

    /// The key of this name that all nodes use until it is over; `candidate`, if there is none yet.
    pub async fn agree(
        &self,
        name: &str,
        candidate: &Digest,
        life: Duration,
        now: Timestamp,
    ) -> Result<Digest, SessionError> {
        on_backend!(self, agree(name, candidate, life, now))
    }
}
