use sekisho_model::{ChallengeId, Confirmation, ScopeSet};
use sekisho_store::{HistoryFilter, Once, OpaqueAccessToken, StoreOptions};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

contract! {
    codes_and_tokens_leave_and_their_grant_with_the_last_of_them
    ended_sessions_sent_letters_and_spent_ids_leave
    more_than_one_batch_leaves_in_one_call
    au_05_events_leave_a_whole_month_at_a_time
}

async fn codes_and_tokens_leave_and_their_grant_with_the_last_of_them(bed: &Bed) {
    let maker = Maker::new();
    let grant = maker.grant(maker.user().id, "openid");
    let (code, token) = (maker.code(&grant), maker.refresh(&grant));
    let access = OpaqueAccessToken {
        confirmation: Some(Confirmation::Certificate("x".to_owned())),
        digest: maker.digest(),
        grant_id: Some(grant.id),
        client_id: grant.client_id.clone(),
        scope: ScopeSet::default(),
        audience: String::new(),
        issued_at: NOW,
        expires_at: NOW + HOUR,
        epoch: grant.epoch,
    };
    let (id, code_digest, token_digest) = (grant.id, code.digest, token.digest);
    bed.store
        .write(move |tx| {
            tx.insert_grant(&grant)?;
            tx.insert_code(&code)?;
            tx.insert_access_token(&access)?;
            tx.insert_refresh(&token)
        })
        .await
        .unwrap();
    assert_eq!(
        bed.store.keep_house(NOW + 2 * HOUR).await.unwrap(),
        1,
        "the access token"
    );
    let used = bed
        .store
        .read(move |tx| tx.code(&code_digest))
        .await
        .unwrap();
    assert!(used.is_some(), "a replay is recognised for a day");
    assert_eq!(
        bed.store.keep_house(NOW + 26 * HOUR).await.unwrap(),
        1,
        "the code"
    );
    let alive = bed
        .store
        .read(move |tx| tx.refresh(&token_digest))
        .await
        .unwrap();
    assert!(alive.is_some());
    assert_eq!(
        bed.store.keep_house(NOW + 49 * HOUR).await.unwrap(),
        1,
        "the refresh token"
    );
    assert_eq!(bed.store.read(move |tx| tx.grant(id)).await.unwrap(), None);
}

async fn ended_sessions_sent_letters_and_spent_ids_leave(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let mut sessions = [
        maker.session(user),
        maker.session(user),
        maker.session(user),
    ];
    sessions[0].expires_at = NOW + HOUR;
    sessions[1].expires_at = NOW + 900 * HOUR;
    sessions[2].expires_at = NOW + 900 * HOUR;
    let alive = sessions[2].digest;
    let letters = [maker.letter(NOW), maker.letter(NOW)];
    let (challenge, jti) = (ChallengeId::new("c"), maker.digest());
    bed.store
        .write(move |tx| {
            for session in &sessions {
                tx.insert_session(session)?;
            }
            let ended = tx.end_session(sessions[1].id, NOW)?;
            let spent = tx.spend_challenge(&challenge, NOW, NOW + HOUR)?;
            assert_eq!([ended, spent], [Once::First; 2]);
            tx.revoke_token_id(&jti, NOW + HOUR)?;
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.letter_sent(letters[0].id, NOW)
        })
        .await
        .unwrap();
    assert_eq!(bed.store.keep_house(NOW + HOUR / 2).await.unwrap(), 0);
    assert_eq!(bed.store.keep_house(NOW + 2 * HOUR).await.unwrap(), 3);
    assert_eq!(bed.store.keep_house(NOW + 25 * HOUR).await.unwrap(), 2);
    let left = bed
        .store
        .read(move |tx| Ok((tx.session(&alive)?.is_some(), tx.list_letters(9)?.len())))
        .await;
    assert_eq!(left.unwrap(), (true, 1));
}

async fn more_than_one_batch_leaves_in_one_call(bed: &Bed) {
    let maker = Maker::new();
    let digests: Vec<_> = (0..2300).map(|_| maker.digest()).collect();
    bed.store
        .write(move |tx| {
            digests
                .iter()
                .try_for_each(|digest| tx.revoke_token_id(digest, NOW))
        })
        .await
        .unwrap();
    assert_eq!(bed.store.keep_house(NOW).await.unwrap(), 0, "not yet over");
    assert_eq!(bed.store.keep_house(NOW + HOUR).await.unwrap(), 2300);
}

/// 2026-11-23 lies 53 days after the first of October.
async fn au_05_events_leave_a_whole_month_at_a_time(bed: &Bed) {
    let day = 24 * HOUR;
    let store = bed
        .neighbour(StoreOptions {
            event_retention: 40 * day,
            ..StoreOptions::default()
        })
        .await;
    let maker = Maker::new();
    let user = maker.user().id;
    // On the first call nothing was made ahead; events wait in the default partition.
    let days_ago = [0_u32, 20, 50, 60];
    let events = days_ago.map(|days| maker.event(Some(user), NOW - days * day));
    store
        .write(move |tx| tx.record_many(&events))
        .await
        .unwrap();
    let march = NOW + 100 * day;
    let later = maker.event(Some(user), NOW + 40 * day);
    for (now, expected) in [(NOW, 3), (NOW + 30 * day, 2), (march, 1)] {
        let event = later.clone();
        store.keep_house(now).await.unwrap();
        store.keep_house(now).await.unwrap();
        let seen = store
            .read(move |tx| tx.history_of(user, &HistoryFilter::default(), None, 9))
            .await;
        assert_eq!(seen.unwrap().len(), expected, "at {now:?}");
        if expected == 2 {
            store.write(move |tx| tx.record(&event)).await.unwrap();
        }
    }
    store.close().await;
}
