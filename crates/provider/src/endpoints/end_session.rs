//! Signing out (RP-Initiated Logout 1.0; LO-01, LO-02, LO-06).

use sekisho_model::{ClientId, EventKind, Feature, Locale, Outcome, SessionId};
use sekisho_store::SessionClient;

use super::sign_in::AppHome;
use super::visit::{LiveSession, Visit};
use crate::jwt::verify_id_token_hint;
use crate::rules::parameters::Parameters;
use crate::rules::sign_out::{Asked, Hint, allowed, frame};
use crate::{Failure, Provider};

/// A wish to sign out, checked.
#[derive(Debug)]
pub struct SignOutWish {
    /// The app that asks, if the request says so.
    pub client: Option<AskingApp>,
    /// Where to go afterwards: registered by that app (LO-01).
    pub return_to: Option<String>,
    /// Whether a hint vouches for the request, so that nobody's yes is needed to go there.
    pub vouched: bool,
    /// Whether the person must be asked first (LO-02).
    pub must_ask: bool,
}

/// The app that asks for a sign-out.
#[derive(Debug, Clone)]
pub struct AskingApp {
    /// Which.
    pub id: ClientId,
    /// Its name for people.
    pub name: String,
}

/// What remains to be done in the browser once the session has ended.
#[derive(Debug, Default)]
pub struct SignedOut {
    /// Addresses to show in hidden frames (Front-Channel Logout 1.0 §3).
    pub frames: Vec<String>,
    /// Apps that signed the person in and cannot be told in any way.
    pub untold: Vec<AppHome>,
}

impl Provider {
    /// Reads a sign-out request. It never fails: what is wrong in it only means that the person is
    /// asked and that nobody is sent anywhere.
    pub async fn read_sign_out(
        &self,
        request: &Parameters,
        live: Option<&LiveSession>,
        visit: &Visit,
    ) -> Result<SignOutWish, Failure> {
        let presented = request.first("id_token_hint");
        let verified = presented.and_then(|text| {
            verify_id_token_hint(text, &self.settings.issuer, &self.keys.current()).ok()
        });
        let hint = match (&verified, live) {
            (None, _) if presented.is_some() => Hint::Forged,
            (None, _) => Hint::Absent,
            // Not `sub`: one person has another in every app that asked for it.
            (Some(hint), Some(live)) if hint.sid != live.session.id.to_string() => Hint::OfAnother,
            (Some(_), _) => Hint::OfThisSession,
        };
        let named = request.first("client_id");
        let of_hint = verified.as_ref().and_then(|hint| hint.aud.first());
        let contradiction = matches!((named, of_hint), (Some(named), Some(aud)) if named != aud);
        let client = match of_hint.map(String::as_str).or(named) {
            Some(id) => self.clients.find(id).await?,
            None => None,
        };
        let client = client.filter(|client| !client.client.disabled);
        let allowed = allowed(Asked {
            client: client.as_ref().map(|client| &client.client),
            hint,
            post_logout_redirect_uri: request.first("post_logout_redirect_uri"),
            state: request.first("state"),
            mistaken: request.fault().is_some() || contradiction,
        });
        Ok(SignOutWish {
            client: client.map(|client| AskingApp {
                name: super::sign_in::client_name(&client.client, visit.locale),
                id: client.client.client_id.clone(),
            }),
            return_to: allowed.return_to,
            vouched: allowed.vouched,
            must_ask: allowed.ask,
        })
    }

    /// The names of the apps that have a part in the session of this browser, for the question before it ends.
    pub async fn apps_in_use(
        &self,
        live: &LiveSession,
        locale: Locale,
    ) -> Result<Vec<String>, Failure> {
        let session = live.session.id;
        let there = self
            .store
            .read(move |tx| tx.clients_of_session(session))
            .await?;
        let mut names = Vec::new();
        for app in there {
            names.extend(self.client_name(&app.client_id, locale).await?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Ends the session of this browser and the tokens that lived on it; `offline_access` goes on
    /// (RT-09). Apps with a back channel are told in the background; what the browser has to do comes
    /// back. `asked_by` is the app that asked and knows already.
    pub async fn sign_out(
        &self,
        visit: &Visit,
        asked_by: Option<&ClientId>,
    ) -> Result<SignedOut, Failure> {
        let Some(LiveSession { session, user, .. }) = self.live_session(visit).await? else {
            return Ok(SignedOut::default());
        };
        let now = self.now();
        let mut event = self.event(EventKind::SignOut, Outcome::Passed, &visit.origin);
        event.user_id = Some(user.id);
        event.session_id = Some(session.id);
        event.client_id = asked_by.cloned();
        let clients = self
            .store
            .write(move |tx| {
                let _already = tx.end_session(session.id, now)?;
                tx.record(&event)?;
                tx.clients_of_session(session.id)
            })
            .await?;
        self.standings.invalidate_all();
        self.sessions_ended.notify_one();
        self.left_to_tell(session.id, &clients, asked_by, visit)
            .await
    }

    async fn left_to_tell(
        &self,
        session: SessionId,
        clients: &[SessionClient],
        asked_by: Option<&ClientId>,
        visit: &Visit,
    ) -> Result<SignedOut, Failure> {
        let features = self.settings.features;
        // INC-06: frames cannot be shown later; whom nobody tells is named to the person.
        let frames =
            features.frontchannel_logout && self.works(Feature::FrontchannelLogout).is_ok();
        let (issuer, session) = (&self.settings.issuer, session.to_string());
        let mut left = SignedOut::default();
        for found in clients {
            let Some(client) = self.clients.find(found.client_id.as_str()).await? else {
                continue;
            };
            let client = &client.client;
            let front = client
                .frontchannel_logout_uri
                .as_ref()
                .filter(|_| frames)
                .and_then(|uri| frame(uri, issuer, &session));
            let back = features.backchannel_logout && client.backchannel_logout_uri.is_some();
            let knows = asked_by == Some(&found.client_id);
            if front.is_none() && !back && !knows && found.signed_in {
                left.untold.push(AppHome::of(client, visit.locale));
            }
            left.frames.extend(front);
        }
        Ok(left)
    }
}
