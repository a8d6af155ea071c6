use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::own_networks::NetworksChosen;
use sekisho_provider::rules::networks::{NetworksRefusal, offers};

use super::Owner;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::headers::Answer;
use crate::http::pages::{Area, NetworksPage};

const PURPOSE: &str = "networks";
const HERE: &str = "/account/security/networks";
/// More is not typed by anybody.
const LONGEST: usize = 2_000;

/// The list as it is, after a fresh sign-in (SES-10).
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    if let Err(response) = owner.must_be_fresh(HERE).await {
        return response;
    }
    let said = owner.frame.said(Look::Once);
    let typed = owner.account.networks.lines().join("\n");
    page(&owner, typed, None, said.first("saved").is_some()).await
}

/// A list was sent.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let typed = form.first("networks").unwrap_or_default();
    if typed.len() > LONGEST {
        let cut: String = typed.chars().take(LONGEST).collect();
        return page(&owner, cut, Some(NetworksRefusal::TooMany), false).await;
    }
    let whose = (&owner.live, &owner.account);
    let chosen = app.provider.choose_networks(whose, typed, &owner.visit);
    match chosen.await {
        Ok(NetworksChosen::Saved) => owner.frame.see_saying(&format!("{HERE}?saved=1")),
        Ok(NetworksChosen::Stale) => owner.confirm_first(HERE).await,
        Ok(NetworksChosen::Refused(refusal)) => {
            page(&owner, typed.to_owned(), Some(refusal), false).await
        }
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn page(
    owner: &Owner<'_>,
    typed: String,
    problem: Option<NetworksRefusal>,
    saved: bool,
) -> HttpResponse {
    let recovery_codes = match owner.recovery().await {
        Ok((left, _)) => left,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let ip = owner.visit.origin.ip.clone();
    let csrf = owner.frame.app.form_token(&owner.visit, "", PURPOSE);
    let view = NetworksPage {
        page: owner.frame.page(csrf),
        account: owner.account_frame(Area::Security),
        offers: offers(&ip),
        ip,
        typed,
        is_limited: !owner.account.networks.is_everywhere(),
        recovery_codes,
        problem,
        saved,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}
