use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::sign_up::SignUpChoice;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;

use super::{gone, registration};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{Cause, DetailsProblem, Moment, PasswordProblem, SignUpDetailsPage};

const PURPOSE: &str = "register-details";
const HERE: &str = "/register/details";

/// Asks for name and password, once the address is proved.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    page(&frame, &visit, String::new(), None).await
}

/// Name and password were sent.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    if app.checked(&request, &visit, &form, PURPOSE).is_none() {
        return frame.error_again(Cause::Csrf, HERE);
    }
    if let Err(response) = registration(&frame, &visit).await {
        return response;
    }
    let name = form.first("name").unwrap_or_default();
    let name: String = name.chars().take(200).collect();
    let password = form.first("password").unwrap_or_default();
    if password.is_empty() {
        let problem = DetailsProblem::Password(PasswordProblem::Empty);
        return page(&frame, &visit, name, Some(problem)).await;
    }
    let chosen = app.provider.choose_for_sign_up((&name, password), &visit);
    let problem = match chosen.await {
        Ok(SignUpChoice::Kept) => return see_other("/register/code-address", app.https),
        Ok(SignUpChoice::Name(refusal)) => DetailsProblem::Name(refusal),
        Ok(SignUpChoice::Refused(reasons)) => {
            DetailsProblem::Password(PasswordProblem::Refused(reasons))
        }
        Ok(SignUpChoice::Wait(until)) => DetailsProblem::Wait(Moment::clock_and_zone(
            until,
            &app.default_zone,
            frame.locale,
        )),
        Ok(SignUpChoice::Gone) => return gone(&frame),
        Err(failure) => return frame.failure(&failure),
    };
    page(&frame, &visit, name, Some(problem)).await
}

async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    name: String,
    problem: Option<DetailsProblem>,
) -> HttpResponse {
    let found = match registration(frame, visit).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Some(address) = found.pending.address() else {
        return see_other("/register/code", frame.app.https);
    };
    let least = frame.app.provider.least_first_password();
    let view = SignUpDetailsPage {
        page: frame.page(frame.app.form_token(visit, "", PURPOSE)),
        email: address.to_string(),
        name,
        min: u64::try_from(least).unwrap_or(u64::MAX),
        problem,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}
