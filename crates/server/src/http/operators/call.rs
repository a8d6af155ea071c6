//! Who calls, and what the body says.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, InternalError};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use actix_web::{Error, HttpMessage as _, HttpRequest};
use sekisho_mail::when;
use sekisho_model::{
    Cohort, EmailAddress, Event, EventKind, OperatorPermission, Origin, Subject, Timestamp, UserId,
};
use sekisho_provider::operator_tokens::Operator;
use serde::de::DeserializeOwned;

use super::LONGEST;
use super::problem::Problem;
use crate::http::app::{App, RequestId, authorization, header};
use crate::http::edge::complete_headers;
use crate::incident_overview::unknown_tag;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each call its reference, a line in the log, and an end.
pub(super) async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request.app_data::<web::Data<App>>().cloned();
    let app = app.ok_or_else(|| ErrorInternalServerError("there is no state"))?;
    let id = app.new_reference();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.match_pattern());
    let answered = tokio::time::timeout(LONGEST, next.call(request)).await;
    let mut response = match answered {
        Ok(response) => response?.map_into_boxed_body(),
        // The request is gone, so the answer travels inside the error.
        Err(too_long) => {
            let mut response = Problem::TooSlow.answer(&app);
            complete(&app, &id, response.headers_mut());
            let status = response.status().as_u16();
            tracing::info!(request.id = id, %method, route = path, status, "answered an operator");
            return Err(InternalError::from_response(too_long, response).into());
        }
    };
    let status = response.status().as_u16();
    tracing::info!(request.id = id, %method, route = path, status, "answered an operator");
    complete(&app, &id, response.headers_mut());
    Ok(response)
}

fn complete(app: &App, id: &str, headers: &mut HeaderMap) {
    complete_headers(app, headers);
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
}

/// Who calls, from where.
pub(super) struct Caller {
    pub(super) operator: Operator,
    pub(super) origin: Origin,
}

impl Caller {
    /// Whoever shows a token that counts.
    pub(super) async fn of(app: &App, request: &HttpRequest) -> Result<Self, Problem> {
        let origin = app.origin_of(request);
        let shown = authorization(request).and_then(bearer);
        let token = shown.ok_or(Problem::Unauthorized)?;
        let operator = app.provider.operator_of(token, &origin).await?;
        Ok(Self {
            operator: operator.ok_or(Problem::Unauthorized)?,
            origin,
        })
    }

    /// Goes on only if the token allows it.
    pub(super) fn may(&self, permission: OperatorPermission) -> Result<(), Problem> {
        if self.operator.may(permission) {
            Ok(())
        } else {
            Err(Problem::Forbidden(permission))
        }
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// The body, if it is JSON of this form and nothing else.
pub(super) fn body<T: DeserializeOwned>(request: &HttpRequest, body: &Bytes) -> Result<T, Problem> {
    let kind = header(request, &CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::NotJson);
    }
    serde_json::from_slice(body).map_err(|error| Problem::Invalid(error.to_string()))
}

/// A moment of a body.
pub(super) fn moment(name: &str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let wrong = || format!("{name}: write a date, or a moment as in 2026-11-24T09:00:00+09:00");
    text.map(|text| when::parse(&text).ok_or_else(|| Problem::Invalid(wrong())))
        .transpose()
}

/// The event of what the caller does.
pub(super) fn event(app: &App, caller: &Caller, kind: EventKind) -> Event {
    let mut event = app.provider.event_of_server(kind);
    event.origin = caller.origin.clone();
    event
}

/// Refuses a tag that no account has: an order for nobody would look like success.
pub(super) async fn must_be_tagged(app: &App, cohort: &Cohort) -> Result<(), Problem> {
    match unknown_tag(&app.provider, cohort).await? {
        Some(why) => Err(Problem::Invalid(format!("cohort: {why}"))),
        None => Ok(()),
    }
}

/// The account of a sign-in address or `sub`.
pub(super) async fn user(app: &App, who: &str) -> Result<UserId, Problem> {
    let unknown = || Problem::Invalid("user: there is no such account".to_owned());
    let found = if who.contains('@') {
        let address = EmailAddress::parse(who).map_err(|_not_one| unknown())?;
        app.provider.person_at(&address).await?
    } else {
        app.provider.person_of(&Subject::new(who)).await?
    };
    found.map(|person| person.user.id).ok_or_else(unknown)
}
