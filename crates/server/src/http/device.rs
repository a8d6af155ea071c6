//! `/device`: a person types the code that another device shows, and decides (RFC 8628 §3.3).

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_mail::Device;
use sekisho_provider::endpoints::device::{DeviceView, TypedCode};
use sekisho_provider::endpoints::visit::{LiveSession, Visit};
use sekisho_provider::rules::parameters::Parameters;

use super::answer::see_other;
use super::app::App;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{
    App as AppName, Cause, DeviceConfirmPage, DeviceDonePage, DevicePage, DeviceProblem, Moment,
    ScopeItem,
};
use super::sign_in::scope_items;

/// The form with the code.
const TYPED: &str = "device";
/// The form with the decision: its token carries the code, so that nothing else can be decided.
const DECIDED: &str = "device-decision";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/device")
            .route(web::get().to(show))
            .route(web::post().to(send)),
    );
}

/// Nothing about a device is told before sign-in (ux 6.11).
async fn signed_in(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
) -> Result<LiveSession, HttpResponse> {
    let frame = Frame::new(app, request, visit.locale);
    if !app.provider.settings.features.device {
        return Err(frame.error(Cause::NotFound, None));
    }
    match app.provider.live_session(visit).await {
        Ok(Some(live)) => Ok(live),
        Ok(None) => {
            let here = request
                .uri()
                .path_and_query()
                .map_or("/device", |path| path.as_str());
            let back = utf8_percent_encode(here, NON_ALPHANUMERIC);
            Err(see_other(&format!("/login?return_to={back}"), app.https))
        }
        Err(failure) => Err(frame.failure(&failure)),
    }
}

async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let live = match signed_in(&app, &request, &visit).await {
        Ok(live) => live,
        Err(answer) => return answer,
    };
    let query = Parameters::decode(request.query_string().as_bytes());
    let code = query.first("user_code").unwrap_or_default();
    let frame = Frame::new(&app, &request, app.locale(&request, Some(live.user.locale)));
    ask(&frame, &visit, code, None)
}

async fn send(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let visit = app.visit(&request);
    let live = match signed_in(&app, &request, &visit).await {
        Ok(live) => live,
        Err(answer) => return answer,
    };
    let frame = Frame::new(&app, &request, app.locale(&request, Some(live.user.locale)));
    let form = Parameters::decode(&body);
    if let Some(decision) = form.first("decision") {
        let Some(code) = app.checked(&request, &visit, &form, DECIDED) else {
            return frame.error_again(Cause::Csrf, "/device");
        };
        let allow = decision == "allow";
        return match app
            .provider
            .decide_device(&code, allow, &live, &visit)
            .await
        {
            Ok(true) => done(&frame, allow),
            Ok(false) => ask(&frame, &visit, "", Some(DeviceProblem::Unknown)),
            Err(failure) => frame.failure(&failure),
        };
    }
    if app.checked(&request, &visit, &form, TYPED).is_none() {
        return frame.error_again(Cause::Csrf, "/device");
    }
    let typed = form.first("user_code").unwrap_or_default();
    match app.provider.typed_device_code(typed, &live, &visit).await {
        Ok(TypedCode::Found(view)) => confirm(&frame, &visit, &live, *view),
        Ok(TypedCode::Unknown) => ask(&frame, &visit, typed, Some(DeviceProblem::Unknown)),
        Ok(TypedCode::StrongerSignIn) => {
            ask(&frame, &visit, typed, Some(DeviceProblem::StrongerSignIn))
        }
        Ok(TypedCode::Wait(until)) => {
            let until = Moment::date_time(until, &live.user.zone, frame.locale);
            ask(&frame, &visit, "", Some(DeviceProblem::Wait(until)))
        }
        Err(failure) => frame.failure(&failure),
    }
}

fn ask(
    frame: &Frame<'_>,
    visit: &Visit,
    code: &str,
    problem: Option<DeviceProblem>,
) -> HttpResponse {
    let view = DevicePage {
        page: frame.page(frame.app.form_token(visit, "", TYPED)),
        code: code.chars().take(16).collect(),
        problem,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

fn confirm(frame: &Frame<'_>, visit: &Visit, live: &LiveSession, view: DeviceView) -> HttpResponse {
    let host = view.client.client_uri.as_deref().unwrap_or_default();
    let app = AppName::new(&view.client_name, host_of(host)).with_links(
        view.client.policy_uri.as_deref(),
        view.client.tos_uri.as_deref(),
    );
    let page = DeviceConfirmPage {
        page: frame.page(frame.app.form_token(visit, &view.user_code, DECIDED)),
        app,
        client_id: view.client.client_id.to_string(),
        scopes: scope_items(view.scope.iter(), &view.account),
        code: view.user_code,
        device: Device::of(&view.user_agent).words(frame.locale),
        ip: view.ip,
        at: Moment::date_time(view.asked_at, &live.user.zone, frame.locale),
    };
    frame.html(StatusCode::OK, &Answer::Page, &page)
}

fn host_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn done(frame: &Frame<'_>, allowed: bool) -> HttpResponse {
    let view = DeviceDonePage {
        page: frame.page(String::new()),
        allowed,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}
