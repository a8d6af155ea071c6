//! Secrets of apps.

use sekisho_guard::{Limits, Pass, Throttle};
use sekisho_session::Session;

use super::{DAY, QUARTER, at, go, goes, key, secret, stopped_by, throttle};

#[tokio::test]
async fn thr_16_guessing_a_client_secret_stops_the_guesser_and_not_the_client() {
    let throttle = throttle();
    let mut heard = 0;
    for second in 0..100 {
        if let Pass::Go(ticket) = secret(&throttle, "app", "198.51.100.7", second).await {
            throttle.after_failure(ticket, at(second)).await.unwrap();
            heard += 1;
        }
    }
    assert_eq!(heard, 20);
    let pass = secret(&throttle, "app", "198.51.100.7", 100).await;
    assert_eq!(stopped_by(&pass), "client_secret.client_address");
    assert!(goes(&secret(&throttle, "app", "192.0.2.1", 100).await));
    assert!(goes(&secret(&throttle, "other", "198.51.100.7", 100).await));
    assert!(goes(
        &secret(&throttle, "app", "198.51.100.7", QUARTER * 2).await
    ));
}

#[tokio::test]
async fn thr_16_a_guesser_behind_the_same_address_does_not_stop_the_client_at_its_usual_one() {
    let throttle = throttle();
    let right = go(secret(&throttle, "app", "192.0.2.1", 0).await);
    throttle.after_success(right).await;
    for second in 1..200 {
        let wrong = go(secret(&throttle, "app", "192.0.2.1", second).await);
        throttle.after_failure(wrong, at(second)).await.unwrap();
        let right = go(secret(&throttle, "app", "192.0.2.1", second).await);
        throttle.after_success(right).await;
    }
    // A day without the client, and the address is its usual one no more.
    let wrong = go(secret(&throttle, "app", "192.0.2.1", 2 * DAY).await);
    throttle.after_failure(wrong, at(2 * DAY)).await.unwrap();
    for _ in 0..19 {
        let wrong = go(secret(&throttle, "app", "192.0.2.1", 2 * DAY).await);
        throttle.after_failure(wrong, at(2 * DAY)).await.unwrap();
    }
    assert!(!goes(&secret(&throttle, "app", "192.0.2.1", 2 * DAY).await));
}

#[tokio::test]
async fn thr_16_right_client_secrets_never_count() {
    let throttle = throttle();
    let wrong = go(secret(&throttle, "app", "192.0.2.1", 0).await);
    throttle.after_failure(wrong, at(0)).await.unwrap();
    for _ in 0..500 {
        let right = go(secret(&throttle, "app", "192.0.2.1", 1).await);
        throttle.after_success(right).await;
    }
}

#[tokio::test]
async fn fail_01_a_client_that_does_not_fail_needs_no_session_store() {
    let throttle = Throttle::new(Session::away(), Limits::default(), key());
    for _ in 0..500 {
        let right = go(secret(&throttle, "app", "192.0.2.1", 0).await);
        throttle.after_success(right).await;
    }
}
