use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::new_password::ChangeOutcome;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_in::FLOW_LIFE;

use super::{count, failed, gate};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::pages::{NewPasswordPage, PasswordProblem};
use crate::http::sign_in::{app_name, flow_of, gone, kind, posted_flow};

pub(super) const PURPOSE: &str = "new-password";

/// Asks for a new password, after everything else was proved.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let query = Parameters::decode(request.query_string().as_bytes());
    let here = query.first("flow").map_or_else(String::new, page_of);
    let ticket = match gate::enter(&app, &request, &visit, (&here, Some(FLOW_LIFE))).await {
        Ok(ticket) => ticket,
        Err(queue) => return queue,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    let shown = page(&frame, &visit, query.first("flow"), None).await;
    gate::keeping(shown, ticket)
}

/// A new password was sent.
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
    let here = page_of(flow.id.as_str());
    if let Err(queue) = gate::enter(&app, &request, &visit, (&here, Some(FLOW_LIFE))).await {
        return queue;
    }
    let frame = Frame::new(&app, &request, visit.locale);
    let (id, password) = (flow.id.clone(), form.first("password").unwrap_or_default());
    if password.is_empty() {
        let problem = Some(PasswordProblem::Empty);
        return page(&frame, &visit, Some(id.as_str()), problem).await;
    }
    let problem = match app.provider.choose_at_sign_in(flow, password, &visit).await {
        Ok(ChangeOutcome::Completed(completed)) => {
            return frame.set(frame.next(completed.next), completed.cookies);
        }
        Ok(ChangeOutcome::Refused(refusal)) => PasswordProblem::Refused(refusal),
        Ok(ChangeOutcome::Same) => PasswordProblem::Same,
        Ok(ChangeOutcome::Gone) => return gone(&frame, Some(id.as_str())).await,
        Err(failure) => return failed(&frame, &failure),
    };
    page(&frame, &visit, Some(id.as_str()), Some(problem)).await
}

async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    id: Option<&str>,
    problem: Option<PasswordProblem>,
) -> HttpResponse {
    let (flow, view) = match flow_of(frame.app, frame.request, visit, id).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let Some(stage) = flow.pending.change_stage() else {
        return see_other(&format!("/login?flow={}", flow.id), frame.app.https);
    };
    let csrf = frame.app.form_token(visit, flow.id.as_str(), PURPOSE);
    let mut page = frame.page(csrf);
    page.path = page_of(flow.id.as_str());
    let shown = NewPasswordPage {
        page,
        app: app_name(view.as_ref()),
        reason: stage.reason,
        min: count(stage.least_length),
        problem,
    };
    frame.html(StatusCode::OK, &kind(view.as_ref()), &shown)
}

fn page_of(flow: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if flow.bytes().all(plain) {
        format!("/login/new-password?flow={flow}")
    } else {
        "/account".to_owned()
    }
}
