use diesel::prelude::*;
use sekisho_model::{ClientId, Timestamp};

use crate::schema::{clients, consents, registration_tokens};
use crate::{Once, StoreError, Topic, Tx};

impl Tx<'_> {
    /// Notes that a client which registered itself was used; others leave no trace.
    pub fn registration_used(
        &mut self,
        client: &ClientId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::update(registration_tokens::table.find(client.as_str()))
            .filter(registration_tokens::last_used_at.lt(at.micros()))
            .set(registration_tokens::last_used_at.eq(at.micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Clients that registered themselves and were not used since `before`, longest unused first.
    pub fn unused_clients(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClientId>, StoreError> {
        let ids: Vec<String> = registration_tokens::table
            .filter(registration_tokens::last_used_at.lt(before.micros()))
            .order((
                registration_tokens::last_used_at,
                registration_tokens::client_id,
            ))
            .limit(i64::from(limit))
            .select(registration_tokens::client_id)
            .load(self.conn)?;
        Ok(ids.into_iter().map(ClientId::new).collect())
    }

    /// Deletes a client unless it was used since `before`; of several callers one is the first. No epoch
    /// moves: nothing that was issued to it lives as long as it was unused.
    pub fn delete_unused_client(
        &mut self,
        client: &ClientId,
        before: Timestamp,
    ) -> Result<Once, StoreError> {
        let id = client.as_str();
        let rows = diesel::delete(registration_tokens::table.find(id))
            .filter(registration_tokens::last_used_at.lt(before.micros()))
            .execute(self.conn)?;
        let once = Once::of(rows);
        if once == Once::First {
            diesel::delete(clients::table.find(id)).execute(self.conn)?;
            diesel::delete(consents::table.filter(consents::client_id.eq(id)))
                .execute(self.conn)?;
            self.bump_revision(Topic::Clients)?;
        }
        Ok(once)
    }
}
