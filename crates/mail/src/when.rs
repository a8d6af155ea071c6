//! Dates and times in words, in the zone of the person who reads them.

use std::time::Duration;

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveTime, Offset as _, SecondsFormat, TimeZone as _,
};
use chrono_tz::{OffsetName as _, Tz};
use sekisho_model::{Locale, Timestamp};

use crate::words::Words;

const DAY: u64 = 24 * 60 * 60;

/// Whether `name` is a time zone we know (IANA name).
pub fn is_zone(name: &str) -> bool {
    name.parse::<Tz>().is_ok()
}

/// The zones people choose from: a region and a place each, and UTC; in the order of their names.
pub fn zones() -> impl Iterator<Item = &'static str> {
    const REGIONS: [&str; 10] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ];
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    names.filter(|name| {
        let region = name.split_once('/').map(|(region, _)| region);
        *name == "UTC" || region.is_some_and(|region| REGIONS.contains(&region))
    })
}

/// Date and minute: `2026年11月22日（日）14:33`, `22 Nov 2026, 14:33`.
pub fn date_time(at: Timestamp, zone: &str, locale: Locale) -> String {
    match locale {
        Locale::Ja => format!("{}{}", day(at, zone, locale), clock(at, zone)),
        Locale::En => format!("{}, {}", day(at, zone, locale), clock(at, zone)),
    }
}

/// Date, minute and zone: `2026年11月22日（日）14:33（日本時間、UTC+9）`, `22 Nov 2026, 14:33 JST (UTC+9)`.
pub fn date_time_zone(at: Timestamp, zone: &str, locale: Locale) -> String {
    let (moment, name) = (date_time(at, zone, locale), zone_name(at, zone, locale));
    let offset = utc_offset(at, zone);
    match locale {
        Locale::Ja => format!("{moment}（{name}、{offset}）"),
        Locale::En => format!("{moment} {name} ({offset})"),
    }
}

/// The day: `2026年11月22日（日）`, `22 Nov 2026`.
pub fn day(at: Timestamp, zone: &str, locale: Locale) -> String {
    let local = local(at, zone);
    match locale {
        Locale::Ja => {
            let weekday = ["月", "火", "水", "木", "金", "土", "日"]
                .get(usize::try_from(local.weekday().num_days_from_monday()).unwrap_or_default())
                .copied()
                .unwrap_or_default();
            format!("{}（{weekday}）", local.format("%Y年%-m月%-d日"))
        }
        Locale::En => local.format("%-d %b %Y").to_string(),
    }
}

/// The minute: `14:33`.
pub fn clock(at: Timestamp, zone: &str) -> String {
    local(at, zone).format("%H:%M").to_string()
}

/// The zone alone: `日本時間`, `JST`.
pub fn zone_name(at: Timestamp, zone: &str, locale: Locale) -> String {
    let local = local(at, zone);
    let tz = local.timezone();
    let short = local.offset().abbreviation().unwrap_or_default();
    match (locale, tz) {
        (Locale::Ja, Tz::Asia__Tokyo | Tz::Japan) => "日本時間".to_owned(),
        (Locale::Ja, Tz::UTC | Tz::Etc__UTC) => "協定世界時".to_owned(),
        (Locale::En, _) if short.starts_with(|c: char| c.is_ascii_alphabetic()) => short.to_owned(),
        _ => tz.name().replace('_', " "),
    }
}

/// The zone for a page or a table caption: `日本時間（UTC+9）`, `JST (UTC+9)`.
pub fn zone_words(at: Timestamp, zone: &str, locale: Locale) -> String {
    let (name, offset) = (zone_name(at, zone, locale), utc_offset(at, zone));
    match locale {
        Locale::Ja => format!("{name}（{offset}）"),
        Locale::En => format!("{name} ({offset})"),
    }
}

/// How long ago, in words: `3分前`, `3 min ago`. Nothing after 30 days, or for the future.
pub fn ago(at: Timestamp, now: Timestamp, locale: Locale) -> Option<String> {
    if at > now {
        return None;
    }
    let seconds = now.since(at).as_secs();
    let (key, count) = match seconds {
        0..60 => ("ago-now", 0),
        60..3600 => ("ago-minutes", seconds / 60),
        3600..DAY => ("ago-hours", seconds / 3600),
        _ => ("ago-days", seconds / DAY),
    };
    if seconds > 30 * DAY {
        return None;
    }
    Words::of(locale).number("count", count).say(key).ok()
}

/// A length of time in whole minutes: `10分`, `10 minutes`.
pub fn minutes(length: Duration, locale: Locale) -> String {
    let words = Words::of(locale).number("count", length.as_secs().div_ceil(60));
    words.say("length-minutes").unwrap_or_default()
}

/// With offset and seconds, for `<time datetime>` and exports (RFC 3339).
pub fn rfc3339(at: Timestamp, zone: &str) -> String {
    local(at, zone).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A moment with offset (RFC 3339), or a date: its first moment in UTC.
pub fn parse(text: &str) -> Option<Timestamp> {
    let micros = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(date) => date.and_time(NaiveTime::MIN).and_utc().timestamp_micros(),
        Err(_no_date) => DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros(),
    };
    Some(Timestamp::from_micros(micros))
}

/// The moment a day (`2026-11-22`) begins in a zone; with `days_on`, that of so many days later.
pub fn day_begins(date: &str, days_on: u64, zone: &str) -> Option<Timestamp> {
    let tz: Tz = zone.parse().unwrap_or(Tz::Asia__Tokyo);
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let day = day.checked_add_days(chrono::Days::new(days_on))?;
    if !(1970..=9998).contains(&day.year()) {
        return None;
    }
    // Where clocks jump at midnight, the day begins an hour later.
    let midnight = day.and_time(NaiveTime::MIN);
    let first = tz.from_local_datetime(&midnight).earliest();
    let first = first.or_else(|| {
        let later = midnight.checked_add_signed(chrono::TimeDelta::hours(1))?;
        tz.from_local_datetime(&later).earliest()
    })?;
    Some(Timestamp::from_micros(first.timestamp_micros()))
}

fn local(at: Timestamp, zone: &str) -> DateTime<Tz> {
    let tz = zone.parse().unwrap_or(Tz::Asia__Tokyo);
    let utc = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    utc.with_timezone(&tz)
}

fn utc_offset(at: Timestamp, zone: &str) -> String {
    let minutes = local(at, zone).offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKYO: &str = "Asia/Tokyo";
    // 2026-11-22T14:33:10+09:00
    const AT: Timestamp = Timestamp::from_seconds(1_795_325_590);

    #[test]
    fn zones_to_choose_from_are_zones_and_have_ours() {
        let all: Vec<&str> = zones().collect();
        assert!(all.len() > 300 && all.iter().all(|name| is_zone(name)));
        assert!(all.contains(&TOKYO) && all.contains(&"UTC"));
        assert!(!all.contains(&"Japan") && !all.contains(&"Etc/GMT+3"));
    }

    #[test]
    fn a_day_begins_where_its_reader_lives() {
        let begins =
            |date, days_on, zone| day_begins(date, days_on, zone).map(|at| rfc3339(at, zone));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            begins("2026-11-22", 0, TOKYO),
            text("2026-11-22T00:00:00+09:00")
        );
        assert_eq!(
            begins("2026-11-30", 1, TOKYO),
            text("2026-12-01T00:00:00+09:00")
        );
        // No midnight on that day: clocks jumped to one o'clock.
        assert_eq!(
            begins("2018-11-04", 0, "America/Sao_Paulo"),
            text("2018-11-04T01:00:00-02:00")
        );
        for wrong in [
            "",
            "22.11.2026",
            "2026-13-01",
            "0001-01-01",
            "9999-12-31",
            "2026-11-22x",
        ] {
            assert_eq!(day_begins(wrong, 0, TOKYO), None, "{wrong}");
        }
    }

    #[test]
    fn both_languages_write_the_date_in_words() {
        assert_eq!(
            date_time_zone(AT, TOKYO, Locale::Ja),
            "2026年11月22日（日）14:33（日本時間、UTC+9）"
        );
        assert_eq!(
            date_time_zone(AT, TOKYO, Locale::En),
            "22 Nov 2026, 14:33 JST (UTC+9)"
        );
        assert_eq!(rfc3339(AT, TOKYO), "2026-11-22T14:33:10+09:00");
    }

    #[test]
    fn every_zone_is_named_even_one_without_letters() {
        assert_eq!(zone_words(AT, TOKYO, Locale::Ja), "日本時間（UTC+9）");
        assert_eq!(
            zone_words(AT, "Asia/Kathmandu", Locale::En),
            "Asia/Kathmandu (UTC+5:45)"
        );
        assert_eq!(
            zone_words(AT, "America/New_York", Locale::En),
            "EST (UTC-5)"
        );
        assert_eq!(
            zone_words(AT, "America/New_York", Locale::Ja),
            "America/New York（UTC-5）"
        );
        assert_eq!(zone_words(AT, "UTC", Locale::Ja), "協定世界時（UTC）");
    }

    #[test]
    fn an_unknown_zone_falls_back_to_japan() {
        assert!(!is_zone("Mars/Olympus") && is_zone(TOKYO));
        assert_eq!(clock(AT, "Mars/Olympus"), "14:33");
    }

    #[test]
    fn relative_time_stops_after_thirty_days() {
        let after = |seconds| ago(AT, AT + Duration::from_secs(seconds), Locale::En);
        assert_eq!(after(59).as_deref(), Some("just now"));
        assert_eq!(after(180).as_deref(), Some("3 min ago"));
        assert_eq!(after(7200).as_deref(), Some("2 h ago"));
        assert_eq!(after(DAY).as_deref(), Some("1 day ago"));
        assert_eq!(after(30 * DAY).as_deref(), Some("30 days ago"));
        assert_eq!(after(30 * DAY + 1), None);
        assert_eq!(ago(AT, AT - Duration::from_secs(1), Locale::En), None);
        let ja = ago(AT, AT + Duration::from_mins(3), Locale::Ja);
        assert_eq!(ja.as_deref(), Some("3分前"));
        assert_eq!(minutes(Duration::from_mins(10), Locale::Ja), "10分");
        assert_eq!(minutes(Duration::from_mins(1), Locale::En), "1 minute");
    }
}
