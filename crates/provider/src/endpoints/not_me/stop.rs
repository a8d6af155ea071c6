//! What a denial ends and takes back: all that came of a session that was somebody else's (TD-08).

use sekisho_model::{
    BrowserId, EpochKind, Event, EventKind, Outcome, SessionId, Timestamp, UserId,
};
use sekisho_store::{AddressChange, HistoryFilter, StoreError, Tx};
use serde_json::Value;

use super::super::address_change::Undoing;
use super::super::new_password::end_all_of;
use super::NotMeCase;

/// Events read at once.
const PAGE: u32 = 100;

/// What becomes of the addresses of the account.
pub(super) enum Addresses {
    /// Changes are undone as it was found before; `Conflict` if that would be another thing now.
    As(Option<Undoing>),
    /// Nothing.
    Stay,
}

/// Everything one denial writes, beside letters and events.
pub(super) struct Stop {
    pub(super) case: NotMeCase,
    pub(super) lock: bool,
    pub(super) addresses: Addresses,
}

/// Whose hands an event shows: its session, and those that somebody signed in to in the same browser since it began.
struct Suspects {
    sessions: Vec<SessionId>,
    /// Since when.
    began: Timestamp,
}

impl Suspects {
    /// `None` if the event belongs to no session: then nothing was done in one.
    fn of(tx: &mut Tx<'_>, case: &NotMeCase) -> Result<Option<Self>, StoreError> {
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

    fn made(&self, change: &AddressChange) -> bool {
        let theirs = |session: SessionId| self.sessions.contains(&session);
        change.made_in.is_some_and(theirs) && change.made_at >= self.began
    }
}

fn browser_of(event: &Event) -> Option<BrowserId> {
    let named = event.detail.get("browser").and_then(Value::as_str);
    named.and_then(BrowserId::parse)
}

/// The first change of an address that the event is, or that its session made, with all that came after.
pub(super) fn undoing(
    tx: &mut Tx<'_>,
    case: &NotMeCase,
    now: Timestamp,
) -> Result<Option<Undoing>, StoreError> {
    let suspects = Suspects::of(tx, case)?;
    let open = tx.open_address_changes(case.user)?;
    let denied = case.event.as_ref().map(|event| event.id);
    let theirs = |change: &&AddressChange| {
        let made = suspects.as_ref().is_some_and(|who| who.made(change));
        now < change.undo_until && (made || denied == Some(change.id))
    };
    let first = open.iter().find(theirs);
    Ok(first.and_then(|first| Undoing::of(first, &open)))
}

fn take_back(tx: &mut Tx<'_>, user: UserId, event: &Event) -> Result<(), StoreError> {
    let says = |name: &str| event.detail.get(name);
    if says("networks").is_some() {
        tx.set_networks(user, None)?;
    }
    if says("second_step") == Some(&Value::Bool(false)) {
        tx.set_second_step(user, true)?;
    }
    if event.kind == EventKind::Deletion {
        let _stays = tx.stop_deletion(user)?;
    }
    Ok(())
}

impl Stop {
    /// `Conflict`, with nothing written, if an address was changed meanwhile.
    pub(super) fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let user = self.case.user;
        // Locks the counter: changes of addresses and their undoing follow one another from here on.
        tx.move_user_epoch(user, EpochKind::Browser)?;
        let suspects = Suspects::of(tx, &self.case)?;
        if let Some(suspects) = &suspects {
            self.end(tx, suspects, now)?;
        }
        if let Some(browser) = self.case.event.as_ref().and_then(browser_of) {
            let _known = tx.forget_browser(user, browser)?;
        }
        tx.distrust_browsers(user)?;
        tx.close_resets(user)?;
        tx.end_reset_wait(user)?;
        if self.lock {
            tx.void_recovery_codes(user, None)?;
        }
        self.put_addresses_back(tx, now)?;
        if self.lock {
            end_all_of(tx, user, now)?;
            tx.move_user_epoch(user, EpochKind::Password)?;
        }
        Ok(())
    }

    fn end(&self, tx: &mut Tx<'_>, suspects: &Suspects, now: Timestamp) -> Result<(), StoreError> {
        let user = self.case.user;
        for session in &suspects.sessions {
            // What it made ends whatever it was for, and whether it has ended already.
            let _live = tx.end_session_of(user, *session, now)?;
            tx.revoke_grants_of_session(*session, now, false)?;
            // OTP-26: what was added there would open the account once more.
            tx.remove_factors_of_session(user, *session)?;
        }
        // So would recovery codes.
        tx.void_recovery_codes(user, Some(suspects.began))?;
        self.take_settings_back(tx, suspects)
    }

    /// Networks keep the owner out, a second step that is off lets others in, and a deletion ends everything.
    fn take_settings_back(&self, tx: &mut Tx<'_>, suspects: &Suspects) -> Result<(), StoreError> {
        let (user, mut before) = (self.case.user, None);
        let filter = HistoryFilter {
            from: Some(suspects.began),
            kinds: vec![EventKind::SettingChanged, EventKind::Deletion],
            outcomes: vec![Outcome::Passed],
            ..HistoryFilter::default()
        };
        loop {
            let events = tx.history_of(user, &filter, before, PAGE)?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            before = Some((last.at, last.id));
            let theirs = |event: &&Event| {
                event
                    .session_id
                    .is_some_and(|session| suspects.sessions.contains(&session))
            };
            let mut theirs = events.iter().filter(theirs);
            theirs.try_for_each(|event| take_back(tx, user, event))?;
        }
    }

    fn put_addresses_back(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let Addresses::As(planned) = &self.addresses else {
            return Ok(());
        };
        let found = undoing(tx, &self.case, now)?;
        let ended = |undoing: &Option<Undoing>| {
            let ended = undoing.as_ref().map(Undoing::ended);
            ended.map(<[_]>::to_vec)
        };
        if ended(&found) != ended(planned) {
            return Err(StoreError::Conflict);
        }
        match planned {
            Some(planned) => planned.write(tx, now),
            None => Ok(()),
        }
    }
}
