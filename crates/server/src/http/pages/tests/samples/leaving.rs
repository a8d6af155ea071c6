use super::*;

/// The pages about taking data along and leaving.
pub(super) fn pages(album: &mut Album) {
    let locale = album.locale;
    album.put(
        "data",
        DataPage {
            page: page(locale),
            account: account(Area::Data),
            delay_days: 30,
        },
    );
    let delete = |mistyped| DeletePage {
        page: page(locale),
        account: account(Area::Data),
        delay_days: 30,
        mistyped,
    };
    album.put("delete", delete(false));
    album.put_error("delete-mistyped", delete(true));
    album.put(
        "keep",
        KeepPage {
            page: page(locale),
            until: clock(locale, 0),
            sign_out_csrf: "x".to_owned(),
        },
    );
    let left = |until: Option<&str>| LeftPage {
        page: page(locale),
        until: until.map(str::to_owned),
    };
    album.put("left", left(Some("2026-12-23")));
    album.put("left-bare", left(None));
}
