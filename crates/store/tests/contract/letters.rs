use std::collections::BTreeSet;
use std::time::Duration;

use sekisho_model::LetterId;
use sekisho_store::{LetterState, QueueFigures, Store};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW, sealed};

const LEASE: Duration = Duration::from_mins(1);

contract! {
    parallel_workers_get_each_letter_once
    a_claim_lasts_as_long_as_its_lease
    otp_15_a_sent_letter_keeps_no_body
    failed_and_dead_letters_are_counted_listed_and_revived
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
            .write(|tx| tx.claim_letters(NOW, LEASE, 7))
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
            let claimed = tx.claim_letters(NOW, LEASE, 10)?;
            assert_eq!((claimed.len(), claimed[0].attempts), (1, 1));
            assert_eq!(claimed[0].sealed, letter.sealed);
            assert!(tx.claim_letters(NOW, LEASE, 10)?.is_empty());
            let again = tx.claim_letters(NOW + LEASE, LEASE, 10)?;
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
            assert!(tx.claim_letters(NOW + HOUR, LEASE, 10)?.is_empty());
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
    let (failing, dying) = (maker.letter(NOW), maker.letter(NOW + HOUR));
    bed.store
        .write(move |tx| {
            tx.post(&failing)?;
            tx.post(&dying)?;
            tx.claim_letters(NOW + HOUR, LEASE, 1)?;
            tx.letter_failed(failing.id, NOW + 3 * HOUR, "refused for now")?;
            tx.letter_dead(dying.id, "no such mailbox")?;
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
            assert!(tx.claim_letters(NOW + 2 * HOUR, LEASE, 10)?.is_empty());
            assert_eq!(tx.revive_dead_letters(NOW + 2 * HOUR)?, 1);
            let claimed = tx.claim_letters(NOW + 2 * HOUR, LEASE, 10)?;
            assert_eq!((claimed[0].id, claimed[0].attempts), (dying.id, 1));
            Ok(())
        })
        .await
        .unwrap();
}
