use std::time::Duration;

use sekisho_model::Locale;

use super::addresses::mailed_link;
use super::{Album, NOW, ZONE, account, app, clock, page};
use crate::http::pages::*;

const QUESTION: &str = r#"{"publicKey":{"challenge":"AAAA","rpId":"id.example"}}"#;

pub(super) fn pages(album: &mut Album) {
    overview(album);
    additions(album);
    at_sign_in(album);
    losses(album);
}

fn item(locale: Locale, name: &str, used: bool) -> FactorItem {
    let at = |hours| Moment::date_time(NOW - Duration::from_hours(hours), ZONE, locale);
    FactorItem {
        id: "0199".to_owned(),
        name: name.to_owned(),
        made: at(900),
        used: used.then(|| at(2)),
        is_synced: (!name.is_empty()).then_some(used),
    }
}

fn view(locale: Locale, second_step: SecondStep) -> SecondStepsPage {
    SecondStepsPage {
        page: page(locale),
        account: account(Area::Security),
        second_step,
        required: None,
        can_be_on: true,
        min: 15,
        app: None,
        passkeys: Vec::new(),
        offers_passkeys: true,
        loss: None,
        news: None,
    }
}

const fn long_name(locale: Locale) -> &'static str {
    match locale {
        Locale::Ja => "三浦晴香のとても長い名前のついた仕事用の鍵",
        Locale::En => "The key for work with a very long name by Haruka Miura",
    }
}

fn overview(album: &mut Album) {
    let locale = album.locale;
    album.put("second-steps", view(locale, SecondStep::On));
    let renaming = |news| SecondStepsPage {
        passkeys: vec![item(locale, "Phone", false)],
        news: Some(news),
        ..view(locale, SecondStep::On)
    };
    album.put("second-steps-renamed", renaming(SecondStepNews::Renamed));
    let unnamed = SecondStepNews::NameMissing("0199".to_owned());
    album.put_error("second-steps-unnamed", renaming(unnamed));
    album.put(
        "second-steps-full",
        SecondStepsPage {
            app: Some(item(locale, "", true)),
            passkeys: vec![
                item(locale, long_name(locale), true),
                item(locale, "Phone", false),
            ],
            loss: Some(clock(locale, 900)),
            news: Some(SecondStepNews::PasskeyAdded),
            ..view(locale, SecondStep::On)
        },
    );
    album.put(
        "second-steps-off",
        SecondStepsPage {
            news: Some(SecondStepNews::Off),
            ..view(locale, SecondStep::Off)
        },
    );
    album.put(
        "second-steps-no-way",
        SecondStepsPage {
            can_be_on: false,
            offers_passkeys: false,
            ..view(locale, SecondStep::Off)
        },
    );
    let required = view(locale, SecondStep::Required);
    let reason = required.page.t("second-step-required-hint");
    album.put_error(
        "second-steps-required",
        SecondStepsPage {
            required: Some(reason),
            news: Some(SecondStepNews::Required),
            ..required
        },
    );
    done(album);
}

fn done(album: &mut Album) {
    let locale = album.locale;
    for (name, news) in [
        ("on", SecondStepNews::On),
        ("app", SecondStepNews::AppAdded),
        ("removed", SecondStepNews::Removed),
        ("kept", SecondStepNews::Kept),
    ] {
        let news = Some(news);
        let shown = view(locale, SecondStep::On);
        album.put(
            format!("second-steps-done-{name}"),
            SecondStepsPage { news, ..shown },
        );
    }
    for (name, news) in [
        ("missing", SecondStepNews::PasswordMissing),
        ("wrong", SecondStepNews::PasswordWrong),
        ("short", SecondStepNews::PasswordShort),
        ("wait", SecondStepNews::Wait(clock(locale, 900))),
        ("nothing", SecondStepNews::NoWay),
    ] {
        let news = Some(news);
        let shown = view(locale, SecondStep::On);
        album.put_error(
            format!("second-steps-{name}"),
            SecondStepsPage { news, ..shown },
        );
    }
}

fn additions(album: &mut Album) {
    let locale = album.locale;
    let app = |problem| {
        AddAppPage {
        page: page(locale),
        account: account(Area::Security),
        secret: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".to_owned(),
        address: "otpauth://totp/Sekisho:haruka.m%40example.jp?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sekisho".to_owned(),
        problem,
    }
    };
    album.put("add-app", app(None));
    album.put("add-app-late", app(Some(FirstCodeProblem::Late)));
    for (name, problem) in [
        ("shape", FirstCodeProblem::Shape),
        ("wrong", FirstCodeProblem::Wrong),
    ] {
        album.put_error(format!("add-app-{name}"), app(Some(problem)));
    }
    let wait = FirstCodeProblem::Wait(clock(locale, 900));
    album.put("add-app-wait", app(Some(wait)));
    let passkey = |problem| AddPasskeyPage {
        page: page(locale),
        account: account(Area::Security),
        options: QUESTION.to_owned(),
        name: "Phone".to_owned(),
        problem,
    };
    album.put("add-passkey", passkey(None));
    album.put_error("add-passkey-name", passkey(Some(PasskeyProblem::Name)));
    for (name, problem) in [
        ("refused", PasskeyProblem::Refused),
        ("already", PasskeyProblem::Already),
    ] {
        album.put(format!("add-passkey-{name}"), passkey(Some(problem)));
    }
}

fn at_sign_in(album: &mut Album) {
    let locale = album.locale;
    let view = |by_app, passkey: bool, problem| StrongerStepPage {
        page: page(locale),
        app: Some(app(locale)),
        by_app,
        question: passkey.then(|| QUESTION.to_owned()),
        trust_days: Some(30),
        problem,
        restart: "/login?flow=0123".to_owned(),
    };
    album.put("stronger-both", view(true, true, None));
    album.put("stronger-app", view(true, false, None));
    album.put("stronger-passkey", view(false, true, None));
    let none = view(false, false, None);
    album.put(
        "stronger-unavailable",
        StrongerStepPage {
            app: None,
            trust_days: None,
            ..none
        },
    );
    for (name, problem) in [
        ("shape", StrongerProblem::Shape),
        ("wrong", StrongerProblem::WrongCode(3)),
        ("last", StrongerProblem::WrongCode(1)),
        ("refused", StrongerProblem::WrongPasskey(1)),
        ("wait", StrongerProblem::Wait(clock(locale, 900))),
        ("down", StrongerProblem::Unavailable),
    ] {
        album.put_error(format!("stronger-{name}"), view(true, true, Some(problem)));
    }
}

fn losses(album: &mut Album) {
    let locale = album.locale;
    for (name, state) in [
        ("ask", LostState::Asked),
        ("waits", LostState::Waits(clock(locale, 900))),
        ("no-address", LostState::NoAddress),
    ] {
        let view = LostFactorPage {
            page: page(locale),
            app: Some(app(locale)),
            back: "/login/code?flow=0123".to_owned(),
            state,
        };
        album.put(format!("lost-{name}"), view);
    }
    let view = |state| mailed_link(locale, LinkUse::KeepFactor, state);
    album.put("keep-factor", view(LinkState::Asked));
    album.put("keep-factor-done", view(LinkState::Done));
    album.put_error("keep-factor-over", view(LinkState::Over));
}
