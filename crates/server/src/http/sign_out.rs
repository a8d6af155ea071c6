//! Signing out: `/logout` for people, `/oauth2/end_session` for apps (RP-Initiated Logout 1.0).

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::end_session::SignOutWish;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;

use super::answer::see_other;
use super::app::App;
use super::cookies::Use;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, SignOutAction, SignOutPage, SignedOutPage};

const PURPOSE: &str = "logout";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/logout")
                .route(web::get().to(ask))
                .route(web::post().to(sign_out)),
        )
        .service(
            web::resource("/oauth2/end_session")
                .route(web::get().to(end_session_get))
                .route(web::post().to(end_session_post)),
        );
}

/// A plain visit: the question, or that nobody is signed in.
async fn ask(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    match app.provider.live_session(&visit).await {
        Ok(Some(_)) => question(&frame, &visit, SignOutAction::Page, None),
        Ok(None) => done(&frame),
        Err(failure) => frame.failure(&failure),
    }
}

/// The button of the account pages, or the answer to the question.
async fn sign_out(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, "/logout");
    }
    if form.first("decision") == Some("no") {
        return stayed(&frame);
    }
    match app.provider.sign_out(&visit).await {
        Ok(()) => done(&frame),
        Err(failure) => frame.failure(&failure),
    }
}

async fn end_session_get(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let parameters = Parameters::decode(request.query_string().as_bytes());
    end_session(&app, &request, &parameters).await
}

/// A request of an app by POST, or the person's answer to the question.
async fn end_session_post(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let form = Parameters::decode(&body);
    let Some(decision) = form.first("decision") else {
        return end_session(&app, &request, &form).await;
    };
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, "/logout");
    }
    if decision == "no" {
        return stayed(&frame);
    }
    // A question is asked only where nobody may be sent on (LO-01), so it ends on our own page.
    match app.provider.sign_out(&visit).await {
        Ok(()) => done(&frame),
        Err(failure) => frame.failure(&failure),
    }
}

async fn end_session(app: &App, request: &HttpRequest, parameters: &Parameters) -> HttpResponse {
    let visit = app.visit(request);
    let frame = Frame::new(app, request, visit.locale);
    let wish = match app.provider.read_sign_out(parameters, &visit).await {
        Ok(wish) => wish,
        Err(failure) => return frame.failure(&failure),
    };
    let live = match app.provider.live_session(&visit).await {
        Ok(live) => live,
        Err(failure) => return frame.failure(&failure),
    };
    if live.is_none() {
        return after(&frame, wish);
    }
    if wish.must_ask || wish.mistaken {
        // LO-02: without proof that this session's app asks, the person decides, and stays here.
        return question(&frame, &visit, SignOutAction::EndSession, wish.client_name);
    }
    match app.provider.sign_out(&visit).await {
        Ok(()) => after(&frame, wish),
        Err(failure) => frame.failure(&failure),
    }
}

fn after(frame: &Frame<'_>, wish: SignOutWish) -> HttpResponse {
    match wish.return_to.filter(|_| !wish.mistaken) {
        Some(uri) => cleared(frame, see_other(&uri, frame.app.https)),
        None => done(frame),
    }
}

fn question(
    frame: &Frame<'_>,
    visit: &Visit,
    action: SignOutAction,
    app_name: Option<String>,
) -> HttpResponse {
    let csrf = frame.app.form_token(visit, "", PURPOSE);
    let view = SignOutPage {
        page: frame.page(csrf),
        action,
        app: app_name,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

fn stayed(frame: &Frame<'_>) -> HttpResponse {
    let view = SignedOutPage {
        page: frame.page(String::new()),
        signed_in: true,
        back: None,
        unreached: Vec::new(),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

fn done(frame: &Frame<'_>) -> HttpResponse {
    let view = SignedOutPage {
        page: frame.page(String::new()),
        signed_in: false,
        back: None,
        unreached: Vec::new(),
    };
    cleared(frame, frame.html(StatusCode::OK, &Answer::SignedOut, &view))
}

/// The session's cookies go; the mark of the browser stays (SES-14).
fn cleared(frame: &Frame<'_>, mut response: HttpResponse) -> HttpResponse {
    for cookie in [Use::Session, Use::PreAuth] {
        let removal = frame.app.cookies.clear(cookie);
        if let Err(error) = response.add_cookie(&removal) {
            tracing::warn!(%error, "a cookie could not be removed");
        }
    }
    response
}
