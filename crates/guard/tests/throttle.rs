//! What the throttle promises to owners and costs attackers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail like tests"
)]

use std::sync::Arc;

use sekisho_guard::{
    Blocks, ClientSecretTry, CodeMail, CodeTry, DeviceClass, Limits, Pass, PasswordAttempt,
    ProofMail, ResetMail, Throttle, Ticket,
};
use sekisho_model::{Block, BlockEffect, BlockTarget, BrowserId, ClientId, Digest, Timestamp};
use sekisho_session::Session;

const QUARTER: i64 = 15 * 60;
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn key() -> Digest {
    Digest::of(b"throttle key")
}

fn throttle() -> Throttle {
    Throttle::new(Session::in_memory(), Limits::default(), key())
}

fn owner() -> Digest {
    Digest::of(b"owner@example.jp")
}

fn known() -> DeviceClass {
    DeviceClass::Known(BrowserId::parse("01890a5d-ac96-774b-bcce-b302099a8057").unwrap())
}

/// The nth of many addresses in as many networks.
fn stranger(n: i64) -> String {
    format!("10.{}.{}.1", n / 250 % 250, n % 250)
}

async fn password(
    throttle: &Throttle,
    account: &Digest,
    device: DeviceClass,
    ip: &str,
    second: i64,
) -> Pass {
    let attempt = PasswordAttempt {
        account,
        device,
        ip,
        client: None,
    };
    throttle.before_password(attempt, at(second)).await.unwrap()
}

async fn code(throttle: &Throttle, device: DeviceClass, ip: &str, second: i64) -> Pass {
    let attempt = CodeTry {
        account: &owner(),
        device,
        ip,
    };
    throttle.before_code_try(attempt, at(second)).await.unwrap()
}

async fn mail(throttle: &Throttle, account: &str, ip: &str, second: i64) -> Pass {
    mail_at(throttle, NEW, account, ip, second).await
}

async fn mail_at(
    throttle: &Throttle,
    device: DeviceClass,
    account: &str,
    ip: &str,
    second: i64,
) -> Pass {
    let mail = CodeMail {
        account: &Digest::of(account.as_bytes()),
        device,
        ip,
        recipient_domain: "example.jp",
    };
    throttle.before_code_mail(mail, at(second)).await.unwrap()
}

async fn reset(throttle: &Throttle, account: &Digest, ip: &str, second: i64) -> Pass {
    let mail = ResetMail {
        account,
        ip,
        recipient_domain: "example.jp",
    };
    throttle.before_reset_mail(mail, at(second)).await.unwrap()
}

async fn secret(throttle: &Throttle, client: &str, ip: &str, second: i64) -> Pass {
    let attempt = ClientSecretTry {
        client: &ClientId::new(client),
        ip,
    };
    throttle
        .before_client_secret(attempt, at(second))
        .await
        .unwrap()
}

fn go(pass: Pass) -> Ticket {
    match pass {
        Pass::Go(ticket) => ticket,
        Pass::Wait { limit, .. } => panic!("stopped by {limit}"),
    }
}

fn goes(pass: &Pass) -> bool {
    matches!(pass, Pass::Go(_))
}

fn stopped_by(pass: &Pass) -> &'static str {
    match pass {
        Pass::Go(_) => "nothing",
        Pass::Wait { limit, .. } => limit,
    }
}

const NEW: DeviceClass = DeviceClass::Unknown;

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
async fn thr_01_each_source_has_its_own_limit() {
    let defaults = Limits::default();
    let cases = [
        ("source.address", defaults.source.address.max, "192.0.2.1"),
        ("source.network", defaults.source.network.max, "192.0.2.N"),
        ("source.network", defaults.source.network.max, "2001:db8::N"),
        ("source.site", defaults.source.site.max, "2001:db8:0:N::1"),
    ];
    for (limit, max, pattern) in cases {
        let throttle = throttle();
        let ip = |n: u32| pattern.replace('N', &(n % 200).to_string());
        for n in 0..max {
            let account = Digest::of(&n.to_be_bytes());
            let _wrong = go(password(&throttle, &account, NEW, &ip(n), 0).await);
        }
        let pass = password(&throttle, &owner(), NEW, &ip(max), 0).await;
        assert_eq!(stopped_by(&pass), limit);
        let other = password(&throttle, &owner(), NEW, "203.0.113.1", 0).await;
        assert!(goes(&other), "{limit} stops only its own");
    }
}

#[tokio::test]
async fn thr_01_one_app_and_all_together_have_limits() {
    let mut limits = Limits::default();
    limits.source.client.max = 3;
    limits.source.everywhere.max = 5;
    let throttle = Throttle::new(Session::in_memory(), limits, key());
    let client = ClientId::new("app");
    let mut stopped = Vec::new();
    for n in 0..8_u8 {
        let account = Digest::of(&[n]);
        let attempt = PasswordAttempt {
            account: &account,
            device: NEW,
            ip: "192.0.2.1",
            client: (n < 7).then_some(&client),
        };
        let pass = throttle.before_password(attempt, at(0)).await.unwrap();
        stopped.push(stopped_by(&pass));
    }
    // Three count for the app, three more for the network alone, and two for everybody.
    let (go, crowded) = ("nothing", "source.crowded");
    assert_eq!(stopped, [go, go, go, go, go, go, crowded, go]);
    let (app, all) = (client, owner());
    for n in 0..100 {
        let attempt = PasswordAttempt {
            account: &all,
            device: NEW,
            ip: &stranger(n),
            client: Some(&app),
        };
        let pass = throttle.before_password(attempt, at(1)).await.unwrap();
        assert_eq!(goes(&pass), n < 30, "as many as of one account: {pass:?}");
    }
}

#[tokio::test]
async fn thr_01_what_strangers_fill_for_all_stops_nobody_who_did_no_wrong() {
    let mut limits = Limits::default();
    limits.source.everywhere.max = 50;
    let throttle = Throttle::new(Session::in_memory(), limits, key());
    for n in 0..500 {
        let account = Digest::of(&n.to_string().into_bytes());
        let _wrong = password(&throttle, &account, NEW, &stranger(n % 100), 0).await;
    }
    for second in 1..50 {
        let right = go(password(&throttle, &owner(), NEW, "192.0.2.1", second).await);
        throttle.after_success(right).await;
    }
    let typo = go(password(&throttle, &owner(), NEW, "192.0.2.1", 50).await);
    drop(typo);
    let right = go(password(&throttle, &owner(), NEW, "192.0.2.1", 51).await);
    throttle.after_success(right).await;
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
async fn thr_11_unwanted_code_mails_do_not_lock_the_account() {
    let throttle = throttle();
    for n in 0..100 {
        let _pass = mail(&throttle, "owner@example.jp", &stranger(n), n).await;
    }
    assert!(goes(
        &password(&throttle, &owner(), NEW, "192.0.2.1", 100).await
    ));
    assert!(goes(&code(&throttle, NEW, "192.0.2.1", 100).await));
}

#[tokio::test]
async fn thr_04_who_asks_for_links_all_day_keeps_none_from_the_owner() {
    let throttle = throttle();
    let mut mailed: Vec<i64> = Vec::new();
    for second in (0..3 * DAY).step_by(20) {
        let ip = stranger(second / 20);
        if goes(&reset(&throttle, &owner(), &ip, second).await) {
            mailed.push(second);
        }
        let asked_too = 90_000 + 7 * HOUR;
        if second == asked_too && goes(&reset(&throttle, &owner(), "192.0.2.1", second).await) {
            mailed.push(second);
        }
        // A link works for an hour: at every moment the newest one still does.
        let newest = mailed.last().copied().unwrap();
        assert!(second < newest + HOUR, "none works at {second}");
    }
    for day in 0..3 {
        let within = mailed.iter().filter(|s| **s / DAY == day).count();
        assert!(within <= 12 + 24, "{within} mails on day {day}");
    }
}

#[tokio::test]
async fn thr_04_one_network_cannot_use_up_the_links_of_an_hour() {
    let throttle = throttle();
    for second in 0..600 {
        let _asked = reset(&throttle, &owner(), "198.51.100.7", second).await;
    }
    let pass = reset(&throttle, &owner(), "198.51.100.8", 600).await;
    assert_eq!(stopped_by(&pass), "reset_mail.account_network");
    assert!(goes(&reset(&throttle, &owner(), "192.0.2.1", 600).await));
}

#[tokio::test]
async fn thr_12_without_the_session_store_narrower_limits_hold() {
    let throttle = Throttle::new(Session::away(), Limits::default(), key());
    for _ in 0..3 {
        let _wrong = go(password(&throttle, &owner(), NEW, "192.0.2.1", 0).await);
    }
    let pass = password(&throttle, &owner(), NEW, "192.0.2.1", 0).await;
    assert_eq!(stopped_by(&pass), "password.new_browsers_network");
    for _ in 0..2 {
        let _sent = go(mail(&throttle, "owner", "192.0.2.1", 0).await);
    }
    assert!(!goes(&mail(&throttle, "owner", "192.0.2.1", 0).await));
    for n in 0..60 {
        let typed = go(password(&throttle, &Digest::of(b"b"), NEW, "192.0.2.1", n).await);
        throttle.after_success(typed).await;
    }
}

#[tokio::test]
async fn thr_14_limits_hold_for_all_nodes_together() {
    let session = Session::in_memory();
    let nodes = [0, 1].map(|_| Throttle::new(session.clone(), Limits::default(), key()));
    let mut heard = 0;
    for n in 0..50 {
        for node in &nodes {
            heard += i32::from(goes(&password(node, &owner(), NEW, &stranger(n), n).await));
        }
    }
    assert_eq!(heard, 30);
}

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

#[tokio::test]
async fn otp_06_twenty_wrong_codes_a_day_over_all_challenges() {
    let throttle = throttle();
    let mut heard = 0;
    for n in 0..DAY / 60 {
        heard += i32::from(goes(&code(&throttle, NEW, &stranger(n), n * 60).await));
    }
    assert_eq!(heard, 20);
    assert!(goes(&code(&throttle, known(), "192.0.2.1", DAY - 1).await));
    assert!(goes(&code(&throttle, NEW, "192.0.2.1", DAY).await));
}

#[tokio::test]
async fn otp_07_wrong_codes_count_to_the_sources_of_passwords() {
    let mut limits = Limits::default();
    limits.source.address.max = 10;
    let throttle = Throttle::new(Session::in_memory(), limits, key());
    for _ in 0..10 {
        let _wrong = go(code(&throttle, NEW, "192.0.2.1", 0).await);
    }
    let other = Digest::of(b"other@example.jp");
    let pass = password(&throttle, &other, NEW, "192.0.2.1", 0).await;
    assert_eq!(stopped_by(&pass), "source.address");
}

#[tokio::test]
async fn otp_12_six_code_mails_an_hour_and_twenty_a_day() {
    let throttle = throttle();
    let mut sent = Vec::new();
    for n in 0..DAY / 60 {
        if goes(&mail(&throttle, "owner", &stranger(n), n * 60).await) {
            sent.push(n * 60);
        }
    }
    assert_eq!(sent.len(), 20);
    for start in &sent {
        let inside = sent.iter().filter(|s| (*start..start + HOUR).contains(*s));
        assert!(inside.count() <= 6);
    }
    assert!(goes(
        &mail(&throttle, "somebody else", "192.0.2.1", 1).await
    ));
}

#[tokio::test]
async fn otp_12_code_mails_are_limited_by_source_domain_and_altogether() {
    let mut limits = Limits::default();
    limits.code_mail.address.max = 3;
    limits.code_mail.network.max = 5;
    limits.code_mail.domain.max = 7;
    limits.code_mail.everywhere.max = 8;
    let throttle = Throttle::new(Session::in_memory(), limits, key());
    let mut stopped = Vec::new();
    for (n, ip) in ["192.0.2.1", "192.0.2.2", "198.51.100.1"]
        .iter()
        .enumerate()
    {
        for m in 0..4 {
            let pass = mail(&throttle, &format!("account {n} {m}"), ip, 0).await;
            stopped.push(stopped_by(&pass));
        }
    }
    let (go, network) = ("nothing", "code_mail.network");
    assert_eq!(stopped[..4], [go, go, go, "code_mail.address"]);
    assert_eq!(stopped[4..8], [go, go, network, network]);
    assert_eq!(
        stopped[8..],
        [go, go, "code_mail.domain", "code_mail.domain"]
    );
    let account = owner();
    let elsewhere = CodeMail {
        account: &account,
        device: NEW,
        ip: "203.0.113.1",
        recipient_domain: "example.org",
    };
    let pass = throttle.before_code_mail(elsewhere, at(0)).await.unwrap();
    assert!(goes(&pass));
    let pass = throttle.before_code_mail(elsewhere, at(0)).await.unwrap();
    assert_eq!(stopped_by(&pass), "code_mail.everywhere");
}

#[tokio::test]
async fn thr_03_a_known_browser_is_mailed_codes_whatever_strangers_and_newcomers_ask_for() {
    let mut limits = Limits::default();
    limits.code_mail.address.max = 5;
    limits.proof_mail.domain.max = 50;
    let throttle = Throttle::new(Session::in_memory(), limits, key());
    let ip = "192.0.2.1";
    for n in 0..100 {
        let _thief = mail(&throttle, "owner", ip, n).await;
        let _neighbour = mail(&throttle, &format!("neighbour {n}"), ip, n).await;
        let newcomer = ProofMail {
            recipient: &Digest::of(&n.to_be_bytes()),
            ip: &stranger(n),
            recipient_domain: "example.jp",
        };
        let _asked = throttle.before_proof_mail(newcomer, at(n)).await.unwrap();
    }
    assert!(!goes(&mail(&throttle, "another", ip, 100).await));
    let pass = mail_at(&throttle, known(), "owner", ip, 100).await;
    assert!(goes(&pass), "{pass:?}");
    let elsewhere = mail(&throttle, "yet another", "203.0.113.1", 100).await;
    assert!(goes(&elsewhere), "the domain is not used up: {elsewhere:?}");
    for _ in 0..5 {
        let _more = go(mail_at(&throttle, known(), "owner", ip, 100).await);
    }
    let pass = mail_at(&throttle, known(), "owner", ip, 100).await;
    assert_eq!(stopped_by(&pass), "code_mail.known_browser");
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

fn block(number: i64, network: &str, effect: BlockEffect) -> Block {
    Block {
        number,
        at: at(0),
        operator: "haruka".to_owned(),
        target: BlockTarget::Network(network.parse().unwrap()),
        effect,
        reason: "test".to_owned(),
        until: Some(at(DAY)),
    }
}

#[tokio::test]
async fn s5_a_block_keeps_strangers_from_every_guess_and_never_the_owner() {
    let throttle = throttle();
    let list = vec![block(1, "203.0.113.0/24", BlockEffect::Strangers)];
    throttle.tell_blocks(Arc::new(Blocks::new(list, &[])));
    let inside = "203.0.113.9";
    let until_the_end = Pass::Wait {
        until: at(DAY),
        limit: "block",
    };
    let unknown = DeviceClass::Unknown;
    assert_eq!(
        password(&throttle, &owner(), unknown, inside, 1).await,
        until_the_end
    );
    assert_eq!(code(&throttle, unknown, inside, 1).await, until_the_end);
    // A client is stopped there once it has guessed wrong, and not where it proved itself.
    let wrong = go(secret(&throttle, "app", inside, 1).await);
    throttle.after_failure(wrong, at(1)).await.unwrap();
    assert_eq!(secret(&throttle, "app", inside, 1).await, until_the_end);
    let right = go(secret(&throttle, "honest", inside, 1).await);
    throttle.after_success(right).await;
    let typo = go(secret(&throttle, "honest", inside, 1).await);
    throttle.after_failure(typo, at(1)).await.unwrap();
    assert!(goes(&secret(&throttle, "honest", inside, 1).await));
    // Devices guess nothing.
    let device = throttle.before_device_request(inside, at(1)).await.unwrap();
    assert!(goes(&device));
    let resets = throttle.before_sign_up(inside, at(1)).await.unwrap();
    assert_eq!(resets, until_the_end);
    for _ in 0..3 {
        let pass = password(&throttle, &owner(), known(), inside, 2).await;
        assert!(matches!(pass, Pass::Go(_)));
    }
    let pass = password(&throttle, &owner(), unknown, "203.0.114.1", 2).await;
    assert!(matches!(pass, Pass::Go(_)));
    let after = password(&throttle, &owner(), unknown, inside, DAY).await;
    assert!(matches!(after, Pass::Go(_)), "it is over");
}

#[tokio::test]
async fn s5_an_allowed_network_is_counted_by_account_and_not_by_where_it_is() {
    let throttle = throttle();
    let list = vec![block(1, "203.0.113.0/24", BlockEffect::Allow)];
    throttle.tell_blocks(Arc::new(Blocks::new(list, &[])));
    for n in 0..2_000i64 {
        let account = Digest::of(&n.to_be_bytes());
        let pass = password(&throttle, &account, DeviceClass::Unknown, "203.0.113.9", 1).await;
        let Pass::Go(ticket) = pass else {
            panic!("the {n}th of an allowed office waits: {pass:?}");
        };
        drop(ticket);
    }
    let mut gone = 0;
    for second in 0..100 {
        let pass = password(
            &throttle,
            &owner(),
            DeviceClass::Unknown,
            "203.0.113.9",
            second,
        )
        .await;
        gone += i32::from(matches!(pass, Pass::Go(_)));
    }
    assert!(gone < 50, "one account is still guarded: {gone}");
}
