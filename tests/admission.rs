//! The queue before the pages that change passwords: order, fairness, and what does not slow down.

use std::time::Duration;

use reqwest::StatusCode;

use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

const FORGOT: &str = "/password/forgot";

/// Two are let in every ten seconds; the proxy in front of the house says where people come from.
async fn narrow() -> TestHouse {
    let house = TestHouse::open_with(|config| {
        config.reset.admission_wave_people = 2;
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    // To the beginning of a wave, so that no test crosses one by chance.
    let into = house.now().micros().rem_euclid(10_000_000);
    let left = u64::try_from(10_000_000 - into).unwrap();
    house.advance(Duration::from_micros(left)).await;
    house
}

async fn from(browser: &Browser, ip: &str) -> Page {
    let url = format!("{}{FORGOT}", browser.base);
    let request = browser.http.get(url).header("x-forwarded-for", ip);
    let response = request
        .header("accept-language", "en")
        .send()
        .await
        .unwrap();
    Page {
        status: response.status(),
        location: None,
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

fn position(page: &Page) -> Option<u64> {
    if page.status == StatusCode::OK {
        return None;
    }
    assert_eq!(
        page.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        page.words()
    );
    let place = page.text.split("<dt>Your place</dt><dd>").nth(1);
    let place = place.unwrap_or_else(|| panic!("{}", page.words()));
    place.split('<').next().unwrap().parse().ok()
}

async fn next_wave(house: &TestHouse) {
    house.advance(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_14_who_waits_keeps_the_place_and_is_let_in_by_itself() {
    let house = narrow().await;
    let people: Vec<Browser> = (0..5).map(|_| Browser::new(&house)).collect();
    let ip = |n: usize| format!("198.51.{n}.7");
    let mut places = Vec::new();
    for (n, person) in people.iter().enumerate() {
        places.push(position(&from(person, &ip(n)).await));
    }
    assert_eq!(places, [None, None, Some(1), Some(2), Some(3)]);
    let page = from(&people[4], &ip(4)).await;
    assert_eq!(position(&page), Some(3), "reloading gains nothing");
    assert!(
        page.text
            .contains("<meta http-equiv=\"refresh\" content=\"10;url=/password/forgot\">")
    );
    assert_eq!(page.headers["refresh"], "10;url=/password/forgot");
    assert_eq!(page.headers["retry-after"], "10");
    next_wave(&house).await;
    assert_eq!(
        position(&from(&people[4], &ip(4)).await),
        Some(3),
        "nobody overtakes"
    );
    assert_eq!(position(&from(&people[2], &ip(2)).await), None);
    assert_eq!(position(&from(&people[3], &ip(3)).await), None);
    // Who is in stays in, to send the form too.
    let inside = from(&people[2], &ip(2)).await;
    let form = [
        ("csrf", &*inside.hidden("csrf")),
        ("email", &*house.login_address),
    ];
    let sent = people[2].post(FORGOT, &form).await;
    assert!(
        sent.words().contains("Look at your mail"),
        "{}",
        sent.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_14_many_browsers_of_one_home_stand_behind_the_first_of_every_other() {
    for (flood, neighbour, elsewhere) in [
        ("203.0.113.5", "203.0.113.9", "198.51.100.9"),
        ("2001:db8:1::5", "2001:db8:1:77::9", "2001:db8:2::9"),
    ] {
        let house = narrow().await;
        for _ in 0..10 {
            from(&Browser::new(&house), flood).await;
        }
        let (next_door, somebody) = (Browser::new(&house), Browser::new(&house));
        assert_eq!(position(&from(&next_door, neighbour).await), Some(2));
        assert_eq!(position(&from(&somebody, elsewhere).await), Some(3));
        next_wave(&house).await;
        assert_eq!(position(&from(&next_door, neighbour).await), None);
        assert_eq!(position(&from(&somebody, elsewhere).await), Some(2));
        next_wave(&house).await;
        assert_eq!(position(&from(&somebody, elsewhere).await), None);
        house.close().await;
    }
}

/// Whoever has a whole /48 has 65536 networks of the size of a home.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_14_many_homes_of_one_network_have_a_few_turns_and_not_all() {
    let by_v4: fn(u32) -> String = |n| format!("203.0.113.{n}");
    let by_v6: fn(u32) -> String = |n| format!("2001:db8:1:{n:x}00::5");
    for address in [by_v4, by_v6] {
        let house = narrow().await;
        for n in 0..20 {
            from(&Browser::new(&house), &address(n)).await;
        }
        let somebody = Browser::new(&house);
        let place = position(&from(&somebody, "198.51.100.9").await);
        assert_eq!(place, Some(5), "behind the four turns of the first round");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_14_invented_tickets_are_worth_nothing() {
    let house = narrow().await;
    let owner = Browser::new(&house);
    from(&owner, "198.51.100.1").await;
    let cookie = owner.cookies(&house).to_str().unwrap().to_owned();
    let ticket = cookie.split("sekisho_queue=").nth(1).unwrap();
    let ticket = ticket.split(';').next().unwrap();
    let (name, signature) = ticket.split_once('.').unwrap();
    for (n, forged) in [
        format!("{}x.{signature}", &name[1..]),
        format!("{name}.{}", signature.to_lowercase()),
        name.to_owned(),
        ".".to_owned(),
        "x".repeat(3_000),
    ]
    .into_iter()
    .enumerate()
    {
        let stranger = reqwest::Client::new();
        let url = format!("{}{FORGOT}", house.issuer);
        let request = stranger
            .get(url)
            .header("x-forwarded-for", format!("192.0.{n}.1"));
        let answer = request.header("cookie", format!("sekisho_queue={forged}"));
        let answer = answer.send().await.unwrap();
        let given = answer.headers().get_all("set-cookie").iter();
        let new = given.filter(|set| set.to_str().unwrap().starts_with("sekisho_queue="));
        assert_eq!(new.count(), 1, "{forged}: a place of its own");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_14_a_full_queue_leaves_the_sign_in_alone() {
    let house = TestHouse::open_with(|config| {
        config.reset.admission_wave_people = 1;
        config.reset.admission_most_waiting = 1;
    })
    .await;
    for _ in 0..4 {
        Browser::new(&house).get(FORGOT).await;
    }
    let full = Browser::new(&house).get(FORGOT).await;
    assert!(
        full.words().contains("The queue is full"),
        "{}",
        full.words()
    );
    let browser = Browser::new(&house);
    let login = browser.get("/login").await;
    let login = browser.get(login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    assert_eq!(
        browser.post("/login", &form).await.status,
        StatusCode::SEE_OTHER
    );
    house.close().await;
}
