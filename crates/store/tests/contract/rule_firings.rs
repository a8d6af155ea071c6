//! What detection rules found, and numbers that only grow.

use std::time::Duration;

use sekisho_model::Digest;
use sekisho_store::{HighMark, Once, RuleFiring};

use crate::bed::Bed;
use crate::contract;
use crate::maker::NOW;

contract! {
    thr_15_a_firing_is_claimed_once_and_again_when_it_is_over
    thr_15_one_of_many_nodes_claims_a_firing
    inc_10_a_touch_is_told_once_while_it_is_quiet
    sup_04_high_marks_only_grow
}

fn found(until: u64) -> RuleFiring {
    RuleFiring {
        mark: Digest::of(b"mark"),
        rule: "r".to_owned(),
        content: Digest::of(b"content"),
        action: "block_source".to_owned(),
        subject: "\"everywhere\"".to_owned(),
        until: NOW + Duration::from_secs(until),
        block: None,
    }
}

async fn thr_15_a_firing_is_claimed_once_and_again_when_it_is_over(bed: &Bed) {
    let work = |tx: &mut sekisho_store::Tx<'_>| {
        let at = |seconds| NOW + Duration::from_secs(seconds);
        assert_eq!(tx.claim_firing(&found(60), NOW)?, Once::First);
        tx.note_block_of(&found(60).mark, 7)?;
        assert_eq!(tx.claim_firing(&found(119), at(59))?, Once::Again);
        let kept = RuleFiring {
            block: Some(7),
            ..found(60)
        };
        assert_eq!(tx.holding_firings(at(59))?, [kept]);
        assert_eq!(tx.holding_firings(at(60))?, []);
        assert_eq!(tx.claim_firing(&found(120), at(60))?, Once::First);
        assert_eq!(tx.holding_firings(at(60))?, [found(120)], "a new block");
        assert_eq!(tx.forget_firing(&found(0).mark)?, Once::First);
        assert_eq!(tx.forget_firing(&found(0).mark)?, Once::Again);
        assert_eq!(tx.claim_firing(&found(121), at(61))?, Once::First);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
    let week = Duration::from_hours(24 * 7);
    for (later, left) in [(week, 1), (week + Duration::from_secs(122), 0)] {
        bed.store.keep_house(NOW + later).await.unwrap();
        let left_over = bed.store.read(|tx| tx.holding_firings(NOW)).await;
        assert_eq!(left_over.unwrap().len(), left, "{later:?}");
    }
}

async fn thr_15_one_of_many_nodes_claims_a_firing(bed: &Bed) {
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move {
                let work = |tx: &mut sekisho_store::Tx<'_>| tx.claim_firing(&found(60), NOW);
                store.write(work).await.unwrap()
            })
        })
        .collect();
    let mut first = 0;
    for node in nodes {
        first += usize::from(node.await.unwrap() == Once::First);
    }
    assert_eq!(first, 1);
}

async fn inc_10_a_touch_is_told_once_while_it_is_quiet(bed: &Bed) {
    let work = |tx: &mut sekisho_store::Tx<'_>| {
        let (mark, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let at = |seconds| NOW + Duration::from_secs(seconds);
        assert_eq!(tx.claim_touch(&mark, (at(0), at(600)))?, Once::First);
        assert_eq!(tx.claim_touch(&mark, (at(599), at(1_199)))?, Once::Again);
        assert_eq!(tx.claim_touch(&other, (at(599), at(1_199)))?, Once::First);
        assert_eq!(tx.claim_touch(&mark, (at(600), at(1_200)))?, Once::First);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}

async fn sup_04_high_marks_only_grow(bed: &Bed) {
    let work = |tx: &mut sekisho_store::Tx<'_>| {
        let of = HighMark::Advisories(Digest::of(b"key"));
        assert_eq!(tx.high_mark(of)?, None);
        assert_eq!(tx.raise_high_mark(of, 7)?, 7);
        assert_eq!(tx.raise_high_mark(of, 6)?, 7);
        assert_eq!(tx.raise_high_mark(of, 8)?, 8);
        assert_eq!(tx.high_mark(of)?, Some(8));
        let other = HighMark::Advisories(Digest::of(b"other"));
        assert_eq!(tx.high_mark(other)?, None);
        assert_eq!(tx.high_mark(HighMark::Watched)?, None);
        Ok(())
    };
    bed.store.write(work).await.unwrap();
}
