//! The app behind a sign-in that cannot go on: only its name, and the way back to it (ux 6.13).

use sekisho_model::{Client, ClientId, ClientOrigin, Locale};
use sekisho_session::ParkedKind;

use super::flow::LoadedFlow;
use super::letters::client_name;
use crate::rules::sign_in::{Destination, PendingSignIn};
use crate::{Failure, Provider};

/// An app, as a page names it that could not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppHome {
    /// Name in the page's language.
    pub name: String,
    /// Where people begin there. `None` if it registered none, and for an app that nobody looked at: whoever
    /// registers one could have our page lead to theirs.
    pub home: Option<String>,
}

impl AppHome {
    /// Of this client.
    pub(crate) fn of(client: &Client, locale: Locale) -> Self {
        let vouched = client.publisher.is_some() || client.origin == ClientOrigin::Operator;
        Self {
            name: client_name(client, locale),
            home: client.client_uri.clone().filter(|_| vouched),
        }
    }
}

/// Where somebody begins anew whose sign-in is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restart {
    /// At the app.
    App(AppHome),
    /// At a page of ours.
    Page(String),
}

impl Provider {
    /// The app that a sign-in is for.
    pub async fn app_home(
        &self,
        flow: &LoadedFlow,
        locale: Locale,
    ) -> Result<Option<AppHome>, Failure> {
        match flow.pending.request() {
            Some(request) => self.home_of(&request.client_id, locale).await,
            None => Ok(None),
        }
    }

    async fn home_of(&self, id: &ClientId, locale: Locale) -> Result<Option<AppHome>, Failure> {
        let client = self.clients.find(id.as_str()).await?;
        Ok(client.map(|client| AppHome::of(&client.client, locale)))
    }

    /// Where the sign-in `id` was going, if it is still there: of any browser, because a tab that was left behind
    /// has the id and no longer the cookie. It tells nothing of the person and moves nothing (SES-04).
    pub async fn restart_of(&self, id: &str, locale: Locale) -> Result<Option<Restart>, Failure> {
        let parked = self.session.parked(ParkedKind::SignIn, id, self.now());
        let Some(parked) = parked.await? else {
            return Ok(None);
        };
        let pending: PendingSignIn = serde_json::from_slice(&parked.value)
            .map_err(|_unreadable| Failure::Corrupt("pending sign-in"))?;
        match pending.destination {
            Destination::App(request) => {
                let home = self.home_of(&request.client_id, locale).await?;
                Ok(home.map(Restart::App))
            }
            Destination::Page(path)
            | Destination::StrongPage(path)
            | Destination::ChangePage(path, _) => Ok(Some(Restart::Page(path))),
        }
    }
}
