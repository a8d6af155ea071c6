//! The second step of an account with an authenticator app or passkeys (OTP-26).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use sekisho_provider::Failure;
use sekisho_provider::endpoints::sign_in::{CodeOutcome, LoadedFlow};
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::one_time_code::normalised;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::second_factor::DIGITS;
use sekisho_provider::rules::sign_in::CodeStage;

use super::code::{How, PURPOSE, Tried, stopped, time};
use super::{app_name, flow_of, gone, kind};
use crate::http::answer::see_other;
use crate::http::failure::{add_retry, seen};
use crate::http::frame::Frame;
use crate::http::pages::{Cause, StrongerProblem, StrongerStepPage};

/// Whether the flow asks for something stronger than a mailed code.
pub(super) fn is_asked(flow: &LoadedFlow) -> bool {
    let stage = flow.pending.code_stage();
    stage.is_some_and(CodeStage::asks_stronger)
}

/// A code of the app or the answer of a passkey was sent.
pub(super) async fn send(
    frame: &Frame<'_>,
    visit: &Visit,
    flow: LoadedFlow,
    form: &Parameters,
) -> HttpResponse {
    let (id, provider) = (flow.id.clone(), &frame.app.provider);
    let trust = form.first("trust_browser").is_some();
    let answer = form.first("answer").filter(|answer| !answer.is_empty());
    let outcome = if let Some(answer) = answer {
        provider.sign_in_passkey(flow, answer, trust, visit).await
    } else {
        match normalised(form.first("code").unwrap_or_default(), DIGITS) {
            Ok(code) => provider.sign_in_app_code(flow, &code, trust, visit).await,
            Err(_refusal) => {
                return page(frame, visit, id.as_str(), Some(StrongerProblem::Shape)).await;
            }
        }
    };
    answered(frame, visit, (id.as_str(), answer.is_some()), outcome).await
}

async fn answered(
    frame: &Frame<'_>,
    visit: &Visit,
    (id, by_passkey): (&str, bool),
    outcome: Result<CodeOutcome, Failure>,
) -> HttpResponse {
    let problem = match outcome {
        Ok(CodeOutcome::SignedIn(completed)) => {
            return frame.set(frame.next(completed.next), completed.cookies);
        }
        Ok(CodeOutcome::Wrong(left) | CodeOutcome::Earlier(left)) => {
            let (how, problem) = if by_passkey {
                (How::Passkey(left), StrongerProblem::WrongPasskey(left))
            } else {
                (How::App(left), StrongerProblem::WrongCode(left))
            };
            if let Some(told) = Tried::new(how, String::new()).told(frame, id) {
                return told;
            }
            problem
        }
        Ok(CodeOutcome::Stopped) => return stopped(frame, id, None),
        Ok(CodeOutcome::Wait(until)) => StrongerProblem::Wait(time(frame, until)),
        Ok(CodeOutcome::Gone | CodeOutcome::Expired) => return gone(frame, Some(id)).await,
        Err(failure) => {
            let seen = seen(frame.app, frame.request, &failure);
            if seen.retry_after.is_none() {
                return frame.error(Cause::OurFault, None);
            }
            let down = Some(StrongerProblem::Unavailable);
            let mut response = page(frame, visit, id, down).await;
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            add_retry(&mut response, seen.retry_after);
            return response;
        }
    };
    page(frame, visit, id, Some(problem)).await
}

/// The page; each time with a new question for the passkey.
pub(super) async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    id: &str,
    problem: Option<StrongerProblem>,
) -> HttpResponse {
    let (flow, view) = match flow_of(frame.app, frame.request, visit, Some(id)).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let provider = &frame.app.provider;
    let code = provider.code_view(&flow, view.as_ref());
    let Some((code, stronger)) = code.and_then(|code| Some((code.may_trust, code.stage.stronger?)))
    else {
        return gone(frame, Some(id)).await;
    };
    if stronger.is_nothing() {
        return see_other(&format!("/login/recovery?flow={id}"), frame.app.https);
    }
    let question = match provider.passkey_question(&flow).await {
        Ok(question) => question,
        Err(failure) => return frame.failure(&failure),
    };
    let days = provider.settings.lifetimes.trusted_browser.as_secs() / 86_400;
    let csrf = frame.app.form_token(visit, id, PURPOSE);
    let mut page = frame.page(csrf);
    page.path = format!("/login/code?flow={id}");
    let shown = StrongerStepPage {
        page,
        app: app_name(view.as_ref()),
        by_app: stronger.app,
        question,
        trust_days: u32::try_from(days).ok().filter(|days| code && *days > 0),
        problem,
        restart: format!("/login?flow={id}"),
    };
    frame.html(StatusCode::OK, &kind(view.as_ref()), &shown)
}
