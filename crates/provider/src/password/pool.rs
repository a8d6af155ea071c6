use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::Block;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::record::Cost;
use crate::Failure;
use crate::rules::legacy_hash::Scheme;

/// How many hashes run at once and how long one may wait.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// Threads, each with a block of memory of its own that is used again and again.
    pub slots: usize,
    /// How many hashes may wait for a thread.
    pub queue: usize,
    /// Waiting longer than this is refused with `Retry-After` (PW-21).
    pub max_wait: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        let slots = thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            slots,
            queue: slots * 64,
            max_wait: Duration::from_secs(2),
        }
    }
}

/// One hash to compute.
pub(super) struct HashJob {
    pub(super) password: Zeroizing<Vec<u8>>,
    /// What another system made of the password first (PW-18).
    pub(super) scheme: Option<Scheme>,
    pub(super) salt: Vec<u8>,
    pub(super) cost: Cost,
}

/// A computed hash.
pub(super) struct Hashed {
    pub(super) output: Zeroizing<Vec<u8>>,
    /// How long the scheme of the other system took.
    pub(super) foreign: Duration,
    /// How long Argon2id took.
    pub(super) own: Duration,
}

struct Waiting {
    job: HashJob,
    answer: oneshot::Sender<Result<Hashed, Failure>>,
}

/// Threads that only hash, apart from the ones that answer requests.
#[derive(Debug)]
pub(super) struct HashPool {
    queue: SyncSender<Waiting>,
    max_wait: Duration,
    slots: usize,
}

impl HashPool {
    pub(super) fn start(settings: PoolSettings) -> Self {
        let (queue, jobs) = sync_channel(settings.queue.max(1));
        let jobs = Arc::new(Mutex::new(jobs));
        for slot in 0..settings.slots.max(1) {
            let jobs = Arc::clone(&jobs);
            let thread = thread::Builder::new().name(format!("hash-{slot}"));
            if let Err(error) = thread.spawn(move || work(&jobs)) {
                tracing::error!(%error, "a hash thread did not start");
            }
        }
        Self {
            queue,
            max_wait: settings.max_wait,
            slots: settings.slots.max(1),
        }
    }

    /// How many hashes at once keep every thread busy without filling the queue.
    pub(super) const fn width(&self) -> usize {
        self.slots.saturating_mul(8)
    }

    pub(super) async fn run(&self, job: HashJob) -> Result<Hashed, Failure> {
        let answered = self.submit(job)?;
        match tokio::time::timeout(self.max_wait, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// For work nobody waits for; the caller keeps to [`HashPool::width`].
    pub(super) async fn run_patiently(&self, job: HashJob) -> Result<Hashed, Failure> {
        self.submit(job)?.await.map_err(|_gone| busy())?
    }

    fn submit(&self, job: HashJob) -> Result<oneshot::Receiver<Result<Hashed, Failure>>, Failure> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Waiting { job, answer })
            .map_err(|refused| match refused {
                TrySendError::Full(_) | TrySendError::Disconnected(_) => busy(),
            })?;
        Ok(answered)
    }
}

fn busy() -> Failure {
    metrics::counter!("sekisho_password_hashes_refused_total").increment(1);
    Failure::Busy(super::Passwords::RETRY_AFTER)
}

fn work(jobs: &Mutex<Receiver<Waiting>>) {
    let mut memory: Vec<Block> = Vec::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Waiting { job, answer }) = next else {
            return;
        };
        if answer.is_closed() {
            continue; // the caller has given up
        }
        let hashed = hash(&job, &mut memory);
        metrics::counter!("sekisho_password_hashes_total").increment(1);
        drop(job);
        drop(answer.send(hashed));
    }
}

pub(super) fn hash(job: &HashJob, memory: &mut Vec<Block>) -> Result<Hashed, Failure> {
    let argon2 = job.cost.argon2().ok_or(Failure::Corrupt("password cost"))?;
    let blocks = job.cost.blocks();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let (digest, foreign) = match &job.scheme {
        None => (None, Duration::ZERO),
        Some(scheme) => {
            let (digest, took) = timed(|| scheme.digest(&job.password));
            (
                Some(digest.ok_or(Failure::Corrupt("password record"))?),
                took,
            )
        }
    };
    let input = digest.as_ref().unwrap_or(&job.password);
    let mut output = Zeroizing::new(vec![0; 32]);
    let used = memory.get_mut(..blocks).unwrap_or_default();
    let (hashed, own) =
        timed(|| argon2.hash_password_into_with_memory(input, &job.salt, &mut output, used));
    hashed.map_err(|_refused| Failure::Corrupt("password record"))?;
    Ok(Hashed {
        output,
        foreign,
        own,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures work of this machine, decides nothing about a moment"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = std::time::Instant::now();
    let done = work();
    (done, begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> HashJob {
        HashJob {
            password: Zeroizing::new(b"p".to_vec()),
            scheme: None,
            salt: vec![1; 16],
            cost: Cost::FLOOR,
        }
    }

    #[tokio::test]
    async fn reused_memory_gives_the_same_hash() {
        let pool = HashPool::start(PoolSettings {
            slots: 1,
            ..PoolSettings::default()
        });
        let first = pool.run(job()).await.unwrap();
        let dearer = Cost {
            memory_kib: 30_000,
            ..Cost::FLOOR
        };
        pool.run(HashJob {
            cost: dearer,
            ..job()
        })
        .await
        .unwrap();
        assert_eq!(*first.output, *pool.run(job()).await.unwrap().output);
    }

    #[tokio::test]
    async fn pw_21_a_flood_is_refused_at_once_instead_of_waiting() {
        let pool = HashPool::start(PoolSettings {
            slots: 1,
            queue: 1,
            max_wait: Duration::from_secs(2),
        });
        let many = (0..20).map(|_| pool.run(job()));
        let results = futures_util::future::join_all(many).await;
        let refused = results
            .iter()
            .filter(|result| matches!(result, Err(Failure::Busy(_))))
            .count();
        assert!(refused >= 15, "{refused} refused");
        assert!(results.iter().any(Result::is_ok));
    }
}
