use sekisho_model::{
    AddressKind, AlertSetting, Digest, EpochKind, KeyId, Locale, Sealed, User, UserState,
};
use sekisho_store::{Account, Once, PasswordRecord, SealedAddress, StoreError, Tx, UserFilter};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    an_account_is_found_by_id_subject_and_login_address_alike
    a_taken_login_address_leaves_the_transaction_usable
    a_code_address_may_be_shared
    pw_17_a_password_is_replaced_only_if_nobody_did_meanwhile
    settings_of_an_account_are_kept
    a_language_that_was_seen_never_replaces_a_choice
    users_are_listed_page_by_page
    ses_03_a_session_is_rotated_once_and_its_old_cookie_is_dead
    ses_08_ended_sessions_are_not_found
    ses_16_only_the_newest_sessions_stay
    thr_03_a_browser_is_recognised_among_cookies_and_rotated_once
    a_stored_value_nobody_understands_is_an_error
}

fn password(text: &str) -> PasswordRecord {
    PasswordRecord {
        sealed: sealed(text),
        key_id: KeyId::new("k1"),
        changed_at: NOW,
        must_change: false,
    }
}

async fn an_account_is_found_by_id_subject_and_login_address_alike(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await;
    maker.kept_user(&bed.store).await;
    let (login, code) = (Digest::of(b"login"), Digest::of(b"code"));
    let whole = Account {
        user: User {
            password_at: Some(NOW),
            ..user.clone()
        },
        data_key: sealed("data key"),
        claims: sealed("claims"),
        networks: None,
        login_address: Some(SealedAddress {
            sealed: sealed("login"),
            verified_at: None,
            refused_at: None,
        }),
        code_address: Some(SealedAddress {
            sealed: sealed("code"),
            verified_at: Some(NOW),
            refused_at: None,
        }),
        password: Some(password("secret")),
    };
    let User { id, subject, .. } = user;
    bed.store
        .write(move |tx| {
            assert_eq!(tx.account(id)?.unwrap().password, None);
            tx.set_password(id, &password("first"))?;
            tx.set_password(id, &password("secret"))?;
            let (login_seal, code_seal) = (sealed("login"), sealed("code"));
            let kept = [
                tx.insert_address(id, AddressKind::Login, &login_seal, &login, None)?,
                tx.insert_address(id, AddressKind::Code, &code_seal, &code, Some(NOW))?,
            ];
            assert_eq!(kept, [Once::First; 2]);
            Ok(())
        })
        .await
        .unwrap();
    bed.store
        .read(move |tx| {
            assert_eq!(tx.account(id)?.as_ref(), Some(&whole));
            assert_eq!(tx.account_by_subject(&subject)?.as_ref(), Some(&whole));
            assert_eq!(tx.account_by_address(&login)?.as_ref(), Some(&whole));
            assert_eq!(
                tx.account_by_address(&code)?,
                None,
                "codes go there, nobody signs in"
            );
            Ok(())
        })
        .await
        .unwrap();
}

async fn a_taken_login_address_leaves_the_transaction_usable(bed: &Bed) {
    let maker = Maker::new();
    let (first, second) = (maker.kept_user(&bed.store).await, maker.user());
    let (index, other) = (maker.digest(), maker.digest());
    let second_id = second.id;
    let answers = bed
        .store
        .write(move |tx| {
            let kind = AddressKind::Login;
            let before = tx.insert_address(first.id, kind, &sealed("a"), &index, None)?;
            tx.insert_user(&second, &sealed("k"), &sealed("c"))?;
            let taken = tx.insert_address(second.id, kind, &sealed("b"), &index, None)?;
            let free = tx.insert_address(second.id, kind, &sealed("b"), &other, None)?;
            Ok([before, taken, free])
        })
        .await
        .unwrap();
    assert_eq!(answers, [Once::First, Once::Again, Once::First]);
    let found = bed
        .store
        .read(move |tx| tx.account_by_address(&other))
        .await;
    assert_eq!(found.unwrap().unwrap().user.id, second_id);
}

async fn a_code_address_may_be_shared(bed: &Bed) {
    let maker = Maker::new();
    let users = [
        maker.kept_user(&bed.store).await,
        maker.kept_user(&bed.store).await,
    ];
    let index = maker.digest();
    for user in users {
        let kept = bed
            .store
            .write(move |tx| {
                tx.insert_address(user.id, AddressKind::Code, &sealed("x"), &index, None)
            })
            .await;
        assert_eq!(kept.unwrap(), Once::First);
    }
}

async fn pw_17_a_password_is_replaced_only_if_nobody_did_meanwhile(bed: &Bed) {
    let maker = Maker::new();
    let id = maker.kept_user(&bed.store).await.id;
    let answers = bed
        .store
        .write(move |tx| {
            tx.set_password(id, &password("old"))?;
            let stronger = tx.replace_password(id, &sealed("old"), &password("rehashed"))?;
            let late = tx.replace_password(id, &sealed("old"), &password("late"))?;
            Ok((stronger, late, tx.account(id)?.unwrap().password))
        })
        .await
        .unwrap();
    assert_eq!(
        answers,
        (Once::First, Once::Again, Some(password("rehashed")))
    );
}

async fn settings_of_an_account_are_kept(bed: &Bed) {
    let maker = Maker::new();
    let id = maker.kept_user(&bed.store).await.id;
    let user = bed
        .store
        .write(move |tx| {
            tx.set_alert(id, AlertSetting::Every)?;
            tx.set_second_step(id, false)?;
            tx.set_locale(id, Locale::En)?;
            tx.note_locale(id, Locale::Ja)?;
            let read = tx.account(id)?.unwrap().claims;
            let new = Sealed::from_bytes(b"other claims".to_vec());
            assert_eq!(tx.change_claims(id, (&read, &new))?, Once::First);
            assert_eq!(tx.change_claims(id, (&read, &read))?, Once::Again);
            assert_eq!(tx.account(id)?.unwrap().claims.as_bytes(), b"other claims");
            tx.set_locale_and_zone(id, Locale::En, "Europe/Paris")?;
            tx.set_user_state(id, UserState::Disabled)?;
            tx.move_user_epoch(id, EpochKind::Browser)?;
            Ok(tx.account(id)?.unwrap().user)
        })
        .await
        .unwrap();
    assert_eq!(user.alert, AlertSetting::Every);
    assert_eq!((user.second_step, user.locale), (false, Locale::En));
    assert_eq!(user.zone, "Europe/Paris");
    assert_eq!(user.state, UserState::Disabled);
    assert_eq!(user.epochs.browser.0, 1);
    assert_eq!(user.epochs.password.0, 0);
}

async fn a_language_that_was_seen_never_replaces_a_choice(bed: &Bed) {
    let maker = Maker::new();
    let mut user = maker.user();
    (user.locale, user.locale_chosen) = (Locale::Ja, false);
    let id = user.id;
    let sealed = Sealed::from_bytes(b"sealed".to_vec());
    let work = move |tx: &mut Tx<'_>| {
        tx.insert_user(&user, &sealed, &sealed)?;
        assert_eq!(tx.account(id)?.unwrap().user.chosen_locale(), None);
        tx.note_locale(id, Locale::En)?;
        let seen = tx.account(id)?.unwrap().user;
        assert_eq!((seen.locale, seen.chosen_locale()), (Locale::En, None));
        tx.set_locale(id, Locale::Ja)?;
        tx.note_locale(id, Locale::En)?;
        Ok(tx.account(id)?.unwrap().user)
    };
    let kept = bed.store.write(work).await.unwrap();
    assert_eq!(kept.chosen_locale(), Some(Locale::Ja));
}

async fn users_are_listed_page_by_page(bed: &Bed) {
    let maker = Maker::new();
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(maker.kept_user(&bed.store).await);
    }
    expected.sort_by_key(|user| user.id);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = bed
            .store
            .read(move |tx| tx.list_users(after, 2))
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen, expected);
    let (stopped, leaves) = (expected[1].id, expected[3].id);
    bed.store
        .write(move |tx| {
            tx.set_user_state(stopped, UserState::Disabled)?;
            let _once = tx.ask_deletion(leaves, NOW + HOUR, NOW)?;
            let mut among = |filter: UserFilter| {
                let page = tx.list_users_among(&filter, None, 9)?;
                Ok::<_, StoreError>(page.iter().map(|user| user.id).collect::<Vec<_>>())
            };
            let of = |state| UserFilter {
                state: Some(state),
                ..UserFilter::default()
            };
            assert_eq!(among(of(UserState::Disabled))?, [stopped]);
            assert_eq!(among(of(UserState::Active))?.len(), 4);
            let leaving = UserFilter {
                leaving: true,
                ..UserFilter::default()
            };
            assert_eq!(among(leaving)?, [leaves]);
            let nobody = UserFilter {
                tag: Some("nobody".to_owned()),
                ..UserFilter::default()
            };
            assert_eq!(among(nobody)?, []);
            Ok(())
        })
        .await
        .unwrap();
}

async fn ses_03_a_session_is_rotated_once_and_its_old_cookie_is_dead(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await;
    let session = maker.session(user.id);
    let mut next = session.clone();
    next.digest = maker.digest();
    next.auth_time = NOW + HOUR;
    bed.store
        .write(move |tx| {
            tx.insert_session(&session)?;
            assert_eq!(
                tx.session(&session.digest)?,
                Some((session.clone(), user.clone()))
            );
            let answers = [
                tx.rotate_session(session.id, &session.digest, &next)?,
                tx.rotate_session(session.id, &session.digest, &session)?,
            ];
            assert_eq!(answers, [Once::First, Once::Again]);
            assert_eq!(tx.session(&session.digest)?, None);
            assert_eq!(
                tx.session(&next.digest)?,
                Some((next.clone(), user.clone()))
            );
            tx.touch_session(session.id, NOW + 2 * HOUR)?;
            let seen = tx.session(&next.digest)?.unwrap().0.last_seen_at;
            assert_eq!(seen, NOW + 2 * HOUR);
            Ok(())
        })
        .await
        .unwrap();
}

async fn ses_08_ended_sessions_are_not_found(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let sessions: Vec<_> = (0..3).map(|_| maker.session(user)).collect();
    bed.store
        .write(move |tx| {
            for session in &sessions {
                tx.insert_session(session)?;
            }
            let ends = [
                tx.end_session(sessions[0].id, NOW)?,
                tx.end_session(sessions[0].id, NOW)?,
            ];
            assert_eq!(ends, [Once::First, Once::Again]);
            let rotated = tx.rotate_session(sessions[0].id, &sessions[0].digest, &sessions[0])?;
            assert_eq!(rotated, Once::Again, "an ended session cannot come back");
            assert_eq!(tx.session(&sessions[0].digest)?, None);
            assert_eq!(tx.sessions_of(user)?.len(), 2);
            assert_eq!(tx.end_sessions_of(user, NOW)?, 2);
            assert_eq!(tx.session(&sessions[1].digest)?, None);
            Ok(())
        })
        .await
        .unwrap();
}

async fn ses_16_only_the_newest_sessions_stay(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let sessions: Vec<_> = (0_u32..5)
        .map(|hour| {
            let mut session = maker.session(user);
            session.created_at = NOW + hour * HOUR;
            session
        })
        .collect();
    bed.store
        .write(move |tx| {
            for session in &sessions {
                tx.insert_session(session)?;
            }
            assert_eq!(tx.end_oldest_sessions(user, 3, NOW)?, 2);
            assert_eq!(tx.end_oldest_sessions(user, 3, NOW)?, 0);
            let left: Vec<_> = tx.sessions_of(user)?.iter().map(|s| s.id).collect();
            assert_eq!(left, [sessions[4].id, sessions[3].id, sessions[2].id]);
            Ok(())
        })
        .await
        .unwrap();
}

async fn thr_03_a_browser_is_recognised_among_cookies_and_rotated_once(bed: &Bed) {
    let maker = Maker::new();
    let (user, stranger) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let browser = maker.browser(user);
    let cookies = [maker.digest(), browser.digest];
    let mut next = browser.clone();
    next.digest = maker.digest();
    bed.store
        .write(move |tx| {
            tx.insert_browser(&browser)?;
            assert_eq!(tx.browser_among(user, &[])?, None);
            assert_eq!(tx.browser_among(user, &cookies)?.as_ref(), Some(&browser));
            assert_eq!(tx.browser_among(stranger, &cookies)?, None);
            let answers = [
                tx.rotate_browser(browser.id, &browser.digest, &next)?,
                tx.rotate_browser(browser.id, &browser.digest, &next)?,
            ];
            assert_eq!(answers, [Once::First, Once::Again]);
            assert_eq!(tx.distrust_browsers(user)?, 1);
            let known = tx.browser_among(user, &[next.digest])?.unwrap();
            assert_eq!(known.trusted_until, None, "known, but no longer trusted");
            Ok(())
        })
        .await
        .unwrap();
}

async fn a_stored_value_nobody_understands_is_an_error(bed: &Bed) {
    let maker = Maker::new();
    let mut user = maker.user();
    user.zone = "nowhere".to_owned();
    let (id, twin) = (user.id, user.clone());
    bed.store
        .write(move |tx| tx.insert_user(&user, &sealed("k"), &sealed("c")))
        .await
        .unwrap();
    let again = bed
        .store
        .write(move |tx| tx.insert_user(&twin, &sealed("k"), &sealed("c")))
        .await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    crate::raw::execute(&bed.url, "UPDATE users SET alert = 'sometimes'");
    let read = bed.store.read(move |tx| tx.account(id)).await;
    assert!(
        matches!(read, Err(StoreError::Corrupt("AlertSetting"))),
        "{read:?}"
    );
}
