//! The dev pages: what to do first, and the mails that were caught. Routed in dev mode only.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_mail::Caught;
use sekisho_model::LetterId;
use sekisho_provider::rules::parameters::Parameters;

use super::answer::{begin, json_answer};
use super::app::{App, Dev};
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{Cause, DevHomePage, LetterPage, LetterRow, MailPage, Moment};

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/_dev", web::get().to(home))
        .route("/_dev/mail", web::get().to(mail))
        .route("/_dev/mail.json", web::get().to(mail_json))
        .route("/_dev/mail/{id}", web::get().to(letter))
        .route("/_dev/mail/{id}/html", web::get().to(letter_html));
}

async fn home(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let Some(dev) = &app.dev else {
        return frame.error(Cause::NotFound, None);
    };
    let view = DevHomePage {
        page: frame.page(String::new()),
        issuer: app.provider.settings.issuer.clone(),
        users: dev.users.clone(),
        clients: dev.clients.clone(),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

async fn mail(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let Some(dev) = &app.dev else {
        return frame.error(Cause::NotFound, None);
    };
    let letters = dev.catcher.caught(None).iter().map(row).collect();
    let view = MailPage {
        page: frame.page(String::new()),
        letters,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// `interfaces.md`: newest first, `?to=ADDRESS` to see one person's.
async fn mail_json(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let query = Parameters::decode(request.query_string().as_bytes());
    let caught = app
        .dev
        .as_ref()
        .map(|dev| dev.catcher.caught(query.first("to")));
    json_answer(StatusCode::OK, &caught.unwrap_or_default(), app.https)
}

async fn letter(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let Some(caught) = find(app.dev.as_ref(), &id) else {
        return frame.error(Cause::NotFound, None);
    };
    let view = LetterPage {
        page: frame.page(String::new()),
        letter: row(&caught),
        from: caught.from.clone(),
        text: caught.text.clone(),
        headers: caught.headers.into_iter().collect(),
    };
    frame.html(StatusCode::OK, &Answer::MailPage, &view)
}

async fn letter_html(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    match find(app.dev.as_ref(), &id) {
        Some(caught) => begin(StatusCode::OK, &Answer::MailPreview, app.https)
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .body(caught.html),
        None => Frame::new(&app, &request, app.locale(&request, None)).error(Cause::NotFound, None),
    }
}

fn find(dev: Option<&Dev>, id: &str) -> Option<Caught> {
    dev?.catcher.letter(LetterId::parse(id)?)
}

fn row(caught: &Caught) -> LetterRow {
    LetterRow {
        id: caught.id.to_string(),
        to: caught.to.clone(),
        subject: caught.subject.clone(),
        code: caught.code.clone(),
        at: Moment {
            words: caught.at.get(11..19).unwrap_or_default().to_owned(),
            iso: caught.at.clone(),
        },
    }
}
