//! Where tries come from, and what stops all of them.

use std::sync::Arc;

use sekisho_guard::{
    Blocks, DeviceClass, Limits, Pass, PasswordAttempt, Registering, Throttle, UserCodeTry,
};
use sekisho_model::{Block, BlockEffect, BlockTarget, ClientId, Digest, SeededEntropy, UserId};
use sekisho_session::Session;

use super::{
    DAY, NEW, at, code, go, goes, key, known, mail, owner, password, secret, stopped_by, stranger,
    throttle,
};

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
async fn thr_17_who_guesses_user_codes_everywhere_closes_devices_for_nobody() {
    let mut limits = Limits::default();
    limits.device.everywhere.max = 50;
    let throttle = Throttle::new(Session::in_memory(), limits, key());
    let entropy = SeededEntropy::new(1);
    let person = || UserId::new(at(0), &entropy);
    let typed = async |user: &UserId, device, ip: &str, second| {
        let attempt = UserCodeTry { user, device, ip };
        throttle
            .before_user_code(attempt, at(second))
            .await
            .unwrap()
    };
    for n in 0..500 {
        let _wrong = typed(&person(), NEW, &stranger(n), 0).await;
    }
    let owner = person();
    for second in 1..20 {
        let right = go(typed(&owner, NEW, "192.0.2.1", second).await);
        throttle.after_success(right).await;
    }
    // Who guesses from new browsers gets on a little only.
    let mut stopped = Vec::new();
    for _ in 0..4 {
        stopped.push(stopped_by(&typed(&person(), NEW, "192.0.2.1", 20).await));
    }
    assert_eq!(stopped[2..], ["nothing", "source.crowded"]);
    // A browser that the account knew before does not share that with its neighbours.
    for _ in 0..5 {
        let _wrong = go(typed(&owner, known(), "192.0.2.9", 21).await);
    }
    let pass = typed(&owner, known(), "192.0.2.9", 21).await;
    assert_eq!(stopped_by(&pass), "device.account");
}

#[tokio::test]
async fn thr_01_a_home_registers_no_more_apps_however_many_addresses_it_has() {
    let throttle = throttle();
    let by = async |ip: String, by| throttle.before_registration(&ip, by, at(0)).await.unwrap();
    let limits = Limits::default().registration;
    for (pattern, max, limit) in [
        ("192.0.2.1", limits.address.max, "registration.address"),
        (
            "2001:db8:1:2::N",
            limits.network.max,
            "registration.network",
        ),
        ("198.51.100.N", limits.network.max, "registration.network"),
        ("2001:db8:2:N::1", limits.site.max, "registration.site"),
    ] {
        let ip = |n: u32| pattern.replace('N', &(n % 250).to_string());
        for n in 0..max {
            let _registered = go(by(ip(n), Registering::WithToken).await);
        }
        let pass = by(ip(max), Registering::Anybody).await;
        assert_eq!(stopped_by(&pass), limit, "{pattern}");
    }
    let list = ["203.0.113.0/24 strangers", "203.0.114.0/24 allow"];
    let blocks = list.into_iter().map(|text| {
        let (network, effect) = text.split_once(' ').unwrap();
        Block {
            number: 1,
            at: at(0),
            operator: "haruka".to_owned(),
            target: BlockTarget::Network(network.parse().unwrap()),
            effect: BlockEffect::from_name(effect).unwrap(),
            reason: "test".to_owned(),
            until: None,
        }
    });
    throttle.tell_blocks(Arc::new(Blocks::new(blocks.collect(), &[])));
    let kept_out = by("203.0.113.1".to_owned(), Registering::Anybody).await;
    assert_eq!(stopped_by(&kept_out), "block");
    let _with_token = go(by("203.0.113.1".to_owned(), Registering::WithToken).await);
    for _ in 0..=limits.network.max {
        let _allowed = go(by("203.0.114.1".to_owned(), Registering::Anybody).await);
    }
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
