use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_mail::when;
use sekisho_model::{EmailAddress, Timestamp};
use sekisho_provider::endpoints::leaving::Leaving;

use super::Owner;
use crate::http::answer::{begin, see_other};
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::{
    Area, Cause, DataFile, DataPage, DeletePage, KeepPage, LeftPage, Moment, Template as _,
};

const PURPOSE: &str = "own-data";
const DATA: &str = "/account/data";
const DELETE: &str = "/account/data/delete";
/// The one page for somebody whose account is to be erased.
pub(super) const KEEP: &str = "/account/keep";

/// Routes of this module.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource(DATA)
                .route(web::get().to(show))
                .route(web::post().to(export)),
        )
        .service(
            web::resource(DELETE)
                .route(web::get().to(ask))
                .route(web::post().to(delete)),
        )
        .service(
            web::resource(KEEP)
                .route(web::get().to(ask_to_keep))
                .route(web::post().to(keep)),
        )
        .route("/leaving", web::get().to(left));
}

/// What can be taken along, and the way out.
async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let view = DataPage {
        page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
        account: owner.account_frame(Area::Data),
        delay_days: delay_days(&app),
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// The file, after a fresh sign-in.
async fn export(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, DATA)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    if let Err(response) = owner.must_be_fresh(DATA).await {
        return response;
    }
    let session = Some(owner.live.session.id);
    let file = app.provider.own_data(&owner.account, session, &owner.visit);
    let file = match file.await {
        Ok(file) => file,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let mut answer = begin(StatusCode::OK, &Answer::Api, app.https);
    if form.first("format") != Some("html") {
        answer.insert_header((CONTENT_TYPE, "application/json; charset=utf-8"));
        answer.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""));
        return answer.body(format!("{file:#}"));
    }
    match DataFile::new(&file, owner.frame.locale).render() {
        Ok(html) => {
            answer.insert_header((CONTENT_TYPE, "text/html; charset=utf-8"));
            answer.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.html\""));
            answer.body(html)
        }
        Err(error) => {
            tracing::error!(%error, "a file could not be rendered");
            owner.frame.error(Cause::OurFault, None)
        }
    }
}

/// What goes and what stays.
async fn ask(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    match owner.must_be_fresh(DELETE).await {
        Ok(()) => delete_page(&owner, false),
        Err(response) => response,
    }
}

/// The wish to leave; the person's own address is typed, so that nobody leaves by a slip.
async fn delete(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, DELETE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let typed = EmailAddress::parse(form.first("address").unwrap_or_default().trim());
    let own = owner.account.login_address.canonical();
    if !typed.is_ok_and(|typed| typed.canonical() == own) {
        return delete_page(&owner, true);
    }
    let asked = app
        .provider
        .ask_deletion(&owner.live, &owner.account, &owner.visit);
    match asked.await {
        Ok(Leaving::Until(at)) => owner
            .frame
            .see_saying(&format!("/leaving?on={}", at.seconds())),
        Ok(Leaving::Again) => see_other(KEEP, app.https),
        Ok(Leaving::Stale) => owner.confirm_first(DELETE).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

/// Said to whoever left, and to nobody else; no account is needed, and none is told of.
async fn left(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let said = frame.said(Look::Again);
    let Some(on) = said.first("on").and_then(|on| on.parse().ok()) else {
        return see_other("/account", app.https);
    };
    let on = Some(Timestamp::from_seconds(on)).filter(|on| *on > app.provider.now());
    let view = LeftPage {
        until: on.map(|on| when::day(on, &app.default_zone, frame.locale)),
        page: frame.page(String::new()),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// Asks whoever signs in during the delay.
async fn ask_to_keep(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let Some(until) = owner.live.user.leaves_at else {
        return see_other("/account", app.https);
    };
    let view = KeepPage {
        until: Moment::date_time(until, owner.zone(), owner.frame.locale),
        page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
        sign_out_csrf: app.form_token(&owner.visit, "", "logout"),
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// The account stays.
async fn keep(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let owner = match Owner::sent(&app, (&request, &body), (PURPOSE, KEEP)).await {
        Ok((owner, _form)) => owner,
        Err(response) => return response,
    };
    let kept = app
        .provider
        .keep_account(&owner.live, &owner.account, &owner.visit);
    match kept.await {
        Ok(true) => see_other("/account", app.https),
        Ok(false) => owner.confirm_first(KEEP).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

fn delete_page(owner: &Owner<'_>, mistyped: bool) -> HttpResponse {
    let app = owner.frame.app;
    let view = DeletePage {
        page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
        account: owner.account_frame(Area::Data),
        delay_days: delay_days(app),
        mistyped,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

fn delay_days(app: &App) -> u64 {
    app.provider.settings.leaving.delay.as_secs() / (24 * 60 * 60)
}
