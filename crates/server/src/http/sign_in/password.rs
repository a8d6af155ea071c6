use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::{EmailAddress, EmailAddressRefusal, FlowId};
use sekisho_provider::endpoints::sign_in::{AppView, LoadedFlow, PasswordOutcome};
use sekisho_provider::endpoints::visit::{NewCookies, Visit};
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_in::safe_return;

use super::{app_name, flow_of, gone, kind, posted_flow};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::failure::{add_retry, seen};
use crate::http::flash::Look;
use crate::http::frame::{Frame, WayBack};
use crate::http::pages::{Cause, Moment, SignInLinks, SignInPage, SignInProblem};
use crate::http::typed_address::typed_address;

const PURPOSE: &str = "login";
/// What the address of the page says when somebody else is to sign in than who is signed in.
const ANOTHER: (&str, &str) = ("account", "other");

/// The sign-in page; without a flow one begins, to the account page or to `return_to`.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let query = Parameters::decode(request.query_string().as_bytes());
    let frame = Frame::new(&app, &request, visit.locale);
    if let Some(back) = frame.told::<WayBack>(Look::Again) {
        return frame.return_page(back);
    }
    let Some(id) = query.first("flow") else {
        return begin(&app, &request, &visit, query.first("return_to")).await;
    };
    match flow_of(&app, &request, &visit, Some(id)).await {
        Ok((flow, view)) => {
            let email = view.as_ref().and_then(|view| view.login_hint.clone());
            let email = email
                .filter(|hint| EmailAddress::parse(hint).is_ok())
                .unwrap_or_default();
            let shown = Shown {
                app: &app,
                request: &request,
                visit: &visit,
                flow: &flow,
                view: view.as_ref(),
                another: query.first(ANOTHER.0) == Some(ANOTHER.1),
            };
            shown.page(email, None).await
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
    let (typed, address) = typed_address(&form, "email");
    let password = form.first("password").unwrap_or_default();
    let problem = match (address, password.is_empty()) {
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
                Ok(PasswordOutcome::NoCodeAddress) => {
                    see_other("/help/code-address?why=none", app.https)
                }
                Ok(PasswordOutcome::FlowGone) => gone(&frame, Some(id.as_str())).await,
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
        another: false,
    }
    .page(typed, Some(problem))
    .await
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
        Ok(PasswordOutcome::Blocked) => SignInProblem::Blocked(app.reference(frame.request)),
        Ok(PasswordOutcome::OnlyByMail) => SignInProblem::OnlyByMail,
        Ok(PasswordOutcome::ChangeByMail) => SignInProblem::ChangeByMail,
        Ok(PasswordOutcome::NoMoreCodes(until)) => SignInProblem::NoMoreCodes(time(until)),
        Ok(PasswordOutcome::Disabled) => {
            SignInProblem::AccountStopped(app.reference(frame.request))
        }
        Ok(_) => SignInProblem::Wrong,
        Err(failure) => {
            let seen = seen(app, frame.request, &failure);
            let Some(seconds) = seen.retry_after else {
                return frame.error(Cause::OurFault, None);
            };
            retry_after = Some(seconds);
            SignInProblem::Unavailable
        }
    };
    let (flow, view) = match flow_of(app, frame.request, visit, Some(id)).await {
        Ok(found) => found,
        // The failed attempt took it away: that is our fault, and the way is to begin anew.
        Err(_) if retry_after.is_some() => {
            let mut response = frame.error_again(Cause::Unavailable, "/account");
            add_retry(&mut response, retry_after);
            return response;
        }
        Err(page) => return page,
    };
    let shown = Shown {
        app,
        request: frame.request,
        visit,
        flow: &flow,
        view: view.as_ref(),
        another: false,
    };
    let mut response = shown.page(typed, Some(problem)).await;
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
    /// Whether somebody else is to sign in than who is signed in.
    another: bool,
}

/// The page where the address can be typed, whoever is signed in.
pub(super) fn path_for_another(flow: &FlowId) -> String {
    format!("/login?flow={flow}&{}={}", ANOTHER.0, ANOTHER.1)
}

impl Shown<'_> {
    fn path(&self) -> String {
        format!("/login?flow={}", self.flow.id)
    }

    /// Who is signed in at this browser, where nobody else was typed or is wanted (ux 6.1).
    async fn known(&self, email: &str) -> Option<String> {
        if self.another {
            return None;
        }
        let known = self.app.provider.signed_in_address(self.flow, self.visit);
        let own = known.await.unwrap_or_else(|failure| {
            // The page works without it.
            tracing::warn!(%failure, "who is signed in could not be looked up");
            None
        })?;
        let typed = EmailAddress::parse(email);
        let same = typed.is_ok_and(|typed| typed.canonical() == own.canonical());
        (email.is_empty() || same).then(|| own.to_string())
    }

    fn register_href(&self) -> String {
        if self.app.provider.offers_sign_up() {
            format!("/register?flow={}", self.flow.id)
        } else {
            String::new()
        }
    }

    async fn page(&self, email: String, problem: Option<SignInProblem>) -> HttpResponse {
        let of_address = matches!(
            problem,
            Some(SignInProblem::EmailEmpty | SignInProblem::EmailShape)
        );
        let known = if of_address {
            None
        } else {
            self.known(&email).await
        };
        let frame = Frame::new(self.app, self.request, self.visit.locale);
        let csrf = self
            .app
            .form_token(self.visit, self.flow.id.as_str(), PURPOSE);
        let mut page = frame.page(csrf);
        page.path = if self.another {
            path_for_another(&self.flow.id)
        } else {
            self.path()
        };
        let view = SignInPage {
            page,
            app: app_name(self.view),
            known: known.is_some(),
            email: known.unwrap_or(email),
            problem,
            before_change: self.flow.pending.comes_before_change(),
            links: SignInLinks {
                forgot: true,
                register: self.register_href(),
                another: path_for_another(&self.flow.id),
            },
        };
        frame.html(StatusCode::OK, &kind(self.view), &view)
    }
}
