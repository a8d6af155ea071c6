use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::revoke::Revoked;

use super::{form, refusal};
use crate::http::answer::{begin, too_many};
use crate::http::app::App;
use crate::http::call::CallParts;
use crate::http::failure::json_failure;
use crate::http::headers::Answer;

/// RFC 7009 §2: 200 whether or not there was such a token, 503 if it could not be ended (IN-04).
pub(super) async fn revoke(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let form = match form(&request, &body) {
        Ok(form) => form,
        Err(error) => return refusal(&app, error),
    };
    let parts = CallParts::read(&app, &request);
    let call = parts.of("/oauth2/revoke");
    match app.provider.revocation(&call, &form).await {
        Ok(Revoked::Done) => begin(StatusCode::OK, &Answer::Api, app.https).finish(),
        Ok(Revoked::Refused(error)) => refusal(&app, error),
        Ok(Revoked::Wait(until)) => too_many(until, app.provider.now(), app.https),
        Err(failure) => json_failure(&app, &request, &failure),
    }
}
