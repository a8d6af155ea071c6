use sekisho_model::{AddressKind, Digest, EventId, KeyId, SessionId, Timestamp, UserId};
use sekisho_store::{AddressChange, FormerAddress, Once, PasswordRecord, Store, StoreError, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    rec_07_a_changed_address_is_found_and_its_former_one_stays_reserved
    rec_07_a_change_is_kept_with_its_links_and_ends_once
    rec_07_a_former_address_comes_back_and_the_other_is_free_again
    rec_07_a_reservation_goes_with_its_row_after_the_time_to_undo
    rec_10_of_20_accounts_that_want_one_address_one_gets_it
    rec_10_of_20_changes_of_one_account_at_once_none_loses_its_address
    rec_07_a_distrusted_password_opens_nothing_alone
}

fn index(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn former(text: &str) -> FormerAddress {
    FormerAddress {
        sealed: sealed(text),
        index: index(text),
        verified_at: Some(NOW),
    }
}

fn change(maker: &Maker, user: UserId, kind: AddressKind, was: &str) -> AddressChange {
    AddressChange {
        id: EventId::new(NOW, maker.entropy()),
        user_id: user,
        kind,
        former: Some(former(was)),
        made_at: NOW,
        undo_until: NOW + 168 * HOUR,
        ended_at: None,
        made_in: Some(SessionId::new(NOW, maker.entropy())),
    }
}

/// Somebody who signs in with `login`.
async fn person(store: &Store, maker: &Maker, login: &'static str) -> UserId {
    let user = maker.kept_user(store).await.id;
    let work = move |tx: &mut Tx<'_>| {
        let kind = AddressKind::Login;
        tx.insert_address(user, kind, &sealed(login), &index(login), Some(NOW))
    };
    assert_eq!(store.write(work).await.unwrap(), Once::First);
    user
}

/// What a change writes.
fn moves(
    tx: &mut Tx<'_>,
    change: &AddressChange,
    to: &'static str,
    link: Digest,
) -> Result<(), StoreError> {
    let was = tx.change_address(change.user_id, change.kind, (&sealed(to), &index(to)), NOW)?;
    assert_eq!(was, change.former);
    tx.insert_address_change(change, &[link])
}

async fn taken(store: &Store, maker: &Maker, login: &'static str) -> bool {
    let other = maker.kept_user(store).await.id;
    let work = move |tx: &mut Tx<'_>| {
        let kind = AddressKind::Login;
        let once = tx.insert_address(other, kind, &sealed(login), &index(login), None)?;
        let held = tx.account(other)?.unwrap().login_address;
        assert_eq!(held.is_some(), once == Once::First, "nothing half-done");
        let _gone = tx.take_address(other, kind)?;
        Ok(once == Once::Again)
    };
    store.write(work).await.unwrap()
}

async fn rec_07_a_changed_address_is_found_and_its_former_one_stays_reserved(bed: &Bed) {
    let maker = Maker::new();
    let user = person(&bed.store, &maker, "old").await;
    let kept = change(&maker, user, AddressKind::Login, "old");
    let link = maker.digest();
    let work = move |tx: &mut Tx<'_>| moves(tx, &kept, "new", link);
    bed.store.write(work).await.unwrap();
    for address in ["old", "new"] {
        assert!(taken(&bed.store, &maker, address).await, "{address}");
    }
    assert!(!taken(&bed.store, &maker, "third").await);
    let work = move |tx: &mut Tx<'_>| {
        assert_eq!(
            tx.account_by_address(&index("old"))?,
            None,
            "no sign-in, no reset"
        );
        let found = tx.account_by_address(&index("new"))?.unwrap();
        assert_eq!(found.user.id, user);
        for address in ["old", "new"] {
            let holder = tx.login_address_holder(&index(address))?;
            assert_eq!(holder.unwrap().id, user, "{address}");
        }
        assert_eq!(tx.login_address_holder(&index("third"))?, None);
        let all = ["old", "new", "third"].map(index);
        assert_eq!(tx.taken_login_addresses(&all)?.len(), 2);
        Ok(())
    };
    bed.store.read(work).await.unwrap();
}

async fn rec_07_a_change_is_kept_with_its_links_and_ends_once(bed: &Bed) {
    let maker = Maker::new();
    let user = person(&bed.store, &maker, "old").await;
    let kept = AddressChange {
        former: None,
        ..change(&maker, user, AddressKind::Code, "")
    };
    let (links, whole) = ([maker.digest(), maker.digest()], kept.clone());
    let id = kept.id;
    let work = move |tx: &mut Tx<'_>| {
        tx.insert_address_change(&kept, &links)?;
        for link in links {
            assert_eq!(tx.address_change_of(&link)?.as_ref(), Some(&whole));
        }
        assert_eq!(tx.address_change_of(&Digest::of(b"other"))?, None);
        assert_eq!(tx.open_address_changes(user)?, vec![whole.clone()]);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
    let calls = (0..20).map(|_| {
        let store = bed.store.clone();
        tokio::spawn(async move {
            let end = move |tx: &mut Tx<'_>| tx.end_address_change(id, NOW);
            store.write(end).await.unwrap()
        })
    });
    let mut first = 0;
    for call in calls.collect::<Vec<_>>() {
        first += usize::from(call.await.unwrap() == Once::First);
    }
    assert_eq!(first, 1);
    let work = move |tx: &mut Tx<'_>| {
        assert_eq!(tx.open_address_changes(user)?, []);
        let ended = tx.address_change_of(&links[0])?.unwrap();
        assert_eq!(ended.ended_at, Some(NOW));
        Ok(())
    };
    bed.store.read(work).await.unwrap();
}

async fn rec_07_a_former_address_comes_back_and_the_other_is_free_again(bed: &Bed) {
    let maker = Maker::new();
    let user = person(&bed.store, &maker, "old").await;
    let kept = change(&maker, user, AddressKind::Login, "old");
    let (id, link) = (kept.id, maker.digest());
    let work = move |tx: &mut Tx<'_>| {
        moves(tx, &kept, "new", link)?;
        assert_eq!(tx.end_address_change(id, NOW)?, Once::First);
        tx.restore_address(user, AddressKind::Login, kept.former.as_ref())
    };
    bed.store.write(work).await.unwrap();
    assert!(taken(&bed.store, &maker, "old").await);
    assert!(!taken(&bed.store, &maker, "new").await);
    let work = move |tx: &mut Tx<'_>| {
        let account = tx.account_by_address(&index("old"))?.unwrap();
        assert_eq!(account.login_address.unwrap().verified_at, Some(NOW));
        Ok(())
    };
    bed.store.read(work).await.unwrap();
}

async fn rec_07_a_reservation_goes_with_its_row_after_the_time_to_undo(bed: &Bed) {
    let maker = Maker::new();
    let user = person(&bed.store, &maker, "old").await;
    let kept = change(&maker, user, AddressKind::Login, "old");
    let (until, link): (Timestamp, Digest) = (kept.undo_until, maker.digest());
    let work = move |tx: &mut Tx<'_>| moves(tx, &kept, "new", link);
    bed.store.write(work).await.unwrap();
    bed.store.keep_house(until).await.unwrap();
    assert!(taken(&bed.store, &maker, "old").await);
    bed.store.keep_house(until + 25 * HOUR).await.unwrap();
    assert!(!taken(&bed.store, &maker, "old").await);
    let work = move |tx: &mut Tx<'_>| {
        assert_eq!(tx.address_change_of(&link)?, None);
        Ok(())
    };
    bed.store.read(work).await.unwrap();
}

async fn rec_10_of_20_accounts_that_want_one_address_one_gets_it(bed: &Bed) {
    const NAMES: [&str; 20] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
        "s", "t",
    ];
    let maker = Maker::new();
    let mut calls = Vec::new();
    for name in NAMES {
        let user = person(&bed.store, &maker, name).await;
        let kept = change(&maker, user, AddressKind::Login, name);
        let (store, link) = (bed.store.clone(), maker.digest());
        calls.push(tokio::spawn(async move {
            let done = store
                .write(move |tx| moves(tx, &kept, "wanted", link))
                .await;
            match done {
                Ok(()) => true,
                Err(StoreError::Conflict) => false,
                Err(other) => panic!("{other}"),
            }
        }));
    }
    let mut won = 0;
    for call in calls {
        won += usize::from(call.await.unwrap());
    }
    assert_eq!(won, 1);
    let work = |tx: &mut Tx<'_>| {
        let held = NAMES.map(index);
        // Everybody else has what they had; the winner's stays reserved.
        Ok(tx.taken_login_addresses(&held)?.len())
    };
    assert_eq!(bed.store.read(work).await.unwrap(), NAMES.len());
}

async fn rec_10_of_20_changes_of_one_account_at_once_none_loses_its_address(bed: &Bed) {
    let maker = Maker::new();
    let user = person(&bed.store, &maker, "old").await;
    let mut calls = Vec::new();
    for n in 0..20 {
        let id = EventId::new(NOW, maker.entropy());
        let store = bed.store.clone();
        calls.push(tokio::spawn(async move {
            let to = format!("new {n}");
            let work = move |tx: &mut Tx<'_>| {
                let (seal, index) = (sealed(&to), Digest::of(to.as_bytes()));
                let kind = AddressKind::Login;
                let former = tx.change_address(user, kind, (&seal, &index), NOW)?;
                let kept = AddressChange {
                    id,
                    user_id: user,
                    kind,
                    former,
                    made_at: NOW,
                    undo_until: NOW + HOUR,
                    ended_at: None,
                    made_in: None,
                };
                tx.insert_address_change(&kept, &[])
            };
            match store.write(work).await {
                Ok(()) => 1,
                Err(StoreError::Conflict) => 0,
                Err(other) => panic!("{other}"),
            }
        }));
    }
    let mut done = 0;
    for call in calls {
        done += call.await.unwrap();
    }
    assert!(done >= 1);
    let work = move |tx: &mut Tx<'_>| {
        assert!(tx.account(user)?.unwrap().login_address.is_some());
        let open = tx.open_address_changes(user)?;
        assert_eq!(open.len(), done);
        assert!(open.iter().all(|change| change.former.is_some()));
        Ok(())
    };
    bed.store.read(work).await.unwrap();
}

async fn rec_07_a_distrusted_password_opens_nothing_alone(bed: &Bed) {
    let maker = Maker::new();
    let (with, without) = (
        person(&bed.store, &maker, "with").await,
        person(&bed.store, &maker, "without").await,
    );
    let work = move |tx: &mut Tx<'_>| {
        let record = PasswordRecord {
            sealed: sealed("password"),
            key_id: KeyId::new("k"),
            changed_at: NOW,
            must_change: false,
        };
        let (kind, code) = (AddressKind::Code, index("code"));
        let once = tx.insert_address(with, kind, &sealed("code"), &code, Some(NOW))?;
        assert_eq!(once, Once::First);
        for user in [with, without] {
            tx.set_password(user, &record)?;
            tx.set_second_step(user, false)?;
            tx.distrust_password(user)?;
        }
        let account = tx.account(with)?.unwrap();
        assert!(account.password.is_some() && account.user.second_step);
        assert!(account.user.epochs.password > account.user.password_epoch);
        assert_eq!(tx.account(without)?.unwrap().password, None);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}
