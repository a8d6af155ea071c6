use std::time::Duration;

use sekisho_model::{ClientId, Consent, ScopeSet};
use sekisho_store::{Outage, Store, StoreError, StoreOptions};

use crate::bed::Bed;
use crate::maker::{Maker, NOW};

fn consent(user_id: sekisho_model::UserId, client: String) -> Consent {
    Consent {
        claims: ["name".to_owned(), "email".to_owned()].into(),
        resources: ["https://api.example/".to_owned()].into(),
        user_id,
        client_id: ClientId::new(client),
        scope: ScopeSet::default(),
        granted_at: NOW,
    }
}

#[tokio::test]
async fn rep_04_a_second_server_on_the_same_file_is_refused() {
    let bed = Bed::sqlite().await;
    let second = bed.neighbour(StoreOptions::default()).await;
    let lock = bed.store.claim_single_server().unwrap();
    let refused = second.claim_single_server();
    assert!(matches!(refused, Err(StoreError::Claimed)), "{refused:?}");
    drop(lock);
    second.claim_single_server().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_writes_beside_a_running_server() {
    let bed = Bed::sqlite().await;
    let _lock = bed.store.claim_single_server().unwrap();
    let command = bed.neighbour(StoreOptions::default()).await;
    let user = Maker::new().kept_user(&bed.store).await.id;
    let writes: Vec<_> = (0..40)
        .map(|number| {
            let store = if number % 2 == 0 {
                bed.store.clone()
            } else {
                command.clone()
            };
            tokio::spawn(async move {
                store
                    .write(move |tx| tx.put_consent(&consent(user, format!("app {number}"))))
                    .await
            })
        })
        .collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    let seen = command.read(move |tx| tx.consents_of(user)).await.unwrap();
    assert_eq!(seen.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_locked_for_too_long_answers_timed_out_and_recovers() {
    let bed = Bed::sqlite().await;
    let impatient = bed
        .neighbour(StoreOptions {
            statement_timeout: Duration::from_millis(20),
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
            .write(move |_| {
                inside.take().unwrap().send(()).unwrap();
                gate.recv().unwrap();
                Ok(())
            })
            .await
    });
    entered.await.unwrap();
    let write = impatient
        .write(move |tx| tx.put_consent(&consent(user, "a".to_owned())))
        .await;
    assert!(
        matches!(write, Err(StoreError::Unavailable(Outage::TimedOut(_)))),
        "{write:?}"
    );
    let read = impatient.read(move |tx| tx.consents_of(user)).await;
    assert!(read.unwrap().is_empty(), "readers go on beside a writer");
    open.send(()).unwrap();
    holder.await.unwrap().unwrap();
    impatient
        .write(move |tx| tx.put_consent(&consent(user, "b".to_owned())))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let bed = Bed::sqlite().await;
    let user = Maker::new().kept_user(&bed.store).await.id;
    let write = bed
        .store
        .read(move |tx| tx.put_consent(&consent(user, "a".to_owned())))
        .await;
    assert!(matches!(write, Err(StoreError::Failed(_))), "{write:?}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let opened = Store::open("sqlite:///nowhere/at/all.db", StoreOptions::default()).await;
    let said = opened.unwrap_err().to_string();
    assert!(said.contains("/nowhere/at/all.db"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_readable_to_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let bed = Bed::sqlite().await;
    let path = bed.url.strip_prefix("sqlite://").unwrap();
    for suffix in ["", "-wal"] {
        let mode = std::fs::metadata(format!("{path}{suffix}"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{suffix}");
    }
}
