//! JSON as JOSE wants it: an object, no member twice, not deep (JW-05; RFC 7515 §4).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may lie in each other.
const MAX_DEPTH: usize = 8;

/// Text that is not one JSON object, names a member twice, or nests too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotStrict;

/// Reads one object.
pub fn object(text: &[u8]) -> Result<Map<String, Value>, NotStrict> {
    let Strict(value) = serde_json::from_slice(text).map_err(|_malformed| NotStrict)?;
    match value {
        Value::Object(members) if depth(&members) <= MAX_DEPTH => Ok(members),
        _ => Err(NotStrict),
    }
}

fn depth(members: &Map<String, Value>) -> usize {
    members.values().map(depth_of).max().unwrap_or(0) + 1
}

fn depth_of(value: &Value) -> usize {
    match value {
        Value::Object(members) => depth(members),
        Value::Array(items) => items.iter().map(depth_of).max().unwrap_or(0) + 1,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members).map(Self)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jw_05_a_member_twice_or_too_deep_is_refused() {
        let read = object(br#"{"a":1,"b":{"a":[null,true,1.5,"x"]}}"#).unwrap();
        assert_eq!(read["b"]["a"][3], "x");
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"a":1} x"#,
            "[]",
            "1",
            "",
            r#"{"a":"#,
            r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}"#,
            r#"{"a":[[[[[[[[]]]]]]]]}"#,
        ] {
            assert_eq!(object(bad.as_bytes()), Err(NotStrict), "{bad}");
        }
        assert!(object(r#"{"a":[[[[[[[]]]]]]]}"#.as_bytes()).is_ok());
    }
}
