//! From a view to an answer: the frame every page has, cookies, error pages.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use sekisho_guard::Halt;
use sekisho_model::{Brand, ClientId, Level, Locale, Timestamp};
use sekisho_provider::endpoints::authorization_answer::Answer as ToApp;
use sekisho_provider::endpoints::authorize::Next;
use sekisho_provider::endpoints::sign_in::AppHome;
use sekisho_provider::endpoints::visit::NewCookies;
use sekisho_provider::rules::authorization_response::Delivery;
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::{Failure, Often};
use serde::{Deserialize, Serialize};

use super::answer::{page, see_other};
use super::app::App;
use super::cookies::{BrowserMarks, Use};
use super::csrf;
use super::failure::{add_retry, seen};
use super::headers::{Answer, form_target};
use super::locale::Wishes;
use super::pages::{
    App as AppName, Cause, ErrorPage, FormPostPage, Moment, Page, ReturnPage, Theme, in_language,
};
use super::text::clean_name;

/// The way back to an app, for the page that asks first.
#[derive(Debug, Serialize, Deserialize)]
pub struct WayBack {
    name: String,
    host: String,
    client: String,
    brand: Option<Brand>,
    uri: String,
}

/// The purpose of the language switch's token.
pub const LANGUAGE: &str = "language";

/// A request on its way to a page.
pub struct Frame<'a> {
    /// The state.
    pub app: &'a App,
    /// The request.
    pub request: &'a HttpRequest,
    /// The page's language.
    pub locale: Locale,
    /// The saved language of whoever is signed in.
    saved: Option<Locale>,
}

impl<'a> Frame<'a> {
    /// For a page in this language.
    pub const fn new(app: &'a App, request: &'a HttpRequest, locale: Locale) -> Self {
        Self {
            app,
            request,
            locale,
            saved: None,
        }
    }

    /// For a page of somebody who is signed in; if they chose a language, the browser keeps it as well, for pages
    /// that ask nobody who is there.
    pub fn of_person(app: &'a App, request: &'a HttpRequest, saved: Option<Locale>) -> Self {
        Self {
            app,
            request,
            locale: app.locale(request, saved),
            saved,
        }
    }

    /// What every page carries, with this form token.
    pub fn page(&self, csrf: String) -> Page {
        let theme = self
            .app
            .cookies
            .read(Use::Theme, self.request.headers())
            .value();
        let path = self
            .request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        Page {
            locale: self.locale,
            theme: Theme::from_name(&theme.unwrap_or_default()),
            service: self.app.service_name.clone(),
            house: Arc::clone(&self.app.house),
            paused: self.app.provider.level_in_force().level >= Level::Watch,
            path: path.to_owned(),
            csrf,
            language_csrf: self.language_token(),
        }
    }

    /// The token of the language switch. With a session the choice is saved, which takes a form (WEB-01);
    /// without one it is a link.
    fn language_token(&self) -> Option<String> {
        let session = self.app.cookies.read(Use::Session, self.request.headers());
        let session = session.value().filter(|value| !value.is_empty())?;
        Some(csrf::issue(&self.app.csrf_key, "", &session, LANGUAGE))
    }

    /// Renders a view; a language asked for in the address is remembered.
    pub fn html(&self, status: StatusCode, kind: &Answer, view: &impl Template) -> HttpResponse {
        match view.render() {
            Ok(html) => self.forgetting(self.remembering(page(status, kind, html, self.app.https))),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                page(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    kind,
                    String::new(),
                    self.app.https,
                )
            }
        }
    }

    /// The language the address asks for.
    fn asked(&self) -> Option<Locale> {
        let query = Parameters::decode(self.request.query_string().as_bytes());
        let wishes = Wishes {
            ui_locales: query.first("ui_locales"),
            ..Wishes::default()
        };
        wishes.asked()
    }

    /// Sets the language cookie if the address asks for a language, or if the saved one is another.
    pub fn remembering(&self, mut response: HttpResponse) -> HttpResponse {
        let kept = self.app.cookies.read(Use::Language, self.request.headers());
        let kept = kept.value();
        let other = |saved: &Locale| kept.as_deref() != Some(saved.tag());
        if let Some(locale) = self.asked().or(self.saved.filter(other)) {
            let cookie = self.app.cookies.set(Use::Language, locale.tag());
            if let Err(error) = response.add_cookie(&cookie) {
                tracing::warn!(%error, "a cookie could not be set");
            }
        }
        response
    }

    /// An error page.
    pub fn error(&self, cause: Cause, app_name: Option<String>) -> HttpResponse {
        self.error_answer(&self.error_page(cause, app_name, None))
    }

    /// An error page about an app, which may lead back there.
    pub fn error_of_app(&self, cause: Cause, app: Option<AppHome>) -> HttpResponse {
        let (name, home) = app.map_or((None, None), |app| (Some(app.name), app.home));
        let page = self.error_page(cause, name.map(|name| clean_name(&name)), None);
        self.error_answer(&ErrorPage { home, ..page })
    }

    /// The page of a sign-in that went on elsewhere in this browser, with the way there.
    pub fn gone_onward(&self, onward: String) -> HttpResponse {
        let page = self.error_page(Cause::FlowGone, None, None);
        self.error_answer(&ErrorPage {
            onward: Some(onward),
            ..page
        })
    }

    /// An error page with a way to start again.
    pub fn error_again(&self, cause: Cause, again: &str) -> HttpResponse {
        self.error_answer(&self.error_page(cause, None, Some(again.to_owned())))
    }

    /// What people are told of a halt (INC-04); news are on the status page.
    fn halt(&self, halt: Halt) -> Cause {
        match halt {
            Halt::Paused => Cause::Paused,
            Halt::Closed | Halt::Stopped => {
                Cause::Closed(Some(format!("{}/status", self.app.origin)))
            }
        }
    }

    fn error_answer(&self, view: &ErrorPage) -> HttpResponse {
        let cause = &view.cause;
        let status = StatusCode::from_u16(cause.status()).unwrap_or(StatusCode::BAD_REQUEST);
        tracing::info!(reference = view.reference, ?cause, "showed an error page");
        self.html(status, &Answer::Page, view)
    }

    fn error_page(
        &self,
        cause: Cause,
        app_name: Option<String>,
        again: Option<String>,
    ) -> ErrorPage {
        ErrorPage {
            page: self.page(String::new()),
            cause,
            reference: self.app.reference(self.request),
            at: Moment::exact(self.app.provider.now(), &self.app.default_zone, self.locale),
            app: app_name,
            details: Vec::new(),
            home: None,
            onward: None,
            again,
            notice: None,
        }
    }

    /// The page for a failure of ours.
    pub fn failure(&self, failure: &Failure) -> HttpResponse {
        let seen = seen(self.app, self.request, failure);
        let (cause, notice) = match failure {
            Failure::Halted(halted) => {
                let notice = halted.text.of(self.locale).map(str::to_owned);
                (self.halt(halted.halt), notice)
            }
            Failure::TooOften { what, until, .. } => (self.used_up(*what, *until), None),
            _ if seen.retry_after.is_some() => (Cause::Unavailable, None),
            _ => (Cause::OurFault, None),
        };
        let view = ErrorPage {
            notice,
            ..self.error_page(cause, None, None)
        };
        let mut response = self.error_answer(&view);
        add_retry(&mut response, seen.retry_after);
        response
    }

    /// So much was done to an account that nothing more is done for a while.
    fn used_up(&self, what: Often, until: Timestamp) -> Cause {
        let until = Moment::exact(until, &self.app.default_zone, self.locale);
        match what {
            Often::Changes => Cause::ChangesUsedUp(until),
            Often::Exports => Cause::ExportsUsedUp(until),
        }
    }

    /// Where a browser goes next.
    pub fn next(&self, next: Next) -> HttpResponse {
        let https = self.app.https;
        match next {
            Next::Answer(answer) => self.to_app(answer),
            Next::SignIn(flow) => {
                self.remembering(see_other(&format!("/login?flow={flow}"), https))
            }
            Next::SignUp(flow) => {
                self.remembering(see_other(&format!("/register?flow={flow}"), https))
            }
            Next::Change(flow) => see_other(&format!("/login/new-password?flow={flow}"), https),
            Next::Consent(flow) => {
                // What an app asked for comes before the saved choice, which the page would look up.
                let to = format!("/consent?flow={flow}");
                let to = self
                    .asked()
                    .map_or(to.clone(), |wish| in_language(&to, wish.tag()));
                self.remembering(see_other(&to, https))
            }
            Next::Recovered(flow) => see_other(&format!("/login/recovery/used?flow={flow}"), https),
            Next::Page(path) => see_other(&path, https),
        }
    }

    /// Back to an app: at once, in a posted form, or by a button where another program could take the
    /// app's place.
    pub fn to_app(&self, answer: ToApp) -> HttpResponse {
        match answer.delivery {
            Delivery::Redirect(uri) if answer.ask_first => self.asking(WayBack {
                name: answer.client_name,
                host: answer.callback.display_host(),
                client: answer.client_id.to_string(),
                brand: answer.brand,
                uri,
            }),
            Delivery::Redirect(uri) => see_other(&uri, self.app.https),
            Delivery::Post(fields) => {
                let app = AppName::new(&answer.client_name, &answer.callback.display_host())
                    .with_brand(&answer.client_id, answer.brand);
                // The form of this page goes to the app; no other one may be on it.
                let page = Page {
                    language_csrf: None,
                    ..self.page(String::new())
                };
                let address = answer.callback.uri();
                let kind = form_target(address).map_or(Answer::Page, Answer::FormPost);
                match FormPostPage::new(page, app, address, fields, answer.ask_first) {
                    Some(view) => self.html(StatusCode::OK, &kind, &view),
                    None => self.error(Cause::RedirectUri, None),
                }
            }
        }
    }

    /// The page that asks before the browser returns. After a form it is shown behind a redirect, so that loading it
    /// again sends nothing twice.
    fn asking(&self, back: WayBack) -> HttpResponse {
        let told = match *self.request.method() {
            Method::POST => self.see_telling("/login?said=return", &back),
            _ => None,
        };
        told.unwrap_or_else(|| self.return_page(back))
    }

    /// Asks before the browser returns to an app.
    pub fn return_page(&self, back: WayBack) -> HttpResponse {
        let app = AppName::new(&back.name, &back.host)
            .with_brand(&ClientId::new(back.client), back.brand);
        match ReturnPage::new(self.page(String::new()), app, back.uri) {
            Some(view) => self.html(StatusCode::OK, &Answer::Page, &view),
            // A scheme that no link may lead to is not redirected to either.
            None => self.error(Cause::RedirectUri, None),
        }
    }

    /// Sets new cookies.
    pub fn set(&self, mut response: HttpResponse, new: NewCookies) -> HttpResponse {
        let cookies = self.app.cookies;
        let mut jar = Vec::new();
        if let Some(token) = &new.session {
            jar.push(cookies.set(Use::Session, token.reveal()));
        }
        if let Some(token) = &new.pre_auth {
            jar.push(cookies.set(Use::PreAuth, token.reveal()));
        }
        if let Some(state) = new.browser_state {
            jar.push(cookies.set(Use::State, state));
        }
        if let Some((mark, replaces)) = new.browser {
            let before = cookies.read(Use::Browser, self.request.headers()).value();
            let marks =
                BrowserMarks::read(&before.unwrap_or_default()).with(mark, replaces.as_ref());
            jar.push(cookies.set(Use::Browser, marks));
        }
        if let Some(locale) = new.language {
            jar.push(cookies.set(Use::Language, locale.tag()));
        }
        for cookie in &jar {
            if let Err(error) = response.add_cookie(cookie) {
                tracing::warn!(%error, "a cookie could not be set");
            }
        }
        response
    }
}

impl std::fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({})", self.request.path())
    }
}
