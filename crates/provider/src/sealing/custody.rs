use std::sync::{Arc, Mutex, PoisonError};

use sekisho_model::{Clock, Entropy, KeyId, KeyRing, Timestamp};
use sekisho_store::{KeyHolder, Store, Tx};

use crate::Failure;
use crate::rules::sealing_key::{OtherNode, OwnKeys, SealingKey, sealing_key};

/// The address of what is no server: a command that runs for long.
pub const COMMAND: &str = "a command";

/// What one process does so that every other can open what it seals.
///
/// A process says which keys it holds before it counts on what others hold: of two that look at each
/// other at the same time, at least one sees the other.
#[derive(Debug)]
pub struct Custody {
    store: Store,
    keyring: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
    node: String,
    address: String,
    said: Mutex<Said>,
    /// Whether it has said its last word. Words take turns, so that none comes after it.
    ended: Arc<Mutex<bool>>,
}

#[derive(Debug, Default)]
struct Said {
    keys: Vec<KeyId>,
    wanted: Option<KeyId>,
    /// The key it seals with, and since when.
    sealing: Option<(KeyId, Timestamp)>,
    moved: u64,
    moving_since: Option<Timestamp>,
}

/// How things stand after a process has looked at the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It seals with this key.
    Sealing {
        /// The key.
        key: KeyId,
        /// Whether every running process seals with the key that is to seal.
        everywhere: bool,
        /// Whether moving what lies under other keys is up to this one: it is the oldest server.
        moves: bool,
    },
    /// Others seal with a key that it lacks: its key file is out of date.
    Lacks(KeyId),
}

impl Custody {
    /// The custody of one process that listens at `address`, or is [`COMMAND`].
    pub fn new(
        store: Store,
        keyring: Arc<KeyRing>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        address: &str,
    ) -> Self {
        let node = format!("{:016x}-{}", clock.now().micros(), KeyId::generate(entropy));
        Self {
            store,
            keyring,
            clock,
            node,
            address: address.to_owned(),
            said: Mutex::default(),
            ended: Arc::default(),
        }
    }

    /// Chooses the key to seal with by what the running nodes say, without saying anything: for
    /// commands that are over soon.
    pub async fn follow(&self) -> Result<Held, Failure> {
        let holders = self.holders().await?;
        let decided = self.decide(&holders);
        if let SealingKey::Use(key) = &decided {
            self.keyring.seal_with(key);
        }
        Ok(self.held(decided, &holders))
    }

    /// Whether the keys have changed since this process last said what it holds.
    pub fn has_news(&self) -> bool {
        let said = self.said();
        said.keys != self.keyring.key_ids() || said.wanted != Some(self.keyring.wanted())
    }

    /// Says what this process holds, looks at the others, and seals with the key that is right now.
    pub async fn keep(&self) -> Result<Held, Failure> {
        if self.said().sealing.is_none() {
            // The first word of a process is not to be a key that the others have left behind.
            self.follow().await?;
        }
        let current = self.keyring.current();
        self.say(&current).await?;
        let mut holders = self.holders().await?;
        let mut decided = self.decide(&holders);
        if let SealingKey::Use(next) = decided.clone()
            && next != current
        {
            // Others must know before it happens: who starts now with older keys is to see it.
            self.say(&next).await?;
            holders = self.holders().await?;
            decided = self.decide(&holders);
            if decided == SealingKey::Use(next.clone()) {
                self.keyring.seal_with(&next);
                tracing::info!(key.id = %next, "another key-encryption key seals");
            } else {
                self.say(&current).await?;
            }
        }
        Ok(self.held(decided, &holders))
    }

    /// Notes that this process has moved so many values more.
    pub fn note_moved(&self, more: u64) {
        let now = self.clock.now();
        let mut said = self.said();
        said.moving_since.get_or_insert(now);
        said.moved = said.moved.saturating_add(more);
    }

    /// Notes that nothing is left to move, and tells how many values were.
    pub fn note_all_moved(&self) -> u64 {
        let mut said = self.said();
        said.moving_since = None;
        std::mem::take(&mut said.moved)
    }

    /// Says that this process ends, as its last word: what was about to be said is not said any more.
    pub async fn retract(&self) -> Result<(), Failure> {
        let (node, ended) = (self.node.clone(), Arc::clone(&self.ended));
        let work = move |tx: &mut Tx<'_>| {
            tx.take_turn(&node)?;
            *lock(&ended) = true;
            tx.retract_keys(&node)
        };
        Ok(self.store.write(work).await?)
    }

    /// The running processes, oldest first.
    pub async fn holders(&self) -> Result<Vec<KeyHolder>, Failure> {
        let now = self.clock.now();
        Ok(self.store.read(move |tx| tx.key_holders(now)).await?)
    }

    /// The same without this one.
    pub async fn others(&self) -> Result<Vec<KeyHolder>, Failure> {
        let mut holders = self.holders().await?;
        holders.retain(|holder| holder.node != self.node);
        Ok(holders)
    }

    async fn say(&self, current: &KeyId) -> Result<(), Failure> {
        let (holder, ended) = (self.self_description(current), Arc::clone(&self.ended));
        let work = move |tx: &mut Tx<'_>| {
            tx.take_turn(&holder.node)?;
            if *lock(&ended) {
                return Ok(());
            }
            tx.announce_keys(&holder)
        };
        Ok(self.store.write(work).await?)
    }

    fn self_description(&self, current: &KeyId) -> KeyHolder {
        let (now, keys) = (self.clock.now(), self.keyring.key_ids());
        let mut said = self.said();
        said.keys.clone_from(&keys);
        said.wanted = Some(self.keyring.wanted());
        let since = match &said.sealing {
            Some((key, since)) if key == current => *since,
            _ => now,
        };
        said.sealing = Some((current.clone(), since));
        KeyHolder {
            node: self.node.clone(),
            address: self.address.clone(),
            keys,
            current: current.clone(),
            since,
            seen_at: now,
            moved: said.moved,
            moving_since: said.moving_since,
        }
    }

    fn decide(&self, holders: &[KeyHolder]) -> SealingKey {
        let (keys, current) = (self.keyring.key_ids(), self.keyring.current());
        let wanted = self.keyring.wanted();
        let others: Vec<OtherNode<'_>> = holders
            .iter()
            .filter(|holder| holder.node != self.node)
            .map(|holder| OtherNode {
                keys: &holder.keys,
                current: &holder.current,
            })
            .collect();
        let own = OwnKeys {
            keys: &keys,
            current: &current,
            wanted: &wanted,
        };
        sealing_key(own, &others)
    }

    fn held(&self, decided: SealingKey, holders: &[KeyHolder]) -> Held {
        let key = match decided {
            SealingKey::Lacks(key) => return Held::Lacks(key),
            SealingKey::Use(key) => key,
        };
        let wanted = self.keyring.wanted();
        let everywhere =
            self.keyring.current() == wanted && holders.iter().all(|h| h.current == wanted);
        let oldest = holders.iter().find(|holder| holder.address != COMMAND);
        Held::Sealing {
            key,
            everywhere,
            moves: oldest.is_some_and(|oldest| oldest.node == self.node),
        }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        lock(&self.said)
    }
}

fn lock<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
