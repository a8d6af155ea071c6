//! Password and code, and what strangers learn from them.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

async fn house_and_app() -> (TestHouse, String) {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    let id = client.client_id.to_string();
    (house, id)
}

async fn try_password(browser: &Browser, start: &str, email: &str, password: &str) -> Page {
    let to_login = browser.get(start).await;
    let login = browser.get(to_login.location()).await;
    browser
        .post(
            "/login",
            &[
                ("csrf", &login.hidden("csrf")),
                ("email", email),
                ("password", password),
            ],
        )
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enu_01_a_wrong_password_and_an_unknown_address_read_the_same() {
    let (house, id) = house_and_app().await;
    let start = request(&id, &[]);
    let browser = Browser::new(&house);
    let known = try_password(&browser, &start, &house.login_address, "wrong-password").await;
    let unknown = try_password(
        &browser,
        &start,
        &house.login_address.replace("haruka", "nobody"),
        "wrong-password",
    )
    .await;
    assert_eq!(
        (known.status, unknown.status),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(known.words(), unknown.words());
    assert_eq!(known.text.len(), unknown.text.len());
    assert!(known.words().contains("is not right"), "{}", known.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_05_five_wrong_codes_stop_the_sign_in_and_the_owner_is_told() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&id, &[])).await;
    let code = house.code().await;
    let csrf = page.hidden("csrf");
    let wrong = format!("{:08}", (code.parse::<u64>().unwrap() + 1) % 100_000_000);
    for left in ["4 tries", "3 tries", "2 tries", "One more wrong try"] {
        let page = browser
            .post("/login/code", &[("csrf", &csrf), ("code", &wrong)])
            .await;
        assert!(page.words().contains(left), "{left}: {}", page.words());
    }
    let stopped = browser
        .post("/login/code", &[("csrf", &csrf), ("code", &wrong)])
        .await;
    assert!(
        stopped.words().contains("Too many wrong codes"),
        "{}",
        stopped.words()
    );
    let late = browser
        .post("/login/code", &[("csrf", &csrf), ("code", &code)])
        .await;
    assert!(
        late.location.is_none_or(|to| !to.contains("code=")),
        "the right code comes too late"
    );
    crate::support::wait::until("the mail that the password is known", async || {
        house
            .subjects()
            .iter()
            .any(|subject| subject.contains("knows your password"))
            .then_some(())
    })
    .await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_22_a_code_without_the_password_before_it_leads_nowhere() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    let login = browser
        .get(browser.get(&request(&id, &[])).await.location())
        .await;
    // The token of the password form does not open the code form.
    let sent = browser
        .post(
            "/login/code",
            &[("csrf", &login.hidden("csrf")), ("code", "12345678")],
        )
        .await;
    assert_eq!(sent.status, StatusCode::FORBIDDEN);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_04_another_browser_cannot_finish_a_sign_in() {
    let (house, id) = house_and_app().await;
    let (owner, thief) = (Browser::new(&house), Browser::new(&house));
    let page = owner.password(&house, &request(&id, &[])).await;
    let code = house.code().await;
    thief.get(&request(&id, &[])).await;
    let stolen = thief
        .post(
            "/login/code",
            &[("csrf", &page.hidden("csrf")), ("code", &code)],
        )
        .await;
    // It reads like a tab that was left behind: the two cannot be told apart.
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    assert!(
        stolen.words().contains("no longer in use"),
        "{}",
        stolen.words()
    );
    let done = owner
        .post(
            "/login/code",
            &[("csrf", &page.hidden("csrf")), ("code", &code)],
        )
        .await;
    assert!(done.answer("code").is_some(), "the owner still finishes");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_11_a_resend_replaces_the_code() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&id, &[])).await;
    let first = house.code().await;
    let csrf = page.hidden("csrf");
    let soon = browser
        .post("/login/code", &[("csrf", &csrf), ("action", "resend")])
        .await;
    assert!(
        soon.words().contains("You can ask for a new code from"),
        "{}",
        soon.words()
    );
    house.advance(Duration::from_secs(61)).await;
    let resent = browser
        .post("/login/code", &[("csrf", &csrf), ("action", "resend")])
        .await;
    assert_eq!(resent.status, StatusCode::SEE_OTHER);
    let second = house.code_but(&first).await;
    let old = browser
        .post("/login/code", &[("csrf", &csrf), ("code", &first)])
        .await;
    assert!(old.words().contains("earlier code"), "{}", old.words());
    let done = browser
        .post("/login/code", &[("csrf", &csrf), ("code", &second)])
        .await;
    assert!(done.answer("code").is_some());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_04_an_expired_code_is_refused_and_a_new_one_sent() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&id, &[])).await;
    let first = house.code().await;
    house.advance(Duration::from_secs(601)).await;
    let late = browser
        .post(
            "/login/code",
            &[("csrf", &page.hidden("csrf")), ("code", &first)],
        )
        .await;
    assert!(
        late.location().contains("sent=expired"),
        "{}",
        late.location()
    );
    let second = house.code_but(&first).await;
    let done = browser
        .post(
            "/login/code",
            &[("csrf", &page.hidden("csrf")), ("code", &second)],
        )
        .await;
    assert!(done.answer("code").is_some());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_01_a_trusted_browser_skips_the_code_and_nothing_else() {
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    let page = browser.password(&house, &request(&id, &[])).await;
    let code = house.code().await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("code", &code),
        ("trust_browser", "1"),
    ];
    assert!(
        browser
            .post("/login/code", &form)
            .await
            .answer("code")
            .is_some()
    );
    let start = request(&id, &[("prompt", "login")]);
    let wrong = try_password(&browser, &start, &house.login_address, "wrong-password").await;
    assert_eq!(wrong.status, StatusCode::OK);
    let skipped = try_password(&browser, &start, &house.login_address, PASSWORD).await;
    assert!(skipped.answer("code").is_some(), "no code is asked");
    let (strict, _) = house
        .client(json!({"skip_consent": true, "require_second_step": true}))
        .await;
    let start = request(strict.client_id.as_str(), &[]);
    let asked = try_password(&browser, &start, &house.login_address, PASSWORD).await;
    assert!(
        asked.location().starts_with("/login/code"),
        "TD-03: this app insists"
    );
    house.advance(Duration::from_secs(31 * 86_400)).await;
    let expired = try_password(&browser, &request(&id, &[]), &house.login_address, PASSWORD).await;
    assert!(
        expired.location().starts_with("/login/code"),
        "trust ends after 30 days"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_03_strangers_cannot_keep_the_owner_s_known_browser_out() {
    let (house, id) = house_and_app().await;
    let owner = Browser::new(&house);
    assert!(
        owner
            .sign_in(&house, &request(&id, &[]))
            .await
            .answer("code")
            .is_some()
    );
    let stranger = Browser::new(&house);
    let mut blocked = false;
    for _ in 0..40 {
        let page = try_password(
            &stranger,
            &request(&id, &[]),
            &house.login_address,
            "wrong-password",
        )
        .await;
        blocked |= page.words().contains("Too many tries");
    }
    assert!(blocked, "the stranger is stopped");
    let again = owner
        .sign_in(&house, &request(&id, &[("prompt", "login")]))
        .await;
    assert!(again.answer("code").is_some(), "the owner is not");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_09_thr_06_who_is_held_up_reads_the_same_with_and_without_an_account() {
    let (house, id) = house_and_app().await;
    let start = request(&id, &[]);
    let nobody = house.login_address.replace("haruka", "nobody");
    let stranger = Browser::new(&house);
    let mut last = Vec::new();
    for name in [&*house.login_address, &*nobody] {
        let mut pages = Vec::new();
        for _ in 0..12 {
            pages.push(try_password(&stranger, &start, name, "wrong-password").await);
        }
        // The right password reads as any other.
        pages.push(try_password(&stranger, &start, name, PASSWORD).await);
        let told = |page: &&Page| page.words().contains("Too many tries");
        assert_eq!(pages.iter().filter(told).count(), 3, "{name}");
        last.push(pages.pop().unwrap());
    }
    assert_eq!(
        (last[0].status, last[1].status),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(last[0].words(), last[1].words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_account_loses_everything_at_once() {
    use sekisho_model::{Origin, UserState};
    let (house, id) = house_and_app().await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&id, &[])).await;
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    let provider = &house.house.services.provider;
    provider
        .set_account_state(house.user, UserState::Disabled, &Origin::default())
        .await
        .unwrap();
    assert!(
        browser
            .get("/account")
            .await
            .location()
            .starts_with("/login"),
        "SES-08"
    );
    let page = try_password(
        &Browser::new(&house),
        &request(&id, &[]),
        &house.login_address,
        PASSWORD,
    )
    .await;
    assert!(page.location.is_none(), "ENU-06: {}", page.words());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_06_twenty_wrong_codes_of_a_day_count_across_a_restart() {
    let (house, id) = house_and_app().await;
    let start = request(&id, &[]);
    let mut before = String::new();
    for _ in 0..4 {
        let thief = Browser::new(&house);
        let page = thief.password(&house, &start).await;
        before = house.code_but(&before).await;
        let wrong = format!("{:08}", (before.parse::<u64>().unwrap() + 1) % 100_000_000);
        for _ in 0..5 {
            let form = [("csrf", &*page.hidden("csrf")), ("code", &*wrong)];
            thief.post("/login/code", &form).await;
        }
    }
    let house = house.reopened().await;
    let thief = Browser::new(&house);
    let page = thief.password(&house, &start).await;
    let code = house.code_but(&before).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let held_up = thief.post("/login/code", &form).await;
    assert_eq!(held_up.location, None, "OTP-06: {}", held_up.words());
    house.close().await;
}
