//! The person's own pages: sign-in history and settings.

use sekisho_audit::history::{self, HistoryPage};
use sekisho_guard::EndpointClass;
use sekisho_model::{
    AlertSetting, ClientId, EventId, EventKind, Locale, Outcome, Timestamp, UserId,
};
pub use sekisho_store::HistoryFilter;

use super::visit::{LiveSession, Visit};
use crate::{Failure, Provider};

/// Events on one page of the history.
const HISTORY_PAGE: u32 = 50;

impl Provider {
    /// A page of the sign-in history (S11).
    pub async fn history(
        &self,
        user: UserId,
        filter: HistoryFilter,
        before: Option<(Timestamp, EventId)>,
    ) -> Result<HistoryPage, Failure> {
        Ok(history::page(&self.store, user, filter, before, HISTORY_PAGE).await?)
    }

    /// Changes which sign-ins are told by mail (S12).
    pub async fn set_alert(
        &self,
        live: &LiveSession,
        alert: AlertSetting,
        visit: &Visit,
    ) -> Result<(), Failure> {
        self.pass_person(EndpointClass::Credentials, &live.user)?;
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "alert": alert });
        let user = live.user.id;
        let work = move |tx: &mut sekisho_store::Tx<'_>| {
            tx.set_alert(user, alert)?;
            tx.record(&event)
        };
        Ok(self.store.write(work).await?)
    }

    /// Remembers the language of an account.
    pub async fn set_locale(&self, live: &LiveSession, locale: Locale) -> Result<(), Failure> {
        let user = live.user.id;
        Ok(self
            .store
            .write(move |tx| tx.set_locale(user, locale))
            .await?)
    }

    /// The name of a client, if it still exists.
    pub async fn client_name(
        &self,
        id: &ClientId,
        locale: Locale,
    ) -> Result<Option<String>, Failure> {
        let client = self.clients.find(id.as_str()).await?;
        Ok(client.map(|client| super::sign_in::client_name(&client.client, locale)))
    }
}
