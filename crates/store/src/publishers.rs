//! Who makes an app, as an operator found out (REG-18).

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use sekisho_model::{Client, ClientId, Digest};

use crate::backend::on_each;
use crate::column::read_digest;
use crate::schema::client_publishers;
use crate::{StoreError, Topic, Tx};

/// A publisher, and what of the app was looked at.
pub(crate) type Vouched = (String, Digest);

impl Tx<'_> {
    /// Notes who makes an app, in the place of what was noted. The app must exist.
    pub fn set_publisher(&mut self, client: &Client, publisher: &str) -> Result<(), StoreError> {
        let values = (
            client_publishers::client_id.eq(client.client_id.as_str()),
            client_publishers::publisher.eq(publisher),
            client_publishers::identity.eq(client.identity().as_bytes().to_vec()),
        );
        on_each!(self.conn, |c| diesel::insert_into(client_publishers::table)
            .values(values)
            .on_conflict(client_publishers::client_id)
            .do_update()
            .set((
                client_publishers::publisher.eq(excluded(client_publishers::publisher)),
                client_publishers::identity.eq(excluded(client_publishers::identity)),
            ))
            .execute(c))?;
        self.bump_revision(Topic::Clients)
    }

    /// Nobody vouches for an app any more; `false` if nobody did.
    pub fn withdraw_publisher(&mut self, client: &ClientId) -> Result<bool, StoreError> {
        let noted = client_publishers::table.find(client.as_str());
        let rows = diesel::delete(noted).execute(self.conn)?;
        self.bump_revision(Topic::Clients)?;
        Ok(rows > 0)
    }

    /// The apps somebody vouched for, as they are now.
    pub fn vouched_clients(&mut self) -> Result<Vec<Client>, StoreError> {
        let rows = client_publishers::table
            .order(client_publishers::client_id)
            .select(client_publishers::client_id)
            .load::<String>(self.conn)?;
        let mut found = Vec::new();
        for id in rows {
            let client = self.client(&ClientId::new(id))?;
            found.extend(client.map(|client| client.client));
        }
        found.retain(|client| client.publisher.is_some());
        Ok(found)
    }

    /// Who makes these apps.
    pub(crate) fn publishers(
        &mut self,
        clients: &[&str],
    ) -> Result<HashMap<String, Vouched>, StoreError> {
        let rows = client_publishers::table
            .filter(client_publishers::client_id.eq_any(clients))
            .select((
                client_publishers::client_id,
                client_publishers::publisher,
                client_publishers::identity,
            ))
            .load::<(String, String, Vec<u8>)>(self.conn)?;
        rows.into_iter()
            .map(|(client, publisher, identity)| Ok((client, (publisher, read_digest(&identity)?))))
            .collect()
    }
}
