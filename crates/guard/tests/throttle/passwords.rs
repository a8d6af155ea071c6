//! Passwords: whose tries count, and where.

use std::sync::Arc;

use sekisho_guard::{Pass, Ticket};
use sekisho_model::Digest;

use super::{
    DAY, NEW, QUARTER, at, code, go, goes, known, mail, owner, password, stopped_by, stranger,
    throttle,
};

#[tokio::test]
async fn rule_18_sixty_logins_of_one_account_from_one_address_trip_nothing() {
    let throttle = throttle();
    for n in 0..60 {
        let typed = go(password(&throttle, &owner(), NEW, "192.0.2.1", n).await);
        throttle.after_success(typed).await;
        let sent = go(mail(&throttle, "owner", "192.0.2.1", n).await);
        let typed = go(code(&throttle, NEW, "192.0.2.1", n).await);
        throttle.after_success(typed).await;
        throttle.after_success(sent).await;
    }
}

#[tokio::test]
async fn thr_03_ten_thousand_failures_by_strangers_do_not_stop_the_known_browser() {
    let throttle = throttle();
    let mut heard = 0;
    for n in 0..10_000 {
        let pass = password(&throttle, &owner(), NEW, &stranger(n), n / 100).await;
        heard += i32::from(goes(&pass));
    }
    assert_eq!(heard, 30, "of 10,000 guesses so many were checked");
    let ip = stranger(1);
    assert!(goes(
        &password(&throttle, &owner(), known(), &ip, 101).await
    ));
    assert!(goes(&code(&throttle, known(), &ip, 101).await));
}

#[tokio::test]
async fn pw_21_tries_that_were_not_compared_count_neither_for_nor_against_anybody() {
    let alone = throttle();
    let mut most = 0;
    while goes(&password(&alone, &owner(), NEW, "192.0.2.1", 0).await) {
        most += 1;
    }
    let throttle = throttle();
    for _ in 0..most {
        for _ in 0..3 {
            let busy = go(password(&throttle, &owner(), NEW, "192.0.2.1", 0).await);
            throttle.give_back(busy).await;
        }
        let _wrong = go(password(&throttle, &owner(), NEW, "192.0.2.1", 0).await);
    }
    let stopped = password(&throttle, &owner(), NEW, "192.0.2.1", 0).await;
    assert!(!goes(&stopped), "{most} wrong ones were compared");
}

#[tokio::test]
async fn thr_03_a_known_browser_has_a_limit_too_and_a_success_ends_its_count() {
    let throttle = throttle();
    for _ in 0..9 {
        let _wrong = go(password(&throttle, &owner(), known(), "192.0.2.1", 0).await);
    }
    let right = go(password(&throttle, &owner(), known(), "192.0.2.1", 0).await);
    throttle.after_success(right).await;
    for _ in 0..10 {
        let _wrong = go(password(&throttle, &owner(), known(), "192.0.2.1", 1).await);
    }
    let pass = password(&throttle, &owner(), known(), "192.0.2.1", 1).await;
    assert_eq!(stopped_by(&pass), "password.known_browser");
}

#[tokio::test]
async fn thr_04_one_attacker_does_not_stop_the_owner_s_new_device() {
    let throttle = throttle();
    for second in 0..2 * QUARTER {
        let _guess = password(&throttle, &owner(), NEW, "198.51.100.7", second).await;
    }
    let pass = password(&throttle, &owner(), NEW, "192.0.2.1", 2 * QUARTER).await;
    assert!(goes(&pass), "{pass:?}");
}

#[tokio::test]
async fn thr_04_the_owner_s_new_device_is_not_locked_out_for_ever() {
    let throttle = throttle();
    for n in 0..1000 {
        let _guess = password(&throttle, &owner(), NEW, &stranger(n), n).await;
    }
    let pass = password(&throttle, &owner(), NEW, "192.0.2.1", 1000).await;
    let Pass::Wait { until, .. } = pass else {
        panic!("{pass:?}");
    };
    assert!(until <= at(1000 + QUARTER));
    let later = password(&throttle, &owner(), NEW, "192.0.2.1", 1000 + QUARTER).await;
    assert!(goes(&later));
}

#[tokio::test]
async fn thr_02_no_more_than_a_hundred_guesses_a_day_at_new_browsers() {
    let throttle = throttle();
    let mut heard = 0;
    for n in 0..DAY / 30 {
        let pass = password(&throttle, &owner(), NEW, &stranger(n), n * 30).await;
        heard += i32::from(goes(&pass));
    }
    assert_eq!(heard, 100);
}

#[tokio::test]
async fn thr_06_an_account_that_does_not_exist_is_counted_the_same_way() {
    let throttle = throttle();
    let nobody = Digest::of(b"nobody@example.jp");
    let mut waits = Vec::new();
    for account in [owner(), nobody] {
        for n in 0..40 {
            let pass = password(&throttle, &account, NEW, &stranger(n), n).await;
            waits.push(stopped_by(&pass));
        }
    }
    let (first, second) = waits.split_at(40);
    assert_eq!(first, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_07_guesses_at_once_cost_as_many() {
    let throttle = Arc::new(throttle());
    let guesses: Vec<_> = (0..100)
        .map(|n| {
            let throttle = Arc::clone(&throttle);
            tokio::spawn(
                async move { goes(&password(&throttle, &owner(), NEW, &stranger(n), 0).await) },
            )
        })
        .collect();
    let mut heard = 0;
    for guess in guesses {
        heard += i32::from(guess.await.unwrap());
    }
    assert_eq!(heard, 30);
}

#[tokio::test]
async fn thr_10_a_success_ends_only_the_count_of_its_own_kind() {
    let throttle = throttle();
    for _ in 0..10 {
        let _wrong = go(password(&throttle, &owner(), known(), "192.0.2.1", 0).await);
        let _wrong = go(code(&throttle, NEW, "192.0.2.9", 0).await);
    }
    let right = go(password(&throttle, &owner(), NEW, "192.0.2.9", 0).await);
    throttle.after_success(right).await;
    let pass = password(&throttle, &owner(), known(), "192.0.2.1", 0).await;
    assert_eq!(stopped_by(&pass), "password.known_browser");
    for _ in 0..10 {
        let _wrong = go(code(&throttle, NEW, "192.0.2.9", 0).await);
    }
    let pass = code(&throttle, NEW, "192.0.2.9", 0).await;
    assert_eq!(stopped_by(&pass), "code.new_browsers");
}

#[tokio::test]
async fn a_ticket_can_be_parked_and_is_good_for_the_same_act() {
    let throttle = throttle();
    for second in 0..60 {
        let ticket = go(mail(&throttle, "owner", "192.0.2.1", second).await);
        let parked = serde_json::to_vec(&ticket).unwrap();
        let ticket: Ticket = serde_json::from_slice(&parked).unwrap();
        throttle.after_success(ticket).await;
    }
}
