use sekisho_model::Digest;
use sekisho_session::{QueuePlace, QueueRules, QueueSource, Session};

use crate::support::{at, at_once, on_each_store, seconds};

pub(crate) fn rules() -> QueueRules {
    QueueRules {
        wave: seconds(10),
        wave_size: 2,
        front: 2,
        most_waiting: 50,
        deepest: 20,
        pass: seconds(900),
        absent: seconds(35),
    }
}

pub(crate) fn name(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// Shows a ticket from a home in a street; of the street four tickets stand in a round.
async fn show_from(
    session: &Session,
    ticket: &str,
    (home, street): (&str, &str),
    second: i64,
) -> QueuePlace {
    let source = |text: &str, turns| QueueSource {
        name: name(text),
        turns,
    };
    let sources = [source(home, 1), source(street, 4)];
    session
        .queue_up(&name(ticket), &sources, &rules(), at(second))
        .await
        .unwrap()
}

/// A home in a street of its own.
async fn show(session: &Session, ticket: &str, home: &str, second: i64) -> QueuePlace {
    show_from(session, ticket, (home, &format!("{home}street")), second).await
}

const fn waiting(ahead: u64) -> QueuePlace {
    QueuePlace::Waiting { ahead }
}

on_each_store! {
    async fn a_wave_lets_in_so_many_and_the_next_one_goes_on_in_order(session: Session) {
        for ticket in ["a", "b"] {
            assert_eq!(show(&session, ticket, ticket, 0).await, QueuePlace::Inside);
        }
        for (ahead, ticket) in [(0, "c"), (1, "d"), (2, "e")] {
            assert_eq!(show(&session, ticket, ticket, 1).await, waiting(ahead));
        }
        // Coming back gains nothing.
        for second in 2..9 {
            assert_eq!(show(&session, "e", "e", second).await, waiting(2));
        }
        assert_eq!(show(&session, "e", "e", 10).await, waiting(2));
        assert_eq!(show(&session, "d", "d", 10).await, QueuePlace::Inside);
        assert_eq!(show(&session, "c", "c", 11).await, QueuePlace::Inside);
        assert_eq!(show(&session, "e", "e", 12).await, waiting(0));
        assert_eq!(show(&session, "e", "e", 20).await, QueuePlace::Inside);
    }

    async fn thr_14_places_whose_owners_have_left_keep_nobody_out(session: Session) {
        let wide = QueueRules { front: 6, ..rules() };
        let shown = async |ticket: &str, second| {
            let sources = [QueueSource { name: name(ticket), turns: 1 }];
            let ticket = name(ticket);
            let place = session.queue_up(&ticket, &sources, &wide, at(second));
            place.await.unwrap()
        };
        for ticket in ["a", "b"] {
            assert_eq!(shown(ticket, 0).await, QueuePlace::Inside);
        }
        // Four who never come back, and two who do.
        for (ahead, ticket) in (0..).zip(["w", "x", "y", "z", "c", "d"]) {
            assert_eq!(shown(ticket, 0).await, waiting(ahead));
        }
        assert_eq!(shown("c", 10).await, QueuePlace::Inside);
        assert_eq!(shown("d", 10).await, QueuePlace::Inside);
        // No more than a wave, however far in front.
        assert_eq!(shown("w", 11).await, waiting(0));
        assert_eq!(shown("w", 20).await, QueuePlace::Inside);
    }

    async fn who_was_let_in_may_come_back_until_the_pass_ends(session: Session) {
        assert_eq!(show(&session, "a", "a", 0).await, QueuePlace::Inside);
        for ticket in ["b", "c", "d"] {
            show(&session, ticket, ticket, 895).await;
        }
        assert_eq!(show(&session, "a", "a", 899).await, QueuePlace::Inside);
        assert_eq!(show(&session, "a", "a", 899).await, QueuePlace::Inside);
        assert_eq!(show(&session, "x", "x", 899).await, waiting(1));
    }

    async fn many_tickets_of_one_source_stand_behind_the_first_of_every_other(session: Session) {
        for n in 0..12 {
            show(&session, &format!("flood{n}"), "flood", 0).await;
        }
        assert_eq!(show(&session, "somebody", "elsewhere", 1).await, waiting(1));
        assert_eq!(show(&session, "another", "third", 1).await, waiting(2));
        assert_eq!(show(&session, "flood12", "flood", 1).await, waiting(12));
        assert_eq!(show(&session, "somebody", "elsewhere", 10).await, QueuePlace::Inside);
    }

    async fn many_homes_of_one_street_have_no_more_than_its_turns(session: Session) {
        for n in 0..14 {
            let (ticket, home) = (format!("flood{n}"), format!("home{n}"));
            show_from(&session, &ticket, (&home, "street"), 0).await;
        }
        assert_eq!(show(&session, "somebody", "elsewhere", 1).await, waiting(4));
        assert_eq!(show_from(&session, "late", ("home14", "street"), 1).await, waiting(13));
        assert_eq!(show(&session, "another", "third", 1).await, waiting(5));
    }

    async fn a_home_that_floods_leaves_its_neighbours_their_turns(session: Session) {
        for n in 0..12 {
            show_from(&session, &format!("flood{n}"), ("flood", "street"), 0).await;
        }
        for (neighbour, ahead) in [("next", 1), ("opposite", 2), ("corner", 3)] {
            let place = show_from(&session, neighbour, (neighbour, "street"), 1).await;
            assert_eq!(place, waiting(ahead), "{neighbour}");
        }
        // The street has had its four turns of the first round; the flood has one of the second.
        let place = show_from(&session, "fifth", ("fifth", "street"), 1).await;
        assert_eq!(place, waiting(5));
        assert_eq!(show(&session, "somebody", "elsewhere", 1).await, waiting(4));
    }

    async fn who_went_away_blocks_nobody(session: Session) {
        for ticket in ["a", "b", "gone", "away", "late"] {
            show(&session, ticket, ticket, 0).await;
        }
        for second in [10, 20, 30] {
            assert_eq!(show(&session, "late", "late", second).await, waiting(2));
        }
        assert_eq!(show(&session, "late", "late", 40).await, QueuePlace::Inside);
    }

    async fn a_full_queue_says_so_and_a_source_cannot_fill_it(session: Session) {
        let mut refused = 0;
        for n in 0..40 {
            let place = show(&session, &format!("f{n}"), "flood", 0).await;
            refused += usize::from(place == QueuePlace::Full);
        }
        assert_eq!(refused, 40 - 2 - 21, "as deep as allowed");
        for n in 0..29 {
            let own = format!("s{n}");
            let place = show(&session, &own, &own, 1).await;
            assert!(matches!(place, QueuePlace::Waiting { .. }), "{n} {place:?}");
        }
        assert_eq!(show(&session, "one more", "one more", 1).await, QueuePlace::Full);
    }

    async fn of_64_at_once_a_wave_lets_in_as_many_as_it_may(session: Session) {
        let places = at_once(64, |n| {
            let session = session.clone();
            async move { show(&session, &format!("t{n}"), &format!("t{n}"), 0).await }
        })
        .await;
        let inside = places.iter().filter(|place| **place == QueuePlace::Inside);
        assert_eq!(inside.count(), 2);
    }
}
