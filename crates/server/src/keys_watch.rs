//! Key-encryption keys of a running server: new ones are noticed, used when every node holds them, and
//! what lies under older ones is moved (PW-16).

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::KeyRing;
use sekisho_provider::Provider;
use sekisho_provider::sealing::{Custody, Held, Moved, Resealing};
use sekisho_store::Store;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::config::{Config, Keys};
use crate::keys_file::KeysFileError;
use crate::keys_source::{self, Fingerprint};
use crate::wiring::{Letters, Services, Surroundings, WiringError};

/// How often the key file is looked at.
const BEAT: Duration = Duration::from_millis(500);
/// In beats: how often others are asked while a key waits for them, and else.
const ASK_WHILE_WAITING: u64 = 4;
const ASK: u64 = 40;
/// In beats: how often a command is asked for the keys.
const ASK_COMMAND: u64 = 600;
/// Batches between two looks at everything else, and the breath between two of them.
const BATCHES: u32 = 25;
const PAUSE: Duration = Duration::from_millis(10);
/// A command that is over sooner leaves no trace; a key is dropped no sooner than that.
const SHORT: Duration = Duration::from_secs(10);

/// Starts the watch of a server. `again` makes it read the keys at once.
pub(crate) fn start(config: &Config, services: &Services, again: &Arc<Notify>) -> JoinHandle<()> {
    let (keyring, custody) = (&services.keyring, &services.custody);
    let watch = Watch {
        provider: Some(Arc::clone(&services.provider)),
        ..Watch::new(
            config.keys.clone(),
            Arc::clone(keyring),
            Arc::clone(custody),
        )
    };
    let resealing = Resealing::new(
        services.store.clone(),
        Arc::clone(keyring),
        Arc::clone(&services.surroundings.entropy),
    );
    tokio::spawn(while_a_server_runs(watch, resealing, Arc::clone(again)))
}

async fn while_a_server_runs(mut watch: Watch, mut resealing: Resealing, again: Arc<Notify>) {
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            _ = beat.tick() => false,
            () = again.notified() => true,
        };
        watch.look(told).await;
        watch.agree(told).await;
        if watch.may_move() && watch.move_some(&mut resealing).await {
            beat.reset_immediately();
        }
    }
}

/// Reads the keys, and seals with the right one from the beginning. A server says what it holds, a
/// command only looks.
pub(crate) async fn custody(
    config: &Config,
    surroundings: &Surroundings,
    letters: Letters,
    store: &Store,
) -> Result<(Arc<KeyRing>, Arc<Custody>), WiringError> {
    let keyring = keys_source::read(&config.keys).map_err(|e| WiringError::Keys(e.to_string()))?;
    let keyring = Arc::new(keyring);
    let (address, ring) = (letters.address(config), Arc::clone(&keyring));
    let Surroundings { clock, entropy } = surroundings.clone();
    let custody = Custody::new(store.clone(), ring, clock, &*entropy, address);
    let held = match letters {
        Letters::Send => custody.keep().await?,
        Letters::Leave => custody.follow().await?,
    };
    let Held::Lacks(key) = held else {
        return Ok((keyring, Arc::new(custody)));
    };
    // It does not run, so the others must not wait for it.
    custody.retract().await?;
    Err(WiringError::Keys(format!(
        "other nodes seal with key {key}, which it lacks; take the newest from one of them"
    )))
}

/// A command that takes long goes on with new keys.
pub(crate) fn meanwhile(
    config: &Config,
    letters: Letters,
    (keyring, custody): (&Arc<KeyRing>, &Arc<Custody>),
) -> JoinSet<()> {
    let mut meanwhile = JoinSet::new();
    if matches!(letters, Letters::Leave) {
        let (keyring, custody) = (Arc::clone(keyring), Arc::clone(custody));
        let watch = Watch::new(config.keys.clone(), keyring, custody);
        meanwhile.spawn(while_a_command_runs(watch));
    }
    meanwhile
}

/// The watch of a command. It goes on with new keys, and others do not drop one while it uses it.
async fn while_a_command_runs(mut watch: Watch) {
    pause(SHORT).await;
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        watch.look(false).await;
        watch.agree(false).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a background loop leaves room for requests"
)]
async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// What the watch remembers.
struct Watch {
    source: Keys,
    keyring: Arc<KeyRing>,
    custody: Arc<Custody>,
    seen: Option<Fingerprint>,
    beats: u64,
    /// How things stood after the last look at the others; nothing if that failed.
    held: Option<Held>,
    /// Whether something may lie under older keys.
    moving: bool,
    /// Whom a server tells that the keys are away.
    provider: Option<Arc<Provider>>,
    /// Whether that was told.
    away: bool,
}

impl Watch {
    fn new(source: Keys, keyring: Arc<KeyRing>, custody: Arc<Custody>) -> Self {
        Self {
            // None: the file is read once more, since it may have changed after it was read at start.
            seen: None,
            source,
            keyring,
            custody,
            beats: 0,
            held: None,
            moving: true,
            provider: None,
            away: false,
        }
    }

    /// Takes new keys, if there are some.
    async fn look(&mut self, told: bool) {
        self.beats = self.beats.wrapping_add(1);
        let read = if self.source.command.is_empty() {
            let now = keys_source::fingerprint(&self.source.file);
            if now == self.seen && !told {
                return;
            }
            self.seen = now;
            keys_source::read(&self.source)
        } else {
            if !told && !self.beats.is_multiple_of(ASK_COMMAND) {
                return;
            }
            ask(self.source.clone()).await
        };
        let adopted = read.and_then(|ring| Ok(self.keyring.adopt(&ring)?));
        match adopted {
            Ok(false) => self.away = false,
            Ok(true) => {
                self.away = false;
                let wanted = self.keyring.wanted();
                tracing::info!(key.id = %wanted, keys = ?self.keyring, "other key-encryption keys");
                self.moving = true;
            }
            Err(error) => {
                tracing::error!(%error, "the key-encryption keys cannot be read again; the known ones stay");
                self.alarm().await;
            }
        }
    }

    /// FAIL-06: once until they can be read again.
    async fn alarm(&mut self) {
        let Some(provider) = self.provider.as_ref().filter(|_| !self.away) else {
            return;
        };
        match provider.keys_are_away().await {
            Ok(()) => self.away = true,
            Err(error) => tracing::warn!(%error, "that the keys are away was not recorded"),
        }
    }

    /// Agrees with the other processes on the key that seals.
    async fn agree(&mut self, told: bool) {
        let settled = matches!(
            self.held,
            Some(Held::Sealing {
                everywhere: true,
                ..
            })
        );
        let every = if settled { ASK } else { ASK_WHILE_WAITING };
        if !told && !self.custody.has_news() && !self.beats.is_multiple_of(every) {
            return;
        }
        let held = match self.custody.keep().await {
            Ok(held) => Some(held),
            Err(error) => {
                if self.held.is_some() {
                    tracing::warn!(%error, "the other nodes cannot be asked for their keys");
                }
                None
            }
        };
        if let Some(Held::Lacks(key)) = &held
            && self.held != held
        {
            tracing::error!(key.id = %key, "other nodes seal with a key that this one lacks: its key file is out of date");
        }
        // Something may have been sealed with an older key just before.
        self.moving |= settled && self.beats.is_multiple_of(ASK);
        self.moving |= self.held != held;
        self.held = held;
    }

    fn may_move(&self) -> bool {
        let several = self.keyring.key_ids().len() > 1;
        let ours = matches!(
            self.held,
            Some(Held::Sealing {
                everywhere: true,
                moves: true,
                ..
            })
        );
        self.moving && several && ours
    }

    /// Moves what lies under older keys; whether there is more.
    async fn move_some(&mut self, resealing: &mut Resealing) -> bool {
        for _ in 0..BATCHES {
            match resealing.batch().await {
                Ok(Moved::Some(number)) => self.custody.note_moved(number),
                Ok(Moved::All { unopened }) => {
                    self.moving = false;
                    self.all_moved(unopened).await;
                    return false;
                }
                Err(error) => {
                    tracing::warn!(%error, "what lies under older keys cannot be moved now");
                    return false;
                }
            }
            pause(PAUSE).await;
        }
        true
    }

    async fn all_moved(&self, unopened: u64) {
        let moved = self.custody.note_all_moved();
        if unopened > 0 {
            tracing::error!(
                unopened,
                "values do not open with the key they name: they were spoiled or swapped"
            );
        }
        if moved > 0 {
            tracing::info!(
                moved,
                "everything lies under the current key-encryption key"
            );
            // For those who watch the progress; the next regular word says the same.
            drop(self.custody.keep().await);
        }
    }
}

/// A command may take its time, and requests must not wait for it.
async fn ask(source: Keys) -> Result<KeyRing, KeysFileError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of the operator runs on a thread of its own"
    )]
    let asking = tokio::task::spawn_blocking(move || keys_source::read(&source));
    asking
        .await
        .unwrap_or_else(|_stopped| Err(KeysFileError::Command("was stopped".to_owned())))
}
