//! Whose hands an event shows.

use sekisho_model::{BrowserId, Event, SessionId, Timestamp};
use sekisho_store::{AddressChange, StoreError, Tx};
use serde_json::Value;

use super::NotMeCase;

/// The session of the event, and those that somebody signed in to in the same browser since it began.
pub(super) struct Suspects {
    pub(super) sessions: Vec<SessionId>,
    /// Since when.
    pub(super) began: Timestamp,
}

impl Suspects {
    /// `None` if the event belongs to no session: then nothing was done in one.
    pub(super) fn of(tx: &mut Tx<'_>, case: &NotMeCase) -> Result<Option<Self>, StoreError> {
        let Some(event) = &case.event else {
            return Ok(None);
        };
        let Some(session) = event.session_id else {
            return Ok(None);
        };
        let origin = tx.session_origin(case.user, session)?;
        let began = origin.map_or(event.at, |(began, _)| began);
        let browser = origin.map(|(_, browser)| browser).or(browser_of(event));
        let mut sessions = match browser {
            Some(browser) => tx.sessions_from_browser(case.user, browser, began)?,
            None => Vec::new(),
        };
        if !sessions.contains(&session) {
            sessions.push(session);
        }
        Ok(Some(Self { sessions, began }))
    }

    /// Whether something was done in one of them.
    pub(super) fn did(&self, event: &Event) -> bool {
        let session = event.session_id;
        session.is_some_and(|session| self.sessions.contains(&session))
    }

    pub(super) fn made(&self, change: &AddressChange) -> bool {
        let theirs = |session: SessionId| self.sessions.contains(&session);
        change.made_in.is_some_and(theirs) && change.made_at >= self.began
    }
}

/// The browser that an event names.
pub(super) fn browser_of(event: &Event) -> Option<BrowserId> {
    let named = event.detail.get("browser").and_then(Value::as_str);
    named.and_then(BrowserId::parse)
}
