use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::visit::NewCookies;
use sekisho_provider::rules::parameters::Parameters;

use super::Owner;
use crate::http::answer::see_other;
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
    if !app.provider.is_fresh(&owner.live) {
        return confirm_first(&owner).await;
    }
    match app
        .provider
        .make_recovery_codes(&owner.live, &owner.visit)
        .await
    {
        Ok(codes) => page(&owner, codes).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

/// `ux.md` 5.7: password and code first, then back here.
async fn confirm_first(owner: &Owner<'_>) -> HttpResponse {
    let app = owner.frame.app;
    match app.provider.begin_strong_sign_in(HERE, &owner.visit).await {
        Ok((flow, pre_auth)) => {
            let cookies = NewCookies {
                pre_auth,
                ..NewCookies::default()
            };
            let response = see_other(&format!("/login?flow={flow}"), app.https);
            owner.frame.set(response, cookies)
        }
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
