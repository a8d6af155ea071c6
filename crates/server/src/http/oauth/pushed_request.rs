use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::pushed_request::PushAnswer;
use serde_json::json;

use super::{form, nonce, refusal};
use crate::http::answer::{json_answer, too_many};
use crate::http::app::App;
use crate::http::call::CallParts;
use crate::http::failure::json_failure;

/// RFC 9126 §2.
pub(super) async fn push(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let form = match form(&request, &body) {
        Ok(form) => form,
        Err(error) => return refusal(&app, error),
    };
    let parts = CallParts::read(&app, &request);
    match app
        .provider
        .push_request(&parts.of("/oauth2/par"), &form)
        .await
    {
        Ok(PushAnswer::Pushed {
            request_uri,
            expires_in,
        }) => {
            let body = json!({"request_uri": request_uri, "expires_in": expires_in});
            nonce::next(&app, json_answer(StatusCode::CREATED, &body, app.https))
        }
        Ok(PushAnswer::Refused(error)) => refusal(&app, error),
        Ok(PushAnswer::Wrong(error)) => {
            let body = json!({"error": error.code(), "error_description": error.description()});
            json_answer(StatusCode::BAD_REQUEST, &body, app.https)
        }
        Ok(PushAnswer::Wait(until)) => too_many(until, app.provider.now(), app.https),
        Err(failure) => json_failure(&app, &request, &failure),
    }
}
