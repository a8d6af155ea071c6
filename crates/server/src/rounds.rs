//! What the server does by itself: hearing news of other nodes, keeping house, making the slow key.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sekisho_provider::Provider;
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
    let mut rounds = vec![
        tokio::spawn(hear(Arc::clone(provider))),
        tokio::spawn(keep_house(
            Arc::clone(provider),
            store.clone(),
            rotation,
            surroundings.clone(),
        )),
    ];
    if rsa_key_is_missing {
        let making = make_keys(Arc::clone(provider), surroundings.clone());
        rounds.push(tokio::spawn(making));
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

async fn keep_house(
    provider: Arc<Provider>,
    store: Store,
    rotation: Option<Duration>,
    surroundings: Surroundings,
) {
    let mut beat = tokio::time::interval(KEEP_HOUSE_EVERY);
    let mut measured = HashSet::new();
    loop {
        beat.tick().await;
        if let Err(error) = provider.measure_foreign_schemes(&mut measured).await {
            tracing::warn!(%error, "imported password schemes could not be measured");
        }
        let now = surroundings.clock.now();
        if let Err(error) = provider.keep_keys(rotation).await {
            tracing::warn!(%error, "signing keys could not be rotated or withdrawn");
        }
        match store.keep_house(now).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "cleared expired rows away"),
            Err(error) => tracing::warn!(%error, "expired rows could not be cleared away"),
        }
    }
}

/// An RSA key takes up to a second to make, so the doors open before it is there.
async fn make_keys(provider: Arc<Provider>, surroundings: Surroundings) {
    let now = surroundings.clock.now();
    let made = provider.keys.make_missing(&*surroundings.entropy, now);
    if let Err(error) = made.await {
        tracing::error!(%error, "a signing key could not be made");
    }
}
