use super::*;

pub(super) fn overview_view(locale: Locale) -> OverviewPage {
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
            place: Some(place(locale)),
        }),
        unexplained: None,
        recovery_codes: 9,
        devices: 3,
        apps: 2,
        saved: false,
    }
}

/// What account pages carry: the language switch saves the choice there.
pub(super) fn own_page(locale: Locale, path: &str) -> Page {
    Page {
        path: path.to_owned(),
        language_csrf: Some(".sample".to_owned()),
        ..page(locale)
    }
}

pub(super) fn overview_pages(album: &mut Album) {
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

pub(super) fn refused_overview(album: &mut Album) {
    let locale = album.locale;
    album.put(
        "overview-refused",
        OverviewPage {
            code_refused: Some(Moment::date_time(NOW, ZONE, locale)),
            ..overview_view(locale)
        },
    );
}

pub(super) fn account_pages(album: &mut Album) {
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
