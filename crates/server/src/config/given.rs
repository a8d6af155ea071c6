//! What the operator gave: each value with the place it was given at, and what is no value at all.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use toml::de::DeTable;
use toml::{Table, Value};

use super::nearest::nearest;
use super::reference;

/// What the environment variables of the configuration begin with.
pub(super) const PREFIX: &str = "SEKISHO__";

/// One value.
pub(super) struct Given {
    /// In the forms it can be read as, likeliest first.
    pub(super) forms: Vec<Value>,
    /// File and line, or the variable.
    pub(super) place: String,
}

/// All values by name (`section.key`), and what is wrong so far.
pub(super) struct Gift {
    pub(super) values: BTreeMap<String, Given>,
    pub(super) problems: Vec<String>,
    known: BTreeSet<String>,
}

impl Gift {
    pub(super) fn new() -> Self {
        Self {
            values: BTreeMap::new(),
            problems: Vec::new(),
            known: reference::names(),
        }
    }

    /// Takes the file. What is not TOML is told by line; the line itself may hold a password.
    pub(super) fn take_file(&mut self, file: &Path, text: &str) -> Result<(), String> {
        let name = file.display().to_string();
        let told = |error: toml::de::Error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            format!("{name}, line {line}: {}", error.message())
        };
        let marked = DeTable::parse(text).map_err(told)?;
        let table: Table = text.parse().map_err(told)?;
        self.take_table("", table, &places(text, marked.get_ref(), &name));
        Ok(())
    }

    fn take_table(&mut self, within: &str, table: Table, places: &BTreeMap<String, String>) {
        for (key, value) in table {
            let name = join(within, &key);
            let place = places.get(&name).cloned().unwrap_or_default();
            match value {
                value if self.known.contains(&name) => {
                    let forms = vec![value];
                    self.values.insert(name, Given { forms, place });
                }
                Value::Table(inner) if self.is_section(&name) => {
                    self.take_table(&name, inner, places);
                }
                _ => {
                    let hint = self.nearest(&name);
                    self.problems
                        .push(format!("{name} is not known{hint}   [{place}]"));
                }
            }
        }
    }

    /// Takes the environment: it goes before the file.
    pub(super) fn take_environment(&mut self, variables: &[(OsString, OsString)]) {
        for (variable, value) in variables {
            let Some(variable) = variable.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            match value.to_str() {
                Some(value) => self.take_variable(variable, value),
                None => self.problems.push(format!("{variable} is not text")),
            }
        }
    }

    fn take_variable(&mut self, variable: &str, value: &str) {
        let rest = variable.strip_prefix(PREFIX).unwrap_or_default();
        let name = rest.to_ascii_lowercase().replace("__", ".");
        let named = name
            .strip_suffix("_file")
            .filter(|_| !self.known.contains(&name));
        match named.filter(|name| reference::is_secret(name)) {
            Some(name) => self.take_secret(name, variable, Path::new(value)),
            None if self.known.contains(&name) => self.keep(&name, variable, value),
            None => {
                let known = self.known.iter().map(String::as_str);
                let hint = nearest(&name, known).map_or_else(String::new, |known| {
                    let known = known.to_ascii_uppercase().replace('.', "__");
                    format!("; did you mean {PREFIX}{known}?")
                });
                self.problems.push(format!("{variable} is not known{hint}"));
            }
        }
    }

    /// CFG-01: a secret from a file of its own, which not everyone may read.
    fn take_secret(&mut self, name: &str, variable: &str, file: &Path) {
        match std::fs::read_to_string(file) {
            Err(error) => self
                .problems
                .push(format!("{variable} = {}: {error}", file.display())),
            Ok(_) if everyone_reads(file) => self.problems.push(format!(
                "{variable} = {}: everyone can read it; run chmod o-r on it",
                file.display()
            )),
            Ok(text) => self.keep(name, variable, text.trim_end()),
        }
    }

    fn keep(&mut self, name: &str, variable: &str, value: &str) {
        let given = Given {
            forms: forms(value),
            place: variable.to_owned(),
        };
        let before = self.values.insert(name.to_owned(), given);
        if let Some(before) = before.filter(|before| before.place.starts_with(PREFIX)) {
            self.problems.push(format!(
                "{name} is given twice: {} and {variable}",
                before.place
            ));
        }
    }

    fn is_section(&self, name: &str) -> bool {
        let begin = format!("{name}.");
        self.known.iter().any(|known| known.starts_with(&begin))
    }

    fn nearest(&self, name: &str) -> String {
        let keys = self.known.iter().map(String::as_str);
        let sections = keys.clone().filter_map(|key| Some(key.split_once('.')?.0));
        nearest(name, keys.chain(sections))
            .map_or_else(String::new, |known| format!("; did you mean {known}?"))
    }
}

/// Whether people other than the owner and the group can read `file`.
pub(super) fn everyone_reads(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(file).is_ok_and(|found| found.mode() & 0o004 != 0)
}

/// Which line each key of a file stands on.
fn places(text: &str, table: &DeTable<'_>, file: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![(String::new(), table)];
    while let Some((within, table)) = left.pop() {
        for (key, value) in table {
            let name = join(&within, key.get_ref());
            let line = line_of(text, key.span().start);
            found.insert(name.clone(), format!("{file}, line {line}"));
            left.extend(value.get_ref().as_table().map(|inner| (name, inner)));
        }
    }
    found
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.matches('\n').count() + 1
}

fn join(within: &str, key: &str) -> String {
    match within {
        "" => key.to_owned(),
        within => format!("{within}.{key}"),
    }
}

/// A variable has no type: it is read as TOML, as text, or as a list with commas, as the key wants.
fn forms(text: &str) -> Vec<Value> {
    let toml = format!("v = {text}").parse::<Table>().ok();
    let toml = toml.and_then(|mut table| table.remove("v"));
    let list = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    let list = list.map(|item| Value::String(item.to_owned())).collect();
    let text = Value::String(text.to_owned());
    toml.into_iter().chain([text, Value::Array(list)]).collect()
}
