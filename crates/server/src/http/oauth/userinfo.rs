use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::userinfo::UserInfo;
use sekisho_provider::rules::oauth_error::BearerError;

use super::form;
use crate::http::answer::{begin, json_answer};
use crate::http::app::{App, authorization};
use crate::http::failure::json_failure;
use crate::http::headers::Answer;

/// OpenID Connect Core §5.3, GET and POST.
pub(super) async fn userinfo(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let token = match presented(&request, &body) {
        Ok(token) => token,
        Err(error) => return refusal(&app, error),
    };
    match app.provider.userinfo(token.as_deref()).await {
        Ok(Ok(UserInfo::Plain(claims))) => json_answer(StatusCode::OK, &claims, app.https),
        Ok(Ok(UserInfo::Signed(jwt))) => begin(StatusCode::OK, &Answer::Api, app.https)
            .insert_header((CONTENT_TYPE, "application/jwt"))
            .body(jwt),
        Ok(Err(error)) => refusal(&app, error),
        Err(failure) => json_failure(&app, &failure),
    }
}

/// RFC 6750 §2: by header, or in a form body; never in the query (IN-06), never twice.
fn presented(request: &HttpRequest, body: &[u8]) -> Result<Option<String>, BearerError> {
    let header = authorization(request);
    let in_body = if request.method() == Method::POST && !body.is_empty() {
        let form = form(request, body).map_err(|_refused| BearerError::InvalidRequest)?;
        let token = form
            .single("access_token")
            .map_err(|_repeated| BearerError::InvalidRequest)?;
        token.map(str::to_owned)
    } else {
        None
    };
    match (header, in_body) {
        (Some(_), Some(_)) => Err(BearerError::InvalidRequest),
        (None, token) => Ok(token),
        (Some(header), None) => {
            let (scheme, token) = header.split_once(' ').ok_or(BearerError::InvalidRequest)?;
            let bearer = scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty();
            bearer
                .then(|| Some(token.trim().to_owned()))
                .ok_or(BearerError::InvalidRequest)
        }
    }
}

/// RFC 6750 §3.
fn refusal(app: &App, error: BearerError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut challenge = String::from("Bearer realm=\"sekisho\"");
    if let Some(code) = error.code() {
        challenge.push_str(", error=\"");
        challenge.push_str(code);
        challenge.push('"');
    }
    if let BearerError::InsufficientScope(scope) = error {
        challenge.push_str(", scope=\"");
        challenge.push_str(scope);
        challenge.push('"');
    }
    begin(status, &Answer::Api, app.https)
        .insert_header((WWW_AUTHENTICATE, challenge))
        .finish()
}
