use super::Finding;
use crate::tree::{File, Tree};

/// Relative links in Markdown lead somewhere.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files().filter(|f| f.path.ends_with(".md")) {
        for (line, target) in links(file) {
            let path = target.split('#').next().unwrap_or_default();
            let outside =
                target.contains("://") || target.starts_with("mailto:") || path.is_empty();
            if !outside && !resolve(&file.path, path).is_some_and(|p| tree.exists(&p)) {
                found.push(Finding::new(
                    &file.path,
                    line,
                    format!("nothing at {target}"),
                ));
            }
        }
    }
    found
}

/// Targets of `[text](target)` outside code blocks, with their lines.
fn links(file: &File) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, row) in file.text.lines().enumerate() {
        if row.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for (at, mark) in row.match_indices("](") {
            let rest = &row[at + mark.len()..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((index + 1, target));
        }
    }
    found
}

/// `target` as seen from the folder of `file`; `None` when it leaves the repository.
fn resolve(file: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn a_dead_link_is_found() {
        let tree = Tree::of(&[
            (
                "README.md",
                "[a](docs/a.md) [b](docs/b.md) [c](https://example.com) [d](#d)\n```\n[e](e.md)\n```\n",
            ),
            (
                "docs/a.md",
                "[up](../README.md#x) [folder](.) [out](../../x.md)\n",
            ),
        ]);
        assert_eq!(places(&check(&tree)), [("README.md", 1), ("docs/a.md", 1)]);
    }
}
