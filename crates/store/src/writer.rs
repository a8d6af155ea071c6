//! The one writer of an SQLite file: a thread that takes every waiting unit of work into one commit.
//!
//! A durable commit costs one wait for the disk however much is in it. Each unit runs in a savepoint
//! of its own, so a unit that fails takes nothing of the others with it; nobody gets an answer before
//! the commit is on the disk.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use diesel::connection::{Connection, TransactionManager};
use tokio::sync::oneshot;

use crate::backend::{self, AnyConnection, Location, Role};
use crate::{Outage, StoreError, Tx, transaction};

/// More waiting units than this are turned away.
const QUEUE: usize = 4096;
/// The most units of one commit; bounds how long the first of them waits.
const GROUP: usize = 256;

type Manager = <AnyConnection as Connection>::TransactionManager;
type Step = Box<dyn FnOnce(Result<&mut AnyConnection, Outage>) -> Done + Send>;
type Answer = Box<dyn FnOnce(Result<(), Outage>) + Send>;

/// A unit that ran and waits for the commit.
struct Done {
    answer: Answer,
    /// Whether the transaction around it still stands.
    sound: bool,
}

enum Message {
    Unit(Step),
    Stop(oneshot::Sender<()>),
}

#[derive(Clone)]
pub(crate) struct Writer {
    queue: SyncSender<Message>,
}

impl Writer {
    pub(crate) fn start(location: Location, timeout: Duration) -> Result<Self, StoreError> {
        let conn = backend::connect(&location, Role::Writer, timeout)?;
        let (queue, waiting) = sync_channel(QUEUE);
        let desk = Desk {
            waiting,
            location,
            timeout,
            conn: Some(conn),
            stop: None,
        };
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || desk.serve())
            .map_err(|error| Outage::Unreachable(error.to_string()))?;
        Ok(Self { queue })
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let step: Step = Box::new(move |conn| {
            let (result, sound) = match conn {
                Ok(conn) => in_savepoint(conn, &mut work),
                Err(outage) => (Err(outage.into()), false),
            };
            let answer = Box::new(move |commit: Result<(), Outage>| {
                let outcome = match commit {
                    Ok(()) => result,
                    Err(outage) => Err(outage.into()),
                };
                // The caller may be gone; the work is done all the same.
                drop(reply.send(outcome));
            });
            Done { answer, sound }
        });
        self.queue
            .try_send(Message::Unit(step))
            .map_err(|error| match error {
                std::sync::mpsc::TrySendError::Full(_) => Outage::Overloaded,
                std::sync::mpsc::TrySendError::Disconnected(_) => Outage::Closed,
            })?;
        answer
            .await
            .unwrap_or_else(|_dropped| Err(Outage::Closed.into()))
    }

    /// Does what is waiting, then ends the thread.
    pub(crate) async fn close(&self) {
        let (done, ended) = oneshot::channel();
        let mut message = Message::Stop(done);
        while let Err(error) = self.queue.try_send(message) {
            match error {
                std::sync::mpsc::TrySendError::Full(again) => message = again,
                std::sync::mpsc::TrySendError::Disconnected(_) => return,
            }
            tokio::task::yield_now().await;
        }
        drop(ended.await);
    }
}

/// Runs `work` in a savepoint; also tells whether the transaction around it still stands.
fn in_savepoint<T>(
    conn: &mut AnyConnection,
    work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
) -> (Result<T, StoreError>, bool) {
    if let Err(error) = Manager::begin_transaction(conn) {
        return (Err(error.into()), false);
    }
    let result = transaction::run(conn, work);
    let closed = match result {
        Ok(_) => Manager::commit_transaction(conn),
        Err(_) => Manager::rollback_transaction(conn),
    };
    match (result, closed) {
        (result, Ok(())) => (result, true),
        (Ok(_), Err(error)) => (Err(error.into()), false),
        (Err(error), Err(_)) => (Err(error), false),
    }
}

/// The writer thread's own things.
struct Desk {
    waiting: Receiver<Message>,
    location: Location,
    timeout: Duration,
    conn: Option<AnyConnection>,
    /// Whom to tell that everything is done, once the end was asked for.
    stop: Option<oneshot::Sender<()>>,
}

impl Desk {
    fn serve(mut self) {
        while self.stop.is_none()
            && let Ok(message) = self.waiting.recv()
        {
            if let Some(first) = self.unit(message) {
                self.group(first);
            }
        }
        self.conn = None;
        if let Some(done) = self.stop {
            let _caller_may_be_gone = done.send(());
        }
    }

    /// Commits `first` and what else is waiting.
    fn group(&mut self, first: Step) {
        let mut conn = match self.begun() {
            Ok(conn) => conn,
            Err(outage) => return (first(Err(outage)).answer)(Ok(())),
        };
        let mut answers = Vec::new();
        let mut next = Some(first);
        let mut sound = true;
        while let Some(step) = next.take() {
            let done = step(Ok(&mut conn));
            answers.push(done.answer);
            sound = done.sound;
            if sound && answers.len() < GROUP {
                next = self.waiting.try_recv().ok().and_then(|m| self.unit(m));
            }
        }
        let committed = self.ended(conn, sound);
        for answer in answers {
            answer(committed.clone());
        }
    }

    fn unit(&mut self, message: Message) -> Option<Step> {
        match message {
            Message::Unit(step) => Some(step),
            Message::Stop(done) => {
                self.stop = Some(done);
                None
            }
        }
    }

    /// A connection with an open transaction.
    fn begun(&mut self) -> Result<AnyConnection, Outage> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                backend::connect(&self.location, Role::Writer, self.timeout).map_err(into_outage)?
            }
        };
        match backend::begin_write(&mut conn) {
            Ok(()) => Ok(conn),
            Err(error) => {
                self.keep(conn);
                Err(into_outage(error.into()))
            }
        }
    }

    /// Commits, or undoes a transaction that no longer stands.
    fn ended(&mut self, mut conn: AnyConnection, sound: bool) -> Result<(), Outage> {
        let committed = if sound {
            Manager::commit_transaction(&mut conn).map_err(|error| into_outage(error.into()))
        } else {
            Err(Outage::Broken("the transaction was undone".to_owned()))
        };
        let settled = committed.is_ok() || Manager::rollback_transaction(&mut conn).is_ok();
        if settled {
            self.keep(conn);
        }
        committed
    }

    /// Takes `conn` back unless it is in an unknown state; then the next group gets a new one.
    fn keep(&mut self, mut conn: AnyConnection) {
        if !Manager::is_broken_transaction_manager(&mut conn) {
            self.conn = Some(conn);
        }
    }
}

fn into_outage(error: StoreError) -> Outage {
    match error {
        StoreError::Unavailable(outage) => outage,
        other => Outage::Broken(other.to_string()),
    }
}
