use std::collections::BTreeSet;

use diesel::prelude::*;
use sekisho_model::{ClientId, Consent, UserId};

use crate::backend::on_each;
use crate::column::{read_id, read_scope, time};
use crate::schema::consents;
use crate::{Once, StoreError, Tx};

type ConsentRow = (String, String, String, i64, String, String);

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn joined(words: &BTreeSet<String>) -> String {
    words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn consent(row: ConsentRow) -> Result<Consent, StoreError> {
    let (user, client, scope, granted_at, claims, resources) = row;
    Ok(Consent {
        user_id: read_id!(UserId, &user)?,
        client_id: ClientId::new(client),
        scope: read_scope(&scope)?,
        claims: words(&claims),
        resources: words(&resources),
        granted_at: time(granted_at),
    })
}

impl Tx<'_> {
    /// What a user allowed a client.
    pub fn consent(
        &mut self,
        user: UserId,
        client: &ClientId,
    ) -> Result<Option<Consent>, StoreError> {
        consents::table
            .find((user.to_string(), client.as_str()))
            .first::<ConsentRow>(self.conn)
            .optional()?
            .map(consent)
            .transpose()
    }

    /// Remembers a consent in place of the former one.
    pub fn put_consent(&mut self, consent: &Consent) -> Result<(), StoreError> {
        let scope = consent.scope.to_string();
        let claims = joined(&consent.claims);
        let resources = joined(&consent.resources);
        let values = (
            consents::scope.eq(&scope),
            consents::granted_at.eq(consent.granted_at.micros()),
            consents::claims.eq(&claims),
            consents::resources.eq(&resources),
        );
        on_each!(self.conn, |c| diesel::insert_into(consents::table)
            .values((
                consents::user_id.eq(consent.user_id.to_string()),
                consents::client_id.eq(consent.client_id.as_str()),
                values,
            ))
            .on_conflict((consents::user_id, consents::client_id))
            .do_update()
            .set(values)
            .execute(c))?;
        Ok(())
    }

    /// Keeps a consent from being taken back before this transaction ends, so that what is given on it
    /// now ends with it; `Again` if there is none (CON-05).
    pub fn hold_consent(&mut self, user: UserId, client: &ClientId) -> Result<Once, StoreError> {
        let rows = diesel::update(consents::table.find((user.to_string(), client.as_str())))
            .set(consents::granted_at.eq(consents::granted_at))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Everything a user allowed, newest first.
    pub fn consents_of(&mut self, user: UserId) -> Result<Vec<Consent>, StoreError> {
        consents::table
            .filter(consents::user_id.eq(user.to_string()))
            .order((consents::granted_at.desc(), consents::client_id))
            .load::<ConsentRow>(self.conn)?
            .into_iter()
            .map(consent)
            .collect()
    }

    /// Takes a consent back; the grants made under it are ended by `revoke_grants_of_consent`.
    pub fn revoke_consent(&mut self, user: UserId, client: &ClientId) -> Result<Once, StoreError> {
        let row = consents::table.find((user.to_string(), client.as_str()));
        Ok(Once::of(diesel::delete(row).execute(self.conn)?))
    }
}
