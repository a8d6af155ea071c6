use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use sekisho_model::{Digest, Timestamp};

use super::{Redis, keep_millis};
use crate::SessionError;

static SPREAD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("spread.lua")));
static AGREE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("agree.lua")));

impl Redis {
    pub(crate) async fn spread(
        &self,
        what: &Digest,
        places: &[Digest],
        window: Duration,
        now: Timestamp,
    ) -> Result<u32, SessionError> {
        let what = what.to_base64url();
        let mut call = SPREAD.key(format!("{}:spread:{what}", self.prefix));
        call.arg(keep_millis(now + window, now));
        for place in places {
            call.arg(place.to_base64url());
        }
        self.run(&call).await
    }

    pub(crate) async fn agree(
        &self,
        name: &str,
        candidate: &Digest,
        life: Duration,
        now: Timestamp,
    ) -> Result<Digest, SessionError> {
        let agreed: Vec<u8> = self
            .run(
                AGREE
                    .key(format!("{}:agreed:{name}", self.prefix))
                    .arg(candidate.as_bytes().as_slice())
                    .arg(keep_millis(now + life, now)),
            )
            .await?;
        Digest::from_slice(&agreed).ok_or(SessionError::Corrupt("agreed key"))
    }
}
