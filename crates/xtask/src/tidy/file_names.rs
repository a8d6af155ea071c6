use super::Finding;
use crate::tree::Tree;

/// Names that tell a newcomer nothing.
const EMPTY: [&str; 7] = [
    "util", "utils", "common", "helper", "helpers", "misc", "manager",
];

/// Files and folders are named for what is in them.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|f| f.path.ends_with(".rs"))
        .filter_map(|file| {
            let name = file.path.split('/').find_map(empty_name)?;
            let what = format!("{name} says nothing: name it for what is in it");
            Some(Finding::new(&file.path, 0, what))
        })
        .collect()
}

/// `utils.rs`, `helpers/`, `mail_manager.rs`.
fn empty_name(part: &str) -> Option<&str> {
    let stem = part.strip_suffix(".rs").unwrap_or(part);
    let last = stem.rsplit(['_', '-']).next().unwrap_or(stem);
    EMPTY.contains(&last).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn empty_names_are_found() {
        let tree = Tree::of(&[
            ("crates/a/src/common_passwords.rs", ""),
            ("crates/a/src/mail_helpers.rs", ""),
            ("crates/a/src/utils/text.rs", ""),
        ]);
        assert_eq!(
            places(&check(&tree)),
            [
                ("crates/a/src/mail_helpers.rs", 0),
                ("crates/a/src/utils/text.rs", 0)
            ]
        );
    }
}
