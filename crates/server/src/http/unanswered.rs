//! Answers that no handler made: to a method or a body that is not taken, or to somebody too slow. People get a page with
//! a reference, apps JSON; the headers are those of every other answer.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, ALLOW, COOKIE, HeaderMap};
use actix_web::http::{StatusCode, Uri};
use askama::Template as _;
use serde_json::json;

use super::answer::{json_answer, page};
use super::app::App;
use super::cookies::Use;
use super::headers::Answer;
use super::levels::{Reads, reads_of};
use super::pages::{Cause, ErrorPage, Moment, Page, Theme};

/// What is kept of a request to answer it when it is gone.
pub(super) struct Kept {
    uri: Uri,
    headers: HeaderMap,
    route: String,
    reference: String,
}

impl Kept {
    /// Before anything else happens to it.
    pub(super) fn of(request: &ServiceRequest, route: &str, reference: &str) -> Self {
        let mut headers = HeaderMap::new();
        for name in [COOKIE, ACCEPT_LANGUAGE] {
            for line in request.headers().get_all(&name) {
                headers.append(name.clone(), line.clone());
            }
        }
        Self {
            uri: request.uri().clone(),
            headers,
            route: route.to_owned(),
            reference: reference.to_owned(),
        }
    }

    /// The answer with this status.
    pub(super) fn answer(&self, app: &App, status: StatusCode) -> HttpResponse {
        let cause = cause(status);
        tracing::info!(reference = self.reference, ?cause, "no handler answered");
        match reads_of(&self.route) {
            Reads::App => self.json(app, status),
            Reads::Person => self.page(app, status, cause),
        }
    }

    fn json(&self, app: &App, status: StatusCode) -> HttpResponse {
        let body = json!({
            "error": if status.is_server_error() { "server_error" } else { "invalid_request" },
            "error_description": description(status),
            "reference": self.reference,
        });
        json_answer(status, &body, app.https)
    }

    fn page(&self, app: &App, status: StatusCode, cause: Cause) -> HttpResponse {
        let locale = app.locale_in(self.uri.query().unwrap_or_default(), &self.headers);
        let theme = app.cookies.read(Use::Theme, &self.headers).value();
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let view = ErrorPage {
            page: Page {
                locale,
                theme: Theme::from_name(&theme.unwrap_or_default()),
                service: app.service_name.clone(),
                house: Arc::clone(&app.house),
                path: path.to_owned(),
                csrf: String::new(),
                paused: false,
                language_csrf: None,
            },
            cause,
            reference: self.reference.clone(),
            at: Moment::exact(app.provider.now(), &app.default_zone, locale),
            app: None,
            details: Vec::new(),
            home: None,
            onward: None,
            again: None,
            notice: None,
        };
        page(
            status,
            &Answer::Page,
            view.render().unwrap_or_default(),
            app.https,
        )
    }

    /// Puts our answer in the place of one that the framework made; those of ours say what they may load.
    pub(super) fn replace(&self, app: &App, bare: ServiceResponse) -> ServiceResponse {
        let status = bare.status();
        let is_ours = bare.headers().contains_key("content-security-policy");
        if is_ours || !(status.is_client_error() || status.is_server_error()) {
            return bare;
        }
        let allowed = bare.headers().get(ALLOW).cloned();
        let mut answer = self.answer(app, status);
        if let Some(allowed) = allowed {
            answer.headers_mut().insert(ALLOW, allowed);
        }
        bare.into_response(answer)
    }
}

fn cause(status: StatusCode) -> Cause {
    match status {
        StatusCode::NOT_FOUND => Cause::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Cause::Method,
        StatusCode::REQUEST_TIMEOUT => Cause::TooSlow,
        StatusCode::PAYLOAD_TOO_LARGE => Cause::TooLarge,
        status if status.is_server_error() => Cause::OurFault,
        _ => Cause::BadRequest,
    }
}

fn description(status: StatusCode) -> &'static str {
    match cause(status) {
        Cause::NotFound => "there is nothing at this address",
        Cause::Method => "this method is not used at this address",
        Cause::TooSlow => "the request took too long",
        Cause::TooLarge => "the request is too large",
        Cause::OurFault => "the server could not complete the request",
        _ => "the request is malformed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_of_the_framework_has_its_page() {
        for (status, expected) in [
            (404, Cause::NotFound),
            (405, Cause::Method),
            (408, Cause::TooSlow),
            (413, Cause::TooLarge),
            (500, Cause::OurFault),
        ] {
            let found = cause(StatusCode::from_u16(status).unwrap());
            assert_eq!(found, expected);
            assert_eq!(found.status(), status);
        }
        assert_eq!(cause(StatusCode::CONFLICT), Cause::BadRequest);
    }
}
