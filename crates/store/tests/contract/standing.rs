//! Sessions are looked at once more where something is written for them (SES-09).

use sekisho_model::{BrowserSession, Epoch, EpochKind, Factor, FactorId, FactorKind, UserId};
use sekisho_store::Once;

use crate::bed::Bed;
use crate::contract;
use crate::maker::{Maker, NOW, sealed};

const AT_ONCE: usize = 8;

contract! {
    ses_09_a_held_session_is_read_anew_and_not_found_once_it_ended
    ses_09_whoever_holds_the_epochs_sees_every_lower_move
    ses_09_what_is_added_while_a_session_ends_ends_with_it
    ses_09_holding_sessions_and_ending_others_do_not_wait_for_each_other
}

async fn ses_09_a_held_session_is_read_anew_and_not_found_once_it_ended(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let (session, renewed) = (maker.session(user), maker.session(user));
    let other = maker.session(user);
    bed.store
        .write(move |tx| {
            tx.insert_session(&session)?;
            tx.insert_session(&other)?;
            let epoch = tx.move_user_epoch(user, EpochKind::Session)?;
            tx.carry_session(session.id, epoch)?;
            let (now, owner) = tx.held_session(&session)?.unwrap();
            assert_eq!((now.id, now.epoch), (session.id, epoch));
            assert_eq!((owner.id, owner.epochs.session), (user, epoch));
            // The cookie of one session with the id of another is neither.
            let mixed = BrowserSession {
                digest: other.digest,
                ..session.clone()
            };
            assert_eq!(tx.held_session(&mixed)?, None);
            let rotated = tx.rotate_session(session.id, &session.digest, &renewed)?;
            assert_eq!(rotated, Once::First);
            assert_eq!(tx.held_session(&session)?, None, "SES-03");
            let _ended = tx.end_session(other.id, NOW)?;
            assert_eq!(tx.held_session(&other)?, None);
            Ok(())
        })
        .await
        .unwrap();
}

/// What one of many at once did: moved an epoch for everybody, or that of one account after it had read the others.
enum Move {
    Everybody(Epoch),
    One { seen: Epoch, own: Epoch },
}

async fn ses_09_whoever_holds_the_epochs_sees_every_lower_move(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let (mut everybody, mut ones) = (vec![Epoch(0)], Vec::new());
    for _ in 0..6 {
        for moved in moves(bed, user).await {
            match moved {
                Move::Everybody(epoch) => everybody.push(epoch),
                Move::One { seen, own } => ones.push((seen, own)),
            }
        }
    }
    for (seen, own) in ones {
        let lower = everybody.iter().filter(|epoch| **epoch < own).max();
        assert_eq!(Some(&seen), lower, "of {own:?}");
    }
}

/// Some of either kind at once: few enough that each gets a connection.
fn own_move(
    tx: &mut sekisho_store::Tx<'_>,
    user: UserId,
) -> Result<Move, sekisho_store::StoreError> {
    tx.hold_epochs()?;
    let shared = tx.shared_epochs()?;
    let seen = shared.first().map_or(Epoch(0), |shared| shared.epoch);
    let own = tx.move_user_epoch(user, EpochKind::Session)?;
    Ok(Move::One { seen, own })
}

fn move_of(
    tx: &mut sekisho_store::Tx<'_>,
    user: UserId,
    number: usize,
) -> Result<Move, sekisho_store::StoreError> {
    let _early = tx.epoch_now()?;
    if number.is_multiple_of(2) {
        let epoch = tx.move_server_epoch(EpochKind::Session)?;
        return Ok(Move::Everybody(epoch));
    }
    own_move(tx, user)
}

async fn moves(bed: &Bed, user: UserId) -> Vec<Move> {
    let calls: Vec<_> = (0..AT_ONCE)
        .map(|number| {
            let store = bed.store.clone();
            tokio::spawn(async move {
                let work = store.write(move |tx| move_of(tx, user, number));
                work.await.unwrap()
            })
        })
        .collect();
    let mut moved = Vec::new();
    for call in calls {
        moved.push(call.await.unwrap());
    }
    moved
}

async fn ses_09_what_is_added_while_a_session_ends_ends_with_it(bed: &Bed) {
    let maker = Maker::new();
    for _ in 0..25 {
        let user = maker.kept_user(&bed.store).await.id;
        let session = maker.session(user);
        let (kept, id) = (session.clone(), session.id);
        bed.store
            .write(move |tx| tx.insert_session(&kept))
            .await
            .unwrap();
        let factor = Factor {
            id: FactorId::new(NOW, maker.entropy()),
            user_id: user,
            kind: FactorKind::Passkey,
            sealed: sealed("factor"),
            credential: Some(maker.digest()),
            made_in: id,
            made_at: NOW,
            last_used_at: None,
            mark: 0,
        };
        let (adding, ending) = (bed.store.clone(), bed.store.clone());
        let add = tokio::spawn(async move {
            let work = adding.write(move |tx| match tx.held_session(&session)? {
                Some(_) => tx.insert_factor(&factor),
                None => Ok(Once::Again),
            });
            let _added = work.await.unwrap();
        });
        let end = tokio::spawn(async move {
            let work = ending.write(move |tx| {
                tx.hold_epochs()?;
                let _ended = tx.end_session_of(user, id, NOW)?;
                tx.remove_factors_of_session(user, id)?;
                tx.move_user_epoch(user, EpochKind::Session)
            });
            work.await.unwrap();
        });
        add.await.unwrap();
        end.await.unwrap();
        let left = bed.store.read(move |tx| tx.factors_of(user)).await.unwrap();
        assert_eq!(left, []);
    }
}

async fn ses_09_holding_sessions_and_ending_others_do_not_wait_for_each_other(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let sessions: Vec<_> = (0..6).map(|_| maker.session(user)).collect();
    let kept = sessions.clone();
    bed.store
        .write(move |tx| kept.iter().try_for_each(|one| tx.insert_session(one)))
        .await
        .unwrap();
    for _ in 0..6 {
        hold_and_end(bed, user, &sessions).await;
    }
    let left = bed.store.read(move |tx| tx.sessions_of(user)).await;
    assert_eq!(
        left.unwrap().len(),
        1,
        "of those that end the others one stays"
    );
}

/// Ends the other sessions, or only changes a setting, as long as its own session counts.
fn one_of_them(
    tx: &mut sekisho_store::Tx<'_>,
    user: UserId,
    session: &BrowserSession,
    moves: bool,
) -> Result<(), sekisho_store::StoreError> {
    if moves {
        tx.hold_epochs()?;
    }
    if tx.held_session(session)?.is_none() {
        return Ok(());
    }
    if !moves {
        return tx.set_second_step(user, true);
    }
    let epoch = tx.move_user_epoch(user, EpochKind::Session)?;
    tx.end_other_sessions(user, (session.id, epoch), NOW)
        .map(drop)
}

async fn hold_and_end(bed: &Bed, user: UserId, sessions: &[BrowserSession]) {
    let calls: Vec<_> = (0..AT_ONCE)
        .map(|number| {
            let session = sessions[number % sessions.len()].clone();
            let store = bed.store.clone();
            tokio::spawn(async move {
                let moves = number % 2 == 0;
                let work = store.write(move |tx| one_of_them(tx, user, &session, moves));
                work.await
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}
