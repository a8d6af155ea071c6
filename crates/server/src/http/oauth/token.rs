use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::token::Issued;

use super::{form, nonce, refusal};
use crate::http::answer::{json_answer, too_many};
use crate::http::app::App;
use crate::http::call::CallParts;
use crate::http::failure::json_failure;

/// RFC 6749 §3.2.
pub(super) async fn token(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let form = match form(&request, &body) {
        Ok(form) => form,
        Err(error) => return refusal(&app, error),
    };
    let parts = CallParts::read(&app, &request);
    let call = parts.of("/oauth2/token");
    match app.provider.token(&call, &form).await {
        Ok(Issued::Tokens(tokens)) => {
            nonce::next(&app, json_answer(StatusCode::OK, &*tokens, app.https))
        }
        Ok(Issued::Refused(error)) => refusal(&app, error),
        Ok(Issued::Wait(until)) => too_many(until, app.provider.now(), app.https),
        Err(failure) => json_failure(&app, &request, &failure),
    }
}
