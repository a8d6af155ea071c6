//! Waiting for things outside this process's clock: mails on disk, child processes, a browser.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer; fails after half a minute: a busy machine starts
/// programs slowly.
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(Duration::from_secs(30), what, ask).await
}

/// The same for what takes longer.
pub async fn within<T>(limit: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    asking(async || {
        let answer = ask().await;
        let in_time = answer.is_some() || begin.elapsed() < limit;
        assert!(in_time, "waited in vain for {what}");
        answer
    })
    .await
}

/// Asks for as long as its caller lets it.
pub async fn asking<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
