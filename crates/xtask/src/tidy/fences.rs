use super::Finding;
use crate::manifest::dependencies;
use crate::source::crate_uses;
use crate::tree::Tree;

/// Which crate alone may name a package, so that each outside world has one door.
const DOORS: [(&str, &[&str]); 5] = [
    (
        "store",
        &["diesel", "diesel_migrations", "libsqlite3-sys", "pq-sys"],
    ),
    ("session", &["redis"]),
    ("mail", &["lettre"]),
    (
        "provider",
        &[
            "jsonwebtoken",
            "openidconnect",
            "argon2",
            "totp-rs",
            "webauthn-rs",
        ],
    ),
    ("server", &["actix-web", "clap", "qrcode"]),
];

/// Fenced packages appear neither in another crate's manifest nor in its code.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in tree.crates().into_iter().filter(|name| *name != "xtask") {
        for (owner, packages) in DOORS.iter().filter(|(owner, _)| *owner != name) {
            for package in *packages {
                look(tree, name, package, owner, &mut found);
            }
        }
    }
    found
}

fn look(tree: &Tree, name: &str, package: &str, owner: &str, found: &mut Vec<Finding>) {
    let what = format!("only {owner} may name {package}");
    let folder = format!("crates/{name}/");
    if let Some(manifest) = tree.file(&format!("{folder}Cargo.toml")) {
        let named = dependencies(&manifest.text);
        let lines = named.iter().filter(|d| d.name == package).map(|d| d.line);
        found.extend(lines.map(|line| Finding::new(&manifest.path, line, &what)));
    }
    let ident = package.replace('-', "_");
    for file in tree.under(&folder) {
        let lines = crate_uses(&file.code, &ident).map(|at| file.line(at));
        found.extend(lines.map(|line| Finding::new(&file.path, line, &what)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn a_fenced_package_is_found_in_manifest_and_code() {
        let tree = Tree::of(&[
            (
                "crates/server/Cargo.toml",
                "[dependencies]\ndiesel.workspace = true\nclap = \"4\"\n",
            ),
            (
                "crates/server/src/main.rs",
                "use clap::Parser;\n// diesel::x\nuse sekisho_store::diesel::Connection;\nuse diesel::prelude;\n",
            ),
            (
                "crates/session/src/lib.rs",
                "mod redis;\nuse redis::Client;\n",
            ),
        ]);
        assert_eq!(
            places(&check(&tree)),
            [
                ("crates/server/Cargo.toml", 2),
                ("crates/server/src/main.rs", 4)
            ]
        );
    }
}
