use sekisho_model::{ClientId, Consent, ScopeSet, UserId};
use sekisho_store::{Once, Outage, StoreError};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{Maker, NOW, sealed};

contract! {
    err_rolls_everything_back
    a_failing_unit_takes_nothing_of_its_neighbours_with_it
    a_panic_in_a_unit_is_an_error_and_the_store_goes_on
    a_unit_goes_on_when_its_caller_goes_away
    a_closed_store_answers_closed
    a_failed_statement_undoes_its_unit
}

fn consent(user_id: UserId, client: &str) -> Consent {
    Consent {
        claims: ["name".to_owned(), "email".to_owned()].into(),
        resources: ["https://api.example/".to_owned()].into(),
        user_id,
        client_id: ClientId::new(client),
        scope: ScopeSet::default(),
        granted_at: NOW,
    }
}

async fn err_rolls_everything_back(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.user();
    let id = user.id;
    let refused: Result<(), _> = bed
        .store
        .write(move |tx| {
            tx.insert_user(&user, &sealed("k"), &sealed("c"))?;
            Err(StoreError::Corrupt("test"))
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Corrupt("test"))));
    assert_eq!(
        bed.store.read(move |tx| tx.account(id)).await.unwrap(),
        None
    );
}

async fn a_failing_unit_takes_nothing_of_its_neighbours_with_it(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    // While the first unit holds the writer, the others queue up and end in one group.
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let (inside, entered) = tokio::sync::oneshot::channel();
    let mut inside = Some(inside);
    let store = bed.store.clone();
    let first = tokio::spawn(async move {
        store
            .write(move |tx| {
                if let Some(inside) = inside.take() {
                    inside.send(()).unwrap();
                }
                gate.recv().unwrap();
                tx.ping()
            })
            .await
    });
    entered.await.unwrap();
    let others: Vec<_> = (0..60)
        .map(|number| {
            let store = bed.store.clone();
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        tx.put_consent(&consent(user, &format!("app {number}")))?;
                        match number % 3 {
                            0 => Ok(()),
                            1 => Err(StoreError::Corrupt("test")),
                            _ => panic!("as the test wants"),
                        }
                    })
                    .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    open.send(()).unwrap();
    first.await.unwrap().unwrap();
    for (number, unit) in others.into_iter().enumerate() {
        assert_eq!(
            unit.await.unwrap().is_ok(),
            number % 3 == 0,
            "unit {number}"
        );
    }
    let kept = bed
        .store
        .read(move |tx| tx.consents_of(user))
        .await
        .unwrap();
    assert_eq!(kept.len(), 20);
}

async fn a_panic_in_a_unit_is_an_error_and_the_store_goes_on(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let write: Result<(), _> = bed
        .store
        .write(move |tx| {
            tx.put_consent(&consent(user, "app"))?;
            panic!("as the test wants")
        })
        .await;
    assert!(matches!(write, Err(StoreError::Panicked)), "{write:?}");
    let read: Result<(), _> = bed.store.read(|_| panic!("as the test wants")).await;
    assert!(matches!(read, Err(StoreError::Panicked)), "{read:?}");
    let after = bed
        .store
        .write(move |tx| {
            tx.put_consent(&consent(user, "other"))?;
            tx.consents_of(user)
        })
        .await;
    assert_eq!(after.unwrap(), [consent(user, "other")]);
}

async fn a_unit_goes_on_when_its_caller_goes_away(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let (inside, entered) = tokio::sync::oneshot::channel();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let mut inside = Some(inside);
    let store = bed.store.clone();
    let caller = tokio::spawn(async move {
        store
            .write(move |tx| {
                tx.put_consent(&consent(user, "half"))?;
                if let Some(inside) = inside.take() {
                    inside.send(()).unwrap();
                    gate.recv().unwrap();
                }
                tx.put_consent(&consent(user, "whole"))
            })
            .await
    });
    entered.await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    open.send(()).unwrap();
    bed.store.close().await;
    let neighbour = bed.neighbour(sekisho_store::StoreOptions::default()).await;
    let kept = neighbour
        .read(move |tx| tx.consents_of(user))
        .await
        .unwrap();
    assert_eq!(kept.len(), 2);
    neighbour.close().await;
}

async fn a_closed_store_answers_closed(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    bed.store.close().await;
    let write = bed
        .store
        .write(move |tx| tx.put_consent(&consent(user, "app")))
        .await;
    assert!(
        matches!(write, Err(StoreError::Unavailable(Outage::Closed))),
        "{write:?}"
    );
    let read = bed.store.read(move |tx| tx.consents_of(user)).await;
    assert!(
        matches!(read, Err(StoreError::Unavailable(Outage::Closed))),
        "{read:?}"
    );
}

async fn a_failed_statement_undoes_its_unit(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.user();
    let (id, twin) = (user.id, maker.user());
    let nobody = maker.user().id;
    let write = bed
        .store
        .write(move |tx| {
            tx.insert_user(&user, &sealed("k"), &sealed("c"))?;
            tx.insert_user(&twin, &sealed("k"), &sealed("c"))?;
            let answer = tx.revoke_consent(id, &ClientId::new("app"))?;
            assert_eq!(answer, Once::Again);
            tx.put_consent(&consent(nobody, "app"))
        })
        .await;
    assert!(matches!(write, Err(StoreError::Failed(_))), "{write:?}");
    assert_eq!(
        bed.store.read(move |tx| tx.account(id)).await.unwrap(),
        None
    );
}
