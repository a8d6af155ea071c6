use super::*;

pub(super) fn sign_in_view(locale: Locale, problem: Option<SignInProblem>) -> SignInPage {
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
pub(super) fn known_view(locale: Locale, problem: Option<SignInProblem>) -> SignInPage {
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

pub(super) fn sign_in_pages(album: &mut Album) {
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
        ("void", SignInProblem::ChangeByMail),
        ("blocked", SignInProblem::Blocked(reference())),
        (
            "no-more-codes",
            SignInProblem::NoMoreCodes(clock(locale, 900)),
        ),
        ("stopped", SignInProblem::AccountStopped(reference())),
        ("unavailable", SignInProblem::Unavailable),
    ] {
        album.put_error(format!("login-{name}"), sign_in_view(locale, Some(problem)));
    }
}

pub(super) fn code_view(locale: Locale, state: CodeState) -> CodePage {
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

pub(super) fn code_pages(album: &mut Album) {
    let locale = album.locale;
    let view = |state| code_view(locale, state);
    album.put("code", view(CodeState::Fresh));
    album.put(
        "code-six",
        CodePage {
            digits: 6,
            trust_days: None,
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

pub(super) fn code_error_pages(album: &mut Album) {
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
