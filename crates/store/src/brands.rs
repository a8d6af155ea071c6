//! How the pages of apps look (WEB-12).

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use sekisho_model::{Brand, BrandColours, ClientId};

use crate::backend::on_each;
use crate::schema::client_brands;
use crate::{StoreError, Topic, Tx};

type Row = (String, i64, Option<String>, bool);

impl Tx<'_> {
    /// Gives an app its colours and its picture, in the place of what it had. The app must exist.
    pub fn set_brand(
        &mut self,
        client: &ClientId,
        colours: Option<&BrandColours>,
        logo: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let colours = colours.map(serde_json::to_string).transpose();
        let colours = colours.map_err(|error| StoreError::Failed(Box::new(error)))?;
        let values = (
            client_brands::client_id.eq(client.as_str()),
            client_brands::version.eq(1),
            client_brands::colours.eq(colours),
            client_brands::logo.eq(logo),
        );
        on_each!(self.conn, |c| diesel::insert_into(client_brands::table)
            .values(values)
            .on_conflict(client_brands::client_id)
            .do_update()
            .set((
                client_brands::version.eq(client_brands::version + 1),
                client_brands::colours.eq(excluded(client_brands::colours)),
                client_brands::logo.eq(excluded(client_brands::logo)),
            ))
            .execute(c))?;
        self.bump_revision(Topic::Clients)
    }

    /// The picture of an app.
    pub fn brand_logo(&mut self, client: &ClientId) -> Result<Option<Vec<u8>>, StoreError> {
        let logo = client_brands::table
            .find(client.as_str())
            .select(client_brands::logo)
            .first::<Option<Vec<u8>>>(self.conn)
            .optional()?;
        Ok(logo.flatten())
    }

    /// What pages know of the brands of these apps.
    pub(crate) fn brands(
        &mut self,
        clients: &[&str],
    ) -> Result<HashMap<String, Brand>, StoreError> {
        let rows = client_brands::table
            .filter(client_brands::client_id.eq_any(clients))
            .select((
                client_brands::client_id,
                client_brands::version,
                client_brands::colours,
                client_brands::logo.is_not_null(),
            ))
            .load::<Row>(self.conn)?;
        rows.into_iter()
            .map(|(client, version, colours, logo)| {
                let colours = colours.as_deref().map(serde_json::from_str).transpose();
                let colours = colours.map_err(|_malformed| StoreError::Corrupt("colours"))?;
                let brand = Brand {
                    version,
                    colours,
                    logo,
                };
                Ok((client, brand))
            })
            .collect()
    }
}
