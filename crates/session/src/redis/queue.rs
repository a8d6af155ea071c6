use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use sekisho_model::{Digest, Timestamp};

use super::Redis;
use crate::{QueuePlace, QueueRules, QueueSource, SessionError};

static QUEUE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("queue.lua")));

impl Redis {
    pub(crate) async fn queue_up(
        &self,
        ticket: &Digest,
        sources: &[QueueSource],
        rules: &QueueRules,
        now: Timestamp,
    ) -> Result<QueuePlace, SessionError> {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let ticket = ticket.to_base64url();
        let mut script = QUEUE.prepare_invoke();
        for part in ["waiting", "seen", "state", "turns"] {
            script.key(format!("{{{}:queue}}:{part}", self.prefix));
        }
        script.key(format!("{{{}:queue}}:pass:{ticket}", self.prefix));
        script
            .arg(now.micros())
            .arg(&ticket)
            .arg(micros(rules.wave))
            .arg(rules.wave_size)
            .arg(rules.most_waiting)
            .arg(rules.deepest)
            .arg(micros(rules.pass))
            .arg(micros(rules.absent))
            .arg(rules.front);
        for source in sources {
            script.arg(source.name.to_base64url()).arg(source.turns);
        }
        let (place, ahead): (u8, u64) = self.run(&script).await?;
        match place {
            1 => Ok(QueuePlace::Inside),
            2 => Ok(QueuePlace::Waiting { ahead }),
            3 => Ok(QueuePlace::Full),
            _ => Err(SessionError::Corrupt("place in a queue")),
        }
    }
}
