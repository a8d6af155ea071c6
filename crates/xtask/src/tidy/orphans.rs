use super::Finding;
use crate::source::words;
use crate::tree::{File, Tree};

/// Every Rust file below a `src/` or `tests/` is part of a build: some file beside it says `mod name`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|f| f.path.ends_with(".rs") && !is_root(&f.path))
        .filter(|file| !declared(tree, file))
        .map(|file| {
            Finding::new(
                &file.path,
                0,
                "no `mod` names this file, so nothing compiles it",
            )
        })
        .collect()
}

/// Files that cargo finds by itself.
fn is_root(path: &str) -> bool {
    let by_name = ["lib.rs", "main.rs", "build.rs"]
        .iter()
        .any(|n| path.ends_with(n));
    let target =
        path.starts_with("examples/") || path.contains("/examples/") || path.contains("/benches/");
    let crate_test = path
        .split_once("/tests/")
        .is_some_and(|(_, rest)| path.starts_with("crates/") && !rest.contains('/'));
    by_name || target || crate_test
}

fn declared(tree: &Tree, file: &File) -> bool {
    let name = match file.stem() {
        "mod" => file.path.rsplit('/').nth(1).unwrap_or_default(),
        stem => stem,
    };
    let depth = if file.path.starts_with("crates/") {
        2
    } else {
        1
    };
    let home: String = file.path.split_inclusive('/').take(depth).collect();
    let named = |other: &File| {
        words(&other.code, name).any(|at| other.code[..at].trim_end().ends_with("mod"))
    };
    tree.under(&home).any(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn a_forgotten_file_is_found() {
        let tree = Tree::of(&[
            (
                "crates/a/src/lib.rs",
                "mod named;\npub mod folder;\n// mod forgotten;\n",
            ),
            ("crates/a/src/named.rs", ""),
            ("crates/a/src/folder/mod.rs", ""),
            ("crates/a/src/forgotten.rs", ""),
            ("crates/a/tests/contract.rs", "mod challenge;"),
            ("crates/a/tests/contract/challenge.rs", ""),
            ("tests/main.rs", "mod login;"),
            ("tests/login.rs", ""),
            ("tests/logout.rs", ""),
        ]);
        assert_eq!(
            places(&check(&tree)),
            [("crates/a/src/forgotten.rs", 0), ("tests/logout.rs", 0)]
        );
    }
}
