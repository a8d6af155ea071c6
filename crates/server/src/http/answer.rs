//! Answers: a body, its security headers, nothing else.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use sekisho_model::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::headers::{Answer, security_headers};

/// Starts an answer that carries the security headers of its kind.
pub fn begin(status: StatusCode, kind: &Answer, https: bool) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    for (name, value) in security_headers(kind, https) {
        response.insert_header((name, value.as_ref()));
    }
    response
}

/// A JSON answer (WEB-11: what HTML could read as markup is escaped).
pub fn json_answer<T: Serialize>(status: StatusCode, body: &T, https: bool) -> HttpResponse {
    match serde_json::to_string(body) {
        Ok(text) => begin(status, &Answer::Api, https)
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(escaped(text)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            begin(StatusCode::INTERNAL_SERVER_ERROR, &Answer::Api, https).finish()
        }
    }
}

fn escaped(json: String) -> String {
    if !json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return json;
    }
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// An HTML page.
pub fn page(status: StatusCode, kind: &Answer, html: String, https: bool) -> HttpResponse {
    begin(status, kind, https)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(html)
}

/// 303 to `location` (WEB-07: a POST never travels on).
pub fn see_other(location: &str, https: bool) -> HttpResponse {
    begin(StatusCode::SEE_OTHER, &Answer::Redirect, https)
        .insert_header((LOCATION, location))
        .finish()
}

/// 429 for machines.
pub fn too_many(until: Timestamp, now: Timestamp, https: bool) -> HttpResponse {
    let seconds = until.since(now).as_secs().max(1);
    let body = json!({"error": "slow_down", "error_description": "too many failures, try later"});
    let mut response = json_answer(StatusCode::TOO_MANY_REQUESTS, &body, https);
    if let Ok(value) = seconds.to_string().parse() {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_11_markup_in_json_is_escaped() {
        let text = serde_json::to_string(&json!({"a": "</script>&\u{2028}"})).unwrap();
        let safe = escaped(text);
        assert_eq!(safe, r#"{"a":"\u003c/script\u003e\u0026\u2028"}"#);
        let back: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(back["a"], "</script>&\u{2028}");
    }
}
