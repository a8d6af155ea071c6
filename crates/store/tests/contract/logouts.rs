use std::collections::BTreeSet;
use std::time::Duration;

use sekisho_model::{BrowserSession, Client, Grant, SessionId};
use sekisho_store::{LogoutDelivery, LogoutState, Once, SessionClient, Store, StoreError, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

const LEASE: Duration = Duration::from_secs(30);
const URI: &str = "https://app.example/out";

contract! {
    lo_03_every_app_of_a_session_that_wants_to_know_is_put_down_once
    lo_03_every_way_to_end_a_session_puts_its_apps_down
    lo_03_an_end_that_is_rolled_back_tells_nobody
    the_ledger_is_read_page_by_page
    lo_06_what_a_session_gave_ends_with_it_whoever_ends_it
    parallel_deliverers_get_each_delivery_once
    a_claim_of_a_delivery_lasts_as_long_as_its_lease
    what_was_done_or_given_up_stays_so_and_leaves_the_ledger_in_time
    lo_03_a_grant_without_tokens_is_remembered_as_long_as_its_session
}

/// A session with grants for `clients`, in the store.
struct Scene {
    session: BrowserSession,
    clients: Vec<Client>,
}

impl Scene {
    async fn set(bed: &Bed, maker: &Maker, uris: &[Option<&str>]) -> Self {
        let user = maker.kept_user(&bed.store).await.id;
        let session = maker.session(user);
        let clients: Vec<Client> = uris
            .iter()
            .map(|uri| Client {
                backchannel_logout_uri: uri.map(str::to_owned),
                ..maker.client()
            })
            .collect();
        let grants: Vec<Grant> = clients
            .iter()
            .map(|client| grant(maker, &session, client, "openid"))
            .collect();
        let (kept, registered) = (session.clone(), clients.clone());
        bed.store
            .write(move |tx| {
                tx.insert_session(&kept)?;
                for client in &registered {
                    let _first = tx.insert_client(client, NOW)?;
                }
                grants.iter().try_for_each(|grant| tx.insert_grant(grant))
            })
            .await
            .unwrap();
        Self { session, clients }
    }

    async fn end(&self, store: &Store) {
        assert_eq!(self.ended(store).await, Once::First);
    }

    async fn ended(&self, store: &Store) -> Once {
        let id = self.session.id;
        store
            .write(move |tx| tx.end_session(id, NOW))
            .await
            .unwrap()
    }
}

fn grant(maker: &Maker, session: &BrowserSession, client: &Client, scope: &str) -> Grant {
    Grant {
        session_id: session.id,
        client_id: client.client_id.clone(),
        ..maker.grant(session.user_id, scope)
    }
}

async fn ledger(store: &Store) -> Vec<LogoutDelivery> {
    let list = |tx: &mut Tx<'_>| tx.list_logouts(None, None, 1000);
    store.read(list).await.unwrap()
}

async fn lo_03_every_app_of_a_session_that_wants_to_know_is_put_down_once(bed: &Bed) {
    let maker = Maker::new();
    let scene = Scene::set(bed, &maker, &[Some(URI), None, Some("https://b.example/")]).await;
    let again = grant(&maker, &scene.session, &scene.clients[0], "openid email");
    let bare = grant(&maker, &scene.session, &scene.clients[1], "files");
    let session = scene.session.id;
    let seen = bed
        .store
        .write(move |tx| {
            tx.insert_grant(&again)?;
            tx.insert_grant(&bare)?;
            assert_eq!(tx.revoke_grant(again.id, NOW)?, Once::First);
            tx.clients_of_session(session)
        })
        .await
        .unwrap();
    let expected: BTreeSet<_> = scene
        .clients
        .iter()
        .map(|client| &client.client_id)
        .collect();
    assert!(seen.iter().map(|found| &found.client_id).eq(expected));
    assert!(
        seen.iter()
            .all(|SessionClient { signed_in, .. }| *signed_in)
    );
    assert!(ledger(&bed.store).await.is_empty());
    scene.end(&bed.store).await;
    assert_eq!(scene.ended(&bed.store).await, Once::Again);
    let found = ledger(&bed.store).await;
    let told: BTreeSet<_> = found
        .iter()
        .map(|delivery| (&delivery.client_id, delivery.uri.as_str()))
        .collect();
    let wanted = [
        (&scene.clients[0].client_id, URI),
        (&scene.clients[2].client_id, "https://b.example/"),
    ];
    assert_eq!(told, BTreeSet::from(wanted));
    assert_eq!(found.len(), 2);
    let first = &found[0];
    assert_eq!(first.session_id, scene.session.id);
    assert_eq!(first.user_id, scene.session.user_id);
    assert_eq!((first.attempts, first.state), (0, LogoutState::Waiting));
    let one = scene.clients[2].client_id.clone();
    let of_one = bed
        .store
        .read(move |tx| tx.list_logouts(Some(&one), None, 9))
        .await;
    assert_eq!(of_one.unwrap().len(), 1);
}

async fn lo_03_every_way_to_end_a_session_puts_its_apps_down(bed: &Bed) {
    let maker = Maker::new();
    let mut sessions = BTreeSet::new();
    for way in 0..3 {
        let scene = Scene::set(bed, &maker, &[Some(URI)]).await;
        let (id, user) = (scene.session.id, scene.session.user_id);
        sessions.insert(id);
        bed.store
            .write(move |tx| match way {
                0 => tx.end_session(id, NOW).map(drop),
                1 => tx.end_sessions_of(user, NOW).map(drop),
                _ => tx.end_oldest_sessions(user, 0, NOW).map(drop),
            })
            .await
            .unwrap();
    }
    let told: BTreeSet<SessionId> = ledger(&bed.store)
        .await
        .iter()
        .map(|delivery| delivery.session_id)
        .collect();
    assert_eq!(told, sessions);
}

/// Of one moment, so that the ids tell them apart.
async fn the_ledger_is_read_page_by_page(bed: &Bed) {
    let scene = Scene::set(bed, &Maker::new(), &[Some(URI); 5]).await;
    scene.end(&bed.store).await;
    let all: Vec<String> = ledger(&bed.store)
        .await
        .into_iter()
        .map(|one| one.id)
        .collect();
    let one = scene.clients[0].client_id.clone();
    let pages = move |tx: &mut Tx<'_>| {
        let (mut pages, mut last) = (Vec::new(), None::<LogoutDelivery>);
        loop {
            let before = last
                .as_ref()
                .map(|last| (last.created_at, last.id.as_str()));
            let page = tx.list_logouts(None, before, 2)?;
            pages.push(page.iter().map(|one| one.id.clone()).collect::<Vec<_>>());
            last = page.last().cloned();
            let Some(last) = &last else { break };
            let later = (last.created_at + HOUR, "");
            assert_eq!(tx.list_logouts(None, Some(later), 9)?.len(), 5);
        }
        let of_one = tx.list_logouts(Some(&one), None, 9)?;
        let last = (of_one[0].created_at, of_one[0].id.as_str());
        assert_eq!(
            (of_one.len(), tx.list_logouts(Some(&one), Some(last), 9)?),
            (1, vec![])
        );
        Ok(pages)
    };
    let pages = bed.store.read(pages).await.unwrap();
    assert_eq!(pages, [&all[..2], &all[2..4], &all[4..], &[]]);
}

async fn lo_03_an_end_that_is_rolled_back_tells_nobody(bed: &Bed) {
    let scene = Scene::set(bed, &Maker::new(), &[Some(URI)]).await;
    let id = scene.session.id;
    let failed: Result<(), _> = bed
        .store
        .write(move |tx| {
            let _ended = tx.end_session(id, NOW)?;
            Err(StoreError::Conflict)
        })
        .await;
    assert!(failed.is_err());
    assert!(ledger(&bed.store).await.is_empty());
    scene.end(&bed.store).await;
    assert_eq!(ledger(&bed.store).await.len(), 1);
}

async fn lo_06_what_a_session_gave_ends_with_it_whoever_ends_it(bed: &Bed) {
    let maker = Maker::new();
    let scene = Scene::set(bed, &maker, &[None]).await;
    let online = grant(&maker, &scene.session, &scene.clients[0], "openid");
    let offline = grant(
        &maker,
        &scene.session,
        &scene.clients[0],
        "openid offline_access",
    );
    let (ids, user) = ([online.id, offline.id], scene.session.user_id);
    let revoked = bed
        .store
        .write(move |tx| {
            tx.insert_grant(&online)?;
            tx.insert_grant(&offline)?;
            tx.end_oldest_sessions(user, 0, NOW)?;
            let ended = |grant: Option<Grant>| grant.unwrap().revoked_at;
            Ok([ended(tx.grant(ids[0])?), ended(tx.grant(ids[1])?)])
        })
        .await
        .unwrap();
    assert_eq!(revoked, [Some(NOW), None], "RT-09: offline_access goes on");
}

async fn parallel_deliverers_get_each_delivery_once(bed: &Bed) {
    let maker = Maker::new();
    let scene = Scene::set(bed, &maker, &[Some(URI); 40]).await;
    scene.end(&bed.store).await;
    let workers: Vec<_> = (0..8)
        .map(|_| tokio::spawn(claim_all(bed.store.clone())))
        .collect();
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    assert_eq!(claimed.len(), 40);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), 40);
}

async fn claim_all(store: Store) -> Vec<String> {
    let mut claimed = Vec::new();
    loop {
        let claim = |tx: &mut Tx<'_>| tx.claim_logouts(NOW, LEASE, 7);
        let got = store.write(claim).await.unwrap();
        if got.is_empty() {
            return claimed;
        }
        claimed.extend(got.into_iter().map(|delivery| delivery.id));
    }
}

async fn a_claim_of_a_delivery_lasts_as_long_as_its_lease(bed: &Bed) {
    let scene = Scene::set(bed, &Maker::new(), &[Some(URI)]).await;
    scene.end(&bed.store).await;
    bed.store
        .write(move |tx| {
            assert!(tx.logouts_are_due(NOW)?);
            assert_eq!(tx.claim_logouts(NOW, LEASE, 9)?[0].attempts, 1);
            assert!(!tx.logouts_are_due(NOW)?);
            assert!(tx.claim_logouts(NOW, LEASE, 9)?.is_empty());
            let again = tx.claim_logouts(NOW + LEASE, LEASE, 9)?;
            assert_eq!(again[0].attempts, 2, "its first deliverer died");
            Ok(())
        })
        .await
        .unwrap();
}

async fn what_was_done_or_given_up_stays_so_and_leaves_the_ledger_in_time(bed: &Bed) {
    let scene = Scene::set(bed, &Maker::new(), &[Some(URI), Some(URI)]).await;
    scene.end(&bed.store).await;
    bed.store
        .write(move |tx| {
            let mut claimed = tx.claim_logouts(NOW, LEASE, 9)?;
            let (mut done, mut dead) = (claimed.remove(0), claimed.remove(0));
            done.state = LogoutState::Done;
            done.last_status = Some(204);
            done.done_at = Some(NOW);
            dead.state = LogoutState::Dead;
            dead.last_status = Some(400);
            dead.last_error = Some("status 400".to_owned());
            dead.dead_at = Some(NOW);
            tx.note_logout(&done)?;
            tx.note_logout(&dead)?;
            // A second deliverer whose answer came late changes nothing any more.
            let mut late = done.clone();
            late.state = LogoutState::Waiting;
            late.done_at = None;
            tx.note_logout(&late)?;
            let kept = tx.list_logouts(None, None, 9)?;
            assert!(kept.contains(&done) && kept.contains(&dead), "{kept:?}");
            assert!(!tx.logouts_are_due(NOW + 900 * HOUR)?);
            Ok(())
        })
        .await
        .unwrap();
    let day = 24 * HOUR;
    for (later, left) in [(6 * day, 2), (8 * day, 1), (29 * day, 1), (31 * day, 0)] {
        bed.store.keep_house(NOW + later).await.unwrap();
        assert_eq!(ledger(&bed.store).await.len(), left, "after {later:?}");
    }
}

async fn lo_03_a_grant_without_tokens_is_remembered_as_long_as_its_session(bed: &Bed) {
    let maker = Maker::new();
    let scene = Scene::set(bed, &maker, &[]).await;
    let client = Client {
        backchannel_logout_uri: Some(URI.to_owned()),
        ..maker.client()
    };
    let grant = grant(&maker, &scene.session, &client, "openid");
    let (code, id) = (maker.code(&grant), grant.id);
    let mut session = scene.session.clone();
    session.expires_at = NOW + 100 * HOUR;
    bed.store
        .write(move |tx| {
            let _first = tx.insert_client(&client, NOW)?;
            tx.insert_grant(&grant)?;
            tx.insert_code(&code)?;
            let renewed = tx.rotate_session(session.id, &session.digest, &session)?;
            assert_eq!(renewed, Once::First);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(
        bed.store.keep_house(NOW + 26 * HOUR).await.unwrap(),
        1,
        "the code"
    );
    let kept = bed.store.read(move |tx| tx.grant(id)).await.unwrap();
    assert!(kept.is_some(), "the session lives");
    scene.end(&bed.store).await;
    assert_eq!(ledger(&bed.store).await.len(), 1);
    bed.store.keep_house(NOW + 49 * HOUR).await.unwrap();
    assert_eq!(bed.store.read(move |tx| tx.grant(id)).await.unwrap(), None);
}
