//! Passkeys in a real Chromium with a virtual authenticator.

use serde_json::{Value, json};

use super::PAGE;
use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Window};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::wait;

const ADD: &str = "/account/security/second-step/passkey";

/// A house that Chromium knows by a name: passkeys hang on names.
async fn house() -> TestHouse {
    TestHouse::open_with(|config| {
        config.server.issuer = config.server.issuer.replace("127.0.0.1", "localhost");
    })
    .await
}

struct Person {
    browser: Chromium,
    house: TestHouse,
}

impl Person {
    async fn open() -> (Self, String) {
        let house = house().await;
        let window = Window {
            language: "en",
            dark: false,
            width: 1280,
            script: true,
        };
        let browser = Chromium::open(window).await;
        let key = browser.plug_in_authenticator().await;
        (Self { browser, house }, key)
    }

    async fn arrive(&self, part: &str) {
        wait::until(part, async || {
            let there = self.browser.url().await.contains(part) && self.browser.is_complete().await;
            there.then_some(())
        })
        .await;
        let complaints = self.browser.complaints().await;
        assert!(complaints.is_empty(), "{part}: {complaints:?}");
    }

    async fn says(&self, words: &str) {
        wait::until(words, async || {
            let there = self.browser.words().await.contains(words);
            there.then_some(())
        })
        .await;
    }

    /// Address and password, on the way to `path`; ends at the second step.
    async fn to_second_step(&self, path: &str) {
        self.browser.go(&self.house.url(path)).await;
        self.arrive("/login?").await;
        self.browser.fill("#email", &self.house.login_address).await;
        self.browser.fill("#password", PASSWORD).await;
        self.browser.click("main form button[type=submit]").await;
        self.arrive("/login/code").await;
    }

    /// Signs in with the mailed code and adds a passkey.
    async fn add_passkey(&self, name: &str) {
        self.to_second_step(ADD).await;
        let code = self.house.code().await;
        self.browser.fill("#code", &code).await;
        self.browser.click("main form button.btn--primary").await;
        self.arrive(ADD).await;
        self.browser.fill("#name", name).await;
        self.browser.click("button[data-passkey-start]").await;
        self.arrive("done=passkey").await;
    }

    async fn forget(&self) {
        self.browser.forget_cookies().await;
    }

    async fn use_passkey(&self) {
        self.browser.click("button[data-passkey-start]").await;
    }

    async fn close(self) {
        self.browser.close().await;
        self.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_a_passkey_is_added_signs_in_and_no_code_is_mailed() {
    let (person, key) = Person::open().await;
    person.add_passkey("My <b>phone</b>").await;
    person.says("My <b>phone</b>").await;
    for address in [&person.house.login_address, &person.house.code_address] {
        person.house.told(address, "a passkey was added").await;
    }
    assert_eq!(person.browser.credentials(&key).await.len(), 1);
    // The same device is not added twice.
    person.browser.go(&person.house.url(ADD)).await;
    person.browser.fill("#name", "again").await;
    person.browser.click("button[data-passkey-start]").await;
    person.says("The passkey was not confirmed").await;
    let mailed = person.house.codes_so_far().len();
    person.forget().await;
    person.to_second_step(PAGE).await;
    person.says("Use your passkey").await;
    person.use_passkey().await;
    person.arrive(PAGE).await;
    person.says("last used").await;
    assert_eq!(person.house.codes_so_far().len(), mailed);
    let user = person.house.user;
    let store = &person.house.house.services.store;
    let sessions = store.read(move |tx| tx.sessions_of(user)).await.unwrap();
    let methods = |session: &sekisho_model::BrowserSession| {
        let names = session.methods.iter().map(|method| method.name());
        names.collect::<Vec<_>>()
    };
    let by_passkey =
        |session: &&sekisho_model::BrowserSession| methods(session) == ["pwd", "hwk", "user"];
    assert_eq!(sessions.iter().filter(by_passkey).count(), 1);
    // It says where it is kept, and can be called something else.
    person.says("Kept:").await;
    person.browser.click("details.rename summary").await;
    person
        .browser
        .fill("details.rename input[name=name]", "Work <i>key</i>")
        .await;
    person.browser.click("button[value=rename]").await;
    person.arrive("done=renamed").await;
    person.says("Work <i>key</i>").await;
    // And it is removed by a button; the history tells it all.
    person.browser.click("button[value=remove]").await;
    person.arrive("done=removed").await;
    person
        .browser
        .go(&person.house.url("/account/history"))
        .await;
    for words in [
        "Passkey added",
        "Passkey renamed",
        "Passkey removed",
        "Password and passkey",
    ] {
        person.says(words).await;
    }
    person.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_a_copy_of_a_passkey_is_noticed_by_its_counter() {
    let (person, key) = Person::open().await;
    person.add_passkey("Phone").await;
    for _ in 0..2 {
        person.forget().await;
        person.to_second_step(PAGE).await;
        person.use_passkey().await;
        person.arrive(PAGE).await;
    }
    let mut copy = person.browser.credentials(&key).await.remove(0);
    assert!(copy["signCount"].as_u64().unwrap() > 1, "{copy}");
    copy["signCount"] = json!(0);
    person.browser.replace_credential(&key, &copy).await;
    person.forget().await;
    person.to_second_step(PAGE).await;
    person.use_passkey().await;
    person.says("The passkey was not accepted").await;
    let user = person.house.user;
    let store = &person.house.house.services.store;
    let filter = sekisho_store::HistoryFilter::default();
    let events = store
        .read(move |tx| tx.history_of(user, &filter, None, 50))
        .await
        .unwrap();
    let noted = |event: &sekisho_model::Event| event.outcome == sekisho_model::Outcome::Replayed;
    assert!(events.iter().any(noted), "{events:?}");
    person.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_the_answer_of_a_passkey_works_once_and_in_its_own_sign_in() {
    let (person, _key) = Person::open().await;
    person.add_passkey("Phone").await;
    person.forget().await;
    // From now on forms are not sent: the answer is taken out of the page.
    person
        .browser
        .bring_along("HTMLFormElement.prototype.submit = function () { document.title = this.elements.answer.value; };")
        .await;
    person.to_second_step(PAGE).await;
    person.use_passkey().await;
    let answer = wait::until("the answer", async || {
        let title = person.browser.title().await;
        serde_json::from_str::<Value>(&title)
            .is_ok()
            .then_some(title)
    })
    .await;
    let csrf = person.browser.value_of("main input[name=csrf]").await;
    let cookies = person.browser.cookies().await;
    let post = async |csrf: &str, cookies: &str| {
        let form = [("csrf", csrf), ("answer", &*answer)];
        let request = person.house_http().post(person.house.url("/login/code"));
        let request = request
            .header("origin", &person.house.issuer)
            .header("accept-language", "en")
            .header("cookie", cookies);
        request.form(&form).send().await.unwrap()
    };
    let (one, two, three) = tokio::join!(
        post(&csrf, &cookies),
        post(&csrf, &cookies),
        post(&csrf, &cookies)
    );
    let done = [one, two, three]
        .iter()
        .filter(|answer| {
            // Others are led back to the page, which says that it was not accepted.
            let location = answer.headers().get("location");
            let location = location.map_or("said=", |at| at.to_str().unwrap());
            answer.status() == reqwest::StatusCode::SEE_OTHER && !location.contains("said=")
        })
        .count();
    assert_eq!(done, 1);
    // In another sign-in of the same person it is worth nothing.
    let other = Browser::new(&person.house);
    let login = other.get("/login").await;
    let login = other.get(login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*person.house.login_address),
        ("password", PASSWORD),
    ];
    let sent = other.post("/login", &form).await;
    let page = other.get(sent.location()).await;
    let form = [("csrf", &*page.hidden("csrf")), ("answer", &*answer)];
    let refused = other.post("/login/code", &form).await;
    assert!(
        refused.words().contains("not accepted"),
        "{}",
        refused.words()
    );
    // Nor is an answer that was altered, however often.
    for odd in [
        "{}",
        "null",
        &answer.replacen("\"type\":\"public-key\"", "\"type\":\"x\"", 1),
    ] {
        let page = other.get(sent.location()).await;
        let form = [("csrf", &*page.hidden("csrf")), ("answer", odd)];
        let refused = other.post("/login/code", &form).await;
        assert!(refused.location.is_none(), "{odd:.40}");
    }
    person.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passkeys_are_not_offered_where_the_issuer_has_no_name() {
    let house = TestHouse::open().await;
    assert!(!house.house.services.provider.offers_passkeys());
    house.close().await;
}

impl Person {
    fn house_http(&self) -> reqwest::Client {
        let policy = reqwest::redirect::Policy::none();
        reqwest::Client::builder().redirect(policy).build().unwrap()
    }
}
