//! From how far away somebody signs in, and how fast they must have been (THR-15).

use sekisho_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Nearer than this, in kilometres, is no journey: databases err, and trains are fast.
const NEAR: f64 = 500.0;
/// Radius of the earth in kilometres.
const EARTH: f64 = 6_371.0;

/// Where an address is, as a database says: coarse, and sometimes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Two letters (ISO 3166-1).
    pub country: String,
    /// Latitude and longitude in degrees, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<(f64, f64)>,
    /// How far from there it may be, in kilometres.
    #[serde(default)]
    pub within: u32,
}

/// A sign-in beside those before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// Where it comes from.
    pub place: Place,
    /// Whether the account was used before, and never from this country.
    pub new_country: bool,
    /// Kilometres from the last sign-in, if that is far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub km: Option<u32>,
    /// Kilometres an hour that somebody would have had to travel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kmh: Option<u32>,
}

impl Journey {
    /// How a sign-in from `place` looks after those `before`, in any order.
    pub fn to(place: Place, now: Timestamp, before: &[(Timestamp, Place)]) -> Self {
        let new_country = !before.is_empty()
            && before
                .iter()
                .all(|(_, earlier)| earlier.country != place.country);
        let last = before.iter().max_by_key(|(at, _)| *at);
        let way = last.and_then(|(at, from)| Some((now.since(*at), distance(from, &place)?)));
        let way = way.filter(|(_, km)| *km >= NEAR);
        Self {
            new_country,
            km: way.map(|(_, km)| whole(km)),
            // Two sign-ins in one moment are a minute apart at least.
            kmh: way.map(|(took, km)| whole(km * 3_600.0 / took.as_secs_f64().max(60.0))),
            place,
        }
    }
}

/// Kilometres that surely lie between two places.
fn distance(one: &Place, two: &Place) -> Option<f64> {
    let ((north_1, east_1), (north_2, east_2)) = (one.point?, two.point?);
    let (north_1, north_2) = (north_1.to_radians(), north_2.to_radians());
    let half = |difference: f64| (difference / 2.0).sin().powi(2);
    let east = half((east_2 - east_1).to_radians());
    let chord = (north_1.cos() * north_2.cos()).mul_add(east, half(north_2 - north_1));
    let km = 2.0 * EARTH * chord.clamp(0.0, 1.0).sqrt().asin();
    let doubt = f64::from(one.within) + f64::from(two.within);
    Some((km - doubt).max(0.0))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between nothing and a billion; what is no number becomes nothing"
)]
const fn whole(number: f64) -> u32 {
    number.clamp(0.0, 1e9) as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    fn place(country: &str, point: (f64, f64)) -> Place {
        Place {
            country: country.to_owned(),
            point: Some(point),
            within: 20,
        }
    }

    fn tokyo() -> Place {
        place("JP", (35.7, 139.7))
    }

    fn paris() -> Place {
        place("FR", (48.9, 2.4))
    }

    fn hours(ago: u64) -> Timestamp {
        NOW - Duration::from_hours(ago)
    }

    #[test]
    fn thr_15_a_country_is_new_where_the_account_was_used_and_never_from_there() {
        let new = |before: &[(Timestamp, Place)]| Journey::to(paris(), NOW, before).new_country;
        assert!(
            !new(&[]),
            "of an account that was never used nothing is known"
        );
        assert!(new(&[(hours(100), tokyo()), (hours(9), tokyo())]));
        assert!(!new(&[(hours(2_000), paris()), (hours(9), tokyo())]));
    }

    #[test]
    fn thr_15_who_was_far_away_an_hour_ago_cannot_be_here() {
        let journey = Journey::to(paris(), NOW, &[(hours(90), paris()), (hours(1), tokyo())]);
        let km = journey.km.unwrap();
        assert!((9_600..9_800).contains(&km), "{km}");
        assert_eq!(journey.kmh, journey.km);
        let flight = Journey::to(paris(), NOW, &[(hours(14), tokyo())]);
        assert!(flight.kmh.unwrap() < 900);
        let at_once = Journey::to(paris(), NOW, &[(NOW, tokyo())]);
        assert_eq!(at_once.kmh.unwrap() / 60, journey.km.unwrap());
    }

    #[test]
    fn thr_15_near_places_and_unknown_ones_are_no_journey() {
        let osaka = place("JP", (34.7, 135.5));
        assert_eq!(Journey::to(osaka, NOW, &[(NOW, tokyo())]).kmh, None);
        let somewhere = Place {
            point: None,
            ..paris()
        };
        let journey = Journey::to(somewhere.clone(), NOW, &[(NOW, tokyo())]);
        assert_eq!((journey.km, journey.new_country), (None, true));
        assert_eq!(Journey::to(tokyo(), NOW, &[(NOW, somewhere)]).km, None);
        let vague = Place {
            within: 9_300,
            ..paris()
        };
        let doubtful = Journey::to(vague, NOW, &[(NOW, tokyo())]);
        assert_eq!(doubtful.km, None, "it may be nearer than that");
    }

    proptest! {
        #[test]
        fn thr_15_a_way_is_as_long_there_as_back_and_never_longer_than_half_the_earth(
            a in (-90.0..=90.0, -180.0..=180.0), b in (-90.0..=90.0, -180.0..=180.0)
        ) {
            let (one, two) = (place("AA", a), place("BB", b));
            let there = distance(&one, &two).unwrap();
            prop_assert!((there - distance(&two, &one).unwrap()).abs() < 1e-6);
            prop_assert!((0.0..=20_016.0).contains(&there));
            prop_assert!(distance(&one, &one).unwrap() < 1e-6);
        }
    }
}
