//! Signing out of apps: RP-Initiated, Back-Channel and Front-Channel Logout 1.0, Session Management
//! 1.0. Tests with the name of a module of the OpenID conformance suite do what that module does.

mod back_channel;
mod front_channel;
mod rp_initiated;
mod session_management;

use openidconnect::TokenResponse as _;
use openidconnect::core::CoreTokenResponse;
use sekisho_model::Client;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::chromium::{Chromium, Window};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::relying_party::RelyingParty;
use crate::support::wait;

/// Any visible character may be in the `state` of a sign-out.
const STATE: &str = "!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~";
const BYE: &str = "https://app.example/bye";

/// A house, an app, and a person whom the app signed in.
struct Scene {
    house: TestHouse,
    client: Client,
    browser: Browser,
    /// The authorization answer.
    answer: Page,
    tokens: CoreTokenResponse,
}

impl Scene {
    async fn signed_in() -> Self {
        Self::signed_in_to(TestHouse::open().await, json!({})).await
    }

    /// In `house`, to an app with these members.
    async fn signed_in_to(house: TestHouse, members: Value) -> Self {
        let browser = Browser::new(&house);
        let (client, answer, tokens) = sign_in(&house, &browser, members).await;
        Self {
            house,
            client,
            browser,
            answer,
            tokens,
        }
    }

    fn id(&self) -> &str {
        self.client.client_id.as_str()
    }

    fn hint(&self) -> String {
        self.tokens.id_token().unwrap().to_string()
    }

    /// What the ID token says.
    fn claims(&self) -> Value {
        payload(&self.hint())
    }

    /// An end-session request with these parameters.
    async fn end(&self, pairs: &[(&str, &str)]) -> Page {
        self.browser.get(&end_session(pairs)).await
    }

    /// Presses the button of a question.
    async fn answer(&self, question: &Page, decision: &str) -> Page {
        let csrf = question.hidden("csrf");
        let mut form = vec![("csrf", csrf.as_str()), ("decision", decision)];
        let target = question.text.contains("name=\"then\"").then(|| {
            let of = |name| unescape(&question.hidden(name));
            (of("client"), of("then"))
        });
        if let Some((client, then)) = &target {
            form.extend([("client", client.as_str()), ("then", then.as_str())]);
        }
        self.browser.post("/oauth2/end_session", &form).await
    }

    /// Fails unless the session of the browser has ended, as an app notices it.
    async fn is_over(&self) {
        let state = "s".repeat(128);
        let silent = request(self.id(), &[("prompt", "none"), ("state", &state)]);
        let answer = self.browser.get(&silent).await;
        assert_eq!(answer.answer("error").as_deref(), Some("login_required"));
        assert_eq!(answer.answer("state"), Some(state));
    }

    /// Fails if the session of the browser has ended.
    async fn goes_on(&self) {
        let answer = self
            .browser
            .get(&request(self.id(), &[("prompt", "none")]))
            .await;
        assert!(answer.answer("code").is_some(), "{}", answer.location());
    }
}

/// Signs the person in to a new app with these members; in a browser that is signed in already, without
/// a password.
async fn sign_in(
    house: &TestHouse,
    browser: &Browser,
    members: Value,
) -> (Client, Page, CoreTokenResponse) {
    let mut all = json!({"skip_consent": true, "scope": "openid email"});
    for (name, member) in members.as_object().unwrap() {
        all[name] = member.clone();
    }
    let (client, secret) = house.client(all).await;
    let app = RelyingParty::discover(house, client.client_id.as_str(), &secret).await;
    let begun = app.begin(&["email"]);
    let first = browser.get(&begun.url).await;
    let answer = if first.location().starts_with("/login") {
        browser.sign_in(house, &begun.url).await
    } else {
        first
    };
    let code = answer.answer("code").unwrap();
    let (_, tokens) = app.exchange(begun, code).await;
    (client, answer, tokens)
}

fn end_session(pairs: &[(&str, &str)]) -> String {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/oauth2/end_session?{query}")
}

/// Signs the person in to `client` in a real browser, which ends at the app.
async fn sign_in_with(chromium: &Chromium, house: &TestHouse, start: &str) {
    let before = house.last_code();
    chromium.go(start).await;
    chromium.fill("#email", &house.login_address).await;
    chromium.fill("#password", PASSWORD).await;
    chromium.click("main form button[type=submit]").await;
    arrive(chromium, "/login/code").await;
    let code = house.code_but(&before).await;
    chromium.fill("#code", &code).await;
    chromium.click("main form button.btn--primary").await;
    arrive(chromium, "/cb?").await;
}

/// Waits for an address that holds `part`.
async fn arrive(chromium: &Chromium, part: &str) {
    wait::until(part, async || {
        chromium.url().await.contains(part).then_some(())
    })
    .await;
}

const fn window(script: bool) -> Window {
    Window {
        width: 1280,
        dark: false,
        language: "en",
        script,
    }
}

/// What a JWT says; nothing is verified.
fn payload(jwt: &str) -> Value {
    part(jwt, 1)
}

fn part(jwt: &str, at: usize) -> Value {
    use base64::Engine as _;
    let text = jwt.split('.').nth(at).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

fn unescape(html: &str) -> String {
    [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
}

async fn discovery(house: &TestHouse) -> Value {
    let url = house.url("/.well-known/openid-configuration");
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}
