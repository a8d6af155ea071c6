//! The endpoints apps talk to. Each handler parses, calls the provider, and renders.

mod authorize;
mod check_session;
mod device_authorization;
mod discovery;
mod introspect;
mod nonce;
mod pushed_request;
mod register;
mod revoke;
mod token;
mod userinfo;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::rules::oauth_error::{HeaderUsed, TokenError};
use sekisho_provider::rules::parameters::Parameters;
use serde_json::json;

use super::answer::json_answer;
use super::app::{App, header};

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route(
            "/.well-known/openid-configuration",
            web::get().to(discovery::document),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            web::get().to(discovery::document),
        )
        .route("/oauth2/check_session", web::get().to(check_session::frame))
        .route("/oauth2/jwks", web::get().to(discovery::jwks))
        .service(
            web::resource("/oauth2/authorize")
                .route(web::get().to(authorize::get))
                .route(web::post().to(authorize::post)),
        )
        .service(web::resource("/oauth2/register").route(web::post().to(register::create)))
        .service(
            web::resource("/oauth2/register/{client_id}")
                .route(web::get().to(register::show))
                .route(web::put().to(register::replace))
                .route(web::delete().to(register::delete)),
        )
        .service(web::resource("/oauth2/par").route(web::post().to(pushed_request::push)))
        .service(web::resource("/oauth2/token").route(web::post().to(token::token)))
        .service(
            web::resource("/oauth2/userinfo")
                .route(web::get().to(userinfo::userinfo))
                .route(web::post().to(userinfo::userinfo)),
        )
        .service(web::resource("/oauth2/introspect").route(web::post().to(introspect::introspect)))
        .service(
            web::resource("/oauth2/device_authorization")
                .route(web::post().to(device_authorization::begin)),
        )
        .service(web::resource("/oauth2/revoke").route(web::post().to(revoke::revoke)));
}

/// Reads a form body: that content type only, nothing in the query (TK-01).
pub(super) fn form(request: &HttpRequest, body: &[u8]) -> Result<Parameters, TokenError> {
    let kind = header(request, &CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(TokenError::InvalidRequest(
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    if !request.query_string().is_empty() {
        return Err(TokenError::InvalidRequest(
            "parameters belong into the body, not the query",
        ));
    }
    Ok(Parameters::decode(body))
}

/// RFC 6749 §5.2: the error as JSON, with a challenge if the client used the header.
pub(super) fn refusal(app: &App, error: TokenError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let body = json!({"error": error.code(), "error_description": error.description()});
    let mut response = json_answer(status, &body, app.https);
    if error == TokenError::InvalidClient(HeaderUsed::Yes)
        && let Ok(value) = "Basic realm=\"sekisho\"".parse()
    {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    if error == TokenError::UseDpopNonce {
        return nonce::fresh(app, response);
    }
    response
}
