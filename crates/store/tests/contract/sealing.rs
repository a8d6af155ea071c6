use std::collections::BTreeSet;
use std::slice::from_ref;
use std::time::Duration;

use sekisho_model::{
    ClientSecretRecord, KeyId, KeyRing, Purpose, Sealed, SigningAlgorithm, SigningKeyRecord,
    Timestamp,
};
use sekisho_store::{
    Invitation, InvitedAddress, KeyHolder, Once, PasswordRecord, SealedPlace, SealedValue,
};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{Maker, NOW};
use crate::raw;

contract! {
    pw_16_every_place_tells_what_lies_under_which_key_and_lets_it_be_replaced_once
    pw_16_sealed_values_are_listed_page_by_page
    pw_16_every_column_of_bytes_is_a_place_of_sealed_values_or_known_not_to_be_one
    pw_16_running_nodes_tell_which_keys_they_hold
    pw_16_what_is_no_sealed_value_is_passed_over
}

/// Columns of bytes that the key ring does not seal. What it seals is in [`SealedPlace`]; a column that
/// is in neither would be lost when a key is dropped.
const NOT_SEALED_BY_THE_RING: [(&str, &str); 43] = [
    // Digests of what only others hold.
    ("access_tokens", "digest"),
    ("browser_sessions", "digest"),
    ("browsers", "digest"),
    ("former_browser_values", "digest"),
    ("outbox", "held_for"),
    ("outbox", "gathered_for"),
    ("client_publishers", "identity"),
    ("password_runs", "account"),
    ("password_runs", "digest"),
    ("client_secrets", "digest"),
    ("codes", "digest"),
    ("initial_access_tokens", "digest"),
    ("invitations", "digest"),
    ("not_me_links", "digest"),
    ("operator_tokens", "digest"),
    ("password_resets", "digest"),
    ("refresh_tokens", "digest"),
    ("address_quarantine", "blind_index"),
    ("address_undo_links", "digest"),
    ("tombstones", "subject_digest"),
    ("registration_tokens", "digest"),
    ("registration_tokens", "previous_digest"),
    ("revoked_tokens", "digest"),
    ("factors", "credential"),
    ("factor_losses", "digest"),
    ("code_address_losses", "digest"),
    // Of a file that an operator has.
    ("user_imports", "file_digest"),
    // Sealed under the token that was presented.
    ("refresh_tokens", "successor"),
    // Under the user's data key.
    ("users", "claims"),
    ("users", "networks"),
    ("factors", "sealed"),
    ("user_addresses", "sealed"),
    ("address_changes", "former"),
    // Derived from the root, which never changes.
    ("user_addresses", "blind_index"),
    ("address_changes", "former_index"),
    ("invitations", "address_index"),
    ("recovery_codes", "digest"),
    ("canaries", "mark"),
    ("canary_touches", "mark"),
    ("rule_firings", "mark"),
    ("rule_firings", "content"),
    ("canaries", "sealed"),
    // A picture that everybody sees.
    ("client_brands", "logo"),
];

fn ring(maker: &Maker, name: &str) -> KeyRing {
    let id = KeyId::new(name);
    let key = maker.entropy().bytes();
    KeyRing::new(id.clone(), [(id, key)], maker.entropy().bytes()).unwrap()
}

fn bound(invitation: Invitation, address: &Sealed, maker: &Maker) -> Invitation {
    let address = InvitedAddress {
        sealed: address.clone(),
        index: maker.digest(),
    };
    Invitation {
        address: Some(address),
        ..invitation
    }
}

/// One value in each place, under the key of `ring`.
async fn furnish(bed: &Bed, maker: &Maker, ring: &KeyRing) -> Vec<SealedValue> {
    let entropy = maker.entropy();
    let (user, client, letter) = (maker.user(), maker.client(), maker.letter(NOW));
    let seal = |place: SealedPlace, owner: &str| SealedValue {
        owner: owner.to_owned(),
        sealed: ring.seal(place.purpose(), owner, b"plain", entropy),
    };
    let (kid, invitation) = (KeyId::generate(entropy), maker.invitation());
    let values: Vec<SealedValue> = SealedPlace::ALL
        .into_iter()
        .map(|place| match place {
            SealedPlace::Passwords | SealedPlace::UserData => seal(place, &user.id.to_string()),
            SealedPlace::SigningKeys => seal(place, kid.as_str()),
            SealedPlace::ClientSecrets => seal(place, client.client_id.as_str()),
            SealedPlace::Letters => seal(place, &letter.id.to_string()),
            SealedPlace::Invitations => seal(place, &invitation.id.to_string()),
        })
        .collect();
    let password = PasswordRecord {
        sealed: values[0].sealed.clone(),
        key_id: ring.current(),
        changed_at: NOW,
        must_change: false,
    };
    let key = SigningKeyRecord {
        kid,
        algorithm: SigningAlgorithm::EdDSA,
        private: values[2].sealed.clone(),
        public_jwk: "{}".to_owned(),
        created_at: NOW,
        active_from: NOW,
        retired_at: None,
        gone_at: None,
    };
    let secret = ClientSecretRecord {
        digest: maker.digest(),
        created_at: NOW,
        expires_at: None,
        sealed: Some(values[3].sealed.clone()),
    };
    let letter = sekisho_store::OutboxLetter {
        sealed: values[4].sealed.clone(),
        ..letter
    };
    let bound = bound(invitation, &values[5].sealed, maker);
    let (data_key, claims) = (values[1].sealed.clone(), Sealed::from_bytes(vec![1]));
    bed.store
        .write(move |tx| {
            tx.insert_user(&user, &data_key, &claims)?;
            tx.set_password(user.id, &password)?;
            tx.insert_key(&key)?;
            assert_eq!(tx.insert_client(&client, NOW)?, Once::First);
            tx.add_client_secret(&client.client_id, &secret)?;
            tx.post(&letter)?;
            tx.insert_invitation(&bound)
        })
        .await
        .unwrap();
    values
}

async fn in_use(bed: &Bed, place: SealedPlace) -> Vec<KeyId> {
    bed.store
        .read(move |tx| tx.keys_in_use(place))
        .await
        .unwrap()
}

async fn under(bed: &Bed, place: SealedPlace, key: &KeyId) -> Vec<SealedValue> {
    let (counted, listed) = (key.clone(), key.clone());
    let work = move |tx: &mut sekisho_store::Tx<'_>| {
        Ok((
            tx.count_sealed_under(place, &counted)?,
            tx.sealed_under(place, &listed, "", 100)?,
        ))
    };
    let (number, values) = bed.store.read(work).await.unwrap();
    assert_eq!(usize::try_from(number).unwrap(), values.len());
    values
}

async fn pw_16_every_place_tells_what_lies_under_which_key_and_lets_it_be_replaced_once(bed: &Bed) {
    let maker = Maker::new();
    // One name begins like the other.
    let (old, new) = (ring(&maker, "k"), ring(&maker, "k2"));
    let values = furnish(bed, &maker, &old).await;
    let others = furnish(bed, &maker, &new).await;
    for (place, (value, other)) in SealedPlace::ALL.into_iter().zip(values.iter().zip(&others)) {
        let (k, k2) = (old.current(), new.current());
        assert_eq!(
            in_use(bed, place).await,
            [k.clone(), k2.clone()],
            "{place:?}"
        );
        assert_eq!(under(bed, place, &k).await, from_ref(value), "{place:?}");
        assert_eq!(under(bed, place, &k2).await, from_ref(other), "{place:?}");
        let moved = new.seal(place.purpose(), &value.owner, b"plain", maker.entropy());
        let replace = |value: SealedValue| {
            let moved = moved.clone();
            let work =
                move |tx: &mut sekisho_store::Tx<'_>| tx.replace_sealed(place, &value, &moved);
            bed.store.write(work)
        };
        assert_eq!(
            replace(value.clone()).await.unwrap(),
            Once::First,
            "{place:?}"
        );
        // What was read before it changed replaces nothing.
        assert_eq!(
            replace(value.clone()).await.unwrap(),
            Once::Again,
            "{place:?}"
        );
        assert_eq!(in_use(bed, place).await, from_ref(&k2), "{place:?}");
        assert_eq!(under(bed, place, &k2).await.len(), 2, "{place:?}");
    }
}

async fn pw_16_sealed_values_are_listed_page_by_page(bed: &Bed) {
    let (maker, mut after, mut seen) = (Maker::new(), String::new(), BTreeSet::new());
    let ring = ring(&maker, "k");
    for _ in 0..5 {
        furnish(bed, &maker, &ring).await;
    }
    loop {
        let from = after.clone();
        let page = bed
            .store
            .read(move |tx| tx.sealed_under(SealedPlace::Passwords, &KeyId::new("k"), &from, 2))
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2 && page[0].owner > after);
        after.clone_from(&last.owner);
        seen.extend(page.into_iter().map(|value| value.owner));
    }
    assert_eq!(seen.len(), 5);
}

async fn pw_16_every_column_of_bytes_is_a_place_of_sealed_values_or_known_not_to_be_one(bed: &Bed) {
    let found: BTreeSet<(String, String)> = raw::columns(&bed.url)
        .iter()
        .filter(|column| column.holds_bytes())
        .map(|column| (column.table().to_owned(), column.name().to_owned()))
        .collect();
    let sealed = SealedPlace::ALL.map(SealedPlace::table_and_column);
    let known: BTreeSet<(String, String)> = sealed
        .into_iter()
        .chain(NOT_SEALED_BY_THE_RING)
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .collect();
    assert_eq!(
        found, known,
        "say of a new column whether the key ring seals it: in `SealedPlace`, or here"
    );
}

async fn pw_16_running_nodes_tell_which_keys_they_hold(bed: &Bed) {
    let node = |name: &str, keys: &[&str], seen_at: Timestamp| KeyHolder {
        node: name.to_owned(),
        address: "192.0.2.7:443".to_owned(),
        keys: keys.iter().map(|key| KeyId::new(*key)).collect(),
        current: KeyId::new(keys[0]),
        since: NOW,
        seen_at,
        moved: 7,
        moving_since: Some(NOW),
    };
    let (one, two) = (node("1", &["a"], NOW), node("2", &["b", "a"], NOW));
    let later = NOW + Duration::from_mins(1);
    let again = node("1", &["b", "a"], later);
    let first = [two.clone(), one.clone()];
    let announce = |holders: Vec<KeyHolder>| {
        let work = move |tx: &mut sekisho_store::Tx<'_>| {
            holders
                .iter()
                .try_for_each(|holder| tx.announce_keys(holder))
        };
        bed.store.write(work)
    };
    let running = |now| bed.store.read(move |tx| tx.key_holders(now));
    announce(first.to_vec()).await.unwrap();
    assert_eq!(running(NOW).await.unwrap(), [one, two.clone()]);
    announce(vec![again.clone()]).await.unwrap();
    assert_eq!(running(later).await.unwrap(), [again.clone(), two]);
    let silent = NOW + Duration::from_mins(2);
    assert_eq!(
        running(silent).await.unwrap(),
        [again],
        "the other has ended"
    );
    bed.store.write(|tx| tx.retract_keys("1")).await.unwrap();
    assert_eq!(running(silent).await.unwrap(), []);
}

/// A database that somebody spoiled: nothing fails over it.
async fn pw_16_what_is_no_sealed_value_is_passed_over(bed: &Bed) {
    let maker = Maker::new();
    let ring = ring(&maker, "k");
    let good = furnish(bed, &maker, &ring).await;
    let odd: [&[u8]; 6] = [
        b"",
        b"\x01",
        b"\x01\x40k",
        b"\x01\xffk",
        b"\x02\x01k",
        b"\x01\x00",
    ];
    for bytes in odd {
        let user = maker.user();
        let data_key = Sealed::from_bytes(bytes.to_vec());
        let claims = Sealed::from_bytes(Vec::new());
        let work = move |tx: &mut sekisho_store::Tx<'_>| tx.insert_user(&user, &data_key, &claims);
        bed.store.write(work).await.unwrap();
    }
    let keys = in_use(bed, SealedPlace::UserData).await;
    assert!(keys.contains(&KeyId::new("k")), "{keys:?}");
    let found = under(bed, SealedPlace::UserData, &KeyId::new("k")).await;
    assert_eq!(found, [good[1].clone()]);
    assert_eq!(SealedPlace::UserData.purpose(), Purpose::UserData);
}
