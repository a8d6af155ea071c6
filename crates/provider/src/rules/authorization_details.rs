//! Rich authorization requests (RFC 9396): what an app asks for in detail, by type.

use sekisho_model::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jwt::strict_json;

/// A type of detail that operators have described, so that people can be asked in words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetailType {
    /// The `type` value.
    pub name: String,
    /// What it is, for people who read English.
    pub title: String,
    /// What it is, in Japanese.
    pub title_ja: String,
    /// Members that must be there.
    pub required: Vec<String>,
    /// Members that are shown, as dotted paths; every member if empty.
    pub shown: Vec<String>,
}

const MAX_LENGTH: usize = 8192;
const MAX_DETAILS: usize = 10;

/// Reads the `authorization_details` parameter (RFC 9396 §2, §5).
pub fn read(
    text: &str,
    client: &Client,
    offered: &[DetailType],
) -> Result<Vec<Value>, &'static str> {
    if text.len() > MAX_LENGTH {
        return Err("authorization_details is too long");
    }
    // The strict reader takes objects; so an array is read as a member of one.
    let wrapped = format!("{{\"list\":{text}}}");
    let read = strict_json::object(wrapped.as_bytes())
        .map_err(|_loose| "authorization_details is not a JSON array of objects")?;
    let Some(Value::Array(details)) = read.get("list").filter(|_| read.len() == 1) else {
        return Err("authorization_details is not a JSON array of objects");
    };
    if details.is_empty() || details.len() > MAX_DETAILS {
        return Err("authorization_details must have 1 to 10 entries");
    }
    for detail in details {
        check(detail, client, offered)?;
    }
    Ok(details.clone())
}

fn check(detail: &Value, client: &Client, offered: &[DetailType]) -> Result<(), &'static str> {
    let members = detail
        .as_object()
        .ok_or("an entry of authorization_details is not an object")?;
    let name = members
        .get("type")
        .and_then(Value::as_str)
        .ok_or("an entry of authorization_details has no type")?;
    let kind = offered
        .iter()
        .find(|kind| kind.name == name)
        .filter(|_| {
            client
                .authorization_details_types
                .iter()
                .any(|known| known == name)
        })
        .ok_or("this type of authorization_details is not offered to the client")?;
    let missing = kind
        .required
        .iter()
        .any(|member| !members.contains_key(member));
    if missing {
        return Err("an entry of authorization_details lacks a required member");
    }
    let lists = ["locations", "actions", "datatypes", "privileges"];
    let malformed = lists.iter().any(|name| {
        members.get(*name).is_some_and(|list| {
            !list
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string))
        })
    });
    if malformed {
        return Err("a common member of authorization_details is not a list of strings");
    }
    Ok(())
}

/// What a person is shown of one detail: names and values, in order.
pub fn shown(detail: &Value, kind: &DetailType) -> Vec<(String, String)> {
    if kind.shown.is_empty() {
        let members = detail.as_object().into_iter().flatten();
        return members
            .filter(|(name, _)| *name != "type")
            .map(|(name, value)| (name.clone(), words(value)))
            .collect();
    }
    kind.shown
        .iter()
        .filter_map(|path| {
            let pointer = format!("/{}", path.replace('.', "/"));
            Some((path.clone(), words(detail.pointer(&pointer)?)))
        })
        .collect()
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{name}: {}", words(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::web;

    fn kind() -> DetailType {
        DetailType {
            name: "payment".to_owned(),
            required: vec!["amount".to_owned()],
            shown: vec!["amount.value".to_owned(), "to".to_owned()],
            ..DetailType::default()
        }
    }

    fn client() -> Client {
        Client {
            authorization_details_types: vec!["payment".to_owned()],
            ..web("https://app.example/cb")
        }
    }

    #[test]
    fn only_described_and_registered_types_are_taken() {
        let one = r#"[{"type":"payment","amount":{"value":"12.50","currency":"EUR"},"to":"A"}]"#;
        let details = read(one, &client(), &[kind()]).unwrap();
        let shown = shown(&details[0], &kind());
        assert_eq!(shown[0], ("amount.value".to_owned(), "12.50".to_owned()));
        assert!(read(one, &web("https://app.example/cb"), &[kind()]).is_err());
        assert!(read(one, &client(), &[]).is_err());
        for bad in [
            "",
            "{}",
            "[]",
            "[1]",
            "[{}]",
            r#"[{"type":7}]"#,
            r#"[{"type":"payment"}]"#,
            r#"[{"type":"other"}]"#,
            r#"[{"type":"payment","amount":1,"amount":2}]"#,
            r#"[{"type":"payment","amount":1,"actions":"read"}]"#,
            r#"[{"type":"payment","amount":1}],"list":[{"type":"payment","amount":1}]"#,
            r#"[{"type":"payment","amount":1}],"more":[]"#,
        ] {
            assert!(read(bad, &client(), &[kind()]).is_err(), "{bad}");
        }
    }
}
