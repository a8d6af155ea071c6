use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::{EmailAddress, EmailAddressRefusal};
use sekisho_provider::endpoints::sign_in::{AppView, LoadedFlow, PasswordOutcome};
use sekisho_provider::endpoints::visit::{NewCookies, Visit};
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_in::safe_return;

use super::{app_name, flow_of, kind, posted_flow};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::failure::{add_retry, seen};
use crate::http::frame::Frame;
use crate::http::pages::{Cause, Moment, SignInLinks, SignInPage, SignInProblem};

const PURPOSE: &str = "login";

/// The sign-in page; without a flow one begins, to the account page or to `return_to`.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let query = Parameters::decode(request.query_string().as_bytes());
    let Some(id) = query.first("flow") else {
        return begin(&app, &request, &visit, query.first("return_to")).await;
    };
    match flow_of(&app, &request, &visit, Some(id)).await {
        Ok((flow, view)) => {
            let email = view.as_ref().and_then(|view| view.login_hint.clone());
            let email = email
                .filter(|hint| EmailAddress::parse(hint).is_ok())
                .unwrap_or_default();
            Shown {
                app: &app,
                request: &request,
                visit: &visit,
                flow: &flow,
                view: view.as_ref(),
            }
            .page(email, None)
        }
        Err(page) => page,
    }
}

async fn begin(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
    return_to: Option<&str>,
) -> HttpResponse {
    let frame = Frame::new(app, request, visit.locale);
    if let Ok(Some(_)) = app.provider.live_session(visit).await {
        return see_other(&safe_return(return_to), app.https);
    }
    match app.provider.begin_page_sign_in(return_to, visit).await {
        Ok((flow, cookie)) => {
            let response = frame.remembering(see_other(&format!("/login?flow={flow}"), app.https));
            frame.set(
                response,
                NewCookies {
                    pre_auth: cookie,
                    ..NewCookies::default()
                },
            )
        }
        Err(failure) => frame.failure(&failure),
    }
}

/// An address and a password were sent.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let form = Parameters::decode(&body);
    let (flow, view) = match posted_flow(&app, &request, &visit, &form, PURPOSE).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let typed = form
        .first("email")
        .unwrap_or_default()
        .chars()
        .take(320)
        .collect::<String>();
    let password = form.first("password").unwrap_or_default();
    let problem = match (EmailAddress::parse(&typed), password.is_empty()) {
        (Err(EmailAddressRefusal::Empty), _) => SignInProblem::EmailEmpty,
        (Err(_), _) => SignInProblem::EmailShape,
        (Ok(_), true) => SignInProblem::PasswordEmpty,
        (Ok(address), false) => {
            let id = flow.id.clone();
            let outcome = app
                .provider
                .sign_in_password(flow, &address, password, &visit)
                .await;
            let frame = Frame::new(&app, &request, visit.locale);
            return match outcome {
                Ok(PasswordOutcome::CodeSent(cookies)) => frame.set(
                    see_other(&format!("/login/code?flow={id}"), app.https),
                    cookies,
                ),
                Ok(PasswordOutcome::SignedIn(completed)) => {
                    frame.set(frame.next(completed.next), completed.cookies)
                }
                Ok(PasswordOutcome::NoCodeAddress) => see_other("/help/code-address", app.https),
                Ok(PasswordOutcome::FlowGone) => frame.error_again(Cause::FlowGone, "/account"),
                other => refused(&frame, &visit, id.as_str(), typed, other).await,
            };
        }
    };
    Shown {
        app: &app,
        request: &request,
        visit: &visit,
        flow: &flow,
        view: view.as_ref(),
    }
    .page(typed, Some(problem))
}

/// The page again, with what went wrong. The flow is read anew, because the attempt took it.
async fn refused(
    frame: &Frame<'_>,
    visit: &Visit,
    id: &str,
    typed: String,
    outcome: Result<PasswordOutcome, sekisho_provider::Failure>,
) -> HttpResponse {
    let app = frame.app;
    let time = |until| Moment::clock_and_zone(until, &app.default_zone, frame.locale);
    let mut retry_after = None;
    let problem = match outcome {
        Ok(PasswordOutcome::Wait(until)) => SignInProblem::Throttled(time(until)),
        Ok(PasswordOutcome::NoMoreCodes(until)) => SignInProblem::NoMoreCodes(time(until)),
        Ok(PasswordOutcome::Disabled) => SignInProblem::AccountStopped(app.new_reference()),
        Ok(_) => SignInProblem::Wrong,
        Err(failure) => {
            let seen = seen(app, &failure);
            let Some(seconds) = seen.retry_after else {
                return frame.error(Cause::OurFault, None);
            };
            retry_after = Some(seconds);
            SignInProblem::Unavailable
        }
    };
    let (flow, view) = match flow_of(app, frame.request, visit, Some(id)).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let shown = Shown {
        app,
        request: frame.request,
        visit,
        flow: &flow,
        view: view.as_ref(),
    };
    let mut response = shown.page(typed, Some(problem));
    if retry_after.is_some() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        add_retry(&mut response, retry_after);
    }
    response
}

struct Shown<'a> {
    app: &'a App,
    request: &'a HttpRequest,
    visit: &'a Visit,
    flow: &'a LoadedFlow,
    view: Option<&'a AppView>,
}

impl Shown<'_> {
    fn register_href(&self) -> String {
        if self.app.provider.offers_sign_up() {
            format!("/register?flow={}", self.flow.id)
        } else {
            String::new()
        }
    }

    fn page(&self, email: String, problem: Option<SignInProblem>) -> HttpResponse {
        let frame = Frame::new(self.app, self.request, self.visit.locale);
        let csrf = self
            .app
            .form_token(self.visit, self.flow.id.as_str(), PURPOSE);
        let mut page = frame.page(csrf);
        page.path = format!("/login?flow={}", self.flow.id);
        let view = SignInPage {
            page,
            app: app_name(self.view),
            email,
            problem,
            before_change: self.flow.pending.comes_before_change(),
            links: SignInLinks {
                forgot: true,
                register: self.register_href(),
            },
        };
        frame.html(StatusCode::OK, &kind(self.view), &view)
    }
}
