use std::net::IpAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_model::{EventId, Outcome, Timestamp};

/// How far back the history looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    /// 7 days.
    Week,
    /// 30 days.
    #[default]
    Month,
    /// 180 days.
    HalfYear,
}

impl Period {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::HalfYear];

    /// Its length in days; also the value of `period`.
    pub const fn days(self) -> u32 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::HalfYear => 180,
        }
    }
}

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResultFilter {
    /// All.
    #[default]
    All,
    /// What went through.
    Passed,
    /// What failed.
    Failed,
    /// What we stopped.
    Stopped,
}

impl ResultFilter {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::All, Self::Passed, Self::Failed, Self::Stopped];

    /// The value of `result`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::All => "result-all",
            Self::Passed => "result-passed",
            Self::Failed => "result-failed",
            Self::Stopped => "result-stopped",
        }
    }

    /// The outcomes meant; none means all.
    pub const fn outcomes(self) -> &'static [Outcome] {
        match self {
            Self::All => &[],
            Self::Passed => &[Outcome::Passed],
            Self::Failed => &[
                Outcome::WrongPassword,
                Outcome::WrongCode,
                Outcome::ExpiredCode,
                Outcome::Denied,
            ],
            Self::Stopped => &[
                Outcome::Blocked,
                Outcome::Disabled,
                Outcome::Replayed,
                Outcome::Refused,
            ],
        }
    }
}

/// What the person wants to see, as it stands in the address of the page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownFilter {
    /// `period`
    pub period: Period,
    /// `result`
    pub result: ResultFilter,
    /// `ip`, as typed.
    pub ip: String,
}

impl ShownFilter {
    /// Reads the query; what is not one of the choices is the default.
    pub fn read(period: Option<&str>, result: Option<&str>, ip: Option<&str>) -> Self {
        let period = Period::ALL
            .into_iter()
            .find(|choice| period == Some(&choice.days().to_string()));
        let result = ResultFilter::ALL
            .into_iter()
            .find(|choice| result == Some(choice.name()));
        let ip = ip.unwrap_or_default().trim().chars().take(64).collect();
        Self {
            period: period.unwrap_or_default(),
            result: result.unwrap_or_default(),
            ip,
        }
    }

    /// The address meant, in the form it is stored in.
    pub fn address(&self) -> Option<IpAddr> {
        self.ip.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    }

    /// Whether something was typed that is no address: nothing should be searched then.
    pub fn is_wrong(&self) -> bool {
        !self.ip.is_empty() && self.address().is_none()
    }

    /// The page of older rows under the same filter.
    pub fn older(&self, (at, id): (Timestamp, EventId)) -> String {
        let ip = utf8_percent_encode(&self.ip, NON_ALPHANUMERIC);
        let (period, result) = (self.period.days(), self.result.name());
        let micros = at.micros();
        format!("/account/history?period={period}&result={result}&ip={ip}&before={micros}_{id}")
    }
}

/// Reads `before`, as [`ShownFilter::older`] writes it.
pub fn read_before(text: &str) -> Option<(Timestamp, EventId)> {
    let (micros, id) = text.split_once('_')?;
    let at = Timestamp::from_micros(micros.parse().ok()?);
    Some((at, EventId::parse(id)?))
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    #[test]
    fn a_filter_is_read_from_the_query() {
        let filter = ShownFilter::read(Some("7"), Some("failed"), Some(" ::ffff:203.0.113.5 "));
        assert_eq!(
            (filter.period, filter.result),
            (Period::Week, ResultFilter::Failed)
        );
        assert_eq!(filter.address().unwrap().to_string(), "203.0.113.5");
        assert!(!filter.is_wrong());
        assert_eq!(
            ShownFilter::read(Some("8"), Some("x"), None),
            ShownFilter::default()
        );
        assert!(ShownFilter::read(None, None, Some("203.0.113")).is_wrong());
    }

    #[test]
    fn older_rows_keep_the_filter_and_can_be_read_back() {
        let at = Timestamp::from_micros(1_795_325_590_123_456);
        let id = EventId::new(at, &SeededEntropy::new(1));
        let filter = ShownFilter::read(Some("180"), Some("passed"), Some("2001:db8::1"));
        let href = filter.older((at, id));
        assert!(href.contains("period=180&result=passed&ip=2001%3Adb8%3A%3A1&before="));
        let before = href.split("before=").nth(1).unwrap();
        assert_eq!(read_before(before), Some((at, id)));
        for bad in ["", "_", "1", "x_y", "1_y"] {
            assert_eq!(read_before(bad), None, "{bad}");
        }
    }
}
