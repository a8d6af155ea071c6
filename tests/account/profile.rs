//! Name, language and time zone, and the language of every page (ux 5.1, 7.1).

use reqwest::StatusCode;
use sekisho_model::{EmailAddress, Locale, Origin, User};
use sekisho_provider::accounts::NewAccount;
use serde_json::{Map, json};

use super::{csrf, press};
use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::wait;
use crate::tokens::App;

const PROFILE: &str = "/account/profile";

async fn owner(house: &TestHouse) -> Browser {
    let app = App::of(house, json!({"skip_consent": true})).await;
    let browser = Browser::new(house);
    browser.sign_in(house, &request(&app.id, &[])).await;
    browser
}

async fn save(browser: &Browser, name: &str, language: &str, zone: &str) -> Page {
    let fields = [("name", name), ("language", language), ("zone", zone)];
    press(browser, (PROFILE, PROFILE), &fields).await
}

/// Presses the language switch of a page.
async fn switch(browser: &Browser, page: &Page, to: &str) -> Page {
    let form = page.text.split("action=\"/language\"").nth(1);
    let form = form.unwrap_or_else(|| panic!("no switch in {}", page.words()));
    let value = |name: &str| {
        let marker = format!("name=\"{name}\" value=\"");
        let rest = form.split(&marker).nth(1).expect("a field");
        let value = rest.split('"').next().unwrap();
        value.replace("&#38;", "&")
    };
    let fields = [
        ("csrf", &*value("csrf")),
        ("back", &*value("back")),
        ("to", to),
    ];
    browser.post("/language", &fields).await
}

/// Signs in where page and mail speak different languages: the tally of one is not that of the other.
async fn sign_in_across(browser: &Browser, house: &TestHouse, start: &str) {
    let before = house.last_code();
    let page = browser.password(house, start).await;
    let code = house.code_but(&before).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    let done = browser.post("/login/code", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
}

fn lang(page: &Page) -> &str {
    let rest = page.text.split("<html lang=\"").nth(1).expect("a page");
    rest.split('"').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_say_who_they_are_and_where() {
    let house = TestHouse::open().await;
    let browser = owner(&house).await;
    let saved = save(&browser, "  山田 花子 ", "en", "Asia/Kolkata").await;
    assert_eq!(
        saved.location(),
        "/account?saved=profile",
        "{}",
        saved.words()
    );
    let overview = browser.get(saved.location()).await;
    for words in ["山田 花子", "Saved", "UTC+5:30"] {
        assert!(
            overview.words().contains(words),
            "{words}: {}",
            overview.words()
        );
    }
    let history = browser.get("/account/history").await;
    assert!(
        history
            .words()
            .contains("Name, language or time zone changed")
    );
    assert!(history.text.contains("+05:30\">"), "no hour is moved there");

    // Nothing is a name as well; the language of mails and pages follows.
    let saved = save(&browser, "", "ja", "Asia/Tokyo").await;
    let overview = browser.get(saved.location()).await;
    assert_eq!(lang(&overview), "ja");
    assert!(!overview.text.contains("山田"));
    let store = &house.house.services.store;
    let user = house.user;
    let account = store
        .read(move |tx| tx.account(user))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (account.user.locale.tag(), &*account.user.zone),
        ("ja", "Asia/Tokyo")
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_saved_is_said_beside_its_field() {
    let house = TestHouse::open().await;
    let browser = owner(&house).await;
    let long = "あ".repeat(101);
    for (name, zone, words) in [
        (
            &*long,
            "Asia/Tokyo",
            "Use at most 100 characters for your name",
        ),
        ("a\u{202e}b", "Asia/Tokyo", "characters that cannot be seen"),
        ("a", "Mars/Olympus", "Choose a time zone from the list"),
        ("a", "", "Choose a time zone from the list"),
    ] {
        let page = save(&browser, name, "en", zone).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.words().contains(words), "{words}: {}", page.words());
        assert!(page.text.contains("aria-invalid"), "{words}");
    }
    assert!(browser.get("/account").await.text.contains("三浦 晴香"));
    let odd = save(&browser, "a", "tlh", "Asia/Tokyo").await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    // WEB-01: neither without the token nor with that of another form.
    let other = csrf(&browser.get("/account/security").await);
    for token in ["", "x", &*other] {
        let fields = [
            ("csrf", token),
            ("name", "b"),
            ("language", "en"),
            ("zone", "UTC"),
        ];
        let refused = browser.post(PROFILE, &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{token}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_names_at_once_one_is_saved_and_nothing_is_torn() {
    let house = TestHouse::open().await;
    let browser = owner(&house).await;
    let (one, two) = tokio::join!(
        save(&browser, "Akebono", "en", "Asia/Tokyo"),
        save(&browser, "Botan", "en", "Asia/Tokyo"),
    );
    let saved = |page: &Page| page.status == StatusCode::SEE_OTHER;
    assert!(saved(&one) || saved(&two));
    let overview = browser.get("/account").await;
    let words = overview.words();
    assert!(
        words.contains("Akebono") != words.contains("Botan"),
        "{words}"
    );
    assert!(words.contains(&*house.login_address));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_switch_of_whoever_is_signed_in_stays_pressed_everywhere() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = owner(&house).await;
    let page = browser.get("/account/history?period=7&result=all").await;
    assert_eq!(lang(&page), "en");
    let back = switch(&browser, &page, "ja").await;
    assert_eq!(back.location(), "/account/history?period=7&result=all");
    for path in [
        "/account",
        "/account/security",
        "/help",
        "/privacy",
        "/theme",
        "/logout",
        "/device",
        "/nowhere",
    ] {
        assert_eq!(lang(&browser.get(path).await), "ja", "{path}");
    }
    let to_consent = browser.get(&request(&app.id, &[])).await;
    let consent = browser.get(to_consent.location()).await;
    assert_eq!(lang(&consent), "ja");
    let back = switch(&browser, &consent, "en").await;
    assert_eq!(back.location(), to_consent.location());
    assert_eq!(lang(&browser.get(back.location()).await), "en");
    assert_eq!(lang(&browser.get("/account").await), "en");

    // An app may ask for one page in a language, and changes nothing by it.
    let asked = request(&app.id, &[("ui_locales", "ja")]);
    let to_consent = browser.get(&asked).await;
    let consent = browser.get(to_consent.location()).await;
    assert_eq!(lang(&consent), "ja", "{}", to_consent.location());
    assert_eq!(lang(&browser.get("/account").await), "en");
    assert_eq!(lang(&browser.get("/help").await), "en");

    // Another browser takes it over when they sign in there.
    let other = Browser::new(&house);
    assert_eq!(lang(&other.get("/help?ui_locales=ja").await), "ja");
    assert_eq!(lang(&other.get("/help").await), "ja");
    sign_in_across(&other, &house, &asked).await;
    assert_eq!(lang(&other.get("/account").await), "en");
    assert_eq!(lang(&other.get("/help").await), "en");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_01_nobody_presses_the_switch_for_somebody_else() {
    let house = TestHouse::open().await;
    let browser = owner(&house).await;
    let page = browser.get("/account").await;
    let refused = browser
        .post("/language", &[("to", "ja"), ("csrf", "x")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let token = csrf(&browser.get(PROFILE).await);
    let refused = browser
        .post("/language", &[("to", "ja"), ("csrf", &*token)])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "of another form");
    let elsewhere = browser.http.post(house.url("/language"));
    let elsewhere = elsewhere.header("origin", "https://evil.example");
    let sent = elsewhere.form(&[("to", "ja")]).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);
    assert_eq!(lang(&browser.get("/account").await), "en");
    // The way back stays in the house.
    let form = page.text.split("action=\"/language\"").nth(1).unwrap();
    let token = form.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap();
    let fields = [("csrf", token), ("to", "ja"), ("back", "//evil.example/")];
    assert_eq!(browser.post("/language", &fields).await.location(), "/");
    house.close().await;
}

/// Puts an account in the place of the owner's for which nobody chose a language, as an import or the command line
/// makes it.
async fn without_a_choice(house: &mut TestHouse) {
    let (login, code) = (
        format!("kai-{}", house.login_address),
        format!("kai-{}", house.code_address),
    );
    let new = NewAccount {
        login_address: EmailAddress::parse(&login).unwrap(),
        code_address: Some(EmailAddress::parse(&code).unwrap()),
        password: PASSWORD.to_owned().into(),
        claims: Map::new(),
        locale: None,
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    let made = provider.create_account(new, &Origin::default()).await;
    house.user = made.unwrap().unwrap();
    (house.login_address, house.code_address) = (login, code);
}

async fn kept(house: &TestHouse) -> User {
    let user = house.user;
    let found = house.house.services.store.read(move |tx| tx.account(user));
    found.await.unwrap().unwrap().user
}

/// Whether a letter is in this language: it has these words where the catcher has it, this header on its way.
fn is_in(house: &TestHouse, letter: &str, (tag, words): (&str, &str)) -> bool {
    match &house.house.services.catcher {
        Some(_) => letter.contains(words),
        None => letter.contains(&format!("Content-Language: {tag}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_language_that_nobody_chose_gives_way_to_the_browser() {
    let mut house = TestHouse::open().await;
    assert_eq!(house.config.server.default_locale, Locale::Ja);
    without_a_choice(&mut house).await;
    let new = kept(&house).await;
    assert_eq!((new.locale, new.chosen_locale()), (Locale::Ja, None));

    // The browser asks for English: pages, the code beside them, and mails from then on.
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let browser = Browser::new(&house);
    browser.sign_in(&house, &request(&app.id, &[])).await;
    assert_eq!(lang(&browser.get("/account").await), "en");
    let kept_now = kept(&house).await;
    assert_eq!(
        (kept_now.locale, kept_now.chosen_locale()),
        (Locale::En, None)
    );
    let told = wait::until("the letter about a new device", async || {
        house.letters_to(&house.login_address).into_iter().next()
    });
    let told = told.await;
    assert!(is_in(&house, &told, ("en", "new device")), "{told}");
    for letter in house.letters_to(&house.code_address) {
        assert!(
            is_in(&house, &letter, ("en", "Somebody signed in")) || letter.contains("Tally"),
            "{letter}"
        );
    }

    // `ui_locales` and the cookie come before the browser's own wish, and are no choice either.
    let page = browser.get("/account?ui_locales=ja").await;
    assert_eq!(lang(&page), "ja");
    assert_eq!(lang(&browser.get("/account").await), "ja");
    assert_eq!(kept(&house).await.chosen_locale(), None);
    let page = browser.get("/account?ui_locales=en").await;
    assert_eq!(lang(&page), "en");

    // The switch is a choice, for every browser.
    let page = browser.get("/account?ui_locales=ja").await;
    switch(&browser, &page, "en").await;
    assert_eq!(kept(&house).await.chosen_locale(), Some(Locale::En));
    let other = Browser::new(&house);
    assert_eq!(lang(&other.get("/help?ui_locales=ja").await), "ja");
    sign_in_across(&other, &house, &request(&app.id, &[])).await;
    assert_eq!(lang(&other.get("/account").await), "en");
    assert_eq!(kept(&house).await.chosen_locale(), Some(Locale::En));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_profile_is_a_choice_of_what_it_shows() {
    let mut house = TestHouse::open().await;
    without_a_choice(&mut house).await;
    let browser = owner(&house).await;
    let page = browser.get(PROFILE).await;
    let chosen = page.text.split("value=\"en\"").nth(1).expect("a language");
    let chosen = chosen.split('>').next().unwrap();
    assert!(
        chosen.contains("checked") || chosen.contains("selected"),
        "{chosen}"
    );
    save(&browser, "Kai", "en", "Asia/Tokyo").await;
    assert_eq!(kept(&house).await.chosen_locale(), Some(Locale::En));
    let japanese = browser
        .http
        .get(house.url("/account"))
        .header("accept-language", "ja");
    let text = japanese.send().await.unwrap().text().await.unwrap();
    assert!(text.contains("<html lang=\"en\""), "{text}");
    house.close().await;
}
