//! A forgotten password: the link, what else it takes, and everything that must not work.

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_server::config::Config;
use serde_json::json;

use crate::authorization::request;
use crate::own_password::judged_on;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::tokens::{App, body};

const NEW: &str = "umbrella-octopus-lantern-41";

async fn ask(browser: &Browser, email: &str) -> Page {
    let page = browser.get("/password/forgot").await;
    let form = [("csrf", &*page.hidden("csrf")), ("email", email)];
    browser.post("/password/forgot", &form).await
}

async fn choose(browser: &Browser, link: &str, password: &str, extra: &[(&str, &str)]) -> Page {
    let page = browser.get(link).await;
    if page.status != StatusCode::OK {
        return page;
    }
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let mut form = vec![("csrf", &*csrf), ("token", &*token), ("password", password)];
    form.extend_from_slice(extra);
    browser.post("/password/reset", &form).await
}

/// Types address and password at the sign-in page.
async fn sign_in_with(house: &TestHouse, password: &str) -> Page {
    let browser = Browser::new(house);
    let login = browser.get("/login").await;
    let login = browser.get(login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", password),
    ];
    browser.post("/login", &form).await
}

async fn works(house: &TestHouse, password: &str) -> bool {
    sign_in_with(house, password).await.status == StatusCode::SEE_OTHER
}

async fn one_mailbox(change: impl FnOnce(&mut Config)) -> TestHouse {
    let house = TestHouse::open_with(change).await;
    let address = house.login_address.clone();
    let set = [
        "user",
        "reset-second-step",
        &*address,
        "--code-address",
        &*address,
    ];
    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let config = file.to_str().unwrap();
    Process::run(
        &[&set[..], &["--reason", "test", "--config", config]].concat(),
        "",
    );
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_03_a_reset_ends_everything_and_signs_nobody_in() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let old = Browser::new(&house);
    let answer = old.sign_in(&house, &request(&app.id, &[])).await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    assert_eq!(old.get("/account").await.status, StatusCode::OK);

    let browser = Browser::new(&house);
    let asked = ask(&browser, &house.login_address).await;
    assert!(
        asked.words().contains("Look at your mail"),
        "{}",
        asked.words()
    );
    let link = house.link_after(0, &house.login_address).await;
    let done = choose(&browser, &link, NEW, &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert!(
        done.words().contains("Your password is changed"),
        "{}",
        done.words()
    );

    assert_eq!(old.get("/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        browser.get("/account").await.status,
        StatusCode::SEE_OTHER,
        "nobody is signed in"
    );
    let refused = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(!works(&house, PASSWORD).await);
    let next = sign_in_with(&house, NEW).await;
    assert!(
        next.location().starts_with("/login/code"),
        "the second step stays"
    );
    for address in [&house.login_address, &house.code_address] {
        house.told(address, "your password was changed").await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_01_everybody_reads_the_same_answer_byte_for_byte() {
    let house = TestHouse::open().await;
    let stranger = house.login_address.replace("haruka", "nobody");
    let browser = Browser::new(&house);
    let page = browser.get("/password/forgot").await;
    let csrf = page.hidden("csrf");
    let mut answers = Vec::new();
    for email in [&house.login_address, &stranger] {
        let answer = browser
            .post("/password/forgot", &[("csrf", &*csrf), ("email", &**email)])
            .await;
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        answers.push((answer.status, names, answer.text.replace(&**email, "X")));
    }
    assert_eq!(answers[0], answers[1]);
    house.link_after(0, &house.login_address).await;
    assert!(house.letters_to(&stranger).is_empty());
    // A stopped account reads the same and gets nothing.
    let user = house.user;
    let stop = move |tx: &mut sekisho_store::Tx<'_>| {
        tx.set_user_state(user, sekisho_model::UserState::Disabled)
    };
    house.house.services.store.write(stop).await.unwrap();
    let third = browser
        .post(
            "/password/forgot",
            &[("csrf", &*csrf), ("email", &*house.login_address)],
        )
        .await;
    assert_eq!(third.text.replace(&*house.login_address, "X"), answers[0].2);
    house.advance(Duration::from_secs(3)).await;
    assert_eq!(house.links_to(&house.login_address).len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_01_a_link_works_once_and_a_newer_one_kills_the_older() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    ask(&browser, &house.login_address).await;
    let first = house.link_after(0, &house.login_address).await;
    ask(&browser, &house.login_address).await;
    let second = house.link_after(1, &house.login_address).await;
    let old = choose(&browser, &first, NEW, &[]).await;
    assert_eq!(old.status, StatusCode::GONE);
    assert!(
        old.words().contains("This link has expired"),
        "{}",
        old.words()
    );
    let unknown = browser
        .get("/password/reset/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        .await;
    assert_eq!(
        unknown.words(),
        old.words(),
        "nobody learns which links there were"
    );
    // Two tabs: the form of the first is still open when the second is sent.
    let tab = browser.get(&second).await;
    assert_eq!(
        choose(&browser, &second, NEW, &[]).await.status,
        StatusCode::OK
    );
    let (csrf, token) = (tab.hidden("csrf"), tab.hidden("token"));
    let late = browser
        .post(
            "/password/reset",
            &[
                ("csrf", &csrf),
                ("token", &token),
                ("password", "another-quiet-harbour-77"),
            ],
        )
        .await;
    assert!(
        late.words().contains("This link has been used"),
        "{}",
        late.words()
    );
    assert!(works(&house, NEW).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_01_a_link_ends_with_its_time_and_with_the_password_it_was_for() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    ask(&browser, &house.login_address).await;
    let link = house.link_after(0, &house.login_address).await;
    house.advance(Duration::from_secs(59 * 60)).await;
    let form = browser.get(&link).await;
    assert_eq!(form.status, StatusCode::OK);
    house.advance(Duration::from_secs(61)).await;
    let late = choose(&browser, &link, NEW, &[]).await;
    assert!(
        late.words().contains("This link has expired"),
        "{}",
        late.words()
    );
    // The form that was open stays shut as well.
    let (csrf, token) = (form.hidden("csrf"), form.hidden("token"));
    let sent = [("csrf", &*csrf), ("token", &*token), ("password", NEW)];
    let late = browser.post("/password/reset", &sent).await;
    assert!(
        late.words().contains("This link has expired"),
        "{}",
        late.words()
    );

    ask(&browser, &house.login_address).await;
    let link = house.link_after(1, &house.login_address).await;
    let user = house.user;
    let mark = move |tx: &mut sekisho_store::Tx<'_>| {
        tx.move_user_epoch(user, sekisho_model::EpochKind::Password)
    };
    house.house.services.store.write(mark).await.unwrap();
    house.advance(Duration::from_secs(1)).await;
    let void = choose(&browser, &link, NEW, &[]).await;
    assert!(
        void.words().contains("This link has expired"),
        "{}",
        void.words()
    );
    assert!(!works(&house, NEW).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_01_scanners_that_open_every_link_use_nothing_up() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    ask(&browser, &house.login_address).await;
    let link = house.link_after(0, &house.login_address).await;
    let scanner = Browser::new(&house);
    for _ in 0..5 {
        assert_eq!(scanner.get(&link).await.status, StatusCode::OK);
        let url = format!("{}{link}", house.issuer);
        let head = scanner.http.head(url).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
    }
    let done = choose(&browser, &link, NEW, &[]).await;
    assert!(
        done.words().contains("Your password is changed"),
        "{}",
        done.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_01_of_twenty_at_once_one_sets_the_password() {
    let house = TestHouse::open_with(|config| config.reset.hash_share = 2).await;
    let browser = Browser::new(&house);
    ask(&browser, &house.login_address).await;
    let link = house.link_after(0, &house.login_address).await;
    let page = browser.get(&link).await;
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let tries = (0..20).map(|n| {
        let (browser, csrf, token) = (browser.clone(), csrf.clone(), token.clone());
        tokio::spawn(async move {
            let password = format!("{NEW}-{n}");
            let form = [
                ("csrf", &*csrf),
                ("token", &*token),
                ("password", &*password),
            ];
            let answer = browser.post("/password/reset", &form).await;
            answer
                .words()
                .contains("Your password is changed")
                .then_some(password)
        })
    });
    let mut won = Vec::new();
    for answer in tries.collect::<Vec<_>>() {
        won.extend(answer.await.unwrap());
    }
    assert_eq!(won.len(), 1, "{won:?}");
    assert!(works(&house, &won[0]).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_02_no_step_can_be_skipped() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    ask(&browser, &house.login_address).await;
    let link = house.link_after(0, &house.login_address).await;
    let page = browser.get(&link).await;
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let asked = browser.get("/password/forgot").await.hidden("csrf");
    let send = async |form: &[(&str, &str)]| browser.post("/password/reset", form).await;
    // No token, an empty one, somebody's guess, several; the form's own proof does not stand in for it.
    for form in [
        vec![("csrf", &*csrf), ("password", NEW)],
        vec![("csrf", &*csrf), ("token", ""), ("password", NEW)],
        vec![("csrf", &*csrf), ("token", "guess"), ("password", NEW)],
        vec![
            ("csrf", &*csrf),
            ("token", "x"),
            ("token", &*token),
            ("password", NEW),
        ],
        vec![("csrf", &*csrf), ("flow", &*token), ("password", NEW)],
    ] {
        let answer = send(&form).await;
        assert_eq!(answer.status, StatusCode::GONE, "{}", answer.words());
    }
    // A token of another form, none, or another browser's.
    for csrf in [&*asked, "", "x.y"] {
        let answer = send(&[("csrf", csrf), ("token", &token), ("password", NEW)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let thief = Browser::new(&house);
    thief.get("/password/forgot").await;
    let form = [("csrf", &*csrf), ("token", &*token), ("password", NEW)];
    assert_eq!(
        thief.post("/password/reset", &form).await.status,
        StatusCode::FORBIDDEN
    );
    // A password that is refused uses nothing up.
    let weak = send(&[
        ("csrf", &csrf),
        ("token", &token),
        ("password", "password1"),
    ])
    .await;
    assert!(
        weak.words().contains("list of common ones"),
        "{}",
        weak.words()
    );
    let huge = "x".repeat(40_000);
    for odd in ["", "短い", &*huge] {
        send(&[("csrf", &csrf), ("token", &token), ("password", odd)]).await;
    }
    assert!(works(&house, PASSWORD).await);
    let done = send(&form).await;
    assert!(
        done.words().contains("Your password is changed"),
        "{}",
        done.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_the_code_mailbox_alone_is_not_enough() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    ask(&browser, &house.login_address).await;
    let link = house.link_after(0, &house.code_address).await;
    let page = browser.get(&link).await;
    assert!(page.words().contains("Recovery code"), "{}", page.words());
    assert!(
        !page.text.contains(&house.login_address),
        "no addresses for other mailboxes"
    );
    assert!(
        !page.text.contains("value=\"wait\""),
        "this browser is not known"
    );
    for extra in [
        &[][..],
        &[("recovery_code", "0000-0000-0000-0000")],
        &[("action", "wait")],
    ] {
        let answer = choose(&browser, &link, NEW, extra).await;
        assert!(!answer.words().contains("is changed"), "{}", answer.words());
    }
    assert!(works(&house, PASSWORD).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_04_with_one_mailbox_a_known_browser_waits_and_the_owner_is_told() {
    let house = one_mailbox(|_| {}).await;
    house.advance(Duration::from_secs(1)).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let known = Browser::new(&house);
    let before = house.letters_to(&house.login_address).len();
    let page = known.password(&house, &request(&app.id, &[])).await;
    let code = crate::support::wait::until("the code", async || {
        let letters = house.letters_to(&house.login_address);
        let newest = letters
            .iter()
            .skip(before)
            .find(|text| text.contains("Your code: "))?;
        newest
            .split("Your code: ")
            .nth(1)?
            .get(..8)
            .map(str::to_owned)
    })
    .await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    assert!(
        known
            .post("/login/code", &form)
            .await
            .answer("code")
            .is_some()
    );

    ask(&known, &house.login_address).await;
    let link = house.link_after(0, &house.login_address).await;
    let stranger = Browser::new(&house);
    assert!(!stranger.get(&link).await.text.contains("value=\"wait\""));
    let waits = choose(&known, &link, "", &[("action", "wait")]).await;
    assert!(
        waits.words().contains("The waiting time has begun"),
        "{}",
        waits.words()
    );
    house
        .told(&house.login_address, "a password reset is waiting")
        .await;

    ask(&known, &house.login_address).await;
    let link = house.link_after(1, &house.login_address).await;
    let early = choose(&known, &link, NEW, &[]).await;
    assert!(
        early.words().contains("Enter a recovery code"),
        "{}",
        early.words()
    );
    house.advance(Duration::from_secs(24 * 3600)).await;
    ask(&known, &house.login_address).await;
    let link = house.link_after(2, &house.login_address).await;
    let elsewhere = choose(&stranger, &link, NEW, &[]).await;
    assert!(
        elsewhere.words().contains("Enter a recovery code"),
        "{}",
        elsewhere.words()
    );
    let done = choose(&known, &link, NEW, &[]).await;
    assert!(
        done.words().contains("Your password is changed"),
        "{}",
        done.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_27_an_operator_starts_a_reset_and_sees_neither_link_nor_password() {
    let house = one_mailbox(|_| {}).await;
    let file = house.folder.path().join("config.toml");
    let config = file.to_str().unwrap();
    let start = [
        "user",
        "start-reset",
        &*house.login_address,
        "--reason",
        "ID card seen",
        "--config",
        config,
    ];
    let printed = Process::run(&start, "");
    // The command lives in real time, the house by a clock of its own.
    house.advance(Duration::from_secs(60)).await;
    let link = house.link_after(0, &house.login_address).await;
    let token = link.rsplit('/').next().unwrap();
    assert!(!printed.contains(token), "{printed}");
    let done = choose(&Browser::new(&house), &link, NEW, &[]).await;
    assert!(
        done.words().contains("Your password is changed"),
        "{}",
        done.words()
    );
    assert!(works(&house, NEW).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_11_asking_for_links_stops_no_sign_in_and_floods_nobody() {
    let house = TestHouse::open().await;
    let stranger = Browser::new(&house);
    for _ in 0..12 {
        let page = ask(&stranger, &house.login_address).await;
        assert_eq!(page.status, StatusCode::OK);
    }
    house.link_after(2, &house.login_address).await;
    assert!(works(&house, PASSWORD).await, "the owner still signs in");
    assert_eq!(
        house.links_to(&house.login_address).len(),
        3,
        "three an hour from one network"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_12_machines_get_no_mail_and_no_reset() {
    let house = TestHouse::open_with(|config| {
        config.reset.internal_domains = vec!["example.jp".to_owned()];
    })
    .await;
    let browser = Browser::new(&house);
    let page = ask(&browser, &house.login_address).await;
    assert!(
        page.words().contains("Look at your mail"),
        "{}",
        page.words()
    );
    house.link_after(0, &house.code_address).await;
    assert!(house.letters_to(&house.login_address).is_empty());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_09_with_a_link_the_same_is_said_while_typing_and_after() {
    let house = TestHouse::open().await;
    let browser = Browser::new(&house);
    ask(&browser, &house.login_address).await;
    let link = house.link_after(0, &house.login_address).await;
    let token = browser.get(&link).await.hidden("token");
    let code_local = house.code_address.split('@').next().unwrap();
    for weak in [code_local, "password1"] {
        let fields = [("token", &*token)];
        let (status, reasons) = judged_on(&browser, &fields, weak, &house.issuer).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!reasons.is_empty(), "{weak}");
        let words = choose(&browser, &link, weak, &[]).await.words();
        for reason in reasons {
            assert!(words.contains(&reason), "{weak}: {reason} in {words}");
        }
    }
    // A link nobody was sent is as good as none.
    let fields = [("token", "A".repeat(43))];
    let fields = [(fields[0].0, &*fields[0].1)];
    let (status, reasons) = judged_on(&browser, &fields, code_local, &house.issuer).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        !reasons.iter().any(|reason| reason.contains("address")),
        "{reasons:?}"
    );
    house.close().await;
}
