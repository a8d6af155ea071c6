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

/// Four million accounts: what operators ask, and what goes with an account or an app, is found by an index.
#[tokio::test]
async fn nothing_looks_at_every_account_that_an_index_could_find() {
    let bed = Bed::sqlite().await;
    for query in [
        "SELECT user_id FROM user_addresses WHERE blind_index = x'00' AND kind = 'login'",
        "SELECT user_id FROM user_addresses WHERE blind_index = x'00' AND kind = 'code'",
        "SELECT user_id FROM address_changes WHERE former_index = x'00' AND ended_at IS NULL",
        "SELECT user_id FROM consents WHERE client_id = 'a'",
        "SELECT id FROM logout_deliveries WHERE user_id = 'a'",
        "SELECT id FROM logout_deliveries WHERE client_id = 'a' ORDER BY created_at DESC, id DESC LIMIT 9",
        "SELECT id FROM outbox WHERE state <> 'sent' ORDER BY created_at DESC, id DESC LIMIT 9",
        "SELECT id FROM outbox WHERE gathered_for = x'00' AND state <> 'gathered' ORDER BY gathered_at DESC LIMIT 1",
        "SELECT id FROM outbox WHERE state <> 'sent' AND created_at <= 9 AND (created_at < 9 OR id < 'b')
         ORDER BY created_at DESC, id DESC LIMIT 9",
        "SELECT id FROM logout_deliveries ORDER BY created_at DESC, id DESC LIMIT 9",
        "SELECT id FROM logout_deliveries WHERE created_at <= 9 AND (created_at < 9 OR id < 'b')
         ORDER BY created_at DESC, id DESC LIMIT 9",
        "SELECT id FROM logout_deliveries WHERE client_id = 'a' AND created_at <= 9 AND (created_at < 9 OR id < 'b')
         ORDER BY created_at DESC, id DESC LIMIT 9",
        "SELECT epoch FROM cohort_marks WHERE epoch < 9 ORDER BY epoch DESC LIMIT 9",
        "SELECT count(*) FROM users WHERE cohort_tag <> '' AND cohort_tag = 'a'",
        "SELECT id FROM users WHERE cohort_tag <> '' AND cohort_tag = 'a' AND id > 'b' ORDER BY id LIMIT 9",
        "SELECT id FROM users WHERE id > 'a' ORDER BY id LIMIT 9",
        "SELECT event_id FROM operator_alerts ORDER BY at DESC LIMIT 9",
        "SELECT event_id FROM operator_alerts WHERE told_at < 9 ORDER BY told_at LIMIT 9",
    ] {
        let steps = crate::raw::plan(&bed.url, query);
        let scans = |step: &String| step.starts_with("SCAN") && !step.contains("USING");
        let sorts = |step: &String| step.contains("TEMP B-TREE");
        let bad = steps.iter().any(|step| scans(step) || sorts(step));
        assert!(!bad, "{query}: {steps:?}");
    }
}

/// What is erased is overwritten in the file.
#[tokio::test]
async fn rec_16_the_file_holds_nothing_of_who_was_erased() {
    let bed = Bed::sqlite().await;
    let user = Maker::new().kept_user(&bed.store).await.id;
    let mark = b"a mark that is found nowhere else in the file".to_vec();
    let address = sekisho_model::Sealed::from_bytes(mark.clone());
    let index = sekisho_model::Digest::of(b"address");
    let kind = sekisho_model::AddressKind::Login;
    bed.store
        .write(move |tx| {
            tx.insert_address(user, kind, &address, &index, None)
                .map(drop)
        })
        .await
        .unwrap();
    bed.store
        .write(move |tx| {
            let _once = tx.ask_deletion(user, NOW, NOW)?;
            tx.erase_user(user, NOW).map(drop)
        })
        .await
        .unwrap();
    crate::raw::execute(&bed.url, "PRAGMA wal_checkpoint(TRUNCATE)");
    let file = std::fs::read(bed.url.strip_prefix("sqlite://").unwrap()).unwrap();
    let found = file.windows(mark.len()).any(|bytes| bytes == mark);
    assert!(!found, "the sealed address is still in the file");
}
