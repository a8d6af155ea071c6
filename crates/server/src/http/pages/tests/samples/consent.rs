use super::*;

pub(super) fn item(scope: &str, values: &[&str]) -> ScopeItem {
    ScopeItem {
        scope: scope.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

pub(super) fn consent_view(locale: Locale) -> ConsentPage {
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

pub(super) fn consent_pages(album: &mut Album) {
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
