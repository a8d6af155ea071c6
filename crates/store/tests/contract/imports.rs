//! Accounts that move in by the batch.

use sekisho_model::{Digest, Sealed, Subject};
use sekisho_store::{
    ImportProgress, ImportedAddress, ImportedUser, Once, PasswordRecord, StoreError,
};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    a_batch_is_found_as_if_each_had_been_made_alone
    rec_10_a_taken_address_or_subject_undoes_the_whole_batch
    an_import_advances_from_where_it_was_and_nowhere_else
    foreign_schemes_are_remembered_once_and_however_many
}

fn newcomer(maker: &Maker, address: &str, with_password: bool) -> ImportedUser {
    let user = maker.user();
    ImportedUser {
        user: sekisho_model::User {
            cohort_tag: "old-portal".to_owned(),
            ..user
        },
        data_key: sealed("data key"),
        claims: sealed("claims"),
        login: ImportedAddress {
            sealed: sealed(address),
            index: Digest::of(address.as_bytes()),
            verified_at: Some(NOW),
        },
        code: with_password.then(|| ImportedAddress {
            sealed: sealed("code"),
            index: Digest::of(b"code"),
            verified_at: None,
        }),
        password: with_password.then(|| PasswordRecord {
            sealed: Sealed::from_bytes(vec![1]),
            key_id: sekisho_model::KeyId::new("k"),
            changed_at: NOW + HOUR,
            must_change: true,
        }),
    }
}

async fn a_batch_is_found_as_if_each_had_been_made_alone(bed: &Bed) {
    let maker = Maker::new();
    let batch: Vec<ImportedUser> = (0..40)
        .map(|n| newcomer(&maker, &format!("{n}@b.example"), n % 2 == 0))
        .collect();
    let kept = batch.clone();
    let insert = move |tx: &mut sekisho_store::Tx<'_>| {
        tx.insert_imported(&[])?;
        tx.insert_imported(&kept.iter().collect::<Vec<_>>())
    };
    bed.store.write(insert).await.unwrap();
    bed.store
        .read(move |tx| {
            for one in &batch {
                let found = tx.account_by_address(&one.login.index)?.unwrap();
                assert_eq!(found.password, one.password);
                assert_eq!(found.code_address.is_some(), one.code.is_some());
                assert_eq!(found.user.cohort_tag, "old-portal");
                let chosen = one.password.as_ref().map(|record| record.changed_at);
                assert_eq!(found.user.password_at, chosen);
                assert_eq!(found.login_address.unwrap().verified_at, Some(NOW));
            }
            let indexes = [
                batch[3].login.index,
                Digest::of(b"code"),
                Digest::of(b"free"),
            ];
            let taken = tx.taken_login_addresses(&indexes)?;
            assert_eq!(
                taken.into_iter().collect::<Vec<_>>(),
                [batch[3].login.index]
            );
            let subjects = [batch[5].user.subject.clone(), Subject::new("free")];
            let taken = tx.taken_subjects(&subjects)?;
            assert_eq!(taken.into_iter().collect::<Vec<_>>(), subjects[..1]);
            assert!(tx.taken_login_addresses(&[])?.is_empty());
            Ok(())
        })
        .await
        .unwrap();
}

async fn rec_10_a_taken_address_or_subject_undoes_the_whole_batch(bed: &Bed) {
    let maker = Maker::new();
    let first = newcomer(&maker, "a@b.example", true);
    let kept = first.clone();
    let insert = move |tx: &mut sekisho_store::Tx<'_>| tx.insert_imported(&[&kept]);
    bed.store.write(insert).await.unwrap();
    let same_address = newcomer(&maker, "a@b.example", true);
    let mut same_subject = newcomer(&maker, "c@b.example", true);
    same_subject.user.subject = first.user.subject;
    for twin in [same_address, same_subject] {
        let other = newcomer(&maker, "other@b.example", true);
        let index = other.login.index;
        let insert = move |tx: &mut sekisho_store::Tx<'_>| tx.insert_imported(&[&other, &twin]);
        let refused = bed.store.write(insert).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
        let found = bed
            .store
            .read(move |tx| tx.account_by_address(&index))
            .await;
        assert_eq!(found.unwrap(), None);
    }
}

fn progress(records: i64) -> ImportProgress {
    ImportProgress {
        terms: "jsonl".to_owned(),
        file: Digest::of(b"file"),
        tag: "old-portal".to_owned(),
        records,
        imported: records,
        existing: 0,
        refused: 0,
        started_at: NOW,
        updated_at: NOW + HOUR,
        finished_at: None,
    }
}

async fn an_import_advances_from_where_it_was_and_nowhere_else(bed: &Bed) {
    bed.store
        .write(|tx| {
            let file = Digest::of(b"file");
            assert_eq!(tx.import_progress(&file)?, None);
            assert_eq!(tx.advance_import(0, &progress(500))?, Once::Again);
            tx.begin_import(&progress(0))?;
            assert_eq!(tx.advance_import(0, &progress(500))?, Once::First);
            assert_eq!(tx.advance_import(0, &progress(500))?, Once::Again);
            assert_eq!(tx.import_progress(&file)?, Some(progress(500)));
            let ended = ImportProgress {
                finished_at: Some(NOW + HOUR),
                ..progress(500)
            };
            assert_eq!(tx.advance_import(500, &ended)?, Once::First);
            assert_eq!(tx.advance_import(500, &progress(900))?, Once::Again);
            let anew = ImportProgress {
                started_at: NOW + HOUR,
                ..progress(0)
            };
            tx.begin_import(&anew)?;
            assert_eq!(tx.import_progress(&file)?, Some(anew));
            // The run before this one is told that it was overtaken.
            assert_eq!(tx.advance_import(0, &progress(500))?, Once::Again);
            Ok(())
        })
        .await
        .unwrap();
}

async fn foreign_schemes_are_remembered_once_and_however_many(bed: &Bed) {
    bed.store
        .write(|tx| {
            for template in ["b", "a", "b"] {
                tx.note_foreign_scheme(template)?;
            }
            assert_eq!(tx.foreign_schemes()?, ["a", "b"]);
            tx.forget_foreign_scheme("a")?;
            for n in 0..100 {
                tx.note_foreign_scheme(&format!("c{n:03}"))?;
            }
            assert_eq!(tx.foreign_schemes()?.len(), 101);
            Ok(())
        })
        .await
        .unwrap();
}
