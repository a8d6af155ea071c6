//! What the server does by itself: hearing news of other nodes, keeping house, making the slow key.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{EventKind, KeyId};
use sekisho_provider::jwt::OVERLAP;
use sekisho_provider::{Failure, Provider};
use sekisho_store::Store;
use tokio::task::JoinHandle;

use crate::wiring::Surroundings;

/// How often a node asks what changed: a change is in force everywhere within a second.
const HEAR_EVERY: Duration = Duration::from_millis(500);
/// How often expired rows are cleared away.
const KEEP_HOUSE_EVERY: Duration = Duration::from_mins(1);

/// Starts the rounds.
pub(crate) fn start(
    provider: &Arc<Provider>,
    store: &Store,
    rsa_key_is_missing: bool,
    rotation: Option<Duration>,
    surroundings: &Surroundings,
) -> Vec<JoinHandle<()>> {
    let rounds = vec![
        tokio::spawn(hear(Arc::clone(provider))),
        tokio::spawn(keep_house(
            Arc::clone(provider),
            store.clone(),
            surroundings.clone(),
        )),
    ];
    let mut rounds = rounds;
    if let Some(age) = rotation {
        rounds.push(tokio::spawn(rotate(
            Arc::clone(provider),
            age,
            surroundings.clone(),
        )));
    }
    if rsa_key_is_missing {
        make_keys(Arc::clone(provider), surroundings.clone());
    }
    rounds
}

async fn hear(provider: Arc<Provider>) {
    let mut beat = tokio::time::interval(HEAR_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut in_touch = true;
    loop {
        beat.tick().await;
        match provider.hear().await {
            Ok(()) if !in_touch => {
                in_touch = true;
                tracing::info!("the store answers again");
            }
            Ok(()) => {}
            Err(error) => {
                if in_touch {
                    tracing::error!(%error, "the store does not answer; nothing is issued until it does");
                }
                in_touch = false;
            }
        }
    }
}

async fn keep_house(provider: Arc<Provider>, store: Store, surroundings: Surroundings) {
    let mut beat = tokio::time::interval(KEEP_HOUSE_EVERY);
    loop {
        beat.tick().await;
        let now = surroundings.clock.now();
        if let Err(error) = provider.keys.withdraw_retired(now).await {
            tracing::warn!(%error, "retired keys could not be withdrawn");
        }
        match store.keep_house(now).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "cleared expired rows away"),
            Err(error) => tracing::warn!(%error, "expired rows could not be cleared away"),
        }
    }
}

/// KEY-02: keys that have signed long enough get successors. Of several nodes one makes them.
async fn rotate(provider: Arc<Provider>, age: Duration, surroundings: Surroundings) {
    let mut beat = tokio::time::interval(KEEP_HOUSE_EVERY);
    loop {
        beat.tick().await;
        if provider.keys.due(age, surroundings.clock.now()).is_empty() {
            continue;
        }
        match rotate_once(&provider, age, &surroundings).await {
            Ok(kids) if kids.is_empty() => {}
            Ok(kids) => tracing::info!(?kids, "made successors of old signing keys"),
            Err(error) => tracing::warn!(%error, "signing keys could not be rotated"),
        }
    }
}

/// One look at the keys' age. An RSA key takes up to a second, so this is done on a thread that may
/// wait.
pub async fn rotate_once(
    provider: &Arc<Provider>,
    age: Duration,
    surroundings: &Surroundings,
) -> Result<Vec<KeyId>, Failure> {
    let (provider, surroundings) = (Arc::clone(provider), surroundings.clone());
    let handle = tokio::runtime::Handle::current();
    let work = move || {
        let now = surroundings.clock.now();
        let due = provider.keys.due(age, now);
        let mut event = provider.event_of_server(EventKind::KeyChanged);
        event.detail = serde_json::json!({ "by": "schedule" });
        let entropy = &*surroundings.entropy;
        handle.block_on(provider.keys.succeed(&due, OVERLAP, entropy, now, event))
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "once in three months, for a second"
    )]
    let made = tokio::task::spawn_blocking(work).await;
    match made {
        Ok(kids) => kids,
        Err(_panicked) => Err(Failure::Signing("a key could not be made".to_owned())),
    }
}

/// An RSA key takes up to a second to make, so the doors open before it is there.
fn make_keys(provider: Arc<Provider>, surroundings: Surroundings) {
    let now = surroundings.clock.now();
    let handle = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new()
        .name("new-key".to_owned())
        .spawn(move || {
            let made = handle.block_on(provider.keys.make_missing(&*surroundings.entropy, now));
            if let Err(error) = made {
                tracing::error!(%error, "a signing key could not be made");
            }
        });
    if let Err(error) = thread {
        tracing::error!(%error, "a signing key could not be made");
    }
}
