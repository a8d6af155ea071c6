use askama::Template;
use sekisho_model::Locale;
use serde_json::{Map, Value};

use crate::http::text::{Translator, clean};

/// What is kept about a person, to be read with a browser and without us: a file that loads nothing (ux 7.6).
#[derive(Debug, Template)]
#[template(path = "own_data_file.html")]
pub struct DataFile {
    lang: &'static str,
    title: String,
    lead: String,
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    heading: String,
    facts: Vec<(String, String)>,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Longest value of a cell.
const LONGEST: usize = 500;

impl DataFile {
    /// From the same facts as the file for programs.
    pub fn new(data: &Value, locale: Locale) -> Self {
        let words = Translator::new(locale);
        let mut sections = Vec::new();
        let members = data.as_object().into_iter().flatten();
        let mut about = Map::new();
        for (name, value) in members {
            match value {
                Value::Object(members) => sections.push(facts(words, name, members)),
                Value::Array(items) => sections.push(table(words, name, items)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    about.insert(name.clone(), value.clone());
                }
            }
        }
        sections.insert(0, facts(words, "about", &about));
        Self {
            lang: locale.tag(),
            title: words.t("data-take"),
            lead: words.t("data-file-lead"),
            sections,
        }
    }
}

fn label(words: Translator, name: &str) -> String {
    words.t(&format!("data-key-{name}"))
}

fn facts(words: Translator, name: &str, members: &Map<String, Value>) -> Section {
    let fact = |(name, value): (&String, &Value)| (label(words, name), text(words, value));
    Section {
        heading: label(words, name),
        facts: members.iter().map(fact).collect(),
        columns: Vec::new(),
        rows: Vec::new(),
    }
}

fn table(words: Translator, name: &str, items: &[Value]) -> Section {
    let first = items.first().and_then(Value::as_object);
    let names: Vec<&String> = first.into_iter().flat_map(Map::keys).collect();
    let cell = |item: &Value, name: &String| {
        let value = item.get(name.as_str());
        value.map_or_else(String::new, |value| text(words, value))
    };
    let row = |item: &Value| names.iter().map(|name| cell(item, name)).collect();
    Section {
        heading: label(words, name),
        facts: Vec::new(),
        columns: names.iter().map(|name| label(words, name)).collect(),
        rows: items.iter().map(row).collect(),
    }
}

/// A value in one line.
fn text(words: Translator, value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(true) => words.t("data-yes"),
        Value::Bool(false) => words.t("data-no"),
        Value::Number(number) => number.to_string(),
        Value::String(text) => clean(text, LONGEST),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| text(words, item)).collect();
            items.join(", ")
        }
        Value::Object(members) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}: {}", text(words, value));
            members.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fact_has_a_name_in_both_languages_and_stays_text() {
        let hostile = "<script>alert(1)</script>";
        let data = json!({
            "service": "Sekisho", "issuer": "https://id.example", "made_at": "2026-11-22T05:33:10Z",
            "account": {
                "sub": "9f2c", "created_at": "x", "state": "active", "leaves_at": null,
                "sign_in_address": "a@b.example", "sign_in_address_verified_at": "x",
                "code_address": "a@b.example", "code_address_verified_at": "x",
                "password_chosen_at": "x", "recovery_codes_left": 9, "claims": { "name": hostile },
            },
            "settings": {
                "language": "ja", "time_zone": "Asia/Tokyo", "sign_in_mails": "every",
                "two_step": true, "networks": ["203.0.113.0/24"],
            },
            "second_steps": [{ "kind": "totp", "name": hostile, "added": "x", "last_used": null }],
            "sessions": [{
                "began": "x", "last_used": "x", "address": "203.0.113.5", "browser": hostile, "apps": ["a"],
            }],
            "browsers": [{
                "first_seen": "x", "last_seen": "x", "trusted_until": null, "browser": "b",
            }],
            "apps": [{ "app": "a", "scope": "openid", "claims": [], "since": "x", "last_used": "x" }],
            "history": [{
                "at": "x", "what": "sign_in", "outcome": "passed", "app": null, "address": "x",
                "browser": "b",
            }],
        });
        for locale in Locale::ALL {
            let html = DataFile::new(&data, locale).render().unwrap();
            assert!(!html.contains('⟦'), "{html}");
            assert!(
                !html.contains("<script") && html.contains("&#60;script&#62;"),
                "{html}"
            );
            assert!(html.contains("203.0.113.0/24") && !html.contains("href"));
        }
    }
}
