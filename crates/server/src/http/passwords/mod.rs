//! The pages where a new password is chosen: after a forgotten one, by the link of a mail, in the middle of a
//! sign-in; the way by mail that keeps it; and the recovery code in the place of a mailed one, with what is said
//! once it was used.

mod by_mail;
mod change;
mod check;
mod forgot;
mod gate;
mod recovered;
mod recovery;
mod reset;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use sekisho_model::{PreAuthToken, Timestamp};
use sekisho_provider::endpoints::visit::{NewCookies, Visit};

use super::app::App;
use super::frame::Frame;
use super::pages::Moment;

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/password/forgot")
                .route(web::get().to(forgot::show))
                .route(web::head().to(forgot::show))
                .route(web::post().to(forgot::send)),
        )
        .service(web::resource("/password/check").route(web::post().to(check::send)))
        .service(
            web::resource("/password/reset")
                .route(web::get().to(reset::done))
                .route(web::post().to(reset::send)),
        )
        .service(
            web::resource("/password/reset/{token}")
                .route(web::get().to(reset::show))
                .route(web::head().to(reset::show)),
        )
        .service(
            web::resource("/login/new-password")
                .route(web::get().to(change::show))
                .route(web::post().to(change::send)),
        )
        .service(
            web::resource("/login/by-mail")
                .route(web::get().to(by_mail::show))
                .route(web::head().to(by_mail::show))
                .route(web::post().to(by_mail::send)),
        )
        .service(
            web::resource("/login/by-mail/{token}")
                .route(web::get().to(by_mail::look))
                .route(web::head().to(by_mail::look))
                .route(web::post().to(by_mail::enter)),
        )
        .service(
            web::resource("/login/recovery")
                .route(web::get().to(recovery::show))
                .route(web::post().to(recovery::send)),
        )
        .service(
            web::resource("/login/recovery/used")
                .route(web::get().to(recovered::show))
                .route(web::post().to(recovered::send)),
        )
        .route("/help/code-address", web::get().to(recovery::help));
}

/// A form before any sign-in hangs on the pre-auth cookie; a browser without one gets one.
pub(super) fn bound(app: &App, visit: &mut Visit) -> NewCookies {
    if visit.pre_auth.is_some() {
        return NewCookies::default();
    }
    let token = PreAuthToken::generate(&*app.entropy);
    visit.pre_auth = PreAuthToken::presented(token.reveal());
    NewCookies {
        pre_auth: Some(token),
        ..NewCookies::default()
    }
}

fn moment(frame: &Frame<'_>, at: Timestamp) -> Moment {
    Moment::date_time(at, &frame.app.default_zone, frame.locale)
}

/// As texts count.
fn count(characters: usize) -> u64 {
    u64::try_from(characters).unwrap_or(u64::MAX)
}

/// A failure of ours, with the way to try again.
fn failed(frame: &Frame<'_>, failure: &sekisho_provider::Failure) -> HttpResponse {
    frame.failure(failure)
}
