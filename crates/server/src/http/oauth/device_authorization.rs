use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::device::DeviceStart;

use super::{form, refusal};
use crate::http::answer::{json_answer, too_many};
use crate::http::app::App;
use crate::http::call::CallParts;
use crate::http::failure::json_failure;

/// RFC 8628 §3.1.
pub(super) async fn begin(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let form = match form(&request, &body) {
        Ok(form) => form,
        Err(error) => return refusal(&app, error),
    };
    let parts = CallParts::read(&app, &request);
    let call = parts.of("/oauth2/device_authorization");
    match app.provider.authorize_device(&call, &form).await {
        Ok(DeviceStart::Begun(codes)) => json_answer(StatusCode::OK, &codes, app.https),
        Ok(DeviceStart::Refused(error)) => refusal(&app, error),
        Ok(DeviceStart::Wait(until)) => too_many(until, app.provider.now(), app.https),
        Err(failure) => json_failure(&app, &request, &failure),
    }
}
