//! The door before the pages that change passwords: a rush waits here and not at the sign-in (THR-14).

use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_guard::Admission;
use sekisho_model::{Digest, QueueTicket};
use sekisho_provider::endpoints::visit::Visit;

use crate::http::app::App;
use crate::http::cookies::Use;
use crate::http::frame::Frame;
use crate::http::headers::Answer;
use crate::http::pages::QueuePage;

/// What a browser keeps its place with; to be set with the answer.
pub(super) type Ticket = Option<Cookie<'static>>;

/// Lets the request in, or answers with the page of the queue, which comes back to `here` by itself. What leads there
/// is worth something for `lasts` at most: where the wait is longer, the page says so before it is over.
pub(super) async fn enter(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
    (here, lasts): (&str, Option<Duration>),
) -> Result<Ticket, HttpResponse> {
    if !app.provider.settings.admission.on {
        return Ok(None);
    }
    let kept = app.cookies.read(Use::Queue, request.headers()).value();
    let kept = kept.and_then(|value| presented(app, &value));
    let (ticket, made) = if let Some(ticket) = kept {
        (ticket, None)
    } else {
        let ticket = QueueTicket::generate(&*app.entropy);
        let value = format!("{}.{}", ticket.reveal(), mac(app, &ticket).to_base64url());
        (ticket, Some(app.cookies.set(Use::Queue, value)))
    };
    let ip = &visit.origin.ip;
    let admission = app.provider.admit(&ticket.digest(), ip).await;
    let frame = Frame::new(app, request, visit.locale);
    match admission {
        Ok(Admission::Inside) => Ok(made),
        Ok(waits) => Err(keeping(queue(&frame, waits, (here, lasts)), made)),
        Err(failure) => Err(frame.failure(&failure)),
    }
}

/// Sets the ticket with an answer.
pub(super) fn keeping(mut response: HttpResponse, ticket: Ticket) -> HttpResponse {
    if let Some(cookie) = ticket
        && let Err(error) = response.add_cookie(&cookie)
    {
        tracing::warn!(%error, "a cookie could not be set");
    }
    response
}

/// Only tickets that we gave out keep a place: nobody fills the queue with invented ones.
fn presented(app: &App, value: &str) -> Option<QueueTicket> {
    let (ticket, signature) = value.split_once('.')?;
    let ticket = QueueTicket::presented(ticket)?;
    let genuine = Digest::from_base64url(signature)? == mac(app, &ticket);
    genuine.then_some(ticket)
}

fn mac(app: &App, ticket: &QueueTicket) -> Digest {
    let parts = [b"queue".as_slice(), ticket.reveal().as_bytes()];
    Digest::keyed(app.csrf_key.as_bytes(), &parts)
}

fn queue(
    frame: &Frame<'_>,
    admission: Admission,
    (here, lasts): (&str, Option<Duration>),
) -> HttpResponse {
    let outlived = match (admission, lasts) {
        (Admission::Wait { about, .. }, Some(lasts)) if about > lasts => {
            Some(lasts.as_secs().div_ceil(60))
        }
        _ => None,
    };
    let (place, retry) = match admission {
        Admission::Wait {
            position,
            about,
            retry,
        } => {
            let minutes = about.as_secs().div_ceil(60);
            (Some((position, minutes)), retry)
        }
        Admission::Inside => (None, Duration::ZERO),
        Admission::Full { retry } => (None, retry),
    };
    let seconds = retry.as_secs().max(1);
    let mut page = frame.page(String::new());
    here.clone_into(&mut page.path);
    let view = QueuePage {
        page,
        place,
        outlived,
        seconds,
        here: here.to_owned(),
    };
    let mut response = frame.html(StatusCode::SERVICE_UNAVAILABLE, &Answer::Page, &view);
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    if let Ok(value) = HeaderValue::from_str(&format!("{seconds};url={here}")) {
        headers.insert(HeaderName::from_static("refresh"), value);
    }
    response
}
