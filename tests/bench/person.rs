//! A person with a browser, and the app they sign in to: the whole login, as it really goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::generator::Visitor;
use crate::mailbox::Mailbox;
use crate::seed::{App, PASSWORD, REDIRECT_URI};
use crate::wire::{Answer, Connection, request, with_body};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// People who take turns at one connection, each with a browser of their own that the server knows
/// from the second time on.
pub struct People {
    pub connection: Connection,
    pub host: String,
    pub app: App,
    pub mailbox: Mailbox,
    /// Who signs in here, in turn, and the cookies their browsers kept.
    pub names: Arc<Vec<String>>,
    pub from: usize,
    pub step: usize,
    pub kept: BTreeMap<String, String>,
}

/// What the app got in the end.
#[derive(Debug, Default)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

/// What a browser keeps.
pub type Cookies = BTreeMap<String, String>;

/// A browser's part in one login.
pub struct Browser<'a> {
    connection: &'a mut Connection,
    host: &'a str,
    cookies: BTreeMap<String, String>,
}

/// A page that was answered.
pub struct Page {
    pub status: u16,
    pub location: String,
    pub text: String,
    /// Seconds to wait before asking again, if it says so.
    pub retry: Option<u64>,
}

impl Visitor for People {
    async fn act(&mut self) -> Result<(), String> {
        self.sign_in().await.map(|_tokens| ())
    }
}

impl People {
    /// The next person signs in, up to the tokens.
    pub async fn sign_in(&mut self) -> Result<Tokens, String> {
        let name = self.names[self.from % self.names.len()].clone();
        self.from += self.step;
        let mark = self.kept.remove(&name);
        let mut browser = Browser {
            connection: &mut self.connection,
            host: &self.host,
            cookies: mark
                .into_iter()
                .map(|mark| (MARK.to_owned(), mark))
                .collect(),
        };
        let back = browser.walk(&name, &self.app, &self.mailbox).await?;
        if let Some(mark) = browser.cookies.remove(MARK) {
            self.kept.insert(name, mark);
        }
        let code = query(&back, "code").ok_or_else(|| format!("no code in {back}"))?;
        redeem(&mut self.connection, &self.host, &self.app, &code).await
    }
}

/// The cookie that marks a browser as known.
const MARK: &str = "sekisho_browser";

impl<'a> Browser<'a> {
    /// A browser that was never here.
    pub fn new(connection: &'a mut Connection, host: &'a str) -> Self {
        Self {
            connection,
            host,
            cookies: Cookies::new(),
        }
    }

    /// A browser that kept these.
    pub fn with(connection: &'a mut Connection, host: &'a str, cookies: Cookies) -> Self {
        Self {
            connection,
            host,
            cookies,
        }
    }

    /// What it keeps.
    pub fn into_cookies(self) -> Cookies {
        self.cookies
    }
}

impl Browser<'_> {
    /// As after a while without a request.
    pub async fn connect_again(&mut self) -> Result<(), String> {
        *self.connection = Connection::open(self.host).await?;
        Ok(())
    }

    /// From the app's link to the answer that goes back to it.
    async fn walk(&mut self, name: &str, app: &App, mailbox: &Mailbox) -> Result<String, String> {
        let sent = self.offer_password(name, app).await?;
        let code_address = format!("code-{name}");
        self.give_code(sent, &code_address, mailbox).await?.answer()
    }

    /// On from the answer to the password: through the code page, if it leads there.
    pub async fn give_code(
        &mut self,
        sent: Page,
        code_address: &str,
        mailbox: &Mailbox,
    ) -> Result<Page, String> {
        if !sent.location.starts_with("/login/code") {
            return Ok(sent);
        }
        let page = self.get(&sent.location).await?;
        let csrf = page.hidden("csrf")?;
        let code = mailbox.code(code_address).await?;
        let form = [("csrf", &*csrf), ("code", &*code)];
        self.post("/login/code", &form).await
    }

    /// From the app's link to the answer to the password.
    pub async fn offer_password(&mut self, name: &str, app: &App) -> Result<Page, String> {
        let login = self.get(&start(app)).await?;
        let page = self.get(&login.location).await?;
        let csrf = page.hidden("csrf")?;
        let form = [("csrf", &*csrf), ("email", name), ("password", PASSWORD)];
        self.post("/login", &form).await
    }

    pub async fn get(&mut self, path: &str) -> Result<Page, String> {
        let cookies = self.cookie_line();
        let bytes = request("GET", self.host, path, &[("cookie", &cookies)]);
        self.send(&bytes).await
    }

    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Result<Page, String> {
        let (cookies, origin) = (self.cookie_line(), format!("http://{}", self.host));
        let headers = [("cookie", &*cookies), ("origin", &*origin)];
        let bytes = with_body("POST", self.host, path, &headers, &encoded(form));
        self.send(&bytes).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<Page, String> {
        let answer = self.connection.ask(bytes).await?;
        for cookie in answer.headers("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Page::of(&answer))
    }

    fn cookie_line(&self) -> String {
        let pairs = self.cookies.iter().filter(|(_, value)| !value.is_empty());
        let texts: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        texts.join("; ")
    }
}

impl Page {
    fn of(answer: &Answer<'_>) -> Self {
        Self {
            status: answer.status,
            location: answer
                .headers("location")
                .next()
                .unwrap_or_default()
                .to_owned(),
            text: answer.text(),
            retry: answer
                .headers("retry-after")
                .find_map(|seconds| seconds.parse().ok()),
        }
    }

    /// What a person reads, for messages about pages that should have been others.
    pub fn words(&self) -> String {
        let body = self.text.split("<body").nth(1).unwrap_or(&self.text);
        let mut words = String::new();
        for part in body.split('<').skip(1) {
            words.push_str(part.split_once('>').map_or("", |(_, text)| text));
            words.push(' ');
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn hidden(&self, name: &str) -> Result<String, String> {
        let marker = format!("name=\"{name}\" value=\"");
        let rest = self.text.split(&marker).nth(1);
        let value = rest.and_then(|rest| rest.split('"').next());
        value
            .map(str::to_owned)
            .ok_or_else(|| format!("{}: no {name} in {}", self.status, self.words()))
    }

    /// The address of the app that it leads back to.
    pub fn answer(self) -> Result<String, String> {
        if self.location.starts_with(REDIRECT_URI) {
            Ok(self.location)
        } else {
            Err(format!(
                "{} {} {}",
                self.status,
                self.location,
                self.words()
            ))
        }
    }
}

/// The app's link to the authorization endpoint.
pub fn start(app: &App) -> String {
    let query = encoded(&[
        ("client_id", &app.id),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "a-state"),
        ("nonce", "a-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    format!("/oauth2/authorize?{query}")
}

async fn redeem(
    connection: &mut Connection,
    host: &str,
    app: &App,
    code: &str,
) -> Result<Tokens, String> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    let bytes = token_request(host, app, &form);
    tokens(&connection.ask(&bytes).await?)
}

/// A request to the token endpoint, with the client's proof where it belongs.
pub fn token_request(host: &str, app: &App, form: &[(&str, &str)]) -> Vec<u8> {
    let mut form = form.to_vec();
    let proof = app.authorization();
    let headers: Vec<(&str, &str)> = proof.iter().map(|p| ("authorization", &**p)).collect();
    if proof.is_none() {
        form.push(("client_id", &app.id));
    }
    with_body("POST", host, "/oauth2/token", &headers, &encoded(&form))
}

/// The tokens in an answer of the token endpoint.
pub fn tokens(answer: &Answer<'_>) -> Result<Tokens, String> {
    let value: Value = serde_json::from_slice(answer.body).map_err(|error| error.to_string())?;
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    if answer.status == 200 {
        Ok(Tokens {
            access: text("access_token"),
            refresh: text("refresh_token"),
        })
    } else {
        Err(format!("{}: {value}", answer.status))
    }
}

pub fn encoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

fn query(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
