use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::Timestamp;
use sekisho_provider::endpoints::recovery_codes::{CodesMade, Replaces};

use super::Owner;
use crate::http::app::App;
use crate::http::headers::Answer;
use crate::http::pages::{Area, RecoveryCodesPage};

const PURPOSE: &str = "recovery-codes";
const HERE: &str = "/account/security/recovery-codes";

/// How many codes are left, with the button for a new set.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match Owner::of(&app, &request).await {
        Ok(owner) => page(&owner, Made::default()).await,
        Err(response) => response,
    }
}

/// What was made just now.
#[derive(Default)]
struct Made {
    codes: Vec<String>,
    already: bool,
}

/// Makes a new set and shows it, this once (REC-05); after a fresh sign-in with the code only. The form names the set
/// that it replaces: sent again, it makes no other one and shows nothing.
pub(super) async fn make(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let whose = (&owner.live, &owner.account);
    let replaces = replaces(form.first("replaces"));
    let made = app
        .provider
        .make_recovery_codes(whose, replaces, &owner.visit);
    let (codes, already) = match made.await {
        Ok(CodesMade::Codes(codes)) => (codes, false),
        Ok(CodesMade::Already) => (Vec::new(), true),
        Ok(CodesMade::Stale) => return owner.confirm_first(HERE).await,
        Err(failure) => return owner.frame.failure(&failure),
    };
    page(&owner, Made { codes, already }).await
}

/// What the form says; one that says nothing replaces whatever there is.
fn replaces(said: Option<&str>) -> Replaces {
    match said {
        None => Replaces::Any,
        Some(at) => Replaces::MadeAt(at.parse().ok().map(Timestamp::from_micros)),
    }
}

async fn page(owner: &Owner<'_>, new: Made) -> HttpResponse {
    let user = owner.live.user.id;
    let (recovery, figures) = (
        owner.recovery().await,
        owner.frame.app.provider.recovery_figures(user).await,
    );
    let ((left, made), figures) = match (recovery, figures) {
        (Ok(recovery), Ok(figures)) => (recovery, figures),
        (Err(failure), _) | (_, Err(failure)) => return owner.frame.failure(&failure),
    };
    // A field without a value is taken for one that is not there.
    let replaces = figures
        .made_at
        .map_or("none".to_owned(), |at| at.micros().to_string());
    let csrf = owner.frame.app.form_token(&owner.visit, "", PURPOSE);
    let view = RecoveryCodesPage {
        page: owner.frame.page(csrf),
        account: owner.account_frame(Area::Security),
        left,
        made,
        codes: new.codes,
        replaces,
        already: new.already,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}
