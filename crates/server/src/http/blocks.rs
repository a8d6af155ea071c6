//! Whole requests that an operator or a rule keeps out (S5, INC-06).

use std::borrow::Cow;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use sekisho_guard::RequestLook;
use serde_json::json;

use super::answer::json_answer;
use super::app::App;
use super::frame::Frame;
use super::levels::{self, Reads};
use super::pages::Cause;

/// What a person who is kept out by mistake, and a load balancer, can still open.
const ALWAYS: [&str; 4] = ["/health/", "/assets/", "/status", "/favicon.ico"];

/// The answer to a request that is kept out; `None` lets it through. Nothing of the body was read.
pub(super) fn stopped(app: &App, request: &HttpRequest) -> Option<HttpResponse> {
    if is_open(app, request) {
        return None;
    }
    let number = looked_at(app, request, |look| app.provider.blocked(look))?;
    Some(answer(app, request, number))
}

/// The same once it is known that only the body decides. It is read once, as far as bodies are read at all; what
/// answers the request gets it as it was.
pub(super) async fn stopped_by_body(
    app: &App,
    request: &mut ServiceRequest,
) -> Result<Option<HttpResponse>, Error> {
    let here = request.request();
    if is_open(app, here) || !looked_at(app, here, |look| app.provider.body_decides(look)) {
        return Ok(None);
    }
    let body = request.extract::<web::Bytes>().await?;
    let here = request.request();
    let number = looked_at(app, here, |look| app.provider.blocked_by_body(look, &body));
    let answer = number.map(|number| answer(app, here, number));
    // What was packed is unpacked now.
    request.head_mut().headers_mut().remove(CONTENT_ENCODING);
    request.set_payload(Payload::from(body));
    Ok(answer)
}

fn is_open(app: &App, request: &HttpRequest) -> bool {
    let path = request.path();
    app.provider.blocks().is_empty() || ALWAYS.iter().any(|open| path.starts_with(open))
}

fn looked_at<T>(app: &App, request: &HttpRequest, at: impl FnOnce(&RequestLook<'_>) -> T) -> T {
    let headers: Vec<(&str, Cow<'_, str>)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let origin = app.origin_of(request);
    at(&RequestLook {
        ip: &origin.ip,
        method: request.method().as_str(),
        path: request.path(),
        query: request.query_string(),
        headers: &headers,
    })
}

fn answer(app: &App, request: &HttpRequest, number: i64) -> HttpResponse {
    tracing::info!(block = number, "a request was kept out");
    match levels::reads(request) {
        Reads::App => {
            let body = json!({
                "error": "access_denied",
                "error_description": "requests like this are blocked",
            });
            json_answer(StatusCode::FORBIDDEN, &body, app.https)
        }
        Reads::Person => {
            Frame::new(app, request, app.locale(request, None)).error(Cause::Blocked, None)
        }
    }
}
