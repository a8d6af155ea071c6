//! Signing out: `/logout` for people, `/oauth2/end_session` for apps (RP-Initiated Logout 1.0,
//! Front-Channel Logout 1.0).

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::{ClientId, Digest};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::end_session::{SignOutWish, SignedOut};
use sekisho_provider::endpoints::visit::{LiveSession, Visit};
use sekisho_provider::rules::parameters::Parameters;
use serde::{Deserialize, Serialize};

use super::answer::see_other;
use super::app::App;
use super::cookies::Use;
use super::flash::Look;
use super::frame::Frame;
use super::headers::{Answer, FORGET, form_target};
use super::pages::{
    BackLink, Cause, SignOutAction, SignOutPage, SignOutTarget, SignedOutPage, UnreachedApp,
};
use super::text::clean_name;

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
    let visit = app.visit_of_person(&request).await;
    let frame = Frame::new(&app, &request, visit.locale);
    let stayed = frame.said(Look::Again).first("said") == Some("stayed");
    match app.provider.live_session(&visit).await {
        Ok(Some(_)) if stayed => staying(&frame),
        Ok(Some(live)) => {
            let about = (SignOutAction::Page, None);
            match question(&frame, (&visit, &live), about, None).await {
                Ok(page) => page,
                Err(failure) => frame.failure(&failure),
            }
        }
        Ok(None) => cleared(
            &frame,
            said(&frame, frame.told(Look::Again).unwrap_or_default()),
        ),
        Err(failure) => frame.failure(&failure),
    }
}

/// The button of the account pages, or the answer to the question.
async fn sign_out(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let visit = app.visit_of_person(&request).await;
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, "/logout");
    }
    if form.first("decision") == Some("no") {
        return stayed(&frame);
    }
    match app.provider.sign_out(&visit, None).await {
        Ok(signed_out) => done(&frame, signed_out, None, false),
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
    let visit = app.visit_of_person(&request).await;
    let frame = Frame::new(&app, &request, visit.locale);
    let Some(target) = app
        .checked(&request, &visit, &form, PURPOSE)
        .and_then(|handle| target_of(&form, &handle).ok())
    else {
        return frame.error_again(Cause::Csrf, "/logout");
    };
    if decision == "no" {
        return stayed(&frame);
    }
    match answered(&frame, &visit, target).await {
        Ok(response) => response,
        Err(failure) => frame.failure(&failure),
    }
}

/// The person said yes: on to the app, if it named a registered address when it asked.
async fn answered(
    frame: &Frame<'_>,
    visit: &Visit,
    target: Option<SignOutTarget>,
) -> Result<HttpResponse, Failure> {
    let provider = &frame.app.provider;
    let Some(SignOutTarget { client, uri }) = target else {
        let signed_out = provider.sign_out(visit, None).await?;
        return Ok(done(frame, signed_out, None, false));
    };
    let client = ClientId::new(client);
    let name = provider.client_name(&client, frame.locale).await?;
    let signed_out = provider.sign_out(visit, Some(&client)).await?;
    let back = name.map(|name| (name, uri));
    Ok(done(frame, signed_out, back, true))
}

async fn end_session(app: &App, request: &HttpRequest, parameters: &Parameters) -> HttpResponse {
    let visit = app.visit_of_person(request).await;
    let frame = Frame::new(app, request, visit.locale);
    match wished(&frame, &visit, parameters).await {
        Ok(response) => response,
        Err(failure) => frame.failure(&failure),
    }
}

async fn wished(
    frame: &Frame<'_>,
    visit: &Visit,
    parameters: &Parameters,
) -> Result<HttpResponse, Failure> {
    let provider = &frame.app.provider;
    let live = provider.live_session(visit).await?;
    let wish = provider
        .read_sign_out(parameters, live.as_ref(), visit)
        .await?;
    let SignOutWish {
        client,
        return_to,
        vouched,
        must_ask,
    } = wish;
    if let Some(live) = live.as_ref().filter(|_| must_ask) {
        // LO-02: without proof that this session's app asks, the person decides.
        let target = client.as_ref().zip(return_to);
        let target = target.map(|(client, uri)| SignOutTarget {
            client: client.id.to_string(),
            uri,
        });
        let name = client.map(|client| client.name);
        let about = (SignOutAction::EndSession, name);
        return question(frame, (visit, live), about, target).await;
    }
    let asked_by = client.as_ref().map(|client| &client.id);
    let signed_out = provider.sign_out(visit, asked_by).await?;
    let back = client.map(|client| client.name).zip(return_to);
    Ok(done(frame, signed_out, back, vouched))
}

/// A form whose target is not the one its token vouches for.
struct Exchanged;

/// The target that a form token vouches for: its handle is the digest of it (LO-04), or empty.
fn target_of(form: &Parameters, handle: &str) -> Result<Option<SignOutTarget>, Exchanged> {
    if handle.is_empty() {
        return Ok(None);
    }
    let field = |name| form.first(name).map(str::to_owned).ok_or(Exchanged);
    let target = SignOutTarget {
        client: field("client")?,
        uri: field("then")?,
    };
    if handle_of(&target) == handle {
        Ok(Some(target))
    } else {
        Err(Exchanged)
    }
}

fn handle_of(target: &SignOutTarget) -> String {
    Digest::of_parts(&[target.client.as_bytes(), target.uri.as_bytes()]).to_base64url()
}

async fn question(
    frame: &Frame<'_>,
    (visit, live): (&Visit, &LiveSession),
    (action, app_name): (SignOutAction, Option<String>),
    target: Option<SignOutTarget>,
) -> Result<HttpResponse, Failure> {
    let provider = &frame.app.provider;
    let apps = provider.apps_in_use(live, frame.locale).await?;
    let handle = target.as_ref().map(handle_of).unwrap_or_default();
    let csrf = frame.app.form_token(visit, &handle, PURPOSE);
    let leads_to = target.as_ref().and_then(|target| form_target(&target.uri));
    let view = SignOutPage {
        page: frame.page(csrf),
        action,
        app: app_name,
        apps: apps.iter().map(|name| clean_name(name)).collect(),
        target,
    };
    let kind = leads_to.map_or(Answer::Page, Answer::FlowPage);
    Ok(frame.html(StatusCode::OK, &kind, &view))
}

fn stayed(frame: &Frame<'_>) -> HttpResponse {
    frame.see_saying("/logout?said=stayed")
}

fn staying(frame: &Frame<'_>) -> HttpResponse {
    let view = SignedOutPage {
        page: frame.page(String::new()),
        signed_in: true,
        back: None,
        goes_on: false,
        frames: Vec::new(),
        unreached: Vec::new(),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// The end: at once to the app, or the page that says so, tells apps in frames and then goes on.
fn done(
    frame: &Frame<'_>,
    signed_out: SignedOut,
    back: Option<(String, String)>,
    goes_on: bool,
) -> HttpResponse {
    let SignedOut { frames, untold } = signed_out;
    let untold = untold.into_iter().map(|app| (app.name, app.home)).collect();
    if let Some((_, uri)) = &back
        && goes_on
        && frames.is_empty()
    {
        return cleared(frame, see_other(uri, frame.app.https));
    }
    let ended = Ended {
        frames,
        untold,
        back,
        goes_on,
    };
    let told = match *frame.request.method() {
        Method::POST => frame.see_telling("/logout?said=done", &ended),
        _ => None,
    };
    match told {
        Some(response) => cleared(frame, response),
        None => said(frame, ended),
    }
}

/// What the page says after a sign-out.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ended {
    frames: Vec<String>,
    /// Names of apps, and where people begin there.
    untold: Vec<(String, Option<String>)>,
    /// Name of the app, and its address.
    back: Option<(String, String)>,
    goes_on: bool,
}

fn said(frame: &Frame<'_>, ended: Ended) -> HttpResponse {
    let Ended {
        frames,
        untold,
        back,
        goes_on,
    } = ended;
    let untold = untold.iter();
    let untold = untold.map(|(name, home)| UnreachedApp::new(name, home.as_deref()));
    let sources = frames.iter().filter_map(|frame| form_target(frame));
    let kind = Answer::SignedOut(sources.collect());
    let back = back.and_then(|(app, uri)| BackLink::new(&app, &uri));
    let goes_on = goes_on && back.is_some();
    let view = SignedOutPage {
        page: frame.page(String::new()),
        signed_in: false,
        // Whoever is sent on has no time to read it.
        unreached: if goes_on {
            Vec::new()
        } else {
            untold.collect()
        },
        goes_on,
        back,
        frames,
    };
    cleared(frame, frame.html(StatusCode::OK, &kind, &view))
}

/// The session's cookies and what is kept of pages go, also on the way to an app; the mark of the browser stays (SES-14).
fn cleared(frame: &Frame<'_>, mut response: HttpResponse) -> HttpResponse {
    let forget = HeaderValue::from_static(FORGET);
    let name = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, forget);
    for cookie in [Use::Session, Use::PreAuth, Use::State] {
        let removal = frame.app.cookies.clear(cookie);
        if let Err(error) = response.add_cookie(&removal) {
            tracing::warn!(%error, "a cookie could not be removed");
        }
    }
    response
}
