//! Marks of cohorts, and what tells who is in them.

use sekisho_model::{Cohort, Epoch, EpochKind, KeyId, Sealed, Timestamp, User, Wave};
use sekisho_store::{Once, PasswordRecord, StoreError, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

contract! {
    marks_are_numbered_with_the_other_epochs_and_can_be_lifted
    marks_are_listed_page_by_page
    accounts_are_counted_by_every_condition
    tags_of_imported_accounts_are_known
    every_account_is_counted_in_one_wave
    choosing_a_password_is_kept_beside_the_account
}

fn record(tag: &str, changed_at: Timestamp) -> PasswordRecord {
    PasswordRecord {
        sealed: Sealed::from_bytes(tag.as_bytes().to_vec()),
        key_id: KeyId::new("k"),
        changed_at,
        must_change: false,
    }
}

async fn marks_are_listed_page_by_page(bed: &Bed) {
    let pages = |tx: &mut Tx<'_>| {
        for _ in 0..5 {
            tx.mark_cohort(&Cohort::default(), &[EpochKind::Password], "stolen", NOW)?;
        }
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = tx.cohort_marks_before(before, 2)?;
            before = page.last().map(|mark| mark.epoch);
            pages.push(page.iter().map(|mark| mark.epoch.0).collect::<Vec<_>>());
            if before.is_none() {
                return Ok(pages);
            }
        }
    };
    let pages = bed.store.write(pages).await.unwrap();
    assert_eq!(pages, [vec![5, 4], vec![3, 2], vec![1], vec![]]);
}

async fn marks_are_numbered_with_the_other_epochs_and_can_be_lifted(bed: &Bed) {
    let kinds = [EpochKind::Password, EpochKind::Session];
    let cohort = Cohort {
        tag: Some("old-portal".to_owned()),
        wave: Wave::new(1, 4),
        ..Cohort::default()
    };
    bed.store
        .write(move |tx| {
            assert_eq!(tx.move_server_epoch(EpochKind::Token)?, Epoch(1));
            let before = tx.revisions()?.epochs;
            assert_eq!(tx.mark_cohort(&cohort, &kinds, "stolen", NOW)?, Epoch(2));
            assert!(tx.revisions()?.epochs > before, "every node hears of it");
            let marks = tx.cohort_marks()?;
            assert_eq!(marks.len(), 1);
            let mark = &marks[0];
            assert_eq!(
                (mark.epoch, mark.kinds.as_slice()),
                (Epoch(2), kinds.as_slice())
            );
            assert_eq!(
                (&mark.cohort, mark.reason.as_str(), mark.made_at),
                (&cohort, "stolen", NOW)
            );

            let before = tx.revisions()?.epochs;
            assert_eq!(tx.lift_password_mark(Epoch(2))?, Once::First);
            assert!(tx.revisions()?.epochs > before);
            assert_eq!(tx.cohort_marks()?[0].kinds, [EpochKind::Session]);
            assert_eq!(tx.lift_password_mark(Epoch(2))?, Once::Again);
            assert_eq!(tx.lift_password_mark(Epoch(9))?, Once::Again);
            Ok(())
        })
        .await
        .unwrap();
}

async fn tags_of_imported_accounts_are_known(bed: &Bed) {
    let maker = Maker::new();
    let users: Vec<User> = (0..5).map(|_| maker.user()).collect();
    bed.store
        .write(move |tx| {
            assert!(tx.tags(20)?.is_empty() && !tx.is_tag("")?);
            let tags = ["portal", "", "shop", "portal", "intranet"];
            for (user, tag) in users.iter().zip(tags) {
                let user = User {
                    cohort_tag: tag.to_owned(),
                    ..user.clone()
                };
                let sealed = |byte| Sealed::from_bytes(vec![byte]);
                tx.insert_user(&user, &sealed(1), &sealed(2))?;
            }
            assert!(tx.is_tag("shop")? && tx.is_tag("portal")?);
            assert!(!tx.is_tag("sho")? && !tx.is_tag("shops")? && !tx.is_tag("")?);
            assert_eq!(tx.tags(20)?, ["intranet", "portal", "shop"]);
            assert_eq!(tx.tags(2)?, ["intranet", "portal"]);
            Ok(())
        })
        .await
        .unwrap();
}

fn count(tx: &mut Tx<'_>, cohort: &Cohort) -> Result<u64, StoreError> {
    tx.count_cohort(cohort, None)
}

async fn accounts_are_counted_by_every_condition(bed: &Bed) {
    let maker = Maker::new();
    let users: Vec<User> = (0..3).map(|_| maker.user()).collect();
    bed.store
        .write(move |tx| {
            for (index, user) in users.iter().enumerate() {
                let mut user = user.clone();
                user.created_at = NOW + HOUR * u32::try_from(index).unwrap();
                user.cohort_tag = if index == 0 { "old-portal" } else { "" }.to_owned();
                tx.insert_user(
                    &user,
                    &Sealed::from_bytes(vec![1]),
                    &Sealed::from_bytes(vec![2]),
                )?;
                if index < 2 {
                    tx.set_password(user.id, &record("p", user.created_at))?;
                }
            }
            let cohort = Cohort::default;
            assert_eq!(count(tx, &cohort())?, 3);
            let made_before = Some(NOW + HOUR);
            assert_eq!(
                count(
                    tx,
                    &Cohort {
                        made_before,
                        ..cohort()
                    }
                )?,
                1
            );
            let tag = Some("old-portal".to_owned());
            assert_eq!(count(tx, &Cohort { tag, ..cohort() })?, 1);
            // Without a password counts as with an old one.
            let password_before = Some(NOW + HOUR);
            assert_eq!(
                count(
                    tx,
                    &Cohort {
                        password_before,
                        ..cohort()
                    }
                )?,
                2
            );
            assert_eq!(tx.count_cohort(&cohort(), Some(Epoch(0)))?, 0);
            assert_eq!(tx.count_cohort(&cohort(), Some(Epoch(1)))?, 3);
            Ok(())
        })
        .await
        .unwrap();
}

async fn every_account_is_counted_in_one_wave(bed: &Bed) {
    let maker = Maker::new();
    for _ in 0..40 {
        maker.kept_user(&bed.store).await;
    }
    bed.store
        .read(|tx| {
            for of in [1, 3, 16, 255] {
                let mut sum = 0;
                for number in 1..=of {
                    let cohort = Cohort {
                        wave: Wave::new(number, of),
                        ..Cohort::default()
                    };
                    sum += count(tx, &cohort)?;
                }
                assert_eq!(sum, count(tx, &Cohort::default())?, "{of}");
            }
            Ok(())
        })
        .await
        .unwrap();
}

async fn choosing_a_password_is_kept_beside_the_account(bed: &Bed) {
    let maker = Maker::new();
    let id = maker.kept_user(&bed.store).await.id;
    bed.store
        .write(move |tx| {
            let known = |tx: &mut Tx<'_>| {
                let user = tx.account(id)?.unwrap().user;
                Ok::<_, StoreError>((user.password_at, user.password_epoch))
            };
            let chosen = record("one", NOW);
            tx.set_password(id, &chosen)?;
            assert_eq!(known(tx)?, (Some(NOW), Epoch(0)));
            tx.move_server_epoch(EpochKind::Password)?;
            // PW-17: the hash alone was renewed.
            let renewed = record("two", NOW);
            assert_eq!(
                tx.replace_password(id, &chosen.sealed, &renewed)?,
                Once::First
            );
            assert_eq!(known(tx)?, (Some(NOW), Epoch(0)));
            // Somebody chose another one.
            let another = record("three", NOW + HOUR);
            assert_eq!(
                tx.replace_password(id, &chosen.sealed, &another)?,
                Once::Again
            );
            assert_eq!(known(tx)?, (Some(NOW), Epoch(0)));
            assert_eq!(
                tx.replace_password(id, &renewed.sealed, &another)?,
                Once::First
            );
            assert_eq!(known(tx)?, (Some(NOW + HOUR), Epoch(1)));
            Ok(())
        })
        .await
        .unwrap();
}
