use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::own_password::{OwnChange, OwnPassword};

use super::Owner;
use crate::http::app::App;
use crate::http::headers::Answer;
use crate::http::pages::{Area, Moment, OwnPasswordPage, PasswordProblem};

const PURPOSE: &str = "own-password";
const HERE: &str = "/account/password";

/// Asks for another password, after a fresh sign-in (PW-12).
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    match owner.must_be_fresh(HERE).await {
        Ok(()) => page(&owner, None, false),
        Err(response) => response,
    }
}

/// Another password was sent.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let wish = OwnPassword {
        present: form.first("present").unwrap_or_default(),
        new: form.first("password").unwrap_or_default(),
        others_stay: form.first("others_stay").is_some(),
    };
    change(&owner, wish).await
}

async fn change(owner: &Owner<'_>, wish: OwnPassword<'_>) -> HttpResponse {
    let (app, whose) = (owner.frame.app, (&owner.live, &owner.account));
    let problem = if wish.present.is_empty() {
        PasswordProblem::PresentMissing
    } else if wish.new.is_empty() {
        PasswordProblem::Empty
    } else {
        let changed = app.provider.change_own_password(whose, wish, &owner.visit);
        match changed.await {
            Ok(OwnChange::Changed(cookies)) => {
                let done = owner.frame.see_saying("/account/security?changed=password");
                return owner.frame.set(done, cookies);
            }
            Ok(OwnChange::Stale) => return owner.confirm_first(HERE).await,
            Ok(OwnChange::Wrong) => PasswordProblem::PresentWrong,
            Ok(OwnChange::Wait(until)) => {
                let until = Moment::clock_and_zone(until, owner.zone(), owner.frame.locale);
                PasswordProblem::Wait(until)
            }
            Ok(OwnChange::Refused(reasons)) => PasswordProblem::Refused(reasons),
            Ok(OwnChange::Same) => PasswordProblem::Same,
            Ok(OwnChange::Late) => PasswordProblem::Late,
            Err(failure) => return owner.frame.failure(&failure),
        }
    };
    page(owner, Some(problem), wish.others_stay)
}

fn page(owner: &Owner<'_>, problem: Option<PasswordProblem>, others_stay: bool) -> HttpResponse {
    let provider = &owner.frame.app.provider;
    let min = provider.least_password_length(&owner.account);
    let view = OwnPasswordPage {
        page: owner
            .frame
            .page(owner.frame.app.form_token(&owner.visit, "", PURPOSE)),
        account: owner.account_frame(Area::Security),
        changed: owner.password_changed(),
        min: u64::try_from(min).unwrap_or(u64::MAX),
        others_stay,
        problem,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}
