use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::rules::parameters::Parameters;

use super::Owner;
use crate::http::app::App;
use crate::http::headers::Answer;
use crate::http::pages::{Area, Cause, RecoveryCodesPage};

const PURPOSE: &str = "recovery-codes";
const HERE: &str = "/account/security/recovery-codes";

/// How many codes are left, with the button for a new set.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match Owner::of(&app, &request).await {
        Ok(owner) => page(&owner, Vec::new()).await,
        Err(response) => response,
    }
}

/// Makes a new set and shows it, this once (REC-05); after a fresh sign-in with the code only.
pub(super) async fn make(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let form = Parameters::decode(&body);
    let ours = app.checked(&request, &owner.visit, &form, PURPOSE);
    if ours.is_none() {
        return owner.frame.error_again(Cause::Csrf, HERE);
    }
    let whose = (&owner.live, &owner.account);
    match app.provider.make_recovery_codes(whose, &owner.visit).await {
        Ok(Some(codes)) => page(&owner, codes).await,
        Ok(None) => owner.confirm_first(HERE).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn page(owner: &Owner<'_>, codes: Vec<String>) -> HttpResponse {
    let (left, made) = match owner.recovery().await {
        Ok(recovery) => recovery,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let csrf = owner.frame.app.form_token(&owner.visit, "", PURPOSE);
    let view = RecoveryCodesPage {
        page: owner.frame.page(csrf),
        account: owner.account_frame(Area::Security),
        left,
        made,
        codes,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}
