use std::collections::BTreeMap;

use reqwest::{Response, StatusCode};
use sekisho_model::{EmailAddress, Locale, Origin};
use sekisho_provider::accounts::NewAccount;
use sekisho_server::config::Config;
use serde_json::{Value, json};

use super::checks;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};

pub const CALLBACK: &str = "https://suite.example/test/a/sekisho/callback";

/// How answers travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    Query,
    FormPost,
}

/// Relying party and browser at once, as the suite plays them. Every module has its own cookies.
pub struct Suite {
    pub house: TestHouse,
    pub variant: Variant,
    pub client: Registered,
    pub client2: Registered,
    pub browser: Browser,
    pub http: reqwest::Client,
}

/// A client that the suite was given.
#[derive(Clone)]
pub struct Registered {
    pub id: String,
    pub secret: String,
    pub redirect_uri: String,
    pub post: bool,
}

/// Where an authorization request ended.
#[derive(Debug)]
pub struct Answered {
    /// What came to the redirect URI; `None` if the browser stayed here.
    pub callback: Option<BTreeMap<String, String>>,
    /// The last page.
    pub page: Page,
    /// Whether the login page was shown.
    pub asked_password: bool,
}

impl Answered {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.callback.as_ref()?.get(name).map(String::as_str)
    }

    pub fn code(&self) -> &str {
        self.get("code")
            .unwrap_or_else(|| panic!("no code: {:?} {}", self.callback, self.page.words()))
    }

    pub fn error(&self) -> &str {
        assert_eq!(self.get("code"), None, "no code beside an error");
        self.get("error")
            .unwrap_or_else(|| panic!("no error: {:?} {}", self.callback, self.page.words()))
    }

    /// The browser stayed on an error page of ours.
    pub fn is_error_page(&self) -> bool {
        self.callback.is_none() && self.page.status.is_client_error()
    }
}

/// One authorization with everything the suite looks at afterwards.
pub struct Journey {
    pub answered: Answered,
    pub tokens: Value,
    pub id_token: Value,
    pub userinfo: Value,
}

impl Suite {
    pub async fn open(variant: Variant) -> Self {
        Self::open_with(variant, |_| {}).await
    }

    pub async fn open_with(variant: Variant, change: impl FnOnce(&mut Config)) -> Self {
        let mut house = TestHouse::open_with(change).await;
        give_all_claims(&mut house).await;
        let settings = json!({
            "require_pkce": false, "redirect_uris": [CALLBACK],
            "scope": "openid profile email address phone offline_access",
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let client = Registered::of(&house, settings.clone()).await;
        let client2 = Registered::of(&house, settings).await;
        Self {
            browser: Browser::new(&house),
            http: reqwest::Client::new(),
            house,
            variant,
            client,
            client2,
        }
    }

    pub async fn close(self) {
        self.house.close().await;
    }

    /// The parameters every module begins with.
    pub fn request(&self, client: &Registered, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs = vec![
            ("client_id", client.id.as_str()),
            ("redirect_uri", client.redirect_uri.as_str()),
            ("scope", "openid"),
            ("state", "aB3dE6gH9k"),
            ("nonce", "nO1cE2vA3l"),
            ("response_type", "code"),
        ];
        if self.variant == Variant::FormPost {
            pairs.push(("response_mode", "form_post"));
        }
        for (name, value) in changes {
            pairs.retain(|(key, _)| key != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        pairs.into_iter().map(owned).collect()
    }

    /// Sends the browser off and fills every page of ours, until it leaves or cannot go on.
    pub async fn authorize(&self, client: &Registered, changes: &[(&str, &str)]) -> Answered {
        let query = encoded(&self.request(client, changes));
        self.visit(&format!("/oauth2/authorize?{query}")).await
    }

    pub async fn visit(&self, start: &str) -> Answered {
        let page = self.browser.get(start).await;
        self.go_on(page).await
    }

    pub async fn go_on(&self, mut page: Page) -> Answered {
        let mut asked_password = false;
        for _ in 0..12 {
            if let Some(fields) = posted(&page) {
                let callback = Some(fields);
                return self.ended(callback, page, asked_password);
            }
            let Some(to) = page.location.clone() else {
                page = match self.filled(&page).await {
                    Some((next, password)) => {
                        asked_password |= password;
                        next
                    }
                    None => return self.ended(None, page, asked_password),
                };
                continue;
            };
            if !to.starts_with('/') {
                assert_eq!(page.status, StatusCode::SEE_OTHER, "302 or 303, never 307");
                let url = url::Url::parse(&to).unwrap();
                assert_eq!(url.fragment(), None);
                let fields = unique(url.query_pairs().into_owned());
                return self.ended(Some(fields), page, asked_password);
            }
            page = self.browser.get(&to).await;
        }
        panic!("the pages go round in a circle");
    }

    fn ended(
        &self,
        callback: Option<BTreeMap<String, String>>,
        page: Page,
        asked_password: bool,
    ) -> Answered {
        let by_form = page.location.is_none();
        if callback.is_some() {
            assert_eq!(
                by_form,
                self.variant == Variant::FormPost,
                "the asked channel"
            );
        }
        Answered {
            callback,
            page,
            asked_password,
        }
    }

    /// Fills the form of a page of ours: login, code, or consent.
    async fn filled(&self, page: &Page) -> Option<(Page, bool)> {
        let csrf = || page.hidden("csrf");
        if page.text.contains("action=\"/login\"") {
            let before = self.house.last_code();
            let form = [
                ("csrf", &*csrf()),
                ("email", &*self.house.login_address),
                ("password", PASSWORD),
            ];
            let next = self.browser.post("/login", &form).await;
            let code_page = self.browser.get(next.location()).await;
            let code = self.house.code_but(&before).await;
            let form = [("csrf", &*code_page.hidden("csrf")), ("code", &*code)];
            return Some((self.browser.post("/login/code", &form).await, true));
        }
        if page.text.contains("action=\"/consent\"") {
            let form = [
                ("csrf", &*csrf()),
                ("decision", "allow"),
                ("scope", "offline_access"),
            ];
            return Some((self.browser.post("/consent", &form).await, false));
        }
        None
    }

    pub async fn token(&self, client: &Registered, form: &[(&str, &str)]) -> Response {
        let url = self.house.url("/oauth2/token");
        let mut form = form.to_vec();
        if client.post {
            form.push(("client_id", &client.id));
            form.push(("client_secret", &client.secret));
            return self.http.post(url).form(&form).send().await.unwrap();
        }
        let encode =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self.http.post(url);
        let request = request.basic_auth(encode(&client.id), Some(encode(&client.secret)));
        request.form(&form).send().await.unwrap()
    }

    pub async fn redeem(&self, client: &Registered, code: &str) -> Response {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &client.redirect_uri),
        ];
        self.token(client, &form).await
    }

    pub async fn userinfo(&self, token: &str) -> Response {
        let url = self.house.url("/oauth2/userinfo");
        self.http.get(url).bearer_auth(token).send().await.unwrap()
    }

    /// The whole of section 3: authorization, callback, tokens, ID token, userinfo, each checked.
    pub async fn journey(&self, client: &Registered, changes: &[(&str, &str)]) -> Journey {
        let answered = self.authorize(client, changes).await;
        self.journey_from(client, changes, answered).await
    }

    pub async fn journey_from(
        &self,
        client: &Registered,
        changes: &[(&str, &str)],
        answered: Answered,
    ) -> Journey {
        let request = self.request(client, changes);
        let sent = |name: &str| {
            let found = request.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        checks::callback(&answered, sent("state"), &self.house.issuer);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", answered.code()),
            ("redirect_uri", &client.redirect_uri),
        ];
        if sent("code_challenge").is_some() {
            form.push(("code_verifier", VERIFIER));
        }
        let answer = self.token(client, &form).await;
        let tokens = checks::token_answer(answer).await;
        let keys = checks::jwks(&self.house).await;
        let id_token = checks::id_token(
            tokens["id_token"].as_str().expect("an ID token"),
            &keys,
            &checks::Expected {
                issuer: &self.house.issuer,
                audience: &client.id,
                nonce: sent("nonce"),
                access_token: tokens["access_token"].as_str(),
                now: now(&self.house),
            },
        );
        let answer = self
            .userinfo(tokens["access_token"].as_str().unwrap())
            .await;
        let userinfo = checks::userinfo(answer, &id_token).await;
        Journey {
            answered,
            tokens,
            id_token,
            userinfo,
        }
    }
}

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub fn now(house: &TestHouse) -> i64 {
    use sekisho_model::Clock as _;
    house.clock.now().seconds()
}

impl Registered {
    pub async fn of(house: &TestHouse, settings: Value) -> Self {
        let (client, secret) = house.client(settings).await;
        Self {
            id: client.client_id.to_string(),
            secret,
            redirect_uri: client.redirect_uris.first().cloned().unwrap_or_default(),
            post: client.token_endpoint_auth_method.name() == "client_secret_post",
        }
    }
}

pub fn encoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn unique(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs {
        let before = map.insert(name.clone(), value);
        assert_eq!(before, None, "{name} stands twice");
    }
    map
}

/// The fields of a page that posts an answer to an app, as a browser without scripts sends them.
fn posted(page: &Page) -> Option<BTreeMap<String, String>> {
    let form = page
        .text
        .split("<form ")
        .find(|form| form.contains("action=\"https:"))?;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(form.starts_with("method=\"post\"") && !form.contains("enctype"));
    let form = form.split("</form>").next().unwrap();
    let value = |field: &str, name: &str| {
        let rest = field.split(&format!("{name}=\"")).nth(1)?;
        Some(unescaped(rest.split('"').next()?))
    };
    let action = value(form, "action").unwrap();
    assert!(action.starts_with(CALLBACK), "{action}");
    let fields = form.split("<input ").skip(1);
    Some(unique(fields.map(|field| {
        assert!(field.contains("type=\"hidden\""));
        (
            value(field, "name").unwrap(),
            value(field, "value").unwrap(),
        )
    })))
}

fn unescaped(text: &str) -> String {
    [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The suite's person has every standard claim.
async fn give_all_claims(house: &mut TestHouse) {
    let (login, code) = (
        format!("all-{}", house.login_address),
        format!("all-{}", house.code_address),
    );
    let claims = json!({
        "name": "三浦 晴香", "given_name": "晴香", "family_name": "三浦", "middle_name": "M",
        "nickname": "はる", "preferred_username": "haruka", "profile": "https://haruka.example/",
        "picture": "https://haruka.example/p.png", "website": "https://haruka.example/w",
        "gender": "female", "birthdate": "1990-02-03", "zoneinfo": "Asia/Tokyo", "locale": "ja-JP",
        "updated_at": 1_700_000_000, "phone_number": "+81 90 1234 5678", "phone_number_verified": true,
        "address": {"formatted": "1-1 Chiyoda, Tokyo", "country": "JP", "postal_code": "100-0001"},
    });
    let account = NewAccount {
        login_address: EmailAddress::parse(&login).unwrap(),
        code_address: Some(EmailAddress::parse(&code).unwrap()),
        password: PASSWORD.to_owned().into(),
        claims: claims.as_object().unwrap().clone(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    let made = provider.create_account(account, &Origin::default()).await;
    house.user = made.unwrap().unwrap();
    house.login_address = login;
    house.code_address = code;
}
