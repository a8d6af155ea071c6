//! Setting a code address at a sign-in where no code can be typed (ux 6.4, 6.6).

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::ProofPurpose;
use sekisho_provider::endpoints::code_address::{
    MailboxAsked, MailboxOutcome, SetUpAsked, SetUpOutcome, SetUpView,
};
use sekisho_provider::endpoints::sign_in::{AppView, LoadedFlow};
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::code_address::{Reason, Stand};
use sekisho_provider::rules::parameters::Parameters;

use super::address_proof::{self, Place};
use super::answer::see_other;
use super::app::App;
use super::flash::Look;
use super::frame::Frame;
use super::pages::{AddressProblem, Cause, Moment, SetUpPage, SetUpState};
use super::sign_in::{app_name, flow_of, gone, kind};
use super::typed_address::typed_address;

const PURPOSE: &str = "set-up";

/// Routes of this module.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/login/code-address/{flow}")
                .route(web::get().to(show))
                .route(web::post().to(send)),
        )
        .service(
            web::resource("/login/code-address/{flow}/mailbox")
                .route(web::get().to(show_mailbox))
                .route(web::post().to(mailbox_proved)),
        )
        .service(
            web::resource("/login/code-address/{flow}/confirm")
                .route(web::get().to(confirm))
                .route(web::post().to(proved)),
        );
}

/// The addresses of one sign-in.
struct Paths {
    here: String,
    mailbox: String,
    confirm: String,
}

impl Paths {
    fn of(flow: &LoadedFlow) -> Self {
        let here = format!("/login/code-address/{}", flow.id);
        Self {
            mailbox: format!("{here}/mailbox"),
            confirm: format!("{here}/confirm"),
            here,
        }
    }

    fn mailbox(&self) -> Place<'_> {
        Place {
            purpose: ProofPurpose::LoginMailbox,
            here: &self.mailbox,
            restart: &self.here,
            form: "set-up-mailbox",
        }
    }

    fn confirm(&self) -> Place<'_> {
        Place {
            purpose: ProofPurpose::OtherCodeAddress,
            here: &self.confirm,
            restart: &self.here,
            form: "set-up-confirm",
        }
    }
}

/// A sign-in whose password was proved, at its browser.
struct Found<'a> {
    frame: Frame<'a>,
    visit: Visit,
    flow: LoadedFlow,
    app: Option<AppView>,
    view: SetUpView,
    paths: Paths,
}

impl<'a> Found<'a> {
    /// Or the page for whoever is not as far (OTP-22).
    async fn of(app: &'a App, request: &'a HttpRequest) -> Result<Self, HttpResponse> {
        let visit = app.visit(request);
        let frame = Frame::new(app, request, visit.locale);
        let id = request.match_info().get("flow");
        let (flow, view) = flow_of(app, request, &visit, id).await?;
        match app.provider.set_up_view(&flow).await {
            Ok(Some(found)) => Ok(Self {
                paths: Paths::of(&flow),
                frame,
                visit,
                flow,
                app: view,
                view: found,
            }),
            Ok(None) => Err(see_other(&format!("/login?flow={}", flow.id), app.https)),
            Err(failure) => Err(frame.failure(&failure)),
        }
    }

    fn state(&self) -> SetUpState {
        match self.view.stand {
            Stand::Mailbox => SetUpState::Mailbox(None),
            Stand::Waits(until) => SetUpState::Waits(self.moment(until)),
            Stand::NewAddress => SetUpState::NewAddress(None),
            Stand::Held(until) => SetUpState::Held(self.moment(until)),
            Stand::Closed => SetUpState::Closed,
        }
    }

    fn moment(&self, at: sekisho_model::Timestamp) -> Moment {
        Moment::date_time(at, &self.frame.app.default_zone, self.frame.locale)
    }

    fn page(&self, state: SetUpState, typed: String) -> HttpResponse {
        let app = self.frame.app;
        let csrf = app.form_token(&self.visit, self.flow.id.as_str(), PURPOSE);
        let mut page = self.frame.page(csrf);
        page.path.clone_from(&self.paths.here);
        let view = SetUpPage {
            page,
            app: app_name(self.app.as_ref()),
            reason: self.view.reason,
            is_due: self.view.is_due,
            login: self.view.login.to_string(),
            here: self.paths.here.clone(),
            back: format!("/login/code?flow={}", self.flow.id),
            typed,
            state,
        };
        self.frame
            .html(StatusCode::OK, &kind(self.app.as_ref()), &view)
    }

    fn again(&self) -> HttpResponse {
        see_other(&self.paths.here, self.frame.app.https)
    }
}

async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.visit(&request).locale);
    if frame.said(Look::Again).first("said").is_some() {
        return done(&frame).await;
    }
    match Found::of(&app, &request).await {
        Ok(found) => found.page(found.state(), String::new()),
        Err(response) => response,
    }
}

/// The address is set. The sign-in that led here is over, and its place was taken by one that begins anew.
async fn done(frame: &Frame<'_>) -> HttpResponse {
    let visit = frame.app.visit(frame.request);
    let id = frame.request.match_info().get("flow");
    let (flow, view) = match flow_of(frame.app, frame.request, &visit, id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let href = format!("/login?flow={}", flow.id);
    let mut page = frame.page(String::new());
    page.path.clone_from(&href);
    let view_page = SetUpPage {
        page,
        app: app_name(view.as_ref()),
        reason: Reason::Lost,
        is_due: false,
        login: String::new(),
        here: href.clone(),
        back: String::new(),
        typed: String::new(),
        state: SetUpState::Done(href),
    };
    frame.html(StatusCode::OK, &kind(view.as_ref()), &view_page)
}

/// The next letter is asked for: to the sign-in mailbox, or to the address that was typed.
async fn send(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let found = match Found::of(&app, &request).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let form = Parameters::decode(&body);
    let handle = app.checked(&request, &found.visit, &form, PURPOSE);
    if handle.as_deref() != Some(found.flow.id.as_str()) {
        return found.frame.error_again(Cause::Csrf, &found.paths.here);
    }
    match found.view.stand {
        Stand::Mailbox => ask_mailbox(&found).await,
        Stand::NewAddress => ask_address(&found, &form).await,
        Stand::Waits(_) | Stand::Held(_) | Stand::Closed => found.again(),
    }
}

async fn ask_mailbox(found: &Found<'_>) -> HttpResponse {
    let provider = &found.frame.app.provider;
    match provider
        .begin_mailbox_proof(&found.flow, &found.visit)
        .await
    {
        Ok(MailboxAsked::Sent) => see_other(&found.paths.mailbox, found.frame.app.https),
        Ok(MailboxAsked::NoMoreCodes(until)) => {
            let until = Some(found.moment(until));
            found.page(SetUpState::Mailbox(until), String::new())
        }
        Ok(MailboxAsked::Gone) => found.again(),
        Err(failure) => found.frame.failure(&failure),
    }
}

async fn ask_address(found: &Found<'_>, form: &Parameters) -> HttpResponse {
    let (typed, address) = typed_address(form, "email");
    let provider = &found.frame.app.provider;
    let problem = match address {
        Ok(new) => match provider.begin_set_up(&found.flow, &new, &found.visit).await {
            Ok(SetUpAsked::Sent) => {
                return see_other(&found.paths.confirm, found.frame.app.https);
            }
            Ok(SetUpAsked::Refused(refusal)) => AddressProblem::Refused(refusal),
            Ok(SetUpAsked::NoMoreCodes(until)) => AddressProblem::NoMoreCodes(found.moment(until)),
            Ok(SetUpAsked::Gone) => return found.again(),
            Err(failure) => return found.frame.failure(&failure),
        },
        Err(refusal) => refusal.into(),
    };
    found.page(SetUpState::NewAddress(Some(problem)), typed)
}

async fn show_mailbox(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match Found::of(&app, &request).await {
        Ok(found) => address_proof::show(&found.frame, &found.visit, found.paths.mailbox()).await,
        Err(response) => response,
    }
}

/// The code from the sign-in mailbox was typed.
async fn mailbox_proved(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let found = match Found::of(&app, &request).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let form = Parameters::decode(&body);
    let place = found.paths.mailbox();
    let proved = match address_proof::posted(&found.frame, &found.visit, place, &form).await {
        Ok(proved) => proved,
        Err(response) => return response,
    };
    let Found {
        frame,
        visit,
        flow,
        paths,
        ..
    } = found;
    let id = flow.id.clone();
    match app.provider.mailbox_was_proved(flow, proved, &visit).await {
        Ok(MailboxOutcome::GoOn) => see_other(&paths.here, app.https),
        Ok(MailboxOutcome::Gone) => gone(&frame, Some(id.as_str())).await,
        Err(failure) => frame.failure(&failure),
    }
}

async fn confirm(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match Found::of(&app, &request).await {
        Ok(found) => address_proof::show(&found.frame, &found.visit, found.paths.confirm()).await,
        Err(response) => response,
    }
}

/// The code from the new address was typed: codes go there from now on.
async fn proved(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let found = match Found::of(&app, &request).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let form = Parameters::decode(&body);
    let place = found.paths.confirm();
    let proved = match address_proof::posted(&found.frame, &found.visit, place, &form).await {
        Ok(proved) => proved,
        Err(response) => return response,
    };
    let id = found.flow.id.clone();
    let done = app
        .provider
        .finish_set_up(found.flow, proved, &found.visit)
        .await;
    match done {
        Ok(SetUpOutcome::Set(again, cookies)) => {
            let told = format!("/login/code-address/{again}?said=done");
            found.frame.set(found.frame.see_saying(&told), cookies)
        }
        Ok(SetUpOutcome::Gone) => gone(&found.frame, Some(id.as_str())).await,
        Err(failure) => found.frame.failure(&failure),
    }
}
