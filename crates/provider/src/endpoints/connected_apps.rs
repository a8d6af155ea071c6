//! The apps somebody let in: what each may do, and how its access ends (CON-05).

use std::collections::{BTreeMap, BTreeSet};

use sekisho_model::{
    Client, ClientId, Consent, EpochKind, EventKind, Locale, Outcome, ScopeSet, SessionId,
    Timestamp, User,
};
use sekisho_store::AppUse;

use super::sign_in::client_name;
use super::standing_session::stands;
use super::visit::{LiveSession, Visit};
use crate::rules::redirect_uri::Callback;
use crate::{Failure, Provider};

/// An app that may do something for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedApp {
    /// Which.
    pub client_id: ClientId,
    /// What it was allowed, or holds without having been asked about.
    pub scope: ScopeSet,
    /// Single claims it was allowed beside those.
    pub claims: BTreeSet<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it last came for something; `None` if nobody remembers.
    pub used_at: Option<Timestamp>,
    /// Whether it works on without the person being signed in.
    pub offline: bool,
}

/// An app as its consent page shows it.
#[derive(Debug, Clone)]
pub struct AppFace {
    /// Name in the page's language.
    pub name: String,
    /// Host it returns to; empty if it returns nowhere.
    pub host: String,
    /// Who it says it is, and who vouches for it.
    pub client: Client,
}

impl Provider {
    /// Every app with a consent or with access that still counts, by when it was last used.
    pub async fn connected_apps(&self, user: &User) -> Result<Vec<ConnectedApp>, Failure> {
        let (id, now) = (user.id, self.now());
        let (consents, given, sessions) = self
            .store
            .read(move |tx| {
                Ok((
                    tx.consents_of(id)?,
                    tx.app_uses_of(id, now)?,
                    tx.sessions_of(id)?,
                ))
            })
            .await?;
        let live: BTreeSet<SessionId> = sessions
            .iter()
            .filter(|session| self.counts(session, user, now))
            .map(|session| session.id)
            .collect();
        let stands = |given: &AppUse| {
            let (kind, client) = (EpochKind::Token, Some(&given.client_id));
            let current = self
                .knowledge
                .is_current(given.epoch, kind, Some(user), client);
            current && (live.contains(&given.session_id) || given.refresh_until.is_some())
        };
        Ok(gathered(consents, &given, stands))
    }

    /// How the consent page shows an app, if it still exists.
    pub async fn app_face(
        &self,
        id: &ClientId,
        locale: Locale,
    ) -> Result<Option<AppFace>, Failure> {
        let Some(client) = self.clients.find(id.as_str()).await? else {
            return Ok(None);
        };
        let name = client_name(&client.client, locale);
        let uri = client.client.redirect_uris.first();
        let callback = uri.and_then(|uri| Callback::verify(&client.client, uri, None));
        let host = callback.map(|callback| callback.display_host());
        Ok(Some(AppFace {
            name,
            host: host.unwrap_or_default(),
            client: client.client.clone(),
        }))
    }

    /// Takes everything back that the person gave an app: consent, refresh families, opaque tokens; the
    /// app is told if it listens. What is not there is passed over in silence. `false`, with nothing written, if the
    /// session it is done in does not count any more.
    pub async fn disconnect(
        &self,
        live: &LiveSession,
        client: &ClientId,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let session = live.session.clone();
        let (user, client, now) = (live.user.id, client.clone(), self.now());
        let mut event = self.event(EventKind::Revocation, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.session_id = Some(live.session.id);
        event.client_id = Some(client.clone());
        let done = self
            .store
            .write(move |tx| {
                if !stands(tx, &session)? {
                    return Ok(false);
                }
                let allowed = tx.consent(user, &client)?.is_some();
                let grants = tx.disconnect_app(user, &client, now)?;
                let mut event = event.clone();
                event.detail = serde_json::json!({ "by": "person", "grants": grants });
                if allowed || grants > 0 {
                    tx.record(&event)?;
                }
                Ok(true)
            })
            .await?;
        self.access_ended().await?;
        Ok(done)
    }
}

fn gathered(
    consents: Vec<Consent>,
    uses: &[AppUse],
    stands: impl Fn(&AppUse) -> bool,
) -> Vec<ConnectedApp> {
    let allowed = consents.into_iter().map(|consent| ConnectedApp {
        client_id: consent.client_id,
        scope: consent.scope,
        claims: consent.claims,
        since: consent.granted_at,
        used_at: None,
        offline: false,
    });
    let mut apps: BTreeMap<ClientId, ConnectedApp> =
        allowed.map(|app| (app.client_id.clone(), app)).collect();
    for given in uses {
        if stands(given) {
            let app = apps
                .entry(given.client_id.clone())
                .or_insert_with(|| unasked(given));
            app.scope = app.scope.union(&given.scope);
            app.since = app.since.min(given.since);
            app.offline |= given.scope.contains("offline_access");
        }
        // What no longer counts still tells when the app last came.
        if let Some(app) = apps.get_mut(&given.client_id) {
            app.used_at = app.used_at.max(Some(given.used_at));
        }
    }
    let mut apps: Vec<ConnectedApp> = apps.into_values().collect();
    apps.sort_by_key(|app| std::cmp::Reverse(app.used_at));
    apps
}

/// Of a first-party app nobody was asked about.
fn unasked(given: &AppUse) -> ConnectedApp {
    ConnectedApp {
        client_id: given.client_id.clone(),
        scope: ScopeSet::default(),
        claims: BTreeSet::new(),
        since: given.since,
        used_at: None,
        offline: false,
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Epoch, SeededEntropy, UserId};

    use super::*;

    fn given(client: &str, scope: &str, at: u64) -> AppUse {
        let at = Timestamp::from_seconds(i64::try_from(at).unwrap());
        AppUse {
            client_id: ClientId::new(client),
            session_id: SessionId::new(at, &SeededEntropy::new(1)),
            scope: ScopeSet::parse(scope).unwrap(),
            epoch: Epoch(1),
            since: at,
            used_at: at,
            refresh_until: None,
        }
    }

    fn consent(client: &str, at: i64) -> Consent {
        let at = Timestamp::from_seconds(at);
        Consent {
            user_id: UserId::new(at, &SeededEntropy::new(1)),
            client_id: ClientId::new(client),
            scope: ScopeSet::parse("openid email").unwrap(),
            claims: BTreeSet::new(),
            resources: BTreeSet::new(),
            granted_at: at,
        }
    }

    #[test]
    fn con_05_consents_and_live_grants_are_one_list() {
        let uses = [
            given("asked", "openid offline_access", 50),
            given("first-party", "openid", 90),
            given("gone", "openid", 95),
        ];
        let apps = gathered(
            vec![consent("asked", 40), consent("unused", 30)],
            &uses,
            |given| given.client_id.as_str() != "gone",
        );
        let names: Vec<&str> = apps.iter().map(|app| app.client_id.as_str()).collect();
        assert_eq!(names, ["first-party", "asked", "unused"], "last used first");
        let asked = apps.get(1).unwrap();
        assert!(asked.offline);
        assert_eq!(asked.scope.to_string(), "email offline_access openid");
        assert_eq!(asked.since, Timestamp::from_seconds(40));
        assert_eq!(asked.used_at, Some(Timestamp::from_seconds(50)));
        assert_eq!(apps.get(2).unwrap().used_at, None);
    }
}
