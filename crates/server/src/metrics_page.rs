//! `/metrics` in the Prometheus text format.

use std::sync::OnceLock;

use actix_web::{HttpResponse, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The process's recorder: installed on the first call, the same one afterwards, because `metrics`
/// keeps one recorder for each process.
pub fn recorder() -> Option<PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| match PrometheusBuilder::new().install_recorder() {
            Ok(handle) => Some(handle),
            Err(error) => {
                tracing::warn!(%error, "metrics are not recorded");
                None
            }
        })
        .clone()
}

/// Renders the metrics. Labels are routes and outcomes, never account data (ENU-09).
pub(crate) async fn page(recorder: web::Data<Option<PrometheusHandle>>) -> HttpResponse {
    match recorder.get_ref() {
        Some(handle) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4")
            .body(handle.render()),
        None => HttpResponse::NotFound().finish(),
    }
}
