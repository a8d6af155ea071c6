//! Apps that register themselves: what allows it, what manages them, and when they leave.

use sekisho_model::{ClientId, Consent, Digest, Epoch, EpochKind, ScopeSet};
use sekisho_store::{InitialAccess, Once, RegistrationRecord, Store, StoreError, Tx};
use tokio::task::JoinSet;

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

contract! {
    reg_07_an_initial_access_token_allows_as_many_as_it_says_and_until_it_ends
    reg_07_of_many_at_once_one_has_the_last_use
    reg_08_a_management_token_is_replaced_once_and_the_former_is_remembered
    inc_07_a_management_token_that_an_operator_gives_is_of_its_own_epoch
    reg_08_the_management_token_goes_with_its_client
    reg_07_who_was_not_used_leaves_and_everybody_else_stays
    reg_07_a_use_counts_until_the_client_has_left
}

fn allows(maker: &Maker, label: &str, uses_left: u32) -> InitialAccess {
    InitialAccess {
        digest: maker.digest(),
        label: label.to_owned(),
        created_at: NOW,
        expires_at: NOW + 2 * HOUR,
        uses_left,
    }
}

/// A client that registered itself.
async fn registered(store: &Store, maker: &Maker) -> (ClientId, Digest) {
    let (client, digest) = (maker.client(), maker.digest());
    let id = client.client_id.clone();
    store
        .write(move |tx| {
            assert_eq!(tx.insert_client(&client, NOW)?, Once::First);
            tx.insert_registration_token(&client.client_id, (&digest, Epoch(3)), NOW)
        })
        .await
        .unwrap();
    (id, digest)
}

async fn reg_07_an_initial_access_token_allows_as_many_as_it_says_and_until_it_ends(bed: &Bed) {
    let maker = Maker::new();
    let (two, other) = (allows(&maker, "batch", 2), allows(&maker, "other", 1));
    let (digest, unknown) = (two.digest, maker.digest());
    bed.store
        .write(move |tx| {
            tx.insert_initial_access(&two)?;
            tx.insert_initial_access(&other)?;
            assert!(!tx.allows_registration(&unknown, NOW)?);
            assert_eq!(tx.use_initial_access(&unknown, NOW)?, Once::Again);
            // Its end is not in it any more.
            let end = NOW + 2 * HOUR;
            assert!(!tx.allows_registration(&digest, end)?);
            assert_eq!(tx.use_initial_access(&digest, end)?, Once::Again);
            for expected in [Once::First, Once::First, Once::Again] {
                assert_eq!(
                    tx.allows_registration(&digest, NOW)?,
                    expected == Once::First
                );
                assert_eq!(tx.use_initial_access(&digest, NOW)?, expected);
            }
            let left = |tx: &mut Tx<'_>| -> Result<Vec<(String, u32)>, StoreError> {
                let all = tx.initial_access()?;
                Ok(all.into_iter().map(|t| (t.label, t.uses_left)).collect())
            };
            assert_eq!(
                left(tx)?,
                [("batch".to_owned(), 0), ("other".to_owned(), 1)]
            );
            assert_eq!(
                (
                    tx.end_initial_access("batch")?,
                    tx.end_initial_access("batch")?
                ),
                (1, 0)
            );
            assert_eq!(left(tx)?, [("other".to_owned(), 1)]);
            Ok(())
        })
        .await
        .unwrap();
}

async fn reg_07_of_many_at_once_one_has_the_last_use(bed: &Bed) {
    let token = allows(&Maker::new(), "one", 1);
    let digest = token.digest;
    let put = move |tx: &mut Tx<'_>| tx.insert_initial_access(&token);
    bed.store.write(put).await.unwrap();
    let mut uses = JoinSet::new();
    for _ in 0..8 {
        let store = bed.store.clone();
        uses.spawn(async move {
            let work = move |tx: &mut Tx<'_>| tx.use_initial_access(&digest, NOW);
            store.write(work).await.unwrap()
        });
    }
    let uses = uses.join_all().await;
    assert_eq!(uses.iter().filter(|use_| **use_ == Once::First).count(), 1);
}

async fn reg_08_a_management_token_is_replaced_once_and_the_former_is_remembered(bed: &Bed) {
    let maker = Maker::new();
    let (id, first) = registered(&bed.store, &maker).await;
    let until = NOW + HOUR;
    let next: Vec<Digest> = (0..8).map(|_| maker.digest()).collect();
    let mut turns = JoinSet::new();
    for new in next {
        let (store, id) = (bed.store.clone(), id.clone());
        turns.spawn(async move {
            let work =
                move |tx: &mut Tx<'_>| tx.rotate_registration_token(&id, &first, &new, until);
            (store.write(work).await.unwrap(), new)
        });
    }
    let turns = turns.join_all().await;
    let mut winners = turns.iter().filter(|(once, _)| *once == Once::First);
    let (Some((_, winner)), None) = (winners.next(), winners.next()) else {
        panic!("{turns:?}");
    };
    let (wanted, stranger) = (id.clone(), ClientId::new("nobody"));
    let found = bed.store.read(move |tx| {
        Ok((
            tx.registration_token(&wanted)?,
            tx.registration_token(&stranger)?,
        ))
    });
    let expected = RegistrationRecord {
        digest: *winner,
        previous: Some((first, until)),
        epoch: Epoch(3),
    };
    assert_eq!(found.await.unwrap(), (Some(expected), None));
}

async fn inc_07_a_management_token_that_an_operator_gives_is_of_its_own_epoch(bed: &Bed) {
    let maker = Maker::new();
    let (id, first) = registered(&bed.store, &maker).await;
    let (second, third, by_operator) = (maker.digest(), maker.digest(), maker.client());
    bed.store
        .write(move |tx| {
            let until = NOW + HOUR;
            let turned = tx.rotate_registration_token(&id, &first, &second, until)?;
            assert_eq!(turned, Once::First);
            let given = (&third, Epoch(9));
            assert_eq!(tx.renew_registration_token(&id, given)?, Once::First);
            let expected = RegistrationRecord {
                digest: third,
                previous: None,
                epoch: Epoch(9),
            };
            assert_eq!(tx.registration_token(&id)?, Some(expected));
            let _first = tx.insert_client(&by_operator, NOW)?;
            let none = tx.renew_registration_token(&by_operator.client_id, given)?;
            assert_eq!(none, Once::Again, "it manages itself by nothing");
            Ok(())
        })
        .await
        .unwrap();
}

async fn reg_08_the_management_token_goes_with_its_client(bed: &Bed) {
    let (id, _) = registered(&bed.store, &Maker::new()).await;
    bed.store
        .write(move |tx| {
            assert!(tx.delete_client(&id)?);
            assert_eq!(tx.registration_token(&id)?, None);
            assert_eq!(tx.unused_clients(NOW + HOUR, 9)?, []);
            Ok(())
        })
        .await
        .unwrap();
}

async fn reg_07_who_was_not_used_leaves_and_everybody_else_stays(bed: &Bed) {
    let maker = Maker::new();
    let person = maker.kept_user(&bed.store).await.id;
    let (idle, _) = registered(&bed.store, &maker).await;
    let (busy, _) = registered(&bed.store, &maker).await;
    let (since, by_operator) = (NOW + 3 * HOUR, maker.client());
    let consent = Consent {
        user_id: person,
        client_id: idle.clone(),
        scope: ScopeSet::parse("openid").unwrap(),
        granted_at: NOW,
        claims: std::collections::BTreeSet::default(),
        resources: std::collections::BTreeSet::default(),
    };
    bed.store
        .write(move |tx| {
            let _first = tx.insert_client(&by_operator, NOW)?;
            tx.put_consent(&consent)?;
            tx.registration_used(&busy, since)?;
            // A node whose clock is behind takes nothing back, and others have no such mark.
            tx.registration_used(&busy, NOW)?;
            tx.registration_used(&by_operator.client_id, since)?;
            assert_eq!(tx.unused_clients(NOW, 9)?, []);
            assert_eq!(tx.unused_clients(since, 9)?, std::slice::from_ref(&idle));
            assert_eq!(
                tx.unused_clients(since + HOUR, 9)?,
                [idle.clone(), busy.clone()]
            );
            assert_eq!(
                tx.unused_clients(since + HOUR, 1)?,
                std::slice::from_ref(&idle)
            );
            let before = tx.revisions()?.clients;
            assert_eq!(tx.delete_unused_client(&busy, since)?, Once::Again);
            assert_eq!(
                tx.delete_unused_client(&by_operator.client_id, since)?,
                Once::Again
            );
            assert_eq!(tx.revisions()?.clients, before);
            assert_eq!(tx.delete_unused_client(&idle, since)?, Once::First);
            assert_eq!(tx.delete_unused_client(&idle, since)?, Once::Again);
            assert!(tx.revisions()?.clients > before, "other nodes hear of it");
            assert_eq!(tx.client(&idle)?, None);
            assert_eq!(tx.registration_token(&idle)?, None);
            assert_eq!(tx.consent(person, &idle)?, None);
            assert!(tx.client(&busy)?.is_some() && tx.client(&by_operator.client_id)?.is_some());
            let moved = tx.shared_epochs()?;
            assert!(
                moved.iter().all(|epoch| epoch.kind != EpochKind::Token),
                "{moved:?}"
            );
            Ok(())
        })
        .await
        .unwrap();
}

async fn reg_07_a_use_counts_until_the_client_has_left(bed: &Bed) {
    let maker = Maker::new();
    for _ in 0..6 {
        let (id, _) = registered(&bed.store, &maker).await;
        let (asking, leaving) = (id.clone(), id.clone());
        let (used, left) = tokio::join!(
            bed.store
                .write(move |tx| tx.registration_used(&asking, NOW + 2 * HOUR)),
            bed.store
                .write(move |tx| tx.delete_unused_client(&leaving, NOW + HOUR)),
        );
        used.unwrap();
        let wanted = id.clone();
        let (client, token) = bed
            .store
            .read(move |tx| Ok((tx.client(&wanted)?, tx.registration_token(&wanted)?)))
            .await
            .unwrap();
        let gone = left.unwrap() == Once::First;
        assert_eq!(
            (client.is_none(), token.is_none()),
            (gone, gone),
            "all or nothing"
        );
    }
}
