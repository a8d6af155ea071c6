//! One test a mix: what attackers come to, and that owners are not hindered (THR-15).

use super::mixes;
use super::table::Bounds;

const NO_ATTACK: Bounds = at_most(0, 0, 0);

const fn at_most(until: u64, verified: u64, by_mail: u64) -> Bounds {
    Bounds {
        until,
        verified,
        by_mail,
    }
}

#[tokio::test]
async fn thr_15_stuffing_from_one_address() {
    let line = mixes::stuffing("stuffing, 1 address", 1, 10_000).await;
    line.keeps_within(at_most(25, 25, 0));
}

#[tokio::test]
async fn thr_15_stuffing_from_a_thousand_addresses() {
    let line = mixes::stuffing("stuffing, 1,000 addresses", 1_000, 20_000).await;
    line.keeps_within(at_most(3_100, 3_100, 0));
}

#[tokio::test]
async fn thr_15_spraying() {
    let line = mixes::spraying().await;
    line.keeps_within(at_most(500, 600, 0));
}

#[tokio::test]
async fn thr_15_slow_guessing() {
    let line = mixes::slow_guessing().await;
    line.keeps_within(at_most(1_100, 5_000, 0));
}

#[tokio::test]
async fn thr_15_guesses_at_one_account() {
    let line = mixes::one_account().await;
    line.keeps_within(at_most(40, 110, 4));
}

#[tokio::test]
async fn thr_15_reset_bombing() {
    let line = mixes::reset_bombing().await;
    line.keeps_within(at_most(30, 80, 0));
}

#[tokio::test]
async fn thr_15_locking_an_owner_out() {
    let line = mixes::lock_out().await;
    line.keeps_within(at_most(10, 80, 16));
}

#[tokio::test]
async fn thr_15_code_bombing() {
    let line = mixes::code_bombing().await;
    line.keeps_within(at_most(450, 2_100, 0));
}

#[tokio::test]
async fn thr_15_code_guessing() {
    let line = mixes::code_guessing().await;
    line.keeps_within(at_most(800, 1_100, 0));
}

#[tokio::test]
async fn thr_15_registration_bombing() {
    let line = mixes::newcomers().await;
    line.keeps_within(at_most(10_000, 10_000, 0));
}

#[tokio::test]
async fn thr_15_one_nat() {
    let line = mixes::one_nat("one NAT, 5,000 honest users in an hour", false).await;
    line.keeps_within(NO_ATTACK);
}

#[tokio::test]
async fn thr_15_one_nat_with_a_thief() {
    let line = mixes::one_nat("one NAT with a thief in it", true).await;
    line.keeps_within(at_most(60, 100, 500));
}

#[tokio::test]
async fn thr_15_a_mobile_carrier() {
    let line = mixes::carrier("mobile carrier, 20 addresses, 20,000 people", false).await;
    line.keeps_within(NO_ATTACK);
}

#[tokio::test]
async fn thr_15_a_mobile_carrier_with_a_thief() {
    let line = mixes::carrier("the carrier with a thief in it", true).await;
    line.keeps_within(at_most(100, 100, 70));
}

#[tokio::test]
async fn thr_15_benign_sign_ins() {
    let line = mixes::benign().await;
    line.keeps_within(NO_ATTACK);
}
