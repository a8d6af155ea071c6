//! `/not-me`: from a mail, by whoever reads it, or from a row of the history (ux 6.15; TD-08).

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_mail::Device;
use sekisho_model::{EventKind, NotMeToken};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::not_me::{NotMeCase, NotMeOutcome, NotMeProof};
use sekisho_provider::rules::parameters::Parameters;

use super::account::Owner;
use super::app::App;
use super::flash::Look;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, Moment, NotMePage, NotMeSaidPage, SeenEvent, read_before};
use super::passwords::bound;
use super::text::clean_name;

/// Forms of a link hang on the pre-auth cookie, those of the history on the session.
const OF_LINK: &str = "not-me";
const OF_EVENT: &str = "not-me-event";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/not-me")
                .route(web::get().to(show_event))
                .route(web::post().to(deny_event)),
        )
        .service(
            web::resource("/not-me/{token}")
                .route(web::get().to(show_link))
                .route(web::head().to(show_link))
                .route(web::post().to(deny_link)),
        );
}

/// What a link is about. Scanners of mail open every link: nothing changes.
async fn show_link(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> HttpResponse {
    let mut visit = app.visit(&request);
    let cookies = bound(&app, &mut visit);
    let frame = Frame::new(&app, &request, visit.locale);
    if frame.said(Look::Again).first("said").is_some() {
        return said(&frame, NotMeOutcome::Stopped);
    }
    let Some(token) = NotMeToken::presented(&token) else {
        return said(&frame, NotMeOutcome::Over);
    };
    let csrf = app.form_token(&visit, "", OF_LINK);
    let case = app.provider.not_me_case(NotMeProof::Link(&token)).await;
    let zone = app.default_zone.clone();
    let response = asked(&frame, case, (&zone, csrf, request.path())).await;
    frame.set(response, cookies)
}

/// The button of a link.
async fn deny_link(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, OF_LINK).is_none() {
        return frame.error_again(Cause::Csrf, request.path());
    }
    let Some(token) = NotMeToken::presented(&token) else {
        return said(&frame, NotMeOutcome::Over);
    };
    let proof = NotMeProof::Link(&token);
    done(
        &frame,
        app.provider.not_me(proof, locks(&form), &visit).await,
    )
}

/// What an event of the own history is about.
async fn show_event(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    // The session may have ended with what was stopped.
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    if frame.said(Look::Again).first("said").is_some() {
        return said(&frame, NotMeOutcome::Stopped);
    }
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let query = Parameters::decode(request.query_string().as_bytes());
    let Some(event) = query.first("event").and_then(read_before) else {
        return said(&owner.frame, NotMeOutcome::Over);
    };
    let handle = query.first("event").unwrap_or_default();
    let csrf = app.form_token(&owner.visit, handle, OF_EVENT);
    let proof = NotMeProof::Event(&owner.live, event);
    let case = app.provider.not_me_case(proof).await;
    asked(&owner.frame, case, (owner.zone(), csrf, "/not-me")).await
}

/// The button of an event; after a fresh sign-in only, as it may close the account.
async fn deny_event(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let form = Parameters::decode(&body);
    let handle = app.checked(&request, &owner.visit, &form, OF_EVENT);
    let Some((handle, event)) = handle.and_then(|h| read_before(&h).map(|event| (h, event))) else {
        return owner.frame.error_again(Cause::Csrf, "/account/history");
    };
    let here = format!("/not-me?event={handle}");
    if let Err(response) = owner.must_be_fresh(&here).await {
        return response;
    }
    let proof = NotMeProof::Event(&owner.live, event);
    let outcome = app.provider.not_me(proof, locks(&form), &owner.visit).await;
    done(&owner.frame, outcome)
}

fn locks(form: &Parameters) -> bool {
    form.first("lock").is_some()
}

async fn asked(
    frame: &Frame<'_>,
    case: Result<Option<NotMeCase>, Failure>,
    (zone, csrf, action): (&str, String, &str),
) -> HttpResponse {
    let case = match case {
        Ok(Some(case)) => case,
        Ok(None) => return said(frame, NotMeOutcome::Over),
        Err(failure) => return frame.failure(&failure),
    };
    let locks = case.locks;
    let change = case
        .event
        .as_ref()
        .is_some_and(|event| is_change(event.kind));
    let seen = match case.event {
        Some(event) => {
            let name = match &event.client_id {
                Some(id) => frame.app.provider.client_name(id, frame.locale).await,
                None => Ok(None),
            };
            match name {
                Ok(name) => Some(SeenEvent {
                    at: Moment::exact(event.at, zone, frame.locale),
                    device: Device::of(&event.origin.user_agent).words(frame.locale),
                    ip: event.origin.ip,
                    app: name.map(|name| clean_name(&name)),
                }),
                Err(failure) => return frame.failure(&failure),
            }
        }
        None => None,
    };
    let view = NotMePage {
        page: frame.page(csrf),
        action: action.to_owned(),
        seen,
        change,
        locks,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// Whether an event is about something else than signing in.
const fn is_change(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::PasswordChanged
            | EventKind::RecoveryCodes
            | EventKind::FactorChanged
            | EventKind::SettingChanged
            | EventKind::AddressChanged
            | EventKind::Deletion
    )
}

fn done(frame: &Frame<'_>, outcome: Result<NotMeOutcome, Failure>) -> HttpResponse {
    match outcome {
        Ok(NotMeOutcome::Stopped) => {
            frame.see_saying(&format!("{}?said=stopped", frame.request.path()))
        }
        Ok(NotMeOutcome::Over) => said(frame, NotMeOutcome::Over),
        Err(failure) => frame.failure(&failure),
    }
}

fn said(frame: &Frame<'_>, outcome: NotMeOutcome) -> HttpResponse {
    let (status, stopped) = match outcome {
        NotMeOutcome::Stopped => (StatusCode::OK, true),
        NotMeOutcome::Over => (StatusCode::GONE, false),
    };
    let mut page = frame.page(String::new());
    "/password/forgot".clone_into(&mut page.path);
    frame.html(status, &Answer::Page, &NotMeSaidPage { page, stopped })
}
