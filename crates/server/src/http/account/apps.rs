use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_mail::when;
use sekisho_model::ClientId;
use sekisho_provider::Failure;
use sekisho_provider::endpoints::connected_apps::ConnectedApp;
use sekisho_provider::rules::parameters::Parameters;

use super::Owner;
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::headers::Answer;
use crate::http::pages::{
    App as AppName, Area, Cause, ConnectedAppView, ConnectedAppsPage, DisconnectPage, Moment,
    ScopeItem, Vouched,
};
use crate::http::sign_in::vouched;

const PURPOSE: &str = "apps";
const HERE: &str = "/account/apps";

/// The apps that may do something for the person.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let said = owner.frame.said(Look::Once);
    let apps = match views(&owner).await {
        Ok(apps) => apps,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let view = ConnectedAppsPage {
        page: owner.frame.page(String::new()),
        account: owner.account_frame(Area::Apps),
        zone: when::zone_words(app.provider.now(), owner.zone(), owner.frame.locale),
        removed: said.first("done").is_some(),
        lag_minutes: lag(&app),
        apps,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// What stops when the access of an app ends.
pub(super) async fn ask(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let query = Parameters::decode(request.query_string().as_bytes());
    let apps = match views(&owner).await {
        Ok(apps) => apps,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let wanted = query.first("client");
    let found = apps.into_iter().find(|app| Some(&*app.id) == wanted);
    let Some(connected) = found else {
        return see_other(HERE, app.https);
    };
    let view = DisconnectPage {
        page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
        account: owner.account_frame(Area::Apps),
        lag_minutes: lag(&app),
        connected,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// Takes everything back that an app was given (CON-05).
pub(super) async fn remove(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let Some(client) = form.first("client") else {
        return owner.frame.error_again(Cause::Csrf, HERE);
    };
    let client = ClientId::new(client);
    match app
        .provider
        .disconnect(&owner.live, &client, &owner.visit)
        .await
    {
        Ok(true) => owner.frame.see_saying(&format!("{HERE}?done=1")),
        Ok(false) => owner.confirm_first(HERE).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

fn lag(app: &App) -> u64 {
    let lag = app.provider.settings.lifetimes.access_token.as_secs();
    lag.div_ceil(60)
}

async fn views(owner: &Owner<'_>) -> Result<Vec<ConnectedAppView>, Failure> {
    let provider = &owner.frame.app.provider;
    let mut views = Vec::new();
    for connected in provider.connected_apps(&owner.live.user).await? {
        let face = provider
            .app_face(&connected.client_id, owner.frame.locale)
            .await?;
        // An app that is gone can do nothing any more, but its consent can still be taken back.
        let id = connected.client_id.as_str();
        let (app, vouched) = face.map_or_else(
            || (AppName::new(id, id), Vouched::Nobody),
            |face| (AppName::new(&face.name, &face.host), vouched(&face.client)),
        );
        views.push(view(owner, &connected, app, vouched));
    }
    Ok(views)
}

fn view(
    owner: &Owner<'_>,
    connected: &ConnectedApp,
    app: AppName,
    vouched: Vouched,
) -> ConnectedAppView {
    let moment = |at| Moment::date_time(at, owner.zone(), owner.frame.locale);
    let item = |scope: &str| ScopeItem {
        scope: scope.to_owned(),
        values: Vec::new(),
    };
    ConnectedAppView {
        id: connected.client_id.to_string(),
        app,
        scopes: connected.scope.iter().map(item).collect(),
        claims: connected.claims.iter().cloned().collect(),
        since: moment(connected.since),
        used: connected.used_at.map(moment),
        offline: connected.offline,
        vouched,
    }
}
