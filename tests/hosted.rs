//! What every hosted page and answer promises (WEB-*, ENU-*).

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::tokens::App;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_02_nobody_is_signed_in_as_somebody_else_by_a_forged_form() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    // The thief prepares the form with the thief's own page; the victim's browser sends it.
    let thief = Browser::new(&house);
    let to_login = thief.get(&request(&app.id, &[])).await;
    let login = thief.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let victim = Browser::new(&house);
    let refused = victim.post("/login", &form).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "no cookie");
    // Also when the victim has a sign-in of their own under way.
    victim.get(&request(&app.id, &[])).await;
    let refused = victim.post("/login", &form).await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "as a tab left behind"
    );
    assert!(refused.words().contains("no longer in use"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_03_bodies_of_other_kinds_change_nothing() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    for kind in [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
    ] {
        for path in [
            "/account/security",
            "/account/sessions",
            "/account/data/delete",
        ] {
            let sent = browser.http.post(house.url(path));
            let sent = sent.header("content-type", kind);
            let sent = sent.body("{\"alert\":\"off\",\"csrf\":\"x\"}").send();
            let status = sent.await.unwrap().status();
            assert!(status.is_client_error(), "{kind} {path}: {status}");
        }
    }
    let page = browser.get("/account/security").await;
    let off = page.text.split("value=\"off\"").nth(1).unwrap();
    assert!(!off.split('>').next().unwrap().contains("checked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_14_unlisted_methods_are_refused_and_head_acts_on_nothing() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    for path in ["/login", "/oauth2/token", "/oauth2/userinfo", "/account"] {
        for method in ["TRACE", "CONNECT", "PATCH", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let sent = browser.http.request(method.clone(), house.url(path));
            let Ok(answer) = sent.send().await else {
                continue;
            };
            let refused = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_FOUND];
            assert!(
                refused.contains(&answer.status()),
                "{method} {path}: {}",
                answer.status()
            );
        }
    }
    browser.sign_in(&house, &request(&app.id, &[])).await;
    for path in ["/logout", "/oauth2/end_session", "/account/sessions/others"] {
        let _looked = browser.http.head(house.url(path)).send().await.unwrap();
    }
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_15_links_come_from_the_configuration_and_never_from_the_request() {
    let house = TestHouse::open_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let browser = Browser::new(&house);
    let page = browser.get("/password/forgot").await;
    let form = [
        ("csrf", page.hidden("csrf")),
        ("email", house.login_address.clone()),
    ];
    let sent = browser.http.post(house.url("/password/forgot")).form(&form);
    let sent = sent
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example;proto=http")
        .header("x-forwarded-proto", "gopher")
        .header("origin", house.issuer.clone());
    sent.send().await.unwrap();
    let link = house.link_after(0, &house.login_address).await;
    assert!(link.starts_with("/password/reset/"));
    let letters = house.letters_to(&house.login_address).join("\n");
    assert!(
        letters.contains(&house.issuer) && !letters.contains("evil"),
        "{letters}"
    );
    let facts = browser
        .http
        .get(house.url("/.well-known/openid-configuration"))
        .header("x-forwarded-host", "evil.example");
    let facts = facts.send().await.unwrap().text().await.unwrap();
    assert!(facts.contains(&house.issuer) && !facts.contains("evil"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_16_a_host_that_is_not_ours_gets_nothing() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    for path in ["/login", "/oauth2/token", "/nothing", "/assets/x/style.css"] {
        for host in ["evil.example", "127.0.0.1", "localhost.evil.example:80"] {
            let sent = browser.http.get(house.url(path)).header("host", host);
            let status = sent.send().await.unwrap().status();
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{path} at {host}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_17_looking_at_a_mailed_link_however_often_changes_nothing() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let owner = Browser::new(&house);
    owner.sign_in(&house, &request(&app.id, &[])).await;
    let browser = Browser::new(&house);
    let page = browser.get("/password/forgot").await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &*house.login_address),
    ];
    browser.post("/password/forgot", &form).await;
    let link = house.link_after(0, &house.login_address).await;
    let scanner = Browser::new(&house);
    for letter in house.letters_to(&house.login_address) {
        for rest in letter.split(&house.issuer).skip(1) {
            let path: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_/?=&.".contains(*c))
                .collect();
            for _ in 0..2 {
                scanner.get(&path).await;
                let _looked = scanner.http.head(house.url(&path)).send().await.unwrap();
            }
        }
    }
    assert_eq!(
        browser.get(&link).await.status,
        StatusCode::OK,
        "it still works"
    );
    assert_eq!(owner.get("/account").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_06_thr_09_a_stopped_account_looks_like_any_other_before_the_password_is_right() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let user = house.user;
    let provider = &house.house.services.provider;
    let wrong = async |address: &str| {
        let browser = Browser::new(&house);
        let to_login = browser.get(&request(&app.id, &[])).await;
        let login = browser.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", address),
            ("password", "wrong-password-9"),
        ];
        let page = browser.post("/login", &form).await;
        // Time and app are the same; only what was typed may differ.
        (page.status, page.words().replace(address, "…"))
    };
    let acts = wrong(&house.login_address).await;
    let disabled = sekisho_model::UserState::Disabled;
    provider
        .set_account_state(user, disabled, &sekisho_model::Origin::default())
        .await
        .unwrap();
    assert_eq!(wrong(&house.login_address).await, acts);
    assert_eq!(wrong("nobody-of-ours@example.jp").await, acts);
    // Held up by too many tries, all three read the same again.
    let mut held = Vec::new();
    for address in [&*house.login_address, "nobody-of-ours@example.jp"] {
        let mut last = wrong(address).await;
        for _ in 0..60 {
            last = wrong(address).await;
            if last.1.contains("Wait until") {
                break;
            }
        }
        assert!(last.1.contains("Wait until"), "{address}: {}", last.1);
        held.push(last);
    }
    assert_eq!(held[0], held[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_03_the_answer_does_not_wait_for_the_mail() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&app.id, &[])).await;
    assert_eq!(page.status, StatusCode::OK);
    // What the answer did is a row: the letter waits in the outbox with its event, whatever the relay does.
    let user = house.user;
    let store = &house.house.services.store;
    let filter = sekisho_store::HistoryFilter::default();
    let events = store
        .read(move |tx| tx.history_of(user, &filter, None, 9))
        .await
        .unwrap();
    let asked = |event: &sekisho_model::Event| event.kind == sekisho_model::EventKind::CodeAsked;
    assert!(events.iter().any(asked));
    house.code().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_08_what_belongs_to_others_is_not_there() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let owner = Browser::new(&house);
    owner.sign_in(&house, &request(&app.id, &[])).await;
    let user = house.user;
    let store = &house.house.services.store;
    let theirs = store.read(move |tx| tx.sessions_of(user)).await.unwrap();
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    // Somebody who is not signed in, or asks for what was never there, learns the same.
    let stranger = Browser::new(&house);
    for id in [theirs[0].id.to_string(), unknown.to_owned()] {
        let page = stranger.get(&format!("/account/sessions/{id}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        let registration = stranger.get(&format!("/oauth2/register/{}", app.id)).await;
        let never = stranger.get("/oauth2/register/never-there").await;
        assert_eq!(registration.status, never.status);
        assert_ne!(registration.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_09_figures_are_not_public_and_health_names_nobody() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    assert_eq!(browser.get("/metrics").await.status, StatusCode::NOT_FOUND);
    for path in ["/health/live", "/health/ready", "/nothing"] {
        let page = browser.get(path).await;
        for mark in [&*house.login_address, &*house.user.to_string(), &*app.id] {
            assert!(!page.text.contains(mark), "{path} names {mark}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_9116_holes_are_reported_where_the_operator_says() {
    let house = TestHouse::open_with(|config| {
        config.server.contact = Some("help@operators.example".to_owned());
        config.server.security_contact = Some("mailto:security@operators.example".to_owned());
    })
    .await;
    let browser = Browser::new(&house);
    let page = browser.get("/.well-known/security.txt").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["content-type"], "text/plain; charset=utf-8");
    assert!(
        page.text
            .starts_with("Contact: mailto:security@operators.example\n")
    );
    let here = format!("Canonical: {}/.well-known/security.txt\n", house.issuer);
    assert!(page.text.contains(&here), "{}", page.text);
    let until = page.text.split("Expires: ").nth(1).unwrap();
    let until = until.lines().next().unwrap();
    let until = sekisho_mail::when::parse(until).unwrap();
    let days = until.since(house.now()).as_secs() / 86_400;
    assert!((170..=365).contains(&days), "{days}");
    for path in ["/help", "/privacy"] {
        let page = browser.get(path).await;
        assert!(page.text.contains("help@operators.example"), "{path}");
    }
    let house = TestHouse::open().await;
    let page = Browser::new(&house).get("/.well-known/security.txt").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}
