//! Lists of records inside one JSON document, record by record: exports of Keycloak and Ory.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::reader::{Sink, Stop};
use super::source::Counted;

pub(super) fn read(bytes: Counted, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let counter = sink.counter.clone();
    let mut json = serde_json::Deserializer::from_reader(bytes);
    let mut stopped = None;
    let whole = Document {
        sink,
        stopped: &mut stopped,
    };
    let read = whole.deserialize(&mut json).and_then(|()| {
        counter.no_limit();
        json.end()
    });
    match (stopped, read) {
        (Some(stop), _) => Err(stop),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(Stop::Broken(error.to_string())),
    }
}

/// The whole file: a list, or an object with the list in it.
struct Document<'a, 's> {
    sink: &'a mut Sink<'s>,
    stopped: &'a mut Option<Stop>,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records, or an object with users or identities")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if matches!(name.as_str(), "users" | "identities") {
                found = true;
                members.next_value_seed(List {
                    sink: &mut *self.sink,
                    stopped: &mut *self.stopped,
                })?;
                self.sink.counter.no_limit();
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        if found {
            Ok(())
        } else {
            Err(A::Error::custom("there are no users in it"))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, records: A) -> Result<(), A::Error> {
        List {
            sink: self.sink,
            stopped: self.stopped,
        }
        .visit_seq(records)
    }
}

struct List<'a, 's> {
    sink: &'a mut Sink<'s>,
    stopped: &'a mut Option<Stop>,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        self.sink.counter.begin_record();
        while let Some(record) = records.next_element::<Value>()? {
            let line = self.sink.counter.line();
            if let Err(stop) = self.sink.put(line, Ok(record)) {
                *self.stopped = Some(stop);
                return Err(A::Error::custom("nobody takes more"));
            }
        }
        Ok(())
    }
}
