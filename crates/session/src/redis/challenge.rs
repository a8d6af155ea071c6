use std::sync::LazyLock;

use redis::Script;
use sekisho_model::{ChallengeId, Digest, Timestamp};

use super::{Redis, keep_millis};
use crate::challenge::NextCode;
use crate::{Attempt, NewChallenge, Renewal, SessionError};

static OPEN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("open_challenge.lua")));
static TRY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("try_code.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("renew_challenge.lua")));
static CLOSE: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('DEL', KEYS[1])\nreturn 1"));

impl Redis {
    pub(crate) async fn open_challenge(
        &self,
        new: &NewChallenge,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        self.run(
            OPEN.key(self.challenge_key(&new.id))
                .arg(new.mac.as_bytes())
                .arg(new.binding.as_bytes())
                .arg(new.max_tries)
                .arg(new.max_sends.saturating_sub(1))
                .arg(new.expires_at.min(new.closes_at).micros())
                .arg(new.closes_at.micros())
                .arg(new.resend_after.micros())
                .arg(keep_millis(new.closes_at, now)),
        )
        .await
    }

    pub(crate) async fn try_code(
        &self,
        id: &ChallengeId,
        mac: &Digest,
        binding: &Digest,
        now: Timestamp,
    ) -> Result<Attempt, SessionError> {
        let (outcome, left): (String, u8) = self
            .run(
                TRY.key(self.challenge_key(id))
                    .arg(mac.as_bytes())
                    .arg(binding.as_bytes())
                    .arg(now.micros()),
            )
            .await?;
        match outcome.as_str() {
            "right" => Ok(Attempt::Right),
            "wrong" => Ok(Attempt::Wrong { left }),
            "stopped" => Ok(Attempt::Stopped),
            "earlier" => Ok(Attempt::Earlier { left }),
            "expired" => Ok(Attempt::Expired),
            "gone" => Ok(Attempt::Gone),
            _ => Err(SessionError::Corrupt("attempt")),
        }
    }

    pub(crate) async fn renew_challenge(
        &self,
        id: &ChallengeId,
        binding: &Digest,
        next: &NextCode,
        now: Timestamp,
    ) -> Result<Renewal, SessionError> {
        let (outcome, figure): (String, i64) = self
            .run(
                RENEW
                    .key(self.challenge_key(id))
                    .arg(next.mac.as_bytes())
                    .arg(binding.as_bytes())
                    .arg(now.micros())
                    .arg(next.expires_at.micros())
                    .arg(next.resend_after.micros()),
            )
            .await?;
        match outcome.as_str() {
            "renewed" => Ok(Renewal::Renewed {
                sends_left: u8::try_from(figure).unwrap_or(0),
            }),
            "too soon" => Ok(Renewal::TooSoon {
                until: Timestamp::from_micros(figure),
            }),
            "exhausted" => Ok(Renewal::Exhausted),
            "gone" => Ok(Renewal::Gone),
            _ => Err(SessionError::Corrupt("renewal")),
        }
    }

    pub(crate) async fn close_challenge(&self, id: &ChallengeId) -> Result<(), SessionError> {
        self.run(&CLOSE.key(self.challenge_key(id))).await
    }

    fn challenge_key(&self, id: &ChallengeId) -> String {
        format!("{}:challenge:{id}", self.prefix)
    }
}
