//! What this API says of itself (RFC 9728), so that an app which only knows its address can find out whose
//! tokens it takes, and for what.

use actix_web::HttpResponse;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::web::Data;
use serde_json::json;
use url::Url;

use crate::gate::Gate;
use crate::proof::ALGORITHMS;
use crate::{READ, WRITE};

/// RFC 9728 §3.1: the well-known path stands between the host and the path of the API.
pub(crate) fn address_for(api: &Url) -> Url {
    let mut address = api.clone();
    let path = match api.path() {
        "/" => "",
        path => path,
    };
    address.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
    address
}

/// RFC 9728 §2. `resource` is what an app sends as `resource` (RFC 8707) and finds in `aud`. Everyone may
/// read this, scripts of other origins too.
pub(crate) async fn document(gate: Data<Gate>) -> HttpResponse {
    let document = json!({
        "resource": gate.audience,
        "resource_name": "Orders",
        "authorization_servers": [gate.issuer],
        "scopes_supported": [READ, WRITE],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ALGORITHMS.map(|(name, _)| name),
        // Bound tokens have to be proved, others are taken as well. `true` in production, if all apps can.
        "dpop_bound_access_tokens_required": false,
        "tls_client_certificate_bound_access_tokens": gate.certificates.proxy.is_some(),
    });
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(document)
}
