//! Stored events as a person reads them: one row for one thing that happened.
//!
//! Codes that were asked and given disappear behind their sign-in, equal failures from one source
//! become one row with a count. Words, days and links are the page's business.

use std::collections::HashSet;

use sekisho_mail::Device;
use sekisho_model::{ClientId, Event, EventId, EventKind, Outcome, SessionId, Timestamp, UserId};
use sekisho_store::{HistoryFilter, Store, StoreError};
use serde_json::Value;

/// The kinds that stand in a person's history; the rest are steps of apps.
pub const SHOWN: [EventKind; 20] = [
    EventKind::SignIn,
    EventKind::CodeAsked,
    EventKind::CodeTried,
    EventKind::SignOut,
    EventKind::SessionEnded,
    EventKind::TrustedBrowserStolen,
    EventKind::NotMe,
    EventKind::Consent,
    EventKind::DeviceDecided,
    EventKind::Revocation,
    EventKind::ResetAsked,
    EventKind::PasswordChanged,
    EventKind::RecoveryCodes,
    EventKind::FactorChanged,
    EventKind::AddressChanged,
    EventKind::SettingChanged,
    EventKind::UserCreated,
    EventKind::Deletion,
    EventKind::AccountRead,
    EventKind::UsersExported,
];

/// Events looked at beyond a page, so that its end does not cut a sign-in from its code.
const LOOK_AHEAD: u32 = 50;

/// The stamp a row carries (`ux.md` section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// 通: passed, done.
    Passed,
    /// 問: asked, failed, needs the person.
    Asked,
    /// 止: stopped by us.
    Stopped,
    /// 変: something was changed.
    Changed,
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The newest event of the row.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Which stamp.
    pub stamp: Stamp,
    /// When it last happened.
    pub at: Timestamp,
    /// When it first happened, if it stands for several.
    pub first_at: Timestamp,
    /// How often.
    pub times: u32,
    /// With what.
    pub device: Device,
    /// Source address.
    pub ip: String,
    /// Through which client.
    pub client_id: Option<ClientId>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// Somebody knew the password and gave no right code: to be highlighted.
    pub password_known: bool,
    /// Further facts, as recorded.
    pub detail: Value,
}

/// A page of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins, if there is more.
    pub next: Option<(Timestamp, EventId)>,
}

/// How often the store is asked for one page, where not all that it finds is wanted.
const MOST_ROUNDS: u32 = 20;

/// The page of a user's history that begins before `before`, made of about `size` events.
///
/// A filter without kinds means [`SHOWN`]. With a filter by kind or outcome, what it leaves out neither stands
/// between alike failures nor hides the codes behind their sign-ins. `wanted` picks among what the store finds;
/// where it picks little, a page may be empty and older ones not.
pub async fn page(
    store: &Store,
    user: UserId,
    mut filter: HistoryFilter,
    (before, size): (Option<(Timestamp, EventId)>, u32),
    wanted: impl Fn(&Event) -> bool,
) -> Result<HistoryPage, StoreError> {
    if filter.kinds.is_empty() {
        filter.kinds = SHOWN.to_vec();
    }
    let limit = size.saturating_add(LOOK_AHEAD);
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut found, mut after, mut is_end) = (Vec::new(), before, false);
    for _round in 0..MOST_ROUNDS {
        let (asked, from) = (filter.clone(), after);
        let events = store
            .read(move |tx| tx.history_of(user, &asked, from, limit))
            .await?;
        is_end = events.len() < full;
        after = events.last().map(|event| (event.at, event.id)).or(after);
        found.extend(events.into_iter().filter(&wanted));
        if is_end || found.len() >= full {
            break;
        }
    }
    let end = page_end(&found, usize::try_from(size).unwrap_or(usize::MAX));
    let (shown, rest) = found.split_at_checked(end).unwrap_or((&found, &[]));
    let last = shown.last().map(|event| (event.at, event.id));
    let next = match (rest.is_empty(), is_end) {
        (false, _) => last,
        (true, false) => after,
        (true, true) => None,
    };
    Ok(HistoryPage {
        entries: entries(shown),
        next,
    })
}

/// The newest of these rows that its person should look at (ux 7.1): somebody knew the password and came no
/// further, and no later row shows that it was the person, or that they dealt with it. Newest first.
pub fn to_look_at(entries: &[HistoryEntry]) -> Option<&HistoryEntry> {
    let is_dealt_with = |entry: &HistoryEntry| {
        matches!(entry.kind, EventKind::PasswordChanged | EventKind::NotMe)
            && entry.outcome == Outcome::Passed
    };
    let open = entries.split(is_dealt_with).next()?;
    let got_in = |later: &HistoryEntry, entry: &HistoryEntry| {
        (later.kind, later.outcome) == (EventKind::SignIn, Outcome::Passed)
            && (&later.ip, &later.device) == (&entry.ip, &entry.device)
    };
    let (_, found) = open.iter().enumerate().find(|(at, entry)| {
        let later = open.get(..*at).unwrap_or_default();
        (entry.password_known || is_outside(entry)) && !later.iter().any(|row| got_in(row, entry))
    })?;
    Some(found)
}

/// S14: the right password, outside of the networks of the account.
pub fn is_outside(entry: &HistoryEntry) -> bool {
    (entry.kind, entry.outcome) == (EventKind::SignIn, Outcome::Refused)
        && entry.detail.get("reason").and_then(Value::as_str) == Some("network")
}

/// Whether an operator did it, and not somebody at a browser: there is no session that could be stopped.
pub fn is_by_operator(detail: &Value) -> bool {
    let by = detail.get("by").and_then(Value::as_str);
    let told = |name| detail.get(name).is_some();
    by == Some("operator") || told("command") || told("state")
}

/// The rows that stand for `events`; both newest first.
pub fn entries(events: &[Event]) -> Vec<HistoryEntry> {
    let given = given_flows(events);
    let mut rows: Vec<HistoryEntry> = Vec::new();
    for event in events.iter().filter(|event| !is_step(event, &given)) {
        match rows.last_mut() {
            Some(row) if continues(row, event) => {
                row.times = row.times.saturating_add(1);
                row.first_at = event.at;
                row.password_known |= shows_known_password(event, &given);
            }
            _ => {
                let password_known = shows_known_password(event, &given);
                rows.push(HistoryEntry {
                    password_known,
                    ..row_of(event)
                });
            }
        }
    }
    rows
}

/// The first place at or after `size` where the list can be cut without tearing rows apart.
fn page_end(events: &[Event], size: usize) -> usize {
    let head = events.get(..size).unwrap_or(events);
    let given = given_flows(head);
    let related = |event: &Event| is_step(event, &given);
    let mut end = events.iter().rposition(related).map_or(0, |at| at + 1);
    end = end.max(head.len());
    while let (Some(last), Some(next)) = (events.get(end.wrapping_sub(1)), events.get(end)) {
        if !continues(&row_of(last), next) {
            break;
        }
        end += 1;
    }
    end
}

/// Sign-ins that came to their end.
fn given_flows(events: &[Event]) -> HashSet<&str> {
    events
        .iter()
        .filter(|event| event.kind == EventKind::SignIn && event.outcome == Outcome::Passed)
        .filter_map(flow)
        .collect()
}

fn flow(event: &Event) -> Option<&str> {
    event.detail.get("flow")?.as_str()
}

/// A step of a sign-in that has a row of its own: the code that was asked and given.
fn is_step(event: &Event, given: &HashSet<&str>) -> bool {
    let step = matches!(event.kind, EventKind::CodeAsked | EventKind::CodeTried)
        && event.outcome == Outcome::Passed;
    let right = event.kind == EventKind::CodeTried;
    step && (right || flow(event).is_some_and(|flow| given.contains(flow)))
}

/// Whether somebody knew the password and gave no right code. Who came to the end of the same sign-in later only
/// mistyped it on the way.
fn shows_known_password(event: &Event, given: &HashSet<&str>) -> bool {
    let asked = event.kind == EventKind::CodeAsked && event.outcome == Outcome::Passed;
    let wrong_code = event.kind == EventKind::CodeTried && event.outcome != Outcome::Passed;
    (asked || wrong_code) && !flow(event).is_some_and(|flow| given.contains(flow))
}

/// Whether `event` is once more what `row` stands for: an equal failure from the same source, or
/// another code for the same sign-in.
fn continues(row: &HistoryEntry, event: &Event) -> bool {
    let same_thing = row.kind == event.kind && row.outcome == event.outcome;
    let same_source = row.ip == event.origin.ip
        && row.client_id == event.client_id
        && row.device == Device::of(&event.origin.user_agent);
    let flow_of_row = row.detail.get("flow").and_then(Value::as_str);
    let repeats = event.outcome != Outcome::Passed
        || (event.kind == EventKind::CodeAsked
            && flow_of_row.is_some()
            && flow_of_row == flow(event));
    same_thing && same_source && repeats
}

fn row_of(event: &Event) -> HistoryEntry {
    HistoryEntry {
        id: event.id,
        kind: event.kind,
        outcome: event.outcome,
        stamp: stamp(event),
        at: event.at,
        first_at: event.at,
        times: 1,
        device: Device::of(&event.origin.user_agent),
        ip: event.origin.ip.clone(),
        client_id: event.client_id.clone(),
        session_id: event.session_id,
        password_known: false,
        detail: event.detail.clone(),
    }
}

const fn stamp(event: &Event) -> Stamp {
    match (event.outcome, event.kind) {
        (Outcome::Blocked | Outcome::Disabled | Outcome::Replayed | Outcome::Refused, _) => {
            Stamp::Stopped
        }
        (
            Outcome::WrongPassword | Outcome::WrongCode | Outcome::ExpiredCode | Outcome::Denied,
            _,
        )
        | (Outcome::Passed, EventKind::CodeAsked | EventKind::ResetAsked) => Stamp::Asked,
        (
            Outcome::Passed,
            EventKind::SettingChanged
            | EventKind::PasswordChanged
            | EventKind::RecoveryCodes
            | EventKind::FactorChanged
            | EventKind::AddressChanged
            | EventKind::Deletion
            | EventKind::ClientChanged
            | EventKind::KeyChanged,
        ) => Stamp::Changed,
        (Outcome::Passed, _) => Stamp::Passed,
    }
}

#[cfg(test)]
mod tests;
