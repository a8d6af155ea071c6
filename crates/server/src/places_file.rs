//! The database of places (`guard.places`), in the format of `MaxMind`: read into memory, and anew when the file
//! changes (THR-15).

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use maxminddb::Reader;
use sekisho_guard::Place;
use sekisho_model::Locale;
use sekisho_provider::Provider;
use sekisho_provider::places::Places;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::config::Guard;
use crate::wiring::{Letters, WiringError};

/// How often the file is looked at: such files change once a week.
const BEAT: Duration = Duration::from_secs(30);
/// How far away an address may be where the database does not say, in kilometres.
const VAGUE: u64 = 200;

/// A database in memory.
struct File(Reader<Vec<u8>>);

impl Places for File {
    fn place(&self, ip: IpAddr) -> Option<Place> {
        let record: Value = self.0.lookup(ip).ok()?.decode().ok()??;
        place(&record)
    }

    fn words(&self, ip: IpAddr, locale: Locale) -> Option<String> {
        let record: Value = self.0.lookup(ip).ok()?.decode().ok()??;
        words(&record, locale)
    }
}

/// The names that the database has for a region and its country; without names, the country's code.
fn words(record: &Value, locale: Locale) -> Option<String> {
    let named = |path: &str| {
        let names = record.pointer(path)?;
        let found = names.get(locale.tag()).or_else(|| names.get("en"))?;
        found.as_str().map(str::to_owned)
    };
    let text = |path: &str| record.pointer(path)?.as_str().map(str::to_owned);
    let country = named("/country/names")
        .or_else(|| named("/registered_country/names"))
        .or_else(|| text("/country_name"))
        .or_else(|| place(record).map(|place| place.country))?;
    let region = named("/subdivisions/0/names").or_else(|| text("/region_name"));
    Some(match (region, locale) {
        (None, _) => country,
        (Some(region), Locale::Ja) => format!("{country}・{region}"),
        (Some(region), Locale::En) => format!("{region}, {country}"),
    })
}

/// What common databases say: `country.iso_code` and `location`, or `country_code` or `country` as text.
fn place(record: &Value) -> Option<Place> {
    let nested = ["/country/iso_code", "/registered_country/iso_code"];
    let flat = ["/country_code", "/country"];
    let mut places = nested.iter().chain(&flat);
    let code = places.find_map(|path| record.pointer(path)?.as_str())?;
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic());
    let number = |path: &str| record.pointer(path).and_then(Value::as_f64);
    let point = number("/location/latitude").zip(number("/location/longitude"));
    let radius = record.pointer("/location/accuracy_radius");
    let within = radius.and_then(Value::as_u64).unwrap_or(VAGUE);
    is_code.then(|| Place {
        country: code.to_ascii_uppercase(),
        // Coarse on purpose: a tenth of a degree is about ten kilometres.
        point: point.map(|(north, east)| (coarse(north), coarse(east))),
        within: u32::try_from(within).unwrap_or(u32::MAX),
    })
}

fn coarse(degrees: f64) -> f64 {
    (degrees * 10.0).round() / 10.0
}

/// The provider learns the database that the configuration names. A server does not start with a broken one; a
/// command goes on without, or an incident could not be contained.
pub(crate) fn tell(
    config: &Guard,
    provider: &Provider,
    letters: Letters,
) -> Result<(), WiringError> {
    match (read(config), letters) {
        (Ok(Some(places)), _) => provider.tell_places(places),
        (Err(problem), Letters::Send) => return Err(WiringError::Rules(problem)),
        (Err(problem), Letters::Leave) => {
            tracing::warn!(problem, "without places");
        }
        (Ok(None), _) => {}
    }
    Ok(())
}

/// The database that the configuration names, if it names one.
pub(crate) fn read(config: &Guard) -> Result<Option<Arc<dyn Places>>, String> {
    let Some(path) = &config.places else {
        return Ok(None);
    };
    let wrong = |why: &dyn std::fmt::Display| format!("guard.places = {}: {why}", path.display());
    let reader = Reader::open_readfile(path).map_err(|error| wrong(&error))?;
    Ok(Some(Arc::new(File(reader))))
}

/// Starts the watch over the file. One that is broken leaves the places as they were, and the log says so.
pub(crate) fn start(config: &Guard, provider: &Arc<Provider>) -> Option<JoinHandle<()>> {
    let path: PathBuf = config.places.clone()?;
    let (config, provider) = (config.clone(), Arc::clone(provider));
    Some(tokio::spawn(async move {
        let mut known = changed(&path);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let now = changed(&path);
            if now == known {
                continue;
            }
            known = now;
            match read(&config) {
                Ok(Some(places)) => {
                    provider.tell_places(places);
                    tracing::info!("the database of places was read anew");
                }
                Ok(None) => {}
                Err(problem) => {
                    tracing::warn!(problem, "the places that were known before are used");
                }
            }
        }
    }))
}

fn changed(path: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn td_07_a_place_is_told_by_the_names_of_the_database() {
        let tokyo = json!({
            "country": {"iso_code": "JP", "names": {"en": "Japan", "ja": "日本"}},
            "subdivisions": [{"names": {"en": "Tokyo", "ja": "東京都"}}],
        });
        let told = |record: &Value, locale| words(record, locale);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(told(&tokyo, Locale::Ja), some("日本・東京都"));
        assert_eq!(told(&tokyo, Locale::En), some("Tokyo, Japan"));
        let english = json!({"country": {"iso_code": "FR", "names": {"en": "France"}}});
        assert_eq!(told(&english, Locale::Ja), some("France"));
        let flat =
            json!({"country_code": "DE", "country_name": "Germany", "region_name": "Bavaria"});
        assert_eq!(told(&flat, Locale::En), some("Bavaria, Germany"));
        let code = json!({"country": {"iso_code": "fr"}});
        assert_eq!(told(&code, Locale::En), some("FR"));
        for nothing in [json!({}), json!({"country": {"names": 7}}), json!("JP")] {
            assert_eq!(told(&nothing, Locale::En), None, "{nothing}");
        }
    }

    #[test]
    fn thr_15_records_of_common_databases_are_understood() {
        let city = json!({"country": {"iso_code": "JP"},
            "location": {"latitude": 35.6895, "longitude": 139.6917, "accuracy_radius": 20}});
        let found = place(&city).unwrap();
        assert_eq!(
            (&*found.country, found.point, found.within),
            ("JP", Some((35.7, 139.7)), 20)
        );
        let registered = json!({"registered_country": {"iso_code": "fr"}});
        assert_eq!(place(&registered).unwrap().country, "FR");
        for flat in [json!({"country_code": "DE"}), json!({"country": "DE"})] {
            let found = place(&flat).unwrap();
            assert_eq!(
                (&*found.country, found.point, found.within),
                ("DE", None, 200)
            );
        }
        for nothing in [
            json!({}),
            json!({"country": "Germany"}),
            json!({"country": 7}),
            json!("JP"),
        ] {
            assert_eq!(place(&nothing), None, "{nothing}");
        }
    }
}
