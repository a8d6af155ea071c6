//! The first and last thing every request meets: its id, the Host check, the log line, the metrics.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorRequestTimeout, InternalError};
use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, web};
use metrics::{counter, histogram};
use sekisho_model::Timestamp;
use sekisho_provider::detection::Sent;
use sekisho_provider::rules::discovery_members::MTLS_ENDPOINTS;

use super::answer::{begin, see_other};
use super::app::{App, RequestId, header};
use super::blocks;
use super::cors::{self, Reader};
use super::headers::{Answer, security_headers};
use super::levels;
use super::unanswered::Kept;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps every request.
pub async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    };
    let id = app.new_reference();
    request.extensions_mut().insert(RequestId(id.clone()));
    let began = app.provider.now();
    let method = request.method().clone();
    let route = request
        .match_pattern()
        .unwrap_or_else(|| "(none)".to_owned());
    let reader = cors::reader(&app, request.request()).await;
    let preflight = cors::is_preflight(request.request()) && reader.is_somebody();
    note(&app, request.request());
    let kept = Kept::of(&request, &route, &id);
    let answered = match (from_localhost(&app, &request), refusal(&app, &request)) {
        (Some(here), _) => Ok(request.into_response(see_other(&here, app.https))),
        (None, None) if preflight => {
            let mut answer = begin(StatusCode::NO_CONTENT, &Answer::Api, app.https).finish();
            reader.allow(answer.headers_mut());
            Ok(request.into_response(answer))
        }
        (None, None) => match stopped(&app, request.request()) {
            Some(answer) => Ok(request.into_response(answer)),
            None => in_time(&app, request, next).await,
        },
        (None, Some((status, words))) => {
            let mut answer = begin(status, &Answer::Api, app.https);
            let answer = answer.content_type("text/plain; charset=utf-8").body(words);
            Ok(request.into_response(answer))
        }
    };
    let last = Last {
        app: &app,
        reader,
        id,
        method,
        route,
        began,
    };
    match answered {
        Ok(response) => {
            let mut response = kept.replace(&app, response);
            last.touch(response.status(), response.headers_mut());
            Ok(response)
        }
        // The request is gone, so the answer travels inside the error.
        Err(error) => {
            let mut response = kept.answer(&app, error.as_response_error().status_code());
            last.touch(response.status(), response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// What every answer meets on its way out, also one to a request that was cut off.
struct Last<'a> {
    app: &'a App,
    reader: Reader,
    id: String,
    method: Method,
    route: String,
    began: Timestamp,
}

impl Last<'_> {
    fn touch(self, status: StatusCode, headers: &mut HeaderMap) {
        complete_headers(self.app, headers);
        self.reader.mark(headers);
        if let Ok(value) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, value);
        }
        let took = self.app.provider.now().since(self.began);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let (status, route) = (status.as_u16(), self.route);
        tracing::info!(request.id = self.id, method = %self.method, route, status, micros, "answered");
        counter!("sekisho_requests_total", "route" => route.clone(), "status" => status.to_string())
            .increment(1);
        histogram!("sekisho_request_seconds", "route" => route).record(took.as_secs_f64());
    }
}

/// Scanners are noticed whatever becomes of their requests (THR-15).
fn note(app: &App, request: &HttpRequest) {
    let sent = Sent {
        path: request.path(),
        query: request.query_string(),
        site: header(request, &SEC_FETCH_SITE),
        dest: header(request, &SEC_FETCH_DEST),
    };
    app.provider.note_request(sent, || app.origin_of(request));
}

/// What an operator or a rule keeps out is not asked further.
fn stopped(app: &App, request: &HttpRequest) -> Option<HttpResponse> {
    blocks::stopped(app, request).or_else(|| levels::stopped(app, request))
}

/// NET-10: whoever sends a body drop by drop is cut off. No answer of ours takes that long.
async fn in_time(
    app: &App,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match tokio::time::timeout(app.longest, unless_body_stops(app, request, next)).await {
        Ok(answered) => answered,
        Err(_too_long) => Err(ErrorRequestTimeout("the request took too long")),
    }
}

/// What only its body can stop is stopped before its handler begins.
async fn unless_body_stops(
    app: &App,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(answer) = blocks::stopped_by_body(app, &mut request).await? {
        return Ok(request.into_response(answer));
    }
    let answered = next.call(request).await?;
    Ok(answered.map_into_boxed_body())
}

/// Whatever has no headers of its own gets the strictest ones.
pub(super) fn complete_headers(app: &App, headers: &mut HeaderMap) {
    for (name, value) in security_headers(&Answer::Api, app.https) {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name)
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
    }
}

/// NET-10: more header bytes than any browser of ours sends.
const MOST_HEADER_BYTES: usize = 16_384;

/// What is refused before anything is routed.
fn refusal(app: &App, request: &ServiceRequest) -> Option<(StatusCode, &'static str)> {
    let lengths = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if lengths.sum::<usize>() > MOST_HEADER_BYTES
        || request.uri().to_string().len() > MOST_HEADER_BYTES
    {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Some((status, "The request headers are too large.\n"));
    }
    let foreign = !host_is_ours(app, request);
    foreign.then_some((
        StatusCode::MISDIRECTED_REQUEST,
        "This host is not served here.\n",
    ))
}

/// In dev mode a person may type `localhost` for the address that was printed; cookies live at one name.
fn from_localhost(app: &App, request: &ServiceRequest) -> Option<String> {
    let (_, ours) = app.origin.split_once("://").filter(|_| app.dev.is_some())?;
    let (_, port) = ours.split_once(':')?;
    let typed = header(request.request(), &HOST)?;
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    (typed == format!("localhost:{port}")).then(|| format!("{}{path}", app.origin))
}

/// WEB-16: a Host that is not ours is refused before anything is routed. Probes of load balancers go
/// by address and ask only for health.
fn host_is_ours(app: &App, request: &ServiceRequest) -> bool {
    if request.path().starts_with("/health/") {
        return true;
    }
    // RFC 8705 §5: what browsers open is not at the other origin.
    let of_apps = || {
        let mut endpoints = MTLS_ENDPOINTS.iter();
        endpoints.any(|(_, path)| request.path() == *path)
    };
    let is_ours = |presented: &str| {
        let is = |origin: &str| presented.eq_ignore_ascii_case(host(origin));
        is(&app.origin) || (app.mtls_origin.as_deref().is_some_and(is) && of_apps())
    };
    let mut hosts = request.headers().get_all(HOST);
    let presented = header(request.request(), &HOST);
    let single = hosts.next().is_some() && hosts.next().is_none();
    single && presented.is_some_and(is_ours)
}

fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}
