use sekisho_session::{CounterKey, Limit, Session, Verdict};

use crate::support::{at, at_once, digest, on_each_store, seconds};

fn key(name: &'static str, whom: &str) -> CounterKey {
    CounterKey {
        name,
        digest: digest(whom),
    }
}

fn limit(key: CounterKey, max: u32, window: u64) -> Limit {
    Limit {
        key,
        max,
        window: seconds(window),
    }
}

async fn count(session: &Session, limits: &[Limit], second: i64) -> Verdict {
    session.count(limits, at(second)).await.unwrap()
}

const fn over(which: usize, second: i64) -> Verdict {
    Verdict::Over {
        which,
        until: at(second),
    }
}

on_each_store! {
    async fn thr_01_more_than_the_limit_is_over_until_the_first_act_drops_out(session: Session) {
        let limits = [limit(key("t", "a"), 2, 60)];
        assert_eq!(count(&session, &limits, 0).await, Verdict::Within);
        assert_eq!(count(&session, &limits, 20).await, Verdict::Within);
        assert_eq!(count(&session, &limits, 30).await, over(0, 60));
        assert_eq!(count(&session, &limits, 60).await, Verdict::Within);
        assert_eq!(count(&session, &limits, 61).await, over(0, 80));
    }

    async fn thr_01_refused_acts_do_not_extend_the_wait(session: Session) {
        let limits = [limit(key("t", "a"), 1, 60)];
        assert_eq!(count(&session, &limits, 0).await, Verdict::Within);
        for second in 1..60 {
            assert_eq!(count(&session, &limits, second).await, over(0, 60));
        }
        assert_eq!(count(&session, &limits, 60).await, Verdict::Within);
    }

    async fn thr_01_an_act_counts_against_all_limits_or_none(session: Session) {
        let (narrow, wide) = (limit(key("n", "a"), 1, 60), limit(key("w", "b"), 3, 3600));
        assert_eq!(count(&session, &[wide, narrow], 0).await, Verdict::Within);
        for _ in 0..5 {
            assert_eq!(count(&session, &[wide, narrow], 1).await, over(1, 60));
        }
        assert_eq!(count(&session, &[wide], 2).await, Verdict::Within);
        assert_eq!(count(&session, &[wide], 3).await, Verdict::Within);
        assert_eq!(count(&session, &[wide, narrow], 4).await, over(0, 3600));
    }

    async fn names_and_digests_do_not_mix(session: Session) {
        assert_eq!(count(&session, &[limit(key("t", "a"), 1, 60)], 0).await, Verdict::Within);
        assert_eq!(count(&session, &[limit(key("u", "a"), 1, 60)], 0).await, Verdict::Within);
        assert_eq!(count(&session, &[limit(key("t", "b"), 1, 60)], 0).await, Verdict::Within);
        assert_eq!(count(&session, &[limit(key("t", "a"), 1, 60)], 0).await, over(0, 60));
    }

    async fn looking_counts_nothing(session: Session) {
        let limits = [limit(key("t", "a"), 1, 60)];
        for _ in 0..5 {
            assert_eq!(session.look(&limits, at(0)).await.unwrap(), Verdict::Within);
        }
        count(&session, &limits, 0).await;
        assert_eq!(session.look(&limits, at(0)).await.unwrap(), over(0, 60));
    }

    async fn a_limit_of_zero_lets_nothing_through(session: Session) {
        let limits = [limit(key("t", "a"), 0, 60)];
        assert_eq!(count(&session, &limits, 0).await, over(0, 60));
        assert_eq!(count(&session, &[], 0).await, Verdict::Within);
    }

    async fn thr_10_forgetting_starts_from_zero(session: Session) {
        let (one, other) = (limit(key("t", "a"), 1, 60), limit(key("t", "b"), 1, 60));
        count(&session, &[one, other], 0).await;
        session.forget(&[one.key]).await.unwrap();
        session.forget(&[]).await.unwrap();
        assert_eq!(count(&session, &[one], 1).await, Verdict::Within);
        assert_eq!(count(&session, &[other], 1).await, over(0, 60));
    }

    async fn thr_10_an_act_given_back_does_not_count(session: Session) {
        let limits = [limit(key("t", "a"), 2, 60), limit(key("u", "a"), 2, 3600)];
        let keys = limits.map(|limit| limit.key);
        for second in 0..500 {
            assert_eq!(count(&session, &limits, second).await, Verdict::Within);
            session.give_back(&keys, at(second)).await.unwrap();
        }
        assert_eq!(count(&session, &limits, 500).await, Verdict::Within);
        assert_eq!(count(&session, &limits, 501).await, Verdict::Within);
        assert_eq!(count(&session, &limits, 502).await, over(1, 4100));
        session.give_back(&[], at(502)).await.unwrap();
    }

    async fn thr_10_what_was_not_counted_cannot_be_given_back(session: Session) {
        let limits = [limit(key("t", "a"), 2, 60)];
        let keys = [limits[0].key];
        session.give_back(&keys, at(0)).await.unwrap();
        count(&session, &limits, 10).await;
        count(&session, &limits, 20).await;
        for _ in 0..9 {
            session.give_back(&keys, at(15)).await.unwrap();
        }
        assert_eq!(count(&session, &limits, 21).await, over(0, 70));
        session.give_back(&keys, at(10)).await.unwrap();
        assert_eq!(count(&session, &limits, 22).await, Verdict::Within);
        assert_eq!(count(&session, &limits, 23).await, over(0, 80), "the act at 20 still counts");
    }

    async fn thr_07_of_64_acts_at_once_exactly_the_limit_passes(session: Session) {
        let limits = [limit(key("t", "a"), 10, 60), limit(key("u", "a"), 40, 3600)];
        let got = at_once(64, |n| {
            let session = session.clone();
            let second = i64::try_from(n % 3).unwrap();
            async move { session.count(&limits, at(second)).await.unwrap() }
        })
        .await;
        assert_eq!(got.iter().filter(|v| **v == Verdict::Within).count(), 10);
        for _ in 0..30 {
            assert_eq!(count(&session, &limits[1..], 3).await, Verdict::Within);
        }
        assert_ne!(count(&session, &limits[1..], 3).await, Verdict::Within);
    }

    async fn thr_01_no_window_of_the_length_holds_more_than_the_limit(session: Session) {
        let limits = [limit(key("t", "a"), 20, 600)];
        let mut counted = Vec::new();
        for second in (0..3000).step_by(11) {
            if count(&session, &limits, second).await == Verdict::Within {
                counted.push(second);
            }
        }
        for start in &counted {
            let inside = counted.iter().filter(|s| (*start..start + 600).contains(*s));
            assert!(inside.count() <= 20);
        }
        assert!(counted.len() >= 90, "{}", counted.len());
    }
}
