//! `/api/v1`: what programs of operators call (AD-01, AD-10). On a listener of its own; nothing here is behind
//! an incident level, because this is how one is left.

mod blocks;
mod call;
mod epochs;
mod incident;
mod problem;

use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::begin;
use super::app::App;
use super::headers::Answer;
use problem::Problem;

/// NET-10: bodies here are a few hundred bytes.
const LARGEST: usize = 16_384;
/// What the API has, for programs that make clients of it.
const OPENAPI: &str = include_str!("openapi.json");

/// Every route. What each one needs of a token stands in its handler; without a token there is only the description.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .app_data(PayloadConfig::new(LARGEST))
        .service(
            web::scope("/api/v1")
                .wrap(from_fn(call::edge))
                .route("/openapi.json", web::get().to(openapi))
                .route("/incident", web::get().to(incident::overview))
                .route("/incident/levels", web::post().to(incident::level))
                .route(
                    "/incident/levels/{number}/confirm",
                    web::post().to(incident::confirm),
                )
                .route("/incident/switches", web::post().to(incident::switch))
                .route("/incident/epochs", web::post().to(epochs::move_epoch))
                .service(
                    web::resource("/guard/blocks")
                        .route(web::get().to(blocks::list))
                        .route(web::post().to(blocks::make)),
                )
                .route("/guard/blocks/{number}/lift", web::post().to(blocks::lift))
                .default_service(web::to(nothing)),
        )
        .default_service(web::to(nothing));
}

/// No request here takes longer.
const LONGEST: Duration = Duration::from_secs(15);

async fn openapi(app: web::Data<App>) -> HttpResponse {
    begin(actix_web::http::StatusCode::OK, &Answer::Api, app.https)
        .content_type("application/json")
        .body(OPENAPI)
}

async fn nothing(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let known = request.match_pattern().is_some();
    tracing::debug!(known, "nothing is here");
    Problem::NotFound.answer(&app)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn ad_03_the_description_names_every_route_with_the_permission_it_needs() {
        let described: Value = serde_json::from_str(OPENAPI).unwrap();
        let mut found = BTreeSet::new();
        for (path, methods) in described["paths"].as_object().unwrap() {
            for (method, about) in methods.as_object().unwrap() {
                let needs = about["security"][0]["operatorToken"].clone();
                found.insert(format!("{method} {path} {needs}"));
            }
        }
        let expected = [
            "get /api/v1/guard/blocks [\"incident:read\"]",
            "post /api/v1/guard/blocks [\"incident:raise\"]",
            "post /api/v1/guard/blocks/{number}/lift [\"incident:raise\",\"incident:lower\"]",
            "post /api/v1/incident/epochs [\"incident:raise\"]",
            "get /api/v1/incident [\"incident:read\"]",
            "get /api/v1/openapi.json null",
            "post /api/v1/incident/levels [\"incident:raise\"]",
            "post /api/v1/incident/levels/{number}/confirm [\"incident:lower\"]",
            "post /api/v1/incident/switches [\"incident:raise\"]",
        ];
        assert_eq!(found, expected.map(str::to_owned).into());
    }
}
