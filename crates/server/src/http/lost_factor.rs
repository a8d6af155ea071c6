//! A stronger second step that is lost: reported after the password, and taken back by the link of a letter
//! (OTP-26). GET shows, only POST acts.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::{FactorToken, PreAuthToken};
use sekisho_provider::endpoints::second_steps::{KeepOutcome, LossAsked};
use sekisho_provider::endpoints::visit::{NewCookies, Visit};
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_in::{CodeStage, Stronger};

use super::answer::see_other;
use super::app::App;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, KeepFactorPage, KeepState, LostFactorPage, LostState, Moment};
use super::sign_in::{app_name, flow_of, kind, posted_flow};

const LOST: &str = "lost-factor";
const KEEP: &str = "keep-factor";

/// Routes of this module.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/login/lost-factor")
                .route(web::get().to(show))
                .route(web::post().to(report)),
        )
        .service(web::resource("/second-step/keep").route(web::post().to(keep)))
        .service(
            web::resource("/second-step/keep/{token}")
                .route(web::get().to(show_keep))
                .route(web::head().to(show_keep)),
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
        Ok(LossAsked::Gone) => return frame.error_again(Cause::FlowGone, "/account"),
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

/// The page of a link. Looking uses nothing up: scanners of mail open every link.
async fn show_keep(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> HttpResponse {
    let mut visit = app.visit(&request);
    let mut cookies = NewCookies::default();
    if visit.pre_auth.is_none() {
        let made = PreAuthToken::generate(&*app.entropy);
        visit.pre_auth = PreAuthToken::presented(made.reveal());
        cookies.pre_auth = Some(made);
    }
    let frame = Frame::new(&app, &request, visit.locale);
    let Some(token) = FactorToken::presented(&token) else {
        return keep_page(&frame, (String::new(), String::new()), KeepState::Over);
    };
    let state = match app.provider.keep_view(&token).await {
        Ok(KeepOutcome::Kept) => KeepState::Asked,
        Ok(KeepOutcome::Over) => KeepState::Over,
        Err(failure) => return frame.failure(&failure),
    };
    let csrf = app.form_token(&visit, "", KEEP);
    let response = keep_page(&frame, (csrf, token.reveal().to_owned()), state);
    frame.set(response, cookies)
}

async fn keep(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, KEEP).is_none() {
        return frame.error_again(Cause::Csrf, "/account");
    }
    let none = (String::new(), String::new());
    let Some(token) = form.first("token").and_then(FactorToken::presented) else {
        return keep_page(&frame, none, KeepState::Over);
    };
    match app.provider.keep_factors(&token, &visit).await {
        Ok(KeepOutcome::Kept) => keep_page(&frame, none, KeepState::Done),
        Ok(KeepOutcome::Over) => keep_page(&frame, none, KeepState::Over),
        Err(failure) => frame.failure(&failure),
    }
}

fn keep_page(frame: &Frame<'_>, (csrf, token): (String, String), state: KeepState) -> HttpResponse {
    let status = match state {
        KeepState::Asked | KeepState::Done => StatusCode::OK,
        KeepState::Over => StatusCode::GONE,
    };
    let mut page = frame.page(csrf);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    page.path = if !token.is_empty() && token.bytes().all(plain) {
        format!("/second-step/keep/{token}")
    } else {
        "/account".to_owned()
    };
    let view = KeepFactorPage { page, token, state };
    frame.html(status, &Answer::Page, &view)
}
