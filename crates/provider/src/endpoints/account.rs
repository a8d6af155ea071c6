//! The person's own pages: sign-in history and settings.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use sekisho_audit::history::{self, HistoryEntry, HistoryPage};
use sekisho_guard::EndpointClass;
use sekisho_mail::RecoveryNews;
use sekisho_model::{
    AlertSetting, ClientId, Event, EventId, EventKind, Locale, Outcome, Timestamp, UserId,
};
pub use sekisho_store::HistoryFilter;
use sekisho_store::Tx;

use super::standing_session::stands;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// Events on one page of the history.
const HISTORY_PAGE: u32 = 50;
/// Events read at once for a file.
const FILE_PAGE: u32 = 1_000;
/// Rows of a file at most: years of anybody's own doings, or a long attack.
const MOST_ROWS: usize = 10_000;
/// How far back the overview looks for what its person should look at.
const LOOKS_BACK: Duration = Duration::from_hours(30 * 24);
/// Apps to choose from at most.
const MOST_APPS: u32 = 100;

/// Which part of the history is wanted.
#[derive(Debug, Clone, Default)]
pub struct HistoryWish {
    /// Which events.
    pub filter: HistoryFilter,
    /// From sources in this network only.
    pub network: Option<IpNet>,
    /// Older than this one.
    pub before: Option<(Timestamp, EventId)>,
}

impl HistoryWish {
    fn takes(&self, event: &Event) -> bool {
        let Some(network) = &self.network else {
            return true;
        };
        let source = event.origin.ip.parse::<IpAddr>();
        source.is_ok_and(|ip| network.contains(&ip.to_canonical()))
    }
}

/// The history as a file.
#[derive(Debug)]
pub struct WholeHistory {
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
    /// Whether older ones were left out.
    pub is_cut: bool,
}

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
    pub async fn history(&self, user: UserId, wish: HistoryWish) -> Result<HistoryPage, Failure> {
        self.history_of(user, &wish, HISTORY_PAGE).await
    }

    /// All of the sign-in history that is wanted, for a file.
    pub async fn history_for_file(
        &self,
        user: UserId,
        mut wish: HistoryWish,
    ) -> Result<WholeHistory, Failure> {
        let mut entries = Vec::new();
        loop {
            let page = self.history_of(user, &wish, FILE_PAGE).await?;
            entries.extend(page.entries);
            wish.before = page.next;
            let is_cut = entries.len() >= MOST_ROWS && wish.before.is_some();
            if is_cut || wish.before.is_none() {
                return Ok(WholeHistory { entries, is_cut });
            }
        }
    }

    async fn history_of(
        &self,
        user: UserId,
        wish: &HistoryWish,
        size: u32,
    ) -> Result<HistoryPage, Failure> {
        let (filter, part) = (wish.filter.clone(), (wish.before, size));
        let wanted = |event: &Event| wish.takes(event);
        Ok(history::page(&self.store, user, filter, part, wanted).await?)
    }

    /// What in the last 30 days its person should look at: somebody knew the password, and nothing shows since
    /// that it was the person (ux 7.1).
    pub async fn to_look_at(&self, user: UserId) -> Result<Option<HistoryEntry>, Failure> {
        let filter = HistoryFilter {
            from: Some(self.now() - LOOKS_BACK),
            kinds: vec![
                EventKind::SignIn,
                EventKind::CodeAsked,
                EventKind::CodeTried,
                EventKind::PasswordChanged,
                EventKind::NotMe,
            ],
            outcomes: vec![
                Outcome::Passed,
                Outcome::WrongCode,
                Outcome::ExpiredCode,
                Outcome::Denied,
                Outcome::Refused,
            ],
            ..HistoryFilter::default()
        };
        let wish = HistoryWish {
            filter,
            ..HistoryWish::default()
        };
        let page = self.history(user, wish).await?;
        Ok(history::to_look_at(&page.entries).cloned())
    }

    /// The apps that stand in somebody's history, with the names they have now.
    pub async fn apps_in_history(
        &self,
        user: UserId,
        locale: Locale,
    ) -> Result<Vec<(ClientId, String)>, Failure> {
        let work = move |tx: &mut Tx<'_>| tx.clients_in_history(user, MOST_APPS);
        let mut apps = Vec::new();
        for id in self.store.read(work).await? {
            let name = self.client_name(&id, locale).await?;
            let name = name.unwrap_or_else(|| id.to_string());
            apps.push((id, name));
        }
        Ok(apps)
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
        if news.is_some() {
            self.count_change(live.user.id).await?;
        }
        let letters = news.map_or_else(Vec::new, |news| {
            self.letters_to_all(account, || self.recovery_notice(news, visit))
        });
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "alert": alert, "alert_before": live.user.alert });
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
