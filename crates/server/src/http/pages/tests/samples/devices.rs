//! Samples of the pages about devices and connected apps.

use sekisho_model::Locale;

use super::{Album, HOSTILE, NOW, ZONE, account, app, page, place};
use crate::http::pages::*;

pub(super) fn pages(album: &mut Album) {
    let locale = album.locale;
    album.put("devices", devices(locale));
    album.put(
        "devices-alone",
        DevicesPage {
            sessions: vec![session(locale, true)],
            trusted: Vec::new(),
            done: Some(EndedNotice::Others),
            ..devices(locale)
        },
    );
    album.put("devices-others", OtherDevicesPage::of(devices(locale)));
    album.put("apps", apps(locale, vec![connected(app(locale), locale)]));
    album.put(
        "apps-empty",
        ConnectedAppsPage {
            removed: true,
            ..apps(locale, Vec::new())
        },
    );
    let asked = disconnect(connected(app(locale), locale), locale);
    album.put("apps-remove", asked);
    not_me(album);
}

pub(super) fn hostile(album: &mut Album) {
    let locale = album.locale;
    let evil = ConnectedAppView {
        id: HOSTILE.replace('\u{202e}', ""),
        claims: vec![HOSTILE.to_owned()],
        scopes: vec![ScopeItem {
            scope: "<script>".to_owned(),
            values: Vec::new(),
        }],
        ..connected(App::new(HOSTILE, HOSTILE), locale)
    };
    album.put("apps", apps(locale, vec![evil.clone()]));
    album.put("apps-remove", disconnect(evil, locale));
}

fn not_me(album: &mut Album) {
    let locale = album.locale;
    let seen = SeenEvent {
        at: Moment::exact(NOW, ZONE, locale),
        device: session(locale, false).device,
        ip: "198.51.100.77".to_owned(),
        app: Some(app(locale).name().to_owned()),
    };
    let samples = [
        ("not-me", Some(seen.clone()), false),
        ("not-me-locks", Some(seen), true),
        ("not-me-forgotten", None, false),
    ];
    for (name, seen, locks) in samples {
        let view = NotMePage {
            page: page(locale),
            action: "/not-me/0123".to_owned(),
            seen,
            change: false,
            locks,
        };
        album.put(name, view);
    }
    let said = |stopped| NotMeSaidPage {
        page: page(locale),
        stopped,
    };
    album.put("not-me-done", said(true));
    album.put_error("not-me-over", said(false));
}

fn session(locale: Locale, here: bool) -> SessionView {
    SessionView {
        id: format!("0199a1b2-0000-7000-8000-00000000000{}", u8::from(here)),
        device: match locale {
            Locale::Ja => "Windows の Chrome".to_owned(),
            Locale::En => "Chrome on Windows".to_owned(),
        },
        began: Moment::date_time(NOW, ZONE, locale),
        seen: Moment::date_time(NOW, ZONE, locale),
        ago: sekisho_mail::when::ago(NOW, NOW, locale).unwrap(),
        ip: "203.0.113.24".to_owned(),
        place: Some(place(locale)),
        apps: vec![app(locale).name().to_owned()],
        here,
    }
}

fn devices(locale: Locale) -> DevicesPage {
    let moment = || Moment::date_time(NOW, ZONE, locale);
    let trusted = |here| TrustedView {
        id: format!("0199a1b2-0000-7000-8000-0000000000a{}", u8::from(here)),
        device: session(locale, here).device,
        since: moment(),
        seen: moment(),
        until: Some(moment()),
        here,
    };
    DevicesPage {
        page: page(locale),
        account: account(Area::Devices),
        zone: sekisho_mail::when::zone_words(NOW, ZONE, locale),
        sessions: vec![session(locale, true), session(locale, false)],
        trusted: vec![trusted(true), trusted(false)],
        lag_minutes: 5,
        done: None,
    }
}

fn connected(app: App, locale: Locale) -> ConnectedAppView {
    let item = |scope: &str| ScopeItem {
        scope: scope.to_owned(),
        values: Vec::new(),
    };
    ConnectedAppView {
        id: "https://app.example/client?x=1".to_owned(),
        app,
        scopes: vec![
            item("openid"),
            item("offline_access"),
            item("invoices:read"),
        ],
        claims: vec!["birthdate".to_owned()],
        since: Moment::date_time(NOW, ZONE, locale),
        used: Some(Moment::date_time(NOW, ZONE, locale)),
        offline: true,
        vouched: match locale {
            Locale::Ja => Vouched::Publisher("青空ソフト株式会社".to_owned()),
            Locale::En => Vouched::Nobody,
        },
    }
}

fn apps(locale: Locale, apps: Vec<ConnectedAppView>) -> ConnectedAppsPage {
    ConnectedAppsPage {
        page: page(locale),
        account: account(Area::Apps),
        zone: sekisho_mail::when::zone_words(NOW, ZONE, locale),
        apps,
        removed: false,
        lag_minutes: 5,
    }
}

fn disconnect(connected: ConnectedAppView, locale: Locale) -> DisconnectPage {
    DisconnectPage {
        page: page(locale),
        account: account(Area::Apps),
        connected,
        lag_minutes: 1,
    }
}
