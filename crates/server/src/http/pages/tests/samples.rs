//! Sample data: the same people and apps as in the design.

use sekisho_audit::history::{HistoryEntry, Stamp as Mark};
use sekisho_mail::Device;
use sekisho_model::{
    AlertSetting, EventId, EventKind, Locale, Outcome, SeededEntropy, SessionId, Timestamp,
};
use sekisho_provider::rules::parameters::Parameters;
use sekisho_provider::rules::sign_up::NameRefusal;
use std::time::Duration;

#[path = "samples/addresses.rs"]
mod addresses;
#[path = "samples/consent.rs"]
mod consent;
#[path = "samples/dev.rs"]
mod dev;
#[path = "samples/devices.rs"]
mod devices;
#[path = "samples/history.rs"]
mod history;
#[path = "samples/incidents.rs"]
mod incidents;
#[path = "samples/leaving.rs"]
mod leaving;
#[path = "samples/networks.rs"]
mod networks;
#[path = "samples/overview.rs"]
mod overview;
#[path = "samples/passwords.rs"]
mod passwords;
#[path = "samples/recovery.rs"]
mod recovery;
#[path = "samples/second_steps.rs"]
mod second_steps;
#[path = "samples/sign_in.rs"]
mod sign_in;
#[path = "samples/sign_up.rs"]
mod sign_up;

use crate::http::cookies::Cookies;
use crate::http::pages::*;
use consent::{consent_pages, consent_view, item};
use dev::{dev_pages, letter_view, playground_pages};
use history::{FIREFOX, IPHONE, entry, history_pages, history_view, place};
use overview::{account_pages, own_page};
use recovery::{password_pages, recovery_pages};
#[cfg(test)]
pub(crate) use sign_in::{code, sign_in};
use sign_in::{code_error_pages, code_pages, code_view, known_view, sign_in_pages, sign_in_view};

pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) html: String,
    pub(crate) is_error: bool,
}

pub(super) const ZONE: &str = "Asia/Tokyo";
/// 2026-11-22T14:36:08+09:00
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_795_325_768);
pub(super) const HOSTILE: &str = "\u{202e}\"><script>alert(1)</script><img src=x onerror=alert(1)>";

pub(crate) fn page(locale: Locale) -> Page {
    Page {
        locale,
        theme: Theme::Auto,
        service: "Sekisho".to_owned(),
        house: Arc::default(),
        paused: false,
        path: "/login?flow=0123".to_owned(),
        csrf: "0123.sample".to_owned(),
        language_csrf: None,
    }
}

pub(super) fn app(locale: Locale) -> App {
    match locale {
        Locale::Ja => App::new("青空メール", "mail.aozora.example"),
        Locale::En => App::new("Aozora Mail", "mail.aozora.example"),
    }
}

pub(super) fn account(area: Area) -> AccountFrame {
    AccountFrame {
        address: "haruka.m@example.jp".to_owned(),
        sign_out_csrf: ".sample".to_owned(),
        area,
    }
}

fn later(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn clock(locale: Locale, seconds: u64) -> Moment {
    Moment::clock_and_zone(later(seconds), ZONE, locale)
}

pub(super) struct Album {
    pub(super) locale: Locale,
    samples: Vec<Sample>,
}

impl Album {
    pub(super) fn put(&mut self, name: impl Into<String>, html: impl Template) {
        self.add(name, html, false);
    }

    pub(super) fn put_error(&mut self, name: impl Into<String>, html: impl Template) {
        self.add(name, html, true);
    }

    fn add(&mut self, name: impl Into<String>, view: impl Template, is_error: bool) {
        let html = view.render().unwrap();
        self.samples.push(Sample {
            name: name.into(),
            html,
            is_error,
        });
    }
}

/// Every page in every state.
pub(crate) fn all(locale: Locale) -> Vec<Sample> {
    let mut album = Album {
        locale,
        samples: Vec::new(),
    };
    sign_in_pages(&mut album);
    code_pages(&mut album);
    code_error_pages(&mut album);
    consent_pages(&mut album);
    error_pages(&mut album);
    sign_out_pages(&mut album);
    leaving_pages(&mut album);
    device_pages(&mut album);
    account_pages(&mut album);
    passwords::pages(&mut album);
    devices::pages(&mut album);
    leaving::pages(&mut album);
    history_pages(&mut album);
    text_pages(&mut album);
    incidents::pages(&mut album);
    password_pages(&mut album);
    recovery_pages(&mut album);
    addresses::pages(&mut album);
    networks::pages(&mut album);
    second_steps::pages(&mut album);
    sign_up::pages(&mut album);
    dev_pages(&mut album);
    playground_pages(&mut album);
    album.samples
}

/// Pages whose words from outside are an attack.
pub(crate) fn hostile(locale: Locale) -> Vec<Sample> {
    let mut album = Album {
        locale,
        samples: Vec::new(),
    };
    let app = App::new(HOSTILE, HOSTILE);
    album.put(
        "login",
        SignInPage {
            app: Some(app.clone()),
            email: HOSTILE.replace('\u{202e}', ""),
            ..sign_in_view(locale, None)
        },
    );
    album.put(
        "login-known",
        SignInPage {
            app: Some(app.clone()),
            email: "a\"><script>@b.example".to_owned(),
            ..known_view(locale, None)
        },
    );
    album.put(
        "code",
        CodePage {
            app: Some(app.clone()),
            typed: "<script>".to_owned(),
            ..code_view(locale, CodeState::Fresh)
        },
    );
    devices::hostile(&mut album);
    sign_up::hostile(&mut album);
    let values = vec![HOSTILE.to_owned()];
    let mut consent = consent_view(locale);
    consent.app = app.clone();
    consent.person = Person::new(Some(HOSTILE), "a@b.example");
    consent.required = vec![ScopeItem {
        scope: "<script>".to_owned(),
        values,
    }];
    album.put("consent", consent);
    album.put(
        "error",
        ErrorPage {
            app: Some(app.name().to_owned()),
            details: vec![("error", "<script>".to_owned())],
            ..error_view(locale, Cause::BadRequest)
        },
    );
    hostile_rest(&mut album, app);
    album.samples
}

fn hostile_rest(album: &mut Album, app: App) {
    let locale = album.locale;
    let page = || page(locale);
    album.put(
        "return",
        ReturnPage::new(page(), app, "com.example.app:/cb?\"><script>".to_owned()).unwrap(),
    );
    let mut entry = entry(EventKind::SignIn, Outcome::Passed, Mark::Passed, 0);
    entry.ip = "<script>".to_owned();
    album.put(
        "history",
        history_view(locale, &[(entry, Some(HOSTILE))], ""),
    );
    let shown = ShownToken {
        kind: TokenKind::Id,
        header: None,
        body: "<script>".to_owned(),
    };
    album.put(
        "playground",
        PlaygroundResultPage {
            page: page(),
            refusal: None,
            checks: Vec::new(),
            tokens: vec![shown],
        },
    );
    album.put(
        "letter",
        LetterPage {
            text: "<script>".to_owned(),
            ..letter_view(locale)
        },
    );
}

fn error_view(locale: Locale, cause: Cause) -> ErrorPage {
    ErrorPage {
        page: page(locale),
        cause,
        reference: "SK-7F3K-92QD".to_owned(),
        at: Moment::exact(NOW, ZONE, locale),
        app: None,
        details: Vec::new(),
        home: None,
        onward: None,
        again: None,
        notice: None,
    }
}

fn error_pages(album: &mut Album) {
    let locale = album.locale;
    let news = "https://status.sekisho.example".to_owned();
    for (name, cause) in [
        ("redirect-uri", Cause::RedirectUri),
        ("unknown-client", Cause::UnknownClient),
        ("client-stopped", Cause::ClientStopped),
        ("bad-request", Cause::BadRequest),
        ("flow-gone", Cause::FlowGone),
        ("flow-gone-onward", Cause::FlowGone),
        ("already-decided", Cause::AlreadyDecided),
        ("csrf", Cause::Csrf),
        ("no-cookie", Cause::NoCookie),
        ("too-many", Cause::TooMany(None)),
        ("too-many-from", Cause::TooMany(Some(clock(locale, 900)))),
        ("changes-used-up", Cause::ChangesUsedUp(clock(locale, 900))),
        ("exports-used-up", Cause::ExportsUsedUp(clock(locale, 900))),
        ("blocked", Cause::Blocked),
        ("paused", Cause::Paused),
        ("closed", Cause::Closed(None)),
        ("closed-news", Cause::Closed(Some(news))),
        ("unavailable", Cause::Unavailable),
        ("not-found", Cause::NotFound),
        ("method", Cause::Method),
        ("too-slow", Cause::TooSlow),
        ("too-large", Cause::TooLarge),
        ("our-fault", Cause::OurFault),
    ] {
        let mut view = error_view(locale, cause);
        if name == "flow-gone" {
            view.app = Some(app(locale).name().to_owned());
            view.home = Some("https://mail.aozora.example/".to_owned());
        }
        if name == "flow-gone-onward" {
            view.onward = Some("/login/code?flow=0123".to_owned());
        }
        if name == "redirect-uri" {
            view.app = Some(app(locale).name().to_owned());
            view.again = Some("/account".to_owned());
            view.details = vec![
                ("error", "invalid_request".to_owned()),
                ("parameter", "redirect_uri".to_owned()),
                (
                    "reason",
                    "no exact match among the registered redirect URIs".to_owned(),
                ),
            ];
        }
        album.put_error(format!("error-{name}"), view);
    }
}

fn apps_in_use(app: &App, locale: Locale) -> Vec<String> {
    let other = match locale {
        Locale::Ja => "家計簿",
        Locale::En => "Household ledger",
    };
    vec![app.name().to_owned(), other.to_owned()]
}

fn sign_out_pages(album: &mut Album) {
    let locale = album.locale;
    let (page, app) = (|| page(locale), app(locale));
    album.put(
        "sign-out",
        SignOutPage {
            page: page(),
            action: SignOutAction::Page,
            app: None,
            apps: apps_in_use(&app, locale),
            target: None,
        },
    );
    let asked = Some(app.name().to_owned());
    album.put(
        "sign-out-app",
        SignOutPage {
            page: page(),
            action: SignOutAction::EndSession,
            app: asked,
            apps: Vec::new(),
            target: Some(SignOutTarget {
                client: "mail".to_owned(),
                uri: "https://mail.aozora.example/bye?state=%22%3C%26".to_owned(),
            }),
        },
    );
    signed_out_pages(album);
}

fn signed_out_pages(album: &mut Album) {
    let locale = album.locale;
    let (page, app) = (|| page(locale), app(locale));
    let back = BackLink::new(app.name(), "https://mail.aozora.example/bye?state=1");
    album.put(
        "signed-out",
        SignedOutPage {
            page: page(),
            signed_in: false,
            back: back.clone(),
            goes_on: false,
            frames: Vec::new(),
            unreached: vec![
                UnreachedApp::new(app.name(), Some("https://mail.aozora.example/")),
                UnreachedApp::new(app.name(), None),
            ],
        },
    );
    album.put(
        "signed-out-frames",
        SignedOutPage {
            page: page(),
            signed_in: false,
            back,
            goes_on: true,
            frames: vec!["https://mail.aozora.example/out?iss=x&sid=1".to_owned()],
            unreached: Vec::new(),
        },
    );
    album.put(
        "stayed",
        SignedOutPage {
            page: page(),
            signed_in: true,
            back: None,
            goes_on: false,
            frames: Vec::new(),
            unreached: Vec::new(),
        },
    );
}

fn leaving_pages(album: &mut Album) {
    let locale = album.locale;
    let (page, app) = (|| page(locale), app(locale));
    let local = App::new(app.name(), "127.0.0.1:4711");
    let target = "http://127.0.0.1:4711/cb?code=abc&state=1".to_owned();
    album.put("return", ReturnPage::new(page(), local, target).unwrap());
    let fields = vec![("state".to_owned(), "\"><script>".to_owned())];
    let action = "https://app.example/cb?a=1&b=2";
    let form = FormPostPage::new(
        page(),
        App::new("Aozora Mail", "app.example"),
        action,
        fields,
        false,
    );
    album.put("form-post", form.unwrap());
    album.put("theme", ThemePage::new(page(), "/login?flow=0123"));
}

fn text_pages(album: &mut Album) {
    let locale = album.locale;
    let help = |contact| HelpPage {
        page: page(locale),
        sender: "no-reply@id.sekisho.example".to_owned(),
        host: "id.sekisho.example".to_owned(),
        contact,
    };
    album.put("help", help(None));
    album.put(
        "help-contact",
        help(Some("support@sekisho.example".to_owned())),
    );
    album.put(
        "privacy",
        PrivacyPage {
            page: page(locale),
            names: Cookies::new(true),
            history: Duration::from_hours(24 * 180),
            contact: None,
        },
    );
}

fn device_view(locale: Locale) -> DeviceConfirmPage {
    DeviceConfirmPage {
        page: page(locale),
        too_soon: false,
        app: app(locale),
        client_id: "tv-7f3k".to_owned(),
        person: Person::new(Some("三浦 晴香"), "haruka.m@example.jp"),
        user_code: "WDJB-MJHT".to_owned(),
        device: Device::of("curl/8.5.0").words(locale),
        ip: "203.0.113.5".to_owned(),
        asked: Moment::date_time(NOW, ZONE, locale),
        scopes: vec![item("openid", &[]), item("email", &["haruka.m@example.jp"])],
        resources: vec![],
    }
}

fn device_pages(album: &mut Album) {
    let locale = album.locale;
    let form = |problem| DevicePage {
        page: page(locale),
        typed: "WDJBMJHT".to_owned(),
        problem,
    };
    album.put("device", form(None));
    for problem in [DeviceProblem::Empty, DeviceProblem::Unusable] {
        album.put_error(format!("device-{problem:?}"), form(Some(problem)));
    }
    album.put("device-confirm", device_view(locale));
    album.put(
        "device-confirm-bare",
        DeviceConfirmPage {
            app: App::new("Living room TV", "tv-7f3k"),
            person: Person::new(None, "haruka.m@example.jp"),
            resources: vec!["https://api.aozora.example".to_owned()],
            ..device_view(locale)
        },
    );
    for allowed in [true, false] {
        let page = page(locale);
        album.put(
            format!("device-done-{allowed}"),
            DeviceDonePage { page, allowed },
        );
    }
}
