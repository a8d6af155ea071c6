use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sekisho_model::{ClientId, CohortMark, Epoch, EpochKind, Timestamp, User};
use sekisho_store::{Revisions, SharedEpoch, Store};

use crate::Failure;
use crate::rules::standing::{SharedEpochs, is_current};

/// What this node last heard from the store: epochs and revisions. A node that has not heard for
/// [`STALE_AFTER`] issues nothing (REP-02).
#[derive(Debug)]
pub(crate) struct Knowledge {
    heard: RwLock<Heard>,
}

#[derive(Debug, Clone)]
struct Heard {
    at: Timestamp,
    store_answers: bool,
    revisions: Option<Revisions>,
    epochs: Arc<SharedEpochs>,
}

/// How long old knowledge may be used to issue something.
const STALE_AFTER: Duration = Duration::from_secs(15);

/// What changed since the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct News {
    pub(crate) clients: bool,
    pub(crate) keys: bool,
}

impl Knowledge {
    pub(crate) fn new(now: Timestamp) -> Self {
        let heard = Heard {
            at: now,
            store_answers: false,
            revisions: None,
            epochs: Arc::new(SharedEpochs::default()),
        };
        Self {
            heard: RwLock::new(heard),
        }
    }

    /// Asks the store what changed.
    pub(crate) async fn hear(&self, store: &Store, now: Timestamp) -> Result<News, Failure> {
        let known = self.snapshot().revisions;
        let answer = store
            .read(move |tx| {
                let revisions = tx.revisions()?;
                let epochs_moved = known
                    .as_ref()
                    .is_none_or(|known| known.epochs != revisions.epochs);
                let epochs = if epochs_moved {
                    Some((tx.epoch_now()?, tx.shared_epochs()?, tx.cohort_marks()?))
                } else {
                    None
                };
                Ok((revisions, epochs))
            })
            .await;
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        let (revisions, epochs) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                heard.store_answers = false;
                return Err(error.into());
            }
        };
        let news = News {
            clients: heard
                .revisions
                .as_ref()
                .is_some_and(|old| old.clients != revisions.clients),
            keys: heard
                .revisions
                .as_ref()
                .is_some_and(|old| old.keys != revisions.keys),
        };
        if let Some((now, shared, cohorts)) = epochs {
            heard.epochs = Arc::new(gathered(now, shared, cohorts));
        }
        heard.revisions = Some(revisions);
        heard.at = now;
        heard.store_answers = true;
        Ok(news)
    }

    fn snapshot(&self) -> Heard {
        self.heard
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The epoch that what is issued now carries.
    pub(crate) fn epoch_now(&self) -> Epoch {
        self.snapshot().epochs.now
    }

    /// All shared epochs, for rules that run within a transaction.
    pub(crate) fn shared(&self) -> Arc<SharedEpochs> {
        self.snapshot().epochs
    }

    /// Whether something issued under `epoch` still counts.
    pub(crate) fn is_current(
        &self,
        epoch: Epoch,
        kind: EpochKind,
        user: Option<&User>,
        client: Option<&ClientId>,
    ) -> bool {
        is_current(epoch, kind, user, client, &self.snapshot().epochs)
    }

    /// FAIL-03, REP-02: nothing is issued without the store.
    pub(crate) fn may_issue(&self, now: Timestamp) -> Result<(), Failure> {
        let heard = self.snapshot();
        let fresh = heard.store_answers && now.since(heard.at) < STALE_AFTER;
        if fresh {
            Ok(())
        } else {
            Err(Failure::OutOfTouch)
        }
    }
}

fn gathered(now: Epoch, shared: Vec<SharedEpoch>, cohorts: Vec<CohortMark>) -> SharedEpochs {
    let mut epochs = SharedEpochs {
        now,
        cohorts,
        ..SharedEpochs::default()
    };
    for moved in shared {
        match moved.scope {
            "client" => {
                epochs
                    .clients
                    .push((ClientId::new(moved.subject), moved.kind, moved.epoch));
            }
            _ => epochs.server.push((moved.kind, moved.epoch)),
        }
    }
    epochs
}
