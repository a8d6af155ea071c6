//! What the server does by itself: hearing news of other nodes, keeping house, making the slow key.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sekisho_provider::Provider;
use sekisho_store::Store;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::wiring::Surroundings;

/// How often a node asks what changed, told of news or not: a change is in force everywhere within a second.
const HEAR_EVERY: Duration = Duration::from_millis(500);
/// How often the next people are told of an incident, and operators of what they should know.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often what happened is held against the detection rules.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// How often expired rows are cleared away.
const KEEP_HOUSE_EVERY: Duration = Duration::from_mins(1);

/// How long things stay that housekeeping changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stays {
    /// How long a key signs; for ever if nothing is said.
    pub(crate) signing_key: Option<Duration>,
    /// How long an app that registered itself may be unused; for ever if nothing is said.
    pub(crate) unused_client: Option<Duration>,
}

/// The rounds, and word of the keys.
pub(crate) struct Rounds {
    pub(crate) tasks: Vec<JoinHandle<()>>,
    /// Told once every signing key is there.
    pub(crate) keys_made: oneshot::Receiver<()>,
}

/// Starts the rounds.
pub(crate) fn start(
    provider: &Arc<Provider>,
    store: &Store,
    rsa_key_is_missing: bool,
    stays: Stays,
    surroundings: &Surroundings,
) -> Rounds {
    let (made, keys_made) = oneshot::channel();
    let mut tasks = vec![
        tokio::spawn(hear(Arc::clone(provider))),
        tokio::spawn(tell_people(Arc::clone(provider))),
        tokio::spawn(tell_operators(Arc::clone(provider))),
        tokio::spawn(keep_watch(Arc::clone(provider))),
        tokio::spawn(keep_house(
            Arc::clone(provider),
            store.clone(),
            stays,
            surroundings.clone(),
        )),
    ];
    if rsa_key_is_missing {
        let making = make_keys(Arc::clone(provider), surroundings.clone(), made);
        tasks.push(tokio::spawn(making));
    } else {
        tell(made);
    }
    Rounds { tasks, keys_made }
}

async fn hear(provider: Arc<Provider>) {
    let mut beat = tokio::time::interval(HEAR_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut in_touch = true;
    loop {
        tokio::select! {
            _beat = beat.tick() => {}
            () = provider.news() => {}
        }
        let heard = match provider.hear().await {
            Ok(()) => provider.see_levels_begin().await,
            Err(error) => Err(error),
        };
        match heard {
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

/// Tells people about incidents, as fast as letters leave.
async fn tell_people(provider: Arc<Provider>) {
    let mut beat = tokio::time::interval(TELL_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(error) = provider.tell_on().await {
            tracing::warn!(%error, "people could not be told of an incident; it is tried again");
        }
    }
}

/// Tells operators what they should know, and posts what waits for webhooks.
async fn tell_operators(provider: Arc<Provider>) {
    let mut beat = tokio::time::interval(TELL_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(error) = provider.tell_operators().await {
            tracing::warn!(%error, "operators could not be told; it is tried again");
        }
        if let Err(error) = provider.post_webhooks().await {
            tracing::warn!(%error, "webhooks could not be posted; it is tried again");
        }
    }
}

/// Notices attacks (THR-15).
async fn keep_watch(provider: Arc<Provider>) {
    let mut beat = tokio::time::interval(WATCH_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(error) = provider.keep_watch().await {
            tracing::warn!(%error, "what happened could not be held against the rules; it is tried again");
        }
    }
}

async fn keep_house(
    provider: Arc<Provider>,
    store: Store,
    stays: Stays,
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
        if let Err(error) = provider.keep_keys(stays.signing_key).await {
            tracing::warn!(%error, "signing keys could not be rotated or withdrawn");
        }
        if let Some(unused) = stays.unused_client
            && let Err(error) = provider.expire_clients(unused).await
        {
            tracing::warn!(%error, "apps that nobody uses could not be deleted");
        }
        if let Err(error) = provider.look_at_mail().await {
            tracing::warn!(%error, "how mail gets on could not be looked at");
        }
        match provider.see_off().await {
            Ok(0) => {}
            Ok(people) => tracing::info!(people, "accounts whose time had come were erased"),
            Err(error) => tracing::warn!(%error, "accounts that are due could not be erased"),
        }
        match store.keep_house(now).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "cleared expired rows away"),
            Err(error) => tracing::warn!(%error, "expired rows could not be cleared away"),
        }
    }
}

/// An RSA key takes up to a second to make, so the doors open before it is there. Until then the node is
/// not ready; what fails is tried again.
async fn make_keys(provider: Arc<Provider>, surroundings: Surroundings, made: oneshot::Sender<()>) {
    let mut beat = tokio::time::interval(KEEP_HOUSE_EVERY);
    loop {
        beat.tick().await;
        let now = surroundings.clock.now();
        match provider
            .keys
            .make_missing(&*surroundings.entropy, now)
            .await
        {
            Ok(()) => break,
            Err(error) => tracing::error!(%error, "a signing key could not be made"),
        }
    }
    tell(made);
}

/// A house that closes meanwhile does not listen any more.
fn tell(made: oneshot::Sender<()>) {
    if made.send(()).is_err() {
        tracing::debug!("every signing key is there, and nobody waits for it");
    }
}
