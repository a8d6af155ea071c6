//! `/register`: making an account oneself. The address, its code, name and password, the address of the codes, and
//! the recovery codes at the end; each step only in the browser that made the one before.

mod address;
mod code_address;
mod details;
mod done;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::sign_in::AppView;
use sekisho_provider::endpoints::sign_up::LoadedSignUp;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::sign_up::{SignUpMode, SignUpRefusal};

use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, SignUpSaid, SignUpSaidPage};

const HERE: &str = "/register";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource(HERE)
                .route(web::get().to(address::show))
                .route(web::head().to(address::show))
                .route(web::post().to(address::send)),
        )
        .service(
            web::resource("/register/code")
                .route(web::get().to(address::code))
                .route(web::post().to(address::proved)),
        )
        .service(
            web::resource("/register/details")
                .route(web::get().to(details::show))
                .route(web::post().to(details::send)),
        )
        .service(
            web::resource("/register/code-address")
                .route(web::get().to(code_address::show))
                .route(web::post().to(code_address::send)),
        )
        .service(
            web::resource("/register/code-address/confirm")
                .route(web::get().to(code_address::confirm))
                .route(web::post().to(code_address::proved)),
        )
        .service(web::resource("/register/done").route(web::post().to(done::go_on)));
}

/// The pending sign-in a registration goes on with, if it is this browser's.
struct Way {
    /// Its id; else empty.
    id: String,
    /// The app it is for.
    view: Option<AppView>,
}

async fn way(frame: &Frame<'_>, visit: &Visit, id: Option<&str>) -> Result<Way, Failure> {
    let provider = &frame.app.provider;
    let flow = match id {
        Some(id) => provider.flow(id, visit).await?,
        None => None,
    };
    let Some(flow) = flow else {
        return Ok(Way {
            id: String::new(),
            view: None,
        });
    };
    Ok(Way {
        view: provider.app_view(&flow, visit).await?,
        id: flow.id.to_string(),
    })
}

/// The page that says why no account is made here.
fn refused(frame: &Frame<'_>, refusal: SignUpRefusal) -> HttpResponse {
    let said = SignUpSaid::Refused(refusal);
    self::said(frame, said, String::new(), StatusCode::FORBIDDEN)
}

fn said(frame: &Frame<'_>, said: SignUpSaid, flow: String, status: StatusCode) -> HttpResponse {
    let page = frame.page(String::new());
    let view = SignUpSaidPage { page, said, flow };
    frame.html(status, &Answer::Page, &view)
}

/// The answer where operators make the accounts.
fn closed(frame: &Frame<'_>) -> Option<HttpResponse> {
    let closed = frame.app.provider.settings.sign_up == SignUpMode::Off;
    closed.then(|| refused(frame, SignUpRefusal::Closed))
}

/// The registration of this browser, if it may go on; or the page that answers.
async fn registration(frame: &Frame<'_>, visit: &Visit) -> Result<LoadedSignUp, HttpResponse> {
    let provider = &frame.app.provider;
    let failed = |failure: Failure| frame.failure(&failure);
    let Some(found) = provider.load_sign_up(visit).await.map_err(failed)? else {
        return Err(gone(frame));
    };
    let admitted = provider.sign_up_admission(found.pending.invitation, None);
    match admitted.await.map_err(failed)? {
        Ok(_) => Ok(found),
        Err(refusal) => Err(refused(frame, refusal)),
    }
}

fn gone(frame: &Frame<'_>) -> HttpResponse {
    frame.error_again(Cause::FlowGone, HERE)
}
