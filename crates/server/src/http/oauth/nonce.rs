//! The `DPoP-Nonce` header (RFC 9449 §8; DP-04).

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};

use crate::http::app::App;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The answer with the nonce for the next proof, if proofs need one (§8.2).
pub(in crate::http) fn next(app: &App, response: HttpResponse) -> HttpResponse {
    match app.provider.next_dpop_nonce() {
        Some(nonce) => with(response, &nonce),
        None => response,
    }
}

/// The answer `use_dpop_nonce` with the nonce to use.
pub(in crate::http) fn fresh(app: &App, response: HttpResponse) -> HttpResponse {
    with(response, &app.provider.dpop_nonce())
}

fn with(mut response: HttpResponse, nonce: &str) -> HttpResponse {
    if let Ok(value) = HeaderValue::from_str(nonce) {
        response.headers_mut().insert(DPOP_NONCE, value);
    }
    response
}
