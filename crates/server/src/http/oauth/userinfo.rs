use actix_web::http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::userinfo::{Scheme, UserInfo};
use sekisho_provider::rules::discovery_members::PROOF_ALGORITHMS;
use sekisho_provider::rules::oauth_error::BearerError;

use super::{form, nonce};
use crate::http::answer::{begin, json_answer};
use crate::http::app::{App, authorization};
use crate::http::call::CallParts;
use crate::http::failure::json_failure;
use crate::http::headers::Answer;

/// OpenID Connect Core §5.3, GET and POST.
pub(super) async fn userinfo(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let presented = match presented(&request, &body) {
        Ok(presented) => presented,
        Err(error) => return refusal(&app, Scheme::Bearer, error),
    };
    let scheme = presented
        .as_ref()
        .map_or(Scheme::Bearer, |(scheme, _)| *scheme);
    let presented = presented
        .as_ref()
        .map(|(_, token)| (scheme, token.as_str()));
    let parts = CallParts::read(&app, &request);
    let call = parts.of("/oauth2/userinfo");
    match app.provider.userinfo(&call, presented).await {
        Ok(Ok(UserInfo::Plain(claims))) => {
            nonce::next(&app, json_answer(StatusCode::OK, &claims, app.https))
        }
        Ok(Ok(UserInfo::Signed(jwt))) => {
            let mut answer = begin(StatusCode::OK, &Answer::Api, app.https);
            answer.insert_header((CONTENT_TYPE, "application/jwt"));
            nonce::next(&app, answer.body(jwt))
        }
        Ok(Err(error)) => refusal(&app, scheme, error),
        Err(failure) => json_failure(&app, &request, &failure),
    }
}

/// RFC 6750 §2, RFC 9449 §7.1: by header, or in a form body; never in the query (IN-06), never twice.
fn presented(request: &HttpRequest, body: &[u8]) -> Result<Option<(Scheme, String)>, BearerError> {
    let header = authorization(request);
    let in_body = if request.method() == Method::POST && !body.is_empty() {
        let form = form(request, body).map_err(|_refused| BearerError::InvalidRequest)?;
        if form.fault().is_some() {
            return Err(BearerError::InvalidRequest);
        }
        form.first("access_token").map(str::to_owned)
    } else {
        None
    };
    match (header, in_body) {
        (Some(_), Some(_)) => Err(BearerError::InvalidRequest),
        (None, token) => Ok(token.map(|token| (Scheme::Bearer, token))),
        (Some(header), None) => from_header(header)
            .map(Some)
            .ok_or(BearerError::InvalidRequest),
    }
}

/// The letter case of a scheme does not matter (RFC 9110 §11.1).
fn from_header(header: &str) -> Option<(Scheme, String)> {
    let (scheme, token) = header.split_once(' ')?;
    let scheme = match scheme {
        _ if scheme.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        _ if scheme.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return None,
    };
    let token = token.trim();
    (!token.is_empty()).then(|| (scheme, token.to_owned()))
}

/// RFC 6750 §3, RFC 9449 §7.1 and §7.2: a challenge for each scheme that is on; the error stands in
/// the one that was used.
fn refusal(app: &App, used: Scheme, error: BearerError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut response = begin(status, &Answer::Api, app.https).finish();
    let mut said = String::from(" realm=\"sekisho\"");
    if let Some(code) = error.code() {
        said = format!("{said}, error=\"{code}\"");
    }
    if let BearerError::InsufficientScope(scope) = error {
        said = format!("{said}, scope=\"{scope}\"");
    }
    if let BearerError::InvalidDpopProof(why) = error {
        said = format!("{said}, error_description=\"{why}\"");
    }
    let dpop = app.provider.features_now().dpop;
    let algorithms = format!("algs=\"{}\"", PROOF_ALGORITHMS.join(" "));
    let challenges = match used {
        Scheme::Dpop if dpop => vec![format!("DPoP{said}, {algorithms}")],
        Scheme::Bearer if dpop => vec![format!("Bearer{said}"), format!("DPoP {algorithms}")],
        Scheme::Dpop | Scheme::Bearer => vec![format!("Bearer{said}")],
    };
    for challenge in challenges {
        if let Ok(value) = HeaderValue::from_str(&challenge) {
            response.headers_mut().append(WWW_AUTHENTICATE, value);
        }
    }
    if error == BearerError::UseDpopNonce {
        nonce::fresh(app, response)
    } else {
        nonce::next(app, response)
    }
}
