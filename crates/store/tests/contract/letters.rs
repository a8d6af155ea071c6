use std::collections::BTreeSet;
use std::time::Duration;

use sekisho_model::{Digest, LetterId, LetterKind, Timestamp, UserId};
use sekisho_store::{
    DeliveryFigures, GATHERED_AT_MOST, Gathering, LetterRoom, LetterState, OutboxLetter,
    QueueFigures, Store, Tx,
};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

const LEASE: Duration = Duration::from_mins(1);

contract! {
    parallel_workers_get_each_letter_once
    a_claim_lasts_as_long_as_its_lease
    otp_15_a_sent_letter_keeps_no_body
    failed_and_dead_letters_are_counted_listed_and_revived
    urgent_letters_go_first_whatever_lane_they_are_in
    a_full_lane_keeps_no_other_waiting
    td_07_letters_of_a_gathering_leave_once_in_its_time
    td_07_a_flood_is_kept_to_a_hundred_letters
    td_07_letters_gathered_at_the_same_moment_are_one_set
    otp_27_what_became_of_letters_is_counted
}

async fn parallel_workers_get_each_letter_once(bed: &Bed) {
    let maker = Maker::new();
    let letters: Vec<_> = (0..60).map(|_| maker.letter(NOW)).collect();
    let later = maker.letter(NOW + HOUR);
    let expected: BTreeSet<_> = letters.iter().map(|letter| letter.id).collect();
    bed.store
        .write(move |tx| {
            tx.post(&later)?;
            letters.iter().try_for_each(|letter| tx.post(letter))
        })
        .await
        .unwrap();
    let workers: Vec<_> = (0..8)
        .map(|_| tokio::spawn(claim_all(bed.store.clone())))
        .collect();
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    assert_eq!(claimed.len(), 60);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), expected);
}

async fn claim_all(store: Store) -> Vec<LetterId> {
    let mut claimed = Vec::new();
    loop {
        let got = store
            .write(|tx| tx.claim_letters(NOW, LEASE, &LetterRoom::of(7)))
            .await
            .unwrap();
        if got.is_empty() {
            return claimed;
        }
        claimed.extend(got.iter().map(|letter| letter.id));
    }
}

async fn a_claim_lasts_as_long_as_its_lease(bed: &Bed) {
    let letter = Maker::new().letter(NOW);
    bed.store
        .write(move |tx| {
            tx.post(&letter)?;
            let claimed = tx.claim_letters(NOW, LEASE, &LetterRoom::of(10))?;
            assert_eq!((claimed.len(), claimed[0].attempts), (1, 1));
            assert_eq!(claimed[0].sealed, letter.sealed);
            assert!(
                tx.claim_letters(NOW, LEASE, &LetterRoom::of(10))?
                    .is_empty()
            );
            let again = tx.claim_letters(NOW + LEASE, LEASE, &LetterRoom::of(10))?;
            assert_eq!((again[0].id, again[0].attempts), (letter.id, 2));
            Ok(())
        })
        .await
        .unwrap();
}

async fn otp_15_a_sent_letter_keeps_no_body(bed: &Bed) {
    let letter = Maker::new().letter(NOW);
    let id = letter.id;
    bed.store
        .write(move |tx| {
            tx.post(&letter)?;
            tx.letter_sent(letter.id, NOW)?;
            assert!(
                tx.claim_letters(NOW + HOUR, LEASE, &LetterRoom::of(10))?
                    .is_empty()
            );
            assert_eq!(tx.queue_figures(NOW)?, QueueFigures::default());
            Ok(())
        })
        .await
        .unwrap();
    // Brought back by hand, it shows an empty body.
    crate::raw::execute(&bed.url, "UPDATE outbox SET state = 'dead'");
    let found = bed.store.read(|tx| tx.list_letters(10)).await.unwrap();
    assert_eq!((found[0].id, &found[0].sealed), (id, &sealed("")));
}

async fn failed_and_dead_letters_are_counted_listed_and_revived(bed: &Bed) {
    let maker = Maker::new();
    let for_ever = |at| OutboxLetter {
        not_after: None,
        ..maker.letter(at)
    };
    let (failing, dying) = (for_ever(NOW), for_ever(NOW + HOUR));
    bed.store
        .write(move |tx| {
            tx.post(&failing)?;
            tx.post(&dying)?;
            tx.claim_letters(NOW + HOUR, LEASE, &LetterRoom::of(1))?;
            tx.letter_failed(failing.id, NOW + 3 * HOUR, "refused for now")?;
            tx.letter_dead(dying.id, "no such mailbox", NOW + 24 * HOUR)?;
            let figures = tx.queue_figures(NOW + 2 * HOUR)?;
            let oldest_waiting = Some(2 * HOUR);
            assert_eq!(
                figures,
                QueueFigures {
                    waiting: 1,
                    dead: 1,
                    oldest_waiting
                }
            );
            let listed = tx.list_letters(10)?;
            assert_eq!(
                (listed[0].id, listed[0].state),
                (dying.id, LetterState::Dead)
            );
            assert_eq!(listed[0].last_error.as_deref(), Some("no such mailbox"));
            assert_eq!(listed[1].last_error.as_deref(), Some("refused for now"));
            assert!(
                tx.claim_letters(NOW + 2 * HOUR, LEASE, &LetterRoom::of(10))?
                    .is_empty()
            );
            assert_eq!(tx.revive_dead_letters(NOW + 2 * HOUR)?, 1);
            let claimed = tx.claim_letters(NOW + 2 * HOUR, LEASE, &LetterRoom::of(10))?;
            assert_eq!((claimed[0].id, claimed[0].attempts), (dying.id, 1));
            assert_eq!(claimed[0].not_after, Some(NOW + 24 * HOUR));
            tx.letter_dead(dying.id, "no such mailbox", NOW + 48 * HOUR)
        })
        .await
        .unwrap();
    // What was given up does not lie there for ever: it is under no key of its person.
    bed.store.keep_house(NOW + 49 * HOUR).await.unwrap();
    let left = bed.store.read(|tx| tx.list_letters(10)).await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
}

async fn urgent_letters_go_first_whatever_lane_they_are_in(bed: &Bed) {
    let maker = Maker::new();
    let letter = |kind, lane: &str, at| OutboxLetter {
        kind,
        lane: lane.to_owned(),
        ..maker.letter(at)
    };
    let soon = letter(LetterKind::SignInAlert, "", NOW);
    let now = letter(LetterKind::SignInCode, "isp.example", NOW + HOUR);
    let later = letter(LetterKind::PasswordChanged, "isp.example", NOW + HOUR);
    let expected = [now.id, soon.id];
    let claimed = bed
        .store
        .write(move |tx| {
            for letter in [&soon, &later, &now] {
                tx.post(letter)?;
            }
            tx.claim_letters(NOW + HOUR, LEASE, &LetterRoom::of(2))
        })
        .await
        .unwrap();
    let claimed: Vec<_> = claimed.iter().map(|letter| letter.id).collect();
    assert_eq!(claimed, expected);
}

async fn a_full_lane_keeps_no_other_waiting(bed: &Bed) {
    let maker = Maker::new();
    let mut letters: Vec<_> = (0..20)
        .map(|_| OutboxLetter {
            lane: "isp.example".to_owned(),
            ..maker.letter(NOW)
        })
        .collect();
    letters.push(maker.letter(NOW + HOUR));
    let room = |lane| LetterRoom {
        total: 10,
        lanes: [("isp.example".to_owned(), lane)].into(),
    };
    let lanes = |letters: Vec<OutboxLetter>| -> Vec<String> {
        letters.into_iter().map(|letter| letter.lane).collect()
    };
    bed.store
        .write(move |tx| {
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            let then = NOW + HOUR;
            let some = lanes(tx.claim_letters(then, LEASE, &room(2))?);
            assert_eq!(some, ["isp.example", "isp.example", ""]);
            assert!(tx.claim_letters(then, LEASE, &room(0))?.is_empty());
            let rest = tx.claim_letters(then, LEASE, &room(7))?;
            assert_eq!(rest.len(), 7);
            Ok(())
        })
        .await
        .unwrap();
}

const MINUTE: Duration = Duration::from_mins(1);

fn gathering(user: UserId, key: &str) -> Gathering {
    Gathering {
        user,
        key: Digest::of(key.as_bytes()),
        every: 10 * MINUTE,
    }
}

fn alert(maker: &Maker, at: Timestamp) -> OutboxLetter {
    OutboxLetter {
        kind: LetterKind::SignInAlert,
        not_after: None,
        ..maker.letter(at)
    }
}

/// What leaves now: each letter with how many leave as a part of it.
fn leave(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<usize>, sekisho_store::StoreError> {
    let claimed = tx.claim_letters(now, LEASE, &LetterRoom::of(20))?;
    let mut parts = Vec::new();
    for letter in &claimed {
        parts.push(tx.gathered_with(letter.id)?.len());
        tx.letter_sent(letter.id, now)?;
    }
    Ok(parts)
}

async fn td_07_letters_of_a_gathering_leave_once_in_its_time(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let work = move |tx: &mut Tx<'_>| {
        let (own, other) = (gathering(user, "login"), gathering(user, "code"));
        tx.gather(&own, &alert(&maker, NOW))?;
        assert_eq!(leave(tx, NOW)?, [0], "the first at once");
        for minute in [1, 2, 3] {
            tx.gather(&own, &alert(&maker, NOW + minute * MINUTE))?;
        }
        tx.gather(&other, &alert(&maker, NOW + MINUTE))?;
        assert_eq!(leave(tx, NOW + 9 * MINUTE)?, [0], "another address alone");
        assert_eq!(tx.queue_figures(NOW + 10 * MINUTE)?.waiting, 1);
        let (first, rest) = {
            let claimed = tx.claim_letters(NOW + 10 * MINUTE, LEASE, &LetterRoom::of(20))?;
            assert_eq!(claimed.len(), 1);
            (claimed[0].clone(), tx.gathered_with(claimed[0].id)?)
        };
        let times: Vec<_> = rest.iter().map(|letter| letter.created_at).collect();
        assert_eq!(first.created_at, NOW + MINUTE);
        assert_eq!(times, [NOW + 2 * MINUTE, NOW + 3 * MINUTE]);
        // It could not be handed over: its parts stay its parts, and nothing joins any more.
        tx.letter_failed(first.id, NOW + 15 * MINUTE, "later")?;
        tx.gather(&own, &alert(&maker, NOW + 12 * MINUTE))?;
        assert_eq!(leave(tx, NOW + 15 * MINUTE)?, [2]);
        assert_eq!(leave(tx, NOW + 19 * MINUTE)?, [0_usize; 0]);
        assert_eq!(
            leave(tx, NOW + 20 * MINUTE)?,
            [0],
            "ten minutes after the one before"
        );
        tx.gather(&own, &alert(&maker, NOW + 30 * MINUTE))?;
        assert_eq!(
            leave(tx, NOW + 30 * MINUTE)?,
            [0],
            "after a quiet time at once"
        );
        assert!(tx.list_letters(9)?.is_empty(), "nothing is left behind");
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn td_07_a_flood_is_kept_to_a_hundred_letters(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let work = move |tx: &mut Tx<'_>| {
        let own = gathering(user, "login");
        for second in 0..150 {
            let at = NOW + Duration::from_secs(second);
            tx.gather(&own, &alert(&maker, at))?;
        }
        let parts = usize::try_from(GATHERED_AT_MOST).unwrap();
        assert_eq!(leave(tx, NOW + 3 * MINUTE)?, [parts]);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn td_07_letters_gathered_at_the_same_moment_are_one_set(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.kept_user(&bed.store).await.id;
    let posts: Vec<_> = (0..8)
        .map(|_| {
            let (store, letter) = (bed.store.clone(), alert(&maker, NOW));
            tokio::spawn(async move {
                let own = gathering(user, "login");
                store.write(move |tx| tx.gather(&own, &letter)).await
            })
        })
        .collect();
    for post in posts {
        post.await.unwrap().unwrap();
    }
    let work = |tx: &mut Tx<'_>| leave(tx, NOW);
    assert_eq!(bed.store.write(work).await.unwrap(), [7]);
}

async fn otp_27_what_became_of_letters_is_counted(bed: &Bed) {
    let maker = Maker::new();
    let letters: Vec<_> = (0..6).map(|_| alert(&maker, NOW)).collect();
    let work = move |tx: &mut Tx<'_>| {
        letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.claim_letters(NOW, LEASE, &LetterRoom::of(5))?;
        tx.letter_sent(letters[0].id, NOW)?;
        tx.letter_sent(letters[1].id, NOW + MINUTE)?;
        tx.letter_failed(letters[2].id, NOW + HOUR, "later")?;
        tx.letter_dead(letters[3].id, "no such mailbox", NOW + 24 * HOUR)?;
        let figures = |sent, deferred, refused| DeliveryFigures {
            sent,
            deferred,
            refused,
        };
        assert_eq!(tx.delivery_figures(NOW)?, figures(2, 1, 1));
        // What is still tried counts however old it is.
        assert_eq!(tx.delivery_figures(NOW + MINUTE)?, figures(1, 1, 0));
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}
