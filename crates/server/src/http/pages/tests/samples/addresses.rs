use sekisho_model::ProofPurpose;

use super::{Album, clock, page};
use crate::http::pages::{AddressProofPage, CodeState, Resend};

pub(super) fn pages(album: &mut Album) {
    proofs(album);
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
