use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::answer::begin;
use crate::http::app::{App, header};
use crate::http::headers::Answer;

/// Seconds a relying party may keep the documents (KEY-05: at most 15 minutes).
const KEPT_FOR: u32 = 300;

/// OpenID Connect Discovery §4, RFC 8414 §3: the same bytes for both addresses.
pub(super) async fn document(app: web::Data<App>) -> HttpResponse {
    begin(StatusCode::OK, &Answer::PublicJson(KEPT_FOR), app.https)
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(app.discovery.clone())
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
