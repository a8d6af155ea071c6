use sekisho_model::ChallengeId;
use sekisho_session::{Attempt, NewChallenge, Renewal, Session};

use crate::support::{at, at_once, digest, on_each_store};

fn id() -> ChallengeId {
    ChallengeId::new("c1")
}

/// Five tries, ten minutes, fifteen in all, a new code after 30 s, four codes.
fn challenge() -> NewChallenge {
    NewChallenge {
        id: id(),
        mac: digest("right"),
        binding: digest("browser"),
        max_tries: 5,
        expires_at: at(600),
        closes_at: at(900),
        resend_after: at(30),
        max_sends: 4,
    }
}

async fn attempt(session: &Session, code: &str, second: i64) -> Attempt {
    let (mac, binding) = (digest(code), digest("browser"));
    session
        .try_code(&id(), &mac, &binding, at(second))
        .await
        .unwrap()
}

/// Asks for a new code that lasts ten minutes and may be replaced after 30 s.
async fn renew(session: &Session, code: &str, second: i64) -> Renewal {
    let (mac, binding) = (digest(code), digest("browser"));
    let (end, next) = (at(second + 600), at(second + 30));
    session
        .renew_challenge(&id(), &mac, &binding, end, next, at(second))
        .await
        .unwrap()
}

on_each_store! {
    async fn otp_08_the_right_code_is_right_once(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        assert_eq!(attempt(&session, "wrong", 1).await, Attempt::Wrong { left: 4 });
        assert_eq!(attempt(&session, "right", 2).await, Attempt::Right);
        assert_eq!(attempt(&session, "right", 3).await, Attempt::Gone);
    }

    async fn otp_08_of_64_right_tries_at_once_exactly_one_wins(session: Session) {
        for _ in 0..10 {
            session.open_challenge(&challenge(), at(0)).await.unwrap();
            let got = at_once(64, |_| {
                let session = session.clone();
                async move { attempt(&session, "right", 1).await }
            })
            .await;
            assert_eq!(got.iter().filter(|a| **a == Attempt::Right).count(), 1);
            assert_eq!(got.iter().filter(|a| **a == Attempt::Gone).count(), 63);
        }
    }

    async fn thr_07_wrong_tries_at_once_cost_as_many_tries(session: Session) {
        let challenge = NewChallenge { max_tries: 100, ..challenge() };
        session.open_challenge(&challenge, at(0)).await.unwrap();
        let mut left: Vec<u8> = at_once(64, |n| {
            let session = session.clone();
            async move {
                match attempt(&session, &format!("wrong {n}"), 1).await {
                    Attempt::Wrong { left } => left,
                    other => panic!("{other:?}"),
                }
            }
        })
        .await;
        left.sort_unstable();
        assert_eq!(left, (36..100).collect::<Vec<u8>>());
    }

    async fn otp_05_of_64_wrong_tries_at_once_five_are_heard(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        let got = at_once(64, |_| {
            let session = session.clone();
            async move { attempt(&session, "wrong", 1).await }
        })
        .await;
        let count = |wanted: fn(&Attempt) -> bool| got.iter().filter(|a| wanted(a)).count();
        assert_eq!(count(|a| matches!(a, Attempt::Wrong { .. })), 4);
        assert_eq!(count(|a| *a == Attempt::Stopped), 1);
        assert_eq!(count(|a| *a == Attempt::Gone), 59);
    }

    async fn otp_05_after_the_last_try_even_the_right_code_is_refused(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        for left in (1..5).rev() {
            assert_eq!(attempt(&session, "wrong", 1).await, Attempt::Wrong { left });
        }
        assert_eq!(attempt(&session, "wrong", 1).await, Attempt::Stopped);
        assert_eq!(attempt(&session, "right", 1).await, Attempt::Gone);
        assert_eq!(renew(&session, "next", 60).await, Renewal::Gone);
    }

    async fn otp_05_the_last_try_may_be_the_right_one(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        for _ in 0..4 {
            attempt(&session, "wrong", 1).await;
        }
        assert_eq!(attempt(&session, "right", 1).await, Attempt::Right);
    }

    async fn otp_04_an_expired_code_is_refused_and_not_counted(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        assert_eq!(attempt(&session, "right", 600).await, Attempt::Expired);
        assert_eq!(renew(&session, "next", 601).await, Renewal::Renewed { sends_left: 2 });
        assert_eq!(attempt(&session, "wrong", 602).await, Attempt::Wrong { left: 4 });
        assert_eq!(attempt(&session, "next", 603).await, Attempt::Right);
    }

    async fn otp_09_a_code_is_refused_in_another_browser_and_costs_nothing(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        let (mac, other) = (digest("right"), digest("other browser"));
        for _ in 0..9 {
            let attempt = session.try_code(&id(), &mac, &other, at(1)).await.unwrap();
            assert_eq!(attempt, Attempt::Gone);
        }
        let renewal = session
            .renew_challenge(&id(), &mac, &other, at(99), at(99), at(60))
            .await;
        assert_eq!(renewal, Ok(Renewal::Gone));
        assert_eq!(attempt(&session, "right", 2).await, Attempt::Right);
    }

    async fn otp_11_a_new_code_kills_the_old_one_and_keeps_the_tries(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        assert_eq!(attempt(&session, "wrong", 1).await, Attempt::Wrong { left: 4 });
        assert_eq!(renew(&session, "second", 30).await, Renewal::Renewed { sends_left: 2 });
        assert_eq!(renew(&session, "third", 60).await, Renewal::Renewed { sends_left: 1 });
        assert_eq!(attempt(&session, "right", 61).await, Attempt::Earlier { left: 3 });
        assert_eq!(attempt(&session, "second", 62).await, Attempt::Earlier { left: 2 });
        assert_eq!(attempt(&session, "third", 63).await, Attempt::Right);
    }

    async fn otp_11_a_replaced_code_on_the_last_try_stops_the_challenge(session: Session) {
        let challenge = NewChallenge { max_tries: 1, ..challenge() };
        session.open_challenge(&challenge, at(0)).await.unwrap();
        renew(&session, "second", 30).await;
        assert_eq!(attempt(&session, "right", 31).await, Attempt::Stopped);
        assert_eq!(attempt(&session, "second", 32).await, Attempt::Gone);
    }

    async fn otp_11_nothing_lives_beyond_the_end_of_the_challenge(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        renew(&session, "second", 800).await;
        assert_eq!(attempt(&session, "wrong", 899).await, Attempt::Wrong { left: 4 });
        assert_eq!(attempt(&session, "second", 900).await, Attempt::Gone);
        assert_eq!(renew(&session, "third", 900).await, Renewal::Gone);
    }

    async fn otp_12_a_new_code_waits_30_seconds_and_comes_three_times(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        assert_eq!(renew(&session, "2", 29).await, Renewal::TooSoon { until: at(30) });
        assert_eq!(renew(&session, "2", 30).await, Renewal::Renewed { sends_left: 2 });
        assert_eq!(renew(&session, "3", 59).await, Renewal::TooSoon { until: at(60) });
        assert_eq!(renew(&session, "3", 60).await, Renewal::Renewed { sends_left: 1 });
        assert_eq!(renew(&session, "4", 90).await, Renewal::Renewed { sends_left: 0 });
        assert_eq!(renew(&session, "5", 91).await, Renewal::Exhausted);
        assert_eq!(attempt(&session, "4", 200).await, Attempt::Right);
    }

    async fn otp_12_of_64_wishes_at_once_one_is_granted(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        let got = at_once(64, |n| {
            let session = session.clone();
            async move { renew(&session, &format!("code {n}"), 30).await }
        })
        .await;
        let granted = |r: &&Renewal| **r == Renewal::Renewed { sends_left: 2 };
        assert_eq!(got.iter().filter(granted).count(), 1);
        let winner = got.iter().position(|r| granted(&r)).unwrap();
        assert_eq!(attempt(&session, &format!("code {winner}"), 31).await, Attempt::Right);
    }

    async fn otp_11_a_closed_challenge_is_gone(session: Session) {
        session.open_challenge(&challenge(), at(0)).await.unwrap();
        session.close_challenge(&id()).await.unwrap();
        session.close_challenge(&id()).await.unwrap();
        assert_eq!(attempt(&session, "right", 1).await, Attempt::Gone);
    }
}
