//! The sign-in history: filters and the file (ux 7.3).

use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::tokens::App;

const HOME: &str = "203.0.113.9";
const ELSEWHERE: &str = "198.51.100.7";

async fn scene() -> (TestHouse, App, Browser) {
    let house = TestHouse::open_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let app = App::of(
        &house,
        json!({"skip_consent": true, "client_name": "=Evil"}),
    )
    .await;
    // Somebody elsewhere guesses wrong, and then knows the password.
    let thief = Browser::from_address(&house, ELSEWHERE);
    let to_login = thief.get(&request(&app.id, &[])).await;
    let login = thief.get(to_login.location()).await;
    for password in ["wrong horse gate staple", PASSWORD] {
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*house.login_address),
            ("password", password),
        ];
        thief.post("/login", &form).await;
    }
    let thiefs = house.code().await;
    let owner = Browser::from_address(&house, HOME);
    let page = owner.password(&house, &request(&app.id, &[])).await;
    let code = house.code_but(&thiefs).await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("code", &code),
        ("trust_browser", "1"),
    ];
    owner.post("/login/code", &form).await;
    (house, app, owner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_explained_stands_first_and_filters_find_it() {
    let (house, app, owner) = scene().await;
    let overview = owner.get("/account").await;
    let words = overview.words();
    assert!(
        words.contains("A sign-in stopped after the right password"),
        "{words}"
    );
    assert!(words.contains("Signed in on one device"), "{words}");
    let link = overview
        .text
        .split("href=\"/account/history?period=30#e-")
        .nth(1);
    let row = link.unwrap().split('"').next().unwrap();
    let history = owner.get("/account/history?period=30").await;
    assert!(history.text.contains(&format!("id=\"e-{row}\"")));
    assert!(
        history.words().contains("same network"),
        "{}",
        history.words()
    );

    let rows = async |query: &str| {
        let page = owner.get(&format!("/account/history?{query}")).await;
        page.text.matches("id=\"e-").count()
    };
    assert_eq!(rows("result=failed").await, 1);
    assert_eq!(rows("ip=198.51.100.0/24").await, 2);
    assert_eq!(rows(&format!("ip={ELSEWHERE}")).await, 2);
    assert_eq!(rows("ip=192.0.2.0/24").await, 0);
    assert_eq!(rows(&format!("app={}&ip={HOME}", app.id)).await, 1);
    assert_eq!(rows("app=nothing").await, 0);
    assert_eq!(rows("from=2000-01-01&to=2000-01-31").await, 0);
    for (query, words) in [
        (
            "from=2026-11-02&to=2026-11-01",
            "The end date must be after the start date",
        ),
        ("from=11/22", "Enter a day like 2026-11-22"),
        (
            "ip=home",
            "Enter an address like 203.0.113.5 or 203.0.113.0/24",
        ),
    ] {
        let page = owner.get(&format!("/account/history?{query}")).await;
        assert!(page.words().contains(words), "{query}: {}", page.words());
        let file = owner.get(&format!("/account/history.csv?{query}")).await;
        assert!(file.words().contains(words), "{query}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skipped_code_is_told_from_none_wanted_and_the_file_says_the_same() {
    let (house, app, owner) = scene().await;
    let again = request(&app.id, &[("prompt", "login")]);
    let to_login = owner.get(&again).await;
    let login = owner.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let answered = owner.post("/login", &form).await;
    assert!(answered.answer("code").is_some(), "{}", answered.words());
    let page = owner.get("/account/history").await;
    let skipped = "Password only, code skipped (trusted browser)";
    assert!(page.words().contains(skipped), "{}", page.words());

    let file = owner.get("/account/history.csv?period=30").await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        file.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let text = file.text.trim_start_matches('\u{feff}');
    assert!(text.starts_with("\"Time\""), "{text}");
    assert!(file.text.contains(skipped) && file.text.contains(ELSEWHERE));
    assert!(file.text.contains("\"'=Evil\"") && !file.text.contains("\"=Evil"));
    let line = file.text.lines().nth(1).unwrap();
    let time = line.split('"').nth(1).unwrap();
    assert!(time.len() == 25 && time.ends_with("+09:00"), "{time}");
    let raw = owner.http.get(house.url("/account/history.csv"));
    let raw = raw.send().await.unwrap().bytes().await.unwrap();
    assert!(
        raw.starts_with(b"\xef\xbb\xbf"),
        "the mark that Excel needs"
    );
    // It is nobody else's.
    let stranger = Browser::new(&house);
    let refused = stranger.get("/account/history.csv").await;
    assert!(refused.location().starts_with("/login?return_to="));
    house.close().await;
}
