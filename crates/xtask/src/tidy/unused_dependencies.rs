use super::Finding;
use crate::manifest::{dependencies, workspace_dependencies};
use crate::source::crate_uses;
use crate::tree::{File, Tree};

/// Named for a feature or a linked library, never in code.
const LINKED: [&str; 2] = ["libsqlite3-sys", "pq-sys"];

/// A dependency named in a manifest is used by that package, and one in the workspace's list by some package.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests: Vec<&File> = tree
        .files()
        .filter(|f| f.path == "Cargo.toml" || f.path.ends_with("/Cargo.toml"))
        .collect();
    let mut found = Vec::new();
    for manifest in &manifests {
        let sources = sources(tree, &manifest.path);
        for dependency in dependencies(&manifest.text) {
            let ident = dependency.name.replace('-', "_");
            let used = sources
                .iter()
                .any(|f| crate_uses(&f.code, &ident).next().is_some());
            if !used && !LINKED.contains(&dependency.name) {
                let what = format!("{} is not used", dependency.name);
                found.push(Finding::new(&manifest.path, dependency.line, what));
            }
            if dependency.value.contains("features") && !dependency.name.starts_with("sekisho-") {
                let what = format!(
                    "{}: features are chosen in the workspace's list",
                    dependency.name
                );
                found.push(Finding::new(&manifest.path, dependency.line, what));
            }
        }
    }
    found.extend(unused_in_workspace(tree, &manifests));
    found
}

fn sources<'a>(tree: &'a Tree, manifest: &str) -> Vec<&'a File> {
    let folder = manifest.strip_suffix("Cargo.toml").unwrap_or_default();
    let ours = |f: &&File| match folder {
        "" => f.path.starts_with("tests/") || f.path.starts_with("examples/"),
        _ => f.path.starts_with(folder),
    };
    tree.files().filter(ours).collect()
}

fn unused_in_workspace(tree: &Tree, manifests: &[&File]) -> Vec<Finding> {
    let Some(root) = tree.file("Cargo.toml") else {
        return Vec::new();
    };
    let named = |name: &str| {
        manifests
            .iter()
            .any(|m| dependencies(&m.text).iter().any(|d| d.name == name))
    };
    workspace_dependencies(&root.text)
        .into_iter()
        .filter(|d| !named(d.name))
        .map(|d| Finding::new("Cargo.toml", d.line, format!("no package takes {}", d.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn a_dependency_without_use_is_found() {
        let tree = Tree::of(&[
            (
                "Cargo.toml",
                "[workspace.dependencies]\nserde = \"1\"\nurl = \"2\"\nuuid = \"1\"\n[dev-dependencies]\nserde = \"1\"\n",
            ),
            ("tests/main.rs", "use serde::Serialize;"),
            (
                "crates/a/Cargo.toml",
                "[dependencies]\nserde.workspace = true\nurl = { workspace = true, features = [\"serde\"] }\n",
            ),
            (
                "crates/a/src/lib.rs",
                "//! url::Url\nfn a(url: serde::Value) {}\n",
            ),
        ]);
        assert_eq!(
            places(&check(&tree)),
            [
                ("crates/a/Cargo.toml", 3),
                ("crates/a/Cargo.toml", 3),
                ("Cargo.toml", 4)
            ]
        );
    }
}
