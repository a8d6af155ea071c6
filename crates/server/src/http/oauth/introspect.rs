use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::introspect::Introspected;

use super::{form, refusal};
use crate::http::answer::{begin, json_answer, too_many};
use crate::http::app::{App, header};
use crate::http::call::CallParts;
use crate::http::failure::json_failure;
use crate::http::headers::Answer;

/// RFC 9701 §4.
const SIGNED: &str = "application/token-introspection+jwt";

/// RFC 7662 §2: only for callers that prove who they are (IN-01).
pub(super) async fn introspect(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let form = match form(&request, &body) {
        Ok(form) => form,
        Err(error) => return refusal(&app, error),
    };
    let parts = CallParts::read(&app, &request);
    let call = parts.of("/oauth2/introspect");
    let signed = wants_jwt(&request);
    match app.provider.introspection(&call, &form, signed).await {
        Ok(Introspected::Plain(answer)) => json_answer(StatusCode::OK, &*answer, app.https),
        Ok(Introspected::Signed(jwt)) => begin(StatusCode::OK, &Answer::Api, app.https)
            .insert_header((CONTENT_TYPE, SIGNED))
            .body(jwt),
        Ok(Introspected::Refused(error)) => refusal(&app, error),
        Ok(Introspected::Wait(until)) => too_many(until, app.provider.now(), app.https),
        Err(failure) => json_failure(&app, &request, &failure),
    }
}

fn wants_jwt(request: &HttpRequest) -> bool {
    let accepted = header(request, &ACCEPT).unwrap_or_default();
    accepted.split(',').any(|kind| {
        let mut parts = kind.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(SIGNED));
        named && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}
