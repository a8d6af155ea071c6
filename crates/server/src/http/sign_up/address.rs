use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::{
    Digest, EmailAddress, EmailAddressRefusal, FlowId, InvitationToken, ProofPurpose,
};
use sekisho_provider::endpoints::sign_up::{SignUpBegun, SignUpWish};
use sekisho_provider::endpoints::visit::{NewCookies, Visit};
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_up::SignUpRefusal;

use super::{HERE, Way, closed, gone, refused, way};
use crate::http::address_proof::{self, Place};
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::pages::{Cause, Moment, SignUpPage, SignUpProblem};
use crate::http::passwords::bound;
use crate::http::sign_in::{app_name, kind};
use crate::http::typed_address::typed_address;

const PURPOSE: &str = "register";

const PROOF: Place<'static> = Place {
    purpose: ProofPurpose::Register,
    here: "/register/code",
    restart: HERE,
    form: "register-proof",
};

/// Asks for the address. Looking at the link of an invitation uses nothing up: scanners of mail open every link.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let mut visit = app.visit(&request);
    let cookies = bound(&app, &mut visit);
    let frame = Frame::new(&app, &request, visit.locale);
    let query = Parameters::decode(request.query_string().as_bytes());
    let response = match fresh(&frame, &visit, &query).await {
        Ok(response) => frame.set(response, cookies),
        Err(failure) => return frame.failure(&failure),
    };
    frame.remembering(response)
}

async fn fresh(
    frame: &Frame<'_>,
    visit: &Visit,
    query: &Parameters,
) -> Result<HttpResponse, sekisho_provider::Failure> {
    let provider = &frame.app.provider;
    let begun = provider.load_sign_up(visit).await?;
    let kept = begun.as_ref().and_then(|begun| begun.pending.flow.as_ref());
    let id = query.first("flow").or(kept.map(FlowId::as_str));
    let way = way(frame, visit, id).await?;
    if way.id.is_empty() && provider.live_session(visit).await?.is_some() {
        return Ok(see_other("/account", frame.app.https));
    }
    let presented = query.first("invitation").unwrap_or_default();
    let digest = match InvitationToken::presented(presented) {
        Some(token) => Some(token.digest()),
        None if presented.is_empty() => begun.and_then(|begun| begun.pending.invitation),
        // It cannot be one, so nobody made it.
        None => Some(Digest::of(presented.as_bytes())),
    };
    if let Err(refusal) = provider.sign_up_admission(digest, None).await? {
        return Ok(refused(frame, refusal));
    }
    let hint = way.view.as_ref().and_then(|view| view.login_hint.clone());
    let shown = Shown {
        frame,
        visit,
        way,
        invitation: presented.to_owned(),
    };
    let email = hint.filter(|hint| EmailAddress::parse(hint).is_ok());
    Ok(shown.page(email.unwrap_or_default(), None))
}

/// An address was sent: known and unknown ones are answered alike (ENU-04).
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    let Some(id) = app.checked(&request, &visit, &form, PURPOSE) else {
        let no_cookie = visit.pre_auth.is_none();
        let cause = if no_cookie {
            Cause::NoCookie
        } else {
            Cause::Csrf
        };
        return frame.error_again(cause, HERE);
    };
    let way = match way(&frame, &visit, Some(&id)).await {
        Ok(way) => way,
        Err(failure) => return frame.failure(&failure),
    };
    let (typed, address) = typed_address(&form, "email");
    let shown = Shown {
        frame: &frame,
        visit: &visit,
        way,
        invitation: form.first("invitation").unwrap_or_default().to_owned(),
    };
    match address {
        Ok(address) => begin(shown, &address, typed).await,
        Err(EmailAddressRefusal::Empty) => shown.page(typed, Some(SignUpProblem::Empty)),
        Err(_) => shown.page(typed, Some(SignUpProblem::Shape)),
    }
}

async fn begin(shown: Shown<'_>, address: &EmailAddress, typed: String) -> HttpResponse {
    let (frame, id) = (shown.frame, &shown.way.id);
    let invitation = InvitationToken::presented(&shown.invitation);
    let wish = SignUpWish {
        address,
        invitation: invitation.as_ref(),
        flow: (!id.is_empty()).then(|| FlowId::new(id.as_str())),
    };
    let begun = frame.app.provider.begin_sign_up(wish, shown.visit).await;
    let problem = match begun {
        Ok(SignUpBegun::Sent(cookies)) => return onward(frame, PROOF.here, cookies),
        Ok(SignUpBegun::Refused(SignUpRefusal::InvitationElsewhere)) => SignUpProblem::Elsewhere,
        Ok(SignUpBegun::Refused(refusal)) => return refused(frame, refusal),
        Ok(SignUpBegun::NoMoreCodes(until)) => {
            let zone = &frame.app.default_zone;
            SignUpProblem::NoMoreCodes(Moment::clock_and_zone(until, zone, frame.locale))
        }
        Err(failure) => return frame.failure(&failure),
    };
    shown.page(typed, Some(problem))
}

fn onward(frame: &Frame<'_>, to: &str, cookies: NewCookies) -> HttpResponse {
    frame.set(see_other(to, frame.app.https), cookies)
}

/// The page where the code is typed.
pub(super) async fn code(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    match closed(&frame) {
        Some(closed) => closed,
        None => address_proof::show(&frame, &visit, PROOF).await,
    }
}

/// The code was typed: the registration goes on under another cookie (REC-11).
pub(super) async fn proved(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let frame = Frame::new(&app, &request, visit.locale);
    if let Some(closed) = closed(&frame) {
        return closed;
    }
    let form = Parameters::decode(&body);
    let proved = match address_proof::posted(&frame, &visit, PROOF, &form).await {
        Ok(proved) => proved,
        Err(response) => return response,
    };
    match app.provider.sign_up_proved(proved, &visit).await {
        Ok(Some(cookies)) => onward(&frame, "/register/details", cookies),
        Ok(None) => gone(&frame),
        Err(failure) => frame.failure(&failure),
    }
}

struct Shown<'a> {
    frame: &'a Frame<'a>,
    visit: &'a Visit,
    way: Way,
    invitation: String,
}

impl Shown<'_> {
    fn page(&self, email: String, problem: Option<SignUpProblem>) -> HttpResponse {
        let (frame, way) = (self.frame, &self.way);
        let csrf = frame.app.form_token(self.visit, &way.id, PURPOSE);
        let view = SignUpPage {
            page: frame.page(csrf),
            app: app_name(way.view.as_ref()),
            email,
            invitation: self.invitation.clone(),
            flow: way.id.clone(),
            problem,
        };
        frame.html(StatusCode::OK, &kind(None), &view)
    }
}
