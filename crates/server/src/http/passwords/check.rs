//! `POST /password/check`: what is to be said against a new password while it is typed. The same decision
//! as when the form is sent (PW-09), which is the one that counts; here nothing is kept and nobody is named.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::ResetToken;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::password_policy::PasswordRefusal;
use sekisho_provider::{Failure, PasswordContext};
use serde_json::json;
use tokio::sync::Semaphore;

use super::change;
use crate::http::answer::json_answer;
use crate::http::app::App;
use crate::http::failure::json_failure;
use crate::http::frame::Frame;
use crate::http::pages::in_words;

/// How many are judged at once: an estimate takes milliseconds, and the forms come first.
const AT_ONCE: usize = 2;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Only pages of ours may ask, in a browser that has one of our forms open.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit(&request);
    let empty = |status| json_answer(status, &json!({}), app.https);
    let has_form = visit.pre_auth.is_some() || visit.session.is_some();
    if !has_form || !app.from_our_page(&request) {
        return empty(StatusCode::FORBIDDEN);
    }
    let Ok(_place) = PLACES.try_acquire() else {
        return empty(StatusCode::TOO_MANY_REQUESTS);
    };
    let form = Parameters::decode(&body);
    match reasons(&app, &request, &visit, &form).await {
        Ok(reasons) => {
            let frame = Frame::new(&app, &request, app.locale(&request, None));
            let page = frame.page(String::new());
            let words = reasons.into_iter().map(|reason| in_words(&page, reason));
            let told = json!({ "reasons": words.collect::<Vec<_>>() });
            json_answer(StatusCode::OK, &told, app.https)
        }
        Err(failure) => json_failure(&app, &request, &failure),
    }
}

async fn reasons(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
    form: &Parameters,
) -> Result<Vec<PasswordRefusal>, Failure> {
    let password = form.first("password").unwrap_or_default();
    if password.is_empty() {
        return Ok(Vec::new());
    }
    let context = match of_page(app, request, visit, form).await? {
        Some(context) => context,
        None => of_browser(app, visit, form.first("name").unwrap_or_default()).await?,
    };
    app.provider.judge_new_password(password, &context).await
}

/// Whose password it is to be, as the page shows that asks: that of a link, or of a sign-in that leads to a change.
async fn of_page(
    app: &App,
    request: &HttpRequest,
    visit: &Visit,
    form: &Parameters,
) -> Result<Option<PasswordContext>, Failure> {
    let provider = &app.provider;
    if let Some(token) = form.first("token").and_then(ResetToken::presented) {
        return provider.reset_context(&token, visit).await;
    }
    let Some(flow) = app.checked(request, visit, form, change::PURPOSE) else {
        return Ok(None);
    };
    match provider.flow(&flow, visit).await? {
        Some(flow) => provider.change_context(&flow, visit).await,
        None => Ok(None),
    }
}

/// The same, as far as the browser has shown: who is signed in, or who makes an account.
async fn of_browser(app: &App, visit: &Visit, name: &str) -> Result<PasswordContext, Failure> {
    let provider = &app.provider;
    if let Some(live) = provider.live_session(visit).await?
        && let Some(account) = provider.account(live.user.id).await?
    {
        return Ok(provider.password_context(&account, None));
    }
    let name: String = name.chars().take(200).collect();
    let name = Some(&*name).filter(|name| !name.is_empty());
    match provider.load_sign_up(visit).await? {
        Some(begun) => provider.sign_up_context(&begun.pending, name, visit).await,
        None => Ok(provider.new_password_context(&[], name, None)),
    }
}
