use std::time::Duration;

use sekisho_model::{FlowId, Origin, SeededEntropy};

use super::*;
use crate::NewEvent;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const START: Timestamp = Timestamp::from_seconds(1_795_325_590);

/// Builds a list, newest first, one event a second.
struct Story {
    entropy: SeededEntropy,
    at: Timestamp,
    user: UserId,
    events: Vec<Event>,
}

impl Story {
    fn new() -> Self {
        let entropy = SeededEntropy::new(7);
        let user = UserId::new(START, &entropy);
        Self {
            entropy,
            at: START,
            user,
            events: Vec::new(),
        }
    }

    fn then(&mut self, ip: &str, event: NewEvent) -> &mut Self {
        self.at = self.at + Duration::from_secs(1);
        let origin = Origin {
            ip: ip.to_owned(),
            user_agent: CHROME.to_owned(),
            request_id: String::new(),
        };
        let event = event
            .user(self.user)
            .happened(self.at, &origin, &self.entropy);
        self.events.insert(0, event);
        self
    }

    fn rows(&self) -> Vec<(EventKind, Outcome, u32)> {
        let row = |entry: &HistoryEntry| (entry.kind, entry.outcome, entry.times);
        entries(&self.events).iter().map(row).collect()
    }
}

fn event(kind: EventKind, outcome: Outcome) -> NewEvent {
    NewEvent::new(kind, outcome)
}

fn wrong() -> NewEvent {
    event(EventKind::SignIn, Outcome::WrongPassword)
}

fn asked(flow: &FlowId) -> NewEvent {
    event(EventKind::CodeAsked, Outcome::Passed).flow(flow)
}

fn signed_in(flow: &FlowId) -> NewEvent {
    event(EventKind::SignIn, Outcome::Passed).flow(flow)
}

#[test]
fn equal_failures_from_one_source_become_one_row() {
    let mut story = Story::new();
    for _ in 0..12 {
        story.then("203.0.113.9", wrong());
    }
    story.then("198.51.100.7", wrong());
    story.then("203.0.113.9", wrong());
    let wrong = (EventKind::SignIn, Outcome::WrongPassword);
    assert_eq!(
        story.rows(),
        [
            (wrong.0, wrong.1, 1),
            (wrong.0, wrong.1, 1),
            (wrong.0, wrong.1, 12)
        ]
    );
    let merged = &entries(&story.events)[2];
    assert_eq!(merged.first_at, START + Duration::from_secs(1));
    assert_eq!(merged.at, START + Duration::from_secs(12));
    assert_eq!(merged.stamp, Stamp::Asked);
}

#[test]
fn two_successes_stay_two_rows() {
    let mut story = Story::new();
    for _ in 0..2 {
        story.then("203.0.113.9", event(EventKind::SignIn, Outcome::Passed));
    }
    assert_eq!(story.rows().len(), 2);
}

#[test]
fn a_code_that_was_given_stands_behind_its_sign_in() {
    let flow = FlowId::new("one");
    let mut story = Story::new();
    story
        .then("203.0.113.9", asked(&flow))
        .then(
            "203.0.113.9",
            event(EventKind::CodeTried, Outcome::WrongCode).flow(&flow),
        )
        .then(
            "203.0.113.9",
            event(EventKind::CodeTried, Outcome::Passed).flow(&flow),
        )
        .then("203.0.113.9", signed_in(&flow));
    assert_eq!(
        story.rows(),
        [
            (EventKind::SignIn, Outcome::Passed, 1),
            (EventKind::CodeTried, Outcome::WrongCode, 1),
        ]
    );
}

#[test]
fn td_05_a_code_that_was_not_given_is_highlighted() {
    let flow = FlowId::new("one");
    let mut story = Story::new();
    story
        .then("203.0.113.9", asked(&flow))
        .then("203.0.113.9", asked(&flow))
        .then("203.0.113.9", asked(&FlowId::new("two")));
    let rows = entries(&story.events);
    assert_eq!(rows.len(), 2, "a code sent again is the same row");
    assert_eq!((rows[1].times, rows[1].stamp), (2, Stamp::Asked));
    assert!(rows.iter().all(|row| row.password_known));
}

#[test]
fn td_05_who_mistypes_a_code_and_gets_in_is_not_warned_and_a_stranger_beside_them_is() {
    let (own, strange) = (FlowId::new("own"), FlowId::new("strange"));
    let wrong = |flow| event(EventKind::CodeTried, Outcome::WrongCode).flow(flow);
    let mut story = Story::new();
    story
        .then("203.0.113.9", asked(&own))
        .then("203.0.113.9", wrong(&own))
        .then("203.0.113.9", signed_in(&own));
    assert!(entries(&story.events).iter().all(|row| !row.password_known));
    // One row for both, because they look alike: it stays highlighted.
    let mut story = Story::new();
    story
        .then("203.0.113.9", wrong(&strange))
        .then("203.0.113.9", wrong(&own))
        .then("203.0.113.9", signed_in(&own));
    let rows = entries(&story.events);
    assert_eq!(rows[1].times, 2);
    assert!(rows[1].password_known);
}

#[test]
fn every_shown_event_has_a_stamp() {
    let mut story = Story::new();
    story.then("", event(EventKind::SettingChanged, Outcome::Passed));
    story.then("", event(EventKind::SignIn, Outcome::Blocked));
    story.then("", event(EventKind::Consent, Outcome::Denied));
    story.then("", event(EventKind::SignOut, Outcome::Passed));
    let stamps: Vec<Stamp> = entries(&story.events).iter().map(|row| row.stamp).collect();
    assert_eq!(
        stamps,
        [Stamp::Passed, Stamp::Asked, Stamp::Stopped, Stamp::Changed]
    );
}

#[test]
fn a_page_ends_where_no_row_is_torn() {
    let flow = FlowId::new("one");
    let mut story = Story::new();
    story
        .then("203.0.113.9", wrong())
        .then("203.0.113.9", wrong())
        .then("203.0.113.9", asked(&flow))
        .then("198.51.100.7", wrong())
        .then("203.0.113.9", signed_in(&flow));
    assert_eq!(
        page_end(&story.events, 1),
        3,
        "the code of the sign-in comes along"
    );
    assert_eq!(
        page_end(&story.events, 4),
        5,
        "and so does the other wrong password"
    );
    assert_eq!(page_end(&story.events, 9), 5);
    assert_eq!(page_end(&[], 9), 0);
}

#[tokio::test]
async fn pages_follow_one_another_without_a_gap() {
    let mut story = Story::new();
    for n in 0..60 {
        let flow = FlowId::new(format!("f{n}"));
        story.then("203.0.113.9", asked(&flow));
        story.then("203.0.113.9", signed_in(&flow));
    }
    story.then("203.0.113.9", event(EventKind::Refresh, Outcome::Passed));
    let house = crate::dispatcher::tests::House::new().await;
    let (user, events) = (story.user, story.events.clone());
    house
        .store
        .write(move |tx| tx.record_many(&events))
        .await
        .unwrap();

    let (mut seen, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = look(&house.store, user, HistoryFilter::default(), before).await;
        seen.extend(page.entries);
        pages += 1;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (60, 4));
    assert!(seen.iter().all(|row| row.kind == EventKind::SignIn));
    assert!(seen.windows(2).all(|pair| pair[0].at > pair[1].at));
}

async fn look(
    store: &Store,
    user: UserId,
    filter: HistoryFilter,
    before: Option<(Timestamp, EventId)>,
) -> HistoryPage {
    let all = |_: &Event| true;
    page(store, user, filter, (before, 33), all).await.unwrap()
}

#[tokio::test]
async fn a_filter_finds_what_lies_behind_many_others() {
    let mut story = Story::new();
    story
        .then("198.51.100.7", wrong())
        .then("198.51.100.7", wrong());
    for _ in 0..200 {
        story.then("203.0.113.9", event(EventKind::SignIn, Outcome::Passed));
    }
    let house = crate::dispatcher::tests::House::new().await;
    let (user, events) = (story.user, story.events.clone());
    house
        .store
        .write(move |tx| tx.record_many(&events))
        .await
        .unwrap();
    let failed = HistoryFilter {
        outcomes: vec![Outcome::WrongPassword],
        ..HistoryFilter::default()
    };
    let found = look(&house.store, user, failed, None).await;
    assert_eq!((found.entries.len(), found.next), (1, None));
    assert_eq!(found.entries[0].times, 2);

    // The store cannot tell networks apart: it is asked again until something is found.
    let there = |event: &Event| event.origin.ip.starts_with("198.51.100.");
    let all = HistoryFilter::default();
    let found = page(&house.store, user, all.clone(), (None, 33), there)
        .await
        .unwrap();
    assert_eq!((found.entries.len(), found.next), (1, None));
    let nowhere = |_: &Event| false;
    let found = page(&house.store, user, all, (None, 33), nowhere)
        .await
        .unwrap();
    assert!(found.entries.is_empty() && found.next.is_none());
    let elsewhere = HistoryFilter {
        client: Some(ClientId::new("elsewhere")),
        ..HistoryFilter::default()
    };
    assert!(
        look(&house.store, user, elsewhere, None)
            .await
            .entries
            .is_empty()
    );
}

#[test]
fn td_05_what_nobody_explained_is_to_be_looked_at() {
    let flow = FlowId::new("one");
    let mut story = Story::new();
    story.then("203.0.113.9", asked(&flow));
    let look = |story: &Story| to_look_at(&entries(&story.events)).map(|row| row.ip.clone());
    assert_eq!(look(&story).as_deref(), Some("203.0.113.9"));
    story.then("198.51.100.7", event(EventKind::SignIn, Outcome::Passed));
    assert_eq!(
        look(&story).as_deref(),
        Some("203.0.113.9"),
        "from elsewhere"
    );
    story.then("203.0.113.9", event(EventKind::SignIn, Outcome::Passed));
    assert_eq!(look(&story), None, "the same device came in later");
    let mut outside = event(EventKind::SignIn, Outcome::Refused);
    outside = outside.detail("reason", "network");
    story.then("192.0.2.1", outside);
    assert_eq!(look(&story).as_deref(), Some("192.0.2.1"));
    story.then(
        "203.0.113.9",
        event(EventKind::PasswordChanged, Outcome::WrongPassword),
    );
    assert!(look(&story).is_some(), "nothing was changed");
    story.then(
        "203.0.113.9",
        event(EventKind::PasswordChanged, Outcome::Passed),
    );
    assert_eq!(look(&story), None);
}

/// `ux.md` section 3.
#[test]
fn what_was_changed_carries_the_stamp_of_changes() {
    for (kind, stamp) in [
        (EventKind::SettingChanged, Stamp::Changed),
        (EventKind::PasswordChanged, Stamp::Changed),
        (EventKind::RecoveryCodes, Stamp::Changed),
        (EventKind::FactorChanged, Stamp::Changed),
        (EventKind::AddressChanged, Stamp::Changed),
        (EventKind::Deletion, Stamp::Changed),
        (EventKind::SignIn, Stamp::Passed),
        (EventKind::UsersExported, Stamp::Passed),
        (EventKind::CodeAsked, Stamp::Asked),
    ] {
        let mut story = Story::new();
        story.then("203.0.113.9", event(kind, Outcome::Passed));
        assert_eq!(entries(&story.events)[0].stamp, stamp, "{kind:?}");
    }
}
