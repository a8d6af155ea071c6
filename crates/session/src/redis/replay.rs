use std::sync::LazyLock;

use redis::Script;
use sekisho_model::{Digest, Timestamp};

use super::{Redis, keep_millis};
use crate::SessionError;

static FIRST_USE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("first_use.lua")));

impl Redis {
    pub(crate) async fn first_use(
        &self,
        kind: &'static str,
        id: &Digest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, SessionError> {
        let id = id.to_base64url();
        self.run(
            FIRST_USE
                .key(format!("{}:replay:{kind}:{id}", self.prefix))
                .arg(now.micros())
                .arg(expires_at.micros())
                .arg(keep_millis(expires_at, now)),
        )
        .await
    }
}
