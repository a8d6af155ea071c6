//! Name, language and time zone (ux 7.1), and the language switch of every page (ux 5.1).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::Locale;
use sekisho_provider::endpoints::own_profile::{ProfileSaved, ProfileWish};
use sekisho_provider::rules::parameters::Parameters;

use super::Owner;
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::cookies::Use;
use crate::http::frame::{Frame, LANGUAGE};
use crate::http::headers::Answer;
use crate::http::pages::{Area, Cause, ProfilePage, ProfileProblem, without_language};

const PURPOSE: &str = "profile";
const HERE: &str = "/account/profile";
/// What is given back of a name that is too long.
const LONGEST_SHOWN: usize = 200;

/// Name, language and zone as they are.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let wish = ProfileWish {
        name: owner.account.name().unwrap_or_default(),
        locale: owner
            .live
            .user
            .chosen_locale()
            .unwrap_or(owner.frame.locale),
        zone: owner.zone(),
    };
    page(&owner, wish, None)
}

/// They were sent.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let Some(locale) = form.first("language").and_then(Locale::from_tag) else {
        return owner.frame.error_again(Cause::BadRequest, HERE);
    };
    let wish = ProfileWish {
        name: form.first("name").unwrap_or_default(),
        locale,
        zone: form.first("zone").unwrap_or_default(),
    };
    let saved = app
        .provider
        .save_profile(&owner.live, wish, &owner.visit)
        .await;
    match saved {
        Ok(ProfileSaved::Saved) => {
            let to = owner.frame.see_saying("/account?saved=profile");
            remembered(&app, to, locale)
        }
        Ok(ProfileSaved::Late) => page(&owner, wish, Some(ProfileProblem::Late)),
        Ok(ProfileSaved::Name(refusal)) => page(&owner, wish, Some(ProfileProblem::Name(refusal))),
        Ok(ProfileSaved::Zone) => page(&owner, wish, Some(ProfileProblem::Zone)),
        Err(failure) => owner.frame.failure(&failure),
    }
}

fn page(owner: &Owner<'_>, wish: ProfileWish<'_>, problem: Option<ProfileProblem>) -> HttpResponse {
    let csrf = owner.frame.app.form_token(&owner.visit, "", PURPOSE);
    let view = ProfilePage {
        page: owner.frame.page(csrf),
        account: owner.account_frame(Area::Overview),
        name: wish.name.chars().take(LONGEST_SHOWN).collect(),
        language: wish.locale,
        zone: wish.zone.to_owned(),
        problem,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// The switch: whoever is signed in saves the choice with the account, and every browser keeps it for itself.
/// Without a session there is nothing to save, and the form needs no token, only our own page.
pub(super) async fn set_language(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit_of_person(&request).await;
    let frame = Frame::new(&app, &request, visit.locale);
    let form = Parameters::decode(&body);
    let ours = match &visit.session {
        Some(_) => app.checked(&request, &visit, &form, LANGUAGE).is_some(),
        None => app.from_our_page(&request),
    };
    let back = without_language(form.first("back").unwrap_or("/account"));
    let Some(locale) = form.first("to").and_then(Locale::from_tag).filter(|_| ours) else {
        return frame.error_again(Cause::Csrf, "/account");
    };
    let saved = match app.provider.live_session(&visit).await {
        Ok(Some(live)) => app.provider.set_language(&live, locale, &visit).await,
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    match saved {
        Ok(()) => remembered(&app, see_other(&back, app.https), locale),
        Err(failure) => frame.failure(&failure),
    }
}

fn remembered(app: &App, mut response: HttpResponse, locale: Locale) -> HttpResponse {
    let cookie = app.cookies.set(Use::Language, locale.tag());
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::warn!(%error, "a cookie could not be set");
    }
    response
}
