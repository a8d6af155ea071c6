use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::rules::discovery;

use crate::http::answer::begin;
use crate::http::app::{App, header};
use crate::http::headers::Answer;

/// Seconds a relying party may keep the documents (KEY-05: at most 15 minutes).
const KEPT_FOR: u32 = 300;

/// OpenID Connect Discovery §4, RFC 8414 §3: the same bytes for both addresses.
pub(super) async fn document(app: web::Data<App>) -> HttpResponse {
    let document = while_switched(&app).unwrap_or_else(|| app.discovery.clone());
    begin(StatusCode::OK, &Answer::PublicJson(KEPT_FOR), app.https)
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(document)
}

/// The document without what operators have switched off (INC-06), if that makes a difference.
fn while_switched(app: &App) -> Option<Vec<u8>> {
    let settings = &app.provider.settings;
    let features = app.provider.features_now();
    if features == settings.features {
        return None;
    }
    let document = discovery::document(settings, &features).ok()?;
    serde_json::to_vec(&document).ok()
}

/// RFC 7517 §5.
pub(super) async fn jwks(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let keys = app.provider.keys.current();
    let known = header(&request, &IF_NONE_MATCH) == Some(keys.etag());
    let status = if known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    };
    let mut response = begin(status, &Answer::PublicJson(KEPT_FOR), app.https);
    response.insert_header((ETAG, keys.etag()));
    if known {
        return response.finish();
    }
    response
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(keys.jwks().to_vec())
}
