//! `/notice`: whether a mail about an incident is real (`ux.md` 10.8).

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_mail::when;
use sekisho_model::{IncidentNotice, Locale};

use super::app::App;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{IncidentNoticesPage, ToldIncident};

/// Routes of this module.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/notice", web::get().to(show));
}

async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let notices = match app.provider.notices().await {
        Ok(notices) => notices,
        Err(failure) => return frame.failure(&failure),
    };
    let page = frame.page(String::new());
    let told = |notice| told(notice, page.locale, &app.default_zone);
    let view = IncidentNoticesPage {
        notices: notices.into_iter().map(told).collect(),
        host: app.provider.settings.issuer_host().to_owned(),
        page,
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

fn told(notice: IncidentNotice, locale: Locale, zone: &str) -> ToldIncident {
    ToldIncident {
        day: when::day(notice.happened_at, zone, locale),
        told_on: when::day(notice.made_at, zone, locale),
        facts: match locale {
            Locale::Ja => notice.texts.ja,
            Locale::En => notice.texts.en,
        },
    }
}
