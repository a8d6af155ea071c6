use super::Finding;
use crate::manifest::dependencies;
use crate::tree::Tree;

/// Which crate may use which: the picture in `docs/architecture.md` as a table.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("fuzz", &[]),
    ("model", &[]),
    ("store", &["model"]),
    ("mail", &["model"]),
    ("session", &["model"]),
    ("audit", &["model", "store", "mail"]),
    ("guard", &["model", "store", "session", "audit"]),
    (
        "provider",
        &[
            "model", "store", "session", "mail", "audit", "guard", "fuzz",
        ],
    ),
    (
        "server",
        &[
            "model", "store", "session", "mail", "audit", "guard", "provider", "fuzz",
        ],
    ),
];

/// Each crate depends only on the layers below it.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in tree.crates().into_iter().filter(|name| *name != "xtask") {
        let path = format!("crates/{name}/Cargo.toml");
        let Some(manifest) = tree.file(&path) else {
            found.push(Finding::new(
                &path,
                0,
                "a folder in crates/ without a manifest",
            ));
            continue;
        };
        let Some((_, allowed)) = MAY_USE.iter().find(|(layer, _)| *layer == name) else {
            let what = format!("crate {name} has no row in the layer table (xtask tidy/layers.rs)");
            found.push(Finding::new(&path, 0, what));
            continue;
        };
        for dependency in dependencies(&manifest.text) {
            let ours = dependency.name.strip_prefix("sekisho-");
            if let Some(layer) = ours.filter(|layer| !allowed.contains(layer)) {
                let what = format!("{name} may not use {layer}");
                found.push(Finding::new(&path, dependency.line, what));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn a_shortcut_between_layers_is_found() {
        let tree = Tree::of(&[
            (
                "crates/audit/Cargo.toml",
                "[dependencies]\nsekisho-store.workspace = true\n",
            ),
            (
                "crates/store/Cargo.toml",
                "[dependencies]\nsekisho-model.workspace = true\n[dev-dependencies]\nsekisho-mail.workspace = true\n",
            ),
            ("crates/xtask/Cargo.toml", ""),
        ]);
        assert_eq!(places(&check(&tree)), [("crates/store/Cargo.toml", 4)]);
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        let tree = Tree::of(&[("crates/common/Cargo.toml", "")]);
        assert_eq!(places(&check(&tree)), [("crates/common/Cargo.toml", 0)]);
    }
}
