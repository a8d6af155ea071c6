//! "This was not me": looking changes nothing, the button can only take access away (TD-08).

mod stop;
mod suspects;
mod taking_back;

use std::time::Duration;

use sekisho_audit::history::is_by_operator;
use sekisho_mail::{LetterBody, RecoveryNews, Taken};
use sekisho_model::{
    BrowserSession, Digest, Event, EventId, EventKind, Feature, NotMeToken, Outcome, Timestamp,
    UserId,
};
use sekisho_store::{Account, NotMeLink, Once, OutboxLetter, StoreError, Tx};
use serde_json::{Value, json};

use self::stop::{Addresses, Stop};
use self::taking_back::TakingBack;
use super::address_change::Undoing;
use super::second_steps::BegunLoss;
use super::standing_session::stands_before_move;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// How long a link of a mail about a sign-in works.
pub(super) const SIGN_IN_LINK: Duration = Duration::from_hours(24 * 30);
/// How long a link of a mail about a change works (`ux.md` 10.5).
pub(super) const CHANGE_LINK: Duration = Duration::from_hours(72);
/// How often a denial begins anew because an address was changed meanwhile.
const TRIES: usize = 3;

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
    /// Whether the account is locked whatever is wished.
    pub locks: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMeOutcome {
    /// That device was stopped, and every other one if that was wished.
    Stopped,
    /// The link was used, its time is over, or it never was one; or there is nothing to stop.
    Over,
}

/// Whether there is something to stop: what never came to anything needs nothing done, and what an operator did was
/// done in no session.
pub fn can_be_denied(kind: EventKind, outcome: Outcome, detail: &Value) -> bool {
    if is_by_operator(detail) {
        return false;
    }
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
            | EventKind::AddressChanged
            | EventKind::Deletion
            | EventKind::UsersExported
    );
    let password_known = matches!(
        kind,
        EventKind::CodeTried | EventKind::CodeAsked | EventKind::TrustedBrowserStolen
    );
    password_known || (did_something && outcome == Outcome::Passed)
}

/// Whether the account stays locked until a new password is chosen, whatever was ticked: a stranger chose the present.
const fn always_locks(kind: EventKind) -> bool {
    matches!(kind, EventKind::PasswordChanged)
}

impl Provider {
    /// The link of a letter about `event`, which works for `life`, and what is kept of it.
    pub(crate) fn not_me_link(
        &self,
        event: &Event,
        user: UserId,
        life: Duration,
    ) -> (String, NotMeLink) {
        let token = NotMeToken::generate(&*self.entropy);
        let link = NotMeLink {
            digest: token.digest(),
            user_id: user,
            event_id: event.id,
            event_at: event.at,
            expires_at: self.now() + life,
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
        let now = self.now();
        let work = move |tx: &mut Tx<'_>| {
            let event = tx.event_of(user, key)?;
            let is_stranger_s = |event: &Event| always_locks(event.kind);
            let mut case = NotMeCase {
                user,
                locks: event.as_ref().is_some_and(is_stranger_s),
                event,
            };
            case.locks |= TakingBack::of(tx, &case, now)?.guards()
                || stop::undoing(tx, &case, now)?.is_some();
            Ok(case)
        };
        let case = self.store.read(work).await?;
        let may = |event: &Event| can_be_denied(event.kind, event.outcome, &event.detail);
        if matches!(proof, NotMeProof::Event(..)) && !case.event.as_ref().is_some_and(may) {
            return Ok(None);
        }
        Ok(Some(case))
    }

    /// Ends the session of the event with everything it made, and all trust; with `lock`, and always if something that
    /// guarded the account is taken back, every session and token besides, and the password only opens the way to a new
    /// one. Every address is told.
    pub async fn not_me(
        &self,
        proof: NotMeProof<'_>,
        lock: bool,
        visit: &Visit,
    ) -> Result<NotMeOutcome, Failure> {
        let Some(case) = self.not_me_case(proof).await? else {
            return Ok(NotMeOutcome::Over);
        };
        let (digest, session) = match proof {
            NotMeProof::Link(token) => (Some(token.digest()), None),
            NotMeProof::Event(live, _) => (None, Some(live.session.clone())),
        };
        let lock = lock || case.locks;
        for last in (0..TRIES).rev() {
            let by = (digest, session.clone());
            if let Some(outcome) = self.deny((&case, lock), by, last > 0, visit).await? {
                return Ok(outcome);
            }
            // An address was changed between looking and writing: what is to be undone is another thing now.
            tracing::debug!("a denial begins anew");
        }
        Err(Failure::Corrupt("address changes"))
    }

    /// One try of a denial; `None` if what it undoes changed meanwhile. Without `undo` addresses stay as they are.
    async fn deny(
        &self,
        (case, lock): (&NotMeCase, bool),
        (digest, session): (Option<Digest>, Option<BrowserSession>),
        undo: bool,
        visit: &Visit,
    ) -> Result<Option<NotMeOutcome>, Failure> {
        let now = self.now();
        let Some((stored, undoing, taking)) = self.looked_before(case).await? else {
            return Ok(Some(NotMeOutcome::Over));
        };
        let account = self.open_account(&stored)?;
        let addresses = if undo {
            Addresses::As(undoing)
        } else {
            Addresses::Stay
        };
        let locked = lock || taking.guards() || matches!(addresses, Addresses::As(Some(_)));
        let told = taking.told(locked);
        let letters =
            self.denial_letters((&stored, &account), &addresses, (locked, &told), visit)?;
        let mut records = vec![self.not_me_event(case, (locked, &told), digest.is_some(), visit)];
        if let Addresses::As(Some(undoing)) = &addresses {
            records.push(self.undo_event(undoing, visit));
        }
        let stop = Stop {
            case: case.clone(),
            lock,
            addresses,
            loss: self.loss_of_denial(&account, &taking, visit),
            taking,
        };
        let work = move |tx: &mut Tx<'_>| {
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
            stop.write(tx, now)?;
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            records.iter().try_for_each(|record| tx.record(record))?;
            Ok(NotMeOutcome::Stopped)
        };
        let done = match self.store.write(work).await {
            Ok(done) => done,
            Err(StoreError::Conflict) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if done == NotMeOutcome::Stopped {
            tracing::warn!(user = %account.user.subject, "a person says that something was done by somebody else");
            self.profiles.invalidate_all();
            self.access_ended().await?;
        }
        Ok(Some(done))
    }

    /// What there is to undo and to take back; `None` if there is no such account any more.
    async fn looked_before(
        &self,
        case: &NotMeCase,
    ) -> Result<Option<(Account, Option<Undoing>, TakingBack)>, Failure> {
        let (now, case) = (self.now(), case.clone());
        let look = move |tx: &mut Tx<'_>| {
            let Some(account) = tx.account(case.user)? else {
                return Ok(None);
            };
            let undoing = stop::undoing(tx, &case, now)?;
            Ok(Some((account, undoing, TakingBack::of(tx, &case, now)?)))
        };
        Ok(self.store.read(look).await?)
    }

    /// OTP-26: a second step that stays counts as lost, as if that had been reported; if codes can go anywhere.
    fn loss_of_denial(
        &self,
        account: &OpenAccount,
        taking: &TakingBack,
        visit: &Visit,
    ) -> Option<BegunLoss> {
        let can_be_lost = account.code_address.is_some() && self.works(Feature::LostFactor).is_ok();
        let news = |until| RecoveryNews::FactorDenied { until };
        (taking.leaves_factor() && can_be_lost).then(|| self.begun_loss(account, visit, news))
    }

    fn denial_letters(
        &self,
        whose: (&Account, &OpenAccount),
        addresses: &Addresses,
        (locked, told): (bool, &[Taken]),
        visit: &Visit,
    ) -> Result<Vec<OutboxLetter>, Failure> {
        let notice = |what| {
            let mut notice = self.recovery_notice(what, visit);
            if let LetterBody::RecoveryNotice { taken, .. } = &mut notice {
                taken.extend_from_slice(told);
            }
            notice
        };
        match addresses {
            Addresses::As(Some(undoing)) => {
                let notice = || notice(RecoveryNews::AddressUndone);
                self.undo_letters(whose, undoing, notice)
            }
            Addresses::As(None) | Addresses::Stay if locked => {
                Ok(self.letters_to_all(whose.1, || notice(RecoveryNews::SignInDenied)))
            }
            Addresses::As(None) | Addresses::Stay => {
                Ok(self.letters_to_all(whose.1, || notice(RecoveryNews::SignInDeniedOnly)))
            }
        }
    }

    fn not_me_event(
        &self,
        case: &NotMeCase,
        (locked, told): (bool, &[Taken]),
        by_mail: bool,
        visit: &Visit,
    ) -> Event {
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
            "locked": locked,
            "taken_back": told,
        });
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn td_08_a_stranger_s_password_never_stays() {
        for kind in EventKind::ALL {
            assert_eq!(always_locks(kind), kind == EventKind::PasswordChanged);
        }
    }

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
            (EventKind::AddressChanged, Outcome::Passed, true),
            (EventKind::TrustedBrowserStolen, Outcome::Replayed, true),
            (EventKind::NotMe, Outcome::Passed, false),
            (EventKind::UserCreated, Outcome::Passed, false),
            (EventKind::UsersExported, Outcome::Passed, true),
        ] {
            let found = can_be_denied(kind, outcome, &json!({}));
            assert_eq!(found, may, "{kind:?} {outcome:?}");
        }
        // Nobody's session did what an operator did.
        for detail in [
            json!({ "command": "user disable", "state": "disabled", "reason": "r" }),
            json!({ "state": "active" }),
            json!({ "own_data": true, "by": "operator" }),
        ] {
            for kind in [EventKind::SettingChanged, EventKind::UsersExported] {
                assert!(!can_be_denied(kind, Outcome::Passed, &detail), "{detail}");
            }
        }
    }
}
