use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::device::DeviceAnswer;
use sekisho_provider::rules::oauth_error::TokenError;
use serde_json::json;

use super::{form, refusal};
use crate::http::answer::{json_answer, too_many};
use crate::http::app::App;
use crate::http::call::CallParts;
use crate::http::failure::json_failure;

/// RFC 8628 §3.1, §3.2.
pub(super) async fn device(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    if !app.provider.settings.features.device {
        return refusal(&app, TokenError::UnauthorizedClient);
    }
    let form = match form(&request, &body) {
        Ok(form) => form,
        Err(error) => return refusal(&app, error),
    };
    let parts = CallParts::read(&app, &request);
    let call = parts.of("/oauth2/device_authorization");
    match app.provider.authorize_device(&call, &form).await {
        Ok(DeviceAnswer::Codes {
            device_code,
            user_code,
            expires_in,
            interval,
        }) => {
            let page = format!("{}/device", app.provider.settings.issuer);
            let body = json!({
                "device_code": device_code.reveal(), "user_code": user_code,
                "verification_uri": page,
                "verification_uri_complete": format!("{page}?user_code={user_code}"),
                "expires_in": expires_in, "interval": interval,
            });
            json_answer(StatusCode::OK, &body, app.https)
        }
        Ok(DeviceAnswer::Refused(error)) => refusal(&app, error),
        Ok(DeviceAnswer::Wait(until)) => too_many(until, app.provider.now(), app.https),
        Err(failure) => json_failure(&app, &failure),
    }
}
