use std::sync::LazyLock;

use redis::{Script, ScriptInvocation};
use sekisho_model::Timestamp;

use super::Redis;
use crate::{CounterKey, Limit, SessionError, Verdict};

static COUNT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("count.lua")));
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("give_back.lua")));
static FORGET: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('DEL', unpack(KEYS))\nreturn 1"));

impl Redis {
    pub(crate) async fn count(
        &self,
        limits: &[Limit],
        now: Timestamp,
    ) -> Result<Verdict, SessionError> {
        self.judge(limits, now, "count").await
    }

    pub(crate) async fn look(
        &self,
        limits: &[Limit],
        now: Timestamp,
    ) -> Result<Verdict, SessionError> {
        self.judge(limits, now, "look").await
    }

    pub(crate) async fn give_back(
        &self,
        keys: &[CounterKey],
        counted_at: Timestamp,
    ) -> Result<(), SessionError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut script = self.with_keys(&GIVE_BACK, keys.iter());
        self.run(script.arg(counted_at.micros())).await
    }

    pub(crate) async fn forget(&self, keys: &[CounterKey]) -> Result<(), SessionError> {
        if keys.is_empty() {
            return Ok(());
        }
        self.run(&self.with_keys(&FORGET, keys.iter())).await
    }

    async fn judge(
        &self,
        limits: &[Limit],
        now: Timestamp,
        purpose: &str,
    ) -> Result<Verdict, SessionError> {
        if limits.is_empty() {
            return Ok(Verdict::Within);
        }
        let mut script = self.with_keys(&COUNT, limits.iter().map(|limit| &limit.key));
        script.arg(now.micros()).arg(purpose);
        for limit in limits {
            let window = i64::try_from(limit.window.as_micros()).unwrap_or(i64::MAX);
            script.arg(limit.max).arg(window);
        }
        let (which, until): (usize, i64) = self.run(&script).await?;
        Ok(which
            .checked_sub(1)
            .map_or(Verdict::Within, |which| Verdict::Over {
                which,
                until: Timestamp::from_micros(until),
            }))
    }

    /// All counters carry the same hash tag, so that one script may touch several in a cluster.
    fn with_keys<'a>(
        &self,
        script: &'a Script,
        keys: impl Iterator<Item = &'a CounterKey>,
    ) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            let digest = key.digest.to_base64url();
            invocation.key(format!("{{{}:count}}:{}:{digest}", self.prefix, key.name));
        }
        invocation
    }
}
