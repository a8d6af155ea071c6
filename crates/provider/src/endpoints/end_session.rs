//! Signing out (RP-Initiated Logout 1.0; LO-01, LO-02, LO-06).

use sekisho_model::{EventKind, Outcome};
use url::form_urlencoded::Serializer;

use super::visit::{LiveSession, Visit};
use crate::jwt::verify_id_token_hint;
use crate::rules::parameters::Parameters;
use crate::{Failure, Provider};

/// A wish to sign out, checked.
#[derive(Debug)]
pub struct SignOutWish {
    /// Where to go afterwards: registered, and asked for by a client we know (LO-01).
    pub return_to: Option<String>,
    /// Name of that client.
    pub client_name: Option<String>,
    /// Whether the person must be asked first (LO-02).
    pub must_ask: bool,
    /// Whether the request was wrong in a way that forbids going anywhere.
    pub mistaken: bool,
}

impl Provider {
    /// Reads a sign-out request. It never fails: what is wrong in it only means that the person is
    /// asked and that nobody is sent anywhere.
    pub async fn read_sign_out(
        &self,
        request: &Parameters,
        visit: &Visit,
    ) -> Result<SignOutWish, Failure> {
        let hint_text = request.first("id_token_hint");
        let hint = hint_text.and_then(|text| {
            verify_id_token_hint(text, &self.settings.issuer, &self.keys.current()).ok()
        });
        let named = request.first("client_id");
        let client_id = match (&hint, named) {
            (Some(hint), Some(named)) if !hint.aud.iter().any(|aud| aud == named) => None,
            (Some(hint), _) => hint.aud.first().map(String::as_str),
            (None, named) => named,
        };
        let client = match client_id {
            Some(id) => self.clients.find(id).await?,
            None => None,
        };
        let wanted = request.first("post_logout_redirect_uri");
        let genuine = hint.is_some() || hint_text.is_none();
        let registered = wanted.filter(|uri| {
            let known = client
                .as_ref()
                .is_some_and(|c| c.client.post_logout_redirect_uris.iter().any(|r| r == uri));
            // A hint is needed to go anywhere without a question; see `must_ask` for the rest.
            known && genuine && hint.is_some()
        });
        let live = self.live_session(visit).await?;
        let same_session = match (&hint, &live) {
            (Some(hint), Some(live)) => hint.sid == live.session.id.to_string(),
            (Some(_), None) => true,
            (None, _) => false,
        };
        Ok(SignOutWish {
            return_to: registered.map(|uri| with_state(uri, request.first("state"))),
            client_name: client
                .map(|client| super::sign_in::client_name(&client.client, visit.locale)),
            must_ask: !same_session,
            mistaken: request.any_repeated() || (wanted.is_some() && registered.is_none()),
        })
    }

    /// Ends the session of this browser and the tokens that lived on it; `offline_access` goes on
    /// (RT-09).
    pub async fn sign_out(&self, visit: &Visit) -> Result<(), Failure> {
        let Some(LiveSession { session, user }) = self.live_session(visit).await? else {
            return Ok(());
        };
        let now = self.now();
        let mut event = self.event(EventKind::SignOut, Outcome::Passed, &visit.origin);
        event.user_id = Some(user.id);
        event.session_id = Some(session.id);
        self.store
            .write(move |tx| {
                let _already = tx.end_session(session.id, now)?;
                tx.revoke_grants_of_session(session.id, now, true)?;
                tx.record(&event)
            })
            .await?;
        self.standings.invalidate_all();
        Ok(())
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else {
        return uri.to_owned();
    };
    let joint = if uri.contains('?') { '&' } else { '?' };
    let query = Serializer::new(String::new())
        .append_pair("state", state)
        .finish();
    format!("{uri}{joint}{query}")
}
