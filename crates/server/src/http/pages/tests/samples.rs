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
#[path = "samples/devices.rs"]
mod devices;
#[path = "samples/incidents.rs"]
mod incidents;
#[path = "samples/leaving.rs"]
mod leaving;
#[path = "samples/networks.rs"]
mod networks;
#[path = "samples/passwords.rs"]
mod passwords;
#[path = "samples/second_steps.rs"]
mod second_steps;
#[path = "samples/sign_up.rs"]
mod sign_up;

use crate::http::cookies::Cookies;
use crate::http::pages::*;

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

fn sign_in_view(locale: Locale, problem: Option<SignInProblem>) -> SignInPage {
    let typed = if problem.is_some() {
        "haruka.m@example.jp"
    } else {
        ""
    };
    SignInPage {
        page: page(locale),
        app: Some(app(locale)),
        email: typed.to_owned(),
        known: false,
        problem,
        before_change: false,
        links: SignInLinks::default(),
    }
}

/// Somebody who is signed in proves it again.
fn known_view(locale: Locale, problem: Option<SignInProblem>) -> SignInPage {
    SignInPage {
        email: "haruka.m@example.jp".to_owned(),
        known: true,
        links: SignInLinks {
            forgot: true,
            another: "/login?flow=0123&account=other".to_owned(),
            ..SignInLinks::default()
        },
        ..sign_in_view(locale, problem)
    }
}

pub(crate) fn sign_in(locale: Locale, problem: Option<SignInProblem>) -> String {
    sign_in_view(locale, problem).render().unwrap()
}

fn sign_in_pages(album: &mut Album) {
    let locale = album.locale;
    album.put("login", sign_in_view(locale, None));
    let mut paused = sign_in_view(locale, None);
    paused.page.paused = true;
    album.put("login-paused", paused);
    let links = SignInLinks {
        forgot: true,
        register: "/register?flow=0123".to_owned(),
        ..SignInLinks::default()
    };
    album.put("login-known", known_view(locale, None));
    let wrong = Some(SignInProblem::Wrong);
    album.put_error("login-known-wrong", known_view(locale, wrong));
    album.put(
        "login-own",
        SignInPage {
            app: None,
            links,
            ..sign_in_view(locale, None)
        },
    );
    album.put(
        "login-before-change",
        SignInPage {
            app: None,
            before_change: true,
            ..sign_in_view(locale, None)
        },
    );
    let reference = || "SK-7F3K-92QD".to_owned();
    for (name, problem) in [
        ("email-empty", SignInProblem::EmailEmpty),
        ("email-shape", SignInProblem::EmailShape),
        ("password-empty", SignInProblem::PasswordEmpty),
        ("wrong", SignInProblem::Wrong),
        ("throttled", SignInProblem::Throttled(clock(locale, 900))),
        ("by-mail", SignInProblem::OnlyByMail),
        ("blocked", SignInProblem::Blocked(reference())),
        (
            "no-more-codes",
            SignInProblem::NoMoreCodes(clock(locale, 900)),
        ),
        ("stopped", SignInProblem::AccountStopped(reference())),
        ("cookie", SignInProblem::NoCookie),
        ("expired", SignInProblem::Expired),
        ("unavailable", SignInProblem::Unavailable),
    ] {
        album.put_error(format!("login-{name}"), sign_in_view(locale, Some(problem)));
    }
}

fn code_view(locale: Locale, state: CodeState) -> CodePage {
    CodePage {
        page: page(locale),
        app: Some(app(locale)),
        masked: "h•••@m•••.example".to_owned(),
        uniform: false,
        question: None,
        tally: sekisho_mail::tally::words(0, 47, locale),
        sent: clock(locale, 0),
        until: clock(locale, 600),
        minutes: 10,
        digits: 8,
        tries_left: Some(5),
        sender: "no-reply@id.sekisho.example".to_owned(),
        resend: Resend::From(42, clock(locale, 60)),
        trust_days: Some(30),
        typed: String::new(),
        state,
        lost: Some("/login/code-address/0123".to_owned()),
        restart: "/login?flow=0123".to_owned(),
    }
}

pub(crate) fn code(locale: Locale, state: CodeState) -> String {
    code_view(locale, state).render().unwrap()
}

fn code_pages(album: &mut Album) {
    let locale = album.locale;
    let view = |state| code_view(locale, state);
    album.put("code", view(CodeState::Fresh));
    album.put(
        "code-six",
        CodePage {
            digits: 6,
            trust_days: None,
            tries_left: None,
            ..view(CodeState::Fresh)
        },
    );
    album.put(
        "code-ten",
        CodePage {
            digits: 10,
            resend: Resend::NoMore,
            ..view(CodeState::Fresh)
        },
    );
    let uniform = |state| CodePage {
        masked: String::new(),
        uniform: true,
        question: Some("{}".to_owned()),
        trust_days: None,
        tries_left: None,
        ..view(state)
    };
    album.put("code-uniform", uniform(CodeState::Fresh));
    album.put("code-uniform-resent", uniform(CodeState::Resent));
    let late = uniform(CodeState::ExpiredAndResent);
    album.put("code-uniform-expired", late);
    album.put("code-expired-resent", view(CodeState::ExpiredAndResent));
    album.put("code-resent", view(CodeState::Resent));
    album.put("code-wait", view(CodeState::Wait(clock(locale, 60))));
    album.put(
        "code-sends-out",
        view(CodeState::NoMoreCodes(clock(locale, 3600))),
    );
    album.put(
        "code-exhausted",
        CodePage {
            resend: Resend::NoMore,
            ..view(CodeState::Exhausted)
        },
    );
}

fn code_error_pages(album: &mut Album) {
    let locale = album.locale;
    let view = |state| code_view(locale, state);
    for (name, state) in [
        ("empty", CodeState::Empty),
        ("length", CodeState::WrongLength(7)),
        ("wrong", CodeState::Wrong(3)),
        ("wrong-last", CodeState::Wrong(1)),
        ("earlier", CodeState::Earlier),
        ("expired", CodeState::Expired),
        ("stopped", CodeState::Stopped(None)),
        ("stopped-from", CodeState::Stopped(Some(clock(locale, 900)))),
        ("mail-down", CodeState::MailDown),
        ("unavailable", CodeState::Unavailable),
    ] {
        let resend = if name == "expired" {
            Resend::Now
        } else {
            view(CodeState::Fresh).resend
        };
        let typed = if name.starts_with("wrong") {
            "48291536"
        } else {
            ""
        }
        .to_owned();
        album.put_error(
            format!("code-{name}"),
            CodePage {
                resend,
                typed,
                ..view(state)
            },
        );
    }
}

fn item(scope: &str, values: &[&str]) -> ScopeItem {
    ScopeItem {
        scope: scope.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn consent_view(locale: Locale) -> ConsentPage {
    ConsentPage {
        page: page(locale),
        app: app(locale),
        client_id: "9f2c77aa01d04f6c8b1de2a4c07b3f55".to_owned(),
        vouched: Vouched::Publisher(match locale {
            Locale::Ja => "青空ソフト株式会社".to_owned(),
            Locale::En => "Aozora Software Inc.".to_owned(),
        }),
        doubt: None,
        too_soon: false,
        person: Person::new(Some("三浦 晴香"), "haruka.m@example.jp"),
        required: vec![
            item("openid", &[]),
            item("profile", &["三浦 晴香"]),
            item("email", &["haruka.m@example.jp"]),
        ],
        optional: vec![
            item("offline_access", &[]),
            item("phone", &["+81 90 1234 5678"]),
        ],
        already: Vec::new(),
        claims: Vec::new(),
        details: Vec::new(),
        resource: None,
        other_account: Some("/login?flow=0123".to_owned()),
    }
}

fn consent_pages(album: &mut Album) {
    let locale = album.locale;
    let long_name = match locale {
        Locale::Ja => "長い名前のアプリ".repeat(8),
        Locale::En => "An app with a very long name ".repeat(3),
    };
    album.put("consent", consent_view(locale));
    let seen = |doubt, too_soon| ConsentPage {
        vouched: Vouched::Operator,
        doubt,
        too_soon,
        ..consent_view(locale)
    };
    album.put("consent-by-operator", seen(None, false));
    album.put("consent-too-soon", seen(None, true));
    let like = NameDoubt::LooksLike(match locale {
        Locale::Ja => "青空会計".to_owned(),
        Locale::En => "Aozora Books".to_owned(),
    });
    album.put("consent-looks-like", seen(Some(like), false));
    let mixed = Some(NameDoubt::MixedScripts);
    album.put("consent-mixed-name", seen(mixed, false));
    album.put(
        "consent-unverified",
        ConsentPage {
            app: App::new(
                &long_name,
                "a-very-long-host-name-indeed.services.example.co.jp",
            )
            .with_links(
                Some("https://aozora.example/privacy"),
                Some("https://aozora.example/terms"),
            ),
            vouched: Vouched::Nobody,
            person: Person::new(None, "haruka.m@example.jp"),
            required: vec![item("address", &[]), item("invoices:read", &[])],
            already: vec![item("openid", &[]), item("email", &["haruka.m@example.jp"])],
            claims: vec![ClaimItem {
                name: "birthdate".to_owned(),
                value: "1990-02-03".to_owned(),
            }],
            details: vec![DetailItem::from((
                "Payment".to_owned(),
                vec![("amount.value".to_owned(), "12.50".to_owned())],
            ))],
            resource: Some("https://api.aozora.example".to_owned()),
            other_account: None,
            ..consent_view(locale)
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
        ("already-decided", Cause::AlreadyDecided),
        ("csrf", Cause::Csrf),
        ("no-cookie", Cause::NoCookie),
        ("too-many", Cause::TooMany(None)),
        ("too-many-from", Cause::TooMany(Some(clock(locale, 900)))),
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
    let back = BackLink::new(app.name(), "https://mail.aozora.example/bye?state=1");
    album.put(
        "signed-out",
        SignedOutPage {
            page: page(),
            signed_in: false,
            back: back.clone(),
            goes_on: false,
            frames: Vec::new(),
            unreached: vec![app.name().to_owned()],
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
    album.put("theme", ThemePage::new(page(), "/login?flow=0123", false));
    album.put(
        "theme-saved",
        ThemePage::new(page(), "/login?flow=0123", true),
    );
}

fn overview_view(locale: Locale) -> OverviewPage {
    OverviewPage {
        page: own_page(locale, "/account"),
        account: account(Area::Overview),
        zone: sekisho_mail::when::zone_words(NOW, ZONE, locale),
        name: Some("三浦 晴香".to_owned()),
        code_address: Some("haruka@mobile.example".to_owned()),
        code_refused: None,
        password_changed: Some(Moment::date_time(NOW, ZONE, locale)),
        second_step: SecondStep::On,
        visit_before: Some(LastVisit {
            at: Moment::date_time(NOW - Duration::from_hours(20), ZONE, locale),
            device: Device::of(IPHONE).words(locale),
            ip: "2001:db8:41::9a".to_owned(),
        }),
        unexplained: None,
        recovery_codes: 9,
        devices: 3,
        apps: 2,
        saved: false,
    }
}

/// What account pages carry: the language switch saves the choice there.
fn own_page(locale: Locale, path: &str) -> Page {
    Page {
        path: path.to_owned(),
        language_csrf: Some(".sample".to_owned()),
        ..page(locale)
    }
}

fn overview_pages(album: &mut Album) {
    let locale = album.locale;
    album.put("overview", overview_view(locale));
    album.put(
        "overview-unexplained",
        OverviewPage {
            unexplained: Some(Unexplained {
                id: "0199".to_owned(),
                at: Moment::date_time(NOW, ZONE, locale),
                device: Device::of(FIREFOX).words(locale),
            }),
            recovery_codes: 0,
            devices: 1,
            apps: 0,
            saved: true,
            ..overview_view(locale)
        },
    );
    for left in [0, 1, 2] {
        album.put(
            format!("overview-codes-{left}"),
            OverviewPage {
                recovery_codes: left,
                ..overview_view(locale)
            },
        );
    }
    let view = |name: &str, problem| ProfilePage {
        page: own_page(locale, "/account/profile"),
        account: account(Area::Overview),
        name: name.to_owned(),
        language: locale,
        zone: ZONE.to_owned(),
        problem,
    };
    album.put("profile", view("三浦 晴香", None));
    let other_zone = ProfilePage {
        zone: "Etc/GMT+3".to_owned(),
        ..view("", None)
    };
    album.put("profile-other-zone", other_zone);
    let name = |refusal| ProfileProblem::Name(refusal);
    for (key, problem) in [
        ("long", name(NameRefusal::Long)),
        ("character", name(NameRefusal::Character)),
        ("zone", ProfileProblem::Zone),
        ("late", ProfileProblem::Late),
    ] {
        album.put_error(format!("profile-{key}"), view("a", Some(problem)));
    }
}

fn refused_overview(album: &mut Album) {
    let locale = album.locale;
    album.put(
        "overview-refused",
        OverviewPage {
            code_refused: Some(Moment::date_time(NOW, ZONE, locale)),
            ..overview_view(locale)
        },
    );
}

fn account_pages(album: &mut Album) {
    let locale = album.locale;
    overview_pages(album);
    album.put(
        "overview-bare",
        OverviewPage {
            name: None,
            code_address: None,
            password_changed: None,
            visit_before: None,
            ..overview_view(locale)
        },
    );
    refused_overview(album);
    album.put(
        "overview-off",
        OverviewPage {
            second_step: SecondStep::Off,
            ..overview_view(locale)
        },
    );
    let view = |second_step, alert, saved: bool| SecurityPage {
        page: page(locale),
        account: account(Area::Security),
        code_address: Some("haruka@mobile.example".to_owned()),
        code_refused: None,
        password_changed: Some(Moment::date_time(NOW, ZONE, locale)),
        second_step,
        alert,
        recovery: (9, Some(Moment::date_time(NOW, ZONE, locale))),
        networks: usize::from(saved),
        trusted: usize::from(!saved) * 2,
        saved,
        password_done: false,
        addresses: AddressNews::default(),
    };
    album.put("security", view(SecondStep::On, AlertSetting::Every, false));
    album.put(
        "security-saved",
        view(SecondStep::Off, AlertSetting::NewDevice, true),
    );
    album.put(
        "security-refused",
        SecurityPage {
            code_refused: Some(Moment::date_time(NOW, ZONE, locale)),
            ..view(SecondStep::On, AlertSetting::Every, false)
        },
    );
    let bare = view(SecondStep::Required, AlertSetting::Off, false);
    album.put(
        "security-required",
        SecurityPage {
            code_address: None,
            password_changed: None,
            recovery: (0, None),
            addresses: addresses::news(locale),
            ..bare
        },
    );
}

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/152.0.0.0 Safari/537.36";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

fn entry(kind: EventKind, outcome: Outcome, stamp: Mark, minutes_ago: u64) -> HistoryEntry {
    let at = NOW - Duration::from_mins(minutes_ago);
    let entropy = SeededEntropy::new(minutes_ago * 100 + u64::from(stamp == Mark::Asked));
    HistoryEntry {
        id: EventId::new(at, &entropy),
        kind,
        outcome,
        stamp,
        at,
        first_at: at,
        times: 1,
        device: Device::of(CHROME),
        ip: "203.0.113.24".to_owned(),
        client_id: None,
        session_id: None,
        password_known: false,
        detail: serde_json::json!({}),
    }
}

fn this_session() -> SessionId {
    SessionId::new(NOW, &SeededEntropy::new(7))
}

fn linux(mut row: HistoryEntry) -> HistoryEntry {
    row.device = Device::of(FIREFOX);
    row.ip = "198.51.100.77".to_owned();
    row
}

/// One row of every kind, newest first.
fn entries() -> Vec<HistoryEntry> {
    let mut rows = vec![
        entry(EventKind::SignIn, Outcome::Passed, Mark::Passed, 3),
        entry(
            EventKind::SettingChanged,
            Outcome::Passed,
            Mark::Changed,
            40,
        ),
        entry(EventKind::SignIn, Outcome::Passed, Mark::Passed, 1171),
        linux(entry(
            EventKind::CodeAsked,
            Outcome::Passed,
            Mark::Asked,
            2124,
        )),
        linux(entry(
            EventKind::CodeTried,
            Outcome::WrongCode,
            Mark::Asked,
            2126,
        )),
        linux(entry(
            EventKind::CodeTried,
            Outcome::ExpiredCode,
            Mark::Asked,
            2127,
        )),
        linux(entry(
            EventKind::SignIn,
            Outcome::Blocked,
            Mark::Stopped,
            2127,
        )),
        linux(entry(
            EventKind::SignIn,
            Outcome::WrongPassword,
            Mark::Asked,
            2130,
        )),
        entry(EventKind::SignIn, Outcome::Disabled, Mark::Stopped, 5000),
        entry(EventKind::SignOut, Outcome::Passed, Mark::Passed, 5001),
        entry(EventKind::Consent, Outcome::Passed, Mark::Passed, 5002),
        entry(EventKind::Consent, Outcome::Denied, Mark::Asked, 5003),
        entry(EventKind::Revocation, Outcome::Passed, Mark::Passed, 5004),
        entry(
            EventKind::SettingChanged,
            Outcome::Passed,
            Mark::Changed,
            5005,
        ),
        entry(
            EventKind::UserCreated,
            Outcome::Passed,
            Mark::Passed,
            60 * 24 * 40,
        ),
    ];
    add_facts(&mut rows);
    rows
}

fn add_facts(rows: &mut [HistoryEntry]) {
    rows[0].detail = serde_json::json!({ "amr": ["pwd", "otp"] });
    rows[0].session_id = Some(this_session());
    rows[1].detail = serde_json::json!({ "alert": "new_device" });
    rows[2].device = Device::of(IPHONE);
    rows[2].ip = "2001:db8:41::9a".to_owned();
    rows[2].detail = serde_json::json!({ "amr": ["pwd"] });
    rows[3].password_known = true;
    rows[4].password_known = true;
    rows[4].detail = serde_json::json!({ "stopped": true });
    rows[6].times = 12;
}

fn shown(query: &str) -> ShownFilter {
    ShownFilter::read(&Parameters::decode(query.as_bytes()), ZONE)
}

fn history_view(locale: Locale, entries: &[(HistoryEntry, Option<&str>)], ip: &str) -> HistoryPage {
    let reader = Reader {
        locale,
        zone: ZONE,
        now: NOW,
        session: Some(this_session()),
        ip: "203.0.113.24",
    };
    let rows = entries
        .iter()
        .map(|(entry, app)| reader.row(entry, *app))
        .collect();
    HistoryPage {
        page: own_page(locale, "/account/history"),
        account: account(Area::History),
        zone: sekisho_mail::when::zone_words(NOW, ZONE, locale),
        filter: shown(&format!("period=30&result=all&ip={ip}")),
        apps: vec![("9f2c77aa".to_owned(), app(locale).name().to_owned())],
        days: reader.days(rows),
        older: None,
    }
}

fn history_pages(album: &mut Album) {
    let locale = album.locale;
    let app = app(locale);
    let rows: Vec<(HistoryEntry, Option<&str>)> = entries()
        .into_iter()
        .map(|entry| (entry, Some(app.name())))
        .collect();
    let mut full = history_view(locale, &rows, "");
    let last = rows.last().map(|(entry, _)| (entry.at, entry.id));
    full.older = last.map(|before| full.filter.older(before));
    album.put("history", full);
    album.put("history-empty", history_view(locale, &[], "203.0.113.5"));
    album.put_error("history-ip", history_view(locale, &[], "203.0.113"));
    let mut not_yet = history_view(locale, &[], "203.0.113.0/24");
    not_yet.older = last.map(|before| not_yet.filter.older(before));
    album.put("history-not-yet", not_yet);
    for (name, query) in [
        ("history-order", "from=2026-11-22&to=2026-11-21"),
        ("history-from", "from=11/22&app=9f2c77aa"),
        ("history-to", "to=22"),
    ] {
        let filter = shown(query);
        let view = history_view(locale, &[], "");
        album.put_error(name, HistoryPage { filter, ..view });
    }
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

fn letter_row(locale: Locale, code: Option<&str>, id: &str) -> LetterRow {
    let subject = match locale {
        Locale::Ja => "【Sekisho】ログインの確認コード",
        Locale::En => "Sekisho: your sign-in code",
    };
    LetterRow {
        id: id.to_owned(),
        to: "haruka@mobile.example".to_owned(),
        subject: subject.to_owned(),
        code: code.map(str::to_owned),
        at: Moment::date_time(NOW, ZONE, locale),
    }
}

fn letter_view(locale: Locale) -> LetterPage {
    LetterPage {
        page: page(locale),
        letter: letter_row(locale, Some("48291536"), "0199"),
        from: "Sekisho <no-reply@id.sekisho.example>".to_owned(),
        text: "48291536\n\n203.0.113.24\n".to_owned(),
        headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
    }
}

fn dev_pages(album: &mut Album) {
    let locale = album.locale;
    let user = DevUser {
        email: "demo@sekisho.example".to_owned(),
        password: Some("correct horse gate staple".to_owned()),
        code_address: Some("demo-codes@mobile.example".to_owned()),
    };
    let later = DevUser {
        email: "later@sekisho.example".to_owned(),
        password: None,
        code_address: None,
    };
    let client = DevClient {
        name: "Demo".to_owned(),
        id: "demo".to_owned(),
        secret: Some("sks_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG".to_owned()),
        redirect_uris: vec!["http://127.0.0.1:8080/_dev/playground/callback".to_owned()],
    };
    let issuer = "http://127.0.0.1:8080".to_owned();
    let (users, clients) = (vec![user, later], vec![client]);
    album.put(
        "dev",
        DevHomePage {
            page: page(locale),
            issuer,
            users,
            clients,
        },
    );
    let letters = vec![
        letter_row(locale, Some("48291536"), "0199"),
        letter_row(locale, None, "0198"),
    ];
    album.put(
        "dev-mail",
        MailPage {
            page: page(locale),
            letters,
        },
    );
    album.put(
        "dev-mail-empty",
        MailPage {
            page: page(locale),
            letters: Vec::new(),
        },
    );
    album.put("dev-letter", letter_view(locale));
}

fn playground_pages(album: &mut Album) {
    let locale = album.locale;
    album.put(
        "playground",
        PlaygroundPage {
            page: page(locale),
            app: "Demo".to_owned(),
            client_id: "demo".to_owned(),
            redirect_uri: "http://127.0.0.1:8080/_dev/playground/callback".to_owned(),
            scope: "openid profile email offline_access".to_owned(),
        },
    );
    let header = "{\n  \"alg\": \"RS256\",\n  \"typ\": \"JWT\",\n  \"kid\": \"2f6c\"\n}";
    let body = "{\n  \"iss\": \"http://127.0.0.1:8080\",\n  \"aud\": \"demo\",\n  \"sub\": \"9f2c77aa01d04f6c8b1de2a4c07b3f55\"\n}";
    let token = |kind, jwt: bool| ShownToken {
        kind,
        header: jwt.then(|| header.to_owned()),
        body: body.to_owned(),
    };
    let view = |passed, refusal| PlaygroundResultPage {
        page: page(locale),
        refusal,
        checks: CheckKind::ALL
            .map(|kind| Check {
                kind,
                passed,
                found: "http://127.0.0.1:8080".to_owned(),
            })
            .to_vec(),
        tokens: vec![
            token(TokenKind::Id, true),
            token(TokenKind::Access, true),
            token(TokenKind::Refresh, false),
            token(TokenKind::Userinfo, false),
        ],
    };
    album.put("playground-result", view(true, None));
    album.put_error("playground-failed", view(false, None));
    let refusal = Some(("access_denied".to_owned(), "the person said no".to_owned()));
    let refused = PlaygroundResultPage {
        checks: Vec::new(),
        tokens: Vec::new(),
        ..view(true, refusal)
    };
    album.put_error("playground-refused", refused);
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

fn password_pages(album: &mut Album) {
    use sekisho_provider::rules::password_policy::PasswordRefusal as Refusal;
    let locale = album.locale;
    let forgot = |state| ForgotPage {
        page: page(locale),
        email: "haruka.m@example.jp".to_owned(),
        minutes: 30,
        state,
    };
    album.put("forgot", forgot(ForgotState::Fresh));
    album.put("forgot-asked", forgot(ForgotState::Asked));
    album.put_error("forgot-empty", forgot(ForgotState::Empty));
    album.put_error("forgot-shape", forgot(ForgotState::Shape));
    let reset = |missing, problem| ResetPage {
        page: page(locale),
        token: "sample".to_owned(),
        username: Some("haruka.m@example.jp".to_owned()),
        missing,
        min: 8,
        problem,
    };
    album.put("reset", reset(Missing::Nothing, None));
    album.put("reset-code", reset(Missing::Code, None));
    album.put("reset-code-or-wait", reset(Missing::CodeOrWait, None));
    album.put(
        "reset-code-or",
        reset(Missing::CodeOr(clock(locale, 60)), None),
    );
    let problems = [
        PasswordProblem::Empty,
        PasswordProblem::Same,
        PasswordProblem::Refused(vec![Refusal::Short { min: 8, length: 3 }]),
        PasswordProblem::Refused(vec![Refusal::Long { max: 128 }]),
        PasswordProblem::Refused(vec![Refusal::Character]),
        PasswordProblem::Refused(vec![Refusal::Common]),
        PasswordProblem::Refused(vec![Refusal::Context]),
        PasswordProblem::Refused(vec![Refusal::Weak]),
        PasswordProblem::CodeMissing,
        PasswordProblem::CodeWrong,
        PasswordProblem::Wait(clock(locale, 900)),
    ];
    for (n, problem) in problems.into_iter().enumerate() {
        album.put_error(
            format!("reset-problem-{n}"),
            reset(Missing::Code, Some(problem)),
        );
    }
    change_pages(album);
}

fn change_pages(album: &mut Album) {
    use sekisho_provider::rules::forced_change::ChangeReason;
    let locale = album.locale;
    for reason in [
        ChangeReason::Marked,
        ChangeReason::BelowPolicy,
        ChangeReason::Known,
    ] {
        let view = NewPasswordPage {
            page: page(locale),
            app: Some(app(locale)),
            reason,
            min: 8,
            problem: None,
        };
        album.put(format!("new-password-{}", reason.name()), view);
    }
    let said = |said| ResetSaidPage {
        page: page(locale),
        said,
    };
    album.put("reset-done", said(ResetSaid::Done));
    album.put("reset-waiting", said(ResetSaid::Waiting(clock(locale, 60))));
    album.put_error("reset-used", said(ResetSaid::Used));
    album.put_error("reset-over", said(ResetSaid::Over));
}

fn recovery_pages(album: &mut Album) {
    let locale = album.locale;
    let recovery = |problem| RecoveryPage {
        page: page(locale),
        app: Some(app(locale)),
        back: "/login/code?flow=0123".to_owned(),
        is_outside: false,
        problem,
    };
    let outside = RecoveryPage {
        is_outside: true,
        ..recovery(None)
    };
    album.put("recovery-outside", outside);
    album.put("recovery", recovery(None));
    album.put_error("recovery-empty", recovery(Some(RecoveryProblem::Empty)));
    album.put_error("recovery-wrong", recovery(Some(RecoveryProblem::Wrong)));
    let wait = RecoveryProblem::Wait(clock(locale, 900));
    album.put_error("recovery-wait", recovery(Some(wait)));
    let codes = |left, made, codes| RecoveryCodesPage {
        page: page(locale),
        account: account(Area::Security),
        left,
        made,
        codes,
    };
    album.put("recovery-codes-none", codes(0, None, Vec::new()));
    let made = Some(Moment::date_time(NOW, ZONE, locale));
    album.put("recovery-codes", codes(9, made.clone(), Vec::new()));
    let shown = (0..10).map(|n| format!("0410-6105-0R3G-G28{n}")).collect();
    album.put("recovery-codes-new", codes(10, made, shown));
    album.put(
        "help-code-address",
        CodeAddressHelpPage {
            page: page(locale),
            has_none: false,
        },
    );
    album.put(
        "help-no-code-address",
        CodeAddressHelpPage {
            page: page(locale),
            has_none: true,
        },
    );
    for (name, place) in [("queue", Some((1_234, 2))), ("queue-full", None)] {
        let view = QueuePage {
            page: page(locale),
            place,
            seconds: 10,
            here: "/password/forgot".to_owned(),
        };
        album.put(name, view);
    }
}
