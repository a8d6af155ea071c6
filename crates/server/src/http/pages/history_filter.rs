use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sekisho_mail::when;
use sekisho_model::{EventId, Outcome, Timestamp};
use sekisho_provider::rules::parameters::Parameters;

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

/// Why a filter cannot be used: nothing should be searched then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterFault {
    /// No day.
    From,
    /// No day.
    To,
    /// The last day is before the first.
    Order,
    /// Neither an address nor a network.
    Ip,
}

/// Where something came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// One address.
    Address(IpAddr),
    /// A network.
    Network(IpNet),
}

/// What the person wants to see, as it stands in the address of the page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownFilter {
    /// `period`; days that are named count in its place.
    pub period: Period,
    /// `from`: the first day, as typed.
    pub from: String,
    /// `to`: the last day, as typed.
    pub to: String,
    /// `result`
    pub result: ResultFilter,
    /// `app`: the id of one.
    pub app: String,
    /// `ip`, as typed.
    pub ip: String,
    /// What is wrong with it.
    pub fault: Option<FilterFault>,
}

impl ShownFilter {
    /// Reads the query; what is not one of the choices is the default. Days are days of `zone`.
    pub fn read(query: &Parameters, zone: &str) -> Self {
        let (period, result) = (query.first("period"), query.first("result"));
        let period = Period::ALL
            .into_iter()
            .find(|choice| period == Some(&choice.days().to_string()));
        let result = ResultFilter::ALL
            .into_iter()
            .find(|choice| result == Some(choice.name()));
        let text = |name| -> String {
            let typed = query.first(name).unwrap_or_default().trim();
            typed.chars().take(64).collect()
        };
        let mut filter = Self {
            period: period.unwrap_or_default(),
            from: text("from"),
            to: text("to"),
            result: result.unwrap_or_default(),
            app: text("app"),
            ip: text("ip"),
            fault: None,
        };
        filter.fault = filter.faults(zone);
        filter
    }

    fn faults(&self, zone: &str) -> Option<FilterFault> {
        let day = |text: &str| when::day_begins(text, 0, zone);
        let (from, to) = (day(&self.from), day(&self.to));
        if !self.from.is_empty() && from.is_none() {
            return Some(FilterFault::From);
        }
        if !self.to.is_empty() && to.is_none() {
            return Some(FilterFault::To);
        }
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Some(FilterFault::Order);
        }
        (!self.ip.is_empty() && self.source().is_none()).then_some(FilterFault::Ip)
    }

    /// From when, and until before when.
    pub fn range(&self, now: Timestamp, zone: &str) -> (Option<Timestamp>, Option<Timestamp>) {
        if self.from.is_empty() && self.to.is_empty() {
            let days = u64::from(self.period.days());
            return (Some(now - Duration::from_hours(24 * days)), None);
        }
        let from = when::day_begins(&self.from, 0, zone);
        (from, when::day_begins(&self.to, 1, zone))
    }

    /// The address or network meant, in the form it is stored in.
    pub fn source(&self) -> Option<Source> {
        if let Ok(ip) = self.ip.parse::<IpAddr>() {
            return Some(Source::Address(ip.to_canonical()));
        }
        let network = self.ip.parse::<IpNet>().ok()?;
        Some(Source::Network(network.trunc()))
    }

    /// The page of older rows under the same filter.
    pub fn older(&self, (at, id): (Timestamp, EventId)) -> String {
        let before = format!("{}_{id}", at.micros());
        format!("/account/history?{}&before={before}", self.query())
    }

    /// All rows under the same filter, as a file.
    pub fn file(&self) -> String {
        format!("/account/history.csv?{}", self.query())
    }

    fn query(&self) -> String {
        let days = self.period.days().to_string();
        let all = [
            ("period", days.as_str()),
            ("from", &self.from),
            ("to", &self.to),
            ("result", self.result.name()),
            ("app", &self.app),
            ("ip", &self.ip),
        ];
        let pair = |(name, value): &(&str, &str)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        };
        let said = all.iter().filter(|(_, value)| !value.is_empty());
        said.map(pair).collect::<Vec<_>>().join("&")
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

    const TOKYO: &str = "Asia/Tokyo";

    fn read(query: &str) -> ShownFilter {
        ShownFilter::read(&Parameters::decode(query.as_bytes()), TOKYO)
    }

    #[test]
    fn a_filter_is_read_from_the_query() {
        let filter = read("period=7&result=failed&ip=+%3A%3Affff%3A203.0.113.5+&app=mail");
        assert_eq!(
            (filter.period, filter.result),
            (Period::Week, ResultFilter::Failed)
        );
        let address = Source::Address("203.0.113.5".parse().unwrap());
        assert_eq!(filter.source(), Some(address));
        assert_eq!((&*filter.app, filter.fault), ("mail", None));
        assert_eq!(read("period=8&result=x"), ShownFilter::default());
        let network = read("ip=203.0.113.77/24");
        let whole = Source::Network("203.0.113.0/24".parse().unwrap());
        assert_eq!((network.source(), network.fault), (Some(whole), None));
        for wrong in ["203.0.113", "203.0.113.0/33", "home", "1/2/3"] {
            let filter = read(&format!("ip={wrong}"));
            assert_eq!(filter.fault, Some(FilterFault::Ip), "{wrong}");
        }
    }

    #[test]
    fn days_are_whole_days_of_their_reader() {
        let now = Timestamp::from_seconds(1_795_325_590);
        let range = |query: &str| {
            let (from, to) = read(query).range(now, TOKYO);
            let words = |at: Option<Timestamp>| at.map(|at| when::rfc3339(at, TOKYO));
            (words(from), words(to))
        };
        let text = |text: &str| Some(text.to_owned());
        let whole = (
            text("2026-11-01T00:00:00+09:00"),
            text("2026-11-02T00:00:00+09:00"),
        );
        assert_eq!(range("from=2026-11-01&to=2026-11-01&period=7"), whole);
        assert_eq!(range("to=2026-11-01"), (None, whole.1));
        assert_eq!(range("period=7").0, text("2026-11-15T14:33:10+09:00"));
        let fault = |query| read(query).fault;
        assert_eq!(
            fault("from=2026-11-02&to=2026-11-01"),
            Some(FilterFault::Order)
        );
        assert_eq!(fault("from=yesterday"), Some(FilterFault::From));
        assert_eq!(fault("to=2026-02-30"), Some(FilterFault::To));
    }

    #[test]
    fn older_rows_keep_the_filter_and_can_be_read_back() {
        let at = Timestamp::from_micros(1_795_325_590_123_456);
        let id = EventId::new(at, &SeededEntropy::new(1));
        let filter = read("period=180&result=passed&ip=2001:db8::1&app=a%26b&from=2026-01-01");
        let href = filter.older((at, id));
        let kept = "period=180&from=2026%2D01%2D01&result=passed&app=a%26b&ip=2001%3Adb8%3A%3A1";
        assert!(href.contains(&format!("{kept}&before=")), "{href}");
        assert_eq!(filter.file(), format!("/account/history.csv?{kept}"));
        let before = href.split("before=").nth(1).unwrap();
        assert_eq!(read_before(before), Some((at, id)));
        for bad in ["", "_", "1", "x_y", "1_y"] {
            assert_eq!(read_before(bad), None, "{bad}");
        }
    }
}
