//! Two tabs, Back, a page that was left open: where its sign-in stands, and the way on (ux 6.13).

use actix_web::HttpResponse;
use sekisho_model::Digest;
use sekisho_provider::endpoints::sign_in::Restart;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_in::{PendingSignIn, Stage};

use crate::http::csrf;
use crate::http::frame::Frame;
use crate::http::pages::Cause;

/// The page for a sign-in that is not there, or not this browser's any more. If it still waits, the page names
/// the app and leads back there; to a page of ours it leads directly.
pub(in crate::http) async fn gone(frame: &Frame<'_>, id: Option<&str>) -> HttpResponse {
    if frame.app.visit(frame.request).pre_auth.is_none() {
        // A browser that keeps no cookies would go round for ever.
        return frame.error_again(Cause::NoCookie, "/account");
    }
    let Some(id) = id else {
        return frame.error(Cause::FlowGone, None);
    };
    match frame.app.provider.restart_of(id, frame.locale).await {
        Ok(Some(Restart::App(app))) => frame.error_of_app(Cause::FlowGone, Some(app)),
        Ok(Some(Restart::Page(path))) => frame.error_again(Cause::FlowGone, &path),
        Ok(None) => frame.error(Cause::FlowGone, None),
        Err(failure) => frame.failure(&failure),
    }
}

/// The page for a form whose token does not fit this browser. The cookie that forms hang on changes with each
/// step (SES-03), so a form of ours that was there before the step is one of a tab that was left behind: retrying
/// it would never work. Nothing is done either way.
pub(super) async fn refused_form(
    frame: &Frame<'_>,
    visit: &Visit,
    form: &Parameters,
    purpose: &str,
) -> HttpResponse {
    if visit.pre_auth.is_none() {
        return frame.error_again(Cause::NoCookie, "/account");
    }
    let id = form.first("csrf").and_then(|token| claimed(frame, token));
    let Some(id) = id.filter(|_| frame.app.from_our_page(frame.request)) else {
        return frame.error_again(Cause::Csrf, "/account");
    };
    let flow = match frame.app.provider.flow(id, visit).await {
        Ok(Some(flow)) => flow,
        Ok(None) => return gone(frame, Some(id)).await,
        Err(failure) => return frame.failure(&failure),
    };
    let (step, page) = place(&flow.pending);
    let here = format!("{page}?flow={}", flow.id);
    if step > step_of(purpose) {
        return frame.gone_onward(here);
    }
    // The page is still the right one; what is refused is this form.
    frame.error_again(Cause::Csrf, &here)
}

/// The sign-in that a token names without vouching for it; `None` if it cannot be a token.
fn claimed<'t>(frame: &Frame<'_>, token: &'t str) -> Option<&'t str> {
    let (handle, mac) = token.rsplit_once('.')?;
    Digest::from_base64url(mac)?;
    let (id, _) = csrf::undated(handle, frame.app.provider.now());
    Some(id).filter(|id| !id.is_empty())
}

/// How far a sign-in is, and the page where it goes on.
const fn place(pending: &PendingSignIn) -> (u8, &'static str) {
    match pending.stage {
        Stage::Password => (0, "/login"),
        Stage::Code(_) => (1, "/login/code"),
        Stage::Change(_) => (2, "/login/new-password"),
        Stage::Consent(_) if pending.recovery_used => (3, "/login/recovery/used"),
        Stage::Consent(_) => (3, "/consent"),
    }
}

/// The step that a form belongs to.
fn step_of(purpose: &str) -> u8 {
    match purpose {
        "login" => 0,
        "new-password" => 2,
        "consent" | "recovery-used" => 3,
        _ => 1,
    }
}
