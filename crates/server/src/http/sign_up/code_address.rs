use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::ProofPurpose;
use sekisho_provider::endpoints::sign_up::FirstCodeAddress;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;

use super::done::finish;
use super::{closed, gone, registration};
use crate::http::address_proof::{self, Place};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{AddressProblem, Cause, FirstCodeAddressPage, Moment};
use crate::http::typed_address::typed_address;

const PURPOSE: &str = "register-code-address";

const PROOF: Place<'static> = Place {
    purpose: ProofPurpose::FirstCodeAddress,
    here: "/register/code-address/confirm",
    restart: "/register/code-address",
    form: "first-code-address-proof",
};

/// Asks where codes are to go.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    page(&frame, &visit, String::new(), None).await
}

/// An address was sent, or is to be given later.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, PROOF.restart);
    }
    if let Err(response) = registration(&frame, &visit).await {
        return response;
    }
    if form.first("action") == Some("later") {
        return finish(&frame, &visit, None).await;
    }
    let (typed, address) = typed_address(&form, "code_address");
    let problem = match address {
        Ok(new) => match app.provider.begin_first_code_address(&new, &visit).await {
            Ok(FirstCodeAddress::Sent) => return see_other(PROOF.here, app.https),
            Ok(FirstCodeAddress::Refused(refusal)) => AddressProblem::Refused(refusal),
            Ok(FirstCodeAddress::NoMoreCodes(until)) => AddressProblem::NoMoreCodes(
                Moment::clock_and_zone(until, &app.default_zone, frame.locale),
            ),
            Ok(FirstCodeAddress::Gone) => return gone(&frame),
            Err(failure) => return frame.failure(&failure),
        },
        Err(refusal) => refusal.into(),
    };
    page(&frame, &visit, typed, Some(problem)).await
}

/// The page where the code is typed.
pub(super) async fn confirm(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    match closed(&frame) {
        Some(closed) => closed,
        None => address_proof::show(&frame, &visit, PROOF).await,
    }
}

/// The code was typed: the account is made.
pub(super) async fn proved(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    if let Some(closed) = closed(&frame) {
        return closed;
    }
    let form = Parameters::decode(&body);
    match address_proof::posted(&frame, &visit, PROOF, &form).await {
        Ok(proved) => finish(&frame, &visit, Some(proved)).await,
        Err(response) => response,
    }
}

async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    typed: String,
    problem: Option<AddressProblem>,
) -> HttpResponse {
    let pending = match registration(frame, visit).await {
        Ok(found) => found.pending,
        Err(response) => return response,
    };
    let (Some(_), Some(login)) = (pending.chosen(), pending.address()) else {
        return see_other("/register/details", frame.app.https);
    };
    let app = frame.app;
    let view = FirstCodeAddressPage {
        page: frame.page(app.form_token(visit, "", PURPOSE)),
        may_wait: app.provider.may_give_code_address_later(&login),
        login: login.to_string(),
        typed,
        problem,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}
