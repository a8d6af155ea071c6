//! Many guesses at one account, over HTTP, while its owner goes on (THR-03, S5). The attack laboratory shows ten
//! thousand at the level of the rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;

const ATTACKERS: usize = 10;
const GUESSES_OF_EACH: usize = 100;

/// Types one wrong password after the other, each from an address in a network of its own.
async fn guess(browser: Browser, start: String, address: String, number: usize) -> usize {
    let to_login = browser.get(&start).await;
    let mut page = browser.get(to_login.location()).await;
    let mut held_up = 0;
    for n in 0..GUESSES_OF_EACH {
        let ip = format!("45.{number}.{n}.9");
        let form = [
            ("csrf", &*page.hidden("csrf")),
            ("email", &*address),
            ("password", "not-the-password-9"),
        ];
        page = browser.post_from(&ip, "/login", &form).await;
        held_up += usize::from(page.words().contains("Too many tries"));
    }
    held_up
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_03_a_thousand_guesses_from_a_thousand_addresses_and_the_owner_always_gets_in() {
    let house = TestHouse::open_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    let start = request(client.client_id.as_str(), &[]);
    let owner = Browser::from_address(&house, "100.64.0.9");
    let known = owner.sign_in(&house, &start).await;
    assert!(known.answer("code").is_some());

    let going = Arc::new(AtomicUsize::new(ATTACKERS));
    let attackers: Vec<_> = (0..ATTACKERS)
        .map(|number| {
            let attacker = Browser::from_address(&house, "45.0.0.9");
            let guesses = guess(attacker, start.clone(), house.login_address.clone(), number);
            let going = Arc::clone(&going);
            tokio::spawn(async move {
                let held_up = guesses.await;
                going.fetch_sub(1, Ordering::Relaxed);
                held_up
            })
        })
        .collect();
    let again = request(client.client_id.as_str(), &[("prompt", "login")]);
    let mut meanwhile = 0;
    for n in 0..20 {
        meanwhile += usize::from(going.load(Ordering::Relaxed) > 0);
        let answer = owner.sign_in(&house, &again).await;
        assert!(answer.answer("code").is_some(), "sign-in {n}");
    }
    let mut held_up = 0;
    for attacker in attackers {
        held_up += attacker.await.unwrap();
    }
    assert!(meanwhile > 0, "the owner came while the guesses went on");
    let all = ATTACKERS * GUESSES_OF_EACH;
    assert!(held_up >= all - 30, "{held_up} of {all} were held up");
    house.close().await;
}
