//! A stronger second step that is lost, reported after the password (OTP-26).

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_provider::endpoints::second_steps::LossAsked;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_in::{CodeStage, Stronger};

use super::answer::see_other;
use super::app::App;
use super::frame::Frame;
use super::pages::{LostFactorPage, LostState, Moment};
use super::sign_in::{app_name, flow_of, gone, kind, posted_flow};

const LOST: &str = "lost-factor";

/// Routes of this module.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/login/lost-factor")
            .route(web::get().to(show))
            .route(web::post().to(report)),
    );
}

async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let query = Parameters::decode(request.query_string().as_bytes());
    let frame = Frame::new(&app, &request, visit.locale);
    page(&frame, &visit, query.first("flow"), None).await
}

async fn report(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let visit = app.visit(&request);
    let form = Parameters::decode(&body);
    let (flow, _view) = match posted_flow(&app, &request, &visit, &form, LOST).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    let state = match app.provider.report_loss(&flow, &visit).await {
        Ok(LossAsked::From(due)) => LostState::Waits(moment(&frame, due)),
        Ok(LossAsked::NoAddress) => LostState::NoAddress,
        Ok(LossAsked::Gone) => return gone(&frame, Some(flow.id.as_str())).await,
        Err(failure) => return frame.failure(&failure),
    };
    page(&frame, &visit, Some(flow.id.as_str()), Some(state)).await
}

fn moment(frame: &Frame<'_>, at: sekisho_model::Timestamp) -> Moment {
    Moment::date_time(at, &frame.app.default_zone, frame.locale)
}

async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    id: Option<&str>,
    state: Option<LostState>,
) -> HttpResponse {
    let (flow, view) = match flow_of(frame.app, frame.request, visit, id).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let at_code = flow.pending.code_stage();
    let can_be_lost = |stage: &CodeStage| {
        stage.asks_stronger() && !stage.stronger.is_none_or(Stronger::is_nothing)
    };
    if !at_code.is_some_and(can_be_lost) {
        // OTP-22: nothing before the password.
        return see_other(&format!("/login?flow={}", flow.id), frame.app.https);
    }
    let waits = match frame.app.provider.loss_of(&flow).await {
        Ok(due) => due.map(|due| LostState::Waits(moment(frame, due))),
        Err(failure) => return frame.failure(&failure),
    };
    let csrf = frame.app.form_token(visit, flow.id.as_str(), LOST);
    let mut page = frame.page(csrf);
    page.path = format!("/login/lost-factor?flow={}", flow.id);
    let shown = LostFactorPage {
        page,
        app: app_name(view.as_ref()),
        back: format!("/login/code?flow={}", flow.id),
        state: state.or(waits).unwrap_or(LostState::Asked),
    };
    frame.html(StatusCode::OK, &kind(view.as_ref()), &shown)
}
