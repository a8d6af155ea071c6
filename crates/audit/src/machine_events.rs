use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sekisho_model::Event;
use sekisho_store::Store;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

const WAITING: usize = 4096;
const BATCH: usize = 1000;
const ENOUGH: usize = 100;
const LONGEST_WAIT: Duration = Duration::from_millis(50);
const RETRY: Duration = Duration::from_millis(500);

/// Records what machines did in group-committed batches: a token for a machine changes no state, so
/// its event may follow the answer by a moment. Clone it freely.
#[derive(Debug, Clone)]
pub struct MachineEvents {
    events: mpsc::Sender<Event>,
    failing: Arc<AtomicBool>,
    stop: Arc<Notify>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// Why an event was not taken. What it stands for must not happen then (AU-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unrecorded {
    /// The store does not take events at the moment.
    #[error("the store takes no events")]
    StoreAway,
    /// More events wait than can be written.
    #[error("too many events wait")]
    Full,
    /// The server is stopping.
    #[error("the recorder has stopped")]
    Stopped,
}

impl MachineEvents {
    /// Starts the recorder.
    pub fn start(store: Store) -> Self {
        let (events, waiting) = mpsc::channel(WAITING);
        let failing = Arc::new(AtomicBool::new(false));
        let stop = Arc::new(Notify::new());
        let writer = Writer {
            store,
            failing: Arc::clone(&failing),
            stop: Arc::clone(&stop),
        };
        let task = tokio::spawn(writer.run(waiting));
        Self {
            events,
            failing,
            stop,
            task: Arc::new(Mutex::new(Some(task))),
        }
    }

    /// Takes an event without waiting. It is written within 50 ms; while the store does not answer,
    /// nothing more is taken.
    pub fn record(&self, event: Event) -> Result<(), Unrecorded> {
        if self.failing.load(Ordering::Acquire) {
            return Err(Unrecorded::StoreAway);
        }
        self.events
            .try_send(event)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => Unrecorded::Full,
                mpsc::error::TrySendError::Closed(_) => Unrecorded::Stopped,
            })
    }

    /// Takes no more and writes what waits, for at most `deadline`.
    pub async fn stop(&self, deadline: Duration) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.stop.notify_one();
        let Some(mut task) = task else {
            return;
        };
        if tokio::time::timeout(deadline, &mut task).await.is_err() {
            task.abort();
            let lost = self.events.max_capacity() - self.events.capacity();
            tracing::error!(lost, "machine events could not be written before the stop");
        }
    }
}

struct Writer {
    store: Store,
    failing: Arc<AtomicBool>,
    stop: Arc<Notify>,
}

impl Writer {
    async fn run(self, mut waiting: mpsc::Receiver<Event>) {
        let mut batch = Vec::with_capacity(ENOUGH);
        loop {
            tokio::select! {
                () = self.stop.notified() => waiting.close(),
                taken = waiting.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        return;
                    }
                    self.gather(&mut waiting, &mut batch).await;
                    self.write(std::mem::take(&mut batch)).await;
                }
            }
        }
    }

    /// Waits until there is enough for one commit, but never long.
    async fn gather(&self, waiting: &mut mpsc::Receiver<Event>, batch: &mut Vec<Event>) {
        let more = fill(waiting, batch);
        // What was received before the time is up stays in the batch.
        if tokio::time::timeout(LONGEST_WAIT, more).await.is_err() {
            tracing::trace!("batch of machine events closed by time");
        }
    }

    /// Writes a batch, however long it takes: what these events stand for has happened.
    async fn write(&self, batch: Vec<Event>) {
        let batch: Arc<[Event]> = batch.into();
        loop {
            let events = Arc::clone(&batch);
            let written = self.store.write(move |tx| tx.record_many(&events)).await;
            let was_failing = self.failing.swap(written.is_err(), Ordering::AcqRel);
            match (written, was_failing) {
                (Ok(()), false) => return,
                (Ok(()), true) => return tracing::info!("machine events are written again"),
                (Err(failed), false) => {
                    tracing::error!(error = %failed, "machine events cannot be written");
                }
                (Err(_), true) => {}
            }
            pause(RETRY).await;
        }
    }
}

async fn fill(waiting: &mut mpsc::Receiver<Event>, batch: &mut Vec<Event>) {
    while batch.len() < ENOUGH {
        let room = BATCH.saturating_sub(batch.len());
        if waiting.recv_many(batch, room).await == 0 {
            return;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a background loop waits before it tries again"
)]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(test)]
mod tests {
    use sekisho_model::{EventKind, Origin, Outcome, SeededEntropy, Timestamp, UserId};
    use sekisho_store::HistoryFilter;

    use super::*;
    use crate::NewEvent;
    use crate::dispatcher::tests::House;

    const AT: Timestamp = Timestamp::from_seconds(1_795_325_590);

    fn event(user: UserId, entropy: &SeededEntropy) -> Event {
        NewEvent::new(EventKind::ClientCredentials, Outcome::Passed)
            .user(user)
            .happened(AT, &Origin::default(), entropy)
    }

    async fn stored(house: &House, user: UserId) -> usize {
        let filter = HistoryFilter::default();
        let found = house
            .store
            .read(move |tx| tx.history_of(user, &filter, None, 10_000))
            .await;
        found.unwrap().len()
    }

    #[tokio::test]
    async fn every_taken_event_is_written_by_the_stop() {
        let house = House::new().await;
        let entropy = SeededEntropy::new(3);
        let user = UserId::new(AT, &entropy);
        let recorder = MachineEvents::start(house.store.clone());
        for _ in 0..777 {
            recorder.record(event(user, &entropy)).unwrap();
        }
        recorder.stop(Duration::from_secs(10)).await;
        assert_eq!(stored(&house, user).await, 777);
        let late = recorder.record(event(user, &entropy));
        assert_eq!(late, Err(Unrecorded::Stopped));
        recorder.stop(Duration::from_secs(10)).await;
    }

    #[tokio::test]
    async fn au_07_an_overflow_is_refused_and_not_swallowed() {
        let house = House::new().await;
        let entropy = SeededEntropy::new(3);
        let user = UserId::new(AT, &entropy);
        let recorder = MachineEvents::start(house.store.clone());
        // Nothing is written while this test does not await.
        let taken = (0..=WAITING)
            .flat_map(|_| recorder.record(event(user, &entropy)))
            .count();
        assert_eq!(taken, WAITING);
    }

    #[tokio::test]
    async fn while_the_store_is_away_nothing_more_is_taken() {
        let house = House::new().await;
        let entropy = SeededEntropy::new(3);
        let user = UserId::new(AT, &entropy);
        let recorder = MachineEvents::start(house.store.clone());
        house.store.close().await;
        recorder.record(event(user, &entropy)).unwrap();
        while !recorder.failing.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            recorder.record(event(user, &entropy)),
            Err(Unrecorded::StoreAway)
        );
        recorder.stop(Duration::ZERO).await;
    }
}
