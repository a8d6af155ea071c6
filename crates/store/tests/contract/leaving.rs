//! Deletions, tombstones and quarantine.

use sekisho_model::{AddressKind, Digest, Timestamp};
use sekisho_store::{Once, StoreError, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    rec_16_an_account_is_erased_once_and_not_before_its_time
    rec_16_who_stays_is_not_erased
    rec_14_a_subject_is_never_given_again
    rec_15_a_released_address_is_taken_from_everybody
    rec_15_no_code_goes_to_a_released_address
    rec_16_due_accounts_come_page_by_page
}

async fn rec_16_an_account_is_erased_once_and_not_before_its_time(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await;
    let session = maker.session(user.id);
    let id = user.id;
    bed.store
        .write(move |tx| {
            tx.insert_session(&session)?;
            assert_eq!(tx.ask_deletion(id, NOW + HOUR, NOW)?, Once::First);
            assert_eq!(tx.ask_deletion(id, NOW, NOW)?, Once::Again, "asked once");
            let later = NOW + HOUR * 2;
            assert_eq!(tx.hasten_deletion(id, later)?, Once::Again, "never later");
            assert!(tx.due_deletions(NOW, None, 9)?.is_empty());
            assert_eq!(tx.erase_user(id, NOW)?, Once::Again, "not yet");
            assert_eq!(tx.deletions_to_tell(NOW + HOUR, 9)?, [id]);
            assert_eq!(tx.deletion_told(id)?, Once::First);
            assert_eq!(tx.deletion_told(id)?, Once::Again);
            assert!(tx.deletions_to_tell(NOW + HOUR, 9)?.is_empty());
            let found = tx.account(id)?.expect("it is still there");
            assert_eq!(found.user.leaves_at, Some(NOW + HOUR));
            assert!(
                found.user.epochs.session > user.epochs.session,
                "void at once"
            );
            let due = (NOW + HOUR, id);
            assert_eq!(tx.due_deletions(NOW + HOUR, None, 9)?, [due]);
            assert!(tx.due_deletions(NOW + HOUR, Some(due), 9)?.is_empty());
            Ok(())
        })
        .await
        .unwrap();
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.write(move |tx| tx.erase_user(id, NOW + HOUR)).await })
        })
        .collect();
    let mut first = 0;
    for node in nodes {
        first += usize::from(node.await.unwrap().unwrap() == Once::First);
    }
    assert_eq!(first, 1);
    let gone = bed.store.read(move |tx| tx.account(id)).await.unwrap();
    assert!(gone.is_none());
}

async fn rec_16_due_accounts_come_page_by_page(bed: &Bed) {
    let maker = Maker::new();
    let mut due = Vec::new();
    for n in 0..5_u32 {
        let id = maker.kept_user(&bed.store).await.id;
        // Two at the same moment.
        due.push((NOW + HOUR * (n / 2), id));
    }
    due.sort_by_key(|(at, id)| (*at, id.to_string()));
    let expected = due.clone();
    let pages = move |tx: &mut Tx<'_>| {
        for (at, id) in &due {
            assert_eq!(tx.ask_deletion(*id, *at, NOW)?, Once::First);
        }
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = tx.due_deletions(NOW + HOUR * 9, after, 2)?;
            after = page.last().copied();
            all.extend(page);
            if after.is_none() {
                return Ok(all);
            }
        }
    };
    assert_eq!(bed.store.write(pages).await.unwrap(), expected);
}

async fn rec_16_who_stays_is_not_erased(bed: &Bed) {
    let user = Maker::new().kept_user(&bed.store).await.id;
    bed.store
        .write(move |tx| {
            assert_eq!(tx.ask_deletion(user, NOW, NOW)?, Once::First);
            assert_eq!(tx.stop_deletion(user)?, Once::First);
            assert_eq!(tx.stop_deletion(user)?, Once::Again);
            assert_eq!(tx.erase_user(user, NOW + HOUR)?, Once::Again);
            assert!(tx.account(user)?.is_some());
            Ok(())
        })
        .await
        .unwrap();
}

async fn rec_14_a_subject_is_never_given_again(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await;
    let mut successor = maker.user();
    successor.subject = user.subject.clone();
    let id = user.id;
    bed.store
        .write(move |tx| {
            assert_eq!(tx.ask_deletion(id, NOW, NOW)?, Once::First);
            tx.erase_user(id, NOW).map(drop)
        })
        .await
        .unwrap();
    let taken = bed
        .store
        .read(move |tx| tx.taken_subjects(std::slice::from_ref(&user.subject)))
        .await
        .unwrap();
    assert_eq!(taken.len(), 1);
    let made = bed
        .store
        .write(move |tx| tx.insert_user(&successor, &sealed("k"), &sealed("c")))
        .await;
    assert!(matches!(made, Err(StoreError::Conflict)), "{made:?}");
}

async fn rec_15_no_code_goes_to_a_released_address(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let other = maker.kept_user(&bed.store).await.id;
    let index = Digest::of(b"address");
    bed.store
        .write(move |tx| {
            let address = sealed("address");
            assert_eq!(tx.release_address(&index, NOW + HOUR, NOW)?, []);
            let given = tx.insert_address(owner, AddressKind::Code, &address, &index, Some(NOW))?;
            assert_eq!(given, Once::Again);
            assert_eq!(
                tx.put_code_address(other, &address, &index, NOW)?,
                Once::Again
            );
            for user in [owner, other] {
                assert!(
                    tx.account(user)?
                        .expect("it is there")
                        .code_address
                        .is_none()
                );
            }
            assert_eq!(tx.quarantined(&[index, Digest::of(b"b")])?.len(), 1);
            assert!(tx.end_quarantine(&index)?);
            assert_eq!(
                tx.put_code_address(other, &address, &index, NOW)?,
                Once::First
            );
            assert_eq!(tx.address_owners(&index)?, [other]);
            Ok(())
        })
        .await
        .unwrap();
}

async fn rec_15_a_released_address_is_taken_from_everybody(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let child = maker.kept_user(&bed.store).await.id;
    let other = maker.kept_user(&bed.store).await.id;
    let (index, until) = (Digest::of(b"address"), NOW + HOUR);
    bed.store
        .write(move |tx| {
            let address = sealed("address");
            let give = |tx: &mut Tx<'_>, user, kind| {
                tx.insert_address(user, kind, &address, &index, Some(NOW))
            };
            assert_eq!(give(tx, owner, AddressKind::Login)?, Once::First);
            assert_eq!(give(tx, child, AddressKind::Code)?, Once::First);
            let mut owners = tx.release_address(&index, until, NOW)?;
            owners.sort();
            let mut expected = vec![owner, child];
            expected.sort();
            assert_eq!(owners, expected);
            for user in [owner, child] {
                let account = tx.account(user)?.expect("it is still there");
                assert!(account.login_address.is_none() && account.code_address.is_none());
            }
            assert_eq!(tx.quarantined_until(&index)?, Some(until));
            assert_eq!(give(tx, other, AddressKind::Login)?, Once::Again);
            assert!(tx.taken_login_addresses(&[index])?.contains(&index));
            assert_eq!(tx.release_address(&index, until + HOUR, NOW)?, []);
            assert_eq!(
                tx.quarantined_until(&index)?,
                Some(until + HOUR),
                "the later counts"
            );
            Ok(())
        })
        .await
        .unwrap();
    let after: Timestamp = until + 2 * HOUR;
    bed.store.keep_house(after).await.unwrap();
    bed.store
        .write(move |tx| {
            assert_eq!(tx.quarantined_until(&index)?, None);
            let given = tx.insert_address(
                other,
                AddressKind::Login,
                &sealed("address"),
                &index,
                Some(after),
            )?;
            assert_eq!(given, Once::First);
            Ok(())
        })
        .await
        .unwrap();
}
