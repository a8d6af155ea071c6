use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use sekisho_model::Timestamp;

use super::{Redis, keep_millis};
use crate::{Parked, ParkedKind, SessionError};

static PARK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("park.lua")));
static PARKED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("parked.lua")));
static REPARK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("repark.lua")));
static UNPARK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("unpark.lua")));

impl Redis {
    pub(crate) async fn park(
        &self,
        kind: ParkedKind,
        id: &str,
        value: Vec<u8>,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        let expires_at = now + ttl;
        self.run(
            PARK.key(self.parked_key(kind, id))
                .arg(now.micros())
                .arg(value)
                .arg(expires_at.micros())
                .arg(keep_millis(expires_at, now)),
        )
        .await
    }

    pub(crate) async fn parked(
        &self,
        kind: ParkedKind,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Parked>, SessionError> {
        let key = self.parked_key(kind, id);
        let row: Option<(Vec<u8>, u64)> = self.run(PARKED.key(key).arg(now.micros())).await?;
        Ok(row.map(|(value, version)| Parked { value, version }))
    }

    pub(crate) async fn repark(
        &self,
        kind: ParkedKind,
        id: &str,
        next: Parked,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, SessionError> {
        let expires_at = now + ttl;
        self.run(
            REPARK
                .key(self.parked_key(kind, id))
                .arg(now.micros())
                .arg(next.value)
                .arg(next.version)
                .arg(expires_at.micros())
                .arg(keep_millis(expires_at, now)),
        )
        .await
    }

    pub(crate) async fn unpark(
        &self,
        kind: ParkedKind,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, SessionError> {
        let key = self.parked_key(kind, id);
        self.run(UNPARK.key(key).arg(now.micros())).await
    }

    fn parked_key(&self, kind: ParkedKind, id: &str) -> String {
        format!("{}:parked:{}:{id}", self.prefix, kind.name())
    }
}
