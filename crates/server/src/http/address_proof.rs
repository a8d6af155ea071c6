//! The page where a code is typed that proves an address; shared by everything that needs a proved address.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use sekisho_mail::tally;
use sekisho_model::{ProofPurpose, Timestamp};
use sekisho_provider::Failure;
use sekisho_provider::endpoints::address_proof::{ProofOutcome, ProofView, Proved};
use sekisho_provider::endpoints::sign_in::ResendOutcome;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::one_time_code::{TypedRefusal, normalised};
use sekisho_provider::rules::parameters::Parameters;
use serde::{Deserialize, Serialize};

use super::answer::see_other;
use super::failure::{add_retry, seen};
use super::flash::Look;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{AddressProofPage, Cause, CodeState, Moment, Resend};

/// Where a proof is typed.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// What the address is to be.
    pub purpose: ProofPurpose,
    /// The page of the code: GET shows it, POST takes it.
    pub here: &'a str,
    /// Where another address can be given.
    pub restart: &'a str,
    /// The purpose of the form's token.
    pub form: &'static str,
}

/// The page, as it is reached by a link or after `?sent=`.
pub async fn show(frame: &Frame<'_>, visit: &Visit, place: Place<'_>) -> HttpResponse {
    if let Some(tried) = frame.told::<Tried>(Look::Once) {
        return tried.page(frame, visit, place).await;
    }
    let state = match frame.said(Look::Once).first("sent") {
        Some("again") => CodeState::Resent,
        Some("expired") => CodeState::ExpiredAndResent,
        _ => CodeState::Fresh,
    };
    page(frame, visit, place, state, String::new()).await
}

/// What a code that was used up for nothing leaves behind for the page; sending it again would use up another try.
#[derive(Debug, Serialize, Deserialize)]
struct Tried {
    typed: String,
    /// How many tries are left; `None` for an earlier code.
    left: Option<u8>,
}

impl Tried {
    async fn told(self, frame: &Frame<'_>, visit: &Visit, place: Place<'_>) -> HttpResponse {
        match frame.see_telling(&format!("{}?said=tried", place.here), &self) {
            Some(response) => response,
            None => self.page(frame, visit, place).await,
        }
    }

    async fn page(self, frame: &Frame<'_>, visit: &Visit, place: Place<'_>) -> HttpResponse {
        let state = self.left.map_or(CodeState::Earlier, CodeState::Wrong);
        page(frame, visit, place, state, self.typed).await
    }
}

/// What was posted there: the proved address, or the page that answers.
pub async fn posted(
    frame: &Frame<'_>,
    visit: &Visit,
    place: Place<'_>,
    form: &Parameters,
) -> Result<Proved, HttpResponse> {
    let app = frame.app;
    if app
        .checked(frame.request, visit, form, place.form)
        .is_none()
    {
        return Err(frame.error_again(Cause::Csrf, place.restart));
    }
    if form.first("action") == Some("resend") {
        return Err(resent(frame, visit, place, "again").await);
    }
    let typed = form.first("code").unwrap_or_default();
    let code = match normalised(typed, app.provider.settings.codes.digits) {
        Ok(code) => code,
        Err(refusal) => {
            let state = refused(refusal, typed);
            return Err(page(frame, visit, place, state, String::new()).await);
        }
    };
    let tried = app.provider.try_proof(place.purpose, &code, visit).await;
    let state = match tried {
        Ok(ProofOutcome::Proved(proved)) => return Ok(proved),
        Ok(ProofOutcome::Gone) => return Err(gone(frame, place)),
        Ok(ProofOutcome::Expired) => return Err(resent(frame, visit, place, "expired").await),
        Ok(ProofOutcome::Stopped) => return Err(stopped(frame, place)),
        Ok(ProofOutcome::Wrong(left)) => {
            let tried = Tried {
                typed: code,
                left: Some(left),
            };
            return Err(tried.told(frame, visit, place).await);
        }
        Ok(ProofOutcome::Earlier(_)) => {
            let tried = Tried {
                typed: code,
                left: None,
            };
            return Err(tried.told(frame, visit, place).await);
        }
        Ok(ProofOutcome::Wait(until)) => CodeState::NoMoreCodes(time(frame, until)),
        Err(failure) => return Err(unavailable(frame, visit, place, &failure).await),
    };
    Err(page(frame, visit, place, state, code).await)
}

fn refused(refusal: TypedRefusal, typed: &str) -> CodeState {
    let digits = typed.chars().filter(char::is_ascii_digit).count();
    match refusal {
        TypedRefusal::Empty => CodeState::Empty,
        TypedRefusal::Length(length) => CodeState::WrongLength(u64::try_from(length).unwrap_or(0)),
        TypedRefusal::Character => CodeState::WrongLength(u64::try_from(digits).unwrap_or(0)),
    }
}

async fn resent(frame: &Frame<'_>, visit: &Visit, place: Place<'_>, word: &str) -> HttpResponse {
    let outcome = frame.app.provider.resend_proof(place.purpose, visit).await;
    let state = match outcome {
        Ok(ResendOutcome::Sent) => {
            return frame.see_saying(&format!("{}?sent={word}", place.here));
        }
        Ok(ResendOutcome::TooSoon(until)) => CodeState::Wait(time(frame, until)),
        Ok(ResendOutcome::Exhausted) => CodeState::Exhausted,
        Ok(ResendOutcome::NoMoreCodes(until)) => CodeState::NoMoreCodes(time(frame, until)),
        Ok(ResendOutcome::Gone) => return gone(frame, place),
        Err(failure) => return unavailable(frame, visit, place, &failure).await,
    };
    page(frame, visit, place, state, String::new()).await
}

fn gone(frame: &Frame<'_>, place: Place<'_>) -> HttpResponse {
    frame.error_again(Cause::FlowGone, place.restart)
}

/// The tries are used up and the proof is gone, so only the words are left to show.
fn stopped(frame: &Frame<'_>, place: Place<'_>) -> HttpResponse {
    let view = blank(frame, place, CodeState::Stopped(None));
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

async fn unavailable(
    frame: &Frame<'_>,
    visit: &Visit,
    place: Place<'_>,
    failure: &Failure,
) -> HttpResponse {
    let seen = seen(frame.app, frame.request, failure);
    if seen.retry_after.is_none() {
        return frame.error(Cause::OurFault, None);
    }
    let state = CodeState::Unavailable;
    let mut response = page(frame, visit, place, state, String::new()).await;
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    add_retry(&mut response, seen.retry_after);
    response
}

async fn page(
    frame: &Frame<'_>,
    visit: &Visit,
    place: Place<'_>,
    state: CodeState,
    typed: String,
) -> HttpResponse {
    let proof = match frame.app.provider.proof_view(place.purpose, visit).await {
        Ok(Some(proof)) => proof,
        Ok(None) => return see_other(place.restart, frame.app.https),
        Err(failure) => return frame.failure(&failure),
    };
    let late = frame.app.provider.now() >= proof.pending.expires_at;
    let state = match state {
        CodeState::Fresh if late => CodeState::Expired,
        state => state,
    };
    let mut view = blank(frame, place, state);
    view.page.csrf = frame.app.form_token(visit, "", place.form);
    view.typed = typed;
    fill(frame, &mut view, &proof);
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

fn fill(frame: &Frame<'_>, view: &mut AddressProofPage, proof: &ProofView) {
    let pending = &proof.pending;
    let wait = pending.resend_after.since(frame.app.provider.now());
    view.address = proof.address.to_string();
    view.tally = tally::words(pending.tally_word, pending.tally_number, frame.locale);
    view.sent = time(frame, pending.sent_at);
    view.until = time(frame, pending.expires_at);
    view.resend = match wait.as_secs() {
        0 => Resend::Now,
        seconds => Resend::From(seconds, time(frame, pending.resend_after)),
    };
}

fn blank(frame: &Frame<'_>, place: Place<'_>, state: CodeState) -> AddressProofPage {
    let (now, codes) = (frame.app.provider.now(), frame.app.provider.settings.codes);
    let mut page = frame.page(String::new());
    place.here.clone_into(&mut page.path);
    AddressProofPage {
        page,
        purpose: place.purpose,
        here: place.here.to_owned(),
        address: String::new(),
        tally: String::new(),
        sent: time(frame, now),
        until: time(frame, now),
        minutes: u32::try_from(codes.life.as_secs() / 60).unwrap_or(0),
        digits: codes.digits,
        sender: frame.app.mail_from.clone(),
        resend: Resend::NoMore,
        typed: String::new(),
        state,
        restart: place.restart.to_owned(),
    }
}

fn time(frame: &Frame<'_>, at: Timestamp) -> Moment {
    Moment::clock_and_zone(at, &frame.app.default_zone, frame.locale)
}
