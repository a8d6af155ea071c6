use std::time::Duration;

use sekisho_session::Session;

use crate::support::{at, at_once, digest, on_each_store};

const HOUR: Duration = Duration::from_hours(1);

on_each_store! {
    async fn thr_15_places_are_counted_once_each(session: Session) {
        let what = digest("a password under a key");
        for (place, expected) in [("a", 1), ("b", 2), ("a", 2), ("c", 3)] {
            let count = session.spread(&what, &digest(place), HOUR, at(0)).await.unwrap();
            assert_eq!(count, expected, "{place}");
        }
        let more = [digest("c"), digest("d"), digest("e")];
        assert_eq!(session.spread_all(&what, &more, HOUR, at(0)).await.unwrap(), 5);
        let many: Vec<_> = (0..1_500).map(|n| digest(&n.to_string())).collect();
        let all = session.spread_all(&digest("many"), &many, HOUR, at(0)).await.unwrap();
        assert!((1_450..=1_550).contains(&all), "{all}");
        let other = session.spread(&digest("another"), &digest("a"), HOUR, at(0)).await;
        assert_eq!(other.unwrap(), 1);
    }

    async fn thr_15_of_many_at_once_each_agrees_on_the_same_key_and_none_is_lost(session: Session) {
        let got = at_once(32, |n| {
            let session = session.clone();
            async move {
                let key = session.agree("spray-1", &digest(&n.to_string()), HOUR, at(0)).await;
                let place = digest(&n.to_string());
                session.spread(&digest("w"), &place, HOUR, at(0)).await.unwrap();
                key.unwrap()
            }
        })
        .await;
        assert!(got.iter().all(|key| Some(key) == got.first()));
        let all = session.spread(&digest("w"), &digest("0"), HOUR, at(0)).await.unwrap();
        assert!((31..=33).contains(&all), "{all}");
    }
}
