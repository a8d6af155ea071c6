use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use sekisho_mail::{Letter, MailError, Transport};
use sekisho_model::{Clock, Digest, EmailAddress, Entropy, KeyRing, Purpose, Timestamp};
use sekisho_store::{OutboxLetter, Store, StoreError, Tx};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::lanes::{Lanes, Pace};
use crate::outbox::open_letter;

/// Letters on their way at the same time; the transport has as many connections.
const HANDS: usize = 10;
/// How long a claimed letter is ours; longer than a transport tries.
const LEASE: Duration = Duration::from_mins(1);
/// How long a letter that was given up can be sent after all. Afterwards it goes: it lies there under no key
/// of its person, and must not outlive them.
const KEPT_WHEN_DEAD: Duration = Duration::from_hours(30 * 24);
/// How often the outbox is looked at without being rung for: retries, and letters of other nodes.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long to wait after the store did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// After a failed try; the eighth failure is the last.
const RETRIES: [Duration; 7] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
];

/// The background loop that sends what waits in the outbox.
///
/// Several nodes may run one each: a letter is claimed by one at a time. A letter leaves at least
/// once, and in the worst case twice under the same `Message-ID`.
#[derive(Debug)]
pub struct Dispatcher {
    bell: Bell,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Wakes the dispatcher; clone it to whoever posts letters.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Says that a letter was posted. Call it after the commit.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

impl Dispatcher {
    /// Starts the loop; `transport` is used no faster than `lanes` say.
    pub fn start(
        store: Store,
        keyring: Arc<KeyRing>,
        (transport, lanes): (Transport, Lanes),
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let desk = Arc::new(Desk {
            store,
            keyring,
            transport,
            lanes,
            clock,
            entropy,
        });
        let bell = Bell::default();
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(watch_over(desk, bell.clone(), stopping));
        Self { bell, stop, task }
    }

    /// Says that a letter was posted; it leaves at once.
    pub fn notify(&self) {
        self.bell.ring();
    }

    /// A handle for those who only post letters.
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Sends what is due and ends, for at most `deadline`; the rest stays in the outbox.
    pub async fn stop(self, deadline: Duration) {
        // Nobody listens only if the loop has ended already.
        let _ended = self.stop.send(true);
        let mut task = self.task;
        if tokio::time::timeout(deadline, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("letters were left in the outbox at the stop");
        }
    }
}

/// Starts the loop again should it ever panic: a queue nobody serves would lock everybody out.
async fn watch_over(desk: Arc<Desk>, bell: Bell, stopping: watch::Receiver<bool>) {
    loop {
        let work = serve(Arc::clone(&desk), bell.clone(), stopping.clone());
        if AssertUnwindSafe(work).catch_unwind().await.is_ok() {
            break;
        }
        tracing::error!("the mail dispatcher panicked and starts again");
        pause(STORE_PAUSE).await;
    }
    desk.transport.close().await;
}

async fn serve(desk: Arc<Desk>, bell: Bell, mut stopping: watch::Receiver<bool>) {
    let mut busy = JoinSet::new();
    let mut pace = Pace::new(&desk.lanes);
    loop {
        let free = HANDS.saturating_sub(busy.len());
        let (wait, idle) = match desk.claim(free, &mut pace).await {
            Ok(letters) => {
                let idle = letters.is_empty();
                for letter in letters {
                    busy.spawn(Arc::clone(&desk).deliver(letter));
                }
                let room = pace.next_room(desk.clock.now());
                (room.map_or(LOOK_EVERY, |room| room.min(LOOK_EVERY)), idle)
            }
            Err(failed) => {
                tracing::warn!(error = %failed, "the outbox cannot be read");
                (STORE_PAUSE, true)
            }
        };
        if *stopping.borrow_and_update() && idle && busy.is_empty() {
            return;
        }
        tokio::select! {
            Some(delivered) = busy.join_next() => {
                if let Err(panicked) = delivered {
                    tracing::error!(error = %panicked, "noting a letter panicked");
                }
            }
            () = bell.0.notified() => {}
            changed = stopping.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = pause(wait) => {}
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a background loop waits between its rounds"
)]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What is needed to send a letter.
struct Desk {
    store: Store,
    keyring: Arc<KeyRing>,
    transport: Transport,
    lanes: Lanes,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Desk {
    async fn claim(&self, free: usize, pace: &mut Pace) -> Result<Vec<OutboxLetter>, StoreError> {
        let (now, limit) = (self.clock.now(), u32::try_from(free).unwrap_or(u32::MAX));
        if limit == 0 {
            return Ok(Vec::new());
        }
        let room = pace.room(limit, now);
        let claim = move |tx: &mut Tx<'_>| tx.claim_letters(now, LEASE, &room);
        let letters = self.store.write(claim).await?;
        pace.count(&letters, now);
        Ok(letters)
    }

    /// Sends one letter and notes how it went. A letter that cannot be noted comes again after its
    /// lease.
    async fn deliver(self: Arc<Self>, letter: OutboxLetter) {
        let opened = open_letter(&letter.sealed, letter.id, &self.keyring);
        let mailbox = opened.as_ref().and_then(|opened| self.mailbox(opened));
        let sending = AssertUnwindSafe(self.send(&letter, opened));
        let result = sending.catch_unwind().await.unwrap_or_else(|_panic| {
            tracing::error!(letter = %letter.id, "sending a letter panicked");
            Err(MailError::Temporary("sending it panicked".to_owned()))
        });
        let heard = Heard::of(mailbox, &result);
        let fate = self.fate(&letter, result);
        let (id, kind) = (letter.id, letter.kind.name());
        let now = self.clock.now();
        let keep_until = now + KEPT_WHEN_DEAD;
        let outcome = fate.outcome(is_late(&letter, now));
        metrics::counter!("sekisho_letters_total", "kind" => kind, "outcome" => outcome)
            .increment(1);
        match &fate {
            Fate::Sent(_) => tracing::info!(letter = %id, kind, "letter sent"),
            Fate::Again(at, error) => {
                tracing::warn!(letter = %id, kind, attempt = letter.attempts, next = ?at, error, "letter not sent");
            }
            Fate::Dead(error) => tracing::error!(letter = %id, kind, error, "letter given up"),
        }
        let noted = self.store.write(move |tx| {
            match &heard {
                Some(Heard::Taken(mailbox)) => tx.mail_taken(mailbox)?,
                Some(Heard::Refused(mailbox)) => tx.mail_refused(mailbox, now)?,
                None => {}
            }
            match &fate {
                Fate::Sent(at) => tx.letter_sent(id, *at),
                Fate::Again(at, error) => tx.letter_failed(id, *at, error),
                Fate::Dead(error) => tx.letter_dead(id, error, keep_until),
            }
        });
        if let Err(failed) = noted.await {
            tracing::error!(letter = %id, error = %failed, "what became of a letter was not noted");
        }
    }

    /// What accounts are found by whose codes go where this letter goes.
    fn mailbox(&self, letter: &Letter) -> Option<Digest> {
        let to = EmailAddress::parse(&letter.to).ok()?;
        let key = self.keyring.mac_key(Purpose::AddressIndex);
        Some(Digest::keyed(key.as_bytes(), &[to.canonical().as_bytes()]))
    }

    async fn send(&self, letter: &OutboxLetter, opened: Option<Letter>) -> Result<(), MailError> {
        let now = self.clock.now();
        if is_late(letter, now) {
            return Err(MailError::Permanent(
                "it came too late to be of use".to_owned(),
            ));
        }
        let opened =
            opened.ok_or_else(|| MailError::Permanent("it cannot be opened".to_owned()))?;
        let opened = opened.gathered(self.parts_of(letter).await?);
        self.transport.send(&opened, letter.id, now).await
    }

    /// What leaves as a part of this letter (TD-07). A part that cannot be opened is left out.
    async fn parts_of(&self, letter: &OutboxLetter) -> Result<Vec<Letter>, MailError> {
        if !letter.kind.is_gathered() {
            return Ok(Vec::new());
        }
        let id = letter.id;
        let parts = self.store.read(move |tx| tx.gathered_with(id)).await;
        let parts = parts.map_err(|failed| MailError::Temporary(failed.to_string()))?;
        let opened = parts
            .iter()
            .filter_map(|part| open_letter(&part.sealed, part.id, &self.keyring));
        Ok(opened.collect())
    }

    fn fate(&self, letter: &OutboxLetter, result: Result<(), MailError>) -> Fate {
        let now = self.clock.now();
        let error = match result {
            Ok(()) => return Fate::Sent(now),
            Err(MailError::Permanent(error) | MailError::Refused(error)) => {
                return Fate::Dead(error);
            }
            Err(MailError::Temporary(error)) => error,
        };
        let tried = usize::try_from(letter.attempts).unwrap_or(usize::MAX);
        let Some(delay) = RETRIES.get(tried.saturating_sub(1)) else {
            return Fate::Dead(error);
        };
        // Up to a tenth more, so that a server that comes back is not met by all at once.
        let spread = self
            .entropy
            .below(u64::try_from(delay.as_millis()).unwrap_or(0) / 10);
        let next = now + *delay + Duration::from_millis(spread);
        if is_late(letter, next) {
            return Fate::Dead(error);
        }
        Fate::Again(next, error)
    }
}

/// What a try says of the mailbox.
enum Heard {
    Taken(Digest),
    Refused(Digest),
}

impl Heard {
    fn of(mailbox: Option<Digest>, result: &Result<(), MailError>) -> Option<Self> {
        match result {
            Ok(()) => mailbox.map(Self::Taken),
            Err(MailError::Refused(_)) => mailbox.map(Self::Refused),
            Err(MailError::Permanent(_) | MailError::Temporary(_)) => None,
        }
    }
}

/// What becomes of a letter after a try.
enum Fate {
    Sent(Timestamp),
    Again(Timestamp, String),
    Dead(String),
}

impl Fate {
    /// As metrics name it (OTP-27).
    const fn outcome(&self, late: bool) -> &'static str {
        match self {
            Self::Sent(_) => "sent",
            Self::Again(..) => "deferred",
            Self::Dead(_) if late => "late",
            Self::Dead(_) => "refused",
        }
    }
}

fn is_late(letter: &OutboxLetter, at: Timestamp) -> bool {
    letter.not_after.is_some_and(|end| at > end)
}

#[cfg(test)]
pub(crate) mod tests;
