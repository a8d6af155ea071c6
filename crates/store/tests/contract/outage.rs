use std::net::TcpListener;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use sekisho_model::UserId;
use sekisho_store::{Outage, Store, StoreError, StoreOptions, Tx};
use tokio::time::Instant;

use crate::bed::Bed;
use crate::bed::postgres::{admin, server_url};
use crate::maker::Maker;

/// FAIL-03 leaves no request hanging; the pool waits two seconds at most.
const PATIENCE: Duration = Duration::from_secs(4);

fn away<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(
        answer,
        Err(StoreError::Unavailable(
            Outage::Unreachable(_) | Outage::Broken(_)
        ))
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_03_a_server_that_is_away_or_silent_answers_unavailable_quickly() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for port in [silent.local_addr().unwrap().port(), free.port()] {
        let started = Instant::now();
        let url = format!("postgres://postgres@127.0.0.1:{port}/x");
        let opened = Store::open(&url, StoreOptions::default()).await;
        assert!(away(&opened), "{opened:?}");
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_03_a_database_that_goes_away_is_noticed_quickly() {
    let bed = Bed::postgres().await;
    // As patient as a server is, and not as a test.
    let store = bed.neighbour(StoreOptions::default()).await;
    let user = Maker::new().kept_user(&bed.store).await.id;
    let name = bed.url.rsplit('/').next().unwrap();
    let name = name.split('?').next().unwrap();
    admin(&server_url(), &format!("DROP DATABASE {name} WITH (FORCE)"));
    let started = Instant::now();
    let read = store.read(move |tx| tx.account(user)).await;
    assert!(away(&read), "{read:?}");
    let write = store.write(move |tx| tx.set_second_step(user, false)).await;
    assert!(away(&write), "{write:?}");
    assert!(started.elapsed() < PATIENCE * 2, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_dropped_are_replaced_without_an_error() {
    let bed = Bed::postgres().await;
    let user = Maker::new().kept_user(&bed.store).await.id;
    let name = bed.url.rsplit('/').next().unwrap();
    let name = name.split('?').next().unwrap();
    for _ in 0..2 {
        read_in_parallel(&bed, user).await;
        admin(
            &server_url(),
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
        );
        bed.store
            .write(move |tx| tx.set_second_step(user, false))
            .await
            .unwrap();
    }
    read_in_parallel(&bed, user).await;
}

async fn read_in_parallel(bed: &Bed, user: UserId) {
    let mut reads = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = bed.store.clone();
        reads.spawn(async move { store.read(move |tx| tx.account(user)).await });
    }
    for read in reads.join_all().await {
        assert!(matches!(read, Ok(Some(_))), "{read:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_tried_once_more() {
    let bed = Bed::postgres().await;
    let maker = Maker::new();
    let users = [
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    ];
    // Both take their first row, meet, then want the other's: the server stops one of them.
    let meeting = Arc::new(Barrier::new(2));
    let units = [users, [users[1], users[0]]]
        .map(|rows| tokio::spawn(touch_both(bed.store.clone(), rows, Arc::clone(&meeting))));
    let mut tries = Vec::new();
    for unit in units {
        tries.push(unit.await.unwrap().unwrap());
    }
    tries.sort_unstable();
    assert_eq!(tries, [1, 2]);
}

/// Changes two rows with a meeting in between; tells how often it was tried.
async fn touch_both(
    store: Store,
    [first, second]: [UserId; 2],
    meeting: Arc<Barrier>,
) -> Result<u32, StoreError> {
    let mut tries = 0;
    let unit = move |tx: &mut Tx<'_>| {
        tries += 1;
        tx.set_second_step(first, false)?;
        if tries == 1 {
            meeting.wait();
        }
        tx.set_second_step(second, false)?;
        Ok(tries)
    };
    store.write(unit).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_times_out() {
    let bed = Bed::postgres().await;
    let impatient = bed
        .neighbour(StoreOptions {
            statement_timeout: Duration::from_millis(500),
            ..StoreOptions::default()
        })
        .await;
    let user = Maker::new().kept_user(&bed.store).await.id;
    let (inside, entered) = tokio::sync::oneshot::channel();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let mut inside = Some(inside);
    let store = bed.store.clone();
    let holder = tokio::spawn(async move {
        store
            .write(move |tx| {
                tx.set_second_step(user, false)?;
                inside.take().unwrap().send(()).unwrap();
                gate.recv().unwrap();
                Ok(())
            })
            .await
    });
    entered.await.unwrap();
    let write = impatient
        .write(move |tx| tx.set_second_step(user, true))
        .await;
    assert!(
        matches!(write, Err(StoreError::Unavailable(Outage::TimedOut(_)))),
        "{write:?}"
    );
    open.send(()).unwrap();
    holder.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_number_of_servers_may_share_postgresql() {
    let bed = Bed::postgres().await;
    let _first = bed.store.claim_single_server().unwrap();
    let second = bed.neighbour(StoreOptions::default()).await;
    second.claim_single_server().unwrap();
}
