//! Invitations to make an account: kept as digests, for one address or any, used once.

use std::time::Duration;

use sekisho_model::Digest;
use sekisho_store::{Invitation, InvitedAddress, Once, Tx};
use tokio::task::JoinSet;

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

contract! {
    rec_13_an_invitation_makes_one_account_and_forgets_its_address
    rec_13_an_invitation_works_in_time_and_for_its_address_only
    rec_13_of_20_at_once_one_uses_the_invitation
    rec_13_invitations_are_listed_page_by_page_and_taken_back_while_unused
    rec_13_what_is_over_goes_after_a_month
}

fn bound(maker: &Maker, to: &str) -> Invitation {
    Invitation {
        address: Some(InvitedAddress {
            sealed: sealed(to),
            index: Digest::of(to.as_bytes()),
        }),
        ..maker.invitation()
    }
}

async fn put(bed: &Bed, invitation: &Invitation) {
    let kept = invitation.clone();
    let work = move |tx: &mut Tx<'_>| tx.insert_invitation(&kept);
    bed.store.write(work).await.unwrap();
}

async fn rec_13_an_invitation_makes_one_account_and_forgets_its_address(bed: &Bed) {
    let maker = Maker::new();
    let (invitation, user) = (bound(&maker, "a@b.example"), maker.user().id);
    put(bed, &invitation).await;
    let (digest, unknown) = (invitation.digest, maker.digest());
    let address = Digest::of(b"a@b.example");
    bed.store
        .write(move |tx| {
            assert_eq!(tx.invitation(&unknown)?, None);
            assert_eq!(tx.invitation(&digest)?, Some(invitation.clone()));
            assert_eq!(
                tx.take_invitation(&unknown, &address, user, NOW)?,
                Once::Again
            );
            for expected in [Once::First, Once::Again] {
                assert_eq!(tx.take_invitation(&digest, &address, user, NOW)?, expected);
            }
            let spent = Invitation {
                address: None,
                used_at: Some(NOW),
                used_by: Some(user),
                ..invitation.clone()
            };
            assert_eq!(tx.invitation(&digest)?, Some(spent));
            Ok(())
        })
        .await
        .unwrap();
}

async fn rec_13_an_invitation_works_in_time_and_for_its_address_only(bed: &Bed) {
    let maker = Maker::new();
    let (one, any) = (bound(&maker, "a@b.example"), maker.invitation());
    put(bed, &one).await;
    put(bed, &any).await;
    let user = maker.user().id;
    let (here, there) = (Digest::of(b"a@b.example"), Digest::of(b"c@d.example"));
    let (late, last) = (NOW + HOUR, NOW + HOUR - Duration::from_micros(1));
    bed.store
        .write(move |tx| {
            let mut take = |digest, address, now| tx.take_invitation(digest, address, user, now);
            assert_eq!(take(&one.digest, &there, NOW)?, Once::Again);
            assert_eq!(take(&one.digest, &here, late)?, Once::Again);
            assert_eq!(take(&one.digest, &here, last)?, Once::First);
            assert_eq!(take(&any.digest, &there, late)?, Once::Again);
            assert_eq!(take(&any.digest, &there, NOW)?, Once::First);
            Ok(())
        })
        .await
        .unwrap();
}

async fn rec_13_of_20_at_once_one_uses_the_invitation(bed: &Bed) {
    let maker = Maker::new();
    let invitation = maker.invitation();
    put(bed, &invitation).await;
    let mut takers = JoinSet::new();
    for at in 0..20 {
        let (store, digest, user) = (bed.store.clone(), invitation.digest, maker.user().id);
        let address = Digest::of(format!("a{at}@b.example").as_bytes());
        takers.spawn(async move {
            let work = move |tx: &mut Tx<'_>| tx.take_invitation(&digest, &address, user, NOW);
            store.write(work).await.unwrap()
        });
    }
    let taken = takers.join_all().await;
    assert_eq!(taken.iter().filter(|once| **once == Once::First).count(), 1);
}

async fn rec_13_invitations_are_listed_page_by_page_and_taken_back_while_unused(bed: &Bed) {
    let maker = Maker::new();
    let mut made: Vec<Invitation> = (0..3).map(|_| maker.invitation()).collect();
    for invitation in &made {
        put(bed, invitation).await;
    }
    made.sort_by_key(|invitation| std::cmp::Reverse(invitation.id));
    let user = maker.user().id;
    bed.store
        .write(move |tx| {
            assert_eq!(tx.invitations(None, 9)?, made);
            assert_eq!(tx.invitations(None, 2)?, made[..2]);
            assert_eq!(tx.invitations(Some(made[1].id), 2)?, made[2..]);
            assert_eq!(tx.end_invitation(made[0].id)?, Once::First);
            assert_eq!(tx.end_invitation(made[0].id)?, Once::Again);
            assert_eq!(tx.invitation(&made[0].digest)?, None);
            let address = Digest::of(b"a@b.example");
            let taken = tx.take_invitation(&made[1].digest, &address, user, NOW)?;
            assert_eq!(taken, Once::First);
            assert_eq!(tx.end_invitation(made[1].id)?, Once::Again, "it was used");
            assert_eq!(tx.invitations(None, 9)?.len(), 2);
            Ok(())
        })
        .await
        .unwrap();
}

async fn rec_13_what_is_over_goes_after_a_month(bed: &Bed) {
    let maker = Maker::new();
    let invitation = bound(&maker, "a@b.example");
    put(bed, &invitation).await;
    let month = HOUR * 24 * 30;
    for (now, left) in [(NOW + month, 1), (NOW + month + HOUR * 2, 0)] {
        bed.store.keep_house(now).await.unwrap();
        let found = bed.store.read(|tx| tx.invitations(None, 9)).await.unwrap();
        assert_eq!(found.len(), left);
    }
}
