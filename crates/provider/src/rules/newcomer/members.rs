use chrono::DateTime;
use sekisho_model::Timestamp;
use serde_json::{Map, Value};

use super::{RecordRefusal, refused};

/// The members of a record, taken one by one; cells of a table are texts, so texts are read as what
/// they stand for.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn of(record: Value) -> Result<Self, RecordRefusal> {
        match record {
            Value::Object(members) => Ok(Self(members)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(refused("the record is not a JSON object")),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A text; an empty one is none.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, RecordRefusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(RecordRefusal(format!("{name} is not a text"))),
        }
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, RecordRefusal> {
        self.text(name)?
            .ok_or_else(|| RecordRefusal(format!("{name} is missing")))
    }

    pub(super) fn truth(&mut self, name: &str) -> Result<Option<bool>, RecordRefusal> {
        let neither = || RecordRefusal(format!("{name} is neither true nor false"));
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "" => Ok(None),
                "true" | "yes" | "1" => Ok(Some(true)),
                "false" | "no" | "0" => Ok(Some(false)),
                _ => Err(neither()),
            },
            Some(_) => Err(neither()),
        }
    }

    /// A moment: RFC 3339, or seconds since 1970.
    pub(super) fn moment(&mut self, name: &str) -> Result<Option<Timestamp>, RecordRefusal> {
        let neither = || RecordRefusal(format!("{name} is no moment such as 2026-11-23T09:00:00Z"));
        let read = match self.take(name) {
            None => return Ok(None),
            Some(Value::Number(seconds)) => seconds.as_i64().and_then(of_seconds),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => match text.parse::<i64>() {
                Ok(seconds) => of_seconds(seconds),
                Err(_) => rfc3339(&text),
            },
            Some(_) => None,
        };
        read.map(Some).ok_or_else(neither)
    }

    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }
}

pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_micros(moment.timestamp_micros()))
}

/// Up to the year 9999, so that nothing overflows where it is written.
fn of_seconds(seconds: i64) -> Option<Timestamp> {
    (-62_135_596_800..=253_402_300_799)
        .contains(&seconds)
        .then(|| Timestamp::from_seconds(seconds))
}

pub(super) fn of_millis(millis: i64) -> Option<Timestamp> {
    of_seconds(millis.div_euclid(1000))?;
    Some(Timestamp::from_micros(millis.saturating_mul(1000)))
}
