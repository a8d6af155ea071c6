//! What a denial takes back of what was prepared in the sessions it is about (TD-08): found first, so that the page
//! and the letters tell of it, and once more in the transaction that does it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_mail::Taken;
use sekisho_model::{
    AlertSetting, Event, EventKind, Factor, FactorId, Outcome, Sealed, Timestamp, UserId,
};
use sekisho_store::{Account, HistoryFilter, StoreError, Tx};
use serde_json::Value;

use super::NotMeCase;
use super::suspects::Suspects;
use crate::rules::denial::{Changed, can_be_by, falls_at_once, undone};

/// Events read at once.
const PAGE: u32 = 100;

/// What is taken back, and what is put in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TakingBack {
    /// In words, without the recovery codes of before.
    items: Vec<Taken>,
    /// The second steps that go.
    factors: Vec<FactorId>,
    /// The networks of before, as they lay in the account.
    networks: Option<Sealed>,
    /// The mails about sign-ins of before.
    alert: Option<AlertSetting>,
    /// Whether there are recovery codes, which a locked account loses.
    any_codes: bool,
}

impl TakingBack {
    pub(super) fn of(
        tx: &mut Tx<'_>,
        case: &NotMeCase,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut found = Self::default();
        let Some(account) = tx.account(case.user)? else {
            return Ok(found);
        };
        let codes = tx.recovery_figures(case.user)?;
        found.any_codes = codes.left > 0;
        let Some(suspects) = Suspects::of(tx, case)? else {
            return Ok(found);
        };
        found.find_factors(tx, (case.user, &suspects), now)?;
        if found.any_codes && codes.made_at.is_some_and(|made| made >= suspects.began) {
            found.items.push(Taken::Codes);
        }
        let kinds = vec![EventKind::SettingChanged, EventKind::Deletion];
        let events = events(tx, case.user, (kinds, suspects.began))?;
        found.find_networks(&events, (&account, &suspects), now);
        found.find_second_step(&events, (&account, &suspects), now);
        found.find_alert(&events, (&account, &suspects), now);
        let asked = |event: &Event| event.kind == EventKind::Deletion && suspects.did(event);
        if account.user.leaves_at.is_some() && events.iter().any(asked) {
            found.items.push(Taken::Deletion);
        }
        Ok(found)
    }

    /// Whether any of it guarded the account.
    pub(super) fn guards(&self) -> bool {
        self.items.iter().any(|item| item.guards())
    }

    /// Whether a second step stays, and its loss counts as reported.
    pub(super) fn leaves_factor(&self) -> bool {
        self.items.contains(&Taken::FactorsStay)
    }

    /// What the letters tell.
    pub(super) fn told(&self, locked: bool) -> Vec<Taken> {
        let mut told = self.items.clone();
        if locked && self.any_codes && !told.contains(&Taken::Codes) {
            told.push(Taken::Codes);
        }
        told
    }

    /// OTP-26: what was added there would open the account once more, but what has guarded it for a while does not
    /// fall by a mail.
    fn find_factors(
        &mut self,
        tx: &mut Tx<'_>,
        (user, suspects): (UserId, &Suspects),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut added = tx.factors_of(user)?;
        added.retain(|factor| suspects.sessions.contains(&factor.made_in));
        let Some(first) = added.iter().map(|factor| factor.made_at).min() else {
            return Ok(());
        };
        let signed_in = events(tx, user, (vec![EventKind::SignIn], first))?;
        let elsewhere = |factor: &Factor| {
            let by_it =
                |event: &&Event| event.at >= factor.made_at && can_be_by(factor.kind, &amr(event));
            signed_in
                .iter()
                .filter(by_it)
                .any(|event| !suspects.did(event))
        };
        let goes = |factor: &&Factor| falls_at_once(factor, elsewhere(factor), now);
        self.factors = added.iter().filter(goes).map(|factor| factor.id).collect();
        if !self.factors.is_empty() {
            self.items.push(Taken::Factors);
        }
        if self.factors.len() < added.len() {
            self.items.push(Taken::FactorsStay);
        }
        Ok(())
    }

    /// Networks keep the owner out, and their absence lets others in. Those that have guarded the account for a day
    /// do not go by a mail; those that were cleared come back whenever that was.
    fn find_networks(
        &mut self,
        events: &[Event],
        (account, suspects): (&Account, &Suspects),
        now: Timestamp,
    ) {
        let changes = changes(events, suspects, "networks", "networks_before");
        let undone = undone(&changes, now);
        let Some((newest, first)) = undone.first().zip(undone.last()) else {
            return;
        };
        let before = if account.networks.is_some() {
            if !crate::rules::denial::is_young(newest.at, now) {
                self.items.push(Taken::NetworksStay);
                return;
            }
            read_networks(first.before)
        } else {
            // The oldest list among those that were there: a later one may be the stranger's.
            undone
                .iter()
                .rev()
                .find_map(|one| read_networks(one.before))
        };
        if before != account.networks {
            self.items.push(Taken::Networks);
            self.networks = before;
        }
    }

    fn find_second_step(
        &mut self,
        events: &[Event],
        (account, suspects): (&Account, &Suspects),
        now: Timestamp,
    ) {
        let changes = changes(events, suspects, "second_step", "");
        if !account.user.second_step && !undone(&changes, now).is_empty() {
            self.items.push(Taken::SecondStep);
        }
    }

    fn find_alert(
        &mut self,
        events: &[Event],
        (account, suspects): (&Account, &Suspects),
        now: Timestamp,
    ) {
        let changes = changes(events, suspects, "alert", "alert_before");
        let before = undone(&changes, now).last().and_then(|one| one.before);
        let before = before.and_then(|name| serde_json::from_value(name.clone()).ok());
        if before.is_some_and(|before: AlertSetting| before != account.user.alert) {
            self.items.push(Taken::Alerts);
            self.alert = before;
        }
    }

    /// Does it; what it says about recovery codes and what stays is somebody else's.
    pub(super) fn write(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
        for factor in &self.factors {
            let _once = tx.remove_factor(user, *factor)?;
        }
        for item in &self.items {
            match item {
                Taken::Networks => tx.set_networks(user, self.networks.as_ref())?,
                Taken::SecondStep => tx.set_second_step(user, true)?,
                Taken::Deletion => drop(tx.stop_deletion(user)?),
                Taken::Factors
                | Taken::FactorsStay
                | Taken::Codes
                | Taken::NetworksStay
                | Taken::Alerts => {}
            }
        }
        match self.alert {
            Some(alert) => tx.set_alert(user, alert),
            None => Ok(()),
        }
    }
}

fn amr(event: &Event) -> Vec<&str> {
    let methods = event.detail.get("amr").and_then(Value::as_array);
    methods
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What was passed of these kinds since `from`, newest first.
fn events(
    tx: &mut Tx<'_>,
    user: UserId,
    (kinds, from): (Vec<EventKind>, Timestamp),
) -> Result<Vec<Event>, StoreError> {
    let filter = HistoryFilter {
        from: Some(from),
        kinds,
        outcomes: vec![Outcome::Passed],
        ..HistoryFilter::default()
    };
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = tx.history_of(user, &filter, before, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        before = Some((last.at, last.id));
        all.extend(page);
    }
}

/// The changes of one setting, newest first, with what was before if that was noted.
fn changes<'a>(
    events: &'a [Event],
    suspects: &Suspects,
    name: &str,
    before: &str,
) -> Vec<Changed<Option<&'a Value>>> {
    let of_it = |event: &&Event| event.detail.get(name).is_some();
    let changes = events.iter().filter(of_it).map(|event| Changed {
        at: event.at,
        denied: suspects.did(event),
        before: event.detail.get(before),
    });
    changes.collect()
}

/// A list as an event keeps it, sealed; from everywhere if there was none.
fn read_networks(noted: Option<&Value>) -> Option<Sealed> {
    let text = noted.and_then(Value::as_str)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(Sealed::from_bytes(bytes))
}
