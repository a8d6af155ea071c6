//! The code page that follows every password (`otp.uniform_challenge`, incident level 1): nobody learns there which
//! password was right.

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{
    Cohort, EmailAddress, EventKind, Level, LevelScope, Locale, OperatorText, Origin, Outcome,
};
use sekisho_provider::accounts::NewAccount;
use sekisho_provider::incidents::{Decided, LevelOrder};
use serde_json::Map;

use crate::authorization::request;
use crate::second_steps::{add_app, app_of, code_of, csrf, enter, link, signed_in};
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

const WRONG: &str = "not the password at all";

async fn house() -> TestHouse {
    TestHouse::open_with(|config| {
        // Passkeys hang on names.
        config.server.issuer = config.server.issuer.replace("127.0.0.1", "localhost");
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        config.otp.uniform_challenge = true;
    })
    .await
}

/// What a stranger holds against another answer: everything but what differs each time.
fn seen(page: &Page) -> String {
    let mut text = without_hours(&page.text);
    for (before, after) in [
        ("name=\"csrf\" value=\"", "\""),
        ("flow=", "\""),
        ("flow%3D", "\""),
        ("<span class=\"word\">", "</span>"),
        ("challenge&#34;:&#34;", "&#34;"),
        ("allowCredentials&#34;:", "]"),
        ("datetime=\"", "<"),
        ("a new code from ", "<"),
    ] {
        let mut parts = text.split(before);
        let mut masked = parts.next().unwrap().to_owned();
        for part in parts {
            let rest = part.split_once(after).map_or("", |(_, rest)| rest);
            masked = format!("{masked}{before}*{after}{rest}");
        }
        text = masked;
    }
    let location = page
        .location
        .as_deref()
        .map(|to| to.split("flow=").next().unwrap());
    let mut headers: Vec<String> = page
        .headers
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "date" | "location" | "x-request-id" | "content-length"
            )
        })
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            let value = value.split("; Expires=").next().unwrap();
            // Of cookies the name and the attributes; of policies all but the nonce of the page.
            let value = match name.as_str() {
                "set-cookie" => value
                    .split_once('=')
                    .map_or(value.to_owned(), |(name, rest)| {
                        format!(
                            "{name}={}",
                            rest.split_once(';').map_or("", |(_, rest)| rest)
                        )
                    }),
                _ => value.to_owned(),
            };
            format!("{name}: {value}")
        })
        .collect();
    headers.sort();
    format!(
        "{} {location:?}\n{}\n{text}",
        page.status,
        headers.join("\n")
    )
}

/// Types an address and a password; ends with the answer of the form.
async fn typed(browser: &Browser, app: &str, address: &str, password: &str) -> Page {
    let login = browser
        .get(browser.get(&request(app, &[])).await.location())
        .await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", address),
        ("password", password),
    ];
    browser.post("/login", &form).await
}

async fn send(browser: &Browser, path: &str, page: &Page, form: &[(&str, &str)]) -> Page {
    let csrf = page.hidden("csrf");
    let mut whole = vec![("csrf", &*csrf)];
    whole.extend_from_slice(form);
    browser.post(path, &whole).await
}

/// All that can be tried without a code that fits; what each step answered.
async fn everything(house: &TestHouse, app: &str, address: &str, password: &str) -> Vec<String> {
    let browser = Browser::new(house);
    let mut all = Vec::new();
    let mut put = |page: &Page| all.push(seen(page));
    let sent = typed(&browser, app, address, password).await;
    put(&sent);
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.words());
    let flow = sent.location().split("flow=").nth(1).unwrap().to_owned();
    let code = browser.get(sent.location()).await;
    put(&code);
    for form in [
        [("code", "")],
        [("code", "123")],
        [("code", "00000000")],
        [("code", "000000")],
        [("answer", "{}")],
        [("action", "resend")],
    ] {
        put(&send(&browser, "/login/code", &code, &form).await);
    }
    house.advance(Duration::from_secs(61)).await;
    let again = send(&browser, "/login/code", &code, &[("action", "resend")]).await;
    put(&again);
    put(&browser.get(again.location()).await);
    house.advance(Duration::from_secs(601)).await;
    let late = send(&browser, "/login/code", &code, &[("code", "00000000")]).await;
    put(&late);
    put(&browser.get(late.location()).await);
    let recovery = browser.get(&format!("/login/recovery?flow={flow}")).await;
    put(&recovery);
    let typed = [("recovery_code", "AAAA-BBBB-CCCC-DDDD")];
    put(&send(&browser, "/login/recovery", &recovery, &typed).await);
    put(&browser
        .get(&format!("/login/lost-factor?flow={flow}"))
        .await);
    for _ in 0..2 {
        put(&send(&browser, "/login/code", &code, &[("code", "00000000")]).await);
    }
    put(&browser.get(&format!("/login/code?flow={flow}")).await);
    house.advance(Duration::from_hours(25)).await;
    all
}

async fn person(house: &TestHouse, name: &str, code: bool) -> String {
    let address = house.login_address.replace("haruka", name);
    let parsed = |text: &str| EmailAddress::parse(text).unwrap();
    let new = NewAccount {
        login_address: parsed(&address),
        code_address: code.then(|| parsed(&address.replace("example.jp", "mobile.example"))),
        password: PASSWORD.to_owned().into(),
        claims: Map::new(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    provider
        .create_account(new, &Origin::default())
        .await
        .unwrap()
        .unwrap();
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_07_enu_01_no_answer_tells_whether_the_password_was_right() {
    let house = house().await;
    let app = app_of(&house).await;
    let own = house.login_address.clone();
    let with_app = person(&house, "minoru", true).await;
    let without_address = person(&house, "kaede", false).await;
    let stranger = own.replace("haruka", "nobody");
    let expected = everything(&house, &app, &stranger, WRONG).await;
    let mails = house.codes_so_far().len();
    for (address, password) in [
        (&own, WRONG),
        (&own, PASSWORD),
        (&with_app, WRONG),
        (&without_address, PASSWORD),
        (&without_address, WRONG),
    ] {
        let answers = everything(&house, &app, address, password).await;
        assert_eq!(answers.len(), expected.len());
        for (place, (is, should)) in answers.iter().zip(&expected).enumerate() {
            assert_eq!(is, should, "answer {place} to {address} {password}");
        }
    }
    // Once for the sign-in, twice again; and none for any wrong password.
    house.code_but("").await;
    assert_eq!(house.codes_so_far().len(), mails + 3);
    // A stopped account, and one with something stronger, are like the others.
    let store = &house.house.services.store;
    let user = house.user;
    let stop = move |tx: &mut sekisho_store::Tx<'_>| {
        tx.set_user_state(user, sekisho_model::UserState::Disabled)
    };
    store.write(stop).await.unwrap();
    let answers = everything(&house, &app, &own, PASSWORD).await;
    assert_eq!(answers, expected);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_07_behind_the_same_page_right_codes_sign_in_and_wrong_passwords_are_recorded() {
    let house = house().await;
    let app = app_of(&house).await;
    let browser = Browser::new(&house);
    let before = house.last_code();
    let sent = typed(&browser, &app, &house.login_address, PASSWORD).await;
    let page = browser.get(sent.location()).await;
    assert!(page.words().contains("Enter your code"), "{}", page.words());
    let mask = page.text.contains("•••") || page.text.contains("mobile.example");
    assert!(!mask, "OTP-21: no address before the code");
    let code = house.code_but(&before).await;
    // The code of one flow does not fit the decoy of another.
    let thief = Browser::new(&house);
    let sent = typed(&thief, &app, &house.login_address, WRONG).await;
    let decoy = thief.get(sent.location()).await;
    let tried = enter(&thief, &decoy, &code).await;
    assert!(
        tried.words().contains("That is not the code"),
        "{}",
        tried.words()
    );
    let done = enter(&browser, &page, &code).await;
    assert!(done.answer("code").is_some(), "{}", done.words());

    let user = house.user;
    let filter = sekisho_store::HistoryFilter::default();
    let history = move |tx: &mut sekisho_store::Tx<'_>| tx.history_of(user, &filter, None, 20);
    let events = house.house.services.store.read(history).await.unwrap();
    let many = |kind, outcome| {
        let like = |event: &&sekisho_model::Event| (event.kind, event.outcome) == (kind, outcome);
        events.iter().filter(like).count()
    };
    assert_eq!(many(EventKind::SignIn, Outcome::WrongPassword), 1);
    assert_eq!(
        many(EventKind::CodeTried, Outcome::WrongCode),
        0,
        "it says the password was right"
    );
    assert_eq!(many(EventKind::SignIn, Outcome::Passed), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_an_app_s_code_signs_in_from_the_same_page_and_nothing_is_mailed() {
    let house = house().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let secret = add_app(&house, &owner).await;
    let mailed = house.codes_so_far().len();
    let browser = Browser::new(&house);
    let sent = typed(&browser, &app, &house.login_address, PASSWORD).await;
    let page = browser.get(sent.location()).await;
    assert!(page.words().contains("Enter your code"), "{}", page.words());
    house.advance(Duration::from_secs(61)).await;
    let again = send(&browser, "/login/code", &page, &[("action", "resend")]).await;
    assert!(again.location().contains("sent=again"));
    let code = code_of(&secret, &house);
    let done = enter(&browser, &page, &code).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    assert_eq!(
        house.codes_so_far().len(),
        mailed,
        "OTP-26: no code is mailed"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_07_level_one_of_anybody_hides_passwords_of_everybody() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let stranger = house.login_address.replace("haruka", "nobody");
    let told = typed(&Browser::new(&house), &app, &stranger, WRONG).await;
    assert!(told.words().contains("is not right"), "{}", told.words());
    let order = LevelOrder {
        operator: "haruka".to_owned(),
        scope: LevelScope::Cohort(Cohort::default()),
        level: Level::Watch,
        reason: "test".to_owned(),
        text: OperatorText::default(),
        from: None,
        until: None,
        may_lower: true,
        proved: None,
    };
    let provider = &house.house.services.provider;
    let event = provider.event_of_server(EventKind::LevelChanged);
    let decided = provider.order_level(order, event).await.unwrap();
    assert!(matches!(decided, Decided::InForce(_)));
    provider.hear().await.unwrap();
    let told = typed(&Browser::new(&house), &app, &stranger, WRONG).await;
    assert!(
        told.location().starts_with("/login/code"),
        "{}",
        told.words()
    );
    house.close().await;
}

/// The page without the hour from which a sign-in can begin anew.
fn without_hours(page: &str) -> String {
    let (mut text, words) = (String::new(), "You can start again from ");
    for (number, part) in page.split(words).enumerate() {
        let hour = number > 0 && part.starts_with(|first: char| first.is_ascii_digit());
        let rest = part
            .find(' ')
            .filter(|_| hour)
            .map_or(part, |end| &part[end..]);
        let kept = [
            if number > 0 { words } else { "" },
            if hour { "*" } else { "" },
            rest,
        ];
        text.push_str(&kept.concat());
    }
    text
}

/// What the page says to whoever has tried too many codes of a day; not in the last of a sign-in.
const HELD_UP: &str = "You can start again from * JST";

/// Types a password and wrong codes, from the start each time the tries of one page are used up; what each answered.
async fn codes(
    (house, app): (&TestHouse, &str),
    browser: &Browser,
    (address, password): (&str, &str),
    many: usize,
) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < many {
        let sent = typed(browser, app, address, password).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.words());
        let page = browser.get(sent.location()).await;
        for _ in 0..house.config.otp.tries {
            if all.len() < many {
                all.push(seen(&enter(browser, &page, "00000000").await));
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_03_strangers_without_the_password_use_up_none_of_the_account_s_codes() {
    let house = house().await;
    let app = app_of(&house).await;
    let owner = signed_in(&house, &app).await;
    let place = "/account/security/recovery-codes";
    let form = owner.get(place).await;
    let made = owner.post(place, &[("csrf", &*csrf(&form))]).await;
    let recovery = made.text.split("<li><code>").nth(1).unwrap();
    let recovery = recovery.split('<').next().unwrap().to_owned();

    let whom = (&*house.login_address, WRONG);
    let stranger = Browser::from_address(&house, "198.51.100.7");
    let answers = codes((&house, &app), &stranger, whom, 25).await;
    assert!(answers[24].contains(HELD_UP), "{}", answers[24]);
    // Recovery codes are counted with the others behind the same password.
    let sent = typed(&stranger, &app, whom.0, whom.1).await;
    let page = stranger.get(sent.location()).await;
    let page = stranger.get(&link(&page, "/login/recovery")).await;
    let wrong = [("recovery_code", "AAAA-BBBB-CCCC-DDDD")];
    let held = send(&stranger, "/login/recovery", &page, &wrong).await;
    assert!(held.words().contains("Too many"), "{}", held.words());

    let browser = Browser::new(&house);
    let before = house.last_code();
    let sent = typed(&browser, &app, whom.0, PASSWORD).await;
    let page = browser.get(sent.location()).await;
    let done = enter(&browser, &page, &house.code_but(&before).await).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    let browser = Browser::new(&house);
    let sent = typed(&browser, &app, whom.0, PASSWORD).await;
    let page = browser.get(sent.location()).await;
    let page = browser.get(&link(&page, "/login/recovery")).await;
    let right = [("recovery_code", &*recovery)];
    let done = send(&browser, "/login/recovery", &page, &right).await;
    let on = done.location.as_deref().unwrap_or_default();
    assert!(on.starts_with("/login/recovery/used"), "{}", done.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_07_enu_01_codes_run_out_alike_behind_right_and_wrong_passwords() {
    let mut house = house().await;
    let app = app_of(&house).await;
    let own = house.login_address.clone();
    let nobody = own.replace("haruka", "nobody");
    let cookies = signed_in(&house, &app).await.cookies(&house);
    let new = Browser::new(&house);
    let known = Browser::new(&house).holding(&house, &cookies, "browser");
    // Whatever the browser is to the account; at a new one also after the server began anew.
    for browser in [&new, &known] {
        let mut all = Vec::new();
        for whom in [(&*own, PASSWORD), (&own, WRONG), (&nobody, WRONG)] {
            let place = (&house, &*app);
            let mut answers = codes(place, browser, whom, 19).await;
            if std::ptr::eq(browser, &raw const new) {
                house = house.reopened().await;
            }
            answers.extend(codes((&house, &app), browser, whom, 6).await);
            assert!(!answers[19].contains(HELD_UP), "{}", answers[19]);
            assert!(answers[20].contains(HELD_UP), "{}", answers[20]);
            all.push(answers);
            house.advance(Duration::from_hours(25)).await;
        }
        assert_eq!(all[0], all[1]);
        assert_eq!(all[0], all[2]);
    }
    house.close().await;
}

/// How many passwords are answered with the code page; the fourth is `password`, all others are wrong.
async fn answered(house: &TestHouse, app: &str, name: &str, password: &str) -> usize {
    let address = person(house, name, true).await;
    let place = if password == PASSWORD {
        "198.51.100.9"
    } else {
        "203.0.113.9"
    };
    for n in 0..20 {
        let browser = Browser::from_address(house, place);
        let word = if n == 3 { password } else { WRONG };
        let page = typed(&browser, app, &address, word).await;
        if page.status != StatusCode::SEE_OTHER {
            return n;
        }
    }
    panic!("never stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_07_enu_01_a_right_password_gives_no_tries_back_before_everything_is_proved() {
    for consecutive in [6, 70] {
        let house = TestHouse::open_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            config.otp.uniform_challenge = true;
            config.limits.password.consecutive = consecutive;
        })
        .await;
        let app = app_of(&house).await;
        let right = answered(&house, &app, "minoru", PASSWORD).await;
        let wrong = answered(&house, &app, "kaede", WRONG).await;
        assert_eq!(right, wrong, "{consecutive}");
        assert_eq!(right, usize::try_from(consecutive).unwrap().min(10));
        // An owner who proves everything begins anew.
        for _ in 0..8 {
            let done = Browser::new(&house)
                .sign_in(&house, &request(&app, &[]))
                .await;
            assert!(done.answer("code").is_some(), "{}", done.words());
        }
        house.close().await;
    }
}
