//! The queue of letters as operators read it.

use sekisho_model::LetterId;
use sekisho_store::{OutboxLetter, Tx};

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

contract! {
    the_queue_is_read_page_by_page
}

/// Some of one moment, so that the ids tell them apart; one was sent.
async fn the_queue_is_read_page_by_page(bed: &Bed) {
    let maker = Maker::new();
    let times = [NOW, NOW, NOW, NOW + HOUR, NOW, NOW + 2 * HOUR];
    let letters = times.map(|at| maker.letter(at));
    let mut expected: Vec<&OutboxLetter> = letters[1..].iter().collect();
    expected.sort_by_key(|letter| (letter.created_at, letter.id.to_string()));
    let expected: Vec<LetterId> = expected.iter().rev().map(|letter| letter.id).collect();
    let pages = move |tx: &mut Tx<'_>| {
        letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.letter_sent(letters[0].id, NOW)?;
        let (mut pages, mut last) = (Vec::new(), None::<OutboxLetter>);
        loop {
            let id = last.as_ref().map(|last| last.id.to_string());
            let at = last.as_ref().map(|last| last.created_at);
            let page = tx.letters_before(at.zip(id.as_deref()), 2)?;
            pages.push(page.iter().map(|letter| letter.id).collect::<Vec<_>>());
            last = page.last().cloned();
            if last.is_none() {
                return Ok(pages);
            }
        }
    };
    let pages = bed.store.write(pages).await.unwrap();
    assert_eq!(
        pages,
        [&expected[..2], &expected[2..4], &expected[4..], &[]]
    );
}
