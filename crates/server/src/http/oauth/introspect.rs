use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::client_authentication::Caller;
use sekisho_provider::rules::oauth_error::{HeaderUsed, TokenError};

use super::{form, refusal};
use crate::http::answer::{json_answer, too_many};
use crate::http::app::App;
use crate::http::call::CallParts;
use crate::http::failure::json_failure;

/// RFC 7662 §2: only for callers that authenticate with a secret (IN-01).
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
    let caller = match app.provider.authenticate_client(&call, &form).await {
        Ok(Caller::Client(caller)) if !caller.client.is_public() => caller,
        Ok(Caller::Client(_)) => return refusal(&app, TokenError::InvalidClient(HeaderUsed::No)),
        Ok(Caller::Refused(error)) => return refusal(&app, error),
        Ok(Caller::Wait(until)) => return too_many(until, app.provider.now(), app.https),
        Err(failure) => return json_failure(&app, &failure),
    };
    match app.provider.introspect(&caller.client, &form).await {
        Ok(answer) => json_answer(StatusCode::OK, &answer, app.https),
        Err(failure) => json_failure(&app, &failure),
    }
}
