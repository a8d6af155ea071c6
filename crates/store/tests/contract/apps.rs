use std::time::Duration;

use sekisho_model::{
    ClientId, ClientSecretRecord, Confirmation, Consent, Epoch, EpochKind, KeyId, ScopeSet, Sealed,
    SigningAlgorithm, SigningKeyRecord, UserState,
};
use sekisho_store::{Once, OpaqueAccessToken, Revisions, SharedEpoch};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    a_client_is_kept_with_its_secrets
    reg_09_old_secrets_end_when_told_and_never_later
    reg_18_a_publisher_is_vouched_for_as_long_as_the_app_stays_the_same
    deleting_a_client_voids_its_tokens_and_consents
    clients_are_listed_page_by_page
    key_10_a_removed_key_loses_its_private_part
    epochs_are_numbered_across_scopes
    a_code_is_kept_with_its_grant
    rt_09_offline_grants_outlive_their_session_if_told_so
    rt_04_a_refresh_token_is_exchanged_once
    opaque_tokens_and_voided_ids_are_found
    what_a_grant_stands_on_comes_in_one_answer
    con_02_a_consent_is_widened_listed_and_taken_back
}

async fn a_client_is_kept_with_its_secrets(bed: &Bed) {
    let maker = Maker::new();
    let client = maker.client();
    let secrets = [0_u32, 1].map(|hour| ClientSecretRecord {
        sealed: Some(Sealed::from_bytes(vec![1, 2, 3])),
        digest: maker.digest(),
        created_at: NOW + hour * HOUR,
        expires_at: None,
    });
    bed.store
        .write(move |tx| {
            assert_eq!(tx.client(&client.client_id)?, None);
            assert_eq!(tx.insert_client(&client, NOW)?, Once::First);
            assert_eq!(tx.insert_client(&client, NOW)?, Once::Again);
            for secret in &secrets {
                tx.add_client_secret(&client.client_id, secret)?;
            }
            let mut changed = client.clone();
            changed.client_name_ja = Some("アプリ".to_owned());
            tx.update_client(&changed)?;
            let kept = tx.client(&client.client_id)?.unwrap();
            assert_eq!((kept.client, kept.created_at), (changed, NOW));
            assert_eq!(kept.secrets, [secrets[1].clone(), secrets[0].clone()]);
            assert_eq!(tx.revisions()?.clients, 5);
            Ok(())
        })
        .await
        .unwrap();
}

async fn reg_09_old_secrets_end_when_told_and_never_later(bed: &Bed) {
    let maker = Maker::new();
    let client = maker.client();
    let ends = [None, Some(NOW + HOUR), Some(NOW + 9 * HOUR)];
    let secrets = ends.map(|expires_at| ClientSecretRecord {
        sealed: Some(Sealed::from_bytes(vec![1, 2, 3])),
        digest: maker.digest(),
        created_at: NOW,
        expires_at,
    });
    bed.store
        .write(move |tx| {
            let id = &client.client_id;
            assert_eq!(tx.insert_client(&client, NOW)?, Once::First);
            for secret in &secrets {
                tx.add_client_secret(id, secret)?;
            }
            tx.end_client_secrets(id, NOW + 2 * HOUR)?;
            let mut kept: Vec<_> = tx
                .client(id)?
                .unwrap()
                .secrets
                .iter()
                .map(|s| s.expires_at)
                .collect();
            kept.sort();
            let (early, told) = (Some(NOW + HOUR), Some(NOW + 2 * HOUR));
            assert_eq!(kept, [early, told, told]);
            Ok(())
        })
        .await
        .unwrap();
}

async fn reg_18_a_publisher_is_vouched_for_as_long_as_the_app_stays_the_same(bed: &Bed) {
    let maker = Maker::new();
    let (client, other) = (maker.client(), maker.client());
    bed.store
        .write(move |tx| {
            let id = &client.client_id;
            assert_eq!(tx.insert_client(&client, NOW)?, Once::First);
            assert_eq!(tx.insert_client(&other, NOW)?, Once::First);
            tx.set_publisher(&client, "Somebody")?;
            tx.set_publisher(&client, "Example Ltd.")?;
            let publisher = |found: Option<sekisho_store::RegisteredClient>| {
                found.and_then(|found| found.client.publisher)
            };
            let vouched = Some("Example Ltd.".to_owned());
            assert_eq!(publisher(tx.client(id)?), vouched);
            assert_eq!(publisher(tx.client(&other.client_id)?), None);
            let listed = tx.list_clients(None, 9)?;
            let publishers = listed.into_iter().filter_map(|one| one.client.publisher);
            assert_eq!(publishers.count(), 1);
            assert_eq!(tx.vouched_clients()?.len(), 1);

            let mut moved = client.clone();
            moved.redirect_uris = vec!["https://elsewhere.example/".to_owned()];
            tx.update_client(&moved)?;
            assert_eq!(publisher(tx.client(id)?), None);
            assert_eq!(tx.vouched_clients()?.len(), 0);
            tx.update_client(&client)?;
            assert_eq!(publisher(tx.client(id)?), vouched);

            assert!(tx.withdraw_publisher(id)?);
            assert!(!tx.withdraw_publisher(id)?);
            assert_eq!(publisher(tx.client(id)?), None);
            tx.set_publisher(&client, "Example Ltd.")?;
            assert!(tx.delete_client(id)?);
            assert_eq!(tx.vouched_clients()?.len(), 0);
            Ok(())
        })
        .await
        .unwrap();
}

async fn deleting_a_client_voids_its_tokens_and_consents(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let client = maker.client();
    bed.store
        .write(move |tx| {
            let id = client.client_id.clone();
            assert!(!tx.delete_client(&id)?);
            assert_eq!(tx.insert_client(&client, NOW)?, Once::First);
            tx.put_consent(&consent(user, &id, "openid"))?;
            assert!(tx.delete_client(&id)?);
            assert_eq!(tx.client(&id)?, None);
            assert_eq!(tx.consent(user, &id)?, None);
            let moved = tx.shared_epochs()?;
            assert_eq!(moved.len(), 1);
            assert_eq!(
                (moved[0].subject.as_str(), moved[0].kind),
                (id.as_str(), EpochKind::Token)
            );
            Ok(())
        })
        .await
        .unwrap();
}

async fn clients_are_listed_page_by_page(bed: &Bed) {
    let maker = Maker::new();
    let mut clients: Vec<_> = (0..3).map(|_| maker.client()).collect();
    clients.sort_by(|a, b| a.client_id.cmp(&b.client_id));
    let secret = ClientSecretRecord {
        sealed: Some(Sealed::from_bytes(vec![1, 2, 3])),
        digest: maker.digest(),
        created_at: NOW,
        expires_at: None,
    };
    bed.store
        .write(move |tx| {
            for client in &clients {
                assert_eq!(tx.insert_client(client, NOW)?, Once::First);
            }
            tx.add_client_secret(&clients[1].client_id, &secret)?;
            let first = tx.list_clients(None, 2)?;
            assert_eq!(
                first.iter().map(|c| &c.client).collect::<Vec<_>>(),
                [&clients[0], &clients[1]]
            );
            assert_eq!((first[0].secrets.len(), first[1].secrets.len()), (0, 1));
            let rest = tx.list_clients(Some(clients[1].client_id.clone()), 2)?;
            assert_eq!(rest.len(), 1);
            assert_eq!(rest[0].client, clients[2]);
            Ok(())
        })
        .await
        .unwrap();
}

async fn key_10_a_removed_key_loses_its_private_part(bed: &Bed) {
    let key = |kid: &str| SigningKeyRecord {
        kid: KeyId::new(kid),
        algorithm: SigningAlgorithm::EdDSA,
        private: sealed("private-part"),
        public_jwk: "{}".to_owned(),
        created_at: NOW,
        active_from: NOW + HOUR,
        retired_at: None,
        gone_at: None,
    };
    let (a, b) = (key("a"), key("b"));
    bed.store
        .write(move |tx| {
            tx.insert_key(&a)?;
            tx.insert_key(&b)?;
            assert_eq!(tx.keys()?, [a.clone(), b.clone()]);
            assert_eq!(tx.retire_key(&a.kid, NOW + HOUR)?, Once::First);
            assert_eq!(tx.keys()?[0].retired_at, Some(NOW + HOUR));
            assert_eq!(tx.remove_key(&a.kid, NOW + 2 * HOUR)?, Once::First);
            assert_eq!(tx.keys()?, std::slice::from_ref(&b));
            assert_eq!(
                tx.revisions()?,
                Revisions {
                    clients: 0,
                    keys: 4,
                    epochs: 0,
                    levels: 0,
                    blocks: 0,
                }
            );
            Ok(())
        })
        .await
        .unwrap();
    crate::raw::execute(
        &bed.url,
        "DELETE FROM signing_keys WHERE kid = 'a' AND length(private_key) > 0",
    );
    let reused = bed.store.write(move |tx| tx.insert_key(&key("a"))).await;
    assert!(reused.is_err(), "KEY-06: a key id is not used again");
}

async fn epochs_are_numbered_across_scopes(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let app = ClientId::new("app");
    bed.store
        .write(move |tx| {
            assert_eq!(tx.epoch_now()?, Epoch(0));
            assert_eq!(tx.move_user_epoch(user, EpochKind::Session)?, Epoch(1));
            assert_eq!(tx.move_server_epoch(EpochKind::Token)?, Epoch(2));
            assert_eq!(tx.move_client_epoch(&app, EpochKind::Token)?, Epoch(3));
            assert_eq!(tx.move_server_epoch(EpochKind::Token)?, Epoch(4));
            for kind in [EpochKind::Password, EpochKind::Token, EpochKind::Browser] {
                tx.move_user_epoch(user, kind)?;
            }
            let epochs = tx.account(user)?.unwrap().user.epochs;
            let numbers = [
                epochs.password,
                epochs.session,
                epochs.token,
                epochs.browser,
            ];
            assert_eq!(numbers, [5, 1, 6, 7].map(Epoch));
            assert_eq!(tx.epoch_now()?, Epoch(7));
            assert_eq!(tx.revisions()?.epochs, 7);
            let shared = |scope, subject: &str, number| SharedEpoch {
                scope,
                subject: subject.to_owned(),
                kind: EpochKind::Token,
                epoch: Epoch(number),
            };
            assert_eq!(
                tx.shared_epochs()?,
                [shared("client", "app", 3), shared("server", "", 4)]
            );
            Ok(())
        })
        .await
        .unwrap();
}

async fn a_code_is_kept_with_its_grant(bed: &Bed) {
    let maker = Maker::new();
    let grant = maker.grant(maker.user().id, "openid email");
    let code = maker.code(&grant);
    bed.store
        .write(move |tx| {
            tx.insert_grant(&grant)?;
            tx.insert_code(&code)?;
            assert_eq!(tx.code(&code.digest)?, Some((code.clone(), grant.clone())));
            assert_eq!(tx.take_code(&code.digest, NOW)?, Once::First);
            assert_eq!(tx.take_code(&code.digest, NOW + HOUR)?, Once::Again);
            let (used, _) = tx.code(&code.digest)?.unwrap();
            assert_eq!(
                used.used_at,
                Some(NOW),
                "TK-09: a replay is still recognised"
            );
            assert_eq!(tx.revoke_grant(grant.id, NOW)?, Once::First);
            assert_eq!(tx.revoke_grant(grant.id, NOW + HOUR)?, Once::Again);
            assert_eq!(tx.grant(grant.id)?.unwrap().revoked_at, Some(NOW));
            Ok(())
        })
        .await
        .unwrap();
}

async fn rt_09_offline_grants_outlive_their_session_if_told_so(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.user().id;
    let online = maker.grant(user, "openid not_offline_access");
    let mut offline = maker.grant(user, "openid offline_access");
    offline.session_id = online.session_id;
    bed.store
        .write(move |tx| {
            tx.insert_grant(&online)?;
            tx.insert_grant(&offline)?;
            assert_eq!(
                tx.revoke_grants_of_session(online.session_id, NOW, true)?,
                1
            );
            assert_eq!(tx.grant(offline.id)?.unwrap().revoked_at, None);
            assert_eq!(
                tx.revoke_grants_of_session(online.session_id, NOW, false)?,
                1
            );
            let again = tx.revoke_grants_of_consent(user, &online.client_id, NOW)?;
            assert_eq!(again, 0, "all were ended before");
            Ok(())
        })
        .await
        .unwrap();
}

async fn rt_04_a_refresh_token_is_exchanged_once(bed: &Bed) {
    let maker = Maker::new();
    let grant = maker.grant(maker.user().id, "openid");
    let (token, next) = (maker.refresh(&grant), maker.refresh(&grant));
    bed.store
        .write(move |tx| {
            tx.insert_grant(&grant)?;
            tx.insert_refresh(&token)?;
            tx.touch_refresh(&token.digest, NOW + 30 * HOUR)?;
            assert!(tx.refresh_token_unused_exists(grant.id)?);
            assert_eq!(
                tx.take_refresh(&token.digest, NOW, &sealed("next"))?,
                Once::First
            );
            assert_eq!(
                tx.take_refresh(&token.digest, NOW, &sealed("evil"))?,
                Once::Again
            );
            assert!(!tx.refresh_token_unused_exists(grant.id)?);
            tx.insert_refresh(&next)?;
            let (used, family) = tx.refresh(&token.digest)?.unwrap();
            assert_eq!((used.used_at, family.id), (Some(NOW), grant.id));
            assert_eq!(used.successor, Some(sealed("next")));
            assert_eq!(used.idle_until, NOW + 30 * HOUR);
            Ok(())
        })
        .await
        .unwrap();
}

async fn opaque_tokens_and_voided_ids_are_found(bed: &Bed) {
    let maker = Maker::new();
    let token = OpaqueAccessToken {
        confirmation: Some(Confirmation::Certificate("x".to_owned())),
        digest: maker.digest(),
        grant_id: None,
        client_id: ClientId::new("machine"),
        scope: ScopeSet::parse("read write").unwrap(),
        audience: "https://api.example".to_owned(),
        issued_at: NOW,
        expires_at: NOW + Duration::from_mins(5),
        epoch: Epoch(7),
    };
    let jti = maker.digest();
    bed.store
        .write(move |tx| {
            tx.insert_access_token(&token)?;
            assert_eq!(tx.access_token(&token.digest)?, Some(token.clone()));
            assert_eq!(tx.access_token(&jti)?, None);
            assert!(!tx.is_token_id_revoked(&jti)?);
            tx.revoke_token_id(&jti, token.expires_at)?;
            tx.revoke_token_id(&jti, token.expires_at)?;
            assert!(tx.is_token_id_revoked(&jti)?);
            Ok(())
        })
        .await
        .unwrap();
}

async fn what_a_grant_stands_on_comes_in_one_answer(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let grant = maker.grant(user, "openid");
    bed.store
        .write(move |tx| {
            assert_eq!(tx.grant_standing(grant.id)?, None);
            tx.insert_grant(&grant)?;
            tx.set_user_state(user, UserState::Disabled)?;
            let moved = tx.move_user_epoch(user, EpochKind::Token)?;
            let (found, stopped) = tx.grant_standing(grant.id)?.unwrap();
            assert_eq!((found, stopped.state), (grant.clone(), UserState::Disabled));
            assert_eq!(stopped.epochs.token, moved);
            Ok(())
        })
        .await
        .unwrap();
}

fn consent(user_id: sekisho_model::UserId, client_id: &ClientId, scope: &str) -> Consent {
    Consent {
        claims: ["name".to_owned(), "email".to_owned()].into(),
        resources: ["https://api.example/".to_owned()].into(),
        user_id,
        client_id: client_id.clone(),
        scope: ScopeSet::parse(scope).unwrap(),
        granted_at: NOW,
    }
}

async fn con_02_a_consent_is_widened_listed_and_taken_back(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let (a, b) = (ClientId::new("a"), ClientId::new("b"));
    bed.store
        .write(move |tx| {
            tx.put_consent(&consent(user, &a, "openid"))?;
            tx.put_consent(&consent(user, &a, "openid email"))?;
            tx.put_consent(&consent(user, &b, "openid"))?;
            assert_eq!(
                tx.consent(user, &a)?,
                Some(consent(user, &a, "openid email"))
            );
            assert_eq!(tx.consents_of(user)?.len(), 2);
            let answers = [tx.revoke_consent(user, &a)?, tx.revoke_consent(user, &a)?];
            assert_eq!(answers, [Once::First, Once::Again]);
            assert_eq!(tx.consents_of(user)?, [consent(user, &b, "openid")]);
            Ok(())
        })
        .await
        .unwrap();
}
