//! What scripts of other origins may read (Fetch standard §3.2): discovery and keys everybody; the
//! endpoints that apps call, apps in the browser that registered a redirect URI at their origin. The
//! authorization endpoint and the pages: nobody (AZ-17). Cookies never go along.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};

use super::app::{App, header};

/// The same for everybody.
const PUBLIC: [&str; 3] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth2/jwks",
];

/// Called by apps, those in the browser too.
const OF_APPS: [&str; 5] = [
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/revoke",
    "/oauth2/par",
    "/oauth2/device_authorization",
];

/// Which origin may read the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// No other.
    Nobody,
    /// Nobody for this request; others may get another answer.
    NotThisOrigin,
    /// Every origin.
    Everybody,
    /// This one.
    Origin(HeaderValue),
}

/// Who may read the answer to `request`.
pub async fn reader(app: &App, request: &HttpRequest) -> Reader {
    let path = request.path();
    if PUBLIC.contains(&path) {
        return Reader::Everybody;
    }
    if !OF_APPS.contains(&path) {
        return Reader::Nobody;
    }
    let Some(origin) = header(request, &ORIGIN).filter(|origin| *origin != app.origin) else {
        return Reader::NotThisOrigin;
    };
    // Without the store nothing is read by others: the app sees a failure either way.
    let known = app.provider.is_app_origin(origin).await.unwrap_or(false);
    match HeaderValue::from_str(origin) {
        Ok(value) if known => Reader::Origin(value),
        Ok(_) | Err(_) => Reader::NotThisOrigin,
    }
}

/// Whether a browser asks before it sends a request of a script.
pub fn is_preflight(request: &HttpRequest) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Reader {
    /// Whether anybody from elsewhere may read here at all.
    pub const fn is_somebody(&self) -> bool {
        match self {
            Self::Nobody | Self::NotThisOrigin => false,
            Self::Everybody | Self::Origin(_) => true,
        }
    }

    /// Puts the headers onto an answer.
    pub fn mark(&self, headers: &mut HeaderMap) {
        let origin = match self {
            Self::Nobody => return,
            Self::NotThisOrigin => {
                headers.append(VARY, HeaderValue::from_static("Origin"));
                return;
            }
            Self::Everybody => HeaderValue::from_static("*"),
            Self::Origin(origin) => {
                headers.append(VARY, HeaderValue::from_static("Origin"));
                origin.clone()
            }
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("dpop-nonce, www-authenticate, retry-after"),
        );
    }

    /// Puts the headers onto the answer to a preflight.
    pub fn allow(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (
                ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, dpop",
            ),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
