use std::time::Duration;

use sekisho_model::{AddressKind, CodeAddressLoss, Digest, LetterKind, Timestamp, UserId};
use sekisho_store::{Hold, LetterRoom, Once, OutboxLetter, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    rec_04_a_lost_code_address_is_noted_once_and_ends
    rec_04_what_waits_to_be_told_goes_with_the_loss
    a_loss_goes_with_the_address_it_was_about
    letters_of_another_kind_hold_none_back
    refused_mail_is_noted_with_every_account_and_ends
}

fn loss(user: UserId, at: Duration, link: &[u8]) -> CodeAddressLoss {
    CodeAddressLoss {
        user_id: user,
        digest: Digest::of(link),
        asked_at: NOW + at,
        due_at: NOW + at + HOUR,
        ends_at: NOW + at + 3 * HOUR,
        password_at: Some(NOW),
    }
}

async fn note(bed: &Bed, loss: CodeAddressLoss) -> Once {
    let write = bed
        .store
        .write(move |tx| tx.insert_code_address_loss(&loss));
    write.await.unwrap()
}

async fn rec_04_a_lost_code_address_is_noted_once_and_ends(bed: &Bed) {
    let user = Maker::new().kept_user(&bed.store).await.id;
    let first = loss(user, Duration::ZERO, b"first");
    assert_eq!(note(bed, first).await, Once::First);
    let second = loss(user, HOUR, b"second");
    assert_eq!(note(bed, second).await, Once::Again);
    let read = move |tx: &mut Tx<'_>| {
        let link = Digest::of(b"first");
        let other = Digest::of(b"second");
        assert_eq!(tx.code_address_loss_of(&link)?, Some(first));
        assert_eq!(tx.code_address_loss_of(&other)?, None);
        tx.code_address_loss(user)
    };
    assert_eq!(bed.store.read(read).await.unwrap(), Some(first));
    let end = async || {
        let write = bed.store.write(move |tx| tx.end_code_address_loss(user));
        write.await.unwrap()
    };
    assert_eq!((end().await, end().await), (Once::First, Once::Again));
}

fn letter(maker: &Maker, at: Timestamp, kind: LetterKind) -> OutboxLetter {
    OutboxLetter {
        kind,
        created_at: at,
        next_attempt_at: at,
        ..maker.letter(at)
    }
}

async fn leave(bed: &Bed, at: Timestamp) -> usize {
    let work = move |tx: &mut Tx<'_>| tx.claim_letters(at, HOUR, &LetterRoom::of(10));
    bed.store.write(work).await.unwrap().len()
}

async fn rec_04_what_waits_to_be_told_goes_with_the_loss(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let noted = loss(user, Duration::ZERO, b"link");
    let waiting = [1, 2].map(|n| letter(&maker, NOW + n * HOUR, LetterKind::RecoveryNotice));
    let work = move |tx: &mut Tx<'_>| {
        assert_eq!(tx.insert_code_address_loss(&noted)?, Once::First);
        let key = noted.digest;
        tx.hold_letters(&Hold { user, key }, None, &waiting)
    };
    bed.store.write(work).await.unwrap();
    assert_eq!(leave(bed, NOW).await, 0);
    assert_eq!(leave(bed, NOW + HOUR).await, 1);
    let end = move |tx: &mut Tx<'_>| tx.end_code_address_loss(user);
    assert_eq!(bed.store.write(end).await.unwrap(), Once::First);
    let left = bed.store.read(|tx| tx.list_letters(10)).await.unwrap();
    assert_eq!(left.len(), 0, "{left:?}");
}

async fn a_loss_goes_with_the_address_it_was_about(bed: &Bed) {
    let user = Maker::new().kept_user(&bed.store).await.id;
    let there = async || {
        let read = move |tx: &mut Tx<'_>| tx.code_address_loss(user);
        bed.store.read(read).await.unwrap().is_some()
    };
    let _first = note(bed, loss(user, Duration::ZERO, b"one")).await;
    let other_kind = move |tx: &mut Tx<'_>| tx.take_address(user, AddressKind::Login);
    bed.store.write(other_kind).await.unwrap();
    assert!(there().await);
    let taken = move |tx: &mut Tx<'_>| tx.take_address(user, AddressKind::Code);
    bed.store.write(taken).await.unwrap();
    assert!(!there().await);
    let _first = note(bed, loss(user, Duration::ZERO, b"two")).await;
    let put = move |tx: &mut Tx<'_>| {
        tx.put_code_address(user, &sealed("code"), &Digest::of(b"code"), NOW)
    };
    let _first = bed.store.write(put).await.unwrap();
    assert!(!there().await);
}

/// Whoever types the password on purpose must not keep back what is told of a lost address.
async fn letters_of_another_kind_hold_none_back(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let known = [letter(&maker, NOW, LetterKind::PasswordKnown)];
    let lost = [letter(&maker, NOW, LetterKind::RecoveryNotice)];
    let work = move |tx: &mut Tx<'_>| {
        let hold = |key: &[u8]| Hold {
            user,
            key: Digest::of(key),
        };
        tx.hold_letters(&hold(b"cookie"), None, &known)?;
        tx.hold_letters(&hold(b"link"), None, &lost)
    };
    bed.store.write(work).await.unwrap();
    assert_eq!(leave(bed, NOW).await, 2);
}

async fn refused_mail_is_noted_with_every_account_and_ends(bed: &Bed) {
    let maker = Maker::new();
    let (one, two) = (
        maker.kept_user(&bed.store).await.id,
        maker.kept_user(&bed.store).await.id,
    );
    let index = Digest::of(b"shared");
    let put = move |tx: &mut Tx<'_>| {
        for user in [one, two] {
            let _first = tx.put_code_address(user, &sealed("code"), &index, NOW)?;
        }
        tx.insert_address(one, AddressKind::Login, &sealed("login"), &index, None)
    };
    let _first = bed.store.write(put).await.unwrap();
    let since = async || {
        let read = move |tx: &mut Tx<'_>| {
            let (a, b) = (tx.account(one)?.unwrap(), tx.account(two)?.unwrap());
            assert_eq!(a.login_address.unwrap().refused_at, None);
            let of = |account: Option<sekisho_store::SealedAddress>| account.unwrap().refused_at;
            Ok((of(a.code_address), of(b.code_address)))
        };
        bed.store.read(read).await.unwrap()
    };
    assert_eq!(since().await, (None, None));
    for hours in [0, 1] {
        let at = NOW + hours * HOUR;
        let write = move |tx: &mut Tx<'_>| tx.mail_refused(&index, at);
        bed.store.write(write).await.unwrap();
    }
    assert_eq!(
        since().await,
        (Some(NOW), Some(NOW)),
        "the first time counts"
    );
    let write = move |tx: &mut Tx<'_>| tx.mail_taken(&index);
    bed.store.write(write).await.unwrap();
    assert_eq!(since().await, (None, None));
    // Another address begins anew.
    let refused = move |tx: &mut Tx<'_>| {
        tx.mail_refused(&index, NOW)?;
        tx.put_code_address(one, &sealed("other"), &Digest::of(b"other"), NOW)
    };
    let _first = bed.store.write(refused).await.unwrap();
    assert_eq!(since().await, (None, Some(NOW)));
}
