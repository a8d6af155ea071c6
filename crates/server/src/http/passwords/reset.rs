use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::ResetToken;
use sekisho_provider::Failure;
use sekisho_provider::endpoints::password_reset::{Choice, ResetOutcome, ResetView};
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;

use super::{bound, count, failed, gate, moment};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{
    Cause, MailedWay, Missing, PasswordProblem, ResetPage, ResetSaid, ResetSaidPage,
};

/// Of a page with a link of a mail; the form may go to `/login/by-mail/…` as well.
pub(in crate::http) const PURPOSE: &str = "reset";

/// The page of a link. Looking uses nothing up: scanners of mail open every link (REC-01).
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> HttpResponse {
    let mut visit = app.visit(&request);
    let Some(token) = ResetToken::presented(&token) else {
        let frame = Frame::new(&app, &request, visit.locale);
        return said(&frame, ResetSaid::Over);
    };
    let ticket = match gate::enter(
        &app,
        &request,
        &visit,
        (&page_of(&token), Some(link_life(&app))),
    )
    .await
    {
        Ok(ticket) => ticket,
        Err(queue) => return queue,
    };
    let cookies = bound(&app, &mut visit);
    let frame = Frame::new(&app, &request, visit.locale);
    let response = form(&frame, &visit, &token, None).await;
    gate::keeping(frame.set(response, cookies), ticket)
}

/// A new password was sent, or a wait asked for.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let typed = Parameters::decode(&body);
    if app.checked(&request, &visit, &typed, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, "/password/forgot");
    }
    let Some(token) = typed.first("token").and_then(ResetToken::presented) else {
        return said(&frame, ResetSaid::Over);
    };
    let here = page_of(&token);
    if let Err(queue) = gate::enter(&app, &request, &visit, (&here, Some(link_life(&app)))).await {
        return queue;
    }
    if typed.first("action") == Some("wait") {
        let outcome = app.provider.wait_by_link(&token, &visit).await;
        return answered(&frame, &visit, &token, outcome).await;
    }
    let choice = Choice {
        token: &token,
        password: typed.first("password").unwrap_or_default(),
        recovery_code: typed.first("recovery_code").unwrap_or_default(),
    };
    if choice.password.is_empty() {
        return form(&frame, &visit, &token, Some(PasswordProblem::Empty)).await;
    }
    let outcome = app.provider.choose_by_link(choice, &visit).await;
    answered(&frame, &visit, &token, outcome).await
}

/// The password was changed just now; to everybody else this is where a link is asked for.
pub(super) async fn done(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.visit(&request).locale);
    match frame.said(Look::Again).first("said") {
        Some(_) => said(&frame, ResetSaid::Done),
        None => see_other("/password/forgot", app.https),
    }
}

async fn answered(
    frame: &Frame<'_>,
    visit: &Visit,
    token: &ResetToken,
    outcome: Result<ResetOutcome, Failure>,
) -> HttpResponse {
    let problem = match outcome {
        // Sending the form again would say that the link was used, and not that it worked.
        Ok(ResetOutcome::Done) => return frame.see_saying("/password/reset?said=done"),
        Ok(ResetOutcome::Used) => return said(frame, ResetSaid::Used),
        Ok(ResetOutcome::Over) => return said(frame, ResetSaid::Over),
        // Sending it again changes nothing and says the same.
        Ok(ResetOutcome::Waiting(until)) => {
            return said(frame, ResetSaid::Waiting(moment(frame, until)));
        }
        Ok(ResetOutcome::Refused(refusal)) => PasswordProblem::Refused(refusal),
        Ok(ResetOutcome::Same) => PasswordProblem::Same,
        Ok(ResetOutcome::WrongCode) => PasswordProblem::CodeWrong,
        Ok(ResetOutcome::CodeMissing) => PasswordProblem::CodeMissing,
        Ok(ResetOutcome::Wait(until)) => PasswordProblem::Wait(moment(frame, until)),
        Err(failure) => return failed(frame, &failure),
    };
    form(frame, visit, token, Some(problem)).await
}

async fn form(
    frame: &Frame<'_>,
    visit: &Visit,
    token: &ResetToken,
    problem: Option<PasswordProblem>,
) -> HttpResponse {
    let (username, missing, least) = match frame.app.provider.reset_view(token, visit).await {
        Ok(ResetView::Form {
            username,
            missing,
            least_length,
        }) => (username, missing, least_length),
        Ok(ResetView::Used) => return said(frame, ResetSaid::Used),
        Ok(ResetView::Over) => return said(frame, ResetSaid::Over),
        Err(failure) => return failed(frame, &failure),
    };
    let mut page = frame.page(frame.app.form_token(visit, "", PURPOSE));
    page.path = page_of(token);
    let view = ResetPage {
        page,
        token: token.reveal().to_owned(),
        username,
        missing: Missing::new(missing, |until| moment(frame, until)),
        min: count(least),
        problem,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

fn page_of(token: &ResetToken) -> String {
    if is_plain(token) {
        format!("/password/reset/{}", token.reveal())
    } else {
        "/password/forgot".to_owned()
    }
}

/// Whether it may stand in an address as it is.
pub(in crate::http) fn is_plain(token: &ResetToken) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    token.reveal().bytes().all(plain)
}

fn said(frame: &Frame<'_>, said: ResetSaid) -> HttpResponse {
    said_of(frame, said, MailedWay::NewPassword)
}

/// What is left to say about a link of a mail.
pub(in crate::http) fn said_of(frame: &Frame<'_>, said: ResetSaid, way: MailedWay) -> HttpResponse {
    let status = match said {
        ResetSaid::Done | ResetSaid::Waiting(_) => StatusCode::OK,
        ResetSaid::Used | ResetSaid::Over => StatusCode::GONE,
    };
    let mut page = frame.page(String::new());
    way.path().clone_into(&mut page.path);
    frame.html(status, &Answer::Page, &ResetSaidPage { page, said, way })
}

/// How long a link works at most.
fn link_life(app: &App) -> Duration {
    app.provider.settings.resets.link_life
}
