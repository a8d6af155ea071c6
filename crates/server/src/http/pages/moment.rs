use sekisho_mail::when;
use sekisho_model::{Locale, Timestamp};

/// A time as a page shows it: words for people, RFC 3339 for `<time datetime>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Such as `14:33` or `2026年11月22日（日）14:33`.
    pub words: String,
    /// Such as `2026-11-22T14:33:10+09:00`.
    pub iso: String,
}

impl Moment {
    /// The minute alone, where the page names the zone elsewhere: `14:33`.
    pub fn clock(at: Timestamp, zone: &str) -> Self {
        Self {
            words: when::clock(at, zone),
            iso: when::rfc3339(at, zone),
        }
    }

    /// Minute and zone: `14:33（日本時間）`, `14:33 JST`.
    pub fn clock_and_zone(at: Timestamp, zone: &str, locale: Locale) -> Self {
        let (clock, name) = (when::clock(at, zone), when::zone_name(at, zone, locale));
        let words = match locale {
            Locale::Ja => format!("{clock}（{name}）"),
            Locale::En => format!("{clock} {name}"),
        };
        Self {
            words,
            iso: when::rfc3339(at, zone),
        }
    }

    /// Date and minute: `2026年11月22日（日）14:33`, `22 Nov 2026, 14:33`.
    pub fn date_time(at: Timestamp, zone: &str, locale: Locale) -> Self {
        Self {
            words: when::date_time(at, zone, locale),
            iso: when::rfc3339(at, zone),
        }
    }

    /// Date, second and zone, for references: `2026年11月22日（日）14:36:08（日本時間、UTC+9）`.
    pub fn exact(at: Timestamp, zone: &str, locale: Locale) -> Self {
        let iso = when::rfc3339(at, zone);
        let seconds = iso.get(16..19).unwrap_or_default();
        let minute = when::clock(at, zone);
        let words = when::date_time_zone(at, zone, locale);
        let words = words.replacen(&minute, &format!("{minute}{seconds}"), 1);
        Self { words, iso }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_moments_carry_seconds() {
        let at = Timestamp::from_seconds(1_795_325_590);
        let ja = Moment::exact(at, "Asia/Tokyo", Locale::Ja);
        assert_eq!(ja.words, "2026年11月22日（日）14:33:10（日本時間、UTC+9）");
        let en = Moment::exact(at, "Asia/Tokyo", Locale::En);
        assert_eq!(en.words, "22 Nov 2026, 14:33:10 JST (UTC+9)");
        assert_eq!(en.iso, "2026-11-22T14:33:10+09:00");
    }

    #[test]
    fn deadlines_name_their_zone() {
        let at = Timestamp::from_seconds(1_795_325_590);
        assert_eq!(
            Moment::clock_and_zone(at, "Asia/Tokyo", Locale::Ja).words,
            "14:33（日本時間）"
        );
        assert_eq!(
            Moment::clock_and_zone(at, "UTC", Locale::En).words,
            "05:33 UTC"
        );
    }
}
