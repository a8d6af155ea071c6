//! Codes and links: mails that are asked for, and codes that are tried.

use sekisho_guard::{CodeMail, Limits, Pass, ProofMail, ResetMail, Throttle};
use sekisho_model::Digest;
use sekisho_session::Session;

use super::{
    DAY, HOUR, NEW, at, code, go, goes, key, known, mail, mail_at, owner, password, stopped_by,
    stranger, throttle,
};

async fn reset(throttle: &Throttle, account: &Digest, ip: &str, second: i64) -> Pass {
    let mail = ResetMail {
        account,
        ip,
        recipient_domain: "example.jp",
    };
    throttle.before_reset_mail(mail, at(second)).await.unwrap()
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
