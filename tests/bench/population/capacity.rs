//! How many people can change their password in an hour when the queue lets in whoever comes: what this machine
//! can compute (INC-08).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::rush::change;
use super::town::Town;

const LENGTH: Duration = Duration::from_secs(40);
/// As many change at once; more would only wait for the hash threads.
const AT_ONCE: usize = 8;

pub(super) async fn measure(town: &mut Town) -> Result<(), String> {
    town.place.leave_the_door_open()?;
    town.restart().await?;
    // From the end: the rush was those at the beginning.
    let names: Vec<String> = town.crowding.iter().rev().cloned().collect();
    let (names, next) = (Arc::new(names), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (host, app) = (town.place.host().to_owned(), town.sown.app.clone());
        let (names, next) = (Arc::clone(&names), Arc::clone(&next));
        let mailbox = town.mailbox.clone();
        running.spawn(async move {
            let mut done = 0_u32;
            while began.elapsed() < LENGTH {
                let name = names.get(next.fetch_add(1, Ordering::Relaxed));
                let name = name.ok_or("too few people")?.clone();
                change(host.clone(), app.clone(), name, mailbox.clone()).await?;
                done += 1;
            }
            Ok::<u32, String>(done)
        });
    }
    let mut changed = 0;
    while let Some(done) = running.join_next().await {
        changed += done.map_err(|error| error.to_string())??;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "without a queue, {AT_ONCE} at once: {changed} changed their password in {seconds:.0} s, {:.0} an hour (INC-08)",
        f64::from(changed) / seconds * 3600.0,
    );
    Ok(())
}
