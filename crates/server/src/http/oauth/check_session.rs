use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;

use crate::http::answer::page;
use crate::http::app::App;
use crate::http::cookies::Use;
use crate::http::headers::Answer;
use crate::http::pages::CheckSessionPage;
use crate::http::texts;

/// The frame by which apps watch the session (Session Management 1.0 §3.3). It is the same for
/// everybody: what differs is the cookie its script reads.
pub(super) async fn frame(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    if !app.provider.settings.features.session_management {
        return texts::not_found(app, request).await;
    }
    let view = CheckSessionPage {
        cookie: app.cookies.name(Use::State),
    };
    match view.render() {
        Ok(html) => page(StatusCode::OK, &Answer::SessionFrame, html, app.https),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
