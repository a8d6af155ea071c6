//! `/device`: a person types the code that a device shows, looks at what it asks, and decides
//! (RFC 8628 §3.3). Nothing about a request is told before sign-in.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_mail::Device;
use sekisho_provider::endpoints::authorize::Next;
use sekisho_provider::endpoints::device::{DeviceDecided, DeviceFound, DeviceView};
use sekisho_provider::endpoints::visit::{LiveSession, NewCookies, Visit};
use sekisho_provider::rules::device::UserCode;
use sekisho_provider::rules::parameters::Parameters;

use super::answer::see_other;
use super::app::App;
use super::flash::Look;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{
    App as AppName, Cause, DeviceConfirmPage, DeviceDonePage, DevicePage, DeviceProblem, Moment,
    Person,
};
use super::sign_in::scope_items;

const CODE: &str = "device";
const DECISION: &str = "device-decision";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/device")
            .route(web::get().to(show))
            .route(web::post().to(send)),
    );
}

/// Somebody who is signed in, on this page.
struct Typist<'a> {
    frame: Frame<'a>,
    visit: Visit,
    live: LiveSession,
}

impl<'a> Typist<'a> {
    /// Who it is; or the way to the sign-in page and back here, with the code if there is one.
    async fn of(
        app: &'a App,
        request: &'a HttpRequest,
        typed: Option<&str>,
    ) -> Result<Self, HttpResponse> {
        let mut visit = app.visit(request);
        let frame = Frame::new(app, request, visit.locale);
        if !app.provider.settings.features.device {
            return Err(frame.error(Cause::NotFound, None));
        }
        match app.provider.live_session(&visit).await {
            Ok(Some(live)) => {
                if let Err(failure) = super::levels::pass_owner(app, request, &live.user) {
                    return Err(frame.failure(&failure));
                }
                let frame = Frame::of_person(app, request, live.user.chosen_locale());
                visit.locale = frame.locale;
                Ok(Self { frame, visit, live })
            }
            Ok(None) => {
                let back = utf8_percent_encode(&here(typed), NON_ALPHANUMERIC).to_string();
                let to = format!("/login?return_to={back}");
                Err(frame.remembering(see_other(&to, app.https)))
            }
            Err(failure) => Err(frame.failure(&failure)),
        }
    }

    fn form(&self, typed: Option<&str>, problem: Option<DeviceProblem>) -> HttpResponse {
        let app = self.frame.app;
        let mut page = self.frame.page(app.form_token(&self.visit, "", CODE));
        page.path = here(typed);
        let typed = match typed.map(UserCode::read) {
            Some(Some(code)) => code.letters().to_owned(),
            Some(None) => typed.unwrap_or_default().chars().take(20).collect(),
            None => String::new(),
        };
        let view = DevicePage {
            page,
            typed,
            problem,
        };
        self.frame.html(StatusCode::OK, &Answer::Page, &view)
    }

    fn done(&self, allowed: bool) -> HttpResponse {
        let mut page = self.frame.page(String::new());
        "/device".clone_into(&mut page.path);
        let view = DeviceDonePage { page, allowed };
        self.frame.html(StatusCode::OK, &Answer::Page, &view)
    }

    fn confirm(&self, found: &DeviceView, too_soon: bool) -> HttpResponse {
        let app = self.frame.app;
        let csrf = app.decision_token(&self.visit, &found.handle, DECISION);
        let mut page = self.frame.page(csrf);
        page.path = here(Some(&found.user_code));
        let id = found.client.client_id.to_string();
        let host = found.client.client_uri.as_deref().and_then(host_of);
        let address = found.account.login_address.to_string();
        let view = DeviceConfirmPage {
            page,
            too_soon,
            app: AppName::new(&found.client_name, host.as_deref().unwrap_or(&id))
                .with_brand(&found.client.client_id, found.client.brand),
            client_id: id.clone(),
            person: Person::new(found.account.name(), &address),
            user_code: found.user_code.clone(),
            device: Device::of(&found.user_agent).words(self.frame.locale),
            ip: found.ip.clone(),
            asked: Moment::date_time(found.asked_at, &self.live.user.zone, self.frame.locale),
            scopes: scope_items(&found.scope, &found.account, |_all| true),
            resources: found.resources.clone(),
        };
        self.frame.html(StatusCode::OK, &Answer::Page, &view)
    }
}

/// The form; a code in the address is filled in and never sent by itself (RFC 8628 §5.4).
async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let query = Parameters::decode(request.query_string().as_bytes());
    let typed = query.first("user_code");
    match Typist::of(&app, &request, typed).await {
        Ok(typist) => match typist.frame.said(Look::Again).first("said") {
            Some(word) => typist.done(word == "allowed"),
            None => typist.form(typed, None),
        },
        Err(response) => response,
    }
}

/// A code, or a decision.
async fn send(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let form = Parameters::decode(&body);
    let typed = form.first("user_code");
    let typist = match Typist::of(&app, &request, typed).await {
        Ok(typist) => typist,
        Err(response) => return response,
    };
    let purpose = match form.first("decision") {
        Some(_) => DECISION,
        None => CODE,
    };
    let Some(handle) = app.checked(&request, &typist.visit, &form, purpose) else {
        return typist.frame.error_again(Cause::Csrf, "/device");
    };
    match form.first("decision") {
        Some(decision) => match app.looked_at(&handle) {
            (handle, true) => decided(&typist, handle, decision == "allow").await,
            (_, false) => looked_up(&typist, typed, true).await,
        },
        None => looked_up(&typist, typed, false).await,
    }
}

async fn looked_up(typist: &Typist<'_>, typed: Option<&str>, too_soon: bool) -> HttpResponse {
    let Typist { frame, visit, live } = typist;
    let Some(code) = typed else {
        return typist.form(None, Some(DeviceProblem::Empty));
    };
    match frame.app.provider.find_device(code, live, visit).await {
        Ok(DeviceFound::Ask(found)) => typist.confirm(&found, too_soon),
        Ok(DeviceFound::Unusable) => typist.form(typed, Some(DeviceProblem::Unusable)),
        Ok(DeviceFound::SignIn(flow, cookie)) => frame.set(
            frame.next(Next::SignIn(flow)),
            NewCookies {
                pre_auth: cookie,
                ..NewCookies::default()
            },
        ),
        Ok(DeviceFound::Wait(until)) => {
            let until = Moment::clock_and_zone(until, &live.user.zone, frame.locale);
            frame.error(Cause::TooMany(Some(until)), None)
        }
        Err(failure) => frame.failure(&failure),
    }
}

async fn decided(typist: &Typist<'_>, handle: &str, allow: bool) -> HttpResponse {
    let Typist { frame, visit, live } = typist;
    let provider = &frame.app.provider;
    let word = match provider.decide_device(handle, allow, live, visit).await {
        Ok(DeviceDecided::Allowed) => "allowed",
        Ok(DeviceDecided::Denied) => "denied",
        Ok(DeviceDecided::Gone) => return typist.form(None, Some(DeviceProblem::Unusable)),
        Err(failure) => return frame.failure(&failure),
    };
    frame.see_saying(&format!("/device?said={word}"))
}

/// This page, with the code if it can be one.
fn here(typed: Option<&str>) -> String {
    match typed.and_then(UserCode::read) {
        Some(code) => format!("/device?user_code={}", code.shown()),
        None => "/device".to_owned(),
    }
}

fn host_of(uri: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok()?;
    url.host_str().map(str::to_owned)
}
