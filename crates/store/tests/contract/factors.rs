//! Second steps that are stronger than a mailed code (OTP-26).

use std::time::Duration;

use sekisho_model::{Digest, Factor, FactorId, FactorKind, FactorLoss, SessionId, UserId};
use sekisho_store::Once;

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    otp_26_a_step_of_time_is_used_once_however_many_try
    otp_26_a_counter_only_grows_and_keys_without_one_stay_at_nought
    otp_26_an_account_has_one_app_and_a_passkey_one_account
    otp_26_only_its_owner_s_id_removes_a_factor
    otp_26_what_was_added_in_a_session_or_since_a_moment_goes
    otp_26_a_loss_is_noted_once_and_ends
    rec_16_an_erased_account_keeps_no_factor
}

fn factor(maker: &Maker, user: UserId, kind: FactorKind) -> Factor {
    Factor {
        id: FactorId::new(NOW, maker.entropy()),
        user_id: user,
        kind,
        sealed: sealed("factor"),
        credential: (kind == FactorKind::Passkey).then(|| maker.digest()),
        made_in: SessionId::new(NOW, maker.entropy()),
        made_at: NOW,
        last_used_at: None,
        mark: 0,
    }
}

async fn kept(bed: &Bed, factor: &Factor) -> Once {
    let factor = factor.clone();
    let write = bed.store.write(move |tx| tx.insert_factor(&factor));
    write.await.unwrap()
}

async fn put(bed: &Bed, factor: &Factor) {
    assert_eq!(kept(bed, factor).await, Once::First);
}

async fn of(bed: &Bed, user: UserId) -> Vec<Factor> {
    bed.store.read(move |tx| tx.factors_of(user)).await.unwrap()
}

async fn used(bed: &Bed, id: FactorId, mark: i64) -> bool {
    let write = bed
        .store
        .write(move |tx| tx.use_factor(id, mark, None, NOW + HOUR));
    write.await.unwrap() == Once::First
}

async fn otp_26_a_step_of_time_is_used_once_however_many_try(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let app = Factor {
        mark: 100,
        ..factor(&maker, user, FactorKind::Totp)
    };
    assert_eq!(kept(bed, &app).await, Once::First);
    let id = app.id;
    assert!(!used(bed, id, 100).await && !used(bed, id, 99).await);
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move {
                store
                    .write(move |tx| tx.use_factor(id, 101, None, NOW))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut first = 0;
    for one in tries {
        first += usize::from(one.await.unwrap() == Once::First);
    }
    assert_eq!(first, 1);
    let found = of(bed, user).await;
    assert_eq!((found[0].mark, found[0].last_used_at), (101, Some(NOW)));
    assert!(!used(bed, id, 0).await, "nought is for passkeys");
}

async fn otp_26_a_counter_only_grows_and_keys_without_one_stay_at_nought(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let (counts, silent) = (
        factor(&maker, user, FactorKind::Passkey),
        factor(&maker, user, FactorKind::Passkey),
    );
    put(bed, &counts).await;
    put(bed, &silent).await;
    assert!(used(bed, silent.id, 0).await && used(bed, silent.id, 0).await);
    assert!(used(bed, counts.id, 5).await);
    for copied in [5, 4, 1, 0] {
        assert!(!used(bed, counts.id, copied).await, "{copied}");
    }
    let id = counts.id;
    let renewed = sealed("renewed");
    let write = bed
        .store
        .write(move |tx| tx.use_factor(id, 6, Some(&renewed), NOW));
    assert_eq!(write.await.unwrap(), Once::First);
    let late = sealed("late");
    let write = bed
        .store
        .write(move |tx| tx.use_factor(id, 6, Some(&late), NOW));
    assert_eq!(write.await.unwrap(), Once::Again);
    let found = of(bed, user).await;
    let found = found.iter().find(|one| one.id == id).unwrap();
    assert_eq!(found.sealed, sealed("renewed"));
}

async fn otp_26_an_account_has_one_app_and_a_passkey_one_account(bed: &Bed) {
    let maker = Maker::new();
    let (one, two) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let first = kept(bed, &factor(&maker, one, FactorKind::Totp)).await;
    let second = kept(bed, &factor(&maker, one, FactorKind::Totp)).await;
    let others = kept(bed, &factor(&maker, two, FactorKind::Totp)).await;
    assert_eq!(
        (first, second, others),
        (Once::First, Once::Again, Once::First)
    );
    let key = factor(&maker, one, FactorKind::Passkey);
    let stolen = Factor {
        credential: key.credential,
        ..factor(&maker, two, FactorKind::Passkey)
    };
    assert_eq!(kept(bed, &key).await, Once::First);
    assert_eq!(kept(bed, &stolen).await, Once::Again);
    assert_eq!(of(bed, one).await.len(), 2);
    assert!(of(bed, one).await.contains(&key));
}

async fn otp_26_only_its_owner_s_id_removes_a_factor(bed: &Bed) {
    let maker = Maker::new();
    let (one, two) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let app = factor(&maker, one, FactorKind::Totp);
    put(bed, &app).await;
    put(bed, &factor(&maker, one, FactorKind::Passkey)).await;
    let id = app.id;
    let remove = async |user| {
        let write = bed.store.write(move |tx| tx.remove_factor(user, id));
        write.await.unwrap()
    };
    assert_eq!(remove(two).await, Once::Again);
    assert_eq!(remove(one).await, Once::First);
    assert_eq!(remove(one).await, Once::Again);
    let rest = bed.store.write(move |tx| tx.remove_factors(one));
    assert_eq!(rest.await.unwrap(), 1);
    assert!(of(bed, one).await.is_empty());
}

async fn otp_26_what_was_added_in_a_session_or_since_a_moment_goes(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let own = factor(&maker, user, FactorKind::Totp);
    let strange = Factor {
        made_at: NOW + 2 * HOUR,
        ..factor(&maker, user, FactorKind::Passkey)
    };
    put(bed, &own).await;
    put(bed, &strange).await;
    let session = strange.made_in;
    let work = bed.store.write(move |tx| {
        let other = SessionId::parse("0199aaaa-0000-7000-8000-000000000000").unwrap();
        assert_eq!(tx.remove_factors_of_session(user, other)?, 0);
        tx.remove_factors_of_session(user, session)
    });
    assert_eq!(work.await.unwrap(), 1);
    put(bed, &strange).await;
    let work = bed
        .store
        .write(move |tx| tx.remove_factors_since(user, NOW + HOUR));
    assert_eq!(work.await.unwrap(), 1);
    assert_eq!(of(bed, user).await, [own]);
}

async fn otp_26_a_loss_is_noted_once_and_ends(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let loss = |at: Duration, link: &[u8]| FactorLoss {
        user_id: user,
        digest: Digest::of(link),
        asked_at: NOW + at,
        due_at: NOW + at + HOUR,
        ends_at: NOW + at + 3 * HOUR,
    };
    let note = async |loss: FactorLoss| {
        let write = bed.store.write(move |tx| tx.insert_factor_loss(&loss));
        write.await.unwrap()
    };
    let first = loss(Duration::ZERO, b"first");
    assert_eq!(note(first.clone()).await, Once::First);
    assert_eq!(note(loss(2 * HOUR, b"second")).await, Once::Again);
    let found = bed.store.read(move |tx| tx.factor_loss(user)).await;
    assert_eq!(found.unwrap(), Some(first.clone()));
    let by_link = bed
        .store
        .read(|tx| tx.factor_loss_of(&Digest::of(b"first")))
        .await;
    assert_eq!(by_link.unwrap(), Some(first));
    // Once it is over another one may be noted.
    let third = loss(3 * HOUR, b"third");
    assert_eq!(note(third.clone()).await, Once::First);
    let end = async || {
        let write = bed.store.write(move |tx| tx.end_factor_loss(user));
        write.await.unwrap()
    };
    assert_eq!((end().await, end().await), (Once::First, Once::Again));
    let by_link = bed
        .store
        .read(|tx| tx.factor_loss_of(&Digest::of(b"third")))
        .await;
    assert_eq!(by_link.unwrap(), None);
}

async fn rec_16_an_erased_account_keeps_no_factor(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    put(bed, &factor(&maker, user, FactorKind::Totp)).await;
    let erased = bed.store.write(move |tx| {
        assert_eq!(tx.ask_deletion(user, NOW, NOW)?, Once::First);
        tx.erase_user(user, NOW + HOUR)
    });
    assert_eq!(erased.await.unwrap(), Once::First);
    assert!(of(bed, user).await.is_empty());
}
