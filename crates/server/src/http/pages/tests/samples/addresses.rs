use sekisho_model::{AddressKind, Locale, ProofPurpose};
use sekisho_provider::rules::address_change::AddressRefusal;
use sekisho_provider::rules::code_address::Reason;

use super::{Album, account, app, clock, page};
use crate::http::pages::*;

pub(super) fn pages(album: &mut Album) {
    proofs(album);
    changes(album);
    undos(album);
    set_ups(album);
    keeps(album);
}

fn changes(album: &mut Album) {
    let locale = album.locale;
    let view = |kind, problem| ChangeAddressPage {
        page: page(locale),
        account: account(Area::Security),
        kind,
        present: Some("haruka.m@example.jp".to_owned()),
        typed: String::new(),
        problem,
    };
    album.put("change-login-address", view(AddressKind::Login, None));
    album.put(
        "set-code-address",
        ChangeAddressPage {
            present: None,
            ..view(AddressKind::Code, None)
        },
    );
    for (name, problem) in [
        ("empty", AddressProblem::Empty),
        ("shape", AddressProblem::Shape),
        ("present", AddressProblem::Refused(AddressRefusal::Present)),
        (
            "login",
            AddressProblem::Refused(AddressRefusal::SameAsLogin),
        ),
        ("code", AddressProblem::Refused(AddressRefusal::SameAsCode)),
        ("gate", AddressProblem::Refused(AddressRefusal::BehindGate)),
        (
            "mailbox",
            AddressProblem::Refused(AddressRefusal::NoMailbox),
        ),
        ("wait", AddressProblem::NoMoreCodes(clock(locale, 900))),
        ("held", AddressProblem::Held(clock(locale, 900))),
        ("late", AddressProblem::Late),
    ] {
        let name = format!("change-address-{name}");
        album.put_error(name, view(AddressKind::Code, Some(problem)));
    }
}

fn set_ups(album: &mut Album) {
    let locale = album.locale;
    let view = |reason, is_due, state| SetUpPage {
        page: page(locale),
        app: Some(app(locale)),
        reason,
        is_due,
        login: "haruka.m@example.jp".to_owned(),
        here: "/login/code-address/0123".to_owned(),
        back: "/login/code?flow=0123".to_owned(),
        typed: String::new(),
        state,
    };
    let lost = |state| view(Reason::Lost, false, state);
    album.put("set-up-lost", lost(SetUpState::Mailbox(None)));
    album.put("set-up-waits", lost(SetUpState::Waits(clock(locale, 900))));
    let due = |state| view(Reason::Lost, true, state);
    album.put("set-up-due", due(SetUpState::Mailbox(None)));
    album.put("set-up-new", due(SetUpState::NewAddress(None)));
    let first = |state| view(Reason::Missing, false, state);
    album.put("set-up-first", first(SetUpState::Mailbox(None)));
    let href = "/login?flow=0123".to_owned();
    album.put("set-up-done", first(SetUpState::Done(href)));
    let later = || clock(locale, 900);
    album.put_error("set-up-no-more", lost(SetUpState::Mailbox(Some(later()))));
    album.put_error("set-up-held", lost(SetUpState::Held(later())));
    album.put_error("set-up-closed", lost(SetUpState::Closed));
    for (name, problem) in [
        ("empty", AddressProblem::Empty),
        ("shape", AddressProblem::Shape),
        ("present", AddressProblem::Refused(AddressRefusal::Present)),
        (
            "login",
            AddressProblem::Refused(AddressRefusal::SameAsLogin),
        ),
        ("gate", AddressProblem::Refused(AddressRefusal::BehindGate)),
        ("wait", AddressProblem::NoMoreCodes(later())),
    ] {
        let state = SetUpState::NewAddress(Some(problem));
        album.put_error(format!("set-up-new-{name}"), due(state));
    }
}

pub(super) fn mailed_link(locale: Locale, link: LinkUse, state: LinkState) -> MailedLinkPage {
    MailedLinkPage {
        page: page(locale),
        token: "0123".to_owned(),
        link,
        state,
    }
}

fn keeps(album: &mut Album) {
    let locale = album.locale;
    let view = |state| mailed_link(locale, LinkUse::KeepAddress, state);
    album.put("keep-address", view(LinkState::Asked));
    album.put("keep-address-done", view(LinkState::Done));
    album.put_error("keep-address-over", view(LinkState::Over));
}

fn undos(album: &mut Album) {
    let locale = album.locale;
    let view = |state| mailed_link(locale, LinkUse::UndoAddress, state);
    let former = Some("h•••@e•••.jp".to_owned());
    for (name, state) in [
        (
            "undo-login",
            LinkState::AskedBack(AddressKind::Login, former),
        ),
        ("undo-code", LinkState::AskedBack(AddressKind::Code, None)),
        ("undo-done", LinkState::Done),
    ] {
        album.put(name, view(state));
    }
    album.put_error("undo-used", view(LinkState::Used));
    album.put_error("undo-over", view(LinkState::Over));
}

fn proofs(album: &mut Album) {
    let locale = album.locale;
    let view = |purpose, state| AddressProofPage {
        page: page(locale),
        purpose,
        here: "/account/security/code-address/confirm".to_owned(),
        address: "haruka@mobile.example".to_owned(),
        tally: sekisho_mail::tally::words(0, 47, locale),
        sent: clock(locale, 0),
        until: clock(locale, 600),
        minutes: 10,
        digits: 8,
        sender: "no-reply@id.sekisho.example".to_owned(),
        resend: Resend::From(42, clock(locale, 60)),
        typed: String::new(),
        state,
        restart: "/account/security/code-address".to_owned(),
    };
    for purpose in ProofPurpose::ALL {
        let name = format!("proof-{}", purpose.name());
        album.put(name, view(purpose, CodeState::Fresh));
    }
    let here = |state| view(ProofPurpose::CodeAddress, state);
    for (name, state) in [
        ("proof-resent", CodeState::Resent),
        ("proof-wait", CodeState::Wait(clock(locale, 60))),
        (
            "proof-sends-out",
            CodeState::NoMoreCodes(clock(locale, 900)),
        ),
        ("proof-exhausted", CodeState::Exhausted),
        ("proof-expired-resent", CodeState::ExpiredAndResent),
    ] {
        album.put(name, here(state));
    }
    for (name, state) in [
        ("proof-empty", CodeState::Empty),
        ("proof-length", CodeState::WrongLength(7)),
        ("proof-wrong", CodeState::Wrong(3)),
        ("proof-wrong-last", CodeState::Wrong(1)),
        ("proof-earlier", CodeState::Earlier),
        ("proof-expired", CodeState::Expired),
        ("proof-stopped", CodeState::Stopped(None)),
        ("proof-unavailable", CodeState::Unavailable),
    ] {
        album.put_error(name, here(state));
    }
}

/// Everything the security page can say about addresses.
pub(super) fn news(locale: Locale) -> AddressNews {
    AddressNews {
        login_waits: true,
        code_waits: true,
        undo: vec![
            (AddressKind::Login, clock(locale, 900)),
            (AddressKind::Code, clock(locale, 900)),
        ],
        changed: Some(AddressKind::Code),
    }
}
