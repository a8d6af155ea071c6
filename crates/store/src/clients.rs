use diesel::prelude::*;
use sekisho_model::{Brand, Client, ClientId, ClientSecretRecord, EpochKind, Sealed, Timestamp};

use crate::backend::on_each;
use crate::column::{micros, read_digest, time};
use crate::publishers::Vouched;
use crate::schema::{client_secrets, clients, consents};
use crate::{Once, StoreError, Topic, Tx};

/// A client with its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredClient {
    /// The registration.
    pub client: Client,
    /// Its secrets, newest first, also those that have ended.
    pub secrets: Vec<ClientSecretRecord>,
    /// When it was registered.
    pub created_at: Timestamp,
}

type SecretRow = (Vec<u8>, String, i64, Option<i64>, Option<Vec<u8>>);

impl Tx<'_> {
    /// Registers a client; `Again` if the id is taken.
    pub fn insert_client(&mut self, client: &Client, now: Timestamp) -> Result<Once, StoreError> {
        let values = (
            clients::id.eq(client.client_id.as_str()),
            clients::document.eq(document(client)?),
            clients::created_at.eq(now.micros()),
        );
        let rows = on_each!(self.conn, |c| diesel::insert_into(clients::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
        self.bump_revision(Topic::Clients)?;
        Ok(Once::of(rows))
    }

    /// A client by its id.
    pub fn client(&mut self, id: &ClientId) -> Result<Option<RegisteredClient>, StoreError> {
        let row = clients::table
            .find(id.as_str())
            .select((clients::document, clients::created_at))
            .first::<(String, i64)>(self.conn)
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        let secrets = client_secrets::table
            .filter(client_secrets::client_id.eq(id.as_str()))
            .order(client_secrets::created_at.desc())
            .load::<SecretRow>(self.conn)?;
        let brand = self.brands(&[id.as_str()])?.remove(id.as_str());
        let vouched = self.publishers(&[id.as_str()])?.remove(id.as_str());
        registered(&row.0, row.1, &secrets, (brand, vouched)).map(Some)
    }

    /// Clients in the order of their ids, after `after`.
    pub fn list_clients(
        &mut self,
        after: Option<ClientId>,
        limit: u32,
    ) -> Result<Vec<RegisteredClient>, StoreError> {
        let after = after.map_or_else(String::new, |id| id.to_string());
        let rows = clients::table
            .filter(clients::id.gt(after))
            .order(clients::id)
            .limit(i64::from(limit))
            .load::<(String, String, i64)>(self.conn)?;
        let secrets = client_secrets::table
            .filter(client_secrets::client_id.eq_any(rows.iter().map(|row| row.0.as_str())))
            .order(client_secrets::created_at.desc())
            .load::<SecretRow>(self.conn)?;
        let ids: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        let (brands, vouched) = (self.brands(&ids)?, self.publishers(&ids)?);
        rows.iter()
            .map(|(id, document, created_at)| {
                let own: Vec<_> = secrets.iter().filter(|s| s.1 == *id).cloned().collect();
                let beside = (brands.get(id).copied(), vouched.get(id).cloned());
                registered(document, *created_at, &own, beside)
            })
            .collect()
    }

    /// Replaces a registration.
    pub fn update_client(&mut self, client: &Client) -> Result<(), StoreError> {
        diesel::update(clients::table.find(client.client_id.as_str()))
            .set(clients::document.eq(document(client)?))
            .execute(self.conn)?;
        self.bump_revision(Topic::Clients)
    }

    /// Deletes a client with its secrets and consents and voids its tokens; `false` if there is none.
    pub fn delete_client(&mut self, id: &ClientId) -> Result<bool, StoreError> {
        let rows = diesel::delete(clients::table.find(id.as_str())).execute(self.conn)?;
        if rows == 0 {
            return Ok(false);
        }
        diesel::delete(consents::table.filter(consents::client_id.eq(id.as_str())))
            .execute(self.conn)?;
        self.delete_registration_token(id)?;
        self.move_client_epoch(id, EpochKind::Token)?;
        self.bump_revision(Topic::Clients)?;
        Ok(true)
    }

    /// Gives a client a further secret.
    pub fn add_client_secret(
        &mut self,
        id: &ClientId,
        secret: &ClientSecretRecord,
    ) -> Result<(), StoreError> {
        diesel::insert_into(client_secrets::table)
            .values((
                client_secrets::digest.eq(secret.digest.as_bytes().as_slice()),
                client_secrets::client_id.eq(id.as_str()),
                client_secrets::created_at.eq(secret.created_at.micros()),
                client_secrets::expires_at.eq(micros(secret.expires_at)),
                client_secrets::sealed.eq(secret.sealed.as_ref().map(Sealed::as_bytes)),
            ))
            .execute(self.conn)?;
        self.bump_revision(Topic::Clients)
    }

    /// Lets every present secret end at `at` at the latest (REG-09).
    pub fn end_client_secrets(&mut self, id: &ClientId, at: Timestamp) -> Result<(), StoreError> {
        diesel::update(client_secrets::table)
            .filter(client_secrets::client_id.eq(id.as_str()))
            .filter(
                client_secrets::expires_at
                    .is_null()
                    .or(client_secrets::expires_at.gt(at.micros())),
            )
            .set(client_secrets::expires_at.eq(at.micros()))
            .execute(self.conn)?;
        self.bump_revision(Topic::Clients)
    }
}

fn document(client: &Client) -> Result<String, StoreError> {
    serde_json::to_string(client).map_err(|error| StoreError::Failed(Box::new(error)))
}

fn registered(
    document: &str,
    created_at: i64,
    secrets: &[SecretRow],
    (brand, vouched): (Option<Brand>, Option<Vouched>),
) -> Result<RegisteredClient, StoreError> {
    let secret =
        |(digest, _, created_at, expires_at, sealed): &SecretRow| -> Result<_, StoreError> {
            Ok(ClientSecretRecord {
                digest: read_digest(digest)?,
                created_at: time(*created_at),
                expires_at: expires_at.map(time),
                sealed: sealed.clone().map(Sealed::from_bytes),
            })
        };
    let client: Client =
        serde_json::from_str(document).map_err(|_malformed| StoreError::Corrupt("client"))?;
    // What changed since it was looked at is not vouched for.
    let vouched = vouched.filter(|(_, identity)| *identity == client.identity());
    let publisher = vouched.map(|(publisher, _)| publisher);
    Ok(RegisteredClient {
        client: Client {
            brand,
            publisher,
            ..client
        },
        secrets: secrets.iter().map(secret).collect::<Result<_, _>>()?,
        created_at: time(created_at),
    })
}
