//! Pages that need nobody to be signed in and change nothing but appearance.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_mail::when;
use sekisho_provider::rules::parameters::Parameters;

use super::answer::{begin, see_other};
use super::app::{App, header};
use super::assets::{self, Served};
use super::cookies::Use;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, HelpPage, PrivacyPage, Theme, ThemePage, local_path};

/// How long the sign-in history is kept (AU-05).
const HISTORY_KEPT: Duration = Duration::from_hours(180 * 24);

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home))
        .route("/help", web::get().to(help))
        .route("/privacy", web::get().to(privacy))
        .service(
            web::resource("/theme")
                .route(web::get().to(theme))
                .route(web::post().to(set_theme)),
        )
        .route("/assets/{edition}/{name}", web::get().to(asset))
        .route("/favicon.ico", web::get().to(favicon))
        .route("/.well-known/security.txt", web::get().to(security_txt));
}

/// How long `security.txt` says that it is good for: it is made anew at each request (RFC 9116 §2.5.5).
const GOOD_FOR: Duration = Duration::from_hours(180 * 24);

/// Where holes are reported (RFC 9116); there is none unless the operator named a contact.
async fn security_txt(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let Some(contact) = &app.security_contact else {
        return not_found(app, request).await;
    };
    let until = when::rfc3339(app.provider.now() + GOOD_FOR, "UTC");
    let here = format!("{}/.well-known/security.txt", app.origin);
    let text = format!(
        "Contact: {contact}\nExpires: {until}\nPreferred-Languages: ja, en\nCanonical: {here}\n"
    );
    begin(StatusCode::OK, &Answer::Api, app.https)
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(text)
}

async fn home(app: web::Data<App>) -> HttpResponse {
    let path = if app.dev.is_some() {
        "/_dev"
    } else {
        "/account"
    };
    see_other(path, app.https)
}

async fn help(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let view = HelpPage {
        page: frame.page(String::new()),
        sender: app.mail_from.clone(),
        host: app.provider.settings.issuer_host().to_owned(),
        contact: app.contact.clone(),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

async fn privacy(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let view = PrivacyPage {
        page: frame.page(String::new()),
        names: app.cookies,
        history: HISTORY_KEPT,
        contact: app.contact.clone(),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

async fn theme(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let query = Parameters::decode(request.query_string().as_bytes());
    let back = query.first("back").unwrap_or("/account");
    let view = ThemePage::new(frame.page(String::new()), back);
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// Brightness is nobody's secret and nobody's account: the form needs no token, only our own page.
async fn set_theme(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    if !app.from_our_page(&request) {
        return frame.error_again(Cause::Csrf, "/theme");
    }
    let form = Parameters::decode(&body);
    let theme = Theme::from_name(form.first("theme").unwrap_or_default());
    let back = form
        .first("back")
        .and_then(local_path)
        .unwrap_or("/account");
    let mut response = see_other(back, app.https);
    if let Err(error) = response.add_cookie(&app.cookies.set(Use::Theme, theme.name())) {
        tracing::warn!(%error, "a cookie could not be set");
    }
    response
}

async fn asset(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (edition, name) = path.into_inner();
    let headers = |status| begin(status, &Answer::PublicJson(0), app.https);
    match assets::serve(&edition, &name, header(&request, &IF_NONE_MATCH)) {
        Served::Body(found) => headers(StatusCode::OK)
            .insert_header((CACHE_CONTROL, found.caching))
            .insert_header((ETAG, found.etag))
            .insert_header((CONTENT_TYPE, found.content_type))
            .body(found.body),
        Served::NotModified { etag, caching } => headers(StatusCode::NOT_MODIFIED)
            .insert_header((CACHE_CONTROL, caching))
            .insert_header((ETAG, etag))
            .finish(),
        Served::Unknown => not_found(app, request).await,
    }
}

async fn favicon(app: web::Data<App>) -> HttpResponse {
    see_other(&assets::href("logo.svg"), app.https)
}

/// What no route took: an address of ours with another method, or one that is none of ours.
pub async fn nothing(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    if request.match_pattern().is_some() {
        // Routes by themselves are all for looking; the edge makes a page of it.
        return HttpResponse::MethodNotAllowed()
            .insert_header((ALLOW, "GET"))
            .finish();
    }
    not_found(app, request).await
}

/// The page for an address that is none of ours.
pub async fn not_found(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    Frame::new(&app, &request, app.locale(&request, None)).error(Cause::NotFound, None)
}
