use sekisho_session::{ParkedKind, Session};

use crate::support::{at, at_once, on_each_store, seconds};

const KIND: ParkedKind = ParkedKind::SignIn;

on_each_store! {
    async fn what_is_parked_is_read_until_it_expires(session: Session) {
        let value = vec![0, 255, b'\n', 7];
        session.park(KIND, "a", value.clone(), seconds(60), at(0)).await.unwrap();
        let read = session.parked(KIND, "a", at(59)).await.unwrap().unwrap();
        assert_eq!(read.value, value);
        assert!(session.parked(KIND, "a", at(60)).await.unwrap().is_none());
        assert!(session.unpark(KIND, "a", at(60)).await.unwrap().is_none());
    }

    async fn kinds_and_ids_do_not_mix(session: Session) {
        session.park(KIND, "a", b"1".to_vec(), seconds(60), at(0)).await.unwrap();
        let other = ParkedKind::PushedRequest;
        assert!(session.parked(other, "a", at(1)).await.unwrap().is_none());
        assert!(session.parked(KIND, "b", at(1)).await.unwrap().is_none());
    }

    async fn parking_again_replaces_and_lives_anew(session: Session) {
        session.park(KIND, "a", b"1".to_vec(), seconds(60), at(0)).await.unwrap();
        session.park(KIND, "a", b"2".to_vec(), seconds(60), at(50)).await.unwrap();
        let read = session.parked(KIND, "a", at(100)).await.unwrap().unwrap();
        assert_eq!(read.value, b"2");
    }

    async fn a_change_needs_the_version_that_was_read(session: Session) {
        session.park(KIND, "a", b"1".to_vec(), seconds(60), at(0)).await.unwrap();
        let old = session.parked(KIND, "a", at(0)).await.unwrap().unwrap();
        let done = session.repark(KIND, "a", b"2".to_vec(), old.version, seconds(60), at(50));
        assert!(done.await.unwrap());
        let done = session.repark(KIND, "a", b"3".to_vec(), old.version, seconds(60), at(50));
        assert!(!done.await.unwrap(), "it has changed since");
        let new = session.parked(KIND, "a", at(100)).await.unwrap().unwrap();
        assert_eq!(new.value, b"2");
        assert_ne!(new.version, old.version);
        let late = session.repark(KIND, "a", b"4".to_vec(), new.version, seconds(60), at(110));
        assert!(!late.await.unwrap(), "it has expired");
        let never = session.repark(KIND, "b", b"4".to_vec(), 0, seconds(60), at(50));
        assert!(!never.await.unwrap(), "it was never there");
    }

    async fn a_value_parked_anew_is_not_taken_for_the_one_before(session: Session) {
        session.park(KIND, "a", b"1".to_vec(), seconds(60), at(0)).await.unwrap();
        let old = session.parked(KIND, "a", at(0)).await.unwrap().unwrap();
        session.unpark(KIND, "a", at(1)).await.unwrap();
        session.park(KIND, "a", b"2".to_vec(), seconds(60), at(2)).await.unwrap();
        let done = session.repark(KIND, "a", b"3".to_vec(), old.version, seconds(60), at(3));
        assert!(!done.await.unwrap());
    }

    async fn of_64_takers_at_once_exactly_one_gets_it(session: Session) {
        for round in 0..10 {
            let id = format!("r{round}");
            session.park(KIND, &id, b"1".to_vec(), seconds(60), at(0)).await.unwrap();
            let got = at_once(64, |_| {
                let (session, id) = (session.clone(), id.clone());
                async move { session.unpark(KIND, &id, at(1)).await.unwrap() }
            })
            .await;
            assert_eq!(got.into_iter().flatten().collect::<Vec<_>>(), [b"1"]);
        }
    }

    async fn of_64_changes_at_once_exactly_one_is_made(session: Session) {
        session.park(KIND, "a", b"0".to_vec(), seconds(60), at(0)).await.unwrap();
        let version = session.parked(KIND, "a", at(0)).await.unwrap().unwrap().version;
        let done = at_once(64, |n| {
            let session = session.clone();
            async move {
                let value = n.to_string().into_bytes();
                session.repark(KIND, "a", value, version, seconds(60), at(1)).await.unwrap()
            }
        })
        .await;
        let winner = done.iter().position(|won| *won).unwrap();
        assert_eq!(done.iter().filter(|won| **won).count(), 1);
        let read = session.parked(KIND, "a", at(1)).await.unwrap().unwrap();
        assert_eq!(read.value, winner.to_string().into_bytes());
    }
}
