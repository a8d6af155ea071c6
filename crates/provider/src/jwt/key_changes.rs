//! Keys come and go: rotation with overlap, rotation when they are old, and the one that may have
//! leaked (KEY-02, KEY-04, KEY-10).

use std::time::Duration;

use sekisho_model::{Entropy, Event, KeyId, SigningAlgorithm, SigningKeyRecord, Timestamp};
use sekisho_store::{Once, StoreError, Tx};
use serde_json::{Value, json};

use super::new_key::new_key;
use super::signing_keys::SigningKeys;
use crate::Failure;
use crate::rules::key_rotation::{KeyState, OVERLAP, Succession, WANTED, due, has_served, without};

/// A successor that must sign at once does so on nodes whose clocks are behind, too.
const SLOW_CLOCKS: Duration = Duration::from_mins(5);

/// A key that was withdrawn at once, and who signs instead.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// The key as it was.
    pub key: SigningKeyRecord,
    /// What it did until then.
    pub was: KeyState,
    /// The key that was made or brought forward for it, and from when it signs.
    pub successor: Option<(KeyId, Timestamp)>,
    /// Whether relying parties could read the successor before.
    pub successor_was_published: bool,
}

impl SigningKeys {
    /// Makes a successor for each key in force; it signs after `overlap`, when every relying party has
    /// had time to read it, and the old one stops signing then. `event` is kept with it (KEY-02).
    pub async fn rotate(
        &self,
        overlap: Duration,
        entropy: &dyn Entropy,
        now: Timestamp,
        event: Event,
    ) -> Result<Vec<KeyId>, Failure> {
        let made = self.successors(&WANTED, overlap, entropy, now).await?;
        let kids = self
            .store
            .write(move |tx| {
                tx.claim_keys()?;
                let present = tx.keys()?;
                let kids = succeed(tx, &present, &made)?;
                tx.record(&event_naming(&event, "made", &kids))?;
                Ok(kids)
            })
            .await?;
        self.reload().await?;
        Ok(kids)
    }

    /// Makes a successor for each key that has signed for `every`, and records `event` if there was
    /// one. Of several nodes that find the same key due, one does it (KEY-03).
    pub async fn rotate_due(
        &self,
        every: Duration,
        entropy: &dyn Entropy,
        now: Timestamp,
        event: Event,
    ) -> Result<Vec<KeyId>, Failure> {
        let old: Vec<_> = due(&self.records().await?, every, now).collect();
        if old.is_empty() {
            return Ok(Vec::new());
        }
        let made = self.successors(&old, OVERLAP, entropy, now).await?;
        let kids = self
            .store
            .write(move |tx| {
                tx.claim_keys()?;
                let present = tx.keys()?;
                let still: Vec<_> = due(&present, every, now).collect();
                let wanted = made.iter().filter(|key| still.contains(&key.algorithm));
                let wanted: Vec<_> = wanted.cloned().collect();
                let kids = succeed(tx, &present, &wanted)?;
                if !kids.is_empty() {
                    tx.record(&event_naming(&event, "made", &kids))?;
                }
                Ok(kids)
            })
            .await?;
        self.reload().await?;
        Ok(kids)
    }

    /// Withdraws keys that stopped signing long enough ago: no token of theirs is valid any more. Their
    /// private parts are destroyed, and `event` proves it (KEY-10).
    pub async fn withdraw_retired(
        &self,
        now: Timestamp,
        event: Event,
    ) -> Result<Vec<KeyId>, Failure> {
        let mut served = self.records().await?;
        served.retain(|key| has_served(key, now));
        if served.is_empty() {
            return Ok(Vec::new());
        }
        let gone = self
            .store
            .write(move |tx| {
                let mut gone = Vec::new();
                for key in &served {
                    let first = tx.remove_key(&key.kid, now)? == Once::First;
                    gone.extend(first.then(|| key.kid.clone()));
                }
                if !gone.is_empty() {
                    tx.record(&event_naming(&event, "destroyed", &gone))?;
                }
                Ok(gone)
            })
            .await?;
        self.reload().await?;
        Ok(gone)
    }

    /// KEY-04: `kid` signs and verifies nothing from now on, on any node; its private part is destroyed
    /// and there is a key that signs instead. `None` if there is no such key.
    pub async fn compromise(
        &self,
        kid: &KeyId,
        entropy: &dyn Entropy,
        now: Timestamp,
        event: Event,
    ) -> Result<Option<Withdrawn>, Failure> {
        let Some(key) = self.records().await?.into_iter().find(|k| k.kid == *kid) else {
            return Ok(None);
        };
        // Made before the transaction; left unused if a published key can take over.
        let spare = new_key(key.algorithm, &self.keyring, entropy, now, now).await?;
        let done = self
            .store
            .write(move |tx| {
                tx.claim_keys()?;
                let present = tx.keys()?;
                let Some(plan) = without(&present, &key.kid, now) else {
                    return Ok(None);
                };
                let _first = tx.remove_key(&key.kid, now)?;
                let successor = take_over(tx, &plan, &spare, now)?;
                let named = successor.as_ref().map(|(kid, _)| kid.clone());
                let event = event_naming(&event, "destroyed", std::slice::from_ref(&key.kid));
                tx.record(&event_naming(&event, "successor", named.as_slice()))?;
                Ok(Some(Withdrawn {
                    was: KeyState::of(&key, now),
                    key: key.clone(),
                    successor_was_published: plan.promote.is_some(),
                    successor,
                }))
            })
            .await?;
        self.reload().await?;
        Ok(done)
    }

    async fn records(&self) -> Result<Vec<SigningKeyRecord>, Failure> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a path would tie the transaction to one lifetime"
        )]
        let records = self.store.read(|tx| tx.keys()).await?;
        Ok(records)
    }

    async fn successors(
        &self,
        algorithms: &[SigningAlgorithm],
        overlap: Duration,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<Vec<SigningKeyRecord>, Failure> {
        let mut made = Vec::new();
        for algorithm in algorithms {
            let from = now + overlap;
            made.push(new_key(*algorithm, &self.keyring, entropy, now, from).await?);
        }
        Ok(made)
    }
}

/// Adds the successors; what they succeed stops signing when they begin.
fn succeed(
    tx: &mut Tx<'_>,
    present: &[SigningKeyRecord],
    made: &[SigningKeyRecord],
) -> Result<Vec<KeyId>, StoreError> {
    for key in made {
        let before = present
            .iter()
            .filter(|old| old.algorithm == key.algorithm && old.retired_at.is_none());
        for old in before {
            let _first = tx.retire_key(&old.kid, key.active_from)?;
        }
        tx.insert_key(key)?;
    }
    Ok(made.iter().map(|key| key.kid.clone()).collect())
}

fn take_over(
    tx: &mut Tx<'_>,
    plan: &Succession,
    spare: &SigningKeyRecord,
    now: Timestamp,
) -> Result<Option<(KeyId, Timestamp)>, StoreError> {
    if let Some((active, until)) = &plan.until {
        tx.extend_key(active, *until)?;
    }
    let at_once = now - SLOW_CLOCKS;
    if let Some(next) = &plan.promote {
        tx.promote_key(next, at_once)?;
        return Ok(Some((next.clone(), now)));
    }
    let Some(from) = plan.make_from else {
        return Ok(None);
    };
    let made = SigningKeyRecord {
        active_from: if from <= now { at_once } else { from },
        ..spare.clone()
    };
    tx.insert_key(&made)?;
    Ok(Some((made.kid, from)))
}

/// The event with the keys it is about: known only inside the transaction.
fn event_naming(event: &Event, member: &str, kids: &[KeyId]) -> Event {
    let mut event = event.clone();
    let names: Vec<Value> = kids.iter().map(|kid| json!(kid.as_str())).collect();
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert(member.to_owned(), Value::from(names));
    }
    event
}
