//! The line to Redis: callers share one connection. When it is lost they are told so at once, while
//! a background task connects again; a sign-in must not hang because Redis does (FAIL-01).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};
use tokio::sync::Notify;

use super::address::Address;
use super::connect::{Said, Wire, connect};
use super::memory_policy::warn_unless_kept;
use crate::SessionError;

/// How long an answer may take in all.
const ANSWER: Duration = Duration::from_millis(1200);
/// How long to wait between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Link(Arc<Line>);

struct Line {
    address: Address,
    /// Where nodes tell each other that there is news.
    channel: String,
    /// Told of news, and after each new connection: something may have been missed.
    news: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    wire: Option<Wire>,
    /// Counts connections, so that bad news of an old one does not cut a new one.
    generation: u64,
    mending: bool,
}

impl Link {
    /// Connects; if that takes too long or fails, it goes on in the background.
    pub(super) async fn open(address: Address, channel: String) -> Self {
        let line = Arc::new(Line {
            address,
            channel,
            news: Notify::new(),
            state: Mutex::default(),
        });
        if let Err(error) = line.connect().await {
            tracing::warn!(%error, "redis is not reachable; trying on");
            line.mend();
        }
        Self(line)
    }

    /// Makes one call, or says at once that there is no connection.
    pub(super) async fn call<T>(
        &self,
        call: impl AsyncFnOnce(&mut Wire) -> RedisResult<T>,
    ) -> Result<T, SessionError> {
        let (mut wire, generation) = self.0.wire()?;
        let failure = match tokio::time::timeout(ANSWER, call(&mut wire)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_elapsed) => silence(),
        };
        if is_lost(&failure) {
            self.0.lose(generation, &failure.to_string());
        }
        Err(match failure.kind() {
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => SessionError::Corrupt("answer"),
            _ => SessionError::Unavailable(failure.to_string()),
        })
    }
}

impl Link {
    /// Tells every node that listens.
    pub(super) async fn announce(&self) -> Result<(), SessionError> {
        let publish = async |wire: &mut Wire| {
            let mut publish = redis::cmd("PUBLISH");
            publish.arg(&self.0.channel).arg("");
            publish.query_async::<i64>(wire).await
        };
        self.call(publish).await?;
        Ok(())
    }

    /// Waits for news.
    pub(super) async fn news(&self) {
        self.0.news.notified().await;
    }
}

impl Line {
    fn wire(&self) -> Result<(Wire, u64), SessionError> {
        let state = self.state();
        let wire = state.wire.clone();
        let wire = wire.ok_or_else(|| SessionError::Unavailable("no connection".to_owned()))?;
        Ok((wire, state.generation))
    }

    async fn connect(self: &Arc<Self>) -> RedisResult<()> {
        let generation = self.state().generation.wrapping_add(1);
        let line = Arc::downgrade(self);
        let on_push = move |said: Said| {
            let Some(line) = line.upgrade() else {
                return;
            };
            match said {
                Said::Farewell => line.lose(generation, "the connection ended"),
                Said::News => line.news.notify_one(),
            }
        };
        let open = async {
            let mut wire = connect(&self.address, ANSWER, &self.channel, on_push).await?;
            redis::cmd("PING").query_async::<String>(&mut wire).await?;
            warn_unless_kept(&mut wire).await;
            Ok(wire)
        };
        let wire = tokio::time::timeout(ANSWER, open)
            .await
            .unwrap_or_else(|_elapsed| Err(silence()))?;
        let mut state = self.state();
        state.wire = Some(wire);
        state.generation = generation;
        state.mending = false;
        drop(state);
        self.news.notify_one();
        Ok(())
    }

    /// Lets go of a connection that is of no use any more.
    fn lose(self: &Arc<Self>, generation: u64, reason: &str) {
        let mut state = self.state();
        if state.generation != generation || state.wire.take().is_none() {
            return;
        }
        drop(state);
        tracing::warn!(reason, "the connection to redis was lost; connecting again");
        self.mend();
    }

    /// Connects again in the background, until it works or nobody holds the session any more.
    fn mend(self: &Arc<Self>) {
        if std::mem::replace(&mut self.state().mending, true) {
            return;
        }
        let line = Arc::downgrade(self);
        let _detached = tokio::spawn(reconnect(line));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a background loop that waits between attempts"
)]
async fn reconnect(line: Weak<Line>) {
    loop {
        let Some(line) = line.upgrade() else {
            return;
        };
        match line.connect().await {
            Ok(()) => {
                tracing::info!("redis is reachable again");
                return;
            }
            Err(error) => tracing::debug!(%error, "redis is still not reachable"),
        }
        drop(line);
        tokio::time::sleep(PAUSE).await;
    }
}

fn silence() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Whether another connection may help: this one is broken, silent, or its server lost its lead.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
