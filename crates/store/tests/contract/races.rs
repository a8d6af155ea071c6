use std::future::Future;

use sekisho_model::{AddressKind, ChallengeId, EpochKind};
use sekisho_store::{Once, StoreError};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

const PARALLEL: usize = 50;

contract! {
    tk_08_of_50_parallel_uses_of_a_code_one_wins
    rt_04_of_50_parallel_uses_of_a_refresh_token_one_wins
    otp_08_of_50_parallel_uses_of_a_mailed_code_one_wins
    ses_03_of_50_parallel_rotations_of_a_session_one_wins
    one_login_address_goes_to_one_of_50_accounts
    epochs_moved_in_parallel_get_different_numbers
}

/// How many of many parallel calls were the first.
async fn winners<F>(call: impl Fn() -> F) -> usize
where
    F: Future<Output = Result<Once, StoreError>> + Send + 'static,
{
    let calls: Vec<_> = (0..PARALLEL).map(|_| tokio::spawn(call())).collect();
    let mut first = 0;
    for call in calls {
        first += usize::from(call.await.unwrap().unwrap() == Once::First);
    }
    first
}

async fn tk_08_of_50_parallel_uses_of_a_code_one_wins(bed: &Bed) {
    let maker = Maker::new();
    let grant = maker.grant(maker.user().id, "openid");
    let code = maker.code(&grant);
    let digest = code.digest;
    bed.store
        .write(move |tx| {
            tx.insert_grant(&grant)?;
            tx.insert_code(&code)
        })
        .await
        .unwrap();
    let won = winners(|| {
        let store = bed.store.clone();
        async move { store.write(move |tx| tx.take_code(&digest, NOW)).await }
    });
    assert_eq!(won.await, 1);
}

async fn rt_04_of_50_parallel_uses_of_a_refresh_token_one_wins(bed: &Bed) {
    let maker = Maker::new();
    let grant = maker.grant(maker.user().id, "openid");
    let token = maker.refresh(&grant);
    let digest = token.digest;
    bed.store
        .write(move |tx| {
            tx.insert_grant(&grant)?;
            tx.insert_refresh(&token)
        })
        .await
        .unwrap();
    let won = winners(|| {
        let store = bed.store.clone();
        async move {
            store
                .write(move |tx| tx.take_refresh(&digest, NOW, &sealed("next")))
                .await
        }
    });
    assert_eq!(won.await, 1);
}

async fn otp_08_of_50_parallel_uses_of_a_mailed_code_one_wins(bed: &Bed) {
    let won = winners(|| {
        let store = bed.store.clone();
        async move {
            store
                .write(|tx| tx.spend_challenge(&ChallengeId::new("c"), NOW, NOW + HOUR))
                .await
        }
    });
    assert_eq!(won.await, 1);
}

async fn ses_03_of_50_parallel_rotations_of_a_session_one_wins(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let session = maker.session(user);
    let kept = session.clone();
    bed.store
        .write(move |tx| tx.insert_session(&kept))
        .await
        .unwrap();
    let won = winners(|| {
        let store = bed.store.clone();
        let old = session.digest;
        let mut next = session.clone();
        next.digest = maker.digest();
        async move {
            store
                .write(move |tx| tx.rotate_session(next.id, &old, &next))
                .await
        }
    });
    assert_eq!(won.await, 1);
}

async fn one_login_address_goes_to_one_of_50_accounts(bed: &Bed) {
    let maker = Maker::new();
    let index = maker.digest();
    let won = winners(|| {
        let store = bed.store.clone();
        let user = maker.user();
        async move {
            store
                .write(move |tx| {
                    tx.insert_user(&user, &sealed("k"), &sealed("c"))?;
                    tx.insert_address(user.id, AddressKind::Login, &sealed("a"), &index, None)
                })
                .await
        }
    });
    assert_eq!(won.await, 1);
}

async fn epochs_moved_in_parallel_get_different_numbers(bed: &Bed) {
    let calls: Vec<_> = (0..PARALLEL)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move {
                store
                    .write(|tx| tx.move_server_epoch(EpochKind::Session))
                    .await
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for call in calls {
        numbers.push(call.await.unwrap().unwrap());
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), PARALLEL);
    let kept = bed
        .store
        .read(|tx| Ok((tx.epoch_now()?, tx.shared_epochs()?)))
        .await
        .unwrap();
    assert_eq!(Some(&kept.0), numbers.last());
    assert_eq!(kept.1[0].epoch, kept.0);
}
