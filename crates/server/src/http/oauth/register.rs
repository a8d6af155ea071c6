use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::register::RegistrationAnswer;
use sekisho_provider::jwt::strict_json;
use serde_json::{Map, Value, json};

use crate::http::answer::{begin, json_answer, too_many};
use crate::http::app::{App, authorization, header};
use crate::http::failure::json_failure;
use crate::http::headers::Answer;

/// RFC 7591 §3.1.
pub(super) async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let asked = match document(&app, &request, &body) {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    let origin = app.origin_of(&request);
    let answer = app
        .provider
        .register(bearer(&request), &asked, &origin)
        .await;
    told(&app, &request, answer, StatusCode::CREATED)
}

/// RFC 7592 §2.1.
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    if !app.provider.settings.features.registration {
        return off(&app);
    }
    let answer = app.provider.read_registration(&id, bearer(&request)).await;
    told(&app, &request, answer, StatusCode::OK)
}

/// RFC 7592 §2.2.
pub(super) async fn replace(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let asked = match document(&app, &request, &body) {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    let origin = app.origin_of(&request);
    let token = bearer(&request);
    let answer = app
        .provider
        .update_registration(&id, token, &asked, &origin)
        .await;
    told(&app, &request, answer, StatusCode::OK)
}

/// RFC 7592 §2.3.
pub(super) async fn delete(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    if !app.provider.settings.features.registration {
        return off(&app);
    }
    let origin = app.origin_of(&request);
    let answer = app
        .provider
        .delete_registration(&id, bearer(&request), &origin)
        .await;
    told(&app, &request, answer, StatusCode::NO_CONTENT)
}

/// The token; what is none is taken for a wrong one.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = authorization(request)?;
    let parts = header.split_once(' ');
    let token = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(token.map_or("malformed", |(_, token)| token.trim()))
}

/// One JSON object, each member once.
#[expect(clippy::result_large_err, reason = "the error is the answer itself")]
fn document(
    app: &App,
    request: &HttpRequest,
    body: &[u8],
) -> Result<Map<String, Value>, HttpResponse> {
    if !app.provider.settings.features.registration {
        return Err(off(app));
    }
    let kind = header(request, &CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let asked = strict_json::object(body);
    match asked {
        Ok(asked) if essence.eq_ignore_ascii_case("application/json") => Ok(asked),
        _ => Err(refused(
            app,
            "invalid_client_metadata",
            "the body must be one JSON object, as application/json",
        )),
    }
}

fn off(app: &App) -> HttpResponse {
    let body = json!({"error": "not_found", "error_description": "registration is not offered"});
    json_answer(StatusCode::NOT_FOUND, &body, app.https)
}

fn refused(app: &App, error: &str, description: &str) -> HttpResponse {
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    let description: String = description.chars().filter(|c| allowed(*c)).collect();
    let body = json!({"error": error, "error_description": description});
    json_answer(StatusCode::BAD_REQUEST, &body, app.https)
}

fn told(
    app: &App,
    request: &HttpRequest,
    answer: Result<RegistrationAnswer, Failure>,
    good: StatusCode,
) -> HttpResponse {
    match answer {
        Ok(RegistrationAnswer::Told(members)) => json_answer(good, &members, app.https),
        Ok(RegistrationAnswer::Gone) => begin(good, &Answer::Api, app.https).finish(),
        Ok(RegistrationAnswer::Refused { error, description }) => refused(app, error, &description),
        Ok(RegistrationAnswer::Unauthorized) => {
            let challenge = "Bearer realm=\"sekisho\", error=\"invalid_token\"";
            begin(StatusCode::UNAUTHORIZED, &Answer::Api, app.https)
                .insert_header((WWW_AUTHENTICATE, challenge))
                .finish()
        }
        Ok(RegistrationAnswer::Wait(until)) => too_many(until, app.provider.now(), app.https),
        Err(failure) => json_failure(app, request, &failure),
    }
}
