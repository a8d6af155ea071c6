//! Whom operators and rules keep out.

use sekisho_model::{Block, BlockEffect, BlockTarget, Timestamp, UserId};

use crate::bed::Bed;
use crate::contract;
use crate::maker::NOW;

contract! {
    s5_blocks_come_back_as_they_were_made_and_every_node_hears_of_them
    s5_what_is_over_goes_and_numbers_are_not_given_twice
}

fn block(target: BlockTarget, until: Option<Timestamp>) -> Block {
    Block {
        number: 0,
        at: NOW,
        operator: "haruka".to_owned(),
        target,
        effect: BlockEffect::Everything,
        reason: "stuffing".to_owned(),
        until,
    }
}

fn network(text: &str, until: Option<Timestamp>) -> Block {
    block(BlockTarget::Network(text.parse().unwrap()), until)
}

async fn s5_blocks_come_back_as_they_were_made_and_every_node_hears_of_them(bed: &Bed) {
    let user = UserId::parse("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
    let made = [
        network(
            "2001:db8::/48",
            Some(NOW + std::time::Duration::from_secs(5)),
        ),
        block(BlockTarget::Account(user), None),
    ];
    bed.store
        .write(move |tx| {
            for (place, block) in made.iter().enumerate() {
                let before = tx.revisions()?.blocks;
                let number = tx.add_block(block)?;
                assert!(tx.revisions()?.blocks > before);
                let back = tx.blocks()?;
                let expected = Block {
                    number,
                    ..block.clone()
                };
                assert_eq!(back.get(place), Some(&expected));
            }
            Ok(())
        })
        .await
        .unwrap();
}

async fn s5_what_is_over_goes_and_numbers_are_not_given_twice(bed: &Bed) {
    let later = NOW + std::time::Duration::from_mins(1);
    bed.store
        .write(move |tx| {
            assert_eq!(tx.add_block(&network("192.0.2.0/24", Some(NOW)))?, 1);
            assert_eq!(tx.add_block(&network("203.0.113.0/24", None))?, 2);
            let before = tx.revisions()?.blocks;
            assert!(tx.lift_block(2, later)?.is_some());
            assert!(tx.revisions()?.blocks > before);
            assert!(tx.lift_block(2, later)?.is_none(), "it is over");
            assert!(tx.lift_block(7, later)?.is_none());
            let next = Block {
                at: later,
                ..network("198.51.100.0/24", None)
            };
            assert_eq!(tx.add_block(&next)?, 3);
            let numbers: Vec<i64> = tx.blocks()?.iter().map(|block| block.number).collect();
            assert_eq!(numbers, [3]);
            Ok(())
        })
        .await
        .unwrap();
}
