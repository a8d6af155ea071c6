//! Making an account oneself: the whole way, and everything that must not work on it.

mod invitations;

mod closed;

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use sekisho_model::{EmailAddress, EventKind};
use sekisho_provider::endpoints::sign_up::MadeInvitation;
use sekisho_provider::rules::sign_up::SignUpMode;
use sekisho_server::config::Config;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::support::wait;
use crate::tokens::{App, body};

const PASSWORD: &str = "umbrella-octopus-lantern-41";
const OTHER_PASSWORD: &str = "violet-harbour-trombone-86";
const CODE: &str = "/register/code";
const DETAILS: &str = "/register/details";
const CODE_ADDRESS: &str = "/register/code-address";
const CONFIRM: &str = "/register/code-address/confirm";

async fn open_with(mode: SignUpMode, change: impl FnOnce(&mut Config)) -> TestHouse {
    TestHouse::open_with(|config| {
        config.accounts.registration = mode;
        change(config);
    })
    .await
}

async fn open() -> TestHouse {
    open_with(SignUpMode::Open, |_| {}).await
}

/// An address nobody has; mails to it are seen as this house's.
pub fn other(house: &TestHouse, name: &str) -> String {
    house
        .code_address
        .replace("haruka", &format!("{name}-haruka"))
}

/// Posts the first form of the page at `path`, with the same address as its action.
async fn fill(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.words());
    let csrf = page.hidden("csrf");
    let mut form = vec![("csrf", &*csrf)];
    form.extend_from_slice(fields);
    let to = path.split('?').next().unwrap();
    browser.post(to, &form).await
}

/// From the first page to the proved address; `start` may name a pending sign-in or an invitation.
async fn prove(house: &TestHouse, browser: &Browser, start: &str, address: &str) -> Page {
    let before = house.codes_to(address).len();
    let page = browser.get(start).await;
    let mut form = vec![("csrf", page.hidden("csrf")), ("email", address.to_owned())];
    if page.text.contains("name=\"invitation\"") {
        form.push(("invitation", page.hidden("invitation")));
    }
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    let sent = browser.post("/register", &form).await;
    assert_eq!(sent.location(), CODE, "{}", sent.words());
    let code = house.code_after(before, address).await;
    fill(browser, CODE, &[("code", &code)]).await
}

async fn details(browser: &Browser, name: &str, password: &str) -> Page {
    let fields = [("name", name), ("password", password)];
    fill(browser, DETAILS, &fields).await
}

async fn later(browser: &Browser) -> Page {
    fill(browser, CODE_ADDRESS, &[("action", "later")]).await
}

/// As far as the last step.
pub async fn almost(
    house: &TestHouse,
    browser: &Browser,
    start: &str,
    address: &str,
    password: &str,
) {
    let proved = prove(house, browser, start, address).await;
    assert_eq!(proved.location(), DETAILS, "{}", proved.words());
    let kept = details(browser, "", password).await;
    assert_eq!(kept.location(), CODE_ADDRESS, "{}", kept.words());
}

fn recovery_codes(page: &Page) -> Vec<String> {
    let codes = page.text.split("<li><code>").skip(1);
    codes
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

/// The claims of the account with this address, if there is one.
async fn account(house: &TestHouse, address: &str) -> Option<Value> {
    let address = EmailAddress::parse(address).unwrap();
    let found = house.house.services.provider.account_of(&address).await;
    found.unwrap().map(|account| Value::Object(account.claims))
}

/// Whether address and password lead on to the code, in a new browser.
async fn works(house: &TestHouse, email: &str, password: &str) -> bool {
    let browser = Browser::new(house);
    let login = browser.get("/login").await;
    let login = browser.get(login.location()).await;
    let csrf = login.hidden("csrf");
    let form = [("csrf", &*csrf), ("email", email), ("password", password)];
    let sent = browser.post("/login", &form).await;
    sent.status == StatusCode::SEE_OTHER && sent.location().starts_with("/login/code")
}

pub async fn invite(
    house: &TestHouse,
    address: Option<&str>,
    hours: u64,
) -> (MadeInvitation, String) {
    let address = address.map(|address| EmailAddress::parse(address).unwrap());
    let provider = &house.house.services.provider;
    let life = Duration::from_hours(hours);
    let made = provider.invite(address.as_ref(), life, "test").await;
    let made = made.unwrap();
    let path = made.link.strip_prefix(&house.issuer).unwrap().to_owned();
    (made, path)
}

/// The details of the events that tell of new accounts.
async fn made_events(house: &TestHouse, address: &str) -> Vec<Value> {
    let address = EmailAddress::parse(address).unwrap();
    let provider = &house.house.services.provider;
    let user = provider
        .account_of(&address)
        .await
        .unwrap()
        .unwrap()
        .user
        .id;
    let store = &house.house.services.store;
    let filter = sekisho_store::HistoryFilter {
        kinds: vec![EventKind::UserCreated],
        ..sekisho_store::HistoryFilter::default()
    };
    let work = move |tx: &mut sekisho_store::Tx<'_>| tx.history_of(user, &filter, None, 9);
    let events = store.read(work).await.unwrap();
    events.into_iter().map(|event| event.detail).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_08_a_person_proves_two_addresses_and_is_back_at_the_app_that_sent_them() {
    let house = open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let (browser, email) = (Browser::new(&house), other(&house, "new"));
    let code_address = other(&house, "codes");
    let asked = request(&app.id, &[("scope", "openid email profile")]);
    let login = browser.get(&asked).await;
    let login = browser.get(login.location()).await;
    let link = login.text.split("href=\"/register").nth(1).unwrap();
    let start = format!("/register{}", link.split('"').next().unwrap());
    let first = browser.get(&start).await.words();
    assert!(first.contains("Aozora Mail"), "{first}");

    let proved = prove(&house, &browser, &start, &email).await;
    assert_eq!(proved.location(), DETAILS, "{}", proved.words());
    assert_eq!(account(&house, &email).await, None, "not before the end");
    let refused = details(&browser, "はる", &email).await;
    assert!(
        refused.words().contains("Do not use your address"),
        "{}",
        refused.words()
    );
    let empty = details(&browser, "はる", "").await;
    assert!(empty.words().contains("Enter your password"));
    let kept = details(&browser, " 三浦 晴香 ", PASSWORD).await;
    assert_eq!(kept.location(), CODE_ADDRESS, "{}", kept.words());
    let asked = fill(&browser, CODE_ADDRESS, &[("code_address", &code_address)]).await;
    assert_eq!(asked.location(), CONFIRM, "{}", asked.words());
    assert_eq!(account(&house, &email).await, None);
    let code = house.code_after(0, &code_address).await;
    let done = fill(&browser, CONFIRM, &[("code", &code)]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert!(
        done.words().contains("Your account is ready"),
        "{}",
        done.words()
    );
    assert_eq!(recovery_codes(&done).len(), 10);

    // Writing ten codes down takes longer than an authorization code lives.
    house.advance(Duration::from_mins(5)).await;
    let csrf = done.hidden("csrf");
    let back = browser.post("/register/done", &[("csrf", &csrf)]).await;
    let answer = back
        .answer("code")
        .unwrap_or_else(|| panic!("{}", back.words()));
    let tokens = body(app.redeem(&answer).await).await;
    let access = tokens["access_token"].as_str().unwrap();
    let info = browser.http.get(house.url("/oauth2/userinfo"));
    let info: Value = info
        .bearer_auth(access)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(info["email"], json!(email));
    assert_eq!(info["email_verified"], json!(true));
    assert_eq!(info["name"], json!("三浦 晴香"));
    assert_ne!(info["sub"], json!(null));
    let again = browser.post("/register/done", &[("csrf", &csrf)]).await;
    assert_ne!(again.status, StatusCode::SEE_OTHER, "the way on is used up");

    assert!(works(&house, &email, PASSWORD).await);
    house.code_after(1, &code_address).await;
    let made = made_events(&house, &email).await;
    assert_eq!(made.len(), 1);
    assert_eq!(
        (&made[0]["how"], &made[0]["code_address"]),
        (&json!("sign_up"), &json!("given"))
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_04_an_address_with_an_account_sees_the_same_pages_and_its_owner_is_told() {
    let house = open().await;
    let (taken, free) = (house.login_address.clone(), other(&house, "new"));
    let mut seen = Vec::new();
    for address in [&taken, &free] {
        let browser = Browser::new(&house);
        let sent = fill(&browser, "/register", &[("email", address)]).await;
        let page = browser.get(sent.location()).await;
        let mut names: Vec<String> = sent.headers.keys().map(ToString::to_string).collect();
        names.sort();
        let words = page.words().replace(&**address, "ADDRESS");
        let tally = page.text.split("class=\"word\">").nth(1).unwrap();
        let tally = tally.split('<').next().unwrap();
        let words = words.replace(tally, "TALLY");
        let wrong = fill(&browser, CODE, &[("code", "12345678")]).await;
        let told = wrong
            .words()
            .replace(&**address, "ADDRESS")
            .replace(tally, "TALLY");
        seen.push((sent.status, sent.location, names, page.status, words, told));
    }
    assert_eq!(seen[0], seen[1]);
    let letter = house
        .told(&taken, "somebody tried to create an account")
        .await;
    assert!(!letter.contains("Your code"), "{letter}");
    assert!(letter.contains("Forgot your password?"), "{letter}");
    assert_eq!(house.codes_to(&taken).len(), 0);
    house.code_after(0, &free).await;
    // The owner is told a few times an hour, whoever asks, and every further answer is the same for both.
    for address in [&taken, &free] {
        for _ in 0..5 {
            let browser = Browser::new(&house);
            let sent = fill(&browser, "/register", &[("email", address)]).await;
            assert_eq!(sent.location(), CODE);
        }
        let over = fill(&Browser::new(&house), "/register", &[("email", address)]).await;
        assert!(
            over.words().contains("No more codes for now"),
            "{}",
            over.words()
        );
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_08_no_other_browser_goes_on_and_no_step_is_left_out() {
    let house = open().await;
    let (browser, stranger) = (Browser::new(&house), Browser::new(&house));
    let email = other(&house, "new");
    stranger.get("/register").await;
    for (who, path) in [(&browser, CODE), (&stranger, CODE), (&stranger, CONFIRM)] {
        let page = who.get(path).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
    }
    for path in [DETAILS, CODE_ADDRESS] {
        assert!(stranger.get(path).await.status.is_client_error(), "{path}");
    }
    let begun = fill(&browser, "/register", &[("email", &email)]).await;
    assert_eq!(begun.location(), CODE);
    let early = browser.get(DETAILS).await;
    assert_eq!(early.location(), CODE, "nothing is proved yet");
    // The code of one browser, typed in another that wants the same address.
    let code = house.code_after(0, &email).await;
    fill(&stranger, "/register", &[("email", &email)]).await;
    let wrong = fill(&stranger, CODE, &[("code", &code)]).await;
    assert!(
        wrong.words().contains("That is not the code"),
        "{}",
        wrong.words()
    );

    let form_of_code = browser.get(CODE).await.hidden("csrf");
    let proved = fill(&browser, CODE, &[("code", &code)]).await;
    assert_eq!(proved.location(), DETAILS);
    let early = browser.get(CODE_ADDRESS).await;
    assert_eq!(early.location(), DETAILS, "no account without a password");
    let form = [("csrf", &*form_of_code), ("code", &*code)];
    let replayed = browser.post(CODE, &form).await;
    assert!(replayed.status.is_client_error(), "{}", replayed.words());
    let other_form = browser.get(DETAILS).await.hidden("csrf");
    let skipped = [("csrf", &*other_form), ("action", "later")];
    assert!(
        browser
            .post(CODE_ADDRESS, &skipped)
            .await
            .status
            .is_client_error()
    );

    details(&browser, "", PASSWORD).await;
    let page = browser.get(CODE_ADDRESS).await;
    let form = [("csrf", &*page.hidden("csrf")), ("action", "later")];
    assert!(
        stranger
            .post(CODE_ADDRESS, &form)
            .await
            .status
            .is_client_error()
    );
    let done = browser.post(CODE_ADDRESS, &form).await;
    assert_eq!(recovery_codes(&done).len(), 10, "{}", done.words());
    let again = browser.post(CODE_ADDRESS, &form).await;
    assert!(again.status.is_client_error(), "{}", again.words());
    assert!(recovery_codes(&again).is_empty());
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    assert_eq!(stranger.get("/account").await.status, StatusCode::SEE_OTHER);
    let made = made_events(&house, &email).await;
    assert_eq!(made[0]["code_address"], json!("later"));
    // Codes go to the address of the sign-in until another one is given.
    let before = house.codes_to(&email).len();
    assert!(works(&house, &email, PASSWORD).await);
    house.code_after(before, &email).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_11_who_registers_somebody_else_s_address_leaves_nothing_behind() {
    let house = open().await;
    let (attacker, victim) = (Browser::new(&house), Browser::new(&house));
    let email = other(&house, "victim");
    fill(&attacker, "/register", &[("email", &email)]).await;
    house.code_after(0, &email).await;
    for path in [DETAILS, CODE_ADDRESS] {
        let page = attacker.get(path).await;
        assert!(!page.text.contains("type=\"password\""), "{}", page.words());
    }
    almost(&house, &victim, "/register", &email, PASSWORD).await;
    let done = later(&victim).await;
    assert_eq!(recovery_codes(&done).len(), 10, "{}", done.words());
    // Even the right code opens nothing any more: what was begun before is worth nothing now.
    let first = house.codes_to(&email).into_iter().next().unwrap();
    let late = fill(&attacker, CODE, &[("code", &first)]).await;
    assert_eq!(late.location(), DETAILS, "{}", late.words());
    details(&attacker, "", OTHER_PASSWORD).await;
    let taken = later(&attacker).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.words());
    assert!(
        taken.words().contains("has an account by now"),
        "{}",
        taken.words()
    );
    assert_eq!(attacker.get("/account").await.status, StatusCode::SEE_OTHER);
    assert!(works(&house, &email, PASSWORD).await);
    assert!(!works(&house, &email, OTHER_PASSWORD).await);
    assert_eq!(made_events(&house, &email).await.len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_11_a_planted_cookie_is_left_behind_when_the_address_is_proved() {
    let house = open().await;
    let (victim, email) = (Browser::new(&house), other(&house, "victim"));
    fill(&victim, "/register", &[("email", &email)]).await;
    let planted = victim.cookies(&house);
    let code = house.code_after(0, &email).await;
    let proved = fill(&victim, CODE, &[("code", &code)]).await;
    assert_eq!(proved.location(), DETAILS);
    for path in [DETAILS, CODE_ADDRESS] {
        let asked = reqwest::Client::new().get(house.url(path));
        let seen = asked
            .header("cookie", planted.clone())
            .send()
            .await
            .unwrap();
        assert!(seen.status().is_client_error(), "{path}: {}", seen.status());
    }
    let kept = details(&victim, "", PASSWORD).await;
    assert_eq!(kept.location(), CODE_ADDRESS, "{}", kept.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_10_of_registrations_at_once_one_makes_the_account_and_the_others_are_told_kindly() {
    let house = open().await;
    let email = other(&house, "new");
    let browsers: Vec<Browser> = (0..3).map(|_| Browser::new(&house)).collect();
    let mut forms = Vec::new();
    for (at, browser) in browsers.iter().enumerate() {
        let password = format!("{PASSWORD}-{at}");
        almost(&house, browser, "/register", &email, &password).await;
        forms.push(browser.get(CODE_ADDRESS).await.hidden("csrf"));
    }
    // Each of them presses the button several times.
    let press = browsers.iter().zip(&forms).flat_map(|(browser, csrf)| {
        (0..4).map(move |_| async move {
            let form = [("csrf", &**csrf), ("action", "later")];
            browser.post(CODE_ADDRESS, &form).await
        })
    });
    let pages = join_all(press).await;
    let made: Vec<usize> = (0..pages.len())
        .filter(|at| recovery_codes(&pages[*at]).len() == 10)
        .collect();
    assert_eq!(made.len(), 1);
    let winner = made[0] / 4;
    for (at, page) in pages.iter().enumerate().filter(|(at, _)| *at != made[0]) {
        assert!(
            page.status.is_client_error(),
            "{at}: {} {}",
            page.status,
            page.words()
        );
    }
    for loser in (0..3).filter(|at| *at != winner) {
        let told = pages[loser * 4..][..4].iter();
        let told = told.filter(|page| page.words().contains("has an account by now"));
        assert!(told.count() >= 1, "{loser}");
        assert!(!works(&house, &email, &format!("{PASSWORD}-{loser}")).await);
    }
    assert!(works(&house, &email, &format!("{PASSWORD}-{winner}")).await);
    assert_eq!(made_events(&house, &email).await.len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_24_behind_the_gate_the_code_address_is_given_at_once_and_elsewhere() {
    let house = open_with(SignUpMode::Open, |config| {
        config.otp.self_hosted_mail_domains = vec!["tanpopo.example".into()];
    })
    .await;
    let browser = Browser::new(&house);
    let gate = |name: &str| other(&house, name).replace("mobile.example", "tanpopo.example");
    let email = gate("new");
    almost(&house, &browser, "/register", &email, PASSWORD).await;
    let page = browser.get(CODE_ADDRESS).await;
    assert!(!page.text.contains("value=\"later\""), "{}", page.words());
    let forced = later(&browser).await;
    assert!(forced.status.is_client_error(), "{}", forced.words());
    for (address, words) in [
        (&*email, "different address from the one you sign in with"),
        (&*gate("codes"), "is behind this sign-in"),
        ("robot@host.internal", "No mail can be sent"),
        ("", "Enter your email address"),
        ("a@b.example\r\nBcc: c@d.example", "like name@example.com"),
    ] {
        let refused = fill(&browser, CODE_ADDRESS, &[("code_address", address)]).await;
        assert_eq!(refused.status, StatusCode::OK, "{address}");
        assert!(
            refused.words().contains(words),
            "{address}: {}",
            refused.words()
        );
    }
    assert_eq!(account(&house, &email).await, None);
    let elsewhere = other(&house, "codes");
    fill(&browser, CODE_ADDRESS, &[("code_address", &elsewhere)]).await;
    let code = house.code_after(0, &elsewhere).await;
    let done = fill(&browser, CONFIRM, &[("code", &code)]).await;
    assert_eq!(recovery_codes(&done).len(), 10, "{}", done.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_09_the_code_of_one_step_is_not_the_code_of_the_other() {
    let house = open().await;
    let (browser, email) = (Browser::new(&house), other(&house, "new"));
    let other_email = other(&house, "newer");
    almost(&house, &browser, "/register", &email, PASSWORD).await;
    fill(&browser, CODE_ADDRESS, &[("code_address", &other_email)]).await;
    let code = house.code_after(0, &other_email).await;
    // The same browser begins anew, for the address that was to receive codes.
    fill(&browser, "/register", &[("email", &other_email)]).await;
    house.code_after(1, &other_email).await;
    let mixed = fill(&browser, CODE, &[("code", &code)]).await;
    assert!(
        mixed.words().contains("That is not the code"),
        "{}",
        mixed.words()
    );
    let gone = fill(&browser, CONFIRM, &[("code", &code)]).await;
    assert!(gone.status.is_client_error(), "{}", gone.words());
    assert_eq!(account(&house, &email).await, None);
    assert_eq!(account(&house, &other_email).await, None);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_mails_of_a_registration_speak_the_language_of_the_browser() {
    let house = open().await;
    let (browser, email) = (Browser::new(&house), other(&house, "new"));
    let page = browser.get("/register?ui_locales=ja").await;
    assert!(
        page.words().contains("アカウントを作る"),
        "{}",
        page.words()
    );
    let form = [("csrf", &*page.hidden("csrf")), ("email", &*email)];
    let sent = browser.post("/register", &form).await;
    let page = browser.get(sent.location()).await;
    assert!(page.words().contains("アドレスの確認"), "{}", page.words());
    let letter = wait::until("the letter", async || {
        house.letters_to(&email).into_iter().next()
    })
    .await;
    match &house.house.services.catcher {
        Some(_) => {
            assert!(letter.contains("アドレスの確認コード"), "{letter}");
            assert!(
                letter.contains("新しいアカウントに使うアドレス"),
                "{letter}"
            );
        }
        None => assert!(letter.contains("Content-Language: ja"), "{letter}"),
    }
    house.close().await;
}
