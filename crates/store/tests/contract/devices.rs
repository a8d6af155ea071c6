//! Sessions, trusted browsers and connected apps, as their owner ends them.

use sekisho_model::{BrowserSession, Consent, Epoch, ScopeSet, SessionId};
use sekisho_store::{LogoutState, NotMeLink, Once};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

contract! {
    ses_10_a_person_ends_own_sessions_and_nobody_else_s
    ses_10_all_others_end_and_the_kept_one_goes_on_under_the_new_epoch
    ses_09_what_is_given_in_a_session_that_ends_meanwhile_ends_with_it
    td_02_trust_that_was_taken_back_does_not_return_with_a_sign_in_on_its_way
    con_05_one_row_tells_what_an_app_holds_in_a_session
    con_05_an_app_that_loses_access_is_told_and_again_when_the_session_ends
    td_08_a_link_is_used_once_and_a_browser_is_forgotten_by_its_owner_only
}

async fn ses_10_a_person_ends_own_sessions_and_nobody_else_s(bed: &Bed) {
    let maker = Maker::new();
    let (owner, stranger) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let session = maker.session(owner);
    bed.store
        .write(move |tx| {
            tx.insert_session(&session)?;
            let unknown = SessionId::new(NOW, maker.entropy());
            assert_eq!(tx.end_session_of(owner, unknown, NOW)?, Once::Again);
            assert_eq!(tx.end_session_of(stranger, session.id, NOW)?, Once::Again);
            assert!(tx.session(&session.digest)?.is_some());
            assert_eq!(tx.end_session_of(owner, session.id, NOW)?, Once::First);
            assert_eq!(tx.end_session_of(owner, session.id, NOW)?, Once::Again);
            assert_eq!(tx.session(&session.digest)?, None);
            Ok(())
        })
        .await
        .unwrap();
}

async fn ses_10_all_others_end_and_the_kept_one_goes_on_under_the_new_epoch(bed: &Bed) {
    let maker = Maker::new();
    let (owner, stranger) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let sessions: Vec<BrowserSession> = (0..3).map(|_| maker.session(owner)).collect();
    let foreign = maker.session(stranger);
    let grants: Vec<_> = sessions
        .iter()
        .map(|session| {
            let mut grant = maker.grant(owner, "openid");
            grant.session_id = session.id;
            grant
        })
        .collect();
    bed.store
        .write(move |tx| {
            for session in sessions.iter().chain([&foreign]) {
                tx.insert_session(session)?;
            }
            grants.iter().try_for_each(|grant| tx.insert_grant(grant))?;
            let kept = (sessions[1].id, Epoch(9));
            assert_eq!(tx.end_other_sessions(owner, kept, NOW)?, 2);
            let left = tx.sessions_of(owner)?;
            assert_eq!(left.len(), 1);
            assert_eq!((left[0].id, left[0].epoch), kept);
            assert!(tx.session(&foreign.digest)?.is_some());
            let revoked: Vec<bool> = grants
                .iter()
                .map(|grant| Ok(tx.grant(grant.id)?.unwrap().revoked_at.is_some()))
                .collect::<Result<_, sekisho_store::StoreError>>()?;
            assert_eq!(revoked, [true, false, true]);
            Ok(())
        })
        .await
        .unwrap();
}

/// Whoever comes first: a grant is there before the end and ends with it, or is never given.
async fn ses_09_what_is_given_in_a_session_that_ends_meanwhile_ends_with_it(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    for _ in 0..20 {
        let session = maker.session(owner);
        let mut grant = maker.grant(owner, "openid");
        grant.session_id = session.id;
        let (id, given) = (session.id, grant.id);
        bed.store
            .write(move |tx| tx.insert_session(&session))
            .await
            .unwrap();
        let giving = bed.store.write(move |tx| {
            if tx.hold_session(id)? == Once::First {
                tx.insert_grant(&grant)?;
            }
            Ok(())
        });
        let ending = bed.store.write(move |tx| tx.end_session_of(owner, id, NOW));
        let (gave, ended) = tokio::join!(giving, ending);
        gave.unwrap();
        assert_eq!(ended.unwrap(), Once::First);
        let left = bed.store.read(move |tx| tx.grant(given)).await.unwrap();
        assert!(left.is_none_or(|grant| grant.revoked_at.is_some()));
    }
}

async fn td_02_trust_that_was_taken_back_does_not_return_with_a_sign_in_on_its_way(bed: &Bed) {
    let maker = Maker::new();
    let (owner, stranger) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let (mine, other) = (maker.browser(owner), maker.browser(owner));
    let mut plain = maker.browser(owner);
    plain.trusted_until = None;
    let mut next = mine.clone();
    next.digest = maker.digest();
    let later = NOW + 800 * HOUR;
    bed.store
        .write(move |tx| {
            for browser in [&mine, &other, &plain] {
                tx.insert_browser(browser)?;
            }
            assert_eq!(tx.trusted_browsers_of(owner, NOW)?.len(), 2);
            assert!(tx.trusted_browsers_of(owner, later)?.is_empty());
            assert!(tx.trusted_browsers_of(stranger, NOW)?.is_empty());
            assert_eq!(tx.distrust_browser(stranger, mine.id)?, Once::Again);
            assert_eq!(tx.distrust_browser(owner, plain.id)?, Once::Again);
            assert_eq!(tx.distrust_browser(owner, mine.id)?, Once::First);
            assert_eq!(tx.distrust_browser(owner, mine.id)?, Once::Again);
            // The sign-in had read the browser before.
            assert_eq!(tx.renew_browser(mine.id, &mine.digest, &next)?, Once::First);
            assert_eq!(tx.renew_browser(mine.id, &mine.digest, &next)?, Once::Again);
            let renewed = tx.browser_among(owner, &[next.digest])?.unwrap();
            assert_eq!(renewed.trusted_until, None);
            assert_eq!(tx.distrust_other_browsers(owner, other.id)?, 0);
            assert_eq!(tx.distrust_other_browsers(owner, mine.id)?, 1);
            Ok(())
        })
        .await
        .unwrap();
}

async fn con_05_one_row_tells_what_an_app_holds_in_a_session(bed: &Bed) {
    let maker = Maker::new();
    let owner = maker.kept_user(&bed.store).await.id;
    let session = SessionId::new(NOW, maker.entropy());
    let mut first = maker.grant(owner, "openid offline_access");
    first.session_id = session;
    let mut second = first.clone();
    second.id = maker.grant(owner, "x").id;
    second.created_at = NOW + HOUR;
    let mut token = maker.refresh(&first);
    token.issued_at = NOW + 2 * HOUR;
    let mut idle = maker.refresh(&first);
    idle.idle_until = NOW;
    idle.issued_at = NOW + 3 * HOUR;
    let mut gone = maker.grant(owner, "openid");
    gone.revoked_at = Some(NOW);
    let other = maker.grant(owner, "openid");
    bed.store
        .write(move |tx| {
            for grant in [&first, &second, &gone, &other] {
                tx.insert_grant(grant)?;
            }
            tx.insert_refresh(&token)?;
            tx.insert_refresh(&idle)?;
            let held = tx.app_uses_of(owner, NOW)?;
            assert_eq!(held.len(), 2, "{held:?}");
            let of_session = held.iter().find(|app| app.session_id == session).unwrap();
            assert_eq!(of_session.since, NOW);
            assert_eq!(of_session.used_at, NOW + 2 * HOUR);
            assert_eq!(of_session.refresh_until, Some(NOW + 24 * HOUR));
            let bare = held.iter().find(|app| app.session_id != session).unwrap();
            assert_eq!((bare.used_at, bare.refresh_until), (NOW, None));
            Ok(())
        })
        .await
        .unwrap();
}

async fn con_05_an_app_that_loses_access_is_told_and_again_when_the_session_ends(bed: &Bed) {
    let maker = Maker::new();
    let (owner, stranger) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let mut client = maker.client();
    client.backchannel_logout_uri = Some("https://app.example/out".to_owned());
    let id = client.client_id.clone();
    let session = maker.session(owner);
    let of_client = |user, session_id| {
        let mut grant = maker.grant(user, "openid offline_access");
        grant.client_id = id.clone();
        grant.session_id = session_id;
        grant
    };
    let (mine, again) = (of_client(owner, session.id), of_client(owner, session.id));
    let theirs = of_client(stranger, SessionId::new(NOW, maker.entropy()));
    let consent = Consent {
        user_id: owner,
        client_id: id.clone(),
        scope: ScopeSet::parse("openid").unwrap(),
        claims: std::collections::BTreeSet::new(),
        resources: std::collections::BTreeSet::new(),
        granted_at: NOW,
    };
    bed.store
        .write(move |tx| {
            let _first = tx.insert_client(&client, NOW)?;
            tx.insert_session(&session)?;
            tx.insert_grant(&mine)?;
            tx.insert_grant(&theirs)?;
            assert_eq!(tx.hold_consent(owner, &id)?, Once::Again);
            tx.put_consent(&consent)?;
            assert_eq!(tx.hold_consent(owner, &id)?, Once::First);
            assert_eq!(tx.disconnect_app(owner, &id, NOW)?, 1);
            assert_eq!(tx.disconnect_app(owner, &id, NOW)?, 0);
            assert_eq!(tx.consent(owner, &id)?, None);
            assert!(tx.grant(mine.id)?.unwrap().revoked_at.is_some());
            assert!(tx.grant(theirs.id)?.unwrap().revoked_at.is_none());
            let told = tx.list_logouts(None, None, 9)?;
            assert_eq!(told.len(), 1);
            assert_eq!(told[0].session_id, session.id);
            assert_eq!(told[0].state, LogoutState::Waiting);
            // It comes back, and the session ends.
            tx.insert_grant(&again)?;
            assert_eq!(tx.end_session(session.id, NOW)?, Once::First);
            assert_eq!(tx.list_logouts(None, None, 9)?.len(), 2);
            Ok(())
        })
        .await
        .unwrap();
}

async fn td_08_a_link_is_used_once_and_a_browser_is_forgotten_by_its_owner_only(bed: &Bed) {
    let maker = Maker::new();
    let (owner, stranger) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let (event, browser) = (maker.event(Some(owner), NOW), maker.browser(owner));
    let link = NotMeLink {
        digest: maker.digest(),
        user_id: owner,
        event_id: event.id,
        event_at: event.at,
        expires_at: NOW + HOUR,
        used_at: None,
    };
    bed.store
        .write(move |tx| {
            tx.record(&event)?;
            let key = (event.at, event.id);
            assert_eq!(tx.event_of(owner, key)?.as_ref(), Some(&event));
            assert_eq!(tx.event_of(stranger, key)?, None);
            tx.insert_not_me(&link)?;
            assert_eq!(tx.not_me(&link.digest)?.as_ref(), Some(&link));
            assert_eq!(tx.not_me(&maker.digest())?, None);
            assert_eq!(tx.take_not_me(&link.digest, NOW + HOUR)?, Once::Again);
            assert_eq!(tx.take_not_me(&link.digest, NOW)?, Once::First);
            assert_eq!(tx.take_not_me(&link.digest, NOW)?, Once::Again);
            assert_eq!(tx.not_me(&link.digest)?.unwrap().used_at, Some(NOW));
            tx.insert_browser(&browser)?;
            assert_eq!(tx.forget_browser(stranger, browser.id)?, Once::Again);
            assert_eq!(tx.forget_browser(owner, browser.id)?, Once::First);
            assert_eq!(tx.browser_among(owner, &[browser.digest])?, None);
            Ok(())
        })
        .await
        .unwrap();
}
