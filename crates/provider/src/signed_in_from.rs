//! Whoever signed in from some networks in some time: an incident is often known by where it came from (INC-07,
//! INC-08). Unlike a cohort's mark this moves the epochs of each account, a batch in one transaction.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::{EpochKind, Event, EventId, EventKind, Outcome, Timestamp, UserId};
use sekisho_store::{StoreError, Tx};

use crate::{Failure, Provider};

/// Events read at once.
const PAGE: u32 = 5_000;
/// Accounts of one transaction.
const BATCH: usize = 500;

/// Sign-ins that passed.
#[derive(Debug, Clone)]
pub struct SignInsFrom {
    /// From any of these.
    pub networks: Vec<IpNet>,
    /// Not before.
    pub since: Timestamp,
    /// Before.
    pub until: Timestamp,
}

impl SignInsFrom {
    fn is_about(&self, event: &Event) -> bool {
        let ip = event.origin.ip.parse::<IpAddr>();
        event.outcome == Outcome::Passed
            && ip.is_ok_and(|ip| self.networks.iter().any(|net| net.contains(&ip)))
    }
}

impl Provider {
    /// Whose sign-ins those were. Reads the record of that time: for the command line.
    pub async fn who_signed_in(&self, from: &SignInsFrom) -> Result<BTreeSet<UserId>, Failure> {
        let (mut found, mut after) = (BTreeSet::new(), None);
        let (since, until) = (from.since, from.until);
        loop {
            let page = move |tx: &mut Tx<'_>| {
                tx.events_between(since, until, &[EventKind::SignIn], (after, PAGE))
            };
            let events = self.store.read(page).await?;
            let concerned = events.iter().filter(|event| from.is_about(event));
            found.extend(concerned.filter_map(|event| event.user_id));
            match events.last() {
                Some(last) if events.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => {
                    after = Some((last.at, last.id));
                }
                _ => return Ok(found),
            }
        }
    }

    /// Voids what each of `users` holds of `kinds`, with `event` in the history of each; calls `told` with how
    /// many are done after each batch. Whoever is cut off in the middle begins again: nothing is void twice over.
    pub async fn void_what_they_hold(
        &self,
        users: &BTreeSet<UserId>,
        kinds: &'static [EpochKind],
        event: Event,
        mut told: impl FnMut(usize),
    ) -> Result<(), Failure> {
        let all: Vec<UserId> = users.iter().copied().collect();
        let mut done = 0;
        for batch in all.chunks(BATCH) {
            let (batch, event, now) = (batch.to_vec(), event.clone(), self.now());
            let entropy = Arc::clone(&self.entropy);
            done += batch.len();
            let of = move |user| Event {
                id: EventId::new(now, &*entropy),
                user_id: Some(user),
                ..event.clone()
            };
            let void = move |tx: &mut Tx<'_>| {
                let mut users = batch.iter();
                users.try_for_each(|user| void_all_of(tx, kinds, (*user, now), &of(*user)))
            };
            self.store.write(void).await?;
            told(done);
        }
        self.standings.invalidate_all();
        self.sessions_ended.notify_one();
        Ok(())
    }
}

fn void_all_of(
    tx: &mut Tx<'_>,
    kinds: &[EpochKind],
    (user, now): (UserId, Timestamp),
    event: &Event,
) -> Result<(), StoreError> {
    for kind in kinds {
        tx.move_user_epoch(user, *kind)?;
    }
    if kinds.contains(&EpochKind::Session) {
        tx.end_sessions_of(user, now)?;
    }
    tx.record(event)
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Origin, SeededEntropy};

    use super::*;

    fn sign_in(ip: &str, outcome: Outcome) -> Event {
        let origin = Origin {
            ip: ip.to_owned(),
            ..Origin::default()
        };
        let at = Timestamp::from_seconds(100);
        let new = sekisho_audit::NewEvent::new(EventKind::SignIn, outcome);
        new.happened(at, &origin, &SeededEntropy::new(1))
    }

    #[test]
    fn inc_08_sign_ins_that_passed_from_one_of_the_networks_count() {
        let from = SignInsFrom {
            networks: ["203.0.113.0/24", "2001:db8::/32"]
                .iter()
                .map(|text| text.parse().unwrap())
                .collect(),
            since: Timestamp::from_seconds(0),
            until: Timestamp::from_seconds(200),
        };
        assert!(from.is_about(&sign_in("203.0.113.9", Outcome::Passed)));
        assert!(from.is_about(&sign_in("2001:db8:1::5", Outcome::Passed)));
        assert!(!from.is_about(&sign_in("203.0.114.9", Outcome::Passed)));
        assert!(!from.is_about(&sign_in("203.0.113.9", Outcome::WrongPassword)));
        assert!(!from.is_about(&sign_in("", Outcome::Passed)));
    }
}
