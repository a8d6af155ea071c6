use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::recovery_codes::RecoveryOutcome;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_in::Stronger;

use super::{failed, moment};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{CodeAddressHelpPage, RecoveryPage, RecoveryProblem};
use crate::http::sign_in::{app_name, flow_of, gone, kind, posted_flow};

const PURPOSE: &str = "recovery";

/// Asks for a recovery code in the place of the mailed one.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let query = Parameters::decode(request.query_string().as_bytes());
    let frame = Frame::new(&app, &request, visit.locale);
    let wrong = frame.said(Look::Once).first("said").is_some();
    let problem = wrong.then_some(RecoveryProblem::Wrong);
    page(&frame, &visit, query.first("flow"), problem).await
}

/// A recovery code was sent.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let form = Parameters::decode(&body);
    let (flow, _view) = match posted_flow(&app, &request, &visit, &form, PURPOSE).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    let (id, typed) = (
        flow.id.clone(),
        form.first("recovery_code").unwrap_or_default(),
    );
    if typed.trim().is_empty() {
        let problem = Some(RecoveryProblem::Empty);
        return page(&frame, &visit, Some(id.as_str()), problem).await;
    }
    let problem = match app
        .provider
        .sign_in_recovery_code(flow, typed, &visit)
        .await
    {
        Ok(RecoveryOutcome::SignedIn(completed)) => {
            return frame.set(frame.next(completed.next), completed.cookies);
        }
        // Sending the form again would use up another try.
        Ok(RecoveryOutcome::Wrong) => {
            return frame.see_saying(&format!("/login/recovery?flow={id}&said=wrong"));
        }
        Ok(RecoveryOutcome::Wait(until)) => RecoveryProblem::Wait(moment(&frame, until)),
        Ok(RecoveryOutcome::Gone) => return gone(&frame, Some(id.as_str())).await,
        Err(failure) => return failed(&frame, &failure),
    };
    page(&frame, &visit, Some(id.as_str()), Some(problem)).await
}

async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    id: Option<&str>,
    problem: Option<RecoveryProblem>,
) -> HttpResponse {
    let (flow, view) = match flow_of(frame.app, frame.request, visit, id).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let Some(stage) = flow.pending.code_stage() else {
        // OTP-22: no code before the password.
        return see_other(&format!("/login?flow={}", flow.id), frame.app.https);
    };
    let is_outside = stage.asks_stronger() && stage.stronger.is_some_and(Stronger::is_nothing);
    let csrf = frame.app.form_token(visit, flow.id.as_str(), PURPOSE);
    let mut page = frame.page(csrf);
    page.path = format!("/login/recovery?flow={}", flow.id);
    let shown = RecoveryPage {
        page,
        app: app_name(view.as_ref()),
        back: format!("/login/code?flow={}", flow.id),
        is_outside,
        problem,
    };
    frame.html(StatusCode::OK, &kind(view.as_ref()), &shown)
}

/// What to do without the code address; nothing here depends on an account.
pub(super) async fn help(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let query = Parameters::decode(request.query_string().as_bytes());
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let view = CodeAddressHelpPage {
        page: frame.page(String::new()),
        has_none: query.first("why") == Some("none"),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}
