use super::Finding;
use crate::tree::Tree;

const PAGE: &str = "docs/reference/protocol.md";

/// What the protocol page points at is there: the code of each row, and tests whose names begin as it says.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.files().find(|f| f.path == PAGE) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, row) in page.text.lines().enumerate() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &["", _, _, code, tests, ""] = cells.as_slice() else {
            continue;
        };
        let missing = quoted(code).filter(|path| !tree.exists(&place(path)));
        let unproven = quoted(tests).filter(|name| !is_tested(tree, name));
        found.extend(
            missing
                .map(|path| format!("no code at {}", place(path)))
                .chain(unproven.map(|name| format!("no test begins with {name}")))
                .map(|what| Finding::new(PAGE, index + 1, what)),
        );
    }
    found
}

/// What stands between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The page names code below the provider's sources, below `crates` when it is the server's, or an example.
fn place(path: &str) -> String {
    match path.split('/').next() {
        Some("server") => format!("crates/{path}"),
        Some("examples") => path.to_owned(),
        _ => format!("crates/provider/src/{path}"),
    }
}

/// Whether a function or a module of tests begins so, or has it after an id (`az_01_az_02_…`).
fn is_tested(tree: &Tree, name: &str) -> bool {
    let marks = [
        format!("fn {name}"),
        format!("mod {name}"),
        format!("_{name}_"),
    ];
    tree.rust()
        .any(|f| marks.iter().any(|mark| f.code.contains(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn rows_that_point_at_nothing_are_found() {
        let page = "| specification | what | code | tests |\n|---|---|---|---|\n\
            | A | a | `rules/a.rs`, `server/src/b.rs` | `az_01` `az_02` `fapi` |\n\
            | B | b | `rules/gone.rs` | `az_01` |\n| C | c | `rules/a.rs` | `az_09` |\n\
            | `/two` | cells |\n";
        let tests = "mod fapi;\nfn az_01_az_02_hold() {}\n";
        let tree = Tree::of(&[
            (PAGE, page),
            ("crates/provider/src/rules/a.rs", tests),
            ("crates/server/src/b.rs", ""),
        ]);
        assert_eq!(places(&check(&tree)), [(PAGE, 4), (PAGE, 5)]);
    }
}
