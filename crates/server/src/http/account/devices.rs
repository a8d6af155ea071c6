use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_mail::{Device, when};
use sekisho_model::{BrowserId, ClientId, KnownBrowser, SessionId};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::devices::{DeviceEnd, DeviceSession};
use sekisho_provider::rules::parameters::Parameters;

use super::Owner;
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::headers::Answer;
use crate::http::pages::{
    Area, Cause, DevicesPage, EndedNotice, Moment, OtherDevicesPage, SessionView, TrustedView,
};
use crate::http::text::clean_name;

const PURPOSE: &str = "devices";
const HERE: &str = "/account/sessions";

/// Where the person is signed in, and which browsers are trusted.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let said = owner.frame.said(Look::Once);
    let done = said.first("done").and_then(EndedNotice::from_name);
    match devices_page(&owner, done).await {
        Ok(view) => owner.frame.html(StatusCode::OK, &Answer::Page, &view),
        Err(failure) => owner.frame.failure(&failure),
    }
}

/// What would end with "everywhere else".
pub(super) async fn ask(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    match devices_page(&owner, None).await {
        Ok(view) => {
            let view = OtherDevicesPage::of(view);
            owner.frame.html(StatusCode::OK, &Answer::Page, &view)
        }
        Err(failure) => owner.frame.failure(&failure),
    }
}

/// Ends a session, all others, or trust; after a fresh sign-in only (SES-10).
pub(super) async fn end(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let Some((what, done)) = wished(&form) else {
        return owner.frame.error_again(Cause::Csrf, HERE);
    };
    if what == DeviceEnd::Session(owner.live.session.id) {
        return see_other("/logout", app.https);
    }
    let whose = (&owner.live, &owner.account);
    match app.provider.end_device(whose, what, &owner.visit).await {
        Ok(false) => owner.confirm_first(HERE).await,
        Ok(true) => owner
            .frame
            .see_saying(&format!("{HERE}?done={}", done.name())),
        Err(failure) => owner.frame.failure(&failure),
    }
}

fn wished(form: &Parameters) -> Option<(DeviceEnd, EndedNotice)> {
    let what = match form.first("end")? {
        "others" => (DeviceEnd::OtherSessions, EndedNotice::Others),
        "trust" => (DeviceEnd::AllTrust, EndedNotice::Trust),
        "session" => {
            let id = SessionId::parse(form.first("session")?)?;
            (DeviceEnd::Session(id), EndedNotice::Session)
        }
        "browser" => {
            let id = BrowserId::parse(form.first("browser")?)?;
            (DeviceEnd::Trust(id), EndedNotice::Trust)
        }
        _ => return None,
    };
    Some(what)
}

async fn devices_page(
    owner: &Owner<'_>,
    done: Option<EndedNotice>,
) -> Result<DevicesPage, Failure> {
    let app = owner.frame.app;
    let devices = app.provider.devices(&owner.live.user).await?;
    let mut sessions = Vec::new();
    for found in &devices.sessions {
        sessions.push(session_view(owner, found).await?);
    }
    // The present one on top; the others stay in their order.
    sessions.sort_by_key(|view: &SessionView| !view.here);
    let lag = app.provider.settings.lifetimes.access_token.as_secs();
    let trusted = devices.trusted.iter();
    Ok(DevicesPage {
        page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
        account: owner.account_frame(Area::Devices),
        zone: when::zone_words(app.provider.now(), owner.zone(), owner.frame.locale),
        trusted: trusted.map(|found| trusted_view(owner, found)).collect(),
        lag_minutes: lag.div_ceil(60),
        sessions,
        done,
    })
}

async fn session_view(owner: &Owner<'_>, found: &DeviceSession) -> Result<SessionView, Failure> {
    let (locale, session) = (owner.frame.locale, &found.session);
    let now = owner.frame.app.provider.now();
    Ok(SessionView {
        id: session.id.to_string(),
        device: Device::of(&session.user_agent).words(locale),
        began: Moment::date_time(session.created_at, owner.zone(), locale),
        seen: Moment::date_time(session.last_seen_at, owner.zone(), locale),
        ago: when::ago(session.last_seen_at, now, locale).unwrap_or_default(),
        ip: session.ip.clone(),
        place: owner.place(&session.ip),
        apps: names(owner, &found.apps).await?,
        here: session.id == owner.live.session.id,
    })
}

async fn names(owner: &Owner<'_>, apps: &[ClientId]) -> Result<Vec<String>, Failure> {
    let (provider, locale) = (&owner.frame.app.provider, owner.frame.locale);
    let mut names = Vec::new();
    for id in apps {
        let name = provider.client_name(id, locale).await?;
        names.extend(name.map(|name| clean_name(&name)));
    }
    Ok(names)
}

fn trusted_view(owner: &Owner<'_>, found: &KnownBrowser) -> TrustedView {
    let locale = owner.frame.locale;
    let moment = |at| Moment::date_time(at, owner.zone(), locale);
    TrustedView {
        id: found.id.to_string(),
        device: Device::of(&found.user_agent).words(locale),
        since: moment(found.first_seen_at),
        seen: moment(found.last_seen_at),
        until: found.trusted_until.map(moment),
        here: found.id == owner.live.session.browser_id,
    }
}
