//! How the second step is chosen (OTP-26, `ux.md` 7.2).

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::FactorId;
use sekisho_provider::Failure;
use sekisho_provider::endpoints::second_steps::{
    AppAdded, FactorView, KeepOutcome, PasskeyAdded, Removed, Renamed, SecondStepWish, Switched,
};
use sekisho_provider::rules::one_time_code::normalised;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::second_factor::{DIGITS, Required};

use super::Owner;
use crate::http::answer::see_other;
use crate::http::app::App;
use crate::http::flash::Look;
use crate::http::headers::Answer;
use crate::http::pages::{
    AddAppPage, AddPasskeyPage, Area, Cause, FactorItem, FirstCodeProblem, Moment, PasskeyProblem,
    SecondStepNews, SecondStepsPage,
};

const PURPOSE: &str = "second-step";
const HERE: &str = "/account/security/second-step";
const APP: &str = "/account/security/second-step/app";
const PASSKEY: &str = "/account/security/second-step/passkey";

/// Routes of this module.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource(HERE)
                .route(web::get().to(show))
                .route(web::post().to(act)),
        )
        .service(
            web::resource(APP)
                .route(web::get().to(show_app))
                .route(web::post().to(add_app)),
        )
        .service(
            web::resource(PASSKEY)
                .route(web::get().to(show_passkey))
                .route(web::post().to(add_passkey)),
        );
}

async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let said = owner.frame.said(Look::Once);
    let news = match said.first("done") {
        Some("on") => Some(SecondStepNews::On),
        Some("off") => Some(SecondStepNews::Off),
        Some("app") => Some(SecondStepNews::AppAdded),
        Some("passkey") => Some(SecondStepNews::PasskeyAdded),
        Some("removed") => Some(SecondStepNews::Removed),
        Some("renamed") => Some(SecondStepNews::Renamed),
        Some("kept") => Some(SecondStepNews::Kept),
        Some(_) | None => None,
    };
    page(&owner, news).await
}

async fn act(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, HERE)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    match form.first("action") {
        Some("on") => switch(&owner, SecondStepWish::On).await,
        Some("off") => {
            let password = form.first("password").unwrap_or_default();
            if password.is_empty() {
                return page(&owner, Some(SecondStepNews::PasswordMissing)).await;
            }
            switch(&owner, SecondStepWish::Off(password)).await
        }
        Some("remove") => remove(&owner, form.first("factor").and_then(FactorId::parse)).await,
        Some("rename") => rename(&owner, &form).await,
        Some("keep") => keep(&owner).await,
        Some(_) | None => owner.frame.error_again(Cause::BadRequest, HERE),
    }
}

fn done(owner: &Owner<'_>, what: &str) -> HttpResponse {
    owner.frame.see_saying(&format!("{HERE}?done={what}"))
}

fn clock(owner: &Owner<'_>, at: sekisho_model::Timestamp) -> Moment {
    Moment::clock_and_zone(at, owner.zone(), owner.frame.locale)
}

async fn switch(owner: &Owner<'_>, wish: SecondStepWish<'_>) -> HttpResponse {
    let whose = (&owner.live, &owner.account);
    let provider = &owner.frame.app.provider;
    let switched = provider.switch_second_step(whose, wish, &owner.visit).await;
    let news = match switched {
        Ok(Switched::Done) => {
            let what = match wish {
                SecondStepWish::On => "on",
                SecondStepWish::Off(_) => "off",
            };
            return done(owner, what);
        }
        Ok(Switched::Stale) => return owner.confirm_first(HERE).await,
        Ok(Switched::Required(_)) => SecondStepNews::Required,
        Ok(Switched::NoWay) => SecondStepNews::NoWay,
        Ok(Switched::WrongPassword) => SecondStepNews::PasswordWrong,
        Ok(Switched::TooShort(_)) => SecondStepNews::PasswordShort,
        Ok(Switched::Wait(until)) => SecondStepNews::Wait(clock(owner, until)),
        Err(failure) => return owner.frame.failure(&failure),
    };
    page(owner, Some(news)).await
}

async fn remove(owner: &Owner<'_>, id: Option<FactorId>) -> HttpResponse {
    let Some(id) = id else {
        return owner.frame.error_again(Cause::BadRequest, HERE);
    };
    let (provider, whose) = (&owner.frame.app.provider, (&owner.live, &owner.account));
    match provider.remove_factor(whose, id, &owner.visit).await {
        Ok(Removed::Done) => done(owner, "removed"),
        Ok(Removed::Stale) => owner.confirm_first(HERE).await,
        Ok(Removed::Unknown) => see_other(HERE, owner.frame.app.https),
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn rename(owner: &Owner<'_>, form: &Parameters) -> HttpResponse {
    let Some(id) = form.first("factor").and_then(FactorId::parse) else {
        return owner.frame.error_again(Cause::BadRequest, HERE);
    };
    let name = form.first("name").unwrap_or_default();
    let (provider, whose) = (&owner.frame.app.provider, (&owner.live, &owner.account));
    let renamed = provider.rename_passkey(whose, (id, name), &owner.visit);
    match renamed.await {
        Ok(Renamed::Done) => done(owner, "renamed"),
        Ok(Renamed::Stale) => owner.confirm_first(HERE).await,
        Ok(Renamed::Name) => page(owner, Some(SecondStepNews::NameMissing(id.to_string()))).await,
        Ok(Renamed::Unknown) => see_other(HERE, owner.frame.app.https),
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn keep(owner: &Owner<'_>) -> HttpResponse {
    let (provider, whose) = (&owner.frame.app.provider, (&owner.live, &owner.account));
    match provider.keep_own_factors(whose, &owner.visit).await {
        Ok(Some(KeepOutcome::Kept)) => done(owner, "kept"),
        // There was nothing to stop: the page says how it is.
        Ok(Some(KeepOutcome::Over)) => see_other(HERE, owner.frame.app.https),
        Ok(None) => owner.confirm_first(HERE).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

fn item(owner: &Owner<'_>, factor: &FactorView) -> FactorItem {
    let moment = |at| Moment::date_time(at, owner.zone(), owner.frame.locale);
    FactorItem {
        id: factor.id.to_string(),
        name: crate::http::text::clean_name(&factor.name),
        made: moment(factor.made_at),
        used: factor.last_used_at.map(moment),
        is_synced: factor.is_synced,
    }
}

async fn page(owner: &Owner<'_>, news: Option<SecondStepNews>) -> HttpResponse {
    match view(owner, news).await {
        Ok(view) => owner.frame.html(StatusCode::OK, &Answer::Page, &view),
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn view(owner: &Owner<'_>, news: Option<SecondStepNews>) -> Result<SecondStepsPage, Failure> {
    let (app, locale) = (owner.frame.app, owner.frame.locale);
    let provider = &app.provider;
    let steps = provider.second_steps(owner.live.user.id).await?;
    let required = provider
        .second_step_required(&owner.account, locale)
        .await?;
    let page = owner.frame.page(app.form_token(&owner.visit, "", PURPOSE));
    let required = required.map(|required| match required {
        Required::Everybody => page.t("second-step-required-hint"),
        Required::App(name) => page.with("second-step-required-app", [("app", name.as_str())]),
    });
    let min = provider.settings.password_policy.least(false);
    let loss = steps.loss.as_ref().map(|loss| loss.due_at);
    Ok(SecondStepsPage {
        account: owner.account_frame(Area::Security),
        second_step: owner.second_step(),
        required: required
            .filter(|_| owner.live.user.second_step || provider.asks_everybody(&owner.live.user)),
        can_be_on: owner.account.code_address.is_some() || !steps.is_empty(),
        min: u64::try_from(min).unwrap_or(u64::MAX),
        app: steps.app.as_ref().map(|factor| item(owner, factor)),
        passkeys: steps
            .passkeys
            .into_iter()
            .map(|factor| item(owner, &factor))
            .collect(),
        offers_passkeys: provider.offers_passkeys(),
        loss: loss.map(|due| Moment::date_time(due, owner.zone(), locale)),
        news,
        page,
    })
}

async fn show_app(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match Owner::of(&app, &request).await {
        Ok(owner) => app_page(&owner, None).await,
        Err(response) => response,
    }
}

async fn app_page(owner: &Owner<'_>, problem: Option<FirstCodeProblem>) -> HttpResponse {
    let app = owner.frame.app;
    let begun = app.provider.begin_app((&owner.live, &owner.account)).await;
    match begun {
        Ok(Some(enrolment)) => {
            let view = AddAppPage {
                page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
                account: owner.account_frame(Area::Security),
                secret: enrolment.secret,
                address: enrolment.address,
                problem,
            };
            owner.frame.html(StatusCode::OK, &Answer::Page, &view)
        }
        Ok(None) => owner.confirm_first(APP).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn add_app(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, APP)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let Ok(code) = normalised(form.first("code").unwrap_or_default(), DIGITS) else {
        return app_page(&owner, Some(FirstCodeProblem::Shape)).await;
    };
    let whose = (&owner.live, &owner.account);
    let problem = match app.provider.add_app(whose, &code, &owner.visit).await {
        Ok(AppAdded::Done) => return done(&owner, "app"),
        Ok(AppAdded::Already) => return see_other(HERE, app.https),
        Ok(AppAdded::Stale) => return owner.confirm_first(APP).await,
        Ok(AppAdded::Wrong) => FirstCodeProblem::Wrong,
        Ok(AppAdded::Gone) => FirstCodeProblem::Late,
        Ok(AppAdded::Wait(until)) => FirstCodeProblem::Wait(clock(&owner, until)),
        Err(failure) => return owner.frame.failure(&failure),
    };
    app_page(&owner, Some(problem)).await
}

async fn show_passkey(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    match Owner::of(&app, &request).await {
        Ok(owner) => passkey_page(&owner, String::new(), None).await,
        Err(response) => response,
    }
}

async fn passkey_page(
    owner: &Owner<'_>,
    name: String,
    problem: Option<PasskeyProblem>,
) -> HttpResponse {
    let app = owner.frame.app;
    if !app.provider.offers_passkeys() {
        return see_other(HERE, app.https);
    }
    let begun = app.provider.begin_passkey((&owner.live, &owner.account));
    match begun.await {
        Ok(Some(options)) => {
            let view = AddPasskeyPage {
                page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
                account: owner.account_frame(Area::Security),
                options,
                name,
                problem,
            };
            owner.frame.html(StatusCode::OK, &Answer::Page, &view)
        }
        Ok(None) => owner.confirm_first(PASSKEY).await,
        Err(failure) => owner.frame.failure(&failure),
    }
}

async fn add_passkey(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (owner, form) = match Owner::sent(&app, (&request, &body), (PURPOSE, PASSKEY)).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let name = form.first("name").unwrap_or_default();
    let made = (form.first("answer").unwrap_or_default(), name);
    let whose = (&owner.live, &owner.account);
    let problem = match app.provider.add_passkey(whose, made, &owner.visit).await {
        Ok(PasskeyAdded::Done) => return done(&owner, "passkey"),
        Ok(PasskeyAdded::Stale) => return owner.confirm_first(PASSKEY).await,
        Ok(PasskeyAdded::Name) => PasskeyProblem::Name,
        Ok(PasskeyAdded::Refused) => PasskeyProblem::Refused,
        Ok(PasskeyAdded::Already) => PasskeyProblem::Already,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let name = name.chars().take(100).collect();
    passkey_page(&owner, name, Some(problem)).await
}
