//! Opens the stores under test, and runs many callers at once.

use std::time::Duration;

use sekisho_model::{Digest, Timestamp};
use sekisho_session::Session;

/// Writes a test for each store from a function that takes a session.
macro_rules! on_each_store {
    ($($(#[$doc:meta])* async fn $name:ident($session:ident: Session) $body:block)+) => {
        $($(#[$doc])* async fn $name($session: Session) $body)+

        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::memory()).await;
            })+
        }

        #[cfg(feature = "redis")]
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::redis().await).await;
            })+
        }
    };
}
pub(crate) use on_each_store;

pub(crate) fn memory() -> Session {
    Session::in_memory()
}

#[cfg(feature = "redis")]
pub(crate) async fn redis() -> Session {
    Session::open_with_prefix(&redis_url(), &random_prefix())
        .await
        .unwrap()
}

#[cfg(feature = "redis")]
#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a missing test server is a failure, not a skipped test"
)]
pub(crate) fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL").expect(
        "TEST_REDIS_URL is not set: the cargo feature `redis` is on, so these tests need a Redis",
    )
}

#[cfg(feature = "redis")]
pub(crate) fn random_prefix() -> String {
    use sekisho_model::{ChallengeId, OsEntropy};
    format!("test-{}", ChallengeId::generate(&OsEntropy::new()))
}

/// A moment on the tests' clock.
pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// Runs `count` of the same call at once; what each got.
pub(crate) async fn at_once<T, F>(count: usize, call: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let started: Vec<_> = (0..count).map(|n| tokio::spawn(call(n))).collect();
    let mut got = Vec::with_capacity(count);
    for running in started {
        got.push(running.await.unwrap());
    }
    got
}
