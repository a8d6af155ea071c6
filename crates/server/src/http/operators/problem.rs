use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use sekisho_model::OperatorPermission;
use sekisho_provider::Failure;
use serde_json::json;

use crate::http::answer::begin;
use crate::http::app::App;
use crate::http::headers::Answer;

/// Why a call did nothing (RFC 9457). `type` is never renamed.
#[derive(Debug)]
pub(super) enum Problem {
    /// No token, or one that does not count.
    Unauthorized,
    /// The token does not allow it.
    Forbidden(OperatorPermission),
    /// The body or the path.
    Invalid(String),
    /// Such a body is not read.
    NotJson,
    /// There is no such thing.
    NotFound,
    /// The call took too long.
    TooSlow,
    /// It cannot be done as things stand.
    Refused(String),
    /// Something failed; whether to come again.
    Failed(Failure),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Problem {
    fn parts(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "Send a token that counts: Authorization: Bearer sko_…".to_owned(),
            ),
            Self::Forbidden(needs) => (
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                format!("The token does not allow {}.", needs.name()),
            ),
            Self::Invalid(what) => (StatusCode::BAD_REQUEST, "invalid_request", what.clone()),
            Self::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "Send Content-Type: application/json.".to_owned(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "Nothing is here.".to_owned(),
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                "The call took too long; look whether it was done.".to_owned(),
            ),
            Self::Refused(why) => (StatusCode::CONFLICT, "refused", why.clone()),
            Self::Failed(failure) if failure.retry_after().is_some() => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "Come again in a moment; nothing was done.".to_owned(),
            ),
            Self::Failed(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "It failed; the log says why.".to_owned(),
            ),
        }
    }

    /// The answer.
    pub(super) fn answer(&self, app: &App) -> HttpResponse {
        let (status, kind, detail) = self.parts();
        let mut answer = begin(status, &Answer::Api, app.https);
        if let Self::Failed(failure) = self {
            tracing::error!(error = %failure, "a call of an operator failed");
            if let Some(wait) = failure.retry_after() {
                answer.insert_header((RETRY_AFTER, wait.as_secs().max(1).to_string()));
            }
        }
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        let body = json!({
            "type": format!("urn:sekisho:problem:{kind}"), "title": status.canonical_reason(),
            "status": status.as_u16(), "detail": detail,
        });
        answer
            .insert_header((CONTENT_TYPE, "application/problem+json"))
            .body(body.to_string())
    }
}
