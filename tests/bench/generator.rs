//! The load generator: so many visitors, each asking again as soon as it was answered.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::machine::Usage;
use crate::wire::Connection;

/// One who asks. An answer that is not the expected one is an error.
pub trait Visitor: Send + 'static {
    fn act(&mut self) -> impl Future<Output = Result<(), String>> + Send;
}

/// The same request again and again over one connection.
pub struct Repeat {
    connection: Connection,
    request: Vec<u8>,
}

impl Repeat {
    /// As many visitors as there are `requests`.
    pub async fn all(address: &str, requests: Vec<Vec<u8>>) -> Result<Vec<Self>, String> {
        let mut visitors = Vec::new();
        for request in requests {
            let connection = Connection::open(address).await?;
            visitors.push(Self {
                connection,
                request,
            });
        }
        Ok(visitors)
    }
}

impl Visitor for Repeat {
    async fn act(&mut self) -> Result<(), String> {
        let answer = self.connection.ask(&self.request).await?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(format!("{}: {}", answer.status, answer.text()))
        }
    }
}

/// What one window of load showed.
#[derive(Debug, Clone)]
pub struct Window {
    pub per_second: f64,
    /// CPU of the server for one request.
    pub micros: f64,
    /// Share of a core that the server used.
    pub busy: f64,
    /// Share of a core that neither the server nor the generator used.
    pub other: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub errors: usize,
    pub first_error: Option<String>,
}

impl Window {
    /// Whether nobody else worked meanwhile, as far as it matters.
    pub fn is_quiet(&self) -> bool {
        self.other <= MOST_OTHER_WORK
    }
}

/// More than this share of a core used by others makes a window doubtful.
const MOST_OTHER_WORK: f64 = 0.08;

struct Seen<V> {
    visitor: V,
    took: Vec<Duration>,
    errors: Vec<String>,
}

/// Lets `visitors` ask for `length` after a short run-up, and gives them back.
pub async fn load<V: Visitor>(visitors: Vec<V>, server: u32, length: Duration) -> (Vec<V>, Window) {
    let begin = Instant::now() + length / 5;
    let end = begin + length;
    let mut running = JoinSet::new();
    for visitor in visitors {
        running.spawn(until(visitor, begin, end));
    }
    tokio::time::sleep_until(begin.into()).await;
    let (before, began) = (Usage::now(server), Instant::now());
    tokio::time::sleep_until(end.into()).await;
    let (after, took) = (Usage::now(server), began.elapsed());
    let (mut visitors, mut latencies, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(Ok(seen)) = running.join_next().await {
        visitors.push(seen.visitor);
        latencies.extend(seen.took);
        errors.extend(seen.errors);
    }
    latencies.sort_unstable();
    let (wall, count) = (took.as_secs_f64(), float(latencies.len()));
    let micros = after.server_micros(before);
    let window = Window {
        per_second: count / wall,
        micros: micros / count.max(1.0),
        busy: micros / 1e6 / wall,
        other: after.other_micros(before) / 1e6 / wall,
        p50: rank(&latencies, 50),
        p99: rank(&latencies, 99),
        errors: errors.len(),
        first_error: errors.into_iter().next(),
    };
    (visitors, window)
}

async fn until<V: Visitor>(mut visitor: V, begin: Instant, end: Instant) -> Seen<V> {
    let (mut took, mut errors) = (Vec::new(), Vec::new());
    let mut asked = Instant::now();
    while asked < end {
        let result = visitor.act().await;
        let answered = Instant::now();
        let inside = answered >= begin && answered < end;
        match result {
            Ok(()) if inside => took.push(answered - asked),
            Ok(()) => {}
            Err(error) => {
                errors.push(error);
                if errors.len() > 100 {
                    break;
                }
            }
        }
        asked = answered;
    }
    Seen {
        visitor,
        took,
        errors,
    }
}

/// The time that so many percent did not take longer than.
pub fn rank(sorted: &[Duration], percent: usize) -> Duration {
    let index = sorted.len() * percent / 100;
    sorted.get(index).copied().unwrap_or_default()
}

pub fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
