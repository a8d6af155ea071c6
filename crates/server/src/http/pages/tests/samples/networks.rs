use sekisho_provider::rules::networks::{NetworksRefusal, offers};

use super::{Album, account, page};
use crate::http::pages::*;

pub(super) fn pages(album: &mut Album) {
    let locale = album.locale;
    let ip = "203.0.113.24";
    let view = |typed: &str, problem| NetworksPage {
        page: page(locale),
        account: account(Area::Security),
        ip: ip.to_owned(),
        offers: offers(ip),
        typed: typed.to_owned(),
        is_limited: !typed.is_empty(),
        recovery_codes: 9,
        problem,
        saved: false,
    };
    album.put("networks", view("", None));
    let first = NetworksPage {
        recovery_codes: 0,
        ..view("", None)
    };
    album.put("networks-first", first);
    let list = "203.0.113.0/24\n2001:db8:1::/48";
    let saved = NetworksPage {
        saved: true,
        ..view(list, None)
    };
    album.put("networks-saved", saved);
    let unreadable = NetworksRefusal::Unreadable("<b>home</b>".to_owned());
    for (name, problem) in [
        ("networks-unreadable", unreadable),
        ("networks-many", NetworksRefusal::TooMany),
        ("networks-not-here", NetworksRefusal::NotFromHere),
        ("networks-everywhere", NetworksRefusal::Everywhere),
        ("networks-no-way-out", NetworksRefusal::NoWayOut),
    ] {
        album.put_error(name, view(list, Some(problem)));
    }
}
