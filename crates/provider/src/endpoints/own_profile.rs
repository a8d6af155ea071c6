//! What a person is called here, in which language pages and mails are, and in which zone their dates.

use sekisho_guard::EndpointClass;
use sekisho_mail::when;
use sekisho_model::{Event, EventKind, KeyRing, Locale, Outcome, Sealed};
use sekisho_store::{Account, Once, Tx};
use serde_json::{Map, Value, json};

use super::visit::{LiveSession, Visit};
use crate::rules::sign_up::{self, NameRefusal};
use crate::{Failure, Provider};

/// What was typed and chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileWish<'a> {
    /// The name; nothing is no name.
    pub name: &'a str,
    /// The language of pages and mails.
    pub locale: Locale,
    /// The zone of dates in pages and mails (IANA name).
    pub zone: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileSaved {
    /// It is as wished.
    Saved,
    /// Another request changed the same meanwhile: nothing was written.
    Late,
    /// The name cannot be kept.
    Name(NameRefusal),
    /// There is no such zone.
    Zone,
}

impl Provider {
    /// Saves name, language and zone, and records which of them changed (ux 7.1). The name itself stands in no
    /// record of events: it lies sealed with its person.
    pub async fn save_profile(
        &self,
        live: &LiveSession,
        wish: ProfileWish<'_>,
        visit: &Visit,
    ) -> Result<ProfileSaved, Failure> {
        self.pass_person(EndpointClass::AccountView, &live.user)?;
        let name = match sign_up::name(wish.name) {
            Ok(name) => name,
            Err(refusal) => return Ok(ProfileSaved::Name(refusal)),
        };
        if !when::is_zone(wish.zone) {
            return Ok(ProfileSaved::Zone);
        }
        let user = live.user.id;
        let found = self.store.read(move |tx| tx.account(user)).await?;
        let stored = found.ok_or(Failure::Corrupt("account"))?;
        let claims = self.renamed(&stored, name)?;
        let parts = [
            ("name", claims.is_some()),
            ("language", stored.user.chosen_locale() != Some(wish.locale)),
            ("zone", stored.user.zone != wish.zone),
        ];
        let changed: Vec<&str> = parts.iter().filter(|one| one.1).map(|one| one.0).collect();
        if changed.is_empty() {
            return Ok(ProfileSaved::Saved);
        }
        let facts = json!({ "profile": changed, "language": wish.locale, "zone": wish.zone });
        let event = self.profile_event(live, facts, visit);
        let (locale, zone) = (wish.locale, wish.zone.to_owned());
        let work = move |tx: &mut Tx<'_>| {
            let renamed = match &claims {
                Some(new) => tx.change_claims(user, (&stored.claims, new))?,
                None => Once::First,
            };
            if renamed == Once::Again {
                return Ok(ProfileSaved::Late);
            }
            tx.set_locale_and_zone(user, locale, &zone)?;
            tx.record(&event)?;
            Ok(ProfileSaved::Saved)
        };
        let saved = self.store.write(work).await?;
        self.profiles.invalidate(&user);
        Ok(saved)
    }

    /// Remembers the language of an account, chosen by the switch that every page has.
    pub async fn set_language(
        &self,
        live: &LiveSession,
        locale: Locale,
        visit: &Visit,
    ) -> Result<(), Failure> {
        if live.user.chosen_locale() == Some(locale) {
            return Ok(());
        }
        self.pass_person(EndpointClass::PublicFacts, &live.user)?;
        let event = self.profile_event(live, json!({ "language": locale }), visit);
        let user = live.user.id;
        let work = move |tx: &mut Tx<'_>| {
            tx.set_locale(user, locale)?;
            tx.record(&event)
        };
        Ok(self.store.write(work).await?)
    }

    /// The claims with another name, sealed; `None` if the name stays. An empty one is taken away.
    fn renamed(&self, stored: &Account, name: Option<String>) -> Result<Option<Sealed>, Failure> {
        let mut claims: Map<String, Value> = self.open_account(stored)?.claims;
        if claims.get("name").and_then(Value::as_str) == name.as_deref() {
            return Ok(None);
        }
        // Both are told from the address itself.
        claims.remove("email");
        claims.remove("email_verified");
        match name {
            Some(name) => drop(claims.insert("name".to_owned(), Value::from(name))),
            None => drop(claims.remove("name")),
        }
        let owner = stored.user.id.to_string();
        let plain = Value::Object(claims).to_string();
        let key = self.data_key(stored)?;
        let sealed = KeyRing::seal_under(&key, &owner, plain.as_bytes(), &*self.entropy);
        Ok(Some(sealed))
    }

    fn profile_event(&self, live: &LiveSession, facts: Value, visit: &Visit) -> Event {
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.detail = facts;
        event
    }
}
