use super::*;

pub(super) fn password_pages(album: &mut Album) {
    use sekisho_provider::rules::password_policy::PasswordRefusal as Refusal;
    let locale = album.locale;
    let forgot = |state| ForgotPage {
        page: page(locale),
        email: "haruka.m@example.jp".to_owned(),
        minutes: 30,
        way: MailedWay::NewPassword,
        state,
    };
    let by_mail = |state| ForgotPage {
        way: MailedWay::LetIn,
        ..forgot(state)
    };
    album.put("let-in", by_mail(ForgotState::Fresh));
    album.put("let-in-asked", by_mail(ForgotState::Asked));
    album.put_error("let-in-empty", by_mail(ForgotState::Empty));
    let here = LetInPage {
        page: page(locale),
        token: "sample".to_owned(),
    };
    album.put("let-in-here", here);
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

pub(super) fn change_pages(album: &mut Album) {
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
    let of = |way, said| ResetSaidPage {
        page: page(locale),
        said,
        way,
    };
    let said = |said| of(MailedWay::NewPassword, said);
    album.put_error("let-in-used", of(MailedWay::LetIn, ResetSaid::Used));
    album.put_error("let-in-over", of(MailedWay::LetIn, ResetSaid::Over));
    album.put("reset-done", said(ResetSaid::Done));
    album.put("reset-waiting", said(ResetSaid::Waiting(clock(locale, 60))));
    album.put_error("reset-used", said(ResetSaid::Used));
    album.put_error("reset-over", said(ResetSaid::Over));
}

pub(super) fn recovery_pages(album: &mut Album) {
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
    recovered_pages(album);
    recovery_codes_pages(album);
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
    for (name, place, outlived) in [
        ("queue", Some((1_234, 2)), None),
        ("queue-outlives", Some((98_765, 165)), Some(60)),
        ("queue-full", None, None),
    ] {
        let view = QueuePage {
            page: page(locale),
            place,
            outlived,
            seconds: 10,
            here: "/password/forgot".to_owned(),
        };
        album.put(name, view);
    }
}

fn recovered_pages(album: &mut Album) {
    let locale = album.locale;
    let used = |left, code_address: Option<&str>, held_until| RecoveredPage {
        page: page(locale),
        app: Some(app(locale)),
        left,
        code_address: code_address.map(str::to_owned),
        held_until,
    };
    let address = Some("haruka@mobile.example");
    let held = Some(Moment::date_time(NOW, ZONE, locale));
    album.put("recovery-used", used(9, address, held));
    album.put("recovery-used-last", used(0, address, None));
    album.put(
        "recovery-used-no-address",
        RecoveredPage {
            app: None,
            ..used(1, None, None)
        },
    );
}

fn recovery_codes_pages(album: &mut Album) {
    let locale = album.locale;
    let codes = |left, made, codes| RecoveryCodesPage {
        page: page(locale),
        account: account(Area::Security),
        left,
        made,
        codes,
        replaces: String::new(),
        already: false,
    };
    album.put("recovery-codes-none", codes(0, None, Vec::new()));
    let made = Some(Moment::date_time(NOW, ZONE, locale));
    album.put("recovery-codes", codes(9, made.clone(), Vec::new()));
    let already = RecoveryCodesPage {
        already: true,
        ..codes(10, made.clone(), Vec::new())
    };
    album.put("recovery-codes-already", already);
    let shown = (0..10).map(|n| format!("0410-6105-0R3G-G28{n}")).collect();
    album.put("recovery-codes-new", codes(10, made, shown));
}
