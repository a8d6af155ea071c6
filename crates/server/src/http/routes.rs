//! Every route, in one place.

use actix_web::web::{self, ServiceConfig};

use super::{
    account, brand, code_address, csp_reports, dev, device, health, incident_notices, lost_factor,
    mailed_links, not_me, oauth, passwords, playground, sign_in, sign_out, sign_up, status, texts,
};
use crate::metrics_page;

/// Adds the routes of this server. `dev` opens the dev pages, `metrics` the metrics page.
pub fn all(config: &mut ServiceConfig, dev: bool, metrics: bool) {
    oauth::routes(config);
    sign_in::routes(config);
    passwords::routes(config);
    sign_out::routes(config);
    sign_up::routes(config);
    device::routes(config);
    account::routes(config);
    lost_factor::routes(config);
    code_address::routes(config);
    mailed_links::routes(config);
    not_me::routes(config);
    incident_notices::routes(config);
    texts::routes(config);
    brand::routes(config);
    csp_reports::routes(config);
    health::routes(config);
    status::routes(config);
    if metrics {
        config.route("/metrics", web::get().to(metrics_page::page));
    }
    if dev {
        dev::routes(config);
        playground::routes(config);
    }
    config.default_service(web::to(texts::nothing));
}
