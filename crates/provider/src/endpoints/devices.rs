//! Where somebody is signed in, which browsers may skip the code, and how both end (SES-10).

use std::collections::BTreeSet;

use sekisho_model::{
    BrowserId, BrowserSession, ClientId, EpochKind, Event, EventKind, KnownBrowser, Outcome,
    SessionId, Timestamp, User, UserId,
};
use sekisho_store::{Once, StoreError, Tx};
use serde_json::json;

use super::new_password::end_all_of;
use super::standing_session::stands_before_move;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// Where somebody is signed in, and which browsers are trusted.
#[derive(Debug, Clone, Default)]
pub struct Devices {
    /// The sessions that count, the newest first.
    pub sessions: Vec<DeviceSession>,
    /// The browsers that may skip the code, last used first.
    pub trusted: Vec<KnownBrowser>,
}

/// A session, and the apps that have a part in it.
#[derive(Debug, Clone)]
pub struct DeviceSession {
    /// The session.
    pub session: BrowserSession,
    /// The apps that hold something of it.
    pub apps: Vec<ClientId>,
}

/// What a person ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceEnd {
    /// One session.
    Session(SessionId),
    /// Every session but the present one, and the trust in other browsers (TD-02).
    OtherSessions,
    /// The trust in one browser.
    Trust(BrowserId),
    /// The trust in every browser.
    AllTrust,
}

impl Provider {
    /// What the page of devices shows.
    pub async fn devices(&self, user: &User) -> Result<Devices, Failure> {
        let (id, now) = (user.id, self.now());
        let (sessions, given, browsers) = self
            .store
            .read(move |tx| {
                Ok((
                    tx.sessions_of(id)?,
                    tx.app_uses_of(id, now)?,
                    tx.trusted_browsers_of(id, now)?,
                ))
            })
            .await?;
        let live = sessions.into_iter().filter(|s| self.counts(s, user, now));
        let apps = |session: SessionId| {
            let of_it = given.iter().filter(|app| app.session_id == session);
            let apps: BTreeSet<&ClientId> = of_it.map(|app| &app.client_id).collect();
            apps.into_iter().cloned().collect()
        };
        let kind = EpochKind::Browser;
        let current = |browser: &KnownBrowser| {
            self.knowledge
                .is_current(browser.epoch, kind, Some(user), None)
        };
        Ok(Devices {
            sessions: live
                .map(|session| DeviceSession {
                    apps: apps(session.id),
                    session,
                })
                .collect(),
            trusted: browsers.into_iter().filter(current).collect(),
        })
    }

    /// Ends what the person points at, with what hangs on it. What is not there, or is a stranger's, is
    /// passed over in silence: the answer is the same. `false` if everything has to be proved first.
    pub async fn end_device(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        what: DeviceEnd,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        if !self.is_fresh(live, account).await? {
            return Ok(false);
        }
        let kind = match what {
            DeviceEnd::Session(_) | DeviceEnd::OtherSessions => EventKind::SessionEnded,
            DeviceEnd::Trust(_) | DeviceEnd::AllTrust => EventKind::SettingChanged,
        };
        let mut event = self.event(kind, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        let (session, now) = (live.session.clone(), self.now());
        let work = move |tx: &mut Tx<'_>| {
            let stands = stands_before_move(tx, &session)?;
            if stands {
                ended(tx, &session, what, event.clone(), now)?;
            }
            Ok(stands)
        };
        let stood = self.store.write(work).await?;
        self.access_ended().await?;
        Ok(stood)
    }

    /// An operator ends one session of an account with all that was given in it, or everything the
    /// account holds (SES-08). `false` if there is no such session.
    pub async fn revoke_sessions(
        &self,
        user: UserId,
        session: Option<SessionId>,
        mut event: Event,
    ) -> Result<bool, Failure> {
        let now = self.now();
        event.user_id = Some(user);
        event.session_id = session;
        if let (None, Some(detail)) = (session, event.detail.as_object_mut()) {
            detail.insert("others".to_owned(), "all".into());
        }
        let found = self
            .store
            .write(move |tx| {
                match session {
                    Some(id) if tx.end_session_of(user, id, now)? == Once::Again => {
                        return Ok(false);
                    }
                    Some(id) => {
                        tx.revoke_grants_of_session(id, now, false)?;
                    }
                    None => {
                        end_all_of(tx, user, now)?;
                    }
                }
                tx.record(&event)?;
                Ok(true)
            })
            .await?;
        self.access_ended().await?;
        Ok(found)
    }

    /// This node knows at once what was ended, and apps are told.
    pub(crate) async fn access_ended(&self) -> Result<(), Failure> {
        self.letters_wait.ring();
        self.standings.invalidate_all();
        self.sessions_ended.notify_one();
        self.spread().await
    }
}

/// The session it is done in was looked at before: it goes on under the epoch that ends the others.
fn ended(
    tx: &mut Tx<'_>,
    here: &BrowserSession,
    what: DeviceEnd,
    mut event: Event,
    now: Timestamp,
) -> Result<(), StoreError> {
    let user = here.user_id;
    let found = match what {
        DeviceEnd::Session(id) => {
            event.session_id = Some(id);
            event.detail = json!({ "by": "person" });
            tx.end_session_of(user, id, now)? == Once::First
        }
        DeviceEnd::OtherSessions => {
            let epoch = tx.move_user_epoch(user, EpochKind::Session)?;
            let others = tx.end_other_sessions(user, (here.id, epoch), now)?;
            let distrusted = tx.distrust_other_browsers(user, here.browser_id)?;
            event.detail = json!({ "by": "person", "others": others, "trusted": distrusted });
            others + distrusted > 0
        }
        DeviceEnd::Trust(id) => {
            event.detail = json!({ "trusted_browsers": "one" });
            tx.distrust_browser(user, id)? == Once::First
        }
        DeviceEnd::AllTrust => {
            tx.move_user_epoch(user, EpochKind::Browser)?;
            event.detail = json!({ "trusted_browsers": "all" });
            tx.distrust_browsers(user)? > 0
        }
    };
    if found {
        tx.record(&event)?;
    }
    Ok(())
}
