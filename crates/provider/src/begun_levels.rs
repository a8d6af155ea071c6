//! Levels that begin without an order at that moment: those that were planned, and that of the level file.
//! Trust in browsers is void from then on, as it is with any level (decisions: trusted browser).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use sekisho_model::{Epoch, EpochKind, Event, EventKind, Level, LevelDecision, LevelScope};
use sekisho_store::{Once, StoreError, Tx};
use serde_json::json;

use crate::{Failure, Provider};

/// What this node saw to its end.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    planned: Mutex<BTreeSet<i64>>,
    /// One look at a time: two at once would both find that the file has just risen, or the later one would take
    /// an older look for what is so now.
    looking: tokio::sync::Mutex<()>,
    /// Whether the file says a level, and trust was voided for it.
    file: Mutex<bool>,
}

impl Provider {
    /// Voids trust for what began since the last time. What fails is tried again by the next round.
    pub async fn see_levels_begin(&self) -> Result<(), Failure> {
        let _one_at_a_time = self.begun.looking.lock().await;
        let (situation, now) = (self.situation(), self.now());
        let begun = |made: &&LevelDecision| {
            made.level >= Level::Watch && !made.begins_at_once() && made.holds(now)
        };
        let mut moved = false;
        for made in situation.levels.iter().filter(begun) {
            if !self.planned_seen().contains(&made.number) {
                moved |= self.planned_began(made.clone()).await?;
                self.planned_seen().insert(made.number);
            }
        }
        let file = situation.file.as_ref();
        let raised = file.is_some_and(|file| file.level >= Level::Watch);
        if raised && !*self.file_seen() {
            self.file_rose().await?;
            moved = true;
        }
        *self.file_seen() = raised;
        if moved {
            self.spread().await?;
        }
        Ok(())
    }

    async fn planned_began(&self, made: LevelDecision) -> Result<bool, Failure> {
        let event = self.event_of_server(EventKind::EpochMoved);
        let work = move |tx: &mut Tx<'_>| {
            if tx.note_beginning(made.number)? == Once::Again {
                return Ok(false);
            }
            let epoch = void_trust(tx, &made)?;
            let about = match &made.scope {
                LevelScope::Server => json!("all"),
                LevelScope::Client(_) => json!("client"),
                LevelScope::Cohort(cohort) => json!(cohort),
            };
            let reason = format!("level decision {} began", made.number);
            let mut event = told(&event, epoch, &about, (&made.operator, &reason));
            if let LevelScope::Client(id) = &made.scope {
                event.client_id = Some(id.clone());
            }
            tx.record(&event)?;
            Ok(true)
        };
        Ok(self.store.write(work).await?)
    }

    async fn file_rose(&self) -> Result<(), Failure> {
        let event = self.event_of_server(EventKind::EpochMoved);
        let work = move |tx: &mut Tx<'_>| {
            let epoch = tx.move_server_epoch(EpochKind::Browser)?;
            let who = ("level file", "the level file raised the level");
            tx.record(&told(&event, epoch, &json!("all"), who))
        };
        Ok(self.store.write(work).await?)
    }

    fn planned_seen(&self) -> std::sync::MutexGuard<'_, BTreeSet<i64>> {
        let seen = self.begun.planned.lock();
        seen.unwrap_or_else(PoisonError::into_inner)
    }

    fn file_seen(&self) -> std::sync::MutexGuard<'_, bool> {
        let seen = self.begun.file.lock();
        seen.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Voids trust in the browsers of those a level is about; of an app's level, trust at that app.
pub(crate) fn void_trust(tx: &mut Tx<'_>, made: &LevelDecision) -> Result<Epoch, StoreError> {
    let kind = EpochKind::Browser;
    match &made.scope {
        LevelScope::Server => tx.move_server_epoch(kind),
        LevelScope::Client(id) => tx.move_client_epoch(id, kind),
        LevelScope::Cohort(cohort) => tx.mark_cohort(cohort, &[kind], &made.reason, made.from),
    }
}

fn told(
    event: &Event,
    epoch: Epoch,
    scope: &serde_json::Value,
    (operator, reason): (&str, &str),
) -> Event {
    Event {
        detail: json!({
            "number": epoch, "kind": EpochKind::Browser, "scope": scope,
            "operator": operator, "reason": reason,
        }),
        ..event.clone()
    }
}
