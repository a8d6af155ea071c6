//! On by mail for an owner whom strangers hold up at a new device (THR-04). No queue stands before it, and it works
//! wherever signing in works.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::{EmailAddressRefusal, ResetToken};
use sekisho_provider::endpoints::let_in::{LetInOutcome, LetInView};
use sekisho_provider::endpoints::visit::NewCookies;
use sekisho_provider::rules::parameters::Parameters;

use super::reset::{self, is_plain, said_of};
use super::{bound, failed};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{Cause, ForgotPage, ForgotState, LetInPage, MailedWay, ResetSaid};
use crate::http::typed_address::typed_address;

const PURPOSE: &str = "let-in";
const WAY: MailedWay = MailedWay::LetIn;

/// Asks for the address.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let mut visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    if let Some(typed) = frame.told::<String>(Look::Again) {
        return page(&frame, String::new(), typed, ForgotState::Asked);
    }
    let cookies = bound(&app, &mut visit);
    let csrf = app.form_token(&visit, "", PURPOSE);
    let response = page(&frame, csrf, String::new(), ForgotState::Fresh);
    frame.set(response, cookies)
}

/// An address was sent: everybody reads the same (ENU-01).
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, WAY.path());
    }
    let (typed, address) = typed_address(&form, "email");
    let csrf = app.form_token(&visit, "", PURPOSE);
    let asked = format!("{}?said=asked", WAY.path());
    let state = match address {
        Err(EmailAddressRefusal::Empty) => ForgotState::Empty,
        Err(_) => ForgotState::Shape,
        Ok(address) => match app.provider.let_in_asked(address, visit.origin).await {
            Ok(()) => match frame.see_telling(&asked, &typed) {
                Some(told) => return told,
                None => ForgotState::Asked,
            },
            Err(failure) => return failed(&frame, &failure),
        },
    };
    page(&frame, csrf, typed, state)
}

/// The page of a link. Looking uses nothing up: scanners of mail open every link (REC-01).
pub(super) async fn look(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> HttpResponse {
    let mut visit = app.visit(&request);
    let cookies = bound(&app, &mut visit);
    let frame = Frame::new(&app, &request, visit.locale);
    let Some(token) = ResetToken::presented(&token).filter(is_plain) else {
        return said_of(&frame, ResetSaid::Over, WAY);
    };
    match app.provider.let_in_view(&token, &visit).await {
        Ok(LetInView::Open) => {}
        Ok(LetInView::Used) => return said_of(&frame, ResetSaid::Used, WAY),
        Ok(LetInView::Over) => return said_of(&frame, ResetSaid::Over, WAY),
        Err(failure) => return failed(&frame, &failure),
    }
    let mut page = frame.page(app.form_token(&visit, "", reset::PURPOSE));
    let token = token.reveal().to_owned();
    page.path = format!("{}/{token}", WAY.path());
    let view = LetInPage { page, token };
    frame.set(frame.html(StatusCode::OK, &Answer::Page, &view), cookies)
}

/// On to a sign-in that strangers cannot stop.
pub(super) async fn enter(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app
        .checked(&request, &visit, &form, reset::PURPOSE)
        .is_none()
    {
        return frame.error_again(Cause::Csrf, WAY.path());
    }
    let Some(token) = ResetToken::presented(&token) else {
        return said_of(&frame, ResetSaid::Over, WAY);
    };
    match app.provider.let_in_by_link(&token, &visit).await {
        Ok(LetInOutcome::Begun(flow, pre_auth)) => {
            let cookies = NewCookies {
                pre_auth,
                ..NewCookies::default()
            };
            frame.set(
                see_other(&format!("/login?flow={flow}"), app.https),
                cookies,
            )
        }
        Ok(LetInOutcome::Used) => said_of(&frame, ResetSaid::Used, WAY),
        Ok(LetInOutcome::Over) => said_of(&frame, ResetSaid::Over, WAY),
        Err(failure) => failed(&frame, &failure),
    }
}

fn page(frame: &Frame<'_>, csrf: String, email: String, state: ForgotState) -> HttpResponse {
    let mut page = frame.page(csrf);
    WAY.path().clone_into(&mut page.path);
    let view = ForgotPage {
        page,
        email,
        minutes: frame.app.provider.settings.resets.link_life.as_secs() / 60,
        way: WAY,
        state,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}
