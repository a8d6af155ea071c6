//! "This was not me": looking changes nothing, the button can only take access away (TD-08).

use std::time::Duration;

use sekisho_mail::RecoveryNews;
use sekisho_model::{
    BrowserId, EpochKind, Event, EventId, EventKind, NotMeToken, Outcome, Timestamp, UserId,
};
use sekisho_store::{NotMeLink, Once, StoreError, Tx};
use serde_json::{Value, json};

use super::new_password::end_all_of;
use super::standing_session::stands_before_move;
use super::visit::{LiveSession, Visit};
use crate::{Failure, Provider};

/// How long a link of a mail works.
const LINK_LIFE: Duration = Duration::from_hours(24 * 30);

/// Who says it.
#[derive(Debug, Clone, Copy)]
pub enum NotMeProof<'a> {
    /// Whoever reads the mail.
    Link(&'a NotMeToken),
    /// Somebody who is signed in, about an event of their history.
    Event(&'a LiveSession, (Timestamp, EventId)),
}

/// What may be done about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMeCase {
    /// Whose account.
    user: UserId,
    /// What was seen; `None` if it is no longer kept.
    pub event: Option<Event>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMeOutcome {
    /// That device was stopped, and every other one if that was wished.
    Stopped,
    /// The link was used, its time is over, or it never was one; or there is nothing to stop.
    Over,
}

/// Whether there is something to stop: what never came to anything needs nothing done.
pub fn can_be_denied(kind: EventKind, outcome: Outcome) -> bool {
    let did_something = matches!(
        kind,
        EventKind::SignIn
            | EventKind::CodeAsked
            | EventKind::Consent
            | EventKind::DeviceDecided
            | EventKind::PasswordChanged
            | EventKind::RecoveryCodes
            | EventKind::SettingChanged
            | EventKind::FactorChanged
    );
    let password_known = matches!(kind, EventKind::CodeTried | EventKind::CodeAsked);
    password_known || (did_something && outcome == Outcome::Passed)
}

impl Provider {
    /// The link of a letter about `event`, and what is kept of it.
    pub(crate) fn not_me_link(&self, event: &Event, user: UserId) -> (String, NotMeLink) {
        let token = NotMeToken::generate(&*self.entropy);
        let link = NotMeLink {
            digest: token.digest(),
            user_id: user,
            event_id: event.id,
            event_at: event.at,
            expires_at: self.now() + LINK_LIFE,
            used_at: None,
        };
        let address = format!("{}/not-me/{}", self.settings.issuer, token.reveal());
        (address, link)
    }

    /// What the page shows before anything is done; `None` if nothing can be done with it.
    pub async fn not_me_case(&self, proof: NotMeProof<'_>) -> Result<Option<NotMeCase>, Failure> {
        let (user, key) = match proof {
            NotMeProof::Event(live, key) => (live.user.id, key),
            NotMeProof::Link(token) => {
                let (digest, now) = (token.digest(), self.now());
                let link = self.store.read(move |tx| tx.not_me(&digest)).await?;
                let open = |link: &NotMeLink| link.used_at.is_none() && now < link.expires_at;
                let Some(link) = link.filter(open) else {
                    return Ok(None);
                };
                (link.user_id, (link.event_at, link.event_id))
            }
        };
        let event = self.store.read(move |tx| tx.event_of(user, key)).await?;
        let may = |event: &Event| can_be_denied(event.kind, event.outcome);
        if matches!(proof, NotMeProof::Event(..)) && !event.as_ref().is_some_and(may) {
            return Ok(None);
        }
        Ok(Some(NotMeCase { user, event }))
    }

    /// Ends the session of the event with everything it made, and all trust; with `lock` every session
    /// and token besides, and the password only opens the way to a new one. Every address is told.
    pub async fn not_me(
        &self,
        proof: NotMeProof<'_>,
        lock: bool,
        visit: &Visit,
    ) -> Result<NotMeOutcome, Failure> {
        let Some(case) = self.not_me_case(proof).await? else {
            return Ok(NotMeOutcome::Over);
        };
        let Some(account) = self.account(case.user).await? else {
            return Ok(NotMeOutcome::Over);
        };
        let (digest, session) = match proof {
            NotMeProof::Link(token) => (Some(token.digest()), None),
            NotMeProof::Event(live, _) => (None, Some(live.session.clone())),
        };
        let letters = self.letters_to_all(&account, || {
            self.recovery_notice(RecoveryNews::SignInDenied, visit)
        });
        let (record, now) = (
            self.not_me_event(&case, lock, digest.is_some(), visit),
            self.now(),
        );
        let done = self
            .store
            .write(move |tx| {
                if let Some(session) = &session
                    && !stands_before_move(tx, session)?
                {
                    return Ok(NotMeOutcome::Over);
                }
                if let Some(digest) = &digest
                    && tx.take_not_me(digest, now)? == Once::Again
                {
                    return Ok(NotMeOutcome::Over);
                }
                stop(tx, &case, lock, now)?;
                letters.iter().try_for_each(|letter| tx.post(letter))?;
                tx.record(&record)?;
                Ok(NotMeOutcome::Stopped)
            })
            .await?;
        if done == NotMeOutcome::Stopped {
            tracing::warn!(user = %account.user.subject, "a person says that a sign-in was somebody else's");
            self.access_ended().await?;
        }
        Ok(done)
    }

    fn not_me_event(&self, case: &NotMeCase, lock: bool, by_mail: bool, visit: &Visit) -> Event {
        let seen = case.event.as_ref();
        let mut event = self.event(EventKind::NotMe, Outcome::Passed, &visit.origin);
        event.user_id = Some(case.user);
        event.session_id = seen.and_then(|seen| seen.session_id);
        event.client_id = seen.and_then(|seen| seen.client_id.clone());
        event.detail = json!({
            "severity": "high",
            "about": seen.map(|seen| seen.id.to_string()),
            "about_kind": seen.map(|seen| seen.kind.name()),
            "about_ip": seen.map(|seen| seen.origin.ip.clone()),
            "by": if by_mail { "mail" } else { "history" },
            "locked": lock,
        });
        event
    }
}

fn stop(tx: &mut Tx<'_>, case: &NotMeCase, lock: bool, now: Timestamp) -> Result<(), StoreError> {
    let user = case.user;
    let seen = case.event.as_ref();
    // Locks the account before its sessions, as whatever is written for a session does.
    tx.move_user_epoch(user, EpochKind::Browser)?;
    if let Some(session) = seen.and_then(|event| event.session_id) {
        // What it made ends whatever it was for, and whether it has ended already.
        let _live = tx.end_session_of(user, session, now)?;
        tx.revoke_grants_of_session(session, now, false)?;
        // OTP-26: what was added there would open the account once more.
        tx.remove_factors_of_session(user, session)?;
    }
    let browser = seen.and_then(|event| event.detail.get("browser").and_then(Value::as_str));
    if let Some(browser) = browser.and_then(BrowserId::parse) {
        let _known = tx.forget_browser(user, browser)?;
    }
    tx.distrust_browsers(user)?;
    tx.close_resets(user)?;
    tx.end_reset_wait(user)?;
    if lock {
        end_all_of(tx, user, now)?;
        tx.move_user_epoch(user, EpochKind::Password)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn td_08_only_what_came_to_something_can_be_denied() {
        for (kind, outcome, may) in [
            (EventKind::SignIn, Outcome::Passed, true),
            (EventKind::SignIn, Outcome::WrongPassword, false),
            (EventKind::SignIn, Outcome::Blocked, false),
            (EventKind::CodeAsked, Outcome::Passed, true),
            (EventKind::CodeTried, Outcome::WrongCode, true),
            (EventKind::SettingChanged, Outcome::Passed, true),
            (EventKind::Consent, Outcome::Denied, false),
            (EventKind::SignOut, Outcome::Passed, false),
            (EventKind::NotMe, Outcome::Passed, false),
            (EventKind::UserCreated, Outcome::Passed, false),
        ] {
            assert_eq!(can_be_denied(kind, outcome), may, "{kind:?} {outcome:?}");
        }
    }
}
