use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::EmailAddressRefusal;
use sekisho_provider::rules::parameters::Parameters;

use super::{bound, failed, gate};
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{Cause, ForgotPage, ForgotState, MailedWay};
use crate::http::typed_address::typed_address;

const PURPOSE: &str = "forgot";
const HERE: &str = "/password/forgot";

/// Asks for the address.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let mut visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    if let Some(typed) = frame.told::<String>(Look::Again) {
        return page(&frame, String::new(), typed, ForgotState::Asked);
    }
    let ticket = match gate::enter(&app, &request, &visit, (HERE, None)).await {
        Ok(ticket) => ticket,
        Err(queue) => return queue,
    };
    let cookies = bound(&app, &mut visit);
    let csrf = app.form_token(&visit, "", PURPOSE);
    let response = page(&frame, csrf, String::new(), ForgotState::Fresh);
    gate::keeping(frame.set(response, cookies), ticket)
}

/// An address was sent: everybody reads the same (ENU-01).
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let ticket = match gate::enter(&app, &request, &visit, (HERE, None)).await {
        Ok(ticket) => ticket,
        Err(queue) => return queue,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, "/password/forgot");
    }
    let (typed, address) = typed_address(&form, "email");
    let csrf = app.form_token(&visit, "", PURPOSE);
    let state = match address {
        Err(EmailAddressRefusal::Empty) => ForgotState::Empty,
        Err(_) => ForgotState::Shape,
        Ok(address) => match app.provider.reset_asked(address, visit.origin).await {
            Ok(()) => match frame.see_telling(&format!("{HERE}?said=asked"), &typed) {
                Some(told) => return gate::keeping(told, ticket),
                None => ForgotState::Asked,
            },
            Err(failure) => return failed(&frame, &failure),
        },
    };
    gate::keeping(page(&frame, csrf, typed, state), ticket)
}

fn page(frame: &Frame<'_>, csrf: String, email: String, state: ForgotState) -> HttpResponse {
    let mut page = frame.page(csrf);
    HERE.clone_into(&mut page.path);
    let view = ForgotPage {
        page,
        email,
        minutes: frame.app.provider.settings.resets.link_life.as_secs() / 60,
        way: MailedWay::NewPassword,
        state,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}
