//! The person's own pages.

mod addresses;
mod apps;
mod data;
mod devices;
mod history;
mod networks;
mod overview;
mod password;
mod profile;
mod recovery_codes;
mod second_steps;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_model::AlertSetting;
use sekisho_provider::Failure;
use sekisho_provider::accounts::OpenAccount;
use sekisho_provider::endpoints::account::AlertChange;
use sekisho_provider::endpoints::visit::{LiveSession, NewCookies, Visit};
use sekisho_provider::rules::parameters::Parameters;

use super::answer::see_other;
use super::app::App;
use super::flash::Look;
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{AccountFrame, Area, Cause, Moment, SecondStep, SecurityPage};

const PURPOSE: &str = "security";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/account", web::get().to(overview::show))
        .route("/account/history", web::get().to(history::show))
        .route("/account/history.csv", web::get().to(history::file))
        .service(
            web::resource("/account/security")
                .route(web::get().to(security))
                .route(web::post().to(set_alert)),
        )
        .service(
            web::resource("/account/password")
                .route(web::get().to(password::show))
                .route(web::post().to(password::send)),
        )
        .service(
            web::resource("/account/security/networks")
                .route(web::get().to(networks::show))
                .route(web::post().to(networks::send)),
        )
        .service(
            web::resource("/account/security/recovery-codes")
                .route(web::get().to(recovery_codes::show))
                .route(web::post().to(recovery_codes::make)),
        )
        .service(
            web::resource("/account/sessions")
                .route(web::get().to(devices::show))
                .route(web::post().to(devices::end)),
        )
        .route("/account/sessions/others", web::get().to(devices::ask))
        .service(
            web::resource("/account/apps")
                .route(web::get().to(apps::show))
                .route(web::post().to(apps::remove)),
        )
        .route("/account/apps/remove", web::get().to(apps::ask))
        .service(
            web::resource("/account/profile")
                .route(web::get().to(profile::show))
                .route(web::post().to(profile::send)),
        )
        .route("/language", web::post().to(profile::set_language));
    data::routes(config);
    second_steps::routes(config);
    for page in [
        "/account/security/address",
        "/account/security/code-address",
    ] {
        config
            .service(
                web::resource(page)
                    .route(web::get().to(addresses::show))
                    .route(web::post().to(addresses::send)),
            )
            .service(
                web::resource(format!("{page}/confirm"))
                    .route(web::get().to(addresses::confirm))
                    .route(web::post().to(addresses::proved)),
            );
    }
}

/// Somebody who is signed in, on a page of theirs.
pub(super) struct Owner<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) visit: Visit,
    pub(super) live: LiveSession,
    account: OpenAccount,
}

impl<'a> Owner<'a> {
    /// Who it is; or the way to the sign-in page and back here.
    pub(super) async fn of(app: &'a App, request: &'a HttpRequest) -> Result<Self, HttpResponse> {
        let mut visit = app.visit(request);
        let frame = Frame::new(app, request, visit.locale);
        let failed = |failure: Failure| frame.failure(&failure);
        let Some(live) = app.provider.live_session(&visit).await.map_err(failed)? else {
            let here = request
                .uri()
                .path_and_query()
                .map_or("/account", |path| path.as_str());
            let back = utf8_percent_encode(here, NON_ALPHANUMERIC);
            return Err(see_other(&format!("/login?return_to={back}"), app.https));
        };
        super::levels::pass_owner(app, request, &live.user).map_err(failed)?;
        // REC-16: whether the account stays is asked first.
        if live.user.leaves_at.is_some() && request.path() != data::KEEP {
            return Err(see_other(data::KEEP, app.https));
        }
        let account = app.provider.account(live.user.id).await.map_err(failed)?;
        let Some(account) = account else {
            return Err(frame.error(Cause::OurFault, None));
        };
        let frame = Frame::of_person(app, request, live.user.chosen_locale());
        visit.locale = frame.locale;
        Ok(Self {
            frame,
            visit,
            live,
            account,
        })
    }

    /// Whose form it is, and the form; the way back `here` if it is not one of ours for `purpose`.
    pub(super) async fn sent(
        app: &'a App,
        (request, body): (&'a HttpRequest, &[u8]),
        (purpose, here): (&str, &str),
    ) -> Result<(Self, Parameters), HttpResponse> {
        let owner = Self::of(app, request).await?;
        let form = Parameters::decode(body);
        match app.checked(request, &owner.visit, &form, purpose) {
            Some(_) => Ok((owner, form)),
            None => Err(owner.frame.error_again(Cause::Csrf, here)),
        }
    }

    /// Lets on who is [`fresh`](sekisho_provider::Provider::is_fresh); for others it is the way there and back to `here`.
    pub(super) async fn must_be_fresh(&self, here: &str) -> Result<(), HttpResponse> {
        let provider = &self.frame.app.provider;
        match provider.is_fresh(&self.live, &self.account).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.confirm_first(here).await),
            Err(failure) => Err(self.frame.failure(&failure)),
        }
    }

    /// `ux.md` 5.7: everything the account has is proved first, then on to `here` (SES-10).
    pub(super) async fn confirm_first(&self, here: &str) -> HttpResponse {
        let app = self.frame.app;
        let begun = app
            .provider
            .begin_change_sign_in(here, &self.account, &self.visit);
        match begun.await {
            Ok((flow, pre_auth)) => {
                let cookies = NewCookies {
                    pre_auth,
                    ..NewCookies::default()
                };
                let response = see_other(&format!("/login?flow={flow}"), app.https);
                self.frame.set(response, cookies)
            }
            Err(failure) => self.frame.failure(&failure),
        }
    }

    fn account_frame(&self, area: Area) -> AccountFrame {
        AccountFrame {
            address: self.account.login_address.to_string(),
            sign_out_csrf: self.frame.app.form_token(&self.visit, "", "logout"),
            area,
        }
    }

    fn second_step(&self) -> SecondStep {
        match (
            self.frame.app.provider.asks_everybody(&self.live.user),
            self.live.user.second_step,
        ) {
            (true, _) => SecondStep::Required,
            (false, true) => SecondStep::On,
            (false, false) => SecondStep::Off,
        }
    }

    pub(super) fn zone(&self) -> &str {
        &self.live.user.zone
    }

    /// About where an address is (TD-05): looked up when it is shown, so that what is kept says only the address.
    pub(super) fn place(&self, ip: &str) -> Option<String> {
        let provider = &self.frame.app.provider;
        provider.place_words(ip, self.frame.locale)
    }

    fn code_address(&self) -> Option<String> {
        self.account.code_address.as_ref().map(ToString::to_string)
    }

    /// Since when nothing has arrived where codes go.
    fn code_refused(&self) -> Option<Moment> {
        let since = self.account.code_refused_at?;
        Some(Moment::date_time(since, self.zone(), self.frame.locale))
    }

    fn password_changed(&self) -> Option<Moment> {
        let changed = self.account.password_changed_at?;
        Some(Moment::date_time(changed, self.zone(), self.frame.locale))
    }

    /// How many recovery codes are left, and when they were made.
    async fn recovery(&self) -> Result<(u64, Option<Moment>), Failure> {
        let figures = self
            .frame
            .app
            .provider
            .recovery_figures(self.live.user.id)
            .await?;
        let made = figures.made_at;
        let made = made.map(|at| Moment::date_time(at, self.zone(), self.frame.locale));
        Ok((figures.left, made))
    }
}

async fn security(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let owner = match Owner::of(&app, &request).await {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let said = owner.frame.said(Look::Once);
    let recovery = match owner.recovery().await {
        Ok(recovery) => recovery,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let addresses = match addresses::news(&owner, said.first("changed")).await {
        Ok(addresses) => addresses,
        Err(failure) => return owner.frame.failure(&failure),
    };
    let trusted = match app.provider.devices(&owner.live.user).await {
        Ok(devices) => devices.trusted.len(),
        Err(failure) => return owner.frame.failure(&failure),
    };
    let view = SecurityPage {
        page: owner.frame.page(app.form_token(&owner.visit, "", PURPOSE)),
        account: owner.account_frame(Area::Security),
        code_address: owner.code_address(),
        code_refused: owner.code_refused(),
        password_changed: owner.password_changed(),
        second_step: owner.second_step(),
        alert: owner.live.user.alert,
        recovery,
        networks: owner.account.networks.lines().len(),
        trusted,
        password_done: said.first("changed") == Some("password"),
        saved: said.first("saved").is_some(),
        addresses,
    };
    owner.frame.html(StatusCode::OK, &Answer::Page, &view)
}

async fn set_alert(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (owner, form) =
        match Owner::sent(&app, (&request, &body), (PURPOSE, "/account/security")).await {
            Ok(sent) => sent,
            Err(response) => return response,
        };
    let alert = match form.first("alert") {
        Some("every") => AlertSetting::Every,
        Some("new_device") => AlertSetting::NewDevice,
        Some("off") => AlertSetting::Off,
        Some(_) | None => {
            return owner
                .frame
                .error_again(Cause::BadRequest, "/account/security");
        }
    };
    let whose = (&owner.live, &owner.account);
    match app.provider.set_alert(whose, alert, &owner.visit).await {
        Ok(AlertChange::Saved) => owner.frame.see_saying("/account/security?saved=1"),
        Ok(AlertChange::Stale) => owner.confirm_first("/account/security").await,
        Err(failure) => owner.frame.failure(&failure),
    }
}
