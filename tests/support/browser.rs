use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::Jar;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode};
use sekisho_model::ManualClock;

use super::house::{PASSWORD, TestHouse};

/// A person's browser without JavaScript: keeps cookies, follows links by hand, fills forms.
#[derive(Clone)]
pub struct Browser {
    pub http: Client,
    pub base: String,
    jar: Arc<Jar>,
    clock: Arc<ManualClock>,
}

/// How long a person looks at a page before deciding something there (CON-06).
const A_LOOK: Duration = Duration::from_millis(500);

/// A page that was answered.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: StatusCode,
    pub location: Option<String>,
    pub text: String,
    pub headers: reqwest::header::HeaderMap,
}

impl Page {
    async fn of(response: Response) -> Self {
        Self {
            status: response.status(),
            location: response
                .headers()
                .get("location")
                .map(|l| l.to_str().unwrap().to_owned()),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let rest = self
            .text
            .split(&marker)
            .nth(1)
            .unwrap_or_else(|| panic!("no {name} in {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    /// The tally of a code page: its mail shows the same.
    pub fn tally(&self) -> Option<String> {
        let rest = self.text.split("<span class=\"word\">").nth(1)?;
        rest.split('<').next().map(str::to_owned)
    }

    pub fn location(&self) -> &str {
        self.location
            .as_deref()
            .unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.text))
    }

    /// A parameter of the address of the app this page redirects to; nothing if it stays with us.
    pub fn answer(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(self.location()).ok()?;
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The same of a page that may not redirect at all.
    pub fn answer_if_any(&self, name: &str) -> Option<String> {
        self.location.as_ref()?;
        self.answer(name)
    }

    /// What a person reads: tokens of forms and ids of flows differ from page to page.
    pub fn words(&self) -> String {
        let mut words = String::new();
        let mut inside = false;
        for c in self.text.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => words.push(c),
                _ => {}
            }
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Browser {
    pub fn new(house: &TestHouse) -> Self {
        Self::over(house, Client::builder())
    }

    /// A browser whose proxy says that it comes from there; the house must trust the proxy.
    pub fn from_address(house: &TestHouse, ip: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_str(ip).unwrap());
        Self::over(house, Client::builder().default_headers(headers))
    }

    /// The same browser with all its cookies, at another address.
    pub fn now_from(&self, house: &TestHouse, ip: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_str(ip).unwrap());
        let connections = Client::builder().default_headers(headers);
        Self::keeping(Arc::clone(&self.jar), house, connections)
    }

    /// A browser that trusts other authorities, for instance.
    pub fn over(house: &TestHouse, connections: ClientBuilder) -> Self {
        Self::keeping(Arc::new(Jar::default()), house, connections)
    }

    fn keeping(jar: Arc<Jar>, house: &TestHouse, connections: ClientBuilder) -> Self {
        let http = connections
            .cookie_provider(Arc::clone(&jar))
            .redirect(Policy::none())
            .user_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/152.0 Safari/537.36")
            .build()
            .unwrap();
        Self {
            http,
            base: house.issuer.clone(),
            jar,
            clock: Arc::clone(&house.clock),
        }
    }

    /// The same kind of browser with nothing in it, under another name.
    #[must_use]
    pub fn called(self, user_agent: &str) -> Self {
        let jar = Arc::new(Jar::default());
        let http = Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .redirect(Policy::none())
            .user_agent(user_agent)
            .build()
            .unwrap();
        Self { http, jar, ..self }
    }

    /// The cookies this browser would send to the house, for another node of it.
    pub fn cookies(&self, house: &TestHouse) -> reqwest::header::HeaderValue {
        use reqwest::cookie::CookieStore as _;
        self.jar.cookies(&house.issuer.parse().unwrap()).unwrap()
    }

    /// With a cookie of another browser: `cookies` are all of that one, `what` is the last part of its name.
    #[must_use]
    pub fn holding(
        self,
        house: &TestHouse,
        cookies: &reqwest::header::HeaderValue,
        what: &str,
    ) -> Self {
        let all = cookies.to_str().unwrap().split("; ");
        let wanted = all.into_iter().find(|cookie| {
            let name = cookie.split('=').next().unwrap();
            name.ends_with(what)
        });
        self.jar
            .add_cookie_str(wanted.expect(what), &house.issuer.parse().unwrap());
        self
    }

    fn full(&self, path: &str) -> String {
        if path.starts_with('/') {
            format!("{}{path}", self.base)
        } else {
            path.to_owned()
        }
    }

    pub async fn get(&self, path: &str) -> Page {
        let request = self
            .http
            .get(self.full(path))
            .header("accept-language", "en");
        Page::of(request.send().await.unwrap()).await
    }

    /// The same with further headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let mut request = self.http.get(self.full(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Page::of(request.send().await.unwrap()).await
    }

    /// For many at once, each with a browser of its own.
    pub async fn get_owned(self, path: String) -> Page {
        self.get(&path).await
    }

    /// Sends a form, as a person does: what is decided was looked at before. Where the answer only leads to what
    /// there is to say about it, that page.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let decides = form.iter().any(|(name, _)| *name == "decision");
        if decides && matches!(path, "/consent" | "/device") {
            self.clock.advance(A_LOOK);
        }
        let page = self.post_once(path, form).await;
        match page.location.as_deref() {
            Some(next) if next.starts_with('/') && next.contains("said=") => self.get(next).await,
            _ => page,
        }
    }

    /// Sends a form at once and stays at the first answer.
    pub async fn post_once(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self
            .http
            .post(self.full(path))
            .header("accept-language", "en")
            .header("origin", &self.base);
        Page::of(request.form(form).send().await.unwrap()).await
    }

    /// The same from another address, as the proxy says.
    pub async fn post_from(&self, ip: &str, path: &str, form: &[(&str, &str)]) -> Page {
        let request = self
            .http
            .post(self.full(path))
            .header("accept-language", "en")
            .header("x-forwarded-for", ip)
            .header("origin", &self.base);
        Page::of(request.form(form).send().await.unwrap()).await
    }

    /// Opens an authorization request and types address and password; ends on the code page.
    pub async fn password(&self, house: &TestHouse, start: &str) -> Page {
        let to_login = self.get(start).await;
        let login = self.get(to_login.location()).await;
        let form = [
            ("csrf", &*login.hidden("csrf")),
            ("email", &*house.login_address),
            ("password", PASSWORD),
        ];
        let sent = self.post("/login", &form).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.words());
        self.get(sent.location()).await
    }

    /// The whole sign-in; ends where the code page leads.
    pub async fn sign_in(&self, house: &TestHouse, start: &str) -> Page {
        let before = house.last_code();
        let page = self.password(house, start).await;
        let code = match page.tally() {
            Some(tally) => house.code_beside(&tally).await,
            None => house.code_but(&before).await,
        };
        self.post(
            "/login/code",
            &[("csrf", &page.hidden("csrf")), ("code", &code)],
        )
        .await
    }

    /// From the page that says what a recovery code was used for, on to the app.
    pub async fn after_recovery_code(&self, used: &Page) -> Page {
        let told = self.get(used.location()).await;
        let form = [("csrf", &*told.hidden("csrf"))];
        self.post("/login/recovery/used", &form).await
    }

    /// Allows on the consent page that `to_consent` leads to.
    pub async fn allow(&self, to_consent: &Page) -> Page {
        assert!(
            to_consent.location().starts_with("/consent"),
            "{}",
            to_consent.location()
        );
        let page = self.get(to_consent.location()).await;
        let form = [
            ("csrf", &*page.hidden("csrf")),
            ("decision", "allow"),
            ("scope", "offline_access"),
        ];
        self.post("/consent", &form).await
    }
}

impl TestHouse {
    /// The newest code so far, or nothing.
    pub fn last_code(&self) -> String {
        self.codes_so_far().into_iter().next().unwrap_or_default()
    }
}
