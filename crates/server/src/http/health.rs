//! Whether this process lives, and whether it can serve.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, web};
use serde_json::json;

use super::answer::json_answer;
use super::app::App;

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready));
}

async fn live(app: web::Data<App>) -> HttpResponse {
    json_answer(StatusCode::OK, &json!({"status": "live"}), app.https)
}

/// Ready means that sign-ins can be completed, and that every signing key there should be is published.
/// Names no host and no cause (ENU-09).
async fn ready(app: web::Data<App>) -> HttpResponse {
    let health = app.provider.health().await;
    let status = if health.store && health.session && health.keys {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let word = |up: bool| if up { "up" } else { "down" };
    let body = json!({"store": word(health.store), "session": word(health.session), "keys": word(health.keys)});
    json_answer(status, &body, app.https)
}
