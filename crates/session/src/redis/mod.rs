//! The store in Redis (6 or later, or Valkey): alone, behind Sentinel, or a cluster.
//!
//! Each act is one Lua script, so it is atomic and one round trip. Values carry their own expiry and
//! compare it with the caller's `now`; the time to live that Redis is told is only its clean-up.
//! A script touches keys of one cluster slot only: its one key, or counters, which share a slot.

mod address;
mod challenge;
mod connect;
mod counter;
mod link;
mod memory_policy;
mod parked;
mod queue;
mod replay;
mod spread;

use std::time::Duration;

use redis::{FromRedisValue, ScriptInvocation};
use sekisho_model::Timestamp;

use crate::SessionError;
use address::Address;
use link::Link;

pub(crate) struct Redis {
    link: Link,
    prefix: String,
}

impl Redis {
    pub(crate) async fn open(url: &str, prefix: &str) -> Result<Self, SessionError> {
        let address = Address::parse(url)?;
        Ok(Self {
            link: Link::open(address, format!("{prefix}:news")).await,
            prefix: prefix.to_owned(),
        })
    }

    pub(crate) async fn ping(&self) -> Result<(), SessionError> {
        self.link
            .call(async |wire| redis::cmd("PING").query_async::<String>(wire).await)
            .await?;
        Ok(())
    }

    pub(crate) async fn evicting_policy(&self) -> Result<Option<String>, SessionError> {
        let info = self.link.call(async |wire| {
            let mut info = redis::cmd("INFO");
            info.arg("memory").query_async::<redis::Value>(wire).await
        });
        Ok(memory_policy::evicting_policy(&info.await?))
    }

    pub(crate) async fn announce(&self) -> Result<(), SessionError> {
        self.link.announce().await
    }

    pub(crate) async fn news(&self) {
        self.link.news().await;
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, SessionError> {
        self.link
            .call(async |wire| script.invoke_async(wire).await)
            .await
    }
}

/// What Redis is told to keep a value for: the rest of its life, at least a second.
fn keep_millis(expires_at: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(
        expires_at
            .since(now)
            .max(Duration::from_secs(1))
            .as_millis(),
    )
    .unwrap_or(u64::MAX)
}
