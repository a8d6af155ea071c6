//! How the pages of apps look: operators decide it, and what cannot be read or is no picture is refused
//! (WEB-12).

use sekisho_model::{Brand, BrandColours, Client, ClientId, Event};
use sekisho_store::Tx;

use crate::outbound::Limits;
use crate::rules::brand::{Measure, measures};
use crate::rules::logo::{LONGEST, LogoRefusal, redrawn};
use crate::{Failure, Provider};

/// What becomes of a part of a brand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays.
    Keep,
    /// This takes its place.
    Set(T),
    /// There is none any more.
    Remove,
}

/// Where a picture comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// This file.
    File(Vec<u8>),
    /// The address the app registered as `logo_uri`, fetched once.
    Registered,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum BrandDecided {
    /// It is so on every node within a second.
    Set,
    /// There is no such app.
    NoClient,
    /// Some of these contrasts are too low.
    TooPale(Vec<Measure>),
    /// The picture cannot be used.
    Picture(LogoRefusal),
    /// The app registered no `logo_uri`, or nothing came from there.
    NotFetched,
}

impl Provider {
    /// Changes how an app looks. `event` tells who did it; its details are filled in.
    pub async fn change_brand(
        &self,
        client: &ClientId,
        colours: Change<BrandColours>,
        logo: Change<Picture>,
        mut event: Event,
    ) -> Result<BrandDecided, Failure> {
        let wanted = client.clone();
        let found = self.store.read(move |tx| tx.client(&wanted)).await?;
        let Some(found) = found else {
            return Ok(BrandDecided::NoClient);
        };
        let before = found.client.brand;
        let colours = match colours {
            Change::Keep => before.and_then(|brand| brand.colours),
            Change::Remove => None,
            Change::Set(colours) => {
                let found = measures(&colours);
                if !found.iter().all(Measure::is_enough) {
                    return Ok(BrandDecided::TooPale(found));
                }
                Some(colours)
            }
        };
        let logo = match self.new_logo(&found.client, logo).await {
            Ok(logo) => logo,
            Err(refused) => return Ok(refused),
        };
        event.client_id = Some(client.clone());
        event.detail = serde_json::json!({ "brand": {
            "colours": colours.is_some(),
            "logo": match &logo { Change::Keep => "kept", Change::Set(_) => "set", Change::Remove => "removed" },
        } });
        let client = client.clone();
        let work = move |tx: &mut Tx<'_>| {
            let logo = match &logo {
                Change::Keep => tx.brand_logo(&client)?,
                Change::Set(png) => Some(png.clone()),
                Change::Remove => None,
            };
            tx.set_brand(&client, colours.as_ref(), logo.as_deref())?;
            tx.record(&event)
        };
        self.store.write(work).await?;
        self.clients.forget();
        Ok(BrandDecided::Set)
    }

    async fn new_logo(
        &self,
        client: &Client,
        change: Change<Picture>,
    ) -> Result<Change<Vec<u8>>, BrandDecided> {
        let file = match change {
            Change::Keep => return Ok(Change::Keep),
            Change::Remove => return Ok(Change::Remove),
            Change::Set(Picture::File(file)) => file,
            Change::Set(Picture::Registered) => {
                let address = client.logo_uri.as_deref();
                let address = address.ok_or(BrandDecided::NotFetched)?;
                let limits = Limits {
                    body: LONGEST,
                    ..Limits::default()
                };
                let fetched = self.outbound.get_picture(address, limits).await;
                fetched.map_err(|_told| BrandDecided::NotFetched)?
            }
        };
        let logo = redrawn(&file).map_err(BrandDecided::Picture)?;
        Ok(Change::Set(logo.png))
    }

    /// How an app looks, and since which change; `None` for an app without a brand, or none that is known.
    pub async fn brand(&self, client: &str) -> Result<Option<Brand>, Failure> {
        let found = self.clients.find(client).await?;
        Ok(found.and_then(|found| found.client.brand))
    }

    /// The picture of an app, and since which change it is so.
    pub async fn brand_logo(&self, client: &str) -> Result<Option<(Vec<u8>, i64)>, Failure> {
        let brand = self.brand(client).await?;
        let Some(brand) = brand.filter(|brand| brand.logo) else {
            return Ok(None);
        };
        let client = ClientId::new(client);
        let logo = self.store.read(move |tx| tx.brand_logo(&client)).await?;
        Ok(logo.map(|png| (png, brand.version)))
    }
}
