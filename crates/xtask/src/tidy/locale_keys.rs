use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::tree::{File, Tree};

/// Messages of one language: key to where it stands.
type Messages<'a> = BTreeMap<String, (&'a File, usize)>;

/// In every `locales/` folder each language has the same messages, none of them twice.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut folders: BTreeMap<&str, BTreeMap<&str, Messages<'_>>> = BTreeMap::new();
    for file in tree.files().filter(|f| f.path.ends_with(".ftl")) {
        let Some((folder, rest)) = file.path.split_once("locales/") else {
            continue;
        };
        let language = rest.split(['/', '.']).next().unwrap_or_default();
        let messages = folders
            .entry(folder)
            .or_default()
            .entry(language)
            .or_default();
        for (line, key) in keys(&file.text) {
            if messages.insert(key.clone(), (file, line)).is_some() {
                found.push(Finding::new(
                    &file.path,
                    line,
                    format!("{key} is written twice"),
                ));
            }
        }
    }
    for languages in folders.values() {
        found.extend(gaps(languages));
    }
    found
}

fn gaps(languages: &BTreeMap<&str, Messages<'_>>) -> Vec<Finding> {
    let all: BTreeSet<&String> = languages.values().flat_map(BTreeMap::keys).collect();
    let mut found = Vec::new();
    for key in all {
        let lacking: Vec<&str> = languages
            .iter()
            .filter(|(_, messages)| !messages.contains_key(key))
            .map(|(language, _)| *language)
            .collect();
        let Some((file, line)) = languages.values().find_map(|m| m.get(key)) else {
            continue;
        };
        if !lacking.is_empty() {
            let what = format!("{key} is missing in {}", lacking.join(", "));
            found.push(Finding::new(&file.path, *line, what));
        }
    }
    found
}

/// Messages, terms (`-name`) and attributes (`name.attribute`) of a Fluent file, with their lines.
fn keys(text: &str) -> Vec<(usize, String)> {
    let mut message = "";
    let mut found = Vec::new();
    for (index, row) in text.lines().enumerate() {
        let Some((left, _)) = row.split_once('=') else {
            continue;
        };
        let name = left.trim();
        if let Some(attribute) = name.strip_prefix('.').filter(|a| is_key(a)) {
            found.push((index + 1, format!("{message}.{attribute}")));
        } else if is_key(name) && !row.starts_with(char::is_whitespace) {
            message = name;
            found.push((index + 1, name.to_owned()));
        }
    }
    found
}

fn is_key(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn a_message_without_its_translation_is_found() {
        let tree = Tree::of(&[
            (
                "crates/a/locales/en.ftl",
                "# note = x\nhello = Hello\n    .title = Hi\nbye = a = b\n    continued = text\nbye = Bye\n",
            ),
            (
                "crates/a/locales/ja.ftl",
                "hello = こんにちは\nextra = 他\nbye = では\n",
            ),
            ("crates/b/locales/en/main.ftl", "one = 1\n"),
            ("crates/b/locales/ja/main.ftl", "one = 一\n"),
        ]);
        assert_eq!(
            places(&check(&tree)),
            [
                ("crates/a/locales/en.ftl", 6),
                ("crates/a/locales/ja.ftl", 2),
                ("crates/a/locales/en.ftl", 3),
            ]
        );
    }
}
