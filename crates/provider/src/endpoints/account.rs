//! The person's own pages: sign-in history and settings.

use sekisho_audit::history::{self, HistoryPage};
use sekisho_guard::EndpointClass;
use sekisho_mail::RecoveryNews;
use sekisho_model::{
    AlertSetting, ClientId, EventId, EventKind, Locale, Outcome, Timestamp, UserId,
};
pub use sekisho_store::HistoryFilter;
use sekisho_store::Tx;

use super::standing_session::stands;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// Events on one page of the history.
const HISTORY_PAGE: u32 = 50;

/// What came of a change of the mails about sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertChange {
    /// It counts from now on.
    Saved,
    /// Fewer mails: everything has to be proved first.
    Stale,
}

/// What is told of a change, if fewer sign-ins are told from then on.
const fn fewer_told(before: AlertSetting, after: AlertSetting) -> Option<RecoveryNews> {
    match (before, after) {
        (AlertSetting::Every | AlertSetting::NewDevice, AlertSetting::Off) => {
            Some(RecoveryNews::AlertsOff)
        }
        (AlertSetting::Every, AlertSetting::NewDevice) => Some(RecoveryNews::AlertsOfNewDevices),
        (_, AlertSetting::Every)
        | (AlertSetting::NewDevice | AlertSetting::Off, AlertSetting::NewDevice)
        | (AlertSetting::Off, AlertSetting::Off) => None,
    }
}

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

    /// Changes which sign-ins are told by mail (S12). To be told of fewer takes a fresh sign-in, and is itself told to
    /// every address: whoever holds the session must not make it quiet (REC-06).
    pub async fn set_alert(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        alert: AlertSetting,
        visit: &Visit,
    ) -> Result<AlertChange, Failure> {
        self.pass_person(EndpointClass::Credentials, &live.user)?;
        let news = fewer_told(live.user.alert, alert);
        if news.is_some() && !self.is_fresh(live, account).await? {
            return Ok(AlertChange::Stale);
        }
        let letters = news.map_or_else(Vec::new, |news| {
            self.letters_to_all(account, || self.recovery_notice(news, visit))
        });
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "alert": alert });
        let (session, before) = (live.session.clone(), live.user.alert);
        let work = move |tx: &mut Tx<'_>| {
            let (user, stands) = (session.user_id, stands(tx, &session)?);
            let now = tx.account(user)?.map(|account| account.user.alert);
            if !stands || now != Some(before) {
                return Ok(AlertChange::Stale);
            }
            tx.set_alert(user, alert)?;
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)?;
            Ok(AlertChange::Saved)
        };
        let changed = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(changed)
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
