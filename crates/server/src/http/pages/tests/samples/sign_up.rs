use sekisho_model::Locale;
use sekisho_provider::rules::address_change::AddressRefusal;
use sekisho_provider::rules::password_policy::PasswordRefusal;
use sekisho_provider::rules::sign_up::{NameRefusal, SignUpRefusal};

use super::{Album, HOSTILE, app, clock, page};
use crate::http::pages::*;

const ADDRESS: &str = "haruka.m@example.jp";

pub(super) fn pages(album: &mut Album) {
    address(album);
    details(album);
    code_address(album);
    ends(album);
}

pub(super) fn hostile(album: &mut Album) {
    let locale = album.locale;
    let typed = HOSTILE.replace('\u{202e}', "");
    album.put(
        "register",
        SignUpPage {
            app: Some(App::new(HOSTILE, HOSTILE)),
            email: typed.clone(),
            invitation: typed.clone(),
            ..first(locale, None)
        },
    );
    let name = DetailsProblem::Name(NameRefusal::Character);
    album.put(
        "register-details",
        SignUpDetailsPage {
            name: typed.clone(),
            ..second(locale, Some(name))
        },
    );
    album.put(
        "register-code-address",
        FirstCodeAddressPage {
            typed,
            ..third(locale, Some(AddressProblem::Shape))
        },
    );
}

fn first(locale: Locale, problem: Option<SignUpProblem>) -> SignUpPage {
    SignUpPage {
        page: page(locale),
        app: None,
        email: String::new(),
        invitation: String::new(),
        flow: String::new(),
        problem,
    }
}

fn address(album: &mut Album) {
    let locale = album.locale;
    album.put("register", first(locale, None));
    album.put(
        "register-app",
        SignUpPage {
            app: Some(app(locale)),
            invitation: "0123".to_owned(),
            flow: "0123".to_owned(),
            ..first(locale, None)
        },
    );
    for (name, problem) in [
        ("empty", SignUpProblem::Empty),
        ("shape", SignUpProblem::Shape),
        ("elsewhere", SignUpProblem::Elsewhere),
        ("wait", SignUpProblem::NoMoreCodes(clock(locale, 900))),
    ] {
        album.put_error(format!("register-{name}"), first(locale, Some(problem)));
    }
}

fn second(locale: Locale, problem: Option<DetailsProblem>) -> SignUpDetailsPage {
    SignUpDetailsPage {
        page: page(locale),
        email: ADDRESS.to_owned(),
        name: String::new(),
        min: 8,
        problem,
    }
}

fn details(album: &mut Album) {
    let locale = album.locale;
    album.put("register-details", second(locale, None));
    let weak = vec![PasswordRefusal::Context, PasswordRefusal::Weak];
    for (name, problem) in [
        ("empty", DetailsProblem::Password(PasswordProblem::Empty)),
        (
            "weak",
            DetailsProblem::Password(PasswordProblem::Refused(weak)),
        ),
        ("long-name", DetailsProblem::Name(NameRefusal::Long)),
        ("hidden-name", DetailsProblem::Name(NameRefusal::Character)),
        ("wait", DetailsProblem::Wait(clock(locale, 900))),
    ] {
        let name = format!("register-details-{name}");
        album.put_error(name, second(locale, Some(problem)));
    }
}

fn third(locale: Locale, problem: Option<AddressProblem>) -> FirstCodeAddressPage {
    FirstCodeAddressPage {
        page: page(locale),
        login: ADDRESS.to_owned(),
        may_wait: true,
        typed: String::new(),
        problem,
    }
}

fn code_address(album: &mut Album) {
    let locale = album.locale;
    album.put("register-code-address", third(locale, None));
    album.put(
        "register-code-address-now",
        FirstCodeAddressPage {
            may_wait: false,
            ..third(locale, None)
        },
    );
    let refused = AddressProblem::Refused;
    for (name, problem) in [
        ("empty", AddressProblem::Empty),
        ("same", refused(AddressRefusal::SameAsLogin)),
        ("gate", refused(AddressRefusal::BehindGate)),
        ("wait", AddressProblem::NoMoreCodes(clock(locale, 900))),
    ] {
        let name = format!("register-code-address-{name}");
        album.put_error(name, third(locale, Some(problem)));
    }
}

fn ends(album: &mut Album) {
    let locale = album.locale;
    let done = |app, goes_on| SignUpDonePage {
        page: page(locale),
        app,
        email: ADDRESS.to_owned(),
        codes: ["k7wm-3qzd-9hxt", "p2vn-8rbc-5yjf"]
            .map(str::to_owned)
            .to_vec(),
        goes_on,
    };
    album.put("register-done", done(None, false));
    album.put("register-done-app", done(Some(app(locale)), true));
    let said = |said| SignUpSaidPage {
        page: page(locale),
        said,
        flow: "0123".to_owned(),
    };
    for (name, refusal) in [
        ("closed", SignUpRefusal::Closed),
        ("invitation-needed", SignUpRefusal::InvitationNeeded),
        ("invitation-over", SignUpRefusal::InvitationOver),
        ("invitation-elsewhere", SignUpRefusal::InvitationElsewhere),
    ] {
        let name = format!("register-{name}");
        album.put_error(name, said(SignUpSaid::Refused(refusal)));
    }
    album.put_error("register-taken", said(SignUpSaid::Taken));
}
