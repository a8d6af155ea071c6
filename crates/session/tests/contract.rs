//! What every session store must do, run on each of them. With the cargo feature `redis` the
//! variable `TEST_REDIS_URL` must name a Redis; each test uses keys of its own there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail like tests"
)]

mod support;

#[path = "contract/challenge.rs"]
mod challenge;
#[path = "contract/counter.rs"]
mod counter;
#[path = "contract/news.rs"]
mod news;
#[cfg(feature = "redis")]
#[path = "contract/on_redis.rs"]
mod on_redis;
#[path = "contract/parked.rs"]
mod parked;
#[path = "contract/queue.rs"]
mod queue;
#[path = "contract/queue_model.rs"]
mod queue_model;
#[path = "contract/replay.rs"]
mod replay;
#[path = "contract/spread.rs"]
mod spread;
