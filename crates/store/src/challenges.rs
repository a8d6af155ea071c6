use diesel::prelude::*;
use sekisho_model::{ChallengeId, Timestamp};

use crate::backend::on_each;
use crate::schema::spent_challenges;
use crate::{Once, StoreError, Tx};

impl Tx<'_> {
    /// Makes it durable that a mailed code was used, so that no fail-over of the session store can
    /// bring it back (OTP-08); of any number of parallel calls one gets `First`.
    pub fn spend_challenge(
        &mut self,
        id: &ChallengeId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Once, StoreError> {
        let values = (
            spent_challenges::id.eq(id.as_str()),
            spent_challenges::spent_at.eq(now.micros()),
            spent_challenges::expires_at.eq(expires_at.micros()),
        );
        let rows = on_each!(self.conn, |c| diesel::insert_into(spent_challenges::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(Once::of(rows))
    }
}
