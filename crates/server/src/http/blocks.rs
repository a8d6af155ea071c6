//! Whole requests that an operator or a rule keeps out (S5, INC-06).

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
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
    let path = request.path();
    if app.provider.blocks().is_empty() {
        return None;
    }
    if ALWAYS.iter().any(|open| path.starts_with(open)) {
        return None;
    }
    let headers: Vec<(&str, Cow<'_, str>)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let origin = app.origin_of(request);
    let look = RequestLook {
        ip: &origin.ip,
        method: request.method().as_str(),
        path,
        query: request.query_string(),
        headers: &headers,
    };
    let number = app.provider.blocked(&look)?;
    tracing::info!(block = number, "a request was kept out");
    Some(match levels::reads(request) {
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
    })
}
