use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{EmailAddress, EventKind, Locale, Origin};
use sekisho_provider::accounts::NewAccount;
use serde_json::Map;

use super::{
    APP, PAGE, act, add_app, app_of, code_of, csrf, enter, link, secret_on, signed_in, wrong_code,
};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

/// A sign-in up to the second step.
async fn at_step(house: &TestHouse, app: &str) -> (Browser, Page) {
    let browser = Browser::new(house);
    let page = browser.password(house, &request(app, &[])).await;
    (browser, page)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_with_an_app_its_code_is_asked_for_and_none_is_mailed() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    for address in [&house.login_address, &house.code_address] {
        house.told(address, "an authenticator app was added").await;
    }
    let mailed = house.codes_so_far().len();
    let (browser, page) = at_step(&house, &app).await;
    assert!(
        page.words().contains("Enter the code from your app"),
        "{}",
        page.words()
    );
    // Asking for a mailed code all the same leads nowhere.
    let resend = [("csrf", &*page.hidden("csrf")), ("action", "resend")];
    let asked = browser.post("/login/code", &resend).await;
    assert!(
        asked.words().contains("Enter the 6 digits"),
        "{}",
        asked.words()
    );
    let code = code_of(&secret, &house);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let done = enter(&browser, &page, &spaced).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    assert_eq!(house.codes_so_far().len(), mailed, "no code was mailed");
    let page = browser.get(PAGE).await;
    assert!(page.words().contains("last used"), "{}", page.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_of_many_uses_of_one_code_one_signs_in() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(at_step(&house, &app).await);
    }
    let code = code_of(&secret, &house);
    let tries = (0..12).map(|n| {
        let ((browser, page), code) = (places[n % 4].clone(), code.clone());
        tokio::spawn(async move { enter(&browser, &page, &code).await.location })
    });
    let mut done = 0;
    for answer in tries.collect::<Vec<_>>() {
        let to = answer.await.unwrap();
        done += usize::from(to.is_some_and(|to| to.contains("code=")));
    }
    assert_eq!(done, 1);
    // Nor does it work later, nor the one before it.
    let (browser, page) = at_step(&house, &app).await;
    let again = enter(&browser, &page, &code).await;
    assert!(again.words().contains("used before"), "{}", again.words());
    house.advance(Duration::from_secs(30)).await;
    let next = enter(&browser, &page, &code_of(&secret, &house)).await;
    assert!(next.answer("code").is_some(), "{}", next.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_the_code_that_added_the_app_does_not_sign_in() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let page = owner.get(APP).await;
    let secret = secret_on(&page);
    let code = code_of(&secret, &house);
    let form = [("csrf", &*csrf(&page)), ("code", &*code)];
    // Of two windows one adds it.
    let (one, two) = tokio::join!(owner.post(APP, &form), owner.post(APP, &form));
    let done = [one, two].into_iter().filter(|page| {
        let to = page.location.as_deref();
        to.is_some_and(|to| to.ends_with("done=app"))
    });
    assert_eq!(done.count(), 1);
    let (browser, page) = at_step(&house, &app).await;
    let used = enter(&browser, &page, &code).await;
    assert!(used.words().contains("used before"), "{}", used.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_05_wrong_codes_of_an_app_stop_the_sign_in_and_tell_the_owner() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    let (browser, page) = at_step(&house, &app).await;
    let wrong = wrong_code(&secret, &house);
    for _ in 0..4 {
        let again = enter(&browser, &page, &wrong).await;
        assert!(again.words().contains("not the code"), "{}", again.words());
    }
    let stopped = enter(&browser, &page, &wrong).await;
    assert!(
        stopped.words().contains("We stopped this sign-in"),
        "{}",
        stopped.words()
    );
    let late = enter(&browser, &page, &code_of(&secret, &house)).await;
    assert!(late.location.is_none_or(|to| !to.contains("code=")));
    house.told(&house.login_address, "password").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_07_guesses_at_once_are_counted_before_they_are_compared() {
    let house = TestHouse::open_with(|config| config.limits.code.new_browsers.max = 3).await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    let (browser, page) = at_step(&house, &app).await;
    let wrong = wrong_code(&secret, &house);
    let tries = (0..10).map(|_| {
        let (browser, page, wrong) = (browser.clone(), page.clone(), wrong.clone());
        tokio::spawn(async move { enter(&browser, &page, &wrong).await.words() })
    });
    let mut compared = 0;
    for answer in tries.collect::<Vec<_>>() {
        compared += usize::from(answer.await.unwrap().contains("not the code"));
    }
    assert!(compared <= 3, "{compared}");
    let right = enter(&browser, &page, &code_of(&secret, &house)).await;
    assert!(
        right.words().contains("Too many wrong codes"),
        "{}",
        right.words()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_07_an_old_session_neither_sees_a_secret_nor_removes_an_app() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    let page = owner.get(PAGE).await;
    let factor = page.hidden("factor");
    let remove = [("action", "remove"), ("factor", &*factor)];
    house.advance(Duration::from_secs(601)).await;
    let stale = act(&owner, &remove).await;
    assert!(
        stale.location().starts_with("/login?flow="),
        "{}",
        stale.location()
    );
    let hidden = owner.get(APP).await;
    assert!(hidden.location().starts_with("/login?flow="));
    // The password and a code of the app lead back; then it can be removed, and everybody is told.
    let login = owner.get(stale.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", PASSWORD),
    ];
    let sent = owner.post("/login", &form).await;
    let step = owner.get(sent.location()).await;
    let back = enter(&owner, &step, &code_of(&secret, &house)).await;
    assert_eq!(back.location(), PAGE);
    let gone = act(&owner, &remove).await;
    assert!(
        gone.location().ends_with("done=removed"),
        "{}",
        gone.words()
    );
    for address in [&house.login_address, &house.code_address] {
        house
            .told(address, "an authenticator app was removed")
            .await;
    }
    // Codes are mailed again.
    let before = house.last_code();
    at_step(&house, &app).await;
    house.code_but(&before).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_nobody_removes_what_belongs_to_somebody_else() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    add_app(&house, &owner).await;
    let factor = owner.get(PAGE).await.hidden("factor");
    let provider = &house.house.services.provider;
    let login = house.login_address.replace("haruka", "thief");
    let code = house.code_address.replace("haruka", "thief");
    let new = NewAccount {
        login_address: EmailAddress::parse(&login).unwrap(),
        code_address: Some(EmailAddress::parse(&code).unwrap()),
        password: PASSWORD.to_owned().into(),
        claims: Map::new(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let made = provider.create_account(new, &Origin::default()).await;
    let thief = made.unwrap().unwrap();
    let account = provider.account(thief).await.unwrap().unwrap();
    let id = sekisho_model::FactorId::parse(&factor).unwrap();
    let event = sekisho_model::Event {
        id: sekisho_model::EventId::new(house.now(), &sekisho_model::SeededEntropy::new(7)),
        at: house.now(),
        kind: sekisho_model::EventKind::FactorChanged,
        outcome: sekisho_model::Outcome::Passed,
        user_id: None,
        client_id: None,
        session_id: None,
        origin: Origin::default(),
        detail: serde_json::json!({}),
    };
    let removed = provider
        .remove_factor_for(&account, id, event)
        .await
        .unwrap();
    assert_eq!(
        removed,
        sekisho_provider::endpoints::second_steps::Removed::Unknown
    );
    assert!(owner.get(PAGE).await.text.contains(&factor));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_a_recovery_code_gets_in_without_the_app() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let codes = "/account/security/recovery-codes";
    let page = owner.get(codes).await;
    let made = owner.post(codes, &[("csrf", &csrf(&page))]).await;
    let code = made.text.split("<li><code>").nth(1).unwrap();
    let code = code.split('<').next().unwrap();
    add_app(&house, &owner).await;
    let (browser, page) = at_step(&house, &app).await;
    let page = browser.get(&link(&page, "/login/recovery")).await;
    let form = [("csrf", &*page.hidden("csrf")), ("recovery_code", code)];
    let used = browser.post("/login/recovery", &form).await;
    let done = browser.after_recovery_code(&used).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_what_lies_in_the_database_makes_no_code() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    let user = house.user;
    let store = &house.house.services.store;
    let factors = store.read(move |tx| tx.factors_of(user)).await.unwrap();
    assert_eq!(factors.len(), 1);
    let sealed = factors[0].sealed.as_bytes();
    let holds = |part: &[u8]| sealed.windows(part.len()).any(|window| window == part);
    assert!(!holds(&secret) && !holds(b"secret") && !holds(b"name"));
    // What somebody downloads about themselves does not either.
    let page = owner.get("/account/data").await;
    let data = owner.post("/account/data", &[("csrf", &csrf(&page))]).await;
    assert_eq!(data.status, StatusCode::OK, "{}", data.words());
    assert!(data.text.contains("\"totp\"") && !data.text.contains("\"secret\""));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_16_odd_codes_never_pass() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    add_app(&house, &owner).await;
    let (browser, page) = at_step(&house, &app).await;
    let long = "1".repeat(50_000);
    for odd in [
        "",
        "12345",
        "1234567",
        "abcdef",
        "<script>",
        "\u{0}00000",
        &long,
    ] {
        let answer = enter(&browser, &page, odd).await;
        assert!(answer.location.is_none(), "{odd:.20}");
        assert!(answer.words().contains("6 digits"), "{}", answer.words());
    }
    for odd in ["{}", "null", "[]", "{\"id\":\"x\"}", &long] {
        let form = [("csrf", &*page.hidden("csrf")), ("answer", odd)];
        let answer = browser.post("/login/code", &form).await;
        // This account has no passkey.
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{odd:.20}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_15_a_wrong_code_of_an_app_that_is_added_and_a_wrong_password_are_seen_by_rules() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let page = owner.get(APP).await;
    let wrong = wrong_code(&secret_on(&page), &house);
    let form = [("csrf", &*csrf(&page)), ("code", &*wrong)];
    let told = owner.post(APP, &form).await;
    assert!(told.words().contains("not the code"), "{}", told.words());
    let thief = Browser::new(&house).holding(&house, &owner.cookies(&house), "session");
    act(&thief, &[("action", "off"), ("password", "wrong")]).await;
    let store = &house.house.services.store;
    for kind in [EventKind::FactorChanged, EventKind::SettingChanged] {
        let read = move |tx: &mut sekisho_store::Tx<'_>| tx.events_of_kind(kind, 9);
        let events = store.read(read).await.unwrap();
        let seen = events.iter().flat_map(sekisho_guard::Observation::of);
        assert_eq!(seen.count(), 1, "{events:?}");
    }
    house.close().await;
}
