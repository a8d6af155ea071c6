//! Where addresses are, if the operator gave a database that says it. Nothing is asked over the network, and of
//! a sign-in only the country and a coarse point are kept, in its event.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use sekisho_guard::{Journey, Place};
use sekisho_model::{EventKind, Locale, Outcome, Timestamp, UserId};
use sekisho_store::{HistoryFilter, Tx};

use crate::endpoints::visit::Visit;
use crate::{Failure, Provider};

/// Sign-ins that a new one is held against.
const LOOKED_AT: u32 = 50;

/// A database of places.
pub trait Places: Send + Sync {
    /// Where an address is; `None` if nobody knows.
    fn place(&self, ip: IpAddr) -> Option<Place>;
    /// The same in words: a region and a country, or a country alone.
    fn words(&self, ip: IpAddr, locale: Locale) -> Option<String>;
}

/// The database in use. It can be changed while the server runs.
#[derive(Default)]
pub(crate) struct Atlas(RwLock<Option<Arc<dyn Places>>>);

impl fmt::Debug for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Atlas")
    }
}

impl Atlas {
    fn places(&self) -> Option<Arc<dyn Places>> {
        let places = self.0.read().unwrap_or_else(PoisonError::into_inner);
        places.as_ref().map(Arc::clone)
    }
}

impl Provider {
    /// From now on this database says where addresses are.
    pub fn tell_places(&self, places: Arc<dyn Places>) {
        *self.atlas.0.write().unwrap_or_else(PoisonError::into_inner) = Some(places);
    }

    /// Whether there is a database.
    pub fn knows_places(&self) -> bool {
        self.atlas.places().is_some()
    }

    /// About where an address is, in words (ux 5.3); `None` without a database, and for addresses it does not know.
    pub fn place_words(&self, ip: &str, locale: Locale) -> Option<String> {
        let places = self.atlas.places()?;
        let ip: IpAddr = ip.parse().ok()?;
        places.words(ip.to_canonical(), locale)
    }

    /// How this sign-in looks beside those before it; `None` without a database, and for addresses it does
    /// not know. Costs nothing without a database, one query with it.
    pub(crate) async fn journey(
        &self,
        user: UserId,
        visit: &Visit,
    ) -> Result<Option<Journey>, Failure> {
        let place = self.atlas.places().and_then(|places| {
            let ip: IpAddr = visit.origin.ip.parse().ok()?;
            places.place(ip.to_canonical())
        });
        let Some(place) = place else {
            return Ok(None);
        };
        let filter = HistoryFilter {
            kinds: vec![EventKind::SignIn],
            outcomes: vec![Outcome::Passed],
            ..HistoryFilter::default()
        };
        let read = move |tx: &mut Tx<'_>| tx.history_of(user, &filter, None, LOOKED_AT);
        let events = self.store.read(read).await?;
        let before: Vec<(Timestamp, Place)> = events
            .iter()
            .filter_map(|event| {
                let place = event.detail.get("journey")?.get("place")?.clone();
                Some((event.at, serde_json::from_value(place).ok()?))
            })
            .collect();
        Ok(Some(Journey::to(place, self.now(), &before)))
    }

    /// Whether a detection rule asks this sign-in for the code because of where it comes from (THR-15).
    pub(crate) async fn place_asks_code(
        &self,
        user: UserId,
        known: bool,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let journey = self.journey(user, visit).await?;
        let rules = self.detection_rules();
        Ok(journey.is_some_and(|journey| rules.ask_code_of(&journey, known)))
    }
}
