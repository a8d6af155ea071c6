//! Keys come and go: rotation with overlap, rotation when they are old, and the one that may have
//! leaked (KEY-02, KEY-04, KEY-10).

use std::time::Duration;

use sekisho_model::{Entropy, Event, KeyId, SigningAlgorithm, SigningKeyRecord, Timestamp};
use sekisho_store::{Once, StoreError, Tx};

use super::new_key;
use super::signing_keys::{ReadyKey, SigningKeys, WANTED};
use crate::Failure;

/// How long a retired key is still published: the longest life of an ID token, twice.
const KEPT_TO_VERIFY: Duration = Duration::from_hours(48);

/// How long a successor is published before it signs, when keys rotate by themselves: long enough for
/// every relying party that keeps the JWKS for hours instead of the minutes we say.
pub const OVERLAP: Duration = Duration::from_hours(24);

/// A successor that must sign at once does so on nodes whose clocks are behind, too.
const SLOW_CLOCKS: Duration = Duration::from_mins(5);

/// What became of a key that may have leaked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compromised {
    /// There is no such key in force.
    Unknown,
    /// It is gone; another key of its algorithm signs anyway.
    Gone,
    /// It is gone, and this one signs in its place.
    Replaced(KeyId),
}

impl SigningKeys {
    /// Withdraws keys that stopped signing long enough ago: no token of theirs is valid any more. Their
    /// private parts are destroyed (KEY-10).
    pub async fn withdraw_retired(&self, now: Timestamp) -> Result<(), Failure> {
        let old = |key: &&ReadyKey| key.retired_at.is_some_and(|end| end + KEPT_TO_VERIFY < now);
        let kids: Vec<KeyId> = self
            .current()
            .keys
            .iter()
            .filter(old)
            .map(|key| key.kid.clone())
            .collect();
        if kids.is_empty() {
            return Ok(());
        }
        let work = move |tx: &mut Tx<'_>| {
            kids.iter()
                .try_for_each(|kid| tx.remove_key(kid, now).map(drop))
        };
        self.store.write(work).await?;
        self.reload().await
    }

    /// KEY-02: makes a successor for each key in force; it signs after `overlap`, when every relying
    /// party has had time to read it, and the old one stops signing then. `event` is kept with it.
    pub async fn rotate(
        &self,
        overlap: Duration,
        entropy: &dyn Entropy,
        now: Timestamp,
        event: Event,
    ) -> Result<Vec<KeyId>, Failure> {
        self.succeed(&WANTED, overlap, entropy, now, event).await
    }

    /// Which kinds of key have signed for `age` and have no successor yet.
    pub fn due(&self, age: Duration, now: Timestamp) -> Vec<SigningAlgorithm> {
        let set = self.current();
        let newest = |algorithm: &SigningAlgorithm| {
            let own = set.keys.iter().filter(|key| key.algorithm == *algorithm);
            own.map(|key| key.active_from).max()
        };
        let is_old = |algorithm: &SigningAlgorithm| {
            newest(algorithm).is_some_and(|newest| newest + age <= now)
        };
        WANTED.into_iter().filter(is_old).collect()
    }

    /// Makes successors for `algorithms`, each only where nobody else has done so meanwhile.
    pub async fn succeed(
        &self,
        algorithms: &[SigningAlgorithm],
        overlap: Duration,
        entropy: &dyn Entropy,
        now: Timestamp,
        event: Event,
    ) -> Result<Vec<KeyId>, Failure> {
        let takes_over = now + overlap;
        let old: Vec<(SigningAlgorithm, KeyId)> = self
            .current()
            .keys
            .iter()
            .filter(|key| key.retired_at.is_none())
            .map(|key| (key.algorithm, key.kid.clone()))
            .collect();
        let mut made = Vec::new();
        for algorithm in algorithms {
            made.push(new_key(
                *algorithm,
                &self.keyring,
                entropy,
                now,
                takes_over,
            )?);
        }
        let work = move |tx: &mut Tx<'_>| {
            let mut kids = Vec::new();
            for new in &made {
                let first = replace(tx, new, &old, takes_over)? == Once::First;
                kids.extend(first.then(|| new.kid.clone()));
            }
            if !kids.is_empty() {
                tx.record(&event)?;
            }
            Ok(kids)
        };
        let kids = self.store.write(work).await?;
        self.reload().await?;
        Ok(kids)
    }

    /// KEY-04: a key that may have leaked. It leaves the JWKS, signs nothing and verifies nothing any
    /// more, on every node within a second; its private part is destroyed. Where nothing else signs
    /// with its algorithm, a successor does at once.
    pub async fn compromise(
        &self,
        kid: &KeyId,
        entropy: &dyn Entropy,
        now: Timestamp,
        event: Event,
    ) -> Result<Compromised, Failure> {
        self.reload().await?;
        let set = self.current();
        let Some(algorithm) = set.by_kid(kid.as_str()).map(|key| key.algorithm) else {
            return Ok(Compromised::Unknown);
        };
        let another = set
            .keys
            .iter()
            .any(|key| key.kid != *kid && key.algorithm == algorithm && key.signs_at(now));
        let successor = if another {
            None
        } else {
            let at_once = now - SLOW_CLOCKS;
            Some(new_key(algorithm, &self.keyring, entropy, now, at_once)?)
        };
        let new = successor.as_ref().map(|key| key.kid.clone());
        let gone = kid.clone();
        let work = move |tx: &mut Tx<'_>| {
            if tx.remove_key(&gone, now)? == Once::Again {
                return Ok(false);
            }
            if let Some(key) = &successor {
                tx.insert_key(key)?;
            }
            tx.record(&event)?;
            Ok(true)
        };
        let done = self.store.write(work).await?;
        self.reload().await?;
        Ok(match (done, new) {
            (false, _) => Compromised::Unknown,
            (true, None) => Compromised::Gone,
            (true, Some(kid)) => Compromised::Replaced(kid),
        })
    }
}

/// Retires `old` keys of its algorithm and puts `new` after them, unless another node was first.
fn replace(
    tx: &mut Tx<'_>,
    new: &SigningKeyRecord,
    old: &[(SigningAlgorithm, KeyId)],
    at: Timestamp,
) -> Result<Once, StoreError> {
    let own = old.iter().filter(|(kind, _)| *kind == new.algorithm);
    let (mut any, mut retired) = (false, false);
    for (_, kid) in own {
        any = true;
        retired |= tx.retire_key(kid, at)? == Once::First;
    }
    if any && !retired {
        return Ok(Once::Again);
    }
    tx.insert_key(new)?;
    Ok(Once::First)
}
