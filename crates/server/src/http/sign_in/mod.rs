//! The pages of a sign-in: password, code, consent.

mod code;
mod consent;
mod gone;
mod password;
mod stronger;

pub(in crate::http) use consent::{scope_items, vouched};
pub(in crate::http) use gone::gone;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_provider::endpoints::sign_in::{AppView, LoadedFlow};
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;

use super::app::App;
use super::frame::Frame;
use super::headers::{Answer, form_target};
use super::pages::App as AppName;

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/login")
                .route(web::get().to(password::show))
                .route(web::post().to(password::send)),
        )
        .service(
            web::resource("/login/code")
                .route(web::get().to(code::show))
                .route(web::post().to(code::send)),
        )
        .service(
            web::resource("/consent")
                .route(web::get().to(consent::show))
                .route(web::post().to(consent::send)),
        );
}

/// The flow a request is about, with the app it is for; or the page that says there is none.
pub(in crate::http) async fn flow_of(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
    id: Option<&str>,
) -> Result<(LoadedFlow, Option<AppView>), HttpResponse> {
    let frame = Frame::new(app, request, visit.locale);
    let Some(id) = id else {
        return Err(gone(&frame, None).await);
    };
    let flow = app
        .provider
        .flow(id, visit)
        .await
        .map_err(|failure| frame.failure(&failure))?;
    let Some(flow) = flow else {
        return Err(gone(&frame, Some(id)).await);
    };
    let view = app
        .provider
        .app_view(&flow, visit)
        .await
        .map_err(|failure| frame.failure(&failure))?;
    Ok((flow, view))
}

/// The flow a posted form is about. The form token carries its id (WEB-01).
pub(in crate::http) async fn posted_flow(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
    form: &Parameters,
    purpose: &str,
) -> Result<(LoadedFlow, Option<AppView>), HttpResponse> {
    let id = posted_handle(app, request, visit, form, purpose).await?;
    flow_of(app, request, visit, Some(&id)).await
}

/// The handle of a posted form, or the page that says it is none of ours.
pub(in crate::http) async fn posted_handle(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
    form: &Parameters,
    purpose: &str,
) -> Result<String, HttpResponse> {
    if let Some(handle) = app.checked(request, visit, form, purpose) {
        return Ok(handle);
    }
    let frame = Frame::new(app, request, visit.locale);
    Err(gone::refused_form(&frame, visit, form, purpose).await)
}

/// WEB-05: the forms of a flow end in a redirect to the app.
pub(in crate::http) fn kind(view: Option<&AppView>) -> Answer {
    match view.and_then(|view| form_target(&view.form_action)) {
        Some(target) => Answer::FlowPage(target),
        None => Answer::Page,
    }
}

pub(in crate::http) fn app_name(view: Option<&AppView>) -> Option<AppName> {
    view.map(|view| {
        AppName::new(&view.name, &view.host)
            .with_links(view.policy_uri.as_deref(), view.tos_uri.as_deref())
            .with_brand(&view.client_id, view.brand)
    })
}
