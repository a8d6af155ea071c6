//! The public status page (INC-13): from what this node has in memory, without database or Redis.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};

use super::app::App;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Moment, StatusPage};

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/status")
            .route(web::get().to(show))
            .route(web::head().to(show)),
    );
}

async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let in_force = app.provider.level_in_force();
    let moment = |at| Moment::exact(at, &app.default_zone, frame.locale);
    let view = StatusPage {
        page: frame.page(String::new()),
        level: in_force.level,
        notice: in_force.text.of(frame.locale).map(str::to_owned),
        until: in_force.until.map(moment),
        at: moment(app.provider.now()),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}
