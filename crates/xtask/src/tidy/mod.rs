//! House rules that a compiler cannot see. One rule, one file; [`CHECKS`] is the whole list.

mod banned_methods;
mod crate_map;
mod fences;
mod file_length;
mod file_names;
mod handlers;
mod known_bad;
mod layers;
mod links;
mod lint_amnesty;
mod locale_keys;
mod orphans;
mod protocol_table;
mod pure_rules;
mod test_manners;
mod twin_migrations;
mod unused_dependencies;

use std::path::Path;

use crate::tree::Tree;

/// Something that breaks a house rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

type Check = fn(&Tree) -> Vec<Finding>;

const CHECKS: [(&str, Check); 17] = [
    ("layers", layers::check),
    ("fences", fences::check),
    ("pure rules", pure_rules::check),
    ("handlers", handlers::check),
    ("file length", file_length::check),
    ("file names", file_names::check),
    ("orphans", orphans::check),
    ("unused dependencies", unused_dependencies::check),
    ("twin migrations", twin_migrations::check),
    ("links", links::check),
    ("protocol table", protocol_table::check),
    ("crate map", crate_map::check),
    ("locale keys", locale_keys::check),
    ("test manners", test_manners::check),
    ("banned methods", banned_methods::check),
    ("lint amnesty", lint_amnesty::check),
    ("known bad", known_bad::check),
];

/// Runs every check and prints what it found.
pub fn run(root: &Path) -> Result<(), String> {
    let tree = Tree::read(root)?;
    let mut broken = 0;
    for (name, check) in CHECKS {
        for finding in check(&tree) {
            broken += 1;
            println!(
                "{}:{}: [{name}] {}",
                finding.path, finding.line, finding.what
            );
        }
    }
    match broken {
        0 => {
            println!("tidy: {} rules hold", CHECKS.len());
            Ok(())
        }
        n => Err(format!("tidy: {n} findings")),
    }
}

/// What a check's tests compare: path and line of each finding.
#[cfg(test)]
fn places(findings: &[Finding]) -> Vec<(&str, usize)> {
    findings.iter().map(|f| (f.path.as_str(), f.line)).collect()
}
