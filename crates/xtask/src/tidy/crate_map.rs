use super::Finding;
use crate::tree::Tree;

const PAGE: &str = "docs/architecture.md";

/// The crate map in `docs/architecture.md` names each crate, and only crates that exist.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else {
        return vec![Finding::new(PAGE, 0, "missing")];
    };
    let rows: Vec<(usize, &str)> = rows(&page.text);
    let crates = tree.crates();
    let missing = crates
        .iter()
        .filter(|name| !rows.iter().any(|(_, row)| row == *name))
        .map(|name| Finding::new(PAGE, 0, format!("the crate map leaves out {name}")));
    let gone = rows
        .iter()
        .filter(|(_, row)| !crates.contains(row))
        .map(|(line, row)| Finding::new(PAGE, *line, format!("there is no crate {row}")));
    missing.chain(gone).collect()
}

/// Rows of the table under `## Crates` that begin with a name in backticks.
fn rows(text: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (index, row) in text.lines().enumerate() {
        if let Some(title) = row.strip_prefix("## ") {
            inside = title.trim() == "Crates";
        }
        let name = row.strip_prefix("| `").and_then(|r| r.split('`').next());
        found.extend(name.filter(|_| inside).map(|name| (index + 1, name)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn map_and_folders_must_agree() {
        let map = "## Crates\n| crate | what |\n|---|---|\n| `model` | nouns |\n| `ghost` | gone |\n## Next\n| `x` | y |\n";
        let tree = Tree::of(&[
            (PAGE, map),
            ("crates/model/Cargo.toml", ""),
            ("crates/store/Cargo.toml", ""),
        ]);
        assert_eq!(places(&check(&tree)), [(PAGE, 0), (PAGE, 5)]);
    }
}
