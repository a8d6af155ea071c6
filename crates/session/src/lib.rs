//! What is shared by all nodes and short-lived: pending sign-ins, mailed-code challenges, throttle
//! counters, replay ids. In this process (`memory:`) or in Redis (cargo feature `redis`).
//!
//! Start at [`Session`]. Nothing durable lives here: single use is made durable in SQL (OTP-08).
//! Invariants:
//! - `now` is always an argument; a record is gone once `now` reaches its expiry, whatever the
//!   backend's own clean-up does;
//! - every method is one atomic step, however many nodes call it at once;
//! - a method answers within 1.5 s, also when Redis is away ([`SessionError::Unavailable`]);
//! - nothing that protects (a counter, a replay id) is ever dropped to make room.
#![cfg_attr(
    not(feature = "redis"),
    expect(clippy::unused_async, reason = "only Redis makes callers wait")
)]

mod challenge;
mod counter;
mod memory;
mod parked;
mod queue;
#[cfg(feature = "redis")]
mod redis;
mod replay;
mod spread;

use std::fmt;
use std::sync::Arc;

pub use challenge::{Attempt, NewChallenge, Renewal};
pub use counter::{CounterKey, Limit, Verdict};
pub use parked::{Parked, ParkedKind};
pub use queue::{QueuePlace, QueueRules, QueueSource};

use memory::Memory;
#[cfg(feature = "redis")]
use redis::Redis;

/// The first part of every Redis key, unless [`Session::open_with_prefix`] says otherwise.
const PREFIX: &str = "sekisho";

/// Why the session store could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// It could not be reached, did not answer in time, or has no room left.
    #[error("session store is not available: {0}")]
    Unavailable(String),
    /// It answered something this version did not write.
    #[error("session store holds an unreadable {0}")]
    Corrupt(&'static str),
    /// The address names no store this build can open.
    #[error("session url is not supported: {0}")]
    UrlNotSupported(String),
}

/// The store of what is shared and short-lived; cheap to clone.
#[derive(Clone)]
pub struct Session(Arc<Backend>);

enum Backend {
    Memory(Box<Memory>),
    #[cfg(feature = "redis")]
    Redis(Redis),
    Away,
}

/// Calls the method of the same name on whichever backend is open.
macro_rules! on_backend {
    ($session:expr, $method:ident($($argument:expr),*)) => {
        match &*$session.0 {
            $crate::Backend::Memory(memory) => memory.$method($($argument),*),
            #[cfg(feature = "redis")]
            $crate::Backend::Redis(redis) => redis.$method($($argument),*).await,
            $crate::Backend::Away => Err($crate::SessionError::Unavailable("it is away".to_owned())),
        }
    };
}
use on_backend;

impl Session {
    /// Opens the store at `url`: `memory:`, `redis://`, `rediss://` (TLS), `redis+sentinel://a,b/service`,
    /// `redis+cluster://a,b` (`rediss+…` for TLS). Succeeds while Redis is down; it is reached later.
    pub async fn open(url: &str) -> Result<Self, SessionError> {
        Self::open_with_prefix(url, PREFIX).await
    }

    /// Like [`Self::open`], with Redis keys that begin with `prefix`, so that several houses can
    /// share one Redis.
    pub async fn open_with_prefix(url: &str, prefix: &str) -> Result<Self, SessionError> {
        if url == "memory:" {
            return Ok(Self::in_memory());
        }
        Self::open_redis(url, prefix).await
    }

    /// A store inside this process: for one node, and for tests.
    pub fn in_memory() -> Self {
        Self(Arc::new(Backend::Memory(Box::default())))
    }

    /// A store that never answers, to show what its users do then.
    pub fn away() -> Self {
        Self(Arc::new(Backend::Away))
    }

    /// How the store throws values away when it is full, if it does: that forgets attempts (THR-13).
    pub async fn evicting_policy(&self) -> Result<Option<String>, SessionError> {
        on_backend!(self, evicting_policy())
    }

    /// Whether everything here is gone when the process ends.
    pub fn forgets(&self) -> bool {
        matches!(&*self.0, Backend::Memory(_))
    }

    /// Asks whether the store answers.
    pub async fn ping(&self) -> Result<(), SessionError> {
        on_backend!(self, ping())
    }

    /// Tells every node, this one too, that the store has news. A hint and no more: who hears it asks the
    /// store, and who does not asks soon anyway.
    pub async fn announce(&self) -> Result<(), SessionError> {
        on_backend!(self, announce())
    }

    /// Waits until some node has announced news since the last time. Never returns while there is no
    /// connection. For one listener in a process.
    pub async fn news(&self) {
        match &*self.0 {
            Backend::Memory(memory) => memory.news().await,
            #[cfg(feature = "redis")]
            Backend::Redis(redis) => redis.news().await,
            Backend::Away => std::future::pending().await,
        }
    }

    #[cfg(feature = "redis")]
    async fn open_redis(url: &str, prefix: &str) -> Result<Self, SessionError> {
        let redis = Redis::open(url, prefix).await?;
        Ok(Self(Arc::new(Backend::Redis(redis))))
    }

    #[cfg(not(feature = "redis"))]
    async fn open_redis(url: &str, _prefix: &str) -> Result<Self, SessionError> {
        let scheme = url.split_once(':').map_or("(none)", |(scheme, _)| scheme);
        Err(SessionError::UrlNotSupported(format!(
            "scheme {scheme} (this build knows `memory:`; Redis needs the cargo feature `redis`)"
        )))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.0 {
            Backend::Memory(_) => "Session(memory)",
            #[cfg(feature = "redis")]
            Backend::Redis(_) => "Session(redis)",
            Backend::Away => "Session(away)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_address_is_refused_without_repeating_its_password() {
        let refusal = Session::open("mysql://me:geheim@host/db")
            .await
            .unwrap_err();
        assert!(matches!(&refusal, SessionError::UrlNotSupported(_)));
        assert!(!refusal.to_string().contains("geheim"), "{refusal}");
        assert!(Session::open("memory:").await.is_ok());
    }
}
