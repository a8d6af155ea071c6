//! The fields of a body, as forms and JSON objects have them. Pure.

use percent_encoding::percent_decode;
use sekisho_model::BodyField;
use serde_json::{Map, Value};

/// What a body says, in whatever way it calls itself: a form that is sent as something else is one to some
/// handler. Nothing of it is kept.
pub(super) struct BodyFields(Vec<(String, String)>);

impl BodyFields {
    /// Reads it both ways.
    pub(super) fn read(body: &[u8]) -> Self {
        let pieces = body.split(|byte| *byte == b'&');
        let mut fields: Vec<(String, String)> = pieces.map(pair).collect();
        if let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) {
            fields.extend(members.into_iter().flat_map(values));
        }
        Self(fields)
    }

    /// Whether each of these is there.
    pub(super) fn fit(&self, wanted: &[BodyField]) -> bool {
        wanted
            .iter()
            .all(|one| self.0.iter().any(|(name, value)| one.fits(name, value)))
    }
}

fn pair(piece: &[u8]) -> (String, String) {
    let mut halves = piece.splitn(2, |byte| *byte == b'=');
    let mut next = || decoded(halves.next().unwrap_or_default());
    (next(), next())
}

fn decoded(half: &[u8]) -> String {
    let spaced: Vec<u8> = half
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// A member of an object: its text, that of each entry of a list, or how it is written.
fn values((name, value): (String, Value)) -> Vec<(String, String)> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    match value {
        Value::Array(all) => all
            .into_iter()
            .map(|one| (name.clone(), text(one)))
            .collect(),
        one => vec![(name, text(one))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(body: &str, fields: &[&str]) -> bool {
        let fields: Vec<BodyField> = fields.iter().map(|one| one.parse().unwrap()).collect();
        BodyFields::read(body.as_bytes()).fit(&fields)
    }

    #[test]
    fn inc_06_fields_of_a_form_are_found_however_they_are_written() {
        for body in [
            "a=1&scope=admin",
            "%73cope=%61dmin",
            "scope=x&scope=the+admin",
            "SCOPE=ADMIN&",
            "scope=\u{fffd}admin",
        ] {
            assert!(fits(body, &["scope~admin"]), "{body}");
        }
        assert!(fits("flag&b=", &["flag", "b="]));
        assert!(fits("code=abc", &["code>2"]) && !fits("code=abc", &["code>3"]));
        for body in ["", "scope", "admin", "a=scope&b=admin", "xscope=admin"] {
            assert!(!fits(body, &["scope~admin"]), "{body}");
        }
    }

    #[test]
    fn inc_06_members_of_an_object_are_fields() {
        let body = r#"{"client_name":"A \u0062","redirect_uris":["https://a.example","https://b.example"],"n":12}"#;
        assert!(fits(
            body,
            &["client_name=a b", "redirect_uris=https://B.example", "n=12"]
        ));
        assert!(!fits(body, &["client_name~https"]));
        assert!(!fits(r#"["client_name"]"#, &["client_name"]));
    }
}
