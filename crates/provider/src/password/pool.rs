use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use argon2::Block;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::line::{Bounds, Lane, Line, Patience};
use super::record::Cost;
use crate::Failure;
use crate::rules::legacy_hash::Scheme;

/// How many hashes run at once, in how much memory, and how long one may wait.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// Threads, each with a block of memory of its own that is used again and again.
    pub slots: usize,
    /// How many hashes may wait for a thread; fewer, if they would wait for longer than `max_wait`.
    pub queue: usize,
    /// Waiting longer than this for a thread is refused with `Retry-After` (PW-21).
    pub max_wait: Duration,
    /// Memory of all hashes together. `None`: an ordinary one for each slot, and one of the dearest that are imported.
    pub memory_kib: Option<u64>,
}

impl Default for PoolSettings {
    fn default() -> Self {
        let slots = thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            slots,
            queue: slots * 64,
            max_wait: Duration::from_secs(2),
            memory_kib: None,
        }
    }
}

impl PoolSettings {
    /// What all hashes together may take when an ordinary one costs `cost`.
    pub fn memory_kib(&self, cost: Cost) -> u64 {
        let slots = u64::try_from(self.slots.max(1)).unwrap_or(u64::MAX);
        self.memory_kib.unwrap_or_else(|| {
            slots
                .saturating_mul(cost.kib())
                .saturating_add(u64::from(Cost::CEILING.memory_kib))
        })
    }

    fn bounds(&self, cost: Cost) -> Bounds {
        let slots = self.slots.max(1);
        let kept = u64::try_from(slots)
            .unwrap_or(u64::MAX)
            .saturating_mul(cost.kib());
        Bounds {
            slots,
            max_wait: self.max_wait,
            most: self.queue.max(1),
            spare_kib: self.memory_kib(cost).saturating_sub(kept),
        }
    }
}

/// The hashes of one password, in every form in which it is tried.
pub(super) struct HashJob {
    pub(super) forms: Vec<Zeroizing<Vec<u8>>>,
    /// What another system made of the password first (PW-18).
    pub(super) scheme: Option<Scheme>,
    pub(super) salt: Vec<u8>,
    pub(super) cost: Cost,
    /// Another cost that is paid as well, so that every record costs what a new one does (PW-20).
    pub(super) beside: Option<Cost>,
}

impl HashJob {
    /// The hash of one password at one cost.
    pub(super) fn of(password: Zeroizing<Vec<u8>>, salt: &[u8], cost: Cost) -> Self {
        Self {
            forms: vec![password],
            scheme: None,
            salt: salt.to_vec(),
            cost,
            beside: None,
        }
    }

    /// Memory it needs.
    fn kib(&self) -> u64 {
        let own = self.cost.kib();
        let own = own.max(self.beside.map_or(0, Cost::kib));
        own.saturating_add(self.scheme.as_ref().map_or(0, Scheme::memory_kib))
    }
}

/// Computed hashes.
pub(super) struct Hashed {
    /// One for each form.
    pub(super) outputs: Vec<Zeroizing<Vec<u8>>>,
    /// How long it took beyond Argon2id at the present cost, for one form.
    pub(super) beyond: Duration,
    /// How long Argon2id took.
    pub(super) own: Duration,
}

impl Hashed {
    /// The hash of a job with one form.
    pub(super) fn only(self) -> Zeroizing<Vec<u8>> {
        self.outputs.into_iter().next().unwrap_or_default()
    }
}

struct Asked {
    job: HashJob,
    /// Told when its turn has come: from then on the caller waits for as long as it takes.
    started: oneshot::Sender<()>,
    answer: oneshot::Sender<Result<Hashed, Failure>>,
}

/// A hash on its way.
struct Coming {
    started: oneshot::Receiver<()>,
    answer: oneshot::Receiver<Result<Hashed, Failure>>,
}

impl Coming {
    /// PW-21: only the wait for a turn is bounded. A hash that is being computed is waited for, or the work of
    /// a full house would be thrown away just before it is done.
    async fn within(self, max_wait: Duration) -> Result<Hashed, Failure> {
        match tokio::time::timeout(max_wait, self.started).await {
            Ok(Ok(())) => self.answer.await.map_err(|_gone| busy())?,
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}

struct State {
    line: Line<Asked>,
    /// Nothing is begun while somebody holds the pool.
    held: usize,
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    begun: Instant,
    /// Memory a thread keeps between two hashes.
    kept_blocks: usize,
    kept_kib: u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn; `None` when the pool is closed.
    fn next(&self) -> Option<(Asked, u64)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let now = self.begun.elapsed();
            if state.held == 0
                && let Some(next) = state.line.next(now)
            {
                return Some(next);
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, extra_kib: u64, took: Option<Duration>) {
        self.lock().line.done(extra_kib, took);
        // Memory became free: whoever waited for it may be served by another thread.
        self.changed.notify_all();
    }
}

/// Threads that only hash, apart from the ones that answer requests.
pub(super) struct HashPool {
    shared: Arc<Shared>,
    settings: PoolSettings,
}

impl std::fmt::Debug for HashPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.settings.fmt(f)
    }
}

impl HashPool {
    /// Starts the threads; an ordinary hash costs `cost`.
    pub(super) fn start(settings: PoolSettings, cost: Cost) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                line: Line::new(settings.bounds(cost)),
                held: 0,
                closed: false,
            }),
            changed: Condvar::new(),
            begun: now(),
            kept_blocks: cost.blocks(),
            kept_kib: cost.kib(),
        });
        for slot in 0..settings.slots.max(1) {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(format!("hash-{slot}"));
            if let Err(error) = thread.spawn(move || work(&shared)) {
                tracing::error!(%error, "a hash thread did not start");
            }
        }
        Self { shared, settings }
    }

    /// How many hashes at once keep every thread busy without filling the queue.
    pub(super) fn width(&self) -> usize {
        self.settings.slots.max(1).saturating_mul(8)
    }

    /// For work that a person waits for.
    pub(super) async fn run(&self, job: HashJob, lane: Lane) -> Result<Hashed, Failure> {
        let coming = self.submit(job, (lane, Patience::Short))?;
        coming.within(self.settings.max_wait).await
    }

    /// For work nobody waits for; the caller keeps to [`HashPool::width`].
    pub(super) async fn run_patiently(&self, job: HashJob) -> Result<Hashed, Failure> {
        let coming = self.submit(job, (Lane::Making, Patience::Endless))?;
        coming.answer.await.map_err(|_gone| busy())?
    }

    /// Whether a hash of this scheme, wrapped at `cost`, fits in the memory there is.
    pub(super) fn holds(&self, scheme: &Scheme, cost: Cost) -> bool {
        let kib = cost.kib().saturating_add(scheme.memory_kib());
        let extra_kib = kib.saturating_sub(self.shared.kept_kib);
        self.shared.lock().line.fits(extra_kib)
    }

    /// Begins no hash until what it gives is dropped.
    pub(super) fn hold(&self) -> Held {
        self.shared.lock().held += 1;
        Held(Arc::clone(&self.shared))
    }

    fn submit(&self, job: HashJob, how: (Lane, Patience)) -> Result<Coming, Failure> {
        let (started, has_started) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let extra_kib = job.kib().saturating_sub(self.shared.kept_kib);
        let asked = Asked {
            job,
            started,
            answer,
        };
        let now = self.shared.begun.elapsed();
        let mut state = self.shared.lock();
        if !state.line.fits(extra_kib) {
            tracing::error!(
                kib = extra_kib,
                "a password record needs more memory than password.hash_memory_mib allows"
            );
            return Err(busy());
        }
        if !state.line.join(asked, extra_kib, how, now) {
            return Err(busy());
        }
        drop(state);
        self.shared.changed.notify_one();
        Ok(Coming {
            started: has_started,
            answer: answered,
        })
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

/// While it is there, no hash is begun: what else a server does must not need one (PW-21).
pub struct Held(Arc<Shared>);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.held = state.held.saturating_sub(1);
        drop(state);
        self.0.changed.notify_all();
    }
}

fn busy() -> Failure {
    metrics::counter!("sekisho_password_hashes_refused_total").increment(1);
    Failure::Busy(super::Passwords::RETRY_AFTER)
}

fn work(shared: &Shared) {
    let mut memory: Vec<Block> = Vec::new();
    while let Some((asked, extra_kib)) = shared.next() {
        // Whoever has given up does not hear it.
        let took = match asked.started.send(()) {
            Ok(()) => Some(computed(asked.job, asked.answer, &mut memory)),
            Err(()) => None,
        };
        if memory.len() > shared.kept_blocks {
            memory.truncate(shared.kept_blocks);
            memory.shrink_to_fit();
        }
        shared.done(extra_kib, took);
    }
}

/// Computes and answers. A panic is this hash's alone: the thread goes on with new memory.
fn computed(
    job: HashJob,
    answer: oneshot::Sender<Result<Hashed, Failure>>,
    memory: &mut Vec<Block>,
) -> Duration {
    let (hashed, took) = timed(|| unharmed(memory, |memory| hash(&job, memory)));
    metrics::counter!("sekisho_password_hashes_total").increment(1);
    drop(job);
    drop(answer.send(hashed));
    took
}

fn unharmed(
    memory: &mut Vec<Block>,
    work: impl FnOnce(&mut Vec<Block>) -> Result<Hashed, Failure>,
) -> Result<Hashed, Failure> {
    catch_unwind(AssertUnwindSafe(|| work(memory))).unwrap_or_else(|_panic| {
        tracing::error!("a password hash panicked");
        *memory = Vec::new();
        Err(Failure::Corrupt("password record"))
    })
}

pub(super) fn hash(job: &HashJob, memory: &mut Vec<Block>) -> Result<Hashed, Failure> {
    let mut hashed = Hashed {
        outputs: Vec::new(),
        beyond: Duration::ZERO,
        own: Duration::ZERO,
    };
    for form in &job.forms {
        let (digest, foreign) = match &job.scheme {
            None => (None, Duration::ZERO),
            Some(scheme) => timed(|| scheme.digest(form)),
        };
        if job.scheme.is_some() && digest.is_none() {
            return Err(Failure::Corrupt("password record"));
        }
        let input = digest.as_ref().unwrap_or(form);
        let (output, own) = timed(|| argon2id(input, &job.salt, job.cost, memory));
        let output = output?;
        hashed.beyond += foreign;
        hashed.own += own;
        if let Some(present) = job.beside {
            argon2id(&output, &[0; 16], present, memory)?;
            hashed.beyond += own;
        }
        hashed.outputs.push(output);
    }
    let forms = u32::try_from(job.forms.len()).unwrap_or(u32::MAX).max(1);
    hashed.beyond /= forms;
    Ok(hashed)
}

fn argon2id(
    input: &[u8],
    salt: &[u8],
    cost: Cost,
    memory: &mut Vec<Block>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let argon2 = cost.argon2().ok_or(Failure::Corrupt("password cost"))?;
    let blocks = cost.blocks();
    if memory.len() < blocks {
        // Not as much again for good measure, as `resize` alone would.
        memory.reserve_exact(blocks.saturating_sub(memory.len()));
        memory.resize(blocks, Block::new());
    }
    let used = memory.get_mut(..blocks).unwrap_or_default();
    let mut output = Zeroizing::new(vec![0; 32]);
    argon2
        .hash_password_into_with_memory(input, salt, &mut output, used)
        .map_err(|_refused| Failure::Corrupt("password record"))?;
    Ok(output)
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures work of this machine, decides nothing about a moment"
)]
fn now() -> Instant {
    Instant::now()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = now();
    let done = work();
    (done, begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::legacy_hash::ForeignHash;

    fn job() -> HashJob {
        HashJob::of(Zeroizing::new(b"p".to_vec()), &[1; 16], Cost::FLOOR)
    }

    fn pool(slots: usize, queue: usize) -> HashPool {
        let settings = PoolSettings {
            slots,
            queue,
            max_wait: Duration::from_mins(5),
            memory_kib: None,
        };
        HashPool::start(settings, Cost::FLOOR)
    }

    #[tokio::test]
    async fn reused_memory_gives_the_same_hash() {
        let pool = pool(1, 64);
        let first = pool.run(job(), Lane::SignIn).await.unwrap();
        let dearer = Cost {
            memory_kib: 30_000,
            ..Cost::FLOOR
        };
        let dear = HashJob {
            cost: dearer,
            ..job()
        };
        pool.run(dear, Lane::SignIn).await.unwrap();
        let again = pool.run(job(), Lane::SignIn).await.unwrap();
        assert_eq!(*first.only(), *again.only());
    }

    #[tokio::test]
    async fn pw_21_a_flood_is_refused_at_once_instead_of_waiting() {
        let pool = pool(1, 1);
        let many = (0..20).map(|_| pool.run(job(), Lane::SignIn));
        let results = futures_util::future::join_all(many).await;
        let refused = results
            .iter()
            .filter(|result| matches!(result, Err(Failure::Busy(_))))
            .count();
        assert!(refused >= 15, "{refused} refused");
        assert!(results.iter().any(Result::is_ok));
    }

    #[tokio::test]
    async fn pw_21_a_hash_that_was_begun_is_waited_for() {
        let (started, has_started) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let coming = Coming {
            started: has_started,
            answer: answered,
        };
        started.send(()).unwrap();
        let told = async {
            // The wait is over long before the hash is.
            tokio::task::yield_now().await;
            let hashed = hash(&job(), &mut Vec::new());
            assert!(answer.send(hashed).is_ok());
        };
        let (hashed, ()) = tokio::join!(coming.within(Duration::ZERO), told);
        assert!(hashed.is_ok());
    }

    #[tokio::test]
    async fn pw_21_what_nobody_waits_for_is_not_computed() {
        let pool = pool(1, 64);
        let held = pool.hold();
        let given_up = pool.submit(job(), (Lane::SignIn, Patience::Short)).unwrap();
        drop(given_up);
        let waits = pool.submit(job(), (Lane::SignIn, Patience::Short)).unwrap();
        drop(held);
        assert!(waits.within(Duration::from_mins(5)).await.is_ok());
    }

    #[tokio::test]
    async fn pw_21_a_pool_that_is_held_refuses_when_the_wait_is_over() {
        let settings = PoolSettings {
            max_wait: Duration::ZERO,
            ..PoolSettings::default()
        };
        let pool = HashPool::start(settings, Cost::FLOOR);
        let _held = pool.hold();
        let refused = pool.run(job(), Lane::SignIn).await;
        assert!(matches!(refused, Err(Failure::Busy(_))));
    }

    #[test]
    fn a_panic_ends_one_hash_and_not_its_thread() {
        let mut memory = vec![Block::new(); 8];
        let ended = unharmed(&mut memory, |_| panic!("as a hash might"));
        assert!(matches!(ended, Err(Failure::Corrupt(_))));
        assert!(memory.is_empty(), "what it left half written is gone");
    }

    #[tokio::test]
    async fn pw_21_a_record_dearer_than_all_the_memory_is_not_begun() {
        let settings = PoolSettings {
            slots: 1,
            memory_kib: Some(19_456 + 1_024),
            ..PoolSettings::default()
        };
        let pool = HashPool::start(settings, Cost::FLOOR);
        let scrypt = |log_n: u8| {
            let text = format!("$scrypt$ln={log_n},r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA");
            ForeignHash::parse(&text).unwrap().scheme
        };
        // 1 MiB, and 2 MiB.
        for (log_n, fits) in [(10, true), (11, false)] {
            assert_eq!(pool.holds(&scrypt(log_n), Cost::FLOOR), fits);
            let job = HashJob {
                scheme: Some(scrypt(log_n)),
                ..job()
            };
            assert_eq!(pool.run(job, Lane::SignIn).await.is_ok(), fits);
        }
    }
}
