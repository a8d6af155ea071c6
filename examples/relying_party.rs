//! A complete third-party app: people sign in with Sekisho and see what the app learns about them.
//!
//! ```text
//! cargo run -- dev                                                   # first terminal; prints the secret
//! CLIENT_SECRET=… cargo run --example relying_party                  # second terminal
//! ```
//!
//! Open <http://127.0.0.1:8090/>. The defaults fit the client `demo-app` of the dev mode. Others come from
//! the environment: `ISSUER`, `CLIENT_ID`, `CLIENT_SECRET`, `LISTEN` (address and port), `BASE_URL` (where
//! browsers find this app). The client needs the redirect URI `BASE_URL/callback` and the post-logout
//! redirect URI `BASE_URL/`.
//!
//! Nothing here is special to Sekisho: it works with any OpenID provider that has discovery.
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own: it reads the environment and the clock itself"
)]

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Query, get, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError};
use openidconnect::SignatureVerificationError::NoMatchingKey;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EndSessionUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpClientError, IssuerUrl,
    LogoutRequest, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Also keeps this app's cookie apart from the provider's: cookies do not know ports.
const COOKIE: &str = "demo_app_session";
/// How long a visitor may take to sign in, and then stays signed in.
const VISIT: Duration = Duration::from_secs(3600);
/// How long the provider's metadata and keys are kept. Keys rotate: do not keep them for good.
const FRESH: Duration = Duration::from_secs(300);
/// How soon they are read again when a token names a key that is not among them.
const PAUSE: Duration = Duration::from_secs(10);

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = setting("LISTEN", "127.0.0.1:8090");
    let base = setting("BASE_URL", &format!("http://{listen}"));
    let site = Data::new(Site::new(&base)?);
    println!("Open {base}/");
    HttpServer::new(move || {
        App::new()
            .app_data(site.clone())
            .route("/", get().to(home))
            .route("/login", get().to(login))
            .route("/callback", get().to(callback))
            .route("/logout", post().to(logout))
    })
    .workers(1)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_unset| default.to_owned())
}

/// Step 1: sends the browser to the provider, and remembers what the answer must fit.
async fn login(site: Data<Site>) -> Result<HttpResponse, Problem> {
    let provider = site.provider(FRESH).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = provider
        .client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(["profile", "email"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let session = site.remember(Visitor::Leaving(Leaving {
        state,
        nonce,
        verifier,
    }));
    Ok(see_other(url.as_str(), Some(site.cookie(session))))
}

/// What the provider sends back: a code or an error (RFC 6749 §4.1.2), and who it is (RFC 9207).
#[derive(Deserialize)]
struct Answer {
    code: Option<String>,
    error: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// Step 2: the browser is back. The answer counts once, in the browser that asked, from the right issuer.
async fn callback(
    site: Data<Site>,
    request: HttpRequest,
    answer: Query<Answer>,
) -> Result<HttpResponse, Problem> {
    let answer = answer.into_inner();
    let Some(Visitor::Leaving(leaving)) = site.forget(&request) else {
        return Err(Problem::refused(
            "No sign-in was under way in this browser.",
        ));
    };
    if answer.state.as_ref() != Some(leaving.state.secret()) {
        return Err(Problem::refused("This answer belongs to another sign-in."));
    }
    if answer.iss.as_deref() != Some(site.issuer.as_str()) {
        return Err(Problem::refused("This answer comes from someone else."));
    }
    let Some(code) = answer.code else {
        let error = answer.error.unwrap_or_default();
        return Err(Problem::refused(&format!("Not signed in: {error}")));
    };
    let signed_in = site.redeem(AuthorizationCode::new(code), leaving).await?;
    // A new session id: one that was planted before the sign-in is worth nothing after it.
    let session = site.remember(Visitor::SignedIn(Box::new(signed_in)));
    Ok(see_other("/", Some(site.cookie(session))))
}

impl Site {
    /// Step 3: code for tokens, server to server. Nothing is believed before it is verified.
    async fn redeem(&self, code: AuthorizationCode, leaving: Leaving) -> Result<SignedIn, Problem> {
        let mut provider = self.provider(FRESH).await?;
        let http = |request| send(self.web.clone(), request);
        let tokens = provider
            .client
            .exchange_code(code)
            .map_err(Problem::upstream)?
            .set_pkce_verifier(leaving.verifier)
            .request_async(&http)
            .await
            .map_err(Problem::upstream)?;
        let id_token = tokens
            .id_token()
            .ok_or_else(|| Problem::refused("There is no ID token."))?;
        // Signature, issuer, audience, expiry and nonce (OpenID Connect Core §3.1.3.7).
        let mut verified = id_token.claims(&provider.client.id_token_verifier(), &leaving.nonce);
        if let Err(ClaimsVerificationError::SignatureVerification(NoMatchingKey)) = verified {
            provider = self.provider(PAUSE).await?;
            verified = id_token.claims(&provider.client.id_token_verifier(), &leaving.nonce);
        }
        let claims = verified.map_err(Problem::upstream)?;
        if let Some(expected) = claims.access_token_hash() {
            let verifier = provider.client.id_token_verifier();
            let algorithm = id_token.signing_alg().map_err(Problem::upstream)?;
            let key = id_token.signing_key(&verifier).map_err(Problem::upstream)?;
            let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
            if hash.map_err(Problem::upstream)? != *expected {
                return Err(Problem::refused("The two tokens do not belong together."));
            }
        }
        // The library refuses userinfo about another person than the ID token's.
        let subject = claims.subject().clone();
        let userinfo = provider
            .client
            .user_info(tokens.access_token().clone(), Some(subject))
            .map_err(Problem::upstream)?
            .request_async(&http)
            .await
            .map_err(Problem::upstream)?;
        Ok(SignedIn {
            claims: claims.clone(),
            userinfo,
            id_token: id_token.clone(),
        })
    }
}

/// Ends the session here, then asks the provider to end its own (RP-Initiated Logout 1.0).
async fn logout(site: Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Some(Visitor::SignedIn(person)) = site.forget(&request) else {
        return Ok(see_other("/", None));
    };
    let provider = site.provider(FRESH).await?;
    let Some(end_session) = provider.end_session.clone() else {
        return Ok(see_other("/", None));
    };
    let url = LogoutRequest::from(end_session)
        .set_id_token_hint(&person.id_token)
        .set_client_id(site.client_id.clone())
        .set_post_logout_redirect_uri(site.home.clone())
        .http_get_url();
    Ok(see_other(url.as_str(), None))
}

async fn home(site: Data<Site>, request: HttpRequest) -> HttpResponse {
    let visitors = site.visitors();
    let visitor = session_of(&request).and_then(|session| visitors.get(&session));
    let body = match visitor {
        Some((_, Visitor::SignedIn(person))) => format!(
            "<p>You are signed in.</p>{}{}<form method=post action=/logout><button>Sign out</button></form>",
            table("ID token, verified", &person.claims),
            table("Userinfo", &person.userinfo),
        ),
        Some((_, Visitor::Leaving(_))) | None => {
            "<p><a href=/login>Sign in with Sekisho</a></p>".to_owned()
        }
    };
    page(StatusCode::OK, &body)
}

/// What the app knows: itself, the provider, and its visitors by session.
struct Site {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: ClientSecret,
    redirect: RedirectUrl,
    home: PostLogoutRedirectUrl,
    web: reqwest::Client,
    provider: tokio::sync::Mutex<Option<Arc<Provider>>>,
    visitors: Mutex<HashMap<String, (Instant, Visitor)>>,
}

struct Provider {
    client: Client,
    end_session: Option<EndSessionUrl>,
    read_at: Instant,
}

/// The type says which endpoints are known: the authorization endpoint always, token and userinfo maybe.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

enum Visitor {
    Leaving(Leaving),
    SignedIn(Box<SignedIn>),
}

struct Leaving {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

struct SignedIn {
    claims: CoreIdTokenClaims,
    userinfo: CoreUserInfoClaims,
    id_token: CoreIdToken,
}

impl Site {
    fn new(base: &str) -> Result<Self, Box<dyn Error>> {
        let secret = std::env::var("CLIENT_SECRET").map_err(
            |_unset| "CLIENT_SECRET is not set; the server shows it when the client is made",
        )?;
        // reqwest comes without a TLS backend of its own choice: this is the choice.
        let _chosen_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Ok(Self {
            issuer: IssuerUrl::new(setting("ISSUER", "http://127.0.0.1:8080"))?,
            client_id: ClientId::new(setting("CLIENT_ID", "demo-app")),
            client_secret: ClientSecret::new(secret),
            redirect: RedirectUrl::new(format!("{base}/callback"))?,
            home: PostLogoutRedirectUrl::new(format!("{base}/"))?,
            web: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(Duration::from_secs(10))
                .build()?,
            provider: tokio::sync::Mutex::default(),
            visitors: Mutex::default(),
        })
    }

    /// The provider as its discovery document describes it, its keys included.
    async fn provider(&self, not_older_than: Duration) -> Result<Arc<Provider>, Problem> {
        let mut kept = self.provider.lock().await;
        if let Some(provider) = kept
            .as_ref()
            .filter(|p| p.read_at.elapsed() < not_older_than)
        {
            return Ok(Arc::clone(provider));
        }
        let http = |request| send(self.web.clone(), request);
        let metadata = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &http)
            .await
            .map_err(Problem::upstream)?;
        let end_session = metadata.additional_metadata().end_session_endpoint.clone();
        let secret = Some(self.client_secret.clone());
        let client = Client::from_provider_metadata(metadata, self.client_id.clone(), secret)
            .set_redirect_uri(self.redirect.clone());
        let read_at = Instant::now();
        let provider = Arc::new(Provider {
            client,
            end_session,
            read_at,
        });
        *kept = Some(Arc::clone(&provider));
        Ok(provider)
    }

    fn visitors(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Visitor)>> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a visitor under a fresh session id, and forgets those whose time is over.
    fn remember(&self, visitor: Visitor) -> String {
        let session = CsrfToken::new_random_len(32).into_secret();
        let mut visitors = self.visitors();
        visitors.retain(|_, (since, _)| since.elapsed() < VISIT);
        visitors.insert(session.clone(), (Instant::now(), visitor));
        session
    }

    /// Takes the visitor of this browser out, so that each is used once.
    fn forget(&self, request: &HttpRequest) -> Option<Visitor> {
        let (since, visitor) = self.visitors().remove(&session_of(request)?)?;
        (since.elapsed() < VISIT).then_some(visitor)
    }

    fn cookie(&self, session: String) -> Cookie<'static> {
        Cookie::build(COOKIE, session)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.home.as_str().starts_with("https://"))
            .finish()
    }
}

fn session_of(request: &HttpRequest) -> Option<String> {
    request
        .cookie(COOKIE)
        .map(|cookie| cookie.value().to_owned())
}

/// Lets `openidconnect` use this app's HTTP client.
async fn send(
    web: reqwest::Client,
    request: openidconnect::HttpRequest,
) -> Result<openidconnect::HttpResponse, HttpClientError<reqwest::Error>> {
    let request = reqwest::Request::try_from(request).map_err(Box::new)?;
    let mut answer = web.execute(request).await.map_err(Box::new)?;
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let body = answer.bytes().await.map_err(Box::new)?.to_vec();
    let mut response = openidconnect::http::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Why there is no page: what the visitor reads, and what stands in the log.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    text: String,
}

impl Problem {
    fn refused(text: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: text.to_owned(),
        }
    }

    fn upstream(error: impl Error) -> Self {
        eprintln!("{error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            eprintln!("  because: {error}");
            cause = error.source();
        }
        Self {
            status: StatusCode::BAD_GATEWAY,
            text: "Signing in does not work at the moment.".to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ResponseError for Problem {
    fn error_response(&self) -> HttpResponse {
        let text = escaped(&self.text);
        page(
            self.status,
            &format!("<p>{text}</p><p><a href=/>Back</a></p>"),
        )
    }
}

fn see_other(target: &str, cookie: Option<Cookie<'static>>) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, target));
    if let Some(cookie) = cookie {
        response.cookie(cookie);
    }
    response.finish()
}

fn page(status: StatusCode, body: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("content-security-policy", "default-src 'none'"))
        .body(format!(
            "<!doctype html><html lang=en><title>Demo app</title><h1>Demo app</h1>{body}</html>"
        ))
}

fn table(title: &str, claims: &impl Serialize) -> String {
    let rows = match serde_json::to_value(claims) {
        Ok(Value::Object(claims)) => claims,
        _ => return String::new(),
    };
    let rows: String = rows
        .iter()
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("<tr><th>{}<td>{}", escaped(name), escaped(&value))
        })
        .collect();
    format!("<h2>{title}</h2><table>{rows}</table>")
}

/// Claims are written by others: never markup here.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
