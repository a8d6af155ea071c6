use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ipnet::IpNet;
use sekisho_guard::{Blocks, FileLevel, Situation};
use sekisho_model::{
    Block, ClientId, CohortMark, Epoch, EpochKind, LevelDecision, SwitchDecision, Timestamp, User,
};
use sekisho_store::{Revisions, SharedEpoch, Store, StoreError, Tx};

use crate::Failure;
use crate::rules::standing::{SharedEpochs, is_current};

/// What this node last heard from the store: epochs and revisions. A node that has not heard for
/// [`STALE_AFTER`] issues nothing (REP-02).
#[derive(Debug)]
pub(crate) struct Knowledge {
    heard: RwLock<Heard>,
    /// How often the store was asked.
    asked: AtomicU64,
    /// What is never blocked.
    never: Vec<IpNet>,
}

#[derive(Debug, Clone)]
struct Heard {
    /// Which question it answers: what was asked earlier and is answered later is no news.
    question: u64,
    at: Timestamp,
    store_answers: bool,
    revisions: Option<Revisions>,
    epochs: Arc<SharedEpochs>,
    situation: Arc<Situation>,
}

/// Revisions, and what there is of epochs, of levels and of blocks if they moved.
type Answer = (
    Revisions,
    Option<(Epoch, Vec<SharedEpoch>, Vec<CohortMark>)>,
    Option<(Vec<LevelDecision>, Vec<SwitchDecision>)>,
    Option<Vec<Block>>,
);

/// How long old knowledge may be used to issue something.
const STALE_AFTER: Duration = Duration::from_secs(15);

/// What changed since the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct News {
    pub(crate) clients: bool,
    pub(crate) keys: bool,
    pub(crate) blocks: bool,
}

impl Knowledge {
    /// Knows nothing yet; networks in `never` are never blocked.
    pub(crate) fn new(now: Timestamp, never: Vec<IpNet>) -> Self {
        let heard = Heard {
            question: 0,
            at: now,
            store_answers: false,
            revisions: None,
            epochs: Arc::new(SharedEpochs::default()),
            situation: Arc::new(Situation::default()),
        };
        Self {
            heard: RwLock::new(heard),
            asked: AtomicU64::new(0),
            never,
        }
    }

    /// Asks the store what changed.
    pub(crate) async fn hear(&self, store: &Store, now: Timestamp) -> Result<News, Failure> {
        let question = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
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
                let levels_moved = known
                    .as_ref()
                    .is_none_or(|known| known.levels != revisions.levels);
                let levels = if levels_moved {
                    Some((tx.level_decisions()?, tx.switch_decisions()?))
                } else {
                    None
                };
                let blocks_moved = known
                    .as_ref()
                    .is_none_or(|known| known.blocks != revisions.blocks);
                let blocks = if blocks_moved {
                    Some(tx.blocks()?)
                } else {
                    None
                };
                Ok((revisions, epochs, levels, blocks))
            })
            .await;
        self.settle(question, now, answer)
    }

    fn settle(
        &self,
        question: u64,
        now: Timestamp,
        answer: Result<Answer, StoreError>,
    ) -> Result<News, Failure> {
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        if question < heard.question {
            return answer.map(|_older| News::default()).map_err(Failure::from);
        }
        heard.question = question;
        let (revisions, epochs, levels, blocks) = match answer {
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
            blocks: blocks.is_some(),
        };
        if let Some((now, shared, cohorts)) = epochs {
            heard.epochs = Arc::new(gathered(now, shared, cohorts));
        }
        if let Some((levels, switches)) = levels {
            heard.situation = Arc::new(Situation {
                levels,
                switches,
                ..(*heard.situation).clone()
            });
        }
        if let Some(list) = blocks {
            heard.situation = Arc::new(Situation {
                blocks: Arc::new(Blocks::new(list, &self.never)),
                ..(*heard.situation).clone()
            });
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

    /// Levels and switches.
    pub(crate) fn situation(&self) -> Arc<Situation> {
        self.snapshot().situation
    }

    /// What the level file says now.
    pub(crate) fn tell_file(&self, file: Option<FileLevel>) {
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        if heard.situation.file != file {
            heard.situation = Arc::new(Situation {
                file,
                ..(*heard.situation).clone()
            });
        }
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

/// All shared epochs as they are in this transaction, whatever this node has heard.
pub(crate) fn shared_epochs(tx: &mut Tx<'_>) -> Result<SharedEpochs, StoreError> {
    let (now, shared) = (tx.epoch_now()?, tx.shared_epochs()?);
    Ok(gathered(now, shared, tx.cohort_marks()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    const fn answer(epochs: i64, now: i64) -> Answer {
        let revisions = Revisions {
            clients: 0,
            keys: 0,
            epochs,
            levels: 0,
            blocks: 0,
        };
        let epochs = (Epoch(now), Vec::new(), Vec::new());
        (revisions, Some(epochs), None, None)
    }

    #[test]
    fn rep_02_an_answer_that_was_overtaken_takes_nothing_back() {
        let knowledge = Knowledge::new(at(0), Vec::new());
        knowledge.settle(2, at(600), Ok(answer(2, 9))).unwrap();
        knowledge.settle(1, at(0), Ok(answer(1, 8))).unwrap();
        assert_eq!(knowledge.epoch_now(), Epoch(9));
        knowledge.may_issue(at(610)).unwrap();
        let failed = Err(StoreError::Corrupt("a test"));
        assert!(knowledge.settle(1, at(0), failed).is_err());
        knowledge.may_issue(at(610)).unwrap();
        knowledge.settle(3, at(601), Ok(answer(3, 10))).unwrap();
        assert_eq!(knowledge.epoch_now(), Epoch(10));
        let failed = Err(StoreError::Corrupt("a test"));
        assert!(knowledge.settle(4, at(602), failed).is_err());
        assert!(knowledge.may_issue(at(602)).is_err());
    }
}
