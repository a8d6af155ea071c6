use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;
use super::reference::SECTIONS;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file, or one that a variable names, cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not TOML, or a key is unknown or has a wrong type.
    #[error("{0}")]
    Wrong(String),
    /// Values that cannot be used, each named.
    #[error("{}", .0.join("\n"))]
    Problems(Vec<String>),
}

const PREFIX: &str = "SEKISHO__";

/// Reads the file, lays the environment over it, and refuses what cannot be used.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    let environment: Vec<(String, String)> = std::env::vars().collect();
    let config = read(file, &environment)?;
    let problems = config.problems();
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Problems(problems))
    }
}

fn read(file: &Path, environment: &[(String, String)]) -> Result<Config, ConfigError> {
    let text = contents(file)?;
    let mut table: Table = text
        .parse()
        .map_err(|error| ConfigError::Wrong(format!("{}: {error}", file.display())))?;
    for (name, value) in environment {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        lay_over(&mut table, name, &path.to_ascii_lowercase(), value)?;
    }
    table
        .try_into()
        .map_err(|error: toml::de::Error| ConfigError::Wrong(named(&error.to_string())))
}

fn contents(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|cause| ConfigError::Unreadable {
        path: file.to_owned(),
        cause,
    })
}

/// `SECTION__KEY`, or `SECTION__KEY_FILE` for a value that stands in a file.
fn lay_over(table: &mut Table, name: &str, path: &str, value: &str) -> Result<(), ConfigError> {
    let Some((section, key)) = path.split_once("__") else {
        return Err(ConfigError::Wrong(format!(
            "{name}: use {PREFIX}SECTION__KEY"
        )));
    };
    let from_file = key
        .strip_suffix("_file")
        .filter(|key| !is_key(section, &format!("{key}_file")));
    let (key, value) = match from_file {
        Some(key) => (key, contents(Path::new(value))?.trim_end().to_owned()),
        None => (key, value.to_owned()),
    };
    if !is_key(section, key) && section != "limits" {
        return Err(ConfigError::Wrong(format!(
            "{name}: there is no {section}.{key}{}",
            nearest(key)
        )));
    }
    let entry = table
        .entry(section)
        .or_insert_with(|| Value::Table(Table::new()));
    if let Some(section) = entry.as_table_mut() {
        section.insert(key.to_owned(), typed(&value));
    }
    Ok(())
}

fn is_key(section: &str, key: &str) -> bool {
    SECTIONS
        .iter()
        .any(|help| help.heading == section && help.keys.iter().any(|(known, _)| *known == key))
}

/// Numbers, booleans and lists as TOML reads them; everything else is text.
fn typed(value: &str) -> Value {
    let parsed = format!("v = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("v"));
    match parsed {
        Some(found @ (Value::Integer(_) | Value::Boolean(_) | Value::Array(_))) => found,
        _ => Value::String(value.to_owned()),
    }
}

/// Adds the nearest known name to serde's message about an unknown one.
fn named(message: &str) -> String {
    let unknown = message
        .split("unknown field `")
        .nth(1)
        .and_then(|rest| rest.split('`').next());
    match unknown {
        Some(key) => format!("{}{}", message.trim(), nearest(key)),
        None => message.trim().to_owned(),
    }
}

fn nearest(key: &str) -> String {
    let known = SECTIONS
        .iter()
        .flat_map(|section| section.keys.iter().map(|(key, _)| *key));
    let closest = known.map(|known| (distance(key, known), known)).min();
    closest
        .filter(|(far, _)| *far <= 3)
        .map(|(_, known)| format!(" (did you mean {known}?)"))
        .unwrap_or_default()
}

/// Edit distance, for names of a few characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let change = at(&row, j) + usize::from(x != *y);
            next.push(change.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::reference;
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let (_dir, path) = file("[server]\nissuer = \"https://a.example\"\n[otp]\ndigits = 8\n");
        let vars = env(&[
            ("SEKISHO__SERVER__ISSUER", "https://b.example"),
            ("SEKISHO__OTP__DIGITS", "9"),
            ("OTHER", "x"),
        ]);
        let config = read(&path, &vars).unwrap();
        assert_eq!(config.server.issuer, "https://b.example");
        assert_eq!(config.otp.digits, 9);
    }

    #[test]
    fn cfg_01_secrets_come_from_files() {
        let (dir, path) = file("");
        let secret = dir.path().join("url");
        std::fs::write(&secret, "postgres://u:p@h/d\n").unwrap();
        let vars = env(&[("SEKISHO__DATABASE__URL_FILE", secret.to_str().unwrap())]);
        assert_eq!(
            read(&path, &vars).unwrap().database.url.expose(),
            "postgres://u:p@h/d"
        );
    }

    #[test]
    fn unknown_keys_are_refused_by_name_with_the_nearest_one() {
        let (_dir, path) = file("[server]\nisuer = \"x\"\n");
        let error = read(&path, &[]).unwrap_err().to_string();
        assert!(
            error.contains("isuer") && error.contains("did you mean issuer"),
            "{error}"
        );
        let (_dir, path) = file("");
        let error = read(&path, &env(&[("SEKISHO__SERVER__ISUER", "x")]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("SEKISHO__SERVER__ISUER") && error.contains("issuer"),
            "{error}"
        );
        let (_dir, path) = file("[sevrer]\n");
        assert!(read(&path, &[]).is_err());
    }

    #[test]
    fn every_key_of_the_structs_is_in_the_reference() {
        let table = Table::try_from(Config::default()).unwrap();
        for (section, values) in table.iter().filter(|(section, _)| *section != "limits") {
            for key in values.as_table().unwrap().keys() {
                assert!(is_key(section, key), "{section}.{key}");
            }
        }
        let page = reference::markdown();
        for section in SECTIONS {
            for (key, help) in section.keys {
                assert!(
                    page.contains(&format!("| `{key}` |")) && !help.is_empty(),
                    "{key}"
                );
            }
        }
    }
}
