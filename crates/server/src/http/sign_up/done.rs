use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::FlowId;
use sekisho_provider::endpoints::address_proof::Proved;
use sekisho_provider::endpoints::sign_up::{SignUpOutcome, SignedUp};
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;

use super::{gone, refused, said, way};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::pages::{SignUpDonePage, SignUpSaid};
use crate::http::sign_in::{app_name, kind, posted_flow};

const PURPOSE: &str = "register-done";

/// Makes the account and shows its recovery codes, this once (REC-05). That is the answer to the form itself:
/// behind a redirect the codes would have to be kept somewhere they can be read again. Sending the form again makes
/// nothing, because the registration is over.
pub(super) async fn finish(
    frame: &Frame<'_>,
    visit: &Visit,
    code_address: Option<Proved>,
) -> HttpResponse {
    let outcome = frame.app.provider.finish_sign_up(code_address, visit).await;
    match outcome {
        Ok(SignUpOutcome::Made(made)) => page(frame, visit, *made).await,
        Ok(SignUpOutcome::Taken(flow)) => {
            let flow = flow.map(|flow| flow.to_string()).unwrap_or_default();
            said(frame, SignUpSaid::Taken, flow, StatusCode::CONFLICT)
        }
        Ok(SignUpOutcome::Refused(refusal)) => refused(frame, refusal),
        Ok(SignUpOutcome::Gone) => gone(frame),
        Err(failure) => frame.failure(&failure),
    }
}

async fn page(frame: &Frame<'_>, visit: &Visit, made: SignedUp) -> HttpResponse {
    let id = made.flow.as_ref().map(FlowId::as_str);
    // The account is made whatever becomes of the way on.
    let (id, view) = match way(frame, visit, id).await {
        Ok(way) => (way.id, way.view),
        Err(failure) => {
            tracing::warn!(%failure, "a new account does not go on to where it came from");
            (String::new(), None)
        }
    };
    let mut page = frame.page(frame.app.form_token(visit, &id, PURPOSE));
    "/account".clone_into(&mut page.path);
    let shown = SignUpDonePage {
        page,
        app: app_name(view.as_ref()),
        email: made.address.to_string(),
        codes: made.recovery_codes,
        goes_on: !id.is_empty(),
    };
    let response = frame.html(StatusCode::OK, &kind(view.as_ref()), &shown);
    frame.set(response, made.cookies)
}

/// On to the app, or to the page, that somebody wanted to sign in to.
pub(super) async fn go_on(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let form = Parameters::decode(&body);
    let (flow, _) = match posted_flow(&app, &request, &visit, &form, PURPOSE).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    match app.provider.go_on_signed_up(flow, &visit).await {
        Ok(Some(next)) => frame.next(next),
        Ok(None) => see_other("/account", app.https),
        Err(failure) => frame.failure(&failure),
    }
}
