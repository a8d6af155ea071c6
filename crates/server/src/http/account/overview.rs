use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_audit::HistoryEntry;
use sekisho_mail::when;
use sekisho_model::{EventKind, Outcome};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::account::{HistoryFilter, HistoryWish};

use super::Owner;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::headers::Answer;
use crate::http::pages::{Area, LastVisit, Moment, OverviewPage, Unexplained};
use crate::http::text::clean_name;

/// Who somebody is here, and what to do next (ux 7.1).
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    match page(&owner).await {
        Ok(view) => owner.frame.html(StatusCode::OK, &Answer::Page, &view),
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn page(owner: &Owner<'_>) -> Result<OverviewPage, Failure> {
    let provider = &owner.frame.app.provider;
    let user = &owner.live.user;
    let unexplained = provider.to_look_at(user.id).await?;
    Ok(OverviewPage {
        page: owner.frame.page(String::new()),
        account: owner.account_frame(Area::Overview),
        zone: when::zone_words(provider.now(), owner.zone(), owner.frame.locale),
        name: owner.account.name().map(clean_name),
        code_address: owner.code_address(),
        code_refused: owner.code_refused(),
        password_changed: owner.password_changed(),
        second_step: owner.second_step(),
        visit_before: visit_before(owner).await?,
        unexplained: unexplained.map(|entry| Unexplained {
            id: entry.id.to_string(),
            at: Moment::date_time(entry.at, owner.zone(), owner.frame.locale),
            device: entry.device.words(owner.frame.locale),
        }),
        recovery_codes: owner.recovery().await?.0,
        devices: provider.devices(user).await?.sessions.len(),
        apps: provider.connected_apps(user).await?.len(),
        saved: owner.frame.said(Look::Once).first("saved").is_some(),
    })
}

/// The sign-in before the present one.
async fn visit_before(owner: &Owner<'_>) -> Result<Option<LastVisit>, Failure> {
    let filter = HistoryFilter {
        kinds: vec![EventKind::SignIn],
        outcomes: vec![Outcome::Passed],
        ..HistoryFilter::default()
    };
    let wish = HistoryWish {
        filter,
        ..HistoryWish::default()
    };
    let user = owner.live.user.id;
    let page = owner.frame.app.provider.history(user, wish).await?;
    let other = |entry: &&HistoryEntry| entry.session_id != Some(owner.live.session.id);
    Ok(page.entries.iter().find(other).map(|entry| LastVisit {
        at: Moment::date_time(entry.at, owner.zone(), owner.frame.locale),
        device: entry.device.words(owner.frame.locale),
        ip: entry.ip.clone(),
        place: owner.place(&entry.ip),
    }))
}
