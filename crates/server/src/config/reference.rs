//! The reference page of the configuration, made from the structs themselves.

use std::fmt::Write as _;

use super::{Config, sections as s};

/// What a section and its keys are for.
pub struct SectionHelp {
    pub(super) heading: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) keys: &'static [(&'static str, &'static [&'static str])],
}

pub(super) const SECTIONS: [&SectionHelp; 9] = [
    &s::Server::HELP,
    &s::Database::HELP,
    &s::SessionStore::HELP,
    &s::Mail::HELP,
    &s::Keys::HELP,
    &s::Password::HELP,
    &s::Otp::HELP,
    &s::Tokens::HELP,
    &s::Metrics::HELP,
];

/// `docs/reference/configuration.md`.
pub fn markdown() -> String {
    let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let mut page = String::from(
        "# Configuration\n\nThis page is generated from the configuration structs; do not edit it.\n\n\
         The server reads one TOML file (`sekisho serve --config FILE`). The environment goes before the\n\
         file: `SEKISHO__SECTION__KEY=value`, or `SEKISHO__SECTION__KEY_FILE=path` for a value kept in a\n\
         file. A key that is not listed here is refused by name.\n",
    );
    for section in SECTIONS {
        let values = defaults
            .get(section.heading)
            .and_then(toml::Value::as_table);
        add(&mut page, section, values);
    }
    let limits = defaults.get("limits").and_then(toml::Value::as_table);
    page.push_str("\n## `[limits]`\n\nHow often something may be tried: `max` acts in `seconds`.\n\n| key | default |\n|---|---|\n");
    for (group, rates) in limits.into_iter().flatten() {
        for (name, rate) in rates.as_table().into_iter().flatten() {
            add_rate(&mut page, group, name, rate);
        }
    }
    page
}

fn add_rate(page: &mut String, group: &str, name: &str, rate: &toml::Value) {
    let number = |key: &str| rate.get(key).map(ToString::to_string).unwrap_or_default();
    let _written = writeln!(
        page,
        "| `{group}.{name}` | {} in {} s |",
        number("max"),
        number("seconds")
    );
}

fn add(page: &mut String, section: &SectionHelp, values: Option<&toml::Table>) {
    let about = section.about.join(" ");
    let _written = write!(
        page,
        "\n## `[{}]`\n\n{}\n\n| key | default | meaning |\n|---|---|---|\n",
        section.heading,
        about.trim()
    );
    for (key, lines) in section.keys {
        let default = values
            .and_then(|values| values.get(*key))
            .map(ToString::to_string);
        let default = default
            .filter(|text| text != "\"\"")
            .map_or_else(String::new, |text| format!("`{text}`"));
        let meaning = lines.join(" ");
        let _written = writeln!(
            page,
            "| `{key}` | {default} | {} |",
            meaning.trim().replace('|', "\\|")
        );
    }
}
