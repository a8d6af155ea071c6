use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::{KeepAddressToken, PreAuthToken};
use sekisho_provider::endpoints::code_address::KeepOutcome;
use sekisho_provider::endpoints::visit::NewCookies;
use sekisho_provider::rules::parameters::Parameters;

use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{Cause, KeepAddressPage, KeepState};

const PURPOSE: &str = "keep-address";

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/code-address/keep").route(web::post().to(keep)))
        .service(
            web::resource("/code-address/keep/{token}")
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
    let Some(token) = KeepAddressToken::presented(&token) else {
        return page(&frame, (String::new(), String::new()), KeepState::Over);
    };
    let state = match app.provider.keep_address_view(&token).await {
        Ok(KeepOutcome::Kept) => KeepState::Asked,
        Ok(KeepOutcome::Over) => KeepState::Over,
        Err(failure) => return frame.failure(&failure),
    };
    let csrf = app.form_token(&visit, "", PURPOSE);
    let response = page(&frame, (csrf, token.reveal().to_owned()), state);
    frame.set(response, cookies)
}

async fn keep(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, "/account");
    }
    let none = || (String::new(), String::new());
    let Some(token) = form.first("token").and_then(KeepAddressToken::presented) else {
        return page(&frame, none(), KeepState::Over);
    };
    match app.provider.keep_address(&token, &visit).await {
        Ok(KeepOutcome::Kept) => page(&frame, none(), KeepState::Done),
        Ok(KeepOutcome::Over) => page(&frame, none(), KeepState::Over),
        Err(failure) => frame.failure(&failure),
    }
}

fn page(frame: &Frame<'_>, (csrf, token): (String, String), state: KeepState) -> HttpResponse {
    let status = match state {
        KeepState::Asked | KeepState::Done => StatusCode::OK,
        KeepState::Over => StatusCode::GONE,
    };
    let mut page = frame.page(csrf);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    page.path = if !token.is_empty() && token.bytes().all(plain) {
        format!("/code-address/keep/{token}")
    } else {
        "/account".to_owned()
    };
    let view = KeepAddressPage { page, token, state };
    frame.html(status, &Answer::Page, &view)
}
