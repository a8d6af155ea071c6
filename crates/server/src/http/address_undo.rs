//! The page of the link that undoes the change of an address (REC-07). GET shows, only POST acts.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::{PreAuthToken, UndoToken};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::address_change::{UndoOutcome, UndoView};
use sekisho_provider::endpoints::visit::NewCookies;
use sekisho_provider::rules::parameters::Parameters;

use super::app::App;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, UndoAddressPage, UndoState};

const PURPOSE: &str = "undo-address";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/address/undo").route(web::post().to(act)))
        .service(
            web::resource("/address/undo/{token}")
                .route(web::get().to(show))
                .route(web::head().to(show)),
        );
}

/// The page of a link. Looking uses nothing up: scanners of mail open every link.
async fn show(app: web::Data<App>, request: HttpRequest, token: web::Path<String>) -> HttpResponse {
    let mut visit = app.visit(&request);
    let mut cookies = NewCookies::default();
    if visit.pre_auth.is_none() {
        let made = PreAuthToken::generate(&*app.entropy);
        visit.pre_auth = PreAuthToken::presented(made.reveal());
        cookies.pre_auth = Some(made);
    }
    let frame = Frame::new(&app, &request, visit.locale);
    let Some(token) = UndoToken::presented(&token) else {
        return page(&frame, (String::new(), String::new()), UndoState::Over);
    };
    let state = match app.provider.undo_view(&token).await {
        Ok(UndoView::Form { kind, former }) => UndoState::Asked(kind, former),
        Ok(UndoView::Used) => UndoState::Used,
        Ok(UndoView::Over) => UndoState::Over,
        Err(failure) => return frame.failure(&failure),
    };
    let csrf = app.form_token(&visit, "", PURPOSE);
    let response = page(&frame, (csrf, token.reveal().to_owned()), state);
    frame.set(response, cookies)
}

/// The change is undone.
async fn act(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, "/account");
    }
    let none = || (String::new(), String::new());
    let Some(token) = form.first("token").and_then(UndoToken::presented) else {
        return page(&frame, none(), UndoState::Over);
    };
    let done: Result<UndoOutcome, Failure> = app.provider.undo_address_change(&token, &visit).await;
    match done {
        Ok(UndoOutcome::Done) => page(&frame, none(), UndoState::Done),
        Ok(UndoOutcome::Used) => page(&frame, none(), UndoState::Used),
        Ok(UndoOutcome::Over) => page(&frame, none(), UndoState::Over),
        Err(failure) => frame.failure(&failure),
    }
}

fn page(frame: &Frame<'_>, (csrf, token): (String, String), state: UndoState) -> HttpResponse {
    let status = match state {
        UndoState::Asked(..) | UndoState::Done => StatusCode::OK,
        UndoState::Used | UndoState::Over => StatusCode::GONE,
    };
    let mut page = frame.page(csrf);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    page.path = if !token.is_empty() && token.bytes().all(plain) {
        format!("/address/undo/{token}")
    } else {
        "/account".to_owned()
    };
    let view = UndoAddressPage { page, token, state };
    frame.html(status, &Answer::Page, &view)
}
