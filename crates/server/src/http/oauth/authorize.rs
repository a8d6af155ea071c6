use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_provider::endpoints::authorize::Authorized;
use sekisho_provider::endpoints::visit::NewCookies;
use sekisho_provider::rules::authorization_request::PageRefusal;
use sekisho_provider::rules::parameters::Parameters;

use super::form;
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::pages::Cause;

/// RFC 6749 §3.1, GET.
pub(super) async fn get(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let parameters = Parameters::decode(request.query_string().as_bytes());
    answer(&app, &request, &parameters).await
}

/// OpenID Connect Core §3.1.2.1, POST. From another site it comes without our Lax cookies, so it goes
/// on as a GET from here, which has them (SES-15).
pub(super) async fn post(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let parameters = match form(&request, &body) {
        Ok(parameters) => parameters,
        Err(_refused) => {
            return Frame::new(&app, &request, app.locale(&request, None))
                .error(Cause::BadRequest, None);
        }
    };
    let visit = app.visit(&request);
    if visit.session.is_none() && body.len() <= 6000 {
        let query = String::from_utf8_lossy(&body);
        if query.bytes().all(|b| b.is_ascii_graphic()) {
            return see_other(&format!("/oauth2/authorize?{query}"), app.https);
        }
    }
    answer(&app, &request, &parameters).await
}

async fn answer(app: &App, request: &HttpRequest, parameters: &Parameters) -> HttpResponse {
    let visit = app.visit(request);
    let frame = Frame::new(app, request, visit.locale);
    match app.provider.authorize(parameters, &visit).await {
        Ok(Authorized::Page(refusal, app)) => frame.error_of_app(cause(refusal), app),
        Ok(Authorized::Next(next, cookie)) => frame.set(
            frame.next(next),
            NewCookies {
                pre_auth: cookie,
                ..NewCookies::default()
            },
        ),
        Err(failure) => frame.failure(&failure),
    }
}

const fn cause(refusal: PageRefusal) -> Cause {
    match refusal {
        PageRefusal::UnknownClient => Cause::UnknownClient,
        PageRefusal::ClientStopped => Cause::ClientStopped,
        PageRefusal::RedirectUri => Cause::RedirectUri,
        PageRefusal::PushedRequest => Cause::FlowGone,
    }
}
