use std::collections::VecDeque;
use std::sync::Arc;

use sekisho_model::{Entropy, KeyId, KeyRing};
use sekisho_store::{Once, SealedPlace, SealedValue, Store};

use crate::Failure;

/// Values of one transaction: small, so that sign-ins hardly wait for it.
const BATCH: u32 = 200;

/// Moves what lies under other keys to the one that seals (PW-16), a batch at a time.
///
/// What it has not moved it finds again after a restart, because every value names its key. A value that
/// was changed meanwhile is left as it is. Any number may run at the same time.
#[derive(Debug)]
pub struct Resealing {
    store: Store,
    keyring: Arc<KeyRing>,
    entropy: Arc<dyn Entropy>,
    /// What is left of the pass: place, key, the last owner that was looked at.
    left: VecDeque<(SealedPlace, KeyId, String)>,
    moved_in_pass: u64,
    unopened: u64,
}

/// What a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// So many values; there may be more.
    Some(u64),
    /// Nothing is left to move, except so many values that do not open with their key.
    All {
        /// They were spoiled or swapped, and are lost already.
        unopened: u64,
    },
}

impl Resealing {
    /// Begins anew.
    pub fn new(store: Store, keyring: Arc<KeyRing>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            keyring,
            entropy,
            left: VecDeque::new(),
            moved_in_pass: 0,
            unopened: 0,
        }
    }

    /// Moves up to a few hundred values.
    pub async fn batch(&mut self) -> Result<Moved, Failure> {
        if self.left.is_empty() {
            self.begin_pass().await?;
        }
        let Some((place, key, after)) = self.left.pop_front() else {
            return Ok(Moved::All { unopened: 0 });
        };
        let found = self.values(place, &key, &after).await?;
        let last = found.last().map(|value| value.owner.clone());
        let whole = u32::try_from(found.len()).is_ok_and(|number| number >= BATCH);
        let moved = self.reseal(place, found).await?;
        self.moved_in_pass = self.moved_in_pass.saturating_add(moved);
        if let Some(last) = last.filter(|_| whole) {
            self.left.push_front((place, key, last));
        }
        // A pass that moved something is followed by another: it may have missed what came behind it.
        if self.left.is_empty() && self.moved_in_pass == 0 {
            return Ok(Moved::All {
                unopened: self.unopened,
            });
        }
        Ok(Moved::Some(moved))
    }

    async fn begin_pass(&mut self) -> Result<(), Failure> {
        (self.moved_in_pass, self.unopened) = (0, 0);
        let (current, held) = (self.keyring.current(), self.keyring.key_ids());
        let used = self.store.read(|tx| {
            let mut used = Vec::new();
            for place in SealedPlace::ALL {
                let keys = tx.keys_in_use(place)?;
                used.extend(keys.into_iter().map(|key| (place, key)));
            }
            Ok(used)
        });
        let movable = used.await?.into_iter();
        let movable = movable.filter(|(_, key)| *key != current && held.contains(key));
        self.left = movable
            .map(|(place, key)| (place, key, String::new()))
            .collect();
        Ok(())
    }

    async fn values(
        &self,
        place: SealedPlace,
        key: &KeyId,
        after: &str,
    ) -> Result<Vec<SealedValue>, Failure> {
        let (key, after) = (key.clone(), after.to_owned());
        let read =
            move |tx: &mut sekisho_store::Tx<'_>| tx.sealed_under(place, &key, &after, BATCH);
        Ok(self.store.read(read).await?)
    }

    async fn reseal(
        &mut self,
        place: SealedPlace,
        found: Vec<SealedValue>,
    ) -> Result<u64, Failure> {
        let mut changes = Vec::with_capacity(found.len());
        for old in found {
            let owner = &old.owner;
            match self
                .keyring
                .reseal(place.purpose(), owner, &old.sealed, &*self.entropy)
            {
                Ok(new) => changes.push((old, new)),
                Err(_unsealable) => self.unopened = self.unopened.saturating_add(1),
            }
        }
        if changes.is_empty() {
            return Ok(0);
        }
        let write = move |tx: &mut sekisho_store::Tx<'_>| {
            let replaced = changes
                .iter()
                .map(|(old, new)| tx.replace_sealed(place, old, new));
            let replaced: Vec<Once> = replaced.collect::<Result<_, _>>()?;
            let first = replaced.iter().filter(|once| **once == Once::First);
            Ok(u64::try_from(first.count()).unwrap_or(u64::MAX))
        };
        Ok(self.store.write(write).await?)
    }
}
