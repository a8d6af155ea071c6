use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::Owner;
use crate::http::app::App;
use crate::http::headers::Answer;
use crate::http::pages::{Area, RecoveryCodesPage};

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
    let (owner, _form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
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
