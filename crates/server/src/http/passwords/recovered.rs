use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::rules::parameters::Parameters;

use super::moment;
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::pages::RecoveredPage;
use crate::http::sign_in::{app_name, flow_of, gone, kind, posted_flow};

const PURPOSE: &str = "recovery-used";

/// What a recovery code was used for, and how many are left (ux 6.3).
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit_of_person(&request).await;
    let query = Parameters::decode(request.query_string().as_bytes());
    let (flow, view) = match flow_of(&app, &request, &visit, query.first("flow")).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    let told = match app.provider.recovered(&flow, &visit).await {
        Ok(Some(told)) => told,
        Ok(None) => return gone(&frame, Some(flow.id.as_str())).await,
        Err(failure) => return frame.failure(&failure),
    };
    let csrf = app.form_token(&visit, flow.id.as_str(), PURPOSE);
    let shown = RecoveredPage {
        page: frame.page(csrf),
        app: app_name(view.as_ref()),
        left: told.left,
        code_address: told.code_address.map(|address| address.to_string()),
        held_until: told.held_until.map(|until| moment(&frame, until)),
    };
    frame.html(StatusCode::OK, &kind(view.as_ref()), &shown)
}

/// On to where the sign-in was going.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit_of_person(&request).await;
    let form = Parameters::decode(&body);
    let (flow, _view) = match posted_flow(&app, &request, &visit, &form, PURPOSE).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    let id = flow.id.clone();
    match app.provider.after_recovery(flow, &visit).await {
        Ok(Some(next)) => frame.next(next),
        Ok(None) => gone(&frame, Some(id.as_str())).await,
        Err(failure) => frame.failure(&failure),
    }
}
