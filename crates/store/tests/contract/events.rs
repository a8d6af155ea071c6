use std::time::Duration;

use sekisho_model::{Event, EventKind, Outcome, UserId};
use sekisho_store::HistoryFilter;

use crate::bed::Bed;
use crate::contract;
use crate::maker::{HOUR, Maker, NOW};

contract! {
    s11_history_comes_in_pages_without_gap_or_repeat
    s11_history_is_filtered_by_time_kind_outcome_and_address
    many_events_are_recorded_at_once
    thr_15_a_start_after_a_flood_looks_at_no_more_than_the_newest_events
}

async fn s11_history_comes_in_pages_without_gap_or_repeat(bed: &Bed) {
    let maker = Maker::new();
    let (user, other) = (maker.user().id, maker.user().id);
    // Three events share each moment, so a page ends in the middle of a moment.
    let mut mine: Vec<Event> = (0_u32..25)
        .map(|n| maker.event(Some(user), NOW + (n / 3) * Duration::from_secs(1)))
        .collect();
    let kept = mine.clone();
    let foreign = [maker.event(Some(other), NOW), maker.event(None, NOW)];
    bed.store
        .write(move |tx| {
            for event in kept.iter().chain(&foreign) {
                tx.record(event)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    mine.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
    let (mut seen, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = bed
            .store
            .read(move |tx| tx.history_of(user, &HistoryFilter::default(), before, 10))
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.id));
        seen.extend(page);
        pages += 1;
    }
    assert_eq!((seen, pages), (mine, 3));
}

async fn found(bed: &Bed, user: UserId, filter: HistoryFilter) -> usize {
    let page = bed
        .store
        .read(move |tx| tx.history_of(user, &filter, None, 100))
        .await;
    page.unwrap().len()
}

async fn s11_history_is_filtered_by_time_kind_outcome_and_address(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.user().id;
    let mut events: Vec<Event> = (0_u32..4)
        .map(|hour| maker.event(Some(user), NOW + hour * HOUR))
        .collect();
    events[1].outcome = Outcome::WrongPassword;
    events[2].kind = EventKind::SignOut;
    events[3].origin.ip = "2001:db8::1".to_owned();
    bed.store
        .write(move |tx| tx.record_many(&events))
        .await
        .unwrap();
    let all = HistoryFilter::default();
    let between = HistoryFilter {
        from: Some(NOW + HOUR),
        to: Some(NOW + 3 * HOUR),
        ..all.clone()
    };
    assert_eq!(found(bed, user, between).await, 2);
    let kinds = vec![EventKind::SignOut, EventKind::Refresh];
    assert_eq!(
        found(
            bed,
            user,
            HistoryFilter {
                kinds,
                ..all.clone()
            }
        )
        .await,
        1
    );
    let outcomes = vec![Outcome::WrongPassword];
    assert_eq!(
        found(
            bed,
            user,
            HistoryFilter {
                outcomes,
                ..all.clone()
            }
        )
        .await,
        1
    );
    let ip = Some("192.0.2.7".to_owned());
    assert_eq!(
        found(bed, user, HistoryFilter { ip, ..all.clone() }).await,
        3
    );
    assert_eq!(found(bed, user, all).await, 4);
}

async fn many_events_are_recorded_at_once(bed: &Bed) {
    let maker = Maker::new();
    let user = maker.user().id;
    let events: Vec<Event> = (0..2500).map(|_| maker.event(Some(user), NOW)).collect();
    bed.store
        .write(move |tx| tx.record_many(&events))
        .await
        .unwrap();
    let page = bed
        .store
        .read(move |tx| tx.history_of(user, &HistoryFilter::default(), None, 9999))
        .await;
    assert_eq!(page.unwrap().len(), 2500);
}

async fn thr_15_a_start_after_a_flood_looks_at_no_more_than_the_newest_events(bed: &Bed) {
    let maker = Maker::new();
    let seconds = Duration::from_secs;
    let watched = [EventKind::SignIn];
    let events: Vec<Event> = (0_u32..10)
        .flat_map(|n| {
            let event = maker.event(None, NOW + n * seconds(1));
            let of = |kind| Event {
                kind,
                ..event.clone()
            };
            let other = maker.event(None, NOW + n * seconds(1));
            let signed_out = Event {
                kind: EventKind::SignOut,
                outcome: Outcome::Passed,
                ..other
            };
            [of(EventKind::SignIn), signed_out]
        })
        .collect();
    let written = bed.store.write(move |tx| tx.record_many(&events)).await;
    written.unwrap();
    let work = move |tx: &mut sekisho_store::Tx<'_>| {
        assert_eq!(tx.watched_from(NOW, &watched, 10)?, NOW);
        let from = tx.watched_from(NOW, &watched, 4)?;
        tx.events_watched((from, NOW + HOUR), &watched, (None, 99))
    };
    let newest = bed.store.read(work).await.unwrap();
    let moments: Vec<_> = newest.iter().map(|event| event.at).collect();
    assert_eq!(moments, [6, 7, 8, 9].map(|n| NOW + n * seconds(1)));
}
