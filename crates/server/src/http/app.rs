//! What every handler works with, and what it reads of a request.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, HeaderMap, HeaderName, ORIGIN, USER_AGENT,
};
use actix_web::{HttpMessage as _, HttpRequest};
use ipnet::IpNet;
use sekisho_audit::clean_user_agent;
use sekisho_mail::Catcher;
use sekisho_model::{ClientSecret, Digest, Entropy, Locale, Origin, PreAuthToken, SessionToken};
use sekisho_provider::Provider;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;

use super::brand::HouseLook;
use super::client_ip::ClientIp;
use super::cookies::{BrowserMarks, Cookies, Use};
use super::csp_reports::ReportLog;
use super::csrf;
use super::locale::Wishes;
use super::pages::{DevClient, DevUser};

/// The state of the HTTP layer. One for each process.
pub struct App {
    /// The services.
    pub provider: Arc<Provider>,
    /// How cookies are written.
    pub cookies: Cookies,
    /// Key of form tokens.
    pub csrf_key: Digest,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether their `Client-Cert` is believed too.
    pub client_certificate_header: bool,
    /// Another origin of ours, for apps with certificates only.
    pub mtls_origin: Option<String>,
    /// Our own origin, as browsers write it.
    pub origin: String,
    /// Whether the issuer is https.
    pub https: bool,
    /// Language of people who say none.
    pub default_locale: Locale,
    /// Time zone of pages before sign-in.
    pub default_zone: String,
    /// The address our mails come from, as pages name it.
    pub mail_from: String,
    /// Name on the plaque.
    pub service_name: String,
    /// How the service looks.
    pub house: Arc<HouseLook>,
    /// Where people turn with questions.
    pub contact: Option<String>,
    /// Where holes are reported.
    pub security_contact: Option<String>,
    /// Randomness for references.
    pub entropy: Arc<dyn Entropy>,
    /// The discovery document while nothing is switched off, written once.
    pub discovery: Vec<u8>,
    /// NET-10: how long a request may take.
    pub longest: Duration,
    /// When reports of browsers were last logged.
    pub csp_reports: ReportLog,
    /// What only the dev mode has.
    pub dev: Option<Dev>,
}

/// What only the dev mode has.
#[derive(Debug, Clone)]
pub struct Dev {
    /// Mails that were "sent".
    pub catcher: Catcher,
    /// The demo client of the playground.
    pub playground: Playground,
    /// Users of the dev data, for the first page.
    pub users: Vec<DevUser>,
    /// Clients of the dev data, for the first page.
    pub clients: Vec<DevClient>,
}

/// The demo client that lives in this process.
#[derive(Debug, Clone)]
pub struct Playground {
    /// Its id.
    pub client_id: String,
    /// Its name.
    pub name: String,
    /// Its secret, made anew at each start and never stored but as a digest.
    pub secret: Arc<ClientSecret>,
    /// Where its answers go.
    pub redirect_uri: String,
}

/// The id of a request, in logs, events and the answer's header.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl App {
    /// A reference people can quote: `SK-XXXX-XXXX` in Crockford base 32 (`ux.md` 5.6).
    pub fn new_reference(&self) -> String {
        const ALPHABET: [char; 32] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G',
            'H', 'J', 'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
        ];
        let bytes = self.entropy.bytes::<8>();
        let mut reference = String::from("SK-");
        for (at, byte) in bytes.into_iter().enumerate() {
            if at == 4 {
                reference.push('-');
            }
            reference.extend(ALPHABET.get(usize::from(byte % 32)));
        }
        reference
    }

    /// The reference of this request: what its answer, its events, the log and its error page carry.
    pub fn reference(&self, request: &HttpRequest) -> String {
        let given = request.extensions().get::<RequestId>().cloned();
        given.map_or_else(|| self.new_reference(), |id| id.0)
    }

    /// Where a request comes from.
    pub fn origin_of(&self, request: &HttpRequest) -> Origin {
        let ip = ClientIp::of_request(request, &self.trusted_proxies);
        if ip.malformed {
            tracing::warn!("a trusted proxy sent an unreadable X-Forwarded-For");
        }
        Origin {
            ip: ip.ip.to_string(),
            user_agent: clean_user_agent(header(request, &USER_AGENT).unwrap_or_default()),
            request_id: request
                .extensions()
                .get::<RequestId>()
                .map(|id| id.0.clone())
                .unwrap_or_default(),
        }
    }

    /// What a browser presents.
    pub fn visit(&self, request: &HttpRequest) -> Visit {
        let read = |cookie| self.cookies.read(cookie, request.headers()).value();
        Visit {
            session: read(Use::Session).and_then(|value| SessionToken::presented(&value)),
            pre_auth: read(Use::PreAuth).and_then(|value| PreAuthToken::presented(&value)),
            browsers: read(Use::Browser)
                .map(|value| BrowserMarks::read(&value).into_tokens())
                .unwrap_or_default(),
            origin: self.origin_of(request),
            locale: self.wishes(request, None).answer(),
        }
    }

    /// The same on pages that speak the saved language of whoever is signed in (ux 5.1). Who cannot be looked up
    /// counts as nobody here: the page itself finds out.
    pub async fn visit_of_person(&self, request: &HttpRequest) -> Visit {
        let mut visit = self.visit(request);
        if let Ok(Some(live)) = self.provider.live_session(&visit).await {
            visit.locale = self.locale(request, live.user.chosen_locale());
        }
        visit
    }

    /// The language of a page; a signed-in person's own choice comes before cookie and header.
    pub fn locale(&self, request: &HttpRequest, account: Option<Locale>) -> Locale {
        self.wishes(request, account).answer()
    }

    fn wishes(&self, request: &HttpRequest, account: Option<Locale>) -> Answered {
        self.wishes_in(request.query_string(), request.headers(), account)
    }

    /// The language of a page, by what is left of a request.
    pub(super) fn locale_in(&self, query: &str, headers: &HeaderMap) -> Locale {
        self.wishes_in(query, headers, None).answer()
    }

    fn wishes_in(&self, query: &str, headers: &HeaderMap, account: Option<Locale>) -> Answered {
        let query = Parameters::decode(query.as_bytes());
        let accepted = headers.get(ACCEPT_LANGUAGE);
        Answered {
            ui_locales: query.first("ui_locales").map(str::to_owned),
            account,
            cookie: self.cookies.read(Use::Language, headers).value(),
            accept_language: accepted.and_then(|v| v.to_str().ok()).map(str::to_owned),
            server: self.default_locale,
        }
    }

    /// A form token of this browser; `handle` comes back from [`App::checked`].
    pub fn form_token(&self, visit: &Visit, handle: &str, purpose: &str) -> String {
        csrf::issue(&self.csrf_key, handle, binding(visit, purpose), purpose)
    }

    /// The form token of a decision, which does not count at once (CON-06).
    pub fn decision_token(&self, visit: &Visit, handle: &str, purpose: &str) -> String {
        let dated = csrf::dated(handle, self.provider.now());
        self.form_token(visit, &dated, purpose)
    }

    /// The handle of a decision that [`App::checked`] gave back, and whether its page was there long enough.
    pub fn looked_at<'h>(&self, handle: &'h str) -> (&'h str, bool) {
        csrf::undated(handle, self.provider.now())
    }

    /// Whether the browser says that the request comes from a page of ours.
    pub fn from_our_page(&self, request: &HttpRequest) -> bool {
        let fetch_site = header(request, &HeaderName::from_static("sec-fetch-site"));
        csrf::is_same_origin(header(request, &ORIGIN), fetch_site, &self.origin)
    }

    /// The handle of a posted form, if the form is ours, for this browser and purpose, and was sent
    /// from a page of ours (WEB-01).
    pub fn checked(
        &self,
        request: &HttpRequest,
        visit: &Visit,
        form: &Parameters,
        purpose: &str,
    ) -> Option<String> {
        if !self.from_our_page(request) {
            return None;
        }
        csrf::check(
            &self.csrf_key,
            form.first("csrf")?,
            binding(visit, purpose),
            purpose,
        )
    }
}

struct Answered {
    ui_locales: Option<String>,
    account: Option<Locale>,
    cookie: Option<String>,
    accept_language: Option<String>,
    server: Locale,
}

impl Answered {
    fn answer(&self) -> Locale {
        Wishes {
            ui_locales: self.ui_locales.as_deref(),
            account: self.account,
            cookie: self.cookie.as_deref(),
            accept_language: self.accept_language.as_deref(),
            server: self.server,
        }
        .answer()
    }
}

/// Forms before and during sign-in hang on the pre-auth cookie, the others on the session.
fn binding<'a>(visit: &'a Visit, purpose: &str) -> &'a str {
    let pre_auth = || visit.pre_auth.as_ref().map_or("", PreAuthToken::reveal);
    if PRE_AUTH_FORMS.contains(&purpose) {
        return pre_auth();
    }
    visit.session.as_ref().map_or("", SessionToken::reveal)
}

/// Purposes of forms that a browser without a session sends.
const PRE_AUTH_FORMS: [&str; 23] = [
    "login",
    "code",
    "consent",
    "forgot",
    "let-in",
    "reset",
    "new-password",
    "recovery",
    "recovery-used",
    "register",
    "register-proof",
    "register-details",
    "register-code-address",
    "first-code-address-proof",
    "register-done",
    "undo-address",
    "not-me",
    "lost-factor",
    "keep-factor",
    "set-up",
    "set-up-mailbox",
    "set-up-confirm",
    "keep-address",
];

/// One header's text; `None` if it is absent or not text.
pub fn header<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// The `Authorization` header; several are no better than a wrong one.
pub fn authorization(request: &HttpRequest) -> Option<&str> {
    let mut all = request.headers().get_all(AUTHORIZATION);
    let first = all.next()?.to_str().unwrap_or("malformed");
    Some(if all.next().is_some() {
        "malformed"
    } else {
        first
    })
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({})", self.origin)
    }
}
