use super::*;

pub(super) fn letter_row(locale: Locale, code: Option<&str>, id: &str) -> LetterRow {
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

pub(super) fn letter_view(locale: Locale) -> LetterPage {
    LetterPage {
        page: page(locale),
        letter: letter_row(locale, Some("48291536"), "0199"),
        from: "Sekisho <no-reply@id.sekisho.example>".to_owned(),
        text: "48291536\n\n203.0.113.24\n".to_owned(),
        headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
    }
}

pub(super) fn dev_pages(album: &mut Album) {
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

pub(super) fn playground_pages(album: &mut Album) {
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
