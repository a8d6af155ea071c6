use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_mail::tally;
use sekisho_provider::Failure;
use sekisho_provider::endpoints::sign_in::{
    CodeOutcome, CodeView, LoadedFlow, ResendOutcome, Typed,
};
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::one_time_code::{TypedRefusal, normalised};
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::second_factor::DIGITS;
use serde::{Deserialize, Serialize};

use super::{app_name, flow_of, gone, kind, posted_flow, stronger};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::failure::{add_retry, seen};
use crate::http::flash::Look;
use crate::http::frame::Frame;
use crate::http::pages::{Cause, CodePage, CodeState, Moment, Resend, StrongerProblem};

pub(super) const PURPOSE: &str = "code";

/// The page where the mailed code is typed.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let query = Parameters::decode(request.query_string().as_bytes());
    let frame = Frame::new(&app, &request, visit.locale);
    if let Some(tried) = frame.told::<Tried>(Look::Once) {
        return tried.page(&frame, &visit, query.first("flow")).await;
    }
    let state = match frame.said(Look::Once).first("sent") {
        Some("again") => CodeState::Resent,
        Some("expired") => CodeState::ExpiredAndResent,
        _ => CodeState::Fresh,
    };
    page(&frame, &visit, query.first("flow"), state, String::new()).await
}

/// What a code that was used up for nothing leaves behind for the page: told after a redirect, because sending
/// the same form again would use up another try.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tried {
    /// What was typed, to compare; not for a passkey.
    typed: String,
    how: How,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum How {
    Wrong(u8),
    Earlier,
    App(u8),
    Passkey(u8),
}

impl Tried {
    pub(super) const fn new(how: How, typed: String) -> Self {
        Self { typed, how }
    }

    /// The way to the page that says it.
    pub(super) fn told(&self, frame: &Frame<'_>, id: &str) -> Option<HttpResponse> {
        frame.see_telling(&format!("/login/code?flow={id}&said=tried"), self)
    }

    async fn page(self, frame: &Frame<'_>, visit: &Visit, id: Option<&str>) -> HttpResponse {
        let state = match self.how {
            How::Wrong(left) => CodeState::Wrong(left),
            How::Earlier => CodeState::Earlier,
            How::App(left) => {
                let problem = Some(StrongerProblem::WrongCode(left));
                return stronger::page(frame, visit, id.unwrap_or_default(), problem).await;
            }
            How::Passkey(left) => {
                let problem = Some(StrongerProblem::WrongPasskey(left));
                return stronger::page(frame, visit, id.unwrap_or_default(), problem).await;
            }
        };
        page(frame, visit, id, state, self.typed).await
    }
}

/// A code was sent, or a new one asked for.
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
    if stronger::is_asked(&flow) {
        return stronger::send(&frame, &visit, flow, &form).await;
    }
    let id = flow.id.clone();
    if form.first("action") == Some("resend") {
        let outcome = app.provider.resend_code(flow, &visit).await;
        return resent(&frame, &visit, id.as_str(), outcome, "again").await;
    }
    let trust = form.first("trust_browser").is_some();
    let typed = form.first("code").unwrap_or_default();
    if let Some(what) = uniform(&app, &flow, (form.first("answer"), typed)) {
        let typed = match &what {
            Sent::Code(code) => Typed::Code(code),
            Sent::Passkey(answer) => Typed::Passkey(answer),
        };
        let outcome = app
            .provider
            .sign_in_uniform(flow, typed, trust, &visit)
            .await;
        return answered(&frame, &visit, id.as_str(), outcome, what.shown()).await;
    }
    let code = match normalised(typed, app.provider.settings.codes.digits) {
        Ok(code) => code,
        Err(refusal) => {
            let state = match refusal {
                TypedRefusal::Empty => CodeState::Empty,
                TypedRefusal::Length(length) => {
                    CodeState::WrongLength(u64::try_from(length).unwrap_or(0))
                }
                TypedRefusal::Character => CodeState::WrongLength(digits_in(typed)),
            };
            return page(&frame, &visit, Some(id.as_str()), state, String::new()).await;
        }
    };
    let outcome = app.provider.sign_in_code(flow, &code, trust, &visit).await;
    answered(&frame, &visit, id.as_str(), outcome, code).await
}

/// What was sent from a page that asks for any second step.
enum Sent {
    Code(String),
    Passkey(String),
}

impl Sent {
    /// What is shown again, to compare.
    fn shown(self) -> String {
        match self {
            Self::Code(code) => code,
            Self::Passkey(_) => String::new(),
        }
    }
}

/// What can be checked of it, where the page hides what the password was; a shape that no code has is told as on
/// any code page.
fn uniform(app: &App, flow: &LoadedFlow, (answer, typed): (Option<&str>, &str)) -> Option<Sent> {
    let stage = flow.pending.code_stage();
    stage.filter(|stage| stage.is_uniform())?;
    if let Some(answer) = answer.filter(|answer| !answer.is_empty()) {
        return Some(Sent::Passkey(answer.to_owned()));
    }
    let lengths = [app.provider.settings.codes.digits, DIGITS];
    let codes = lengths.iter().map(|digits| normalised(typed, *digits));
    codes.flatten().next().map(Sent::Code)
}

async fn answered(
    frame: &Frame<'_>,
    visit: &Visit,
    id: &str,
    outcome: Result<CodeOutcome, Failure>,
    code: String,
) -> HttpResponse {
    match outcome {
        Ok(CodeOutcome::SignedIn(completed)) => {
            frame.set(frame.next(completed.next), completed.cookies)
        }
        Ok(CodeOutcome::Gone) => gone(frame, Some(id)).await,
        Ok(CodeOutcome::Expired) => {
            let provider = &frame.app.provider;
            let flow = match provider.flow(id, visit).await {
                Ok(Some(flow)) => flow,
                Ok(None) => return gone(frame, Some(id)).await,
                Err(failure) => return frame.failure(&failure),
            };
            let outcome = provider.resend_code(flow, visit).await;
            resent(frame, visit, id, outcome, "expired").await
        }
        Ok(CodeOutcome::Wrong(left)) => {
            tried(frame, visit, id, Tried::new(How::Wrong(left), code)).await
        }
        Ok(CodeOutcome::Earlier(_)) => {
            tried(frame, visit, id, Tried::new(How::Earlier, code)).await
        }
        Ok(CodeOutcome::Stopped) => stopped(frame, id, None),
        // OTP-06: no code of the account is looked at until then, whichever it is.
        Ok(CodeOutcome::Wait(until)) => stopped(frame, id, Some(time(frame, until))),
        Err(failure) => unavailable(frame, visit, id, &failure).await,
    }
}

async fn tried(frame: &Frame<'_>, visit: &Visit, id: &str, tried: Tried) -> HttpResponse {
    match tried.told(frame, id) {
        Some(response) => response,
        None => tried.page(frame, visit, Some(id)).await,
    }
}

async fn resent(
    frame: &Frame<'_>,
    visit: &Visit,
    id: &str,
    outcome: Result<ResendOutcome, Failure>,
    word: &str,
) -> HttpResponse {
    let state = match outcome {
        Ok(ResendOutcome::Sent) => {
            return frame.see_saying(&format!("/login/code?flow={id}&sent={word}"));
        }
        Ok(ResendOutcome::TooSoon(until)) => CodeState::Wait(time(frame, until)),
        Ok(ResendOutcome::Exhausted) => CodeState::Exhausted,
        Ok(ResendOutcome::NoMoreCodes(until)) => CodeState::NoMoreCodes(time(frame, until)),
        Ok(ResendOutcome::Gone) => return gone(frame, Some(id)).await,
        Err(failure) => return unavailable(frame, visit, id, &failure).await,
    };
    page(frame, visit, Some(id), state, String::new()).await
}

/// The tries are used up, perhaps for a while; only the words are left to show. Loading it again says the same:
/// another try finds the flow at the password, or waits.
pub(super) fn stopped(frame: &Frame<'_>, id: &str, from: Option<Moment>) -> HttpResponse {
    let view = CodePage {
        page: frame.page(String::new()),
        app: None,
        masked: String::new(),
        tally: String::new(),
        sent: Moment::clock(frame.app.provider.now(), &frame.app.default_zone),
        until: Moment::clock(frame.app.provider.now(), &frame.app.default_zone),
        minutes: 0,
        digits: frame.app.provider.settings.codes.digits,
        sender: frame.app.mail_from.clone(),
        resend: Resend::NoMore,
        trust_days: None,
        typed: String::new(),
        state: CodeState::Stopped(from),
        uniform: false,
        question: None,
        lost: None,
        restart: format!("/login?flow={id}"),
    };
    frame.html(StatusCode::OK, &crate::http::headers::Answer::Page, &view)
}

async fn unavailable(
    frame: &Frame<'_>,
    visit: &Visit,
    id: &str,
    failure: &Failure,
) -> HttpResponse {
    let seen = seen(frame.app, frame.request, failure);
    if seen.retry_after.is_none() {
        return frame.error(Cause::OurFault, None);
    }
    let mut response = page(
        frame,
        visit,
        Some(id),
        CodeState::Unavailable,
        String::new(),
    )
    .await;
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    add_retry(&mut response, seen.retry_after);
    response
}

async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    id: Option<&str>,
    state: CodeState,
    typed: String,
) -> HttpResponse {
    let (flow, view) = match flow_of(frame.app, frame.request, visit, id).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let Some(code) = frame.app.provider.code_view(&flow, view.as_ref()) else {
        // OTP-22: no code before the password.
        return see_other(&format!("/login?flow={}", flow.id), frame.app.https);
    };
    if stronger::is_asked(&flow) {
        return stronger::page(frame, visit, flow.id.as_str(), None).await;
    }
    let there = format!("/login/code-address/{}", flow.id);
    if code.stage.set_up.missing {
        return see_other(&there, frame.app.https);
    }
    let uniform = code.stage.is_uniform();
    let offers_wait = frame.app.provider.offers_address_wait();
    let lost = Some(there).filter(|_| offers_wait && !uniform && !code.stage.for_lost);
    let question = match frame.app.provider.passkey_question(&flow).await {
        Ok(question) => question.filter(|_| uniform),
        Err(failure) => return frame.failure(&failure),
    };
    let csrf = frame.app.form_token(visit, flow.id.as_str(), PURPOSE);
    let mut page = frame.page(csrf);
    page.path = format!("/login/code?flow={}", flow.id);
    let view_page = CodePage {
        question,
        lost,
        app: app_name(view.as_ref()),
        restart: format!("/login?flow={}", flow.id),
        state: told_late(state, &code, frame),
        typed,
        ..fields(frame, page, &code)
    };
    frame.html(StatusCode::OK, &kind(view.as_ref()), &view_page)
}

/// A page that is opened after the code's time says so (ux 6.2). Where nobody learns whether a code was mailed,
/// none can be late either (OTP-07).
fn told_late(state: CodeState, code: &CodeView, frame: &Frame<'_>) -> CodeState {
    let late = frame.app.provider.now() >= code.stage.expires_at && !code.stage.is_uniform();
    match state {
        CodeState::Fresh if late => CodeState::Expired,
        state => state,
    }
}

fn fields(frame: &Frame<'_>, page: crate::http::pages::Page, code: &CodeView) -> CodePage {
    let (stage, now) = (&code.stage, frame.app.provider.now());
    let settings = &frame.app.provider.settings;
    let wait = stage.resend_after.since(now).as_secs();
    let days = settings.lifetimes.trusted_browser.as_secs() / 86_400;
    CodePage {
        page,
        app: None,
        masked: stage.masked_address.clone(),
        uniform: stage.is_uniform(),
        question: None,
        tally: tally::words(stage.tally_word, stage.tally_number, frame.locale),
        sent: time(frame, stage.sent_at),
        until: time(frame, stage.expires_at),
        minutes: u32::try_from(settings.codes.life.as_secs() / 60).unwrap_or(0),
        digits: code.digits,
        sender: frame.app.mail_from.clone(),
        resend: if wait == 0 {
            Resend::Now
        } else {
            Resend::From(wait, time(frame, stage.resend_after))
        },
        trust_days: u32::try_from(days)
            .ok()
            .filter(|days| code.may_trust && *days > 0),
        typed: String::new(),
        state: CodeState::Fresh,
        lost: None,
        restart: String::new(),
    }
}

pub(super) fn time(frame: &Frame<'_>, at: sekisho_model::Timestamp) -> Moment {
    Moment::clock_and_zone(at, &frame.app.default_zone, frame.locale)
}

fn digits_in(typed: &str) -> u64 {
    u64::try_from(typed.chars().filter(char::is_ascii_digit).count()).unwrap_or(0)
}
