use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;

use sekisho_model::{ClientId, Event, EventKind, Outcome, Timestamp, UserId};
use serde_json::Value;

use crate::rules::travel::Journey;

/// The kinds of events that rules look at, beside whatever was replayed.
pub const OBSERVED: [EventKind; 15] = [
    EventKind::SignIn,
    EventKind::PasswordChanged,
    EventKind::SettingChanged,
    EventKind::FactorChanged,
    EventKind::CodeAsked,
    EventKind::CodeTried,
    EventKind::DeviceDecided,
    EventKind::RecoveryCodes,
    EventKind::ResetAsked,
    EventKind::AddressProof,
    EventKind::UsersExported,
    EventKind::EventsRead,
    EventKind::ProbesSeen,
    EventKind::BulkRead,
    EventKind::CanaryTouched,
];

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// Signed in, by whatever steps.
    RightPassword,
    /// Gave a wrong password at a browser that the account does not know.
    WrongPassword,
    /// Gave a right code.
    RightCode,
    /// Gave a wrong code.
    WrongCode,
    /// Was held up before a password was looked at. Rules do not count it: it says nothing of the password.
    Stopped,
    /// Had a code mailed.
    Mailed,
    /// Had a link mailed.
    LinkMailed,
    /// Presented something that works once a second time.
    Replayed,
    /// Sent requests of a scanner.
    Probed,
    /// Sent requests of a scanner that a page of another site seems to have made a browser send.
    ProbedByPages,
    /// Read data of many people, or the record of events.
    BulkRead,
    /// Touched a canary account.
    CanaryTouched,
    /// Signed in by password alone, at a new browser, from a country that is new to the account.
    NewCountry,
    /// Signed in without a code, far from the last time.
    Travelled,
}

/// What of an event rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// From where.
    pub ip: Option<IpAddr>,
    /// A short mark of the account, or of the name that was typed.
    pub account: u64,
    /// The account, if there is one.
    pub user: Option<UserId>,
    /// Through which app.
    pub client: Option<ClientId>,
    /// How many times.
    pub weight: u32,
    /// At how many accounts the same wrong password was seen lately.
    pub same_password: u32,
    /// How fast somebody would have had to travel, in kilometres an hour.
    pub speed: u32,
    /// Whether it was at a browser that the account knows.
    pub known: bool,
    /// Whether both steps were done, or the browser was known: nobody but the owner does that.
    pub owner: bool,
}

impl Observation {
    /// What rules see of an event: nothing, one thing or two.
    pub fn of(event: &Event) -> Vec<Self> {
        let detail = &event.detail;
        let number = |name: &str| {
            let value = detail.get(name).and_then(Value::as_u64);
            value.and_then(|n| u32::try_from(n).ok())
        };
        let flag = |name: &str| detail.get(name).and_then(Value::as_bool);
        let amr = detail.get("amr").and_then(Value::as_array);
        let both = amr.is_some_and(|steps| steps.len() > 1);
        let known = flag("new_browser") == Some(false);
        let journey = detail.get("journey").cloned();
        let journey = journey.and_then(|way| serde_json::from_value::<Journey>(way).ok());
        // Stopped attempts are recorded together, up to ten minutes after the first.
        let since = detail.get("since").filter(|_| stopped(event));
        let since = since.and_then(|since| serde_json::from_value(since.clone()).ok());
        let seen = |what| Self {
            at: since.unwrap_or(event.at),
            what,
            ip: event.origin.ip.parse().ok(),
            account: mark(event),
            user: event.user_id,
            client: event.client_id.clone(),
            weight: match what {
                What::ProbedByPages => number("by_pages").unwrap_or(0),
                _ => number("count").unwrap_or(1),
            },
            same_password: number("same_password").unwrap_or(0),
            speed: journey.as_ref().and_then(|way| way.kmh).unwrap_or(0),
            known,
            owner: what == What::RightPassword && (both || known),
        };
        let whats = whats(event, both, flag("known") == Some(true)).into_iter();
        let ways = journey.iter().filter(|_| !both);
        let ways = ways.flat_map(|way| ways_of(way, known));
        whats.chain(ways).map(seen).collect()
    }
}

/// With both steps it was the owner, wherever; a browser that the account knows may travel.
fn ways_of(journey: &Journey, known: bool) -> Vec<What> {
    let country = (journey.new_country && !known).then_some(What::NewCountry);
    let travel = journey.kmh.map(|_fast| What::Travelled);
    country.into_iter().chain(travel).collect()
}

fn whats(event: &Event, both: bool, known: bool) -> Vec<What> {
    if event.outcome == Outcome::Replayed {
        return vec![What::Replayed];
    }
    match (event.kind, event.outcome) {
        (EventKind::SignIn, Outcome::Passed) if both => vec![What::RightPassword, What::RightCode],
        (EventKind::SignIn, Outcome::Passed) => vec![What::RightPassword],
        // THR-03: an owner who errs at home is no attacker.
        (
            EventKind::SignIn | EventKind::PasswordChanged | EventKind::SettingChanged,
            Outcome::WrongPassword,
        ) if !known => vec![What::WrongPassword],
        _ if stopped(event) => vec![What::Stopped],
        (
            EventKind::CodeTried
            | EventKind::RecoveryCodes
            | EventKind::DeviceDecided
            | EventKind::FactorChanged
            | EventKind::AddressProof,
            Outcome::WrongCode,
        ) => vec![What::WrongCode],
        (EventKind::CodeAsked, Outcome::Passed) => vec![What::Mailed],
        // Of a link that was used to sign in there is an event as well.
        (EventKind::ResetAsked, Outcome::Passed) if event.detail.get("let_in").is_none() => {
            vec![What::LinkMailed]
        }
        (EventKind::AddressProof, Outcome::Passed) => {
            match event.detail.get("step").and_then(Value::as_str) {
                Some("asked") => vec![What::Mailed],
                _ => vec![What::RightCode],
            }
        }
        (EventKind::ProbesSeen, _) => {
            let by_pages = event.detail.get("by_pages").map(|_| What::ProbedByPages);
            [Some(What::Probed), by_pages]
                .into_iter()
                .flatten()
                .collect()
        }
        (EventKind::UsersExported, _) if event.detail.get("own_data").is_none() => {
            vec![What::BulkRead]
        }
        // Each page of an export is recorded as well; the export counts once.
        (EventKind::BulkRead, Outcome::Blocked) | (EventKind::EventsRead, _) => {
            vec![What::BulkRead]
        }
        (EventKind::CanaryTouched, _) => vec![What::CanaryTouched],
        _ => Vec::new(),
    }
}

fn stopped(event: &Event) -> bool {
    (event.kind, event.outcome) == (EventKind::SignIn, Outcome::Blocked)
}

/// The account; of names that have none, what events mark them by for a day.
fn mark(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    match event.user_id {
        Some(user) => user.hash(&mut hasher),
        None => event
            .detail
            .get("name")
            .and_then(Value::as_str)
            .hash(&mut hasher),
    }
    hasher.finish()
}
