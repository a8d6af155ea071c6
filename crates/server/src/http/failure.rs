//! Failures of ours: logged once, here, under a reference that the caller sees; opaque otherwise.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};
use sekisho_provider::Failure;
use serde_json::json;

use super::answer::json_answer;
use super::app::App;

/// What a failure looks like from outside.
#[derive(Debug)]
pub struct Seen {
    /// 503 or 500.
    pub status: StatusCode,
    /// Seconds to wait, for 503.
    pub retry_after: Option<u64>,
    /// The reference of the request, also in the log.
    pub reference: String,
}

/// Logs a failure and says what may be seen of it.
pub fn seen(app: &App, request: &HttpRequest, failure: &Failure) -> Seen {
    let reference = app.reference(request);
    let cause = chain(failure);
    let retry_after = failure.retry_after().map(|wait| wait.as_secs().max(1));
    if retry_after.is_some() {
        tracing::warn!(reference, cause, "answered: come again later");
    } else {
        tracing::error!(reference, cause, "a request failed on our side");
    }
    let status = match retry_after {
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Seen {
        status,
        retry_after,
        reference,
    }
}

/// The failure as OAuth clients read it.
pub fn json_failure(app: &App, request: &HttpRequest, failure: &Failure) -> HttpResponse {
    let seen = seen(app, request, failure);
    let (error, description) = match seen.retry_after {
        Some(_) => (
            "temporarily_unavailable",
            "the service cannot answer now, try later",
        ),
        None => ("server_error", "the server could not complete the request"),
    };
    let body =
        json!({"error": error, "error_description": description, "reference": seen.reference});
    let mut response = json_answer(seen.status, &body, app.https);
    add_retry(&mut response, seen.retry_after);
    response
}

/// Adds `Retry-After`.
pub fn add_retry(response: &mut HttpResponse, seconds: Option<u64>) {
    if let Some(value) = seconds.and_then(|seconds| seconds.to_string().parse().ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
}

fn chain(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
