use super::*;

pub(super) const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
pub(super) const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/152.0.0.0 Safari/537.36";
pub(super) const FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

pub(super) fn entry(
    kind: EventKind,
    outcome: Outcome,
    stamp: Mark,
    minutes_ago: u64,
) -> HistoryEntry {
    let at = NOW - Duration::from_mins(minutes_ago);
    let entropy = SeededEntropy::new(minutes_ago * 100 + u64::from(stamp == Mark::Asked));
    HistoryEntry {
        id: EventId::new(at, &entropy),
        kind,
        outcome,
        stamp,
        at,
        first_at: at,
        times: 1,
        device: Device::of(CHROME),
        ip: "203.0.113.24".to_owned(),
        client_id: None,
        session_id: None,
        password_known: false,
        detail: serde_json::json!({}),
    }
}

pub(super) fn this_session() -> SessionId {
    SessionId::new(NOW, &SeededEntropy::new(7))
}

pub(super) fn linux(mut row: HistoryEntry) -> HistoryEntry {
    row.device = Device::of(FIREFOX);
    row.ip = "198.51.100.77".to_owned();
    row
}

/// One row of every kind, newest first.
pub(super) fn entries() -> Vec<HistoryEntry> {
    let mut rows = vec![
        entry(EventKind::SignIn, Outcome::Passed, Mark::Passed, 3),
        entry(
            EventKind::SettingChanged,
            Outcome::Passed,
            Mark::Changed,
            40,
        ),
        entry(EventKind::SignIn, Outcome::Passed, Mark::Passed, 1171),
        linux(entry(
            EventKind::CodeAsked,
            Outcome::Passed,
            Mark::Asked,
            2124,
        )),
        linux(entry(
            EventKind::CodeTried,
            Outcome::WrongCode,
            Mark::Asked,
            2126,
        )),
        linux(entry(
            EventKind::CodeTried,
            Outcome::ExpiredCode,
            Mark::Asked,
            2127,
        )),
        linux(entry(
            EventKind::SignIn,
            Outcome::Blocked,
            Mark::Stopped,
            2127,
        )),
        linux(entry(
            EventKind::SignIn,
            Outcome::WrongPassword,
            Mark::Asked,
            2130,
        )),
        entry(EventKind::SignIn, Outcome::Disabled, Mark::Stopped, 5000),
        entry(EventKind::SignOut, Outcome::Passed, Mark::Passed, 5001),
        entry(EventKind::Consent, Outcome::Passed, Mark::Passed, 5002),
        entry(EventKind::Consent, Outcome::Denied, Mark::Asked, 5003),
        entry(EventKind::Revocation, Outcome::Passed, Mark::Passed, 5004),
        entry(
            EventKind::SettingChanged,
            Outcome::Passed,
            Mark::Changed,
            5005,
        ),
        entry(
            EventKind::UserCreated,
            Outcome::Passed,
            Mark::Passed,
            60 * 24 * 40,
        ),
    ];
    add_facts(&mut rows);
    rows
}

pub(super) fn add_facts(rows: &mut [HistoryEntry]) {
    rows[0].detail = serde_json::json!({ "amr": ["pwd", "otp"] });
    rows[0].session_id = Some(this_session());
    rows[1].detail = serde_json::json!({ "alert": "new_device" });
    rows[2].device = Device::of(IPHONE);
    rows[2].ip = "2001:db8:41::9a".to_owned();
    rows[2].detail = serde_json::json!({ "amr": ["pwd"] });
    rows[3].password_known = true;
    rows[4].password_known = true;
    rows[4].detail = serde_json::json!({ "stopped": true });
    rows[6].times = 12;
}

pub(super) fn shown(query: &str) -> ShownFilter {
    ShownFilter::read(&Parameters::decode(query.as_bytes()), ZONE)
}

pub(super) fn place(locale: Locale) -> String {
    match locale {
        Locale::Ja => "日本".to_owned(),
        Locale::En => "Japan".to_owned(),
    }
}

pub(super) fn history_view(
    locale: Locale,
    entries: &[(HistoryEntry, Option<&str>)],
    ip: &str,
) -> HistoryPage {
    let reader = Reader {
        locale,
        zone: ZONE,
        now: NOW,
        session: Some(this_session()),
        device: entries
            .first()
            .map_or(Device::Unknown, |(entry, _)| entry.device.clone()),
        ip: "203.0.113.24",
    };
    let rows = entries
        .iter()
        .map(|(entry, app)| reader.row(entry, *app, Some(place(locale))))
        .collect();
    HistoryPage {
        page: own_page(locale, "/account/history"),
        account: account(Area::History),
        zone: sekisho_mail::when::zone_words(NOW, ZONE, locale),
        filter: shown(&format!("period=30&result=all&ip={ip}")),
        apps: vec![("9f2c77aa".to_owned(), app(locale).name().to_owned())],
        days: reader.days(rows),
        older: None,
    }
}

pub(super) fn history_pages(album: &mut Album) {
    let locale = album.locale;
    let app = app(locale);
    let rows: Vec<(HistoryEntry, Option<&str>)> = entries()
        .into_iter()
        .map(|entry| (entry, Some(app.name())))
        .collect();
    let mut full = history_view(locale, &rows, "");
    let last = rows.last().map(|(entry, _)| (entry.at, entry.id));
    full.older = last.map(|before| full.filter.older(before));
    album.put("history", full);
    album.put("history-empty", history_view(locale, &[], "203.0.113.5"));
    album.put_error("history-ip", history_view(locale, &[], "203.0.113"));
    let mut not_yet = history_view(locale, &[], "203.0.113.0/24");
    not_yet.older = last.map(|before| not_yet.filter.older(before));
    album.put("history-not-yet", not_yet);
    for (name, query) in [
        ("history-order", "from=2026-11-22&to=2026-11-21"),
        ("history-from", "from=11/22&app=9f2c77aa"),
        ("history-to", "to=22"),
    ] {
        let filter = shown(query);
        let view = history_view(locale, &[], "");
        album.put_error(name, HistoryPage { filter, ..view });
    }
}
