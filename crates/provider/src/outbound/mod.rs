//! The one client for our own requests to the outside: client keys, sector documents, metadata
//! documents, back-channel logout (REG-10..13, NET-12). https only, no redirects, no cookies, no
//! credentials, no proxy; every address a name has is checked, and only checked ones are connected.

mod address;
mod breaker;
mod fetched;
mod reachable;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Certificate, Client, RequestBuilder, Response};
use sekisho_model::Clock;
use url::Url;

use breaker::Breaker;
use reachable::{Reachable, Unreachable};

pub use fetched::{Fetched, Limits};
pub use reachable::{AllowedHost, NotAHost};

/// What the operator decided about our own requests.
#[derive(Debug, Clone, Default)]
pub struct OutboundSettings {
    /// Hosts on private networks or other ports that may be reached (REG-20).
    pub allow: Vec<AllowedHost>,
    /// Whether this machine itself may be reached, also without TLS: while trying out.
    pub loopback: bool,
    /// Certificates (PEM) of authorities that are trusted beside those of the machine.
    pub extra_authorities: Option<Vec<u8>>,
}

/// The client cannot be made: a certificate that is none, or no trusted authority at all.
#[derive(Debug, thiserror::Error)]
#[error("outbound requests cannot be made: {0}")]
pub struct OutboundRefusal(String);

/// A request of ours got no usable answer. It says nothing more, and neither may the caller (REG-13);
/// the reason is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address could not be fetched")]
pub struct FetchRefusal;

/// Makes our own requests. Clones share everything.
#[derive(Clone)]
pub struct Outbound {
    http: Client,
    reachable: Arc<Reachable>,
    breakers: Cache<String, Arc<Mutex<Breaker>>>,
    clock: Arc<dyn Clock>,
}

const CONNECT: Duration = Duration::from_secs(3);
const TOTAL: Duration = Duration::from_secs(5);

/// Hosts whose failures are remembered.
const HOSTS: u64 = 10_000;

/// Why a request failed. For logs only.
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{0}")]
    Target(#[from] Unreachable),
    #[error("it failed too often of late")]
    LeftAlone,
    #[error("no answer: {0}")]
    Transport(#[from] reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("not of the kind that was asked for")]
    ContentType,
    #[error("too long")]
    Length,
}

impl Outbound {
    /// A client that goes where `settings` allow. A rustls crypto provider must be installed.
    pub fn new(settings: OutboundSettings, clock: Arc<dyn Clock>) -> Result<Self, OutboundRefusal> {
        let refused = |error: reqwest::Error| OutboundRefusal(error.to_string());
        let OutboundSettings {
            allow: listed,
            loopback,
            extra_authorities,
        } = settings;
        let extra = match &extra_authorities {
            Some(pem) => Certificate::from_pem_bundle(pem).map_err(refused)?,
            None => Vec::new(),
        };
        let reachable = Arc::new(Reachable { listed, loopback });
        let http = Client::builder()
            .dns_resolver(CheckedNames(Arc::clone(&reachable)))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            // A connection is not kept: the next request checks the addresses again.
            .pool_max_idle_per_host(0)
            .user_agent("Sekisho")
            .tls_certs_merge(extra)
            .build()
            .map_err(refused)?;
        Ok(Self {
            http,
            reachable,
            breakers: Cache::new(HOSTS),
            clock,
        })
    }

    /// Gets a JSON document.
    pub async fn get_json(&self, url: &str, limits: Limits) -> Result<Fetched, FetchRefusal> {
        self.get(url, limits, "application/json", fetched::json_type)
            .await
    }

    /// Gets a PNG picture.
    pub async fn get_picture(&self, url: &str, limits: Limits) -> Result<Vec<u8>, FetchRefusal> {
        let kind = |headers: &HeaderMap| {
            let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
            kind.eq_ignore_ascii_case("image/png")
                .then(|| kind.to_owned())
        };
        let fetched = self.get(url, limits, "image/png", kind).await?;
        Ok(fetched.body)
    }

    async fn get(
        &self,
        url: &str,
        limits: Limits,
        accept: &'static str,
        kind: impl Fn(&HeaderMap) -> Option<String>,
    ) -> Result<Fetched, FetchRefusal> {
        let work = async |http: &Client, target: Url| {
            let request = http.get(target).header(ACCEPT, accept);
            let response = answer(request.timeout(limits.total.min(TOTAL))).await?;
            let status = response.status();
            if status != reqwest::StatusCode::OK {
                return Err(Reason::Status(status.as_u16()));
            }
            let content_type = kind(response.headers()).ok_or(Reason::ContentType)?;
            let max_age = fetched::max_age(response.headers());
            Ok(Fetched {
                body: body(response, limits.body).await?,
                content_type,
                max_age,
            })
        };
        let target = self.admitted(url).map_err(|reason| told(url, &reason))?;
        let outcome = work(&self.http, target.clone()).await;
        self.settled(&target, outcome)
    }

    /// Posts a form and tells the status, that of a failing server too; the answer's body is not read.
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<u16, FetchRefusal> {
        self.post(url, |request| request.form(fields)).await
    }

    /// Posts a JSON text and tells the status, that of a failing server too.
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<u16, FetchRefusal> {
        let fill = |request: RequestBuilder| {
            let request = request.header(CONTENT_TYPE, "application/json");
            let with_headers = headers.iter().fold(request, |request, (name, value)| {
                request.header(*name, value)
            });
            with_headers.body(body.to_owned())
        };
        self.post(url, fill).await
    }

    async fn post(
        &self,
        url: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<u16, FetchRefusal> {
        let target = self.admitted(url).map_err(|reason| told(url, &reason))?;
        let outcome = answer(fill(self.http.post(target.clone()))).await;
        let outcome = outcome.map(|response| response.status().as_u16());
        let failing = match &outcome {
            Err(Reason::Status(status)) => Some(*status),
            _ => None,
        };
        let settled = self.settled(&target, outcome);
        failing.map_or(settled, Ok)
    }

    fn admitted(&self, url: &str) -> Result<Url, Reason> {
        let target = self.reachable.target(url)?;
        let breaker = self.breaker(&target);
        let mut breaker = breaker.lock().unwrap_or_else(PoisonError::into_inner);
        if breaker.lets_through(self.clock.now()) {
            Ok(target)
        } else {
            Err(Reason::LeftAlone)
        }
    }

    fn settled<T>(&self, target: &Url, outcome: Result<T, Reason>) -> Result<T, FetchRefusal> {
        let breaker = self.breaker(target);
        let mut breaker = breaker.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Err(Reason::Transport(_) | Reason::Status(500..)) => breaker.failed(self.clock.now()),
            Ok(_) | Err(_) => breaker.succeeded(),
        }
        outcome.map_err(|reason| told(target.as_str(), &reason))
    }

    fn breaker(&self, target: &Url) -> Arc<Mutex<Breaker>> {
        let port = target.port_or_known_default().unwrap_or_default();
        let host = target.host_str().unwrap_or_default();
        self.breakers
            .get_with(format!("{host}:{port}"), Arc::default)
    }
}

/// Sends and waits for the head. A 5xx is no answer.
async fn answer(request: RequestBuilder) -> Result<Response, Reason> {
    let response = request.send().await?;
    let status = response.status();
    if status.is_server_error() {
        return Err(Reason::Status(status.as_u16()));
    }
    Ok(response)
}

/// Reads at most `limit` bytes; a longer body is refused without reading on.
async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, Reason> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(Reason::Length);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The reason goes to the log, with the host alone: a path may hold what is nobody's business.
fn told(url: &str, reason: &Reason) -> FetchRefusal {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
    let reason: String = match reason {
        Reason::Transport(error) => causes(error),
        other => other.to_string(),
    };
    tracing::warn!(host, reason, "a request of ours failed");
    FetchRefusal
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    if error.is_timeout() {
        format!("timed out: {innermost}")
    } else {
        innermost.to_string()
    }
}

/// Resolves names to checked addresses. One that may not be reached spoils the whole name (REG-11).
struct CheckedNames(Arc<Reachable>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let reachable = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            if found.iter().all(|at| reachable.admits(host, at.ip())) {
                let found: Addrs = Box::new(found.into_iter());
                Ok(found)
            } else {
                Err(Unreachable::Address.into())
            }
        })
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outbound({:?})", self.reachable)
    }
}

#[cfg(test)]
mod tests;
